"""Reads the photographs of GTSRB from archives and folders of it, and checks each by its row."""

import hashlib
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf

from datasets.gtsrb_archive import members
from datasets.gtsrb_layouts import (
    CLASSES,
    FORMS,
    TABLES,
    Key,
    Rows,
    is_table,
    is_training,
    photograph,
    said,
    table,
)
from terpret.errors import DataError

SPLITS = ("train", "test")
_PPM = re.compile(rb"P6\s(?:#[^\n]*\s)*(\d+)\s(?:#[^\n]*\s)*(\d+)\s(?:#[^\n]*\s)*255\s")


@dataclass(frozen=True, eq=False)
class Photo:
    """A photograph of a sign.

    Attributes:
      name: its path in the archive, or below the folder.
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


def photos(
    paths: Sequence[Path],
    kinds: Collection[int] = range(CLASSES),
    splits: Collection[str] = SPLITS,
) -> Iterator[Photo]:
    """Reads the photographs of archives and folders, in their order, each once.

    Args:
      paths: archives and folders in the forms of `datasets.gtsrb_layouts`; one may hold the rows of
        another's photographs. Photographs of the test set may be left out, of the training set not.
        Where no table tells their classes, those of the test set are passed over.
      kinds: the classes that are wanted.
      splits: the parts that are wanted, "train", "test" or both.

    Yields:
      The photographs.

    Raises:
      DataError: one is missing, damaged or of another form, holds a path that leaves its folder, or
        a row and its photograph, or two copies of one, do not agree.
    """
    rows = _rows(paths)
    classified = any(not is_training(key) for key in rows)
    missing = {key for key, row in rows.items() if is_training(key) and row[-1] in kinds}
    seen: dict[Key, tuple[bytes, Path]] = {}
    for path in paths:
        for name, read in members(path):
            key = photograph(name)
            if key is None or not (classified or is_training(key)):
                continue
            if key not in rows:
                raise DataError(f"{path} holds {name}, of which no {TABLES} says what it shows.")
            if rows[key][-1] not in kinds or _split(key) not in splits:
                continue
            missing.discard(key)
            photo = _photo(path, name, key, rows[key], read())
            digest = hashlib.sha256(photo.pixels).digest()
            if key not in seen:
                seen[key] = digest, path
                yield photo
            elif seen[key][0] != digest:
                raise DataError(
                    f"{name} in {path} is another picture than in {seen[key][1]}; keep one copy of "
                    "GTSRB."
                )
    if missing and "train" in splits:
        raise DataError(
            f"{_named(paths)} lacks {len(missing)} photographs that its {TABLES} name, such as "
            f"{said(min(missing))}; place a whole copy there."
        )


def _split(key: Key) -> str:
    return "train" if is_training(key) else "test"


def _rows(paths: Sequence[Path]) -> Rows:
    """Reads all rows of all tables."""
    rows: dict[Key, tuple[int, ...]] = {}
    alone = ""
    for path in paths:
        for name, read in members(path):
            if not is_table(name):
                alone = name
                continue
            for key, row in table(path, name, read()).items():
                if rows.setdefault(key, row) != row:
                    raise DataError(
                        f"{name} in {path} says of {said(key)} what another table does not; keep "
                        "one copy of GTSRB."
                    )
    if not any(is_training(key) for key in rows):
        found = "none of its files"
        if rows or (alone and not is_training(photograph(alone))):
            found = "the test set alone, which tells no tracks"
        elif alone:
            found = f"{alone}, but no {TABLES} that says what it shows"
        raise DataError(
            f"{_named(paths)} is not GTSRB's training set in its official layout or another that "
            f"is read: it holds {found}; it needs {FORMS}."
        )
    return rows


def _photo(path: Path, name: str, key: Key, row: tuple[int, ...], data: bytes) -> Photo:
    """Makes a photograph of its row and its file."""
    width, height, left, top, right, bottom, kind = row
    pixels = _png(data) if name.lower().endswith(".png") else _ppm(data)
    if pixels is None:
        form = "PNG" if name.lower().endswith(".png") else "PPM"
        raise DataError(f"{name} in {path} is no whole {form} image; place a sound copy there.")
    if pixels.shape != (height, width, 3):
        raise DataError(
            f"{name} in {path} is {pixels.shape[1]} x {pixels.shape[0]} pixels large, in its row "
            f"{width} x {height}."
        )
    if not (0 <= left < right <= width and 0 <= top < bottom <= height):
        raise DataError(
            f"The region of {name} in {path}, columns {left}..{right - 1} and rows "
            f"{top}..{bottom - 1}, is not inside its {width} x {height} pixels."
        )
    return Photo(
        name=name,
        split=_split(key),
        kind=kind,
        track=key[1] if is_training(key) else -1,
        frame=key[2],
        region=(left, top, right, bottom),
        pixels=pixels,
    )


def _ppm(data: bytes) -> np.ndarray | None:
    """Returns the pixels of a PPM image; None of what is not one, or not whole."""
    header = _PPM.match(data)
    pixels = np.frombuffer(data, np.uint8, offset=header.end() if header else 0)
    if header is None or pixels.size != 3 * int(header[1]) * int(header[2]):
        return None
    return pixels.reshape(int(header[2]), int(header[1]), 3)


def _png(data: bytes) -> np.ndarray | None:
    """Returns the pixels of a PNG image; None of what is not one, or not whole."""
    try:
        return tf.io.decode_png(data, channels=3).numpy()
    except tf.errors.InvalidArgumentError:
        return None


def _named(paths: Sequence[Path]) -> str:
    return ", ".join(map(str, paths))
