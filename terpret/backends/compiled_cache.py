"""Compiled training steps, kept for the next run of the same model in the user's cache folder.

XLA itself writes and reads the entries; TensorFlow takes the folder from the environment, once,
when it computes for the first time. An entry that it finds damaged would end the run, so each is
held against its checksum before, and what does not have one is removed. XLA names an entry by the
program before compilation. What else a compiled program depends on, the version of TensorFlow, the
processor and what XLA is told, names the folder around it.
"""

import contextlib
import hashlib
import os
import platform
import shutil
import tempfile
import time
import zlib
from collections.abc import Iterator

import tensorflow as tf

from terpret.errors import RunError
from terpret.files.atomic import UNFINISHED, write_text

# The variable of the environment that names the folder; empty, nothing is kept.
VARIABLE = "TERPRET_CACHE"
_FLAGS = "TF_XLA_FLAGS"
_DIRECTORY = "--tf_xla_persistent_cache_directory"
# On other devices nothing is kept: it was not measured.
_DEVICES = "--tf_xla_persistent_cache_device_types=CPU"
_ENTRY, _SUM = ".pb", ".sum"
# An entry takes 1 to 5 MB, and one that cannot be written ends the run.
LEAST_FREE, MOST_KEPT = 1 << 30, 256 << 20
# What is being written for longer than this, in seconds, has been given up.
_ABANDONED = 3600.0
# Where this process keeps what it compiles; None where nothing is kept.
_folder: str | None = None


def keep() -> bool:
    """Keeps what this process compiles, and lets it read what others have kept.

    To be called before TensorFlow computes anything: later it has no effect. It has none either
    where the environment turns it off, where `TF_XLA_FLAGS` names a folder already, or where the
    folder cannot be written or is on a disk that is nearly full.

    Returns:
      Whether it is kept.
    """
    global _folder
    given = os.environ.get(_FLAGS, "")
    if _folder is not None or _DIRECTORY in given:
        return _folder is not None
    folder = _place(given)
    if not folder or any(one.isspace() for one in folder):
        # TensorFlow divides its flags at spaces.
        return False
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
        if shutil.disk_usage(folder).free < LEAST_FREE:
            return False
        _remove_unsound(folder)
        _remove_oldest(folder)
    except OSError:
        return False
    os.environ[_FLAGS] = f"{given} {_DIRECTORY}={folder} {_DEVICES}".strip()
    _folder = folder
    return True


@contextlib.contextmanager
def sealing() -> Iterator[None]:
    """Gives a checksum to what is compiled and kept inside the block.

    Raises:
      RunError: it could not be written.
    """
    try:
        yield
    except tf.errors.OpError as error:
        if _folder is None or _folder not in error.message:
            raise
        reason = error.message.partition("; ")[2].partition(" [Op")[0].lower() or "a damaged file"
        raise RunError(
            f"cannot keep the compiled step in {_folder}: {reason}: make room there, or set the "
            f"environment variable {VARIABLE} to nothing"
        ) from None
    if _folder is not None:
        # The run goes on without: what has no checksum is removed by the next.
        with contextlib.suppress(OSError):
            for path in _entries(_folder):
                if not os.path.exists(path + _SUM):
                    write_text(path + _SUM, _checksum(path))


def _place(flags: str) -> str:
    """The folder of this machine's entries; empty where nothing is to be kept."""
    around = os.environ.get(VARIABLE)
    if around is None:
        home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
        around = os.path.join(home, "neural-terpret")
    about = [tf.version.VERSION, tf.version.GIT_VERSION, _processor(), flags]
    # From the environment: asking TensorFlow for its threads would make it read its flags.
    about += [os.environ.get(name, "") for name in ("XLA_FLAGS", "TF_NUM_INTRAOP_THREADS")]
    name = hashlib.sha256("\n".join(about).encode()).hexdigest()[:16]
    return os.path.join(os.path.abspath(around), "xla", name) if around else ""


def _processor() -> str:
    """What a compiled program needs of a processor, in words."""
    affinity = getattr(os, "sched_getaffinity", None)
    processors = len(affinity(0)) if affinity else os.cpu_count() or 1
    about = [platform.machine(), platform.processor(), str(processors)]
    # Only Linux has the file.
    with contextlib.suppress(OSError), open("/proc/cpuinfo", encoding="utf-8") as file:
        wanted = ("model name", "flags", "Features")
        about += sorted({line.strip() for line in file if line.startswith(wanted)})
    return "\n".join(about)


def _entries(folder: str) -> list[str]:
    return [one.path for one in os.scandir(folder) if one.name.endswith(_ENTRY) and one.is_file()]


def _checksum(path: str) -> str:
    """The checksum of a file and its length, as they are written down."""
    with open(path, "rb") as file:
        data = file.read()
    return f"{zlib.crc32(data)} {len(data)}"


def _remove_unsound(folder: str) -> None:
    """Removes entries without their checksum, checksums without entry, and what was given up."""
    for path in _entries(folder):
        with contextlib.suppress(FileNotFoundError):
            if not _is_sound(path):
                _remove(path)
    for one in os.scandir(folder):
        entry = one.name.removesuffix(_SUM)
        with contextlib.suppress(FileNotFoundError):
            if entry != one.name and not os.path.exists(os.path.join(folder, entry)):
                os.unlink(one.path)
            unfinished = one.name.startswith(UNFINISHED) or f"{_ENTRY}vm-" in one.name
            if unfinished and time.time() - one.stat().st_mtime > _ABANDONED:
                os.unlink(one.path)


def _is_sound(path: str) -> bool:
    try:
        with open(path + _SUM, encoding="utf-8") as file:
            return file.read() == _checksum(path)
    except (OSError, UnicodeDecodeError):
        return False


def _remove_oldest(folder: str) -> None:
    """Removes the entries that were made longest ago, so that no more is kept than is to be."""
    kept = 0
    about = []
    for path in _entries(folder):
        # Another run may remove it at the same time.
        with contextlib.suppress(FileNotFoundError):
            about.append((os.stat(path), path))
    for stat, path in sorted(about, key=lambda one: -one[0].st_mtime):
        kept += stat.st_size
        if kept > MOST_KEPT:
            _remove(path)


def _remove(path: str) -> None:
    for one in (path, path + _SUM):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(one)
