"""The folder of a run: whose it is, and that it goes on with what it began with."""

import contextlib
import dataclasses
import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from terpret import InputError, ModelError, signals
from terpret.errors import DataError, RunError
from terpret.files import own_files
from terpret.files.lock import LOCK, WRITER, writing_alone
from terpret.files.replacing import ASIDE, NEEDLESS, begun, is_aside, put_aside, recover
from terpret.language.model_files import model_path
from terpret.learning.network_file import FILE_NAME
from terpret.runs.config import Config, StoredConfig, every_kind
from terpret.runs.contents import contents
from terpret.runs.described import (
    ELSEWHERE,
    FORMAT,
    compared,
    digest_of,
    of_earlier_format,
    otherwise,
    texts,
    versions,
)
from terpret.runs.named_files import INIT_NETWORKS, copies_of, files_of, kept_places, named_paths
from terpret.runs.records import damaged, read_record
from terpret.runs.setting import settings_of
from terpret.runs.threads import same_threads, threads

# What a run notes of its images, to know them again.
DATA = "data.json"
# The folder, inside, of runs whose networks this one begins with.
FIRST_STAGE = "networks"
# What every run leaves in its folder, besides its parts and copies of what it began with.
_LEFT = (
    "config.json",
    "manifest.json",
    DATA,
    "results.json",
    INIT_NETWORKS,
    FIRST_STAGE,
)
# What a run leaves besides that is not made of others.
_LEFT_BY_ONE = (
    "exact.json",
    "curves.json",
    "program.txt",
    "program.json",
    FILE_NAME,
    "events",
    "checkpoints",
)
_NEVER_OTHERS = ("model", "plots", own_files.LIST, ASIDE, NEEDLESS, LOCK, WRITER)
# What is said where a folder cannot be written.
CONTINUES = "when that is mended, the same command continues"


class OtherData(RunError):
    """The data that a run began with are not found; others are."""


@contextlib.contextmanager
def writer(workdir: str, part_of: str = "") -> Iterator[None]:
    """Lets one process alone write in a run folder; a start that fails leaves it as it was.

    An older run that stands aside is put back where the new one ends before it has begun, and is
    forgotten afterwards.

    Args:
      workdir: the run folder.
      part_of: the run folder of which this one is a part; empty for none.

    Raises:
      RunError: another process writes there, or the folder cannot be written.
    """
    with contextlib.ExitStack() as stack:
        with using(workdir):
            stack.enter_context(writing_alone(workdir, part_of))
            recover(workdir)
            own_files.sweep(workdir)
        fresh = not own_files.is_ours(workdir)
        try:
            yield
        except BaseException as error:
            with signals.undisturbed(), using(workdir):
                recover(workdir)
                mistaken = isinstance(error, RunError | InputError | DataError | ModelError)
                if fresh and mistaken and not _has_begun(workdir):
                    own_files.remove(workdir)
            raise
        with using(workdir):
            begun(os.path.join(workdir, own_files.LIST))


def own_names() -> frozenset[str]:
    """What in a run folder is never another file's name."""
    parts = (name for kind in every_kind() for name in kind.parts)
    return frozenset({*_LEFT, *_LEFT_BY_ONE, *_NEVER_OTHERS, *parts})


def look(config: StoredConfig, workdir: str) -> tuple[bool, list[str]] | None:
    """Looks whether a run folder holds a run with the same settings.

    Returns:
      Whether it has finished and left its results, and warnings; None where there is no run.

    Raises:
      RunError: the folder holds another run, or something is damaged.
    """
    if is_aside(workdir) or not os.path.lexists(os.path.join(workdir, "config.json")):
        return None
    path = os.path.join(workdir, "results.json")
    with using(workdir):
        done = os.path.lexists(path)
        warnings = compared(config, workdir, done)
        warnings += [] if done else same_threads(config, workdir)
        return done, warnings


