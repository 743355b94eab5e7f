"""The APPLY2X2 tasks: 2x2 grids of operators, with three integers for one pair to be applied to.

All four tiles are operators (paper, section 3 and Figure 2(b)). The answer is
(d1 op1 d2) op2 d3, from left to right whatever the operators are, with every result modulo 19 and
18 for a division by zero; op1 and op2 are those of the top row, the left column, the bottom row or
the right column, in reading order. The paper does not say how large the integers are: here they are
uniform in 0..9, and drawn anew whenever a grid comes again: it is the grids whose number the first
version of the paper (4.2) limits.
"""

import numpy as np
import tensorflow as tf

from datasets.grids import (
    TILES,
    Answer,
    Composition,
    composition,
    grid_stream,
    tiles_of,
)
from datasets.pools import ImagePool
from datasets.seeds import Tensors, draws

INTEGERS = 3
INTEGERS_BELOW = 10
MAX_INT = 19


def _results() -> np.ndarray:
    """Returns the integer that each operator makes of each two, int32 [4, 19, 19]."""
    a, b = np.meshgrid(np.arange(MAX_INT), np.arange(MAX_INT), indexing="ij")
    quotients = np.where(b == 0, MAX_INT - 1, a // np.maximum(b, 1))
    return (np.stack([a + b, a - b, a * b, quotients]) % MAX_INT).astype(np.int32)


RESULTS = _results()


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
      pool: the operators to compose from, labelled 0..3 for + - * /.
      task: top, left, bottom or right.
      seed: the stream; example i is a function of (seed, i), however the stream is cut.
      batch_size: examples in a batch.
      start: number of the first example.
      examples: how many examples there are in all; None is without end.
      distinct: how many distinct grids there are: those of the first examples of the unlimited
        stream, in order in the first pass and in a new order in each later one; 0 is no limit.
      shift: how many pixels each tile is moved at most, drawn for every example.

    Returns:
      A data set of {"tiles": float32 [batch, 4, 28, 28] in 0..1, "aux_ints": int32 [batch, 3] in
      0..9, "final_sum": int32 [batch]}; the last batch may be smaller.

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
    """Gives the examples of `grids` with the operator of each tile, for tests and evaluation only.

    Args:
      pool: as for `grids`, and so are the other arguments.
      task: top, left, bottom or right.
      seed: the stream.
      batch_size: examples in a batch.
      start: number of the first example.
      examples: how many examples there are in all; None is without end.
      distinct: how many distinct grids there are; 0 is no limit.
      shift: how many pixels each tile is moved at most, drawn for every example.

    Returns:
      A data set of {"tiles", "aux_ints", "final_sum", "labels": int32 [batch, 4]}.

    Raises:
      DataError: the task is unknown or a number is out of range.
    """
    return _grids(pool, task, seed, batch_size, start, examples, distinct, shift, labelled=True)


def composed(pool: ImagePool, task: str, seed: int, examples: int) -> Composition:
    """The first examples of the unlimited stream of `grids`, each image once.

    Raises:
      DataError: the task is unknown.
    """
    return composition(pool, _answer(task, seed), seed, examples)


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
        pool, _answer(task, seed), seed, batch_size, start, examples, distinct, shift, labelled
    )


def _answer(task: str, seed: int) -> Answer:
    """What makes the integers and results of a task."""
    first, second = tiles_of("APPLY2X2", task)

    def applied(numbers: tf.Tensor, operators: tf.Tensor) -> Tensors:
        # The words after those of the tiles; the same words would foretell the tiles.
        integers = tf.cast(draws(seed, numbers, INTEGERS, INTEGERS_BELOW, first=TILES), tf.int32)
        begun = apply(operators[:, first], integers[:, 0], integers[:, 1])
        ended = apply(operators[:, second], begun, integers[:, 2])
        return {"aux_ints": integers, "final_sum": ended}

    return applied


def apply(operators: tf.Tensor, a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    """Works out integers, elementwise.

    Args:
      operators: 0..3 for + - * /.
      a: integers 0..18.
      b: integers 0..18.

    Returns:
      a op b, int32 of the same shape.
    """
    return tf.gather_nd(tf.constant(RESULTS), tf.stack([operators, a, b], axis=-1))
