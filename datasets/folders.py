"""Data directories: which folder is meant, what lies there, and that one process at a time writes.

Users name folders as they remember them: a level too deep, a letter off, a file instead. What can
be understood is; of the rest the true cause is said.
"""

import contextlib
import difflib
import errno
import json
import os
import re
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from terpret.errors import DataError

# No preparation takes so long, so an unfinished one that is older was interrupted.
_ABANDONED_SECONDS = 86_400
_VERSION = re.compile(r"\d+\.\d+\.\d+")
_INFO = "dataset_info.json"
_DENIED = (errno.EACCES, errno.EPERM, errno.EROFS)


def data_folder(data_dir: str | None) -> Path:
    """Returns the data directory; without a name, that of tensorflow-datasets.

    Raises:
      DataError: it is a file, or one that was named cannot be read; whether it exists is not asked.
    """
    if data_dir and "://" in data_dir:
        raise DataError(
            f"The data directory {data_dir} is not on this machine; name a folder that is, with "
            "the data copied to it."
        )
    default = os.environ.get("TFDS_DATA_DIR") or os.path.join("~", "tensorflow_datasets")
    folder = expanded(data_dir or default)
    if os.path.exists(folder) and not os.path.isdir(folder):
        raise DataError(
            f"The data directory {folder} is a file; name the folder that it lies in, "
            f"{folder.parent}, instead."
        )
    why = unreadable(folder)
    if data_dir and why:
        raise DataError(f"The data directory {folder} cannot be read ({why}).")
    return folder


def expanded(name: str) -> Path:
    """Returns a path with the home directory of a user in the place of `~` or `~user`.

    Raises:
      DataError: there is no such user.
    """
    try:
        return Path(name).expanduser()
    except RuntimeError as error:
        raise DataError(
            f"There is no home directory for the '{Path(name).parts[0]}' of {name}; write the "
            "whole path instead."
        ) from error


def unreadable(path: Path) -> str:
    """Returns why a file or folder cannot be read, in a few words; "" where it can or is absent."""
    try:
        if os.path.isdir(path):
            os.listdir(path)
        else:
            with open(path, "rb") as file:
                file.read(1)
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except OSError as error:
        return error.strerror or type(error).__name__
    return ""


def require_readable(*paths: Path) -> None:
    """Raises a DataError if a file or folder is there but cannot be read."""
    for path in paths:
        why = unreadable(path)
        if why:
            raise DataError(f"{path} cannot be read ({why}).")


def listed(folder: Path) -> list[Path]:
    """Returns what is in a folder, in the order of the names; nothing where there is none.

    Raises:
      DataError: it cannot be read.
    """
    require_readable(folder)
    return sorted(folder / name for name in os.listdir(folder)) if os.path.isdir(folder) else []


def is_denied(error: Exception) -> bool:
    """Returns whether an error says that something may not be written or read at all."""
    return isinstance(error, OSError) and error.errno in _DENIED


def meant(path: Path, *words: str) -> str:
    """Returns what was probably meant by a path that does not exist, as words in brackets.

    Args:
      path: the path.
      *words: words that could have been written in its place.

    Returns:
      Such as " (did you mean /data/mnist?)"; "" where nothing is like it.
    """
    alike = difflib.get_close_matches(str(path).lower(), words, 1)
    if alike:
        return f" (did you mean {alike[0]}?)"
    # A letter off may be in any part of the path: the first that does not exist.
    chain = [path, *path.parents]
    first = next(
        (k for k, each in reversed(list(enumerate(chain))) if not os.path.exists(each)), None
    )
    if first is None or first + 1 >= len(chain):
        return ""
    wrong, rest = chain[first], path.relative_to(chain[first])
    with contextlib.suppress(OSError):
        siblings = {name.lower(): name for name in sorted(os.listdir(wrong.parent))}
        for name in difflib.get_close_matches(wrong.name.lower(), siblings, 3):
            corrected = wrong.parent / siblings[name] / rest
            if os.path.exists(corrected):
                return f" (did you mean {corrected}?)"
    return ""


def described(folder: Path) -> str:
    """Returns a data directory's path, and what is the matter with it if anything is."""
    why = unreadable(folder)
    return f"{folder} (which cannot be read: {why})" if why else f"{folder}{meant(folder)}"


def prepared(folder: Path, name: str) -> Path | None:
    """Returns the newest version of a data set that tensorflow-datasets has prepared.

    Args:
      folder: the data directory, such as `data`; also `data/mnist` or `data/mnist/3.0.1` will do.
      name: the data set's name, such as `mnist`.

    Returns:
      The folder of the version, such as `data/mnist/3.0.1`; None where there is none.

    Raises:
      DataError: a folder of the data set cannot be read.
    """
    for place in (folder / name, folder):
        if _describes(place, name):
            return place
        versions = [
            (tuple(map(int, each.name.split("."))), each)
            for each in (listed(place) if place.name == name else ())
            if _VERSION.fullmatch(each.name) and os.path.isdir(each)
        ]
        if versions:
            return max(versions)[1]
    return None


@contextlib.contextmanager
def alone(folder: Path, name: str) -> Iterator[None]:
    """Lets one process at a time prepare a data set in a data directory; others wait.

    The lock is the system's own, which frees it with the process that holds it. What a process
    that was killed has left unfinished is removed.

    Args:
      folder: the data directory, which is made where it does not exist.
      name: the data set's name.

    Raises:
      OSError: the directory cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    # Whoever else may write in the directory may wait there too.
    lock = FileLock(folder / f".{name}.lock", mode=0o666)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        tell(f"waiting for another process, which prepares {name} in {folder}")
        lock.acquire()
    try:
        for leftover in (folder / name).glob("incomplete.*"):
            if time.time() - leftover.stat().st_mtime > _ABANDONED_SECONDS:
                shutil.rmtree(leftover, ignore_errors=True)
        yield
    finally:
        lock.release()


@contextlib.contextmanager
def preparing(folder: Path, name: str) -> Iterator[None]:
    """Does as `alone` does, and says in a sentence that the directory cannot be written.

    Raises:
      DataError: it cannot.
    """
    try:
        with alone(folder, name):
            yield
    except DataError:
        raise
    except Exception as error:  # those of tensorflow-datasets have no base class of their own
        pass_on_stop(error)
        raise DataError(
            f"{name} could not be prepared in {folder} ({first_line(error)}); name another data "
            "directory, one that can be written."
        ) from error


def first_line(error: Exception) -> str:
    """Returns the first line of an error's message, fit to stand in a sentence."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    lines = str(error).strip().splitlines() or [type(error).__name__]
    # TensorFlow adds the graph's node before and the operation's name behind.
    plain = re.sub(r"\{\{.*?\}\}|\[Op:.*?\].*", "", lines[0])
    return plain.strip().rstrip(".:")[:160]


def tell(message: str) -> None:
    """Writes a line to standard error, where there is one."""
    if sys.stderr:
        print(message, file=sys.stderr, flush=True)


def pass_on_stop(error: BaseException | None) -> None:
    """Raises anew the signal to stop, if an error is only what a library has made of one."""
    while error is not None:
        if not isinstance(error, Exception | GeneratorExit):
            raise error
        error = error.__cause__ or error.__context__


def _describes(folder: Path, name: str) -> bool:
    """Returns whether a folder itself is a prepared version of a data set."""
    try:
        text = (folder / _INFO).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return os.path.exists(folder / _INFO) and folder.parent.name == name
    try:
        return json.loads(text).get("name") == name
    except (ValueError, AttributeError, RecursionError):
        return folder.parent.name == name
