"""Reads MNIST from its own files, wherever users keep them, each known by its content's digest.

They are the four of the original, packed or unpacked, as the original's page, torchvision or Kaggle
name and place them, or Keras' mnist.npz. Read directly, the images come in the order in which
tensorflow-datasets keeps them: a run is the same to the bit either way.
"""

import gzip
import hashlib
import itertools
import os
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from datasets.folders import require_readable
from datasets.pools import SIDE, ImagePool
from terpret.errors import DataError

SPLITS = {"train": 60_000, "test": 10_000}
# The SHA-256 sums under which tensorflow-datasets knows the four files.
FILES = {
    "train-images-idx3-ubyte.gz": (
        "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"
    ),
    "train-labels-idx1-ubyte.gz": (
        "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"
    ),
    "t10k-images-idx3-ubyte.gz": (
        "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"
    ),
    "t10k-labels-idx1-ubyte.gz": (
        "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"
    ),
}
ARCHIVE = "mnist.npz"


@dataclass(frozen=True)
class _Content:
    """What a file of MNIST holds when it is unpacked: a header, and the values.

    Attributes:
      split: "train" or "test".
      field: what the values are called in Keras' archive.
      header: the file's first bytes.
      shape: the values' shape.
      digest: the SHA-256 sum of the values.
    """

    split: str
    field: str
    header: bytes
    shape: tuple[int, ...]
    digest: str


def _content(split: str, field: str, digest: str) -> _Content:
    image = (SIDE, SIDE) if field.startswith("x") else ()
    shape = (SPLITS[split], *image)
    header = bytes([0, 0, 8, len(shape)]) + np.array(shape, ">u4").tobytes()
    return _Content(split, field, header, shape, digest)


CONTENTS = {
    "train-images-idx3-ubyte.gz": _content(
        "train", "x_train", "741c988805d008ac6e4c904b69001ba184c24b2c540a4ef403f4c71b676cf757"
    ),
    "train-labels-idx1-ubyte.gz": _content(
        "train", "y_train", "1feba77c54802fa5339a11837ea4b2866434b83314ec45192930f1df69120c13"
    ),
    "t10k-images-idx3-ubyte.gz": _content(
        "test", "x_test", "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161"
    ),
    "t10k-labels-idx1-ubyte.gz": _content(
        "test", "y_test", "ddeff807876a9661a1110d45c266c86239a3a1b7d37da0c3716a7a683c852ff5"
    ),
}
# A data directory may have many folders of other things.
_MOST_FOLDERS = 1000
_PACKED = b"\x1f\x8b"

# The file that holds each of `FILES`: one of its own, or Keras' archive, which holds all.
Placed = Mapping[str, Path]


def manual_folder(folder: Path) -> Path:
    """Returns where tensorflow-datasets looks for files that users place."""
    return folder / "downloads" / "manual"


def find(folder: Path) -> Placed:
    """Finds MNIST's own files in a data directory, its usual subfolders, and the manual folder.

    Args:
      folder: the data directory, or any folder of torchvision's down to `MNIST/raw`.

    Returns:
      The files found, by name; perhaps not all. Whether they are sound is not asked.

    Raises:
      DataError: the manual folder cannot be read.
    """
    manual = manual_folder(folder)
    require_readable(manual)
    own = [f"{name}{raw}" for name in ("", "mnist/", "MNIST/") for raw in ("", "raw/")]
    places = [base / name for base in (manual, folder, folder / "downloads") for name in own]
    return _found(places)


def find_deeper(folder: Path) -> list[Placed]:
    """Finds whole sets of files of MNIST's names up to three levels below a data directory.

    They may be of another data set, such as Fashion-MNIST, which took these names over.
    """
    levels = (folder.glob(f"{'*/' * depth}") for depth in (1, 2, 3))
    folders = itertools.islice(itertools.chain.from_iterable(levels), _MOST_FOLDERS)
    return [found for place in folders if len(found := _found([place])) == len(FILES)]


