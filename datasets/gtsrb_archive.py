"""Reads the official archives of GTSRB, or parts of them, without unpacking them to the disk.

GTSRB/Final_Training/Images/000CC/GT-000CC.csv       a row for each photograph of class CC
GTSRB/Final_Training/Images/000CC/TTTTT_FFFFF.ppm    frame F of track T, one physical sign
GTSRB/Final_Test/Images/GT-final_test.csv
GTSRB/Final_Test/Images/NNNNN.ppm
"""

import contextlib
import csv
import io
import lzma
import re
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np

from datasets.pools import DataError

CLASSES = 43
SUFFIXES = (".tar.gz", ".tgz", ".tar", ".zip")
_TRAIN = re.compile(r"GTSRB/Final_Training/Images/(\d{5})/(?:GT-\1\.csv|(\d{5})_(\d{5})\.ppm)")
_TEST = re.compile(r"GTSRB/Final_Test/Images/(?:GT-final_test\.csv|\d{5}\.ppm)")
_COLUMNS = ("Width", "Height", "Roi.X1", "Roi.Y1", "Roi.X2", "Roi.Y2", "ClassId")
_PPM = re.compile(rb"P6\s(?:#[^\n]*\s)*(\d+)\s(?:#[^\n]*\s)*(\d+)\s(?:#[^\n]*\s)*255\s")
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
# The numbers of `_COLUMNS` for each photograph, by its path.
_Rows = dict[str, tuple[int, ...]]
# A path in an archive, and what reads it.
_Member = tuple[str, Callable[[], bytes]]


@dataclass(frozen=True, eq=False)
class Photo:
    """A photograph of a sign.

    Attributes:
      name: its path in the archive.
      split: "train" or "test".
      kind: its class, 0..42.
      track: which physical sign of its class it shows; -1 in the test set, which does not say.
      frame: its place in the track, -1 in the test set.
      region: where the sign is: left, top, right and bottom, the last two exclusive.
      pixels: uint8 [height, width, 3].
    """

    name: str
    split: str
    kind: int
    track: int
    frame: int
    region: tuple[int, int, int, int]
    pixels: np.ndarray


def photos(paths: Sequence[Path], kinds: Collection[int] = range(CLASSES)) -> Iterator[Photo]:
    """Reads the photographs of archives, in their order.

    Args:
      paths: .tar.gz, .tar or .zip files in the official layout; one may hold the rows of another's
        photographs. Photographs of the test set may be left out, of the training set not.
      kinds: the classes that are wanted.

    Yields:
      The photographs.

    Raises:
      DataError: an archive is missing, damaged or of another layout, holds a path that leaves its
        folder, or a row and its photograph do not agree.
    """
    rows = _rows(paths)
    missing = {name for name, row in rows.items() if row[-1] in kinds and _TRAIN.fullmatch(name)}
    for path in paths:
        for name, read in _members(path):
            if not name.endswith(".ppm"):
                continue
            if name not in rows:
                raise DataError(f"{path} holds {name}, of which no GT-*.csv says what it shows.")
            if rows[name][-1] in kinds:
                missing.discard(name)
                yield _photo(path, name, rows[name], read())
    if missing:
        raise DataError(
            f"{_named(paths)} lacks {len(missing)} photographs that its GT-*.csv name, such as "
            f"{min(missing)}; place a whole copy there."
        )


def _rows(paths: Sequence[Path]) -> _Rows:
    """Reads all rows of all tables."""
    rows: _Rows = {}
    for path in paths:
        for name, read in _members(path):
            if name.endswith(".csv"):
                rows |= _table(path, name, read())
    if not rows:
        raise DataError(
            f"{_named(paths)} is not GTSRB in its official layout: it holds no "
            "GTSRB/Final_Training/Images/000CC/GT-000CC.csv."
        )
    return rows


def _members(path: Path) -> Iterator[_Member]:
    """Goes through the photographs and tables of an archive: their paths and what reads them."""
    if not path.is_file():
        raise DataError(f"There is no file {path}; name an archive of GTSRB.")
    members = _zip_members if zipfile.is_zipfile(path) else _tar_members
    with _sound(path):
        for name, read in members(path):
            yield name, partial(_whole, path, read)


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
        raise DataError(
            f"{path} cannot be read as an archive: it is damaged, was cut short or is of another "
            f"kind ({str(error) or type(error).__name__}); place a sound copy there."
        ) from error


def _tar_members(path: Path) -> Iterator[_Member]:
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


def _zip_members(path: Path) -> Iterator[_Member]:
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
    return bool(_TRAIN.fullmatch(name) or _TEST.fullmatch(name))


def _table(path: Path, name: str, text: bytes) -> _Rows:
    """Reads the rows of a table, each under the path of its photograph."""
    folder = PurePosixPath(name).parent
    rows: _Rows = {}
    try:
        for row in csv.DictReader(io.StringIO(text.decode("ascii")), delimiter=";"):
            numbers = tuple(int(row[column]) for column in _COLUMNS)
            if not 0 <= numbers[-1] < CLASSES:
                raise ValueError(f"there is no class {numbers[-1]}")
            rows[str(folder / row["Filename"])] = numbers
    except (UnicodeDecodeError, KeyError, TypeError, ValueError, csv.Error) as error:
        raise DataError(
            f"{name} in {path} is no table of GTSRB's: it needs a row 'Filename;"
            f"{';'.join(_COLUMNS)}' and rows of that form ({error})."
        ) from error
    return rows


def _photo(path: Path, name: str, row: tuple[int, ...], data: bytes) -> Photo:
    """Makes a photograph of its row and its file."""
    width, height, left, top, right, bottom, kind = row
    header = _PPM.match(data)
    pixels = np.frombuffer(data, np.uint8, offset=header.end() if header else 0)
    if header is None or pixels.size != 3 * int(header[1]) * int(header[2]):
        raise DataError(f"{name} in {path} is no whole PPM image; place a sound copy there.")
    if (int(header[1]), int(header[2])) != (width, height):
        raise DataError(
            f"{name} in {path} is {int(header[1])} x {int(header[2])} pixels large, in its row "
            f"{width} x {height}."
        )
    if not (0 <= left < right <= width and 0 <= top < bottom <= height):
        raise DataError(
            f"The region of {name} in {path}, columns {left}..{right - 1} and rows "
            f"{top}..{bottom - 1}, is not inside its {width} x {height} pixels."
        )
    found = _TRAIN.fullmatch(name)
    if found and int(found[1]) != kind:
        raise DataError(f"{name} in {path} is of class {kind} by its row; its folder says another.")
    return Photo(
        name=name,
        split="train" if found else "test",
        kind=kind,
        track=int(found[2]) if found else -1,
        frame=int(found[3]) if found else -1,
        region=(left, top, right, bottom),
        pixels=pixels.reshape(height, width, 3),
    )


def _named(paths: Sequence[Path]) -> str:
    return ", ".join(map(str, paths))
