"""Who writes in a run folder: one process at a time; who reads asks nobody."""

import contextlib
import datetime
import multiprocessing
import os
import socket
import warnings
from collections.abc import Iterator

from filelock import FileLock, Timeout

from terpret.errors import RunError
from terpret.files import own_files
from terpret.files.atomic import read_json, write_json

# The kernel's lock on the one file ends with its holder; the other says who that is.
LOCK, WRITER = ".neural-terpret.lock", ".neural-terpret.writer.json"
_ABOUT = ("pid", "host", "since")


@contextlib.contextmanager
def writing_alone(folder: str, part_of: str = "") -> Iterator[None]:
    """Lets no other process write in a run folder, or in the runs that it is a part of.

    A process that has a folder already may have it again, as may one that it has started by
    `multiprocessing`.

    Args:
      folder: the run folder.
      part_of: the run folder around it whose part it is going to be; empty for none.

    Raises:
      RunError: another process writes there.
      OSError: the folder cannot be written.
    """
    with contextlib.ExitStack() as stack:
        whole = part_of or folder
        for place in _wholes(whole) or [whole]:
            stack.enter_context(_made(place))
            stack.enter_context(_held(place))
        yield


@contextlib.contextmanager
def _made(folder: str) -> Iterator[None]:
    """Makes a folder and those around it; those that are empty afterwards are gone again."""
    new = [place for place in (folder, *own_files.around(folder)) if not os.path.lexists(place)]
    try:
        os.makedirs(folder, exist_ok=True)
        yield
    finally:
        for place in new:
            with contextlib.suppress(OSError):
                os.rmdir(place)


@contextlib.contextmanager
def _held(folder: str) -> Iterator[None]:
    """Holds the lock of a folder that is there."""
    # The real path: the folder may be reached in several ways.
    place = os.path.realpath(folder)
    lock = FileLock(os.path.join(place, LOCK), timeout=0, is_singleton=True)
    writer = os.path.join(place, WRITER)
    with contextlib.suppress(OSError):
        if os.stat(lock.lock_file).st_nlink > 1:
            # A copy of the folder by links shares the lock: from now on each has its own.
            os.unlink(lock.lock_file)
    try:
        with warnings.catch_warnings():
            # Where a file system has no locks, filelock says so, and helps itself otherwise.
            warnings.simplefilter("ignore")
            lock.acquire()
    except Timeout:
        if not _is_parent(writer):
            raise RunError(
                f"{_holder(writer)} writes in {folder}: wait until it has ended, or give another "
                "--workdir"
            ) from None
    if not lock.is_locked:
        yield
        return
    try:
        # A file of that name that says something else is somebody's.
        ours = not os.path.lexists(writer) or _about(writer) is not None
        if lock.lock_counter == 1 and ours:
            now = datetime.datetime.now().astimezone().isoformat(" ", "seconds")
            write_json(writer, {"pid": os.getpid(), "host": socket.gethostname(), "since": now})
        yield
    finally:
        if lock.lock_counter == 1 and _about(writer) is not None:
            with contextlib.suppress(OSError):
                os.unlink(writer)
        with contextlib.suppress(OSError):
            if lock.lock_counter == 1 and not own_files.is_ours(place):
                # Nothing came of it: it is as if nobody had been here.
                os.unlink(lock.lock_file)
        lock.release()


def _holder(writer: str) -> str:
    """Which process holds a lock, in words; it may be about to say so."""
    about = _about(writer)
    if about is None:
        return "another process"
    pid, host, since = (str(about[name])[:100] for name in _ABOUT)
    return f"process {pid} on {host}, since {since},"


def _is_parent(writer: str) -> bool:
    """Whether the process that holds a lock has started this one."""
    parent, about = multiprocessing.parent_process(), _about(writer)
    if parent is None or about is None:
        return False
    return (about["pid"], about["host"]) == (parent.pid, socket.gethostname())


def _about(writer: str) -> dict[str, object] | None:
    """What a file says of the process that holds a lock; None where it is no such file."""
    about = read_json(writer)
    return about if isinstance(about, dict) and tuple(about) == _ABOUT else None


def _wholes(folder: str) -> list[str]:
    """The runs that the run of a folder is a part of."""
    inside = os.path.join(os.path.realpath(folder), own_files.LIST)
    return [place for place in own_files.around(os.path.dirname(inside)) if _lists(place, inside)]


def _lists(folder: str, path: str) -> bool:
    return os.path.relpath(path, folder) in own_files.owned(folder)
