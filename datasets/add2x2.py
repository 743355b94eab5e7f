"""The ADD2X2 tasks: 2x2 grids of digits, labelled with the sum of one pair of tiles."""

import tensorflow as tf

from datasets.grids import Answer, Composition, composition, grid_stream, tiles_of
from datasets.pools import ImagePool
from datasets.seeds import Tensors


def grids(
    pool: ImagePool,
    task: str,
    seed: int,
    batch_size: int,
    start: int = 0,
    examples: int | None = None,
    distinct: int = 0,
    shift: int = 0,
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
      shift: how many pixels each tile is moved at most, drawn for every example.

    Returns:
      A data set of {"tiles": float32 [batch, 4, 28, 28] in 0..1, "final_sum": int32 [batch]}; the
      last batch may be smaller.

    Raises:
      DataError: the task is unknown or a number is out of range.
    """
    return _grids(pool, task, seed, batch_size, start, examples, distinct, shift, labelled=False)


def labelled_grids(
    pool: ImagePool,
    task: str,
    seed: int,
    batch_size: int,
    start: int = 0,
    examples: int | None = None,
    distinct: int = 0,
    shift: int = 0,
) -> tf.data.Dataset:
    """Gives the examples of `grids` with the digit of each tile, to learn from labels.

    Args:
      pool: as for `grids`, and so are the other arguments.
      task: a name in `TASKS`.
      seed: the stream.
      batch_size: examples in a batch.
      start: number of the first example.
      examples: how many examples there are in all; None is without end.
      distinct: how many distinct examples there are; 0 is no limit.
      shift: how many pixels each tile is moved at most, drawn for every example.

    Returns:
      A data set of {"tiles", "final_sum", "labels": int32 [batch, 4]}.

    Raises:
      DataError: the task is unknown or a number is out of range.
    """
    return _grids(pool, task, seed, batch_size, start, examples, distinct, shift, labelled=True)


def composed(pool: ImagePool, task: str, seed: int, examples: int) -> Composition:
    """The first examples of the unlimited stream of `grids`, each image once.

    Raises:
      DataError: the task is unknown.
    """
    return composition(pool, _answer(task), seed, examples)


def _grids(
    pool: ImagePool,
    task: str,
    seed: int,
    batch_size: int,
    start: int,
    examples: int | None,
    distinct: int,
    shift: int,
    labelled: bool,
) -> tf.data.Dataset:
    """Composes the batches of `grids` and `labelled_grids`."""
    return grid_stream(
        pool, _answer(task), seed, batch_size, start, examples, distinct, shift, labelled
    )


def _answer(task: str) -> Answer:
    """What makes the sums of a task."""
    first, second = tiles_of("ADD2X2", task)

    def sums(_: tf.Tensor, digits: tf.Tensor) -> Tensors:
        return {"final_sum": digits[:, first] + digits[:, second]}

    return sums