def claim(
    config: StoredConfig, workdir: str, afresh: bool, part_of: str = ""
) -> tuple[bool, list[str]]:
    """Makes a run folder the config's own; `writer` must be held.

    Args:
      config: the settings.
      workdir: the run folder.
      afresh: put a run that the folder holds aside.
      part_of: the run folder of which this one is a part; empty for none.

    Returns:
      Whether the folder holds the results of a finished run with the same settings; and warnings.

    Raises:
      RunError: the folder holds another run, or cannot be written.
      NotOurs: it holds what no run wrote where this one would write.
    """
    refuse_foreign(config, workdir, afresh)
    if not afresh:
        known = look(config, workdir)
        if known is not None:
            return known
    with using(workdir):
        hashes = contents(config)
        if afresh and own_files.is_ours(workdir):
            _refuse_inputs_inside(config, workdir)
            put_aside(workdir)
        elif _holds_checkpoints(workdir):
            raise RunError(
                f"{workdir} holds checkpoints, but no config.json says of which run: "
                f"{otherwise(workdir)}"
            )
        own_files.begin(workdir, part_of)
        for name, source in copies_of(config).items():
            with open(source, "rb") as file:
                own_files.write(os.path.join(workdir, name), file.read())
        # The text of the config is noted too, so that an edited one is known.
        text = json.dumps(dataclasses.asdict(config), indent=2) + "\n"
        about = {"format": FORMAT, "config": digest_of(text), "hashes": hashes}
        manifest = {**about, "versions": versions(), "threads": threads()}
        own_files.write_json(os.path.join(workdir, "manifest.json"), manifest)
        # Last: a folder with a config has all the rest.
        own_files.write_text(os.path.join(workdir, "config.json"), text)
    return False, []


def refuse_foreign(config: StoredConfig, workdir: str, afresh: bool) -> None:
    """Refuses a folder that holds what no run wrote where this one would write.

    Raises:
      RunError: it does.
    """
    if is_aside(workdir):
        return
    _refuse_mixed(config, workdir)
    if not own_files.is_ours(workdir) and of_earlier_format(workdir):
        if afresh:
            raise RunError(
                f"{workdir} holds a run of an earlier version of this project, which kept no list "
                f"of its files, so --overwrite does not know what to remove: {ELSEWHERE}, or "
                "remove it yourself"
            )
        return
    known = own_files.listed(workdir)
    left = (*_LEFT, *(_LEFT_BY_ONE if isinstance(config, Config) else config.parts))
    for name in (own_files.LIST, *left, *copies_of(config)):
        path = os.path.join(workdir, name)
        above = os.path.dirname(path) if os.path.dirname(name) else path
        if os.path.islink(above) and os.path.isdir(above):
            raise RunError(
                f"{above} is a link, and a run writes only into its own folder: remove it, or "
                f"{ELSEWHERE}"
            )
        inside = any(one.startswith(name + os.sep) for one in known)
        ours = own_files.is_ours(workdir) if name == own_files.LIST else name in known or inside
        if os.path.lexists(path) and not ours:
            raise RunError(f"{path} was not written by a run, so it is left as it is: {ELSEWHERE}")


def _refuse_mixed(config: StoredConfig, workdir: str) -> None:
    """Refuses shards in the folder of a run, and a run in the folder of shards.

    Raises:
      RunError: they would lie in one folder.
    """
    if isinstance(config, Config) and config.shard:
        whole = os.path.dirname(workdir)
        if os.path.lexists(os.path.join(whole, "config.json")):
            raise RunError(f"{whole} holds a run that is no shard: {ELSEWHERE}")
    elif shards := [name for name in _names(workdir) if re.fullmatch(r"shard-\d+-of-\d+", name)]:
        raise RunError(f"{workdir} holds {shards[0]}, a part of another run: {ELSEWHERE}")


def _names(folder: str) -> list[str]:
    with contextlib.suppress(OSError):
        return sorted(os.listdir(folder))
    return []


