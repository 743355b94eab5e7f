"""What the 2x2 scenarios share: grids of four images, composed on the fly from a pool.

Grids are composed uniformly and independently tile by tile. The grid of (seed, i) is the same for
every task of a scenario; only the answer differs.
"""

from collections.abc import Callable

import tensorflow as tf

from datasets.pools import SIDE, DataError, ImagePool
from datasets.seeds import Tensors, draws, served, shuffled_epochs, stream

# The tiles that a task reads, in order; tiles are numbered row by row.
TASKS = {"top": (0, 1), "left": (0, 2), "bottom": (2, 3), "right": (1, 3)}
TILES = 4

# Makes what goes with grids from their example numbers, int64 [n], and labels, int32 [n, 4].
Answer = Callable[[tf.Tensor, tf.Tensor], Tensors]


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


def grid_stream(
    pool: ImagePool,
    answer: Answer,
    seed: int,
    batch_size: int,
    start: int,
    examples: int | None,
    distinct: int,
    labelled: bool,
) -> tf.data.Dataset:
    """Composes the batches of a task.

    Args:
      pool: the images to compose from.
      answer: makes the integers of the examples.
      seed: the stream; example i is a function of (seed, i), however the stream is cut.
      batch_size: examples in a batch.
      start: number of the first example.
      examples: how many examples there are in all; None is without end.
      distinct: how many distinct examples there are: the first of the unlimited stream, in order in
        the first pass and in a new order in each later one; 0 is no limit.
      labelled: whether the labels of the tiles are given out.

    Returns:
      A data set of {"tiles": float32 [batch, 4, 28, 28] in 0..1} with what `answer` makes, and
      {"labels": int32 [batch, 4]} where they are given out; the last batch may be smaller.

    Raises:
      DataError: a number is out of range.
    """
    if distinct < 0:
        raise DataError(f"The number of distinct examples must not be negative, not {distinct}.")
    images, labels = pool.tensors

    def compose(numbers: tf.Tensor) -> Tensors:
        numbers = shuffled_epochs(seed, numbers, distinct)
        places = draws(seed, numbers, TILES, below=len(pool))
        shown = tf.gather(labels, places)
        rest = {"labels": shown} if labelled else {}
        return {"places": places} | answer(numbers, shown) | rest

    def show(batch: Tensors) -> Tensors:
        pixels = tf.gather(images, tf.reshape(batch["places"], [-1]))
        tiles = tf.cast(pixels, tf.float32) * (1.0 / 255.0)
        rest = {name: value for name, value in batch.items() if name != "places"}
        # A batch size known beforehand spares whoever uses it from tracing for one that is not.
        size = batch["places"].shape[0] or -1
        return {"tiles": tf.reshape(tiles, [size, TILES, SIDE, SIDE]), **rest}

    return served(stream(compose, batch_size, start, examples).map(show))
