"""The ADD2X2 tasks: 2x2 grids of digits, labelled with the sum of one pair of tiles.

Grids are composed on the fly from a pool of digit images, uniformly and independently tile by tile.
The grid of (seed, i) is the same for every task; only the sum differs.
"""

import tensorflow as tf

from datasets.pools import SIDE, DataError, ImagePool
from datasets.seeds import Tensors, draws, served, shuffled_epochs, stream

# The tiles that a task adds; tiles are numbered row by row.
TASKS = {"top": (0, 1), "left": (0, 2), "bottom": (2, 3), "right": (1, 3)}
_TILES = 4


def grids(
    pool: ImagePool,
    task: str,
    seed: int,
    batch_size: int,
    start: int = 0,
    examples: int | None = None,
    distinct: int = 0,
) -> tf.data.Dataset:
    """Gives the examples of a task, as a learner may see them.

    Args:
      pool: the digits to compose from.
      task: a name in `TASKS`.
      seed: the stream; example i is a function of (seed, i), however the stream is cut.
      batch_size: examples in a batch.
      start: number of the first example.
      examples: how many examples there are in all; None is without end.
      distinct: how many distinct examples there are: the first of the unlimited stream, in order in
        the first pass and in a new order in each later one; 0 is no limit.

    Returns:
      A data set of {"tiles": float32 [batch, 4, 28, 28] in 0..1, "final_sum": int32 [batch]}; the
      last batch may be smaller.

    Raises:
      DataError: the task is unknown or a number is out of range.
    """
    return _grids(pool, task, seed, batch_size, start, examples, distinct, labelled=False)


def labelled_grids(
    pool: ImagePool,
    task: str,
    seed: int,
    batch_size: int,
    start: int = 0,
    examples: int | None = None,
    distinct: int = 0,
) -> tf.data.Dataset:
    """Gives the examples of `grids` with the digit of each tile, for tests and evaluation only.

    Args:
      pool: as for `grids`, and so are the other arguments.
      task: a name in `TASKS`.
      seed: the stream.
      batch_size: examples in a batch.
      start: number of the first example.
      examples: how many examples there are in all; None is without end.
      distinct: how many distinct examples there are; 0 is no limit.

    Returns:
      A data set of {"tiles", "final_sum", "labels": int32 [batch, 4]}.

    Raises:
      DataError: the task is unknown or a number is out of range.
    """
    return _grids(pool, task, seed, batch_size, start, examples, distinct, labelled=True)


def _grids(
    pool: ImagePool,
    task: str,
    seed: int,
    batch_size: int,
    start: int,
    examples: int | None,
    distinct: int,
    labelled: bool,
) -> tf.data.Dataset:
    """Composes the batches of `grids` and `labelled_grids`."""
    if task not in TASKS:
        raise DataError(f"There is no ADD2X2 task '{task}'; the tasks are {', '.join(TASKS)}.")
    if distinct < 0:
        raise DataError(f"The number of distinct examples must not be negative, not {distinct}.")
    first, second = TASKS[task]
    images, labels = pool.tensors

    def compose(numbers: tf.Tensor) -> Tensors:
        places = draws(seed, shuffled_epochs(seed, numbers, distinct), _TILES, below=len(pool))
        digits = tf.gather(labels, places)
        sums = digits[:, first] + digits[:, second]
        return {"places": places, "final_sum": sums} | ({"labels": digits} if labelled else {})

    def show(batch: Tensors) -> Tensors:
        pixels = tf.gather(images, tf.reshape(batch["places"], [-1]))
        tiles = tf.cast(pixels, tf.float32) * (1.0 / 255.0)
        rest = {name: value for name, value in batch.items() if name != "places"}
        # A batch size known beforehand spares whoever uses it from tracing for one that is not.
        size = batch["places"].shape[0] or -1
        return {"tiles": tf.reshape(tiles, [size, _TILES, SIDE, SIDE]), **rest}

    return served(stream(compose, batch_size, start, examples).map(show))
