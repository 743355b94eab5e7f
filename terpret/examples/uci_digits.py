"""The digits that come with the library: 1,797 UCI digits of 8x8, enlarged to look like MNIST.

The order of the set tells its writers apart: it is fourteen sheets in a row, each asking for the
same sequence of some 130 digits, so every sheet shows the ten digits about equally often. The test
part is the last three sheets (382 images, from index 1415 on), the training part the eleven before
(1,415 images): no sheet is on both sides, as MNIST's test digits are by other hands than its
training digits.
"""

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from terpret.errors import DataError

COUNT = 1797
FIRST_TEST_INDEX = 1415
SIDE = 28
_FILE = Path(__file__).parent / "digits.npz"
# Pixels per 8x8 cell: the soft edges of strokes bring the ink box from 19 to 20 pixels, as MNIST's.
_SCALE = 19 / 8


@dataclass(frozen=True, eq=False)
class Digits:
    """Images of single digits, ink bright on black, and which digits they are.

    Attributes:
      images: to learn from, uint8 [1415, 28, 28], values 0..255.
      labels: the digits that they show, int32 [1415].
      test_images: to test on, by other hands, uint8 [382, 28, 28].
      test_labels: int32 [382].
    """

    images: np.ndarray
    labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray


def read_digits(path: Path = _FILE) -> Digits:
    """Reads and enlarges the digits, in a tenth of a second.

    Args:
      path: the archive with `images` uint8 [1797, 8, 8], values 0..16, and `labels` uint8 [1797].

    Raises:
      DataError: the file is missing or damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            small, labels = archive["images"], archive["labels"].astype(np.int32)
        if small.shape != (COUNT, 8, 8) or labels.shape != (COUNT,):
            raise ValueError("it does not hold the 1,797 digits")
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(f"The embedded digits cannot be read from {path} ({error}).") from error
    images = enlarge(small)
    train, test = slice(None, FIRST_TEST_INDEX), slice(FIRST_TEST_INDEX, None)
    return Digits(images[train], labels[train], images[test], labels[test])


def enlarge(small: np.ndarray) -> np.ndarray:
    """Enlarges 8x8 digits as MNIST was made: a 20x20 ink box, its centre of mass in the middle.

    Args:
      small: [n, 8, 8], values 0..16.

    Returns:
      uint8 [n, 28, 28], values 0..255.
    """
    weights = _cubic_weights(SIDE, small.shape[1], _SCALE)
    large = weights @ (small.astype(np.float64) / 16.0) @ weights.T
    # The 8x8 values are ink averaged over blocks: more contrast gives back black and full white.
    grey = 255.0 * np.clip((large - 0.15) / 0.7, 0.0, 1.0)
    # Rounding twice gives the same byte whatever the last bits of a platform's sums are.
    images = np.rint(np.round(grey, 6)).astype(np.uint8)
    return np.stack([_centred(image) for image in images])


def _cubic_weights(target: int, source: int, scale: float) -> np.ndarray:
    """Returns [target, source] Catmull-Rom weights that enlarge about the centre; black outside."""
    positions = (np.arange(target) - (target - 1) / 2) / scale + (source - 1) / 2
    distance = np.abs(positions[:, None] - np.arange(source))
    near = 1.5 * distance**3 - 2.5 * distance**2 + 1.0
    far = -0.5 * distance**3 + 2.5 * distance**2 - 4.0 * distance + 2.0
    return np.where(distance < 1.0, near, np.where(distance < 2.0, far, 0.0))


def _centred(image: np.ndarray) -> np.ndarray:
    """Moves an image [28, 28] by whole pixels so that its centre of mass is in the middle."""
    ink = image.astype(np.float64)
    wanted = (SIDE - 1) / 2
    row = round(ink.sum(axis=1) @ np.arange(SIDE) / ink.sum() - wanted)
    column = round(ink.sum(axis=0) @ np.arange(SIDE) / ink.sum() - wanted)
    framed = np.pad(image, SIDE)
    return framed[SIDE + row : 2 * SIDE + row, SIDE + column : 2 * SIDE + column]
