"""The files of a run folder that a run wrote itself: a list in the folder, which marks it as ours.

A path is listed before it is written. What is in no list belongs to somebody else: it is never
written over, moved or removed.
"""

import contextlib
import glob
import json
import os
import time
from collections.abc import Iterable, Iterator

from terpret.errors import InputError
from terpret.files.atomic import UNFINISHED, write_bytes

LIST = "files.txt"
MARKER = "Neural TerpreT run folder, format 1: the files that its runs wrote"
# So old is a file that nobody is writing any more.
UNFINISHED_SECONDS = 60
# Every line after the marker is a path as a JSON text, so that no name can be mistaken.
_END = b"\n"


class NotOurs(InputError):
    """Something in the way was not written by a run; the message is one sentence for the user."""


def is_ours(folder: str) -> bool:
    """Whether a folder has a list of ours."""
    with contextlib.suppress(OSError), open(os.path.join(folder, LIST), "rb") as file:
        return file.read(len(MARKER) + 1) == MARKER.encode() + _END
    return False


def begin(folder: str, part_of: str = "") -> None:
    """Makes a folder ours, unless it is.

    Args:
      folder: the folder.
      part_of: the run folder around it whose part it is, to be replaced with it; empty for none.

    Raises:
      NotOurs: there is a file of the list's name that is no list of ours.
      OSError: the list cannot be written.
    """
    path = os.path.join(folder, LIST)
    if is_ours(folder):
        return
    if os.path.lexists(path):
        raise NotOurs(f"{path} is no list of a run's files: give another --workdir")
    os.makedirs(folder, exist_ok=True)
    if part_of and is_ours(part_of):
        name = os.path.relpath(path, part_of)
        if name not in listed(part_of):
            _append(part_of, [name])
    write_bytes(path, MARKER.encode() + _END)


def add(*paths: str) -> None:
    """Lists files of one run folder that are about to be written; those outside of any are free.

    A path that ends in a slash is a folder, with all that it will hold.

    Raises:
      NotOurs: there is something already that no run wrote, or a link leads out of the folder.
      OSError: the list cannot be written.
    """
    home = home_of(paths[0])
    if home is None:
        return
    known, names = listed(home), [_name(path, home) for path in paths]
    for path, name in zip(paths, names, strict=True):
        link = _link_above(home, name)
        if link:
            raise NotOurs(f"{link} is a link, and a run writes only into its own folder: remove it")
        if name not in known and os.path.lexists(path):
            raise NotOurs(f"{path} was not written by a run, so it is left as it is: move it away")
    new = [name for name in names if name not in known]
    if new:
        _append(home, new)


def write(path: str, data: bytes) -> None:
    """Lists a file and writes it, whole or not at all.

    Raises:
      NotOurs, OSError: as `add`.
    """
    add(path)
    write_bytes(path, data)


def write_text(path: str, text: str) -> None:
    """As `write`, of a text."""
    write(path, text.encode())


def write_json(path: str, value: object) -> None:
    """As `write`, of a JSON value."""
    write_text(path, json.dumps(value, indent=2) + "\n")


def owns(path: str) -> bool:
    """Whether a file is in the list of the run folder that it lies in."""
    home = home_of(path)
    return home is not None and os.path.relpath(path, home) in listed(home)


def owned_among(paths: Iterable[str]) -> set[str]:
    """Which files of one folder its runs wrote; all of them, where the folder is in no run's."""
    given = set(paths)
    home = home_of(min(given)) if given else None
    if home is None:
        return given
    known = listed(home)
    return {path for path in given if os.path.relpath(path, home) in known}


def owned(folder: str) -> list[str]:
    """What is there of a folder's list, and of the lists of its parts, relative to the folder.

    A part's list comes after the part's files; nothing that lies behind a link is among them.
    """
    found: dict[str, None] = {}
    for name in listed(folder):
        path = os.path.join(folder, name)
        if _link_above(folder, name):
            continue
        if name.endswith(os.sep):
            found |= dict.fromkeys(_below(folder, name))
            continue
        if not os.path.lexists(path) or _is_folder(path):
            continue
        if os.path.basename(name) == LIST:
            part = os.path.dirname(name)
            found |= {os.path.join(part, inside): None for inside in owned(os.path.dirname(path))}
        found[name] = None
    return list(found)