def same_data(
    workdir: str, images: Mapping[str, tuple[np.ndarray, np.ndarray]], begins: bool = True
) -> None:
    """Refuses to go on with other data than a run began with; notes them where it begins.

    `auto` may find other data later, and the results would be called after those alone.

    Args:
      workdir: the run folder.
      images: labelled test images by what they show, or by the network that reads them.
      begins: whether they are noted where there is no note yet.

    Raises:
      OtherData, RunError: they are others, or the folder cannot be written.
    """
    if not images:
        return
    now = {name: _digest(*pair) for name, pair in images.items()}
    path = os.path.join(workdir, DATA)
    began = read_record(path, otherwise(workdir))
    if began is not None and not (began.keys() == now.keys() and texts(began.values())):
        raise damaged(path, otherwise(workdir))
    if began is None and begins:
        with writing(workdir):
            own_files.write_json(path, now)
    elif began not in (None, now):
        raise OtherData(
            f"the run in {workdir} began with other data: give those by the flags that name "
            f"them, or {otherwise(workdir)}"
        )


def model_copy(config: Config, workdir: str) -> str:
    """The run folder's copy of the model, or the model itself where there is none yet."""
    path = os.path.join(workdir, "model", os.path.basename(model_path(config.model)))
    return path if os.path.exists(path) else model_path(config.model)


def networks_copy(config: Config, workdir: str) -> str:
    """The run folder's copy of the networks it starts from, or these where there is none yet.

    Empty where a run starts from none.
    """
    path = os.path.join(workdir, INIT_NETWORKS)
    return path if os.path.exists(path) else config.init_nets


def kept_data(config: Config, workdir: str) -> Config:
    """The settings with the run folder's copies of the data, where it keeps any."""
    inside = {name: os.path.join(workdir, place) for name, place in kept_places(config).items()}
    there: dict[str, Any] = {name: path for name, path in inside.items() if os.path.exists(path)}
    return dataclasses.replace(config, **there)


@contextlib.contextmanager
def writing(workdir: str) -> Iterator[None]:
    """Says in one sentence that a run folder cannot be written.

    Raises:
      RunError: something inside could not be written.
    """
    try:
        yield
    except (OSError, tf.errors.OpError) as error:
        reason = getattr(error, "strerror", None) or error
        raise RunError(f"cannot write to {workdir}: {reason}; {CONTINUES}") from None


@contextlib.contextmanager
def using(workdir: str) -> Iterator[None]:
    """Says in one sentence that a run folder cannot be used.

    Raises:
      RunError: something inside could not be read, written or moved.
    """
    try:
        yield
    except RecursionError:
        raise RunError(f"cannot use {workdir[:60]}...: it lies too deep") from None
    except OSError as error:
        where = "" if error.filename in (None, workdir) else f" ({error.filename})"
        raise RunError(f"cannot use {workdir}: {error.strerror or error}{where}") from None


def _refuse_inputs_inside(config: StoredConfig, workdir: str) -> None:
    """Refuses to replace a run by one that begins with the run's own files."""
    ours = [os.path.join(workdir, name) for name in own_files.owned(workdir)]
    for setting, path in {**files_of(config), **named_paths(config)}.items():
        known = settings_of(type(config))[setting]
        if known.path != "folder" and os.path.exists(path) and _reaches(path, workdir, ours):
            raise RunError(
                f"--{known.flag}={path} lies in the run that --overwrite would replace: copy it to "
                "another place first, or give another --workdir"
            )


def _reaches(path: str, workdir: str, ours: Iterable[str]) -> bool:
    """Whether a file is one of ours, or a folder inside the run folder holds one."""
    if not os.path.isdir(path):
        return any(os.path.exists(one) and os.path.samefile(one, path) for one in ours)
    place, home = os.path.realpath(path), os.path.realpath(workdir)
    within = [os.path.realpath(os.path.dirname(one)) for one in ours]
    return _contains(home, place) and any(_contains(place, one) for one in within)


def _contains(folder: str, path: str) -> bool:
    return os.path.commonpath([folder, path]) == folder


def _holds_checkpoints(workdir: str) -> bool:
    return any(name.startswith("checkpoints" + os.sep) for name in own_files.owned(workdir))


def _has_begun(workdir: str) -> bool:
    names = own_files.owned(workdir)
    return "exact.json" in names or any(
        os.path.basename(os.path.dirname(name)) == "checkpoints" for name in names
    )


def _digest(images: np.ndarray, labels: np.ndarray) -> str:
    digest = hashlib.sha256(np.ascontiguousarray(images).data)
    digest.update(np.ascontiguousarray(labels).data)
    return digest.hexdigest()
