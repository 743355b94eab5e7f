"""The ADD2X2 tasks: 2x2 grids of digits, labelled with the sum of one pair of tiles."""

import tensorflow as tf

from datasets.composing import Scene
from datasets.grids import grid_scene, tiles_of
from datasets.pools import ImagePool
from terpret.data.streams import Tensors


def scene(pool: ImagePool, task: str) -> Scene:
    """The examples of a task: {"tiles": [4] images, "final_sum"}.

    Args:
      pool: the digits to compose from.
      task: a name in `grids.TASKS`.

    Raises:
      DataError: the task is unknown.
    """
    first, second = tiles_of("ADD2X2", task)

    def sums(_: int, __: tf.Tensor, digits: tf.Tensor) -> Tensors:
        return {"final_sum": digits[:, first] + digits[:, second]}

    return grid_scene(pool, sums)
