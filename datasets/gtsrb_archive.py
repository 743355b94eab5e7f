"""Goes through the photographs and tables of GTSRB in an archive or below a folder.

An archive is not unpacked to the disk, and read to its checksums.
"""

import contextlib
import itertools
import lzma
import os
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path, PurePosixPath

from datasets.folders import listed, meant, require_readable, unreadable
from datasets.gtsrb_layouts import is_folder, is_table, photograph
from terpret.errors import DataError

SUFFIXES = (".tar.gz", ".tgz", ".tar", ".zip")
_SINGLE = (".csv", ".ppm", ".png")
# An encrypted .zip is a RuntimeError, and so is one of an unknown version or compression.
_DAMAGED = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    RuntimeError,
    UnicodeDecodeError,
)
# People unpack archives into folders of their own names; so deep they are looked into.
_DEEPEST_OTHER = 2

# A path in an archive or below a folder, in the forms that `gtsrb_layouts` knows; what reads it.
Member = tuple[str, Callable[[], bytes]]


def members(path: Path) -> Iterator[Member]:
    """Goes through the photographs and tables of an archive or a folder.

    Args:
      path: a .tar.gz, .tar or .zip file, or a folder from the archive's top down to the classes'.

    Yields:
      Their paths and what reads them.

    Raises:
      DataError: it is missing, cannot be read or is damaged, or an archive holds a path that leaves
        its folder.
    """
    if path.is_dir():
        yield from _below(path)
        return
    if not path.is_file():
        raise DataError(f"There is no file {path}{meant(path)}; name an archive of GTSRB.")
    if path.suffix.lower() in _SINGLE:
        raise DataError(
            f"{path} is one file of many; name the folder or the archive that holds all of GTSRB's."
        )
    require_readable(path)
    each = _zip_members if zipfile.is_zipfile(path) else _tar_members
    with _sound(path):
        for name, read in each(path):
            yield name, partial(_whole, path, read)


def _below(folder: Path) -> Iterator[Member]:
    """Goes through a folder and, in the order of their names, through those below it."""
    above = itertools.takewhile(is_folder, reversed(folder.absolute().parts))
    top = list(above)[::-1]
    seen = set()
    waiting = [(folder, top, 0)]
    while waiting:
        place, parts, depth = waiting.pop()
        if depth and not parts and unreadable(place):
            continue
        require_readable(place)
        # A link may lead back to where it is.
        real = os.path.realpath(place)
        if real in seen:
            continue
        seen.add(real)
        below = []
        for path in listed(place):
            if os.path.isfile(path):
                names = ("/".join([*parts[start:], path.name]) for start in range(len(parts) + 1))
                name = next(filter(_known, names), None)
                if name:
                    yield name, partial(_read_file, path)
            elif is_folder(path.name) and (parts or not path.name.isdigit()):
                below.append((path, [*parts, path.name], depth))
            elif path.name.upper().startswith("GTSRB"):
                below.append((path, [], depth))
            elif depth < _DEEPEST_OTHER and os.path.isdir(path):
                below.append((path, [], depth + 1))
        waiting += reversed(below)


def _read_file(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}).") from error


def _whole(path: Path, read: Callable[[], bytes]) -> bytes:
    """Reads a member, by whoever goes through the members."""
    with _sound(path):
        return read()


@contextlib.contextmanager
def _sound(path: Path) -> Iterator[None]:
    """Says in one sentence that an archive cannot be read."""
    try:
        yield
    except _DAMAGED as error:
        why = (str(error).splitlines() or [type(error).__name__])[0].rstrip(":")
        raise DataError(
            f"{path} cannot be read as an archive: it is damaged, was cut short or is of another "
            f"kind ({why}); place a sound copy there."
        ) from error


def _tar_members(path: Path) -> Iterator[Member]:
    with tarfile.open(path) as archive:
        for member in archive:
            name = _inside(path, member.name)
            if member.islnk() or member.issym():
                raise DataError(f"{path} holds the link {name}; GTSRB has none, so it is not read.")
            if member.isfile() and _known(name):
                yield name, lambda member=member: archive.extractfile(member).read()
        _nothing_left(archive)


def _nothing_left(archive: tarfile.TarFile) -> None:
    """Reads an archive to its end, for there its checksum is; before it only zeros may come.

    A damaged header in the middle would else pass for the end, and a damaged image for an image.
    """
    archive.fileobj.seek(archive.offset)
    while block := archive.fileobj.read(1 << 20):
        if block.strip(b"\0"):
            raise tarfile.ReadError("there is more in it than its members")


def _zip_members(path: Path) -> Iterator[Member]:
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            name = _inside(path, member.filename)
            if _known(name):
                yield name, lambda member=member: archive.read(member)


def _inside(path: Path, name: str) -> str:
    """Returns the plain form of a member's name; one that leaves the folder is refused."""
    plain = PurePosixPath(name.replace("\\", "/"))
    if plain.is_absolute() or ".." in plain.parts or ":" in name:
        raise DataError(
            f"{path} holds the path '{name}', which leaves the archive's folder; it is not GTSRB's "
            "and is not read."
        )
    return str(plain)


def _known(name: str) -> bool:
    return is_table(name) or photograph(name) is not None
