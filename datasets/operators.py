"""Finds the operator images, handwritten ones or those drawn by the project, and says which."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf

from datasets.embedded_operators import draw
from datasets.folders import data_folder
from datasets.operator_files import OPERATORS, read_file, read_folder
from datasets.pools import DataError, ImagePool
from datasets.seeds import shuffled_epochs

# The paper's footnote 2: 200 examples of each operator, 600 in all for training and 200 for tests.
TRAIN_EACH, TEST_EACH = 150, 50
EACH = TRAIN_EACH + TEST_EACH
# The data set that `datasets.math_operators` prepares, and the file that it reads.
PREPARED = ("math_operators", "1.0.0")
FILE = "operators.npz"


@dataclass(frozen=True, eq=False)
class Operators:
    """The operators of a run, labelled 0..3 in the order of `OPERATORS`.

    Attributes:
      train: the pool that training examples are composed from.
      test: the pool that test examples are composed from; it shares no image with `train`.
      source: what the operators are, in words, as recorded with every result.
    """

    train: ImagePool
    test: ImagePool
    source: str


def load_operators(choice: str = "auto", data_dir: str | None = None) -> Operators:
    """Loads the operators: 150 training and 50 test images of each, chosen by a fixed seed.

    Where an operator has fewer than 200 images, all are taken in equal numbers and in the same
    proportion, three to one.

    Args:
      choice: an .npz file as `read_file` takes it; or a folder that tensorflow-datasets has
        prepared; or "embedded": those that the project draws; or "auto": the folder
        `data_dir`/math_operators/1.0.0 or the file `data_dir`/downloads/manual/operators.npz where
        there is one, else the embedded ones.
      data_dir: the data directory of tensorflow-datasets; None is the default one.

    Returns:
      The operators and where they come from.

    Raises:
      DataError: there is no such file or folder, or it does not hold the four operators.
    """
    why = ""
    if choice == "auto":
        folder = data_folder(data_dir)
        choice = _placed(folder) or "embedded"
        why = f"; no others found in {folder}"
    if choice == "embedded":
        return _chosen(_drawn(), f"embedded operators (pen strokes drawn by the project{why})")
    path = Path(choice).expanduser()
    if not path.exists():
        raise DataError(
            f"There are no operators '{choice}'; name an .npz file or a prepared folder that "
            "exists, or choose auto or embedded."
        )
    pool = read_folder(path) if path.is_dir() else read_file(path)
    return _chosen(pool, f"operators of {path}")


def _placed(folder: Path) -> str:
    """Returns the prepared folder or the file in a data directory; "" where there is neither."""
    places = (folder.joinpath(*PREPARED), folder / "downloads" / "manual" / FILE)
    return next((str(place) for place in places if place.exists()), "")


def _drawn() -> ImagePool:
    """Returns 200 drawn images of each operator."""
    images = np.concatenate([draw(operator, EACH) for operator in OPERATORS])
    return ImagePool(images, np.repeat(np.arange(len(OPERATORS), dtype=np.int32), EACH))


def _chosen(pool: ImagePool, source: str) -> Operators:
    """Chooses the images of both pools, as many of each operator."""
    each = min(EACH, np.bincount(pool.labels, minlength=len(OPERATORS)).min())
    train = each * TRAIN_EACH // EACH
    places = [_permuted(np.flatnonzero(pool.labels == k), k) for k in range(len(OPERATORS))]

    def part(wanted: slice) -> ImagePool:
        taken = np.concatenate([those[wanted] for those in places])
        return ImagePool(pool.images[taken], pool.labels[taken])

    counts = f"{train} training and {each - train} test images of each"
    return Operators(part(slice(train)), part(slice(train, each)), f"{source}; {counts}")


def _permuted(values: np.ndarray, seed: int) -> np.ndarray:
    """Returns the values in an order that is a function of their number and the seed."""
    count = len(values)
    # The first pass is in order; the second is the first that is shuffled.
    second = tf.range(count, 2 * count, dtype=tf.int64)
    return values[shuffled_epochs(seed, second, count).numpy()]
