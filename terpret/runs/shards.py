"""A run done in parts, by several processes or machines: what they found, as one run's results."""

import dataclasses
import os
import re
from collections.abc import Mapping, Sequence

from terpret.errors import RunError
from terpret.files.own_files import is_ours
from terpret.runs.config import every_kind
from terpret.runs.named_files import KEEPING, folders_of
from terpret.runs.records import damaged, read_record, read_results
from terpret.runs.results import Diagnosis, RestartResult, RunResult, best, median_networks

_NAME = re.compile(r"shard-(\d+)-of-(\d+)")
_SHARD = re.compile(r" --shard=\d+/\d+")


@dataclasses.dataclass(frozen=True)
class Shard:
    """One part of a run.

    Attributes:
      folder: its run folder.
      config: its `config.json`.
      hashes: of the files it was begun with: model, data and so on.
      results: its `results.json`; None before it is finished.
    """

    folder: str
    config: Mapping[str, object]
    hashes: Mapping[str, str]
    results: RunResult | None


def shard_name(part: int, parts: int) -> str:
    """The name of a shard's folder."""
    return f"shard-{part}-of-{parts}"


def join(parent: str) -> RunResult:
    """The results of a run whose shards are the folders `shard-1-of-4` ... of `parent`.

    Returns:
      Results as one run has them: all restarts in the order of their numbers, the best of the
      shards' best, the networks' medians over all correct restarts, the seconds of all shards
      together, and where none is correct, why that is so in each; what belongs to the best program
      is from the shard that found it. The names of shards that are not there or not finished are
      in `missing`.

    Raises:
      RunError: there are no shards, none is finished, one is damaged, or they are not of one run.
    """
    parts = _parts(parent)
    names = [shard_name(part, parts) for part in range(1, parts + 1)]
    shards = [
        _read(os.path.join(parent, name), f"{part}/{parts}")
        for part, name in enumerate(names, 1)
        if os.path.exists(os.path.join(parent, name, "config.json"))
    ]
    _refuse_different(shards)
    done = {shard.folder: shard.results for shard in shards if shard.results is not None}
    if not done:
        raise RunError(f"no shard in {parent} is finished: run each of --shard=1/{parts} and so on")
    finished = {os.path.basename(folder) for folder in done}
    missing = tuple(name for name in names if name not in finished)
    return dataclasses.replace(_joined(done), missing=missing)


def folders(parent: str) -> list[str]:
    """The folders of a run's shards, in the order of their names; none where it has no shards."""
    inside = sorted(os.listdir(parent)) if os.path.isdir(parent) else []
    if "config.json" in inside:
        # It is a run itself.
        return []
    return [os.path.join(parent, name) for name in inside if _NAME.fullmatch(name)]


def _parts(parent: str) -> int:
    """The number of shards that the folders' names tell."""
    inside = os.listdir(parent) if os.path.isdir(parent) else []
    found = {int(match[2]) for match in map(_NAME.fullmatch, inside) if match}
    if not found:
        raise RunError(f"{parent} holds no shards: folders named {shard_name(1, 4)} and so on")
    if len(found) > 1:
        counts = " and of ".join(map(str, sorted(found)))
        raise RunError(f"{parent} holds shards of {counts}: keep those of one run")
    return found.pop()


def _read(folder: str, shard: str) -> Shard:
    again = "do this shard again in another --workdir"
    if is_ours(folder):
        again = "do this shard again with --overwrite"
    config = read_record(os.path.join(folder, "config.json"), again)
    if config is None or not isinstance(config.get("shard"), str):
        raise damaged(os.path.join(folder, "config.json"), again)
    if config["shard"] != shard:
        raise RunError(f"{folder} holds shard {config['shard'] or '1/1'}, not {shard}")
    path = os.path.join(folder, "manifest.json")
    hashes = (read_record(path, again) or {}).get("hashes")
    if not isinstance(hashes, dict):
        raise damaged(path, again)
    return Shard(folder, config, hashes, read_results(os.path.join(folder, "results.json"), again))


def _refuse_different(shards: Sequence[Shard]) -> None:
    """Refuses shards that are not of one run."""
    for shard in shards[1:]:
        key = _difference(shards[0].config, shard.config)
        content = _difference(shards[0].hashes, shard.hashes)
        if key or content:
            what = f"'{key}'" if key else f"the contents of '{content}'"
            raise _not_one_run(shards[0].folder, shard.folder, what)


def _difference(first: Mapping[str, object], other: Mapping[str, object]) -> str | None:
    """The first name in the alphabet whose values differ."""
    names = sorted((first.keys() | other.keys()) - _own_settings())
    return next((name for name in names if first.get(name) != other.get(name)), None)


def _not_one_run(first: str, other: str, what: str) -> RunError:
    return RunError(f"{first} and {other} differ in {what}, so they are not shards of one run")


def _joined(done: Mapping[str, RunResult]) -> RunResult:
    """The results of finished shards, by their folders, as one run's."""
    first, *_ = done
    owners: dict[int, str] = {}
    for folder, results in done.items():
        if results.data != done[first].data:
            raise _not_one_run(first, folder, "the data that they learned from")
        for one in results.restarts:
            if one.restart in owners:
                raise RunError(
                    f"restart {one.restart} is there twice, in {owners[one.restart]} and in "
                    f"{folder}: keep one of these shards"
                )
            owners[one.restart] = folder
    shards = done.values()
    restarts = sorted((one for shard in shards for one in shard.restarts), key=_number)
    # Where another restart took the row of one, no program is left: only a shard's best has one.
    winners = sorted((shard.best_restart for shard in shards), key=_number)
    winner = winners[best(winners)]
    return dataclasses.replace(
        done[owners[winner.restart]],
        restarts=tuple(restarts),
        best=restarts.index(winner),
        network_accuracies=median_networks(restarts),
        command="\n".join(shard.command for shard in shards),
        seconds=round(sum(shard.seconds for shard in shards), 1),
        diagnosis=_diagnosis(done, owners[winner.restart]),
    )


def _diagnosis(done: Mapping[str, RunResult], holder: str) -> Diagnosis | None:
    """Why no shard found anything: what is said of each, by its name where it is not said of all.

    Args:
      done: the results of the finished shards, by their folders.
      holder: the folder of the shard of the best restart, whose own is shown where one was found.
    """
    own = done[holder].diagnosis
    if own is None or len(done) == 1 or done[holder].correct_restarts:
        return own
    said: dict[str, list[str]] = {}
    for folder in (holder, *(one for one in done if one != holder)):
        known = done[folder].diagnosis
        for reason in known.reasons if known else ():
            said.setdefault(reason, []).append(os.path.basename(folder))
    reasons = (
        reason if len(names) == len(done) else f"{', '.join(sorted(names))}: {reason}"
        for reason, names in said.items()
    )
    # The next run is a whole one, too.
    command = _SHARD.sub("", own.command)
    return dataclasses.replace(own, reasons=tuple(reasons), command=command)


def _number(one: RestartResult) -> int:
    return one.restart


def _own_settings() -> set[str]:
    """What the shards of one run may differ in."""
    return {"shard", *KEEPING}.union(*map(folders_of, every_kind()))
