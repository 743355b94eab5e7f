"""What a run folder says of its run, and whether that is the run that is asked for."""

import contextlib
import dataclasses
import hashlib
import os
import platform
import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib import metadata
from typing import TypeGuard

from terpret.errors import RunError
from terpret.files import own_files
from terpret.runs.config import Config, StoredConfig, read_config
from terpret.runs.contents import changed_copy, changed_since, contents
from terpret.runs.named_files import EFFORT, KEEPING, files_of, folders_of, named_paths, same_place
from terpret.runs.records import damaged, read_record

# Raised whenever a checkpoint written before could no longer be continued.
FORMAT = 8
# The formats whose finished runs can be read, and the first whose folders list their files.
READABLE, LISTED = (6, 7, FORMAT), 7
ELSEWHERE = "give another --workdir"


@dataclasses.dataclass(frozen=True)
class Described:
    """What a run folder says of its run.

    Attributes:
      config: its settings; None where they are of another kind than those asked for.
      format: of the folder.
      hashes: of the files that it began with, by setting.
      versions: of the libraries when it began.
    """

    config: StoredConfig | None
    format: int
    hashes: Mapping[str, str]
    versions: Mapping[str, str]


@dataclasses.dataclass(frozen=True)
class _Manifest:
    """What the `manifest.json` of a run folder says.

    Attributes:
      format: of the folder.
      hashes: of the files that the run began with, by setting.
      versions: of the libraries when it began.
      config: the hash of `config.json`; None where the folder's format has none, empty where it is
        missing.
    """

    format: int
    hashes: Mapping[str, str]
    versions: Mapping[str, str]
    config: object


def described(workdir: str, kinds: Sequence[type[StoredConfig]]) -> Described | None:
    """What a run folder says of its run; None where it has no `config.json`.

    Args:
      workdir: the run folder.
      kinds: of configs, of which its own may be one.

    Raises:
      RunError: it is damaged, or of a version that cannot be read.
    """
    path = os.path.join(workdir, "config.json")
    stored = read_record(path, otherwise(workdir))
    if stored is None:
        return None
    there = _manifest(workdir)
    if there.format not in READABLE:
        raise _other_version(workdir, there.format)
    try:
        config = read_config(stored, kinds)
        with open(path, encoding="utf-8") as file:
            whole = there.config in (None, digest_of(file.read()))
    except (RunError, OSError, ValueError):
        whole = False
    if not whole:
        raise damaged(path, f"it is not as the run wrote it; {otherwise(workdir)}")
    if config is not None and there.format >= LISTED and not _noted(config, there.hashes):
        raise damaged(os.path.join(workdir, "manifest.json"), otherwise(workdir))
    return Described(config, there.format, there.hashes, there.versions)


def _noted(config: StoredConfig, hashes: Mapping[str, str]) -> bool:
    """Whether the hash of every file that the settings name was noted."""
    files = files_of(config)
    named = {*named_paths(config), *(["model"] if "model" in files else [])}
    return named & files.keys() <= hashes.keys()


def otherwise(workdir: str) -> str:
    """What to do where a folder cannot be used as it is; only what is ours is begun afresh."""
    if own_files.is_ours(workdir):
        return f"{ELSEWHERE}, or train with --overwrite to begin afresh there"
    return ELSEWHERE


def compared(config: StoredConfig, workdir: str, done: bool) -> list[str]:
    """Refuses a folder of another run; warns of other versions of the libraries."""
    if not own_files.is_ours(workdir) and not of_earlier_format(workdir):
        path = os.path.join(workdir, "config.json")
        raise RunError(f"{path} was not written by a run, so it is left as it is: {ELSEWHERE}")
    there = described(workdir, [type(config)])
    # Who asks has seen its `config.json`.
    assert there is not None
    if there.format != FORMAT and not done:
        raise _other_version(workdir, there.format)
    began, now = there.config, contents(config)
    differing = _differing(began, config, there.hashes, now) if began else [_of(config)]
    if began is None or differing:
        raise RunError(f"{workdir} holds a run with {_others(differing)}: {otherwise(workdir)}")
    for name, value in now.items():
        if there.hashes.get(name) not in (None, value):
            changed = changed_since(files_of(config)[name], there.hashes[name], workdir)
            raise RunError(f"{changed}: {otherwise(workdir)}")
    edited = changed_copy(began, workdir, there.hashes)
    if edited:
        raise RunError(
            f"{edited} was edited since the run in {workdir} began: undo that, or "
            f"{otherwise(workdir)}"
        )
    return [
        f"{name} was {there.versions[name]} when this run began and is {value} now: what "
        "follows may differ in the last bits"
        for name, value in versions().items()
        if there.versions.get(name, value) != value
    ]


def _others(names: Iterable[str]) -> str:
    """Other settings, in words."""
    plural = ("s", "data")
    return " and ".join(f"{'other' if n.endswith(plural) else 'another'} {n}" for n in names)


def _of(config: StoredConfig) -> str:
    """What a run that has settings of another kind differs in."""
    return "task" if isinstance(config, Config) else "experiment"


def _differing(
    began: StoredConfig,
    config: StoredConfig,
    hashes: Mapping[str, str],
    now: Mapping[str, str],
) -> list[str]:
    """The settings that differ; a file is the same wherever it lies."""
    before, wanted = dataclasses.asdict(began), dataclasses.asdict(config)
    old, new = ({"model": "", **named_paths(one)} for one in (began, config))

    def same(name: str) -> bool:
        if before[name] == wanted[name]:
            return True
        if name not in old or name not in new:
            return False
        places = files_of(began)[name], files_of(config)[name]
        if same_place(*places):
            return True
        alike = name != "model" or os.path.basename(places[0]) == os.path.basename(places[1])
        return alike and name in now and hashes.get(name) == now[name]

    free = folders_of(type(config)) | KEEPING | EFFORT
    return [name for name in wanted if name not in free and not same(name)]


def versions() -> dict[str, str]:
    """The versions of what a run depends on, where it is installed."""
    return {
        "python": platform.python_version(),
        **_installed("tensorflow", "tensorflow-datasets", "numpy"),
        "platform": sys.platform,
    }


def _installed(*names: str) -> dict[str, str]:
    found = {}
    for name in names:
        # Only the paper's data need tensorflow-datasets.
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found


def of_earlier_format(workdir: str) -> bool:
    """Whether a folder without a list holds a run of a version that kept none."""
    try:
        return _manifest(workdir).format < LISTED
    except RunError:
        return False


def _manifest(workdir: str) -> _Manifest:
    """The `manifest.json` of a run folder.

    Raises:
      RunError: it is missing or damaged.
    """
    path = os.path.join(workdir, "manifest.json")
    there = read_record(path, otherwise(workdir)) or {}
    number, hashes, began = there.get("format"), there.get("hashes"), there.get("versions")
    if type(number) is not int or not _holds_texts(hashes) or not _holds_texts(began):
        raise damaged(path, otherwise(workdir))
    return _Manifest(number, hashes, began, there.get("config", None if number < LISTED else ""))


def _holds_texts(table: object) -> TypeGuard[dict[str, str]]:
    """Whether what was read of JSON is an object whose values are texts."""
    return type(table) is dict and texts(table.values())


def texts(values: Iterable[object]) -> bool:
    return all(type(value) is str for value in values)


def _other_version(workdir: str, there: object) -> RunError:
    return RunError(
        f"{workdir} was written by another version of this project (format {there}, this one "
        f"writes {FORMAT}): continue it there, or {otherwise(workdir)}"
    )


def digest_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
