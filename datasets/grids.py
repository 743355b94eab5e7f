"""The grids of the 2x2 scenarios: four tiles, composed uniformly and independently of each other.

The grid of (seed, i) is the same for every task of a scenario; only the answer differs.
"""

from collections.abc import Callable

import tensorflow as tf

from datasets.composing import PLACES, Scene
from datasets.pools import ImagePool
from terpret.data.streams import Tensors, draws
from terpret.errors import DataError

# The tiles that a task reads, in order; tiles are numbered row by row.
TASKS = {"top": (0, 1), "left": (0, 2), "bottom": (2, 3), "right": (1, 3)}
TILES = 4
# The words of an example that say how its tiles are moved; the first few are of other use.
_MOVES = 16

# Makes the integers of examples of (seed, numbers, labels): int64 [n] and int32 [n, TILES]. A grid
# that comes again is another example, so what is drawn for an example is drawn anew.
Answer = Callable[[int, tf.Tensor, tf.Tensor], Tensors]


def tiles_of(scenario: str, task: str) -> tuple[int, int]:
    """Returns the two tiles that a task reads.

    Args:
      scenario: its name, for the message.
      task: a name in `TASKS`.

    Raises:
      DataError: there is no such task.
    """
    if task not in TASKS:
        raise DataError(f"There is no {scenario} task '{task}'; the tasks are {', '.join(TASKS)}.")
    return TASKS[task]


def grid_scene(pool: ImagePool, answer: Answer) -> Scene:
    """Grids of four images, each any of the pool.

    Args:
      pool: the images.
      answer: makes the integers of the examples; "final_sum" is what is asked.
    """
    labels = pool.tensors[1]

    def compose(seed: int, numbers: tf.Tensor, grids: tf.Tensor) -> Tensors:
        places = draws(seed, grids, TILES, below=len(pool))
        return {PLACES: places, **answer(seed, numbers, tf.gather(labels, places))}

    return Scene(pool, "tiles", (TILES,), compose, ("final_sum",), _MOVES)
