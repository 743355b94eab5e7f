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

from datasets.composing import Scene
from datasets.grids import TILES, grid_scene, tiles_of
from datasets.pools import ImagePool
from terpret.data.streams import Tensors, draws

INTEGERS = 3
INTEGERS_BELOW = 10
MAX_INT = 19


def _results() -> np.ndarray:
    """Returns the integer that each operator makes of each two, int32 [4, 19, 19]."""
    a, b = np.meshgrid(np.arange(MAX_INT), np.arange(MAX_INT), indexing="ij")
    quotients = np.where(b == 0, MAX_INT - 1, a // np.maximum(b, 1))
    return (np.stack([a + b, a - b, a * b, quotients]) % MAX_INT).astype(np.int32)


RESULTS = _results()


def scene(pool: ImagePool, task: str) -> Scene:
    """The examples of a task: {"tiles": [4] images, "aux_ints": [3] in 0..9, "final_sum"}.

    Args:
      pool: the operators to compose from, labelled 0..3 for + - * /.
      task: a name in `grids.TASKS`.

    Raises:
      DataError: the task is unknown.
    """
    first, second = tiles_of("APPLY2X2", task)

    def applied(seed: int, numbers: tf.Tensor, operators: tf.Tensor) -> Tensors:
        # The words after those of the tiles; the same words would foretell the tiles.
        integers = tf.cast(draws(seed, numbers, INTEGERS, INTEGERS_BELOW, first=TILES), tf.int32)
        begun = apply(operators[:, first], integers[:, 0], integers[:, 1])
        ended = apply(operators[:, second], begun, integers[:, 2])
        return {"aux_ints": integers, "final_sum": ended}

    return grid_scene(pool, applied)


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
