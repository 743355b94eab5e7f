"""Finds the operator images, handwritten ones or those drawn by the project, and says which."""

from pathlib import Path

import numpy as np
import tensorflow as tf

from datasets.embedded_operators import draw
from datasets.folders import (
    data_folder,
    described,
    expanded,
    listed,
    meant,
    prepared,
    require_readable,
    unreadable,
)
from datasets.operator_files import OPERATORS, read_file, read_folder
from datasets.pools import ImagePool, ImageSet
from terpret.data.streams import shuffled_epochs
from terpret.errors import DataError

CHOICES = ("auto", "embedded")
_EMBEDDED = "pen strokes drawn by the project"
# The paper's footnote 2: 200 examples of each operator, 600 in all for training and 200 for tests.
TRAIN_EACH, TEST_EACH = 150, 50
EACH = TRAIN_EACH + TEST_EACH
# The data set that `datasets.math_operators` prepares, and the file that it reads.
PREPARED = ("math_operators", "1.0.0")
FILE = "operators.npz"


def load_operators(choice: str = "auto", data_dir: str | None = None) -> ImageSet:
    """Loads the operators: 150 training and 50 test images of each, chosen by a fixed seed.

    Where an operator has fewer than 200 images, all are taken in equal numbers and in the same
    proportion, three to one.

    Args:
      choice: an .npz file as `read_file` takes it; or a folder that tensorflow-datasets has
        prepared; or one that holds either; or "embedded": those that the project draws; or "auto":
        the folder `data_dir`/math_operators/1.0.0 or the file operators.npz in
        `data_dir`/downloads/manual or `data_dir` where there is one, else the embedded ones.
      data_dir: the data directory of tensorflow-datasets; None is the default one.

    Returns:
      The operators, labelled in the order of `OPERATORS`, and where they come from.

    Raises:
      DataError: there is no such file or folder, or it does not hold the four operators.
    """
    if choice == "embedded":
        return _chosen(_drawn(), f"embedded operators ({_EMBEDDED})")
    if choice == "auto":
        return _found(data_folder(data_dir))
    path = _named(choice)
    pool = read_folder(path) if path.is_dir() else read_file(path)
    return _chosen(pool, f"operators of {path}")


def _found(folder: Path) -> ImageSet:
    """Loads the operators of a data directory, where it has any, else the embedded ones."""
    path = None if unreadable(folder) else _placed(folder)
    why = f"no others found in {described(folder)}"
    if path is not None:
        try:
            pool = read_folder(path) if path.is_dir() else read_file(path)
            return _chosen(pool, f"operators of {path}")
        except DataError as error:
            # A file of this name that was not placed for us may be anything.
            if path != folder / FILE:
                raise
            why += f", for {str(error).rstrip('.')}"
    return _chosen(_drawn(), f"embedded operators ({_EMBEDDED}; {why})")


def _named(choice: str) -> Path:
    """Returns the file or folder that a choice names, or the one that it holds."""
    path = expanded(choice)
    require_readable(path)
    if not choice or not path.exists():
        raise DataError(
            f"There are no operators '{choice}'{meant(path, *CHOICES)}; name an .npz file or a "
            f"prepared folder that exists, or choose {' or '.join(CHOICES)}."
        )
    return (_placed(path) if path.is_dir() else None) or path


def _placed(folder: Path) -> Path | None:
    """Returns the prepared folder or the file in a data directory, where there is one."""
    found = prepared(folder, PREPARED[0])
    if found:
        return found
    files = [*listed(folder / "downloads" / "manual"), *listed(folder)]
    return next((path for path in files if path.name == FILE), None)


def _drawn() -> ImagePool:
    """Returns 200 drawn images of each operator."""
    images = np.concatenate([draw(operator, EACH) for operator in OPERATORS])
    return ImagePool(images, np.repeat(np.arange(len(OPERATORS), dtype=np.int32), EACH))


def _chosen(pool: ImagePool, source: str) -> ImageSet:
    """Chooses the images of both pools, as many of each operator."""
    each = min(EACH, np.bincount(pool.labels, minlength=len(OPERATORS)).min())
    train = each * TRAIN_EACH // EACH
    places = [_permuted(np.flatnonzero(pool.labels == k), k) for k in range(len(OPERATORS))]

    def part(wanted: slice) -> ImagePool:
        taken = np.concatenate([those[wanted] for those in places])
        return ImagePool(pool.images[taken], pool.labels[taken])

    counts = f"{train} training and {each - train} test images of each"
    return ImageSet(part(slice(train)), part(slice(train, each)), f"{source}; {counts}")


def _permuted(values: np.ndarray, seed: int) -> np.ndarray:
    """Returns the values in an order that is a function of their number and the seed."""
    count = len(values)
    # The first pass is in order; the second is the first that is shuffled.
    second = tf.range(count, 2 * count, dtype=tf.int64)
    return values[shuffled_epochs(seed, second, count).numpy()]
