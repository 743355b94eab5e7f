"""The files that a run's settings name, known by their content wherever they lie."""

import hashlib
import itertools
import os
from collections.abc import Mapping

from terpret.data.used_files import TABLES, used_files
from terpret.errors import RunError
from terpret.runs.config import StoredConfig
from terpret.runs.named_files import copies_of, files_of, named_paths, setting_of_copy
from terpret.runs.setting import settings_of

# The digits of a file's hash, and those by which it is found among many.
_LONG, _SHORT = 64, 6


def contents(config: StoredConfig) -> dict[str, str]:
    """The hash of every file or folder that the settings name and that is there, by setting.

    Raises:
      OSError: one cannot be read.
    """
    named = {"model", *named_paths(config)}
    found = {name: content(path) for name, path in files_of(config).items() if name in named}
    return {name: value for name, value in found.items() if value is not None}


def content(path: str) -> str | None:
    """What tells the content of a file, or of data and the images they name; None where is none.

    It is the hash of one file; of several, a hash of all and a short one of each, in their order,
    by which `changed_since` finds those that have changed.

    Raises:
      OSError: it cannot be read.
    """
    if not os.path.exists(path):
        return None
    digests = [_digest(one) for one in used_files(path)]
    if len(digests) == 1:
        return digests[0]
    whole = hashlib.sha256("".join(digests).encode()).hexdigest()
    return f"{whole} {''.join(one[:_SHORT] for one in digests)}"


def changed_since(path: str, began: str, workdir: str) -> str:
    """That data are not what a run began with, and which files these are, as far as can be told.

    Args:
      path: the data, whose content is another now.
      began: what `content` was.
      workdir: the run folder.

    Raises:
      OSError: a file cannot be read.
    """
    files, short = used_files(path), began.partition(" ")[2]
    tables = len(TABLES) if os.path.isdir(path) else 1
    if len(files) > 1 and not short and (os.path.isdir(path) or began == _digest(files[0])):
        return (
            f"the run in {workdir} was begun by an earlier version, whose note of {path} does not "
            "tell whether it has changed"
        )
    parts = [short[k : k + _SHORT] for k in range(0, len(short), _SHORT)]
    pairs = itertools.zip_longest(files, parts[: len(files)], fillvalue="")
    changed = [one for one, part in pairs if _digest(one)[:_SHORT] != part]
    # What follows a table that has changed are other images.
    first, *more = [one for one in changed if one in files[:tables]][:1] or changed or [path]
    if more:
        verb = f"and {len(more):,} more file{'s' * (len(more) > 1)} have changed"
    else:
        verb = "has changed" if os.path.exists(first) else "has been removed"
    return f"{first} {verb} since the run in {workdir} began"


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
            if setting in ("data", "test_data"):
                advice += ", or measure other examples by --new_data="
            changed = changed_since(path, hashes[setting], workdir)
            raise RunError(f"{changed}, or another lies in its place; {advice}")
    return gone


def flags_of_files(kind: type[StoredConfig]) -> dict[str, str]:
    """The flags of `evaluate.py` that say where a file is now, by setting."""
    return {name: one.flag for name, one in settings_of(kind).items() if one.path == "file"}


def _digest(path: str) -> str:
    """The hash of a file; of one that is not there, one that no file has."""
    if not os.path.isfile(path):
        return "0" * _LONG
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
