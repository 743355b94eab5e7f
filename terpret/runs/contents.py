"""The files that a run's settings name, known by their content wherever they lie."""

import hashlib
import os
from collections.abc import Iterator, Mapping

from terpret.errors import RunError
from terpret.files.own_files import is_ours
from terpret.runs.config import StoredConfig
from terpret.runs.named_files import copies_of, files_of, named_paths, setting_of_copy
from terpret.runs.setting import settings_of


def contents(config: StoredConfig) -> dict[str, str]:
    """The hash of every file or folder that the settings name and that is there, by setting.

    Raises:
      OSError: one cannot be read.
    """
    named = {"model", *named_paths(config)}
    found = {name: content(path) for name, path in files_of(config).items() if name in named}
    return {name: value for name, value in found.items() if value is not None}


def content(path: str) -> str | None:
    """The hash of a file, or of all in a folder but its run folders; None where there is none.

    Raises:
      OSError: it cannot be read.
    """
    if os.path.isfile(path):
        return _hash(path)
    if not os.path.isdir(path):
        return None
    digest = hashlib.sha256()
    for inside in _files(path):
        name = os.path.relpath(inside, path)
        digest.update(f"{name}\0{_hash(inside)}\n".encode(errors="surrogateescape"))
    return digest.hexdigest()


def changed_copy(config: StoredConfig, workdir: str, hashes: Mapping[str, str]) -> str | None:
    """The copy in a run folder that is not what the run began with; None where all are."""
    for name in copies_of(config):
        path = os.path.join(workdir, name)
        if content(path) not in (None, hashes.get(setting_of_copy(name))):
            return path
    return None


def gone_files(config: StoredConfig, workdir: str, hashes: Mapping[str, str]) -> list[str]:
    """The files that measuring a run needs and that are no longer there.

    Args:
      config: the run's settings, with the files where they are now.
      workdir: its folder, whose copies are taken before the files that the settings name.
      hashes: of the files that it began with, by setting.

    Raises:
      RunError: a file is not the one that the run began with.
      OSError: one cannot be read.
    """
    edited = changed_copy(config, workdir, hashes)
    if edited:
        raise RunError(f"{edited} was edited since the run in {workdir} began: undo that")
    copied = {os.path.join(workdir, name): path for name, path in copies_of(config).items()}
    kept = [path for inside, path in copied.items() if os.path.exists(inside)]
    gone = []
    for setting, path in files_of(config).items():
        if setting not in hashes or path in kept:
            continue
        now = content(path)
        if now is None:
            gone.append(path)
        elif now != hashes[setting]:
            flag = flags_of_files(type(config)).get(setting)
            advice = f"say by --{flag}= where that file is now" if flag else "undo that"
            raise RunError(
                f"{path} is not what the run in {workdir} began with: it has changed since, or "
                f"another lies in its place; {advice}"
            )
    return gone


def flags_of_files(kind: type[StoredConfig]) -> dict[str, str]:
    """The flags of `evaluate.py` that say where a file is now, by setting."""
    return {name: one.flag for name, one in settings_of(kind).items() if one.path == "file"}


def _files(folder: str) -> Iterator[str]:
    been = set[str]()
    for place, folders, files in os.walk(folder, followlinks=True):
        # Links may lead round in a circle.
        here = os.path.realpath(place)
        folders[:] = sorted(
            name
            for name in (() if here in been else folders)
            if not name.startswith(".") and not is_ours(os.path.join(place, name))
        )
        if here in been:
            continue
        been.add(here)
        for name in sorted(files):
            path = os.path.join(place, name)
            if not name.startswith(".") and os.path.isfile(path):
                yield path


def _hash(path: str) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
