"""A run in the place of another: the old one's files stand aside until the new one has begun.

Whatever stops the new run before that, even a kill, the old one can be put back as it was. What the
folders say is enough to go on from any moment: the old list is moved first and put back last, and a
new list is there only when every old file is aside.
"""

import contextlib
import os
from collections.abc import Iterator

from terpret.files.own_files import LIST, NotOurs, around, is_ours, owned, remove, remove_empty

# Where the old run stands, and what that folder is called when it is no longer needed.
ASIDE, NEEDLESS = ".replaced", ".removed"


def put_aside(folder: str) -> None:
    """Moves what a folder's list names, and the list, out of the way.

    Raises:
      NotOurs: something of somebody else stands there.
      OSError: it cannot be moved; what has been moved is put back by `recover`.
    """
    names, aside = owned(folder), os.path.join(folder, ASIDE)
    os.mkdir(aside)
    for name in (LIST, *names):
        _move(folder, aside, name)


def begun(path: str) -> None:
    """Forgets the runs that stand aside in the folders around a path: a new one has begun there."""
    for folder in around(path):
        if is_aside(folder):
            needless = os.path.join(folder, NEEDLESS)
            _discard(needless)
            os.rename(os.path.join(folder, ASIDE), needless)
            _discard(needless)


def is_aside(folder: str) -> bool:
    """Whether a run stands aside in a folder."""
    return is_ours(os.path.join(folder, ASIDE))


def recover(folder: str) -> None:
    """Puts a run back that stands aside, in place of the one that was to replace it.

    Raises:
      NotOurs: something of somebody else stands in its place.
    """
    _discard(os.path.join(folder, NEEDLESS))
    aside = os.path.join(folder, ASIDE)
    if os.path.islink(aside) or not os.path.isdir(aside):
        return
    if is_aside(folder):
        if is_ours(folder):
            remove(folder)
        for name in _inside(aside):
            _move(aside, folder, name)
    for place, _, _ in os.walk(aside, topdown=False):
        with contextlib.suppress(OSError):
            os.rmdir(place)


def _discard(folder: str) -> None:
    if os.path.islink(folder) or not is_ours(folder):
        return
    for name in _inside(folder):
        os.unlink(os.path.join(folder, name))
        remove_empty(folder, name)
    os.rmdir(folder)


def _inside(folder: str) -> Iterator[str]:
    """Everything in a folder that was moved there, its list last."""
    for place, folders, files in os.walk(folder):
        links = [name for name in folders if os.path.islink(os.path.join(place, name))]
        for name in (*links, *files):
            relative = os.path.relpath(os.path.join(place, name), folder)
            if relative != LIST:
                yield relative
    yield LIST


def _move(source: str, target: str, name: str) -> None:
    path = os.path.join(target, name)
    if os.path.lexists(path):
        raise NotOurs(f"{path} was not written by a run, so it is left as it is: move it away")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    os.rename(os.path.join(source, name), path)
    remove_empty(source, name)
