"""Finds the street signs of the mazes, photographed or drawn by the project, and says which.

GTSRB has no sign that points down, so the arrows of all four directions are its class 35, "ahead
only", turned by quarter turns. Every track (the frames of one physical sign) is given to one side
of the split before that, and a round mask hides the corners, whose turned background would tell the
direction as well.
"""

import numpy as np

from datasets.embedded_signs import draw
from datasets.folders import data_folder, described, expanded, meant, require_readable, unreadable
from datasets.mazes import SIGNS
from datasets.pools import SIDE, ImagePool, ImageSet
from datasets.sign_files import AHEAD_CLASS, STOP_CLASS, Photos, placed, read
from terpret.errors import DataError

CHOICES = ("auto", "gtsrb", "embedded")
# Of the tracks of a class, every fourth is for tests.
_TEST_EVERY = 4
# Counter-clockwise quarter turns of an arrow that points up, by label.
_TURNS = {"east": 3, "south": 2, "west": 1, "north": 0}
# Up to here, in pixels from the middle, a sign is all there is.
_RADIUS = 12.5
# The darkest and the brightest share of the pixels, in percent, that the contrast leaves aside.
_DARK, _BRIGHT = 2, 98
# Embedded signs, of each label.
_TRAIN_DRAWN, _TEST_DRAWN = 600, 200


def load_signs(choice: str = "auto", data_dir: str | None = None) -> ImageSet:
    """Loads the signs.

    Args:
      choice: "gtsrb": GTSRB, prepared or placed in `data_dir` as `datasets.sign_files.placed` finds
        it, or downloaded; "embedded": those that the project draws; "auto": GTSRB where it is
        prepared or placed, else the embedded ones; or the path of an archive, file or folder of
        GTSRB, as `datasets.sign_files.read` takes it.
      data_dir: the data directory of tensorflow-datasets; None is the default one.

    Returns:
      The signs, labelled in the order of `SIGNS`, and where they come from.

    Raises:
      DataError: what was asked for cannot be had, or what there is of it is damaged, which "auto"
        does not pass over either.
    """
    if choice in ("auto", "gtsrb"):
        folder = data_folder(data_dir)
        found = [] if unreadable(folder) else placed(folder)
        if not found and choice == "gtsrb":
            if data_dir and not folder.is_dir():
                raise DataError(
                    f"The data directory {folder} does not exist{meant(folder)}; name one that "
                    "does, or choose the embedded signs."
                )
            # Its import takes longer than all the rest, and few runs need it.
            from datasets.gtsrb import prepare

            found = [prepare(str(folder))]
        if not found:
            return _drawn(
                f"embedded signs (drawn by the project; no GTSRB found in {described(folder)})"
            )
    elif choice == "embedded":
        return _drawn("embedded signs (drawn by the project)")
    else:
        found = [expanded(choice)]
        require_readable(*found)
        if not choice or not found[0].exists():
            raise DataError(
                f"There is no file {found[0]}{meant(found[0], *CHOICES)}; name an archive, file or "
                f"folder of GTSRB that exists, or choose {', '.join(CHOICES)}."
            )
    return _photographed(read(*found), f"GTSRB of {' and '.join(map(str, found))}")


def finished(images: np.ndarray) -> np.ndarray:
    """Masks grey images by a disc and scales the contrast of each to the full range.

    Many photographs are very dark, and what lies outside the disc says nothing about a sign.

    Args:
      images: [n, 28, 28], any range.

    Returns:
      uint8 [n, 28, 28], black outside the disc.
    """
    away = np.arange(SIDE) - (SIDE - 1) / 2
    disc = np.hypot(away[:, None], away) <= _RADIUS
    pixels = images.astype(float)
    low, high = np.percentile(pixels[:, disc], (_DARK, _BRIGHT), axis=1)[..., None, None]
    scaled = np.clip((pixels - low) / np.maximum(high - low, 1e-9), 0.0, 1.0)
    return np.where(disc, np.rint(255.0 * scaled), 0.0).astype(np.uint8)


def _drawn(source: str) -> ImageSet:
    """Signs of the project's own generator, as many of each label."""
    count = _TRAIN_DRAWN + _TEST_DRAWN
    stops, arrows = draw("stop", count), draw("arrow", count)
    train, test = slice(_TRAIN_DRAWN), slice(_TRAIN_DRAWN, None)
    counts = f"{_TRAIN_DRAWN} training and {_TEST_DRAWN} test images of each"
    return ImageSet(
        _pool(stops[train], arrows[train]),
        _pool(stops[test], arrows[test]),
        f"{source}; {counts}",
    )


def _photographed(photos: Photos, source: str) -> ImageSet:
    """Signs of GTSRB, each track on one side of the split."""
    stops, arrows = (_split(photos, kind) for kind in (STOP_CLASS, AHEAD_CLASS))
    train, test = (
        _pool(photos.images[s], photos.images[a]) for s, a in zip(stops, arrows, strict=True)
    )
    counts = f"{len(train)} training and {len(test)} test images, of different tracks"
    return ImageSet(train, test, f"{source}, arrows turned; {counts}")


def _split(photos: Photos, kind: int) -> tuple[np.ndarray, np.ndarray]:
    """The places of a class's photographs, for training and for tests."""
    places = np.flatnonzero(photos.kinds == kind)
    tracks = np.unique(photos.tracks[places])
    if len(tracks) < _TEST_EVERY:
        raise DataError(
            f"There are {len(tracks)} tracks of GTSRB's class {kind:05d}; a split by track needs "
            f"{_TEST_EVERY} at least."
        )
    for_test = np.isin(photos.tracks[places], tracks[_TEST_EVERY - 1 :: _TEST_EVERY])
    return places[~for_test], places[for_test]


def _pool(stops: np.ndarray, arrows: np.ndarray) -> ImagePool:
    """A pool of stop signs and of upward arrows, each turned into all four directions."""
    turned = [np.rot90(arrows, _TURNS[name], axes=(1, 2)) for name in SIGNS[1:]]
    counts = [len(stops), *(len(images) for images in turned)]
    labels = np.repeat(np.arange(len(SIGNS), dtype=np.int32), counts)
    return ImagePool(finished(np.concatenate([stops, *turned])), labels)