def remove(folder: str) -> None:
    """Removes what is in a folder's list, the list, and folders inside that are empty then."""
    for name in [*owned(folder), LIST]:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(folder, name))
        remove_empty(folder, name)


def sweep(folder: str) -> None:
    """Removes files that a process was writing in a folder of ours when it was killed."""
    places = {os.path.join(folder, os.path.dirname(name)) for name in ("", *owned(folder))}
    for place in places:
        for path in glob.glob(os.path.join(glob.escape(place), f"{UNFINISHED}*.tmp")):
            with contextlib.suppress(OSError):
                # A younger one may still be written, by who draws plots.
                if time.time() - os.path.getmtime(path) > UNFINISHED_SECONDS:
                    os.unlink(path)


def remove_empty(folder: str, name: str) -> None:
    """Removes the folders between a folder and a path inside that are empty."""
    inside = os.path.dirname(name)
    while inside:
        try:
            os.rmdir(os.path.join(folder, inside))
        except OSError:
            return
        inside = os.path.dirname(inside)


def home_of(path: str) -> str | None:
    """The nearest folder around a path that is ours; None where there is none.

    A run of an earlier format, which kept no list, is in nobody's list either.
    """
    for folder in around(path):
        if is_ours(folder):
            return folder
        if os.path.lexists(os.path.join(folder, "manifest.json")):
            return None
    return None


def around(path: str) -> Iterator[str]:
    """The folders around a path, as far as it names them, from the inside."""
    folder = os.path.dirname(path)
    while folder and folder != os.path.dirname(folder):
        yield folder
        folder = os.path.dirname(folder)
    yield folder or os.curdir


def listed(folder: str) -> dict[str, None]:
    """The paths in a folder's list that lie in the folder; a list may have been edited."""
    try:
        with open(os.path.join(folder, LIST), "rb") as file:
            lines = file.read().split(_END)
    except OSError:
        return {}
    if lines[0] != MARKER.encode():
        return {}
    names: dict[str, None] = {}
    # What stands after the last end of a line was cut off when it was written.
    for line in lines[1:-1]:
        try:
            name = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(name, str) and _inside(name):
            names[name] = None
    return names


def _inside(name: str) -> bool:
    name = name.removesuffix(os.sep)
    plain = name == os.path.normpath(name) and not os.path.isabs(name) and "\0" not in name
    return plain and name not in (os.curdir, LIST) and os.pardir not in name.split(os.sep)


def _name(path: str, home: str) -> str:
    """How a list names a path."""
    return os.path.relpath(path, home) + (os.sep if path.endswith(os.sep) else "")


def _below(folder: str, name: str) -> Iterator[str]:
    """The files in a folder inside another, and the links there."""
    top = os.path.join(folder, name).rstrip(os.sep)
    for place, folders, files in os.walk("" if os.path.islink(top) else top):
        links = [one for one in folders if os.path.islink(os.path.join(place, one))]
        yield from (os.path.relpath(os.path.join(place, one), folder) for one in (*links, *files))


def _append(folder: str, names: list[str]) -> None:
    path = os.path.join(folder, LIST)
    if os.stat(path).st_nlink > 1:
        # A copy of the folder by links shares the list: from now on each has its own.
        with open(path, "rb") as file:
            write_bytes(path, file.read())
    with open(path, "ab+", buffering=0) as file:
        file.seek(-1, os.SEEK_END)
        # A line that was cut off must not spoil the next one.
        start = b"" if file.read(1) == _END else _END
        file.write(start + b"".join(json.dumps(name).encode() + _END for name in names))
        os.fsync(file.fileno())


def _link_above(folder: str, name: str) -> str | None:
    """The first link among the folders between a folder and a path inside."""
    parts = name.split(os.sep)[:-1]
    steps = (os.path.join(folder, *parts[: k + 1]) for k in range(len(parts)))
    return next((step for step in steps if os.path.islink(step)), None)


def _is_folder(path: str) -> bool:
    return os.path.isdir(path) and not os.path.islink(path)