def _found(places: Iterable[Path]) -> Placed:
    """Returns the first file of each name in the places, or else the first archive that has all."""
    places = list(places)
    files: dict[str, Path] = {}
    for name, place in itertools.product(FILES, places):
        found = next((path for path in _spellings(place, name) if os.path.isfile(path)), None)
        if found:
            files.setdefault(name, found)
    if len(files) < len(FILES):
        archives = (place / ARCHIVE for place in places)
        archive = next((path for path in archives if os.path.isfile(path)), None)
        if archive:
            return dict.fromkeys(FILES, archive)
    return files


def _spellings(place: Path, name: str) -> Iterator[Path]:
    """The paths that a file may have in a folder: packed or not, with a dot as Kaggle has it."""
    for plain in (name.removesuffix(".gz"), name.removesuffix(".gz").replace("-idx", ".idx")):
        yield from (place / f"{plain}.gz", place / plain, place / plain / plain)


def is_original(path: Path, name: str) -> bool:
    """Returns whether a file is, to the byte, the one that tensorflow-datasets knows by a name."""
    require_readable(path)
    return hashlib.sha256(path.read_bytes()).hexdigest() == FILES[name]


def read(placed: Placed) -> tuple[ImagePool, ImagePool]:
    """Reads MNIST from its own files.

    Args:
      placed: all four, as `find` finds them.

    Returns:
      The training and the test pool, in the order of tensorflow-datasets.

    Raises:
      DataError: one is damaged, or is not MNIST's.
    """
    values = {CONTENTS[name].field: content(path, name) for name, path in placed.items()}
    train, test = (
        _pool(split, values[f"x_{split}"], values[f"y_{split}"].astype(np.int32))
        for split in SPLITS
    )
    return train, test


def content(path: Path, name: str) -> np.ndarray:
    """Reads the values of one of the four files, or their like in Keras' archive.

    Raises:
      DataError: it cannot be read, is damaged, or is not MNIST's.
    """
    require_readable(path)
    wanted = CONTENTS[name]
    try:
        data = _from_archive(path, wanted) if path.name == ARCHIVE else _unpacked(path, wanted)
    except (OSError, EOFError, ValueError, KeyError, zlib.error, zipfile.BadZipFile) as error:
        why = f"it cannot be unpacked: {error}" if str(error) else "it cannot be unpacked"
        raise DataError(_damaged(path, why)) from error
    if hashlib.sha256(data).hexdigest() != wanted.digest:
        part = f" of '{wanted.field}'" if path.name == ARCHIVE else ""
        raise DataError(_damaged(path, f"its SHA-256 sum{part} is not that of MNIST's file"))
    return np.frombuffer(data, np.uint8).reshape(wanted.shape)


def _damaged(path: Path, why: str) -> str:
    return (
        f"{path} is damaged, or of another data set such as Fashion-MNIST, whose files have the "
        f"same names ({why}); place a sound copy there, or remove it."
    )


def _unpacked(path: Path, wanted: _Content) -> bytes:
    """Returns the values in a file, packed or not, whatever it is called."""
    size = len(wanted.header) + int(np.prod(wanted.shape))
    with open(path, "rb") as file:
        packed = file.read(len(_PACKED)) == _PACKED
    # One byte more than is right tells a file that is too long.
    with gzip.open(path) if packed else open(path, "rb") as file:
        data = file.read(size + 1)
    return data.removeprefix(wanted.header)


def _from_archive(path: Path, wanted: _Content) -> bytes:
    with np.load(path, allow_pickle=False) as archive:
        values = archive[wanted.field]
    return values.tobytes() if values.dtype == np.uint8 else b""


def _pool(split: str, images: np.ndarray, labels: np.ndarray) -> ImagePool:
    """Makes a pool in the order of tensorflow-datasets, which sorts by the digest of the number."""
    start = hashlib.md5(split.encode(), usedforsecurity=False)

    def digest(number: int) -> bytes:
        salted = start.copy()
        salted.update(str(number).encode())
        return salted.digest()

    order = sorted(range(len(labels)), key=digest)
    return ImagePool(images[order], labels[order])
