"""Mazes of street signs: arrows from a start square to one stop sign, labelled with their number.

A maze is a random walk that visits no square twice, from a uniform start square until it is shut
in, of which a beginning is kept whose length is uniform over all that the walk offers, 0 included.
Its squares point to the next one, its last is the stop sign, and every other square has a random
arrow (paper, Appendix A, which leaves the distribution of the paths open). Every path that fits on
the grid occurs.
"""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from datasets.composing import PLACES, Scene
from datasets.pools import ImagePool
from terpret.data.streams import Tensors, draws
from terpret.errors import DataError

# What a square shows, by its label; the directions in the order of the models' moves.
SIGNS = ("stop", "east", "south", "west", "north")
STOP = 0
ARROWS = len(SIGNS) - 1
# East, south, west and north, as (columns, rows).
_STEPS = ((1, 0), (0, 1), (-1, 0), (0, -1))
# A draw below it is a fair choice among one, two, three or four free squares.
_FAIR = 12
_WIDE = 2**32


def scene(pool: ImagePool, width: int, height: int) -> Scene:
    """Mazes: {"img_grid": [height, width] images, "start_X", "start_Y", "path_len", "halt_at_end"}.

    Args:
      pool: the signs to compose from, labelled in the order of `SIGNS`.
      width: squares in a row.
      height: squares in a column.

    Raises:
      DataError: a number is out of range, or the pool lacks a sign.
    """
    first = _words(_cells(width, height))
    choose = _chooser(pool)

    def compose(seed: int, _: tf.Tensor, grids: tf.Tensor) -> Tensors:
        maze = _maze(width, height, seed, grids)
        return {PLACES: choose(maze.pop("signs"), seed, grids), **maze}

    outputs = ("path_len", "halt_at_end")
    return Scene(pool, "img_grid", (height, width), compose, outputs, first["moves"])


def symbolic(width: int, height: int, seed: int, examples: int) -> dict[str, np.ndarray]:
    """The first mazes of the unlimited stream of a seed, with labels for images.

    Returns:
      {"signs": int32 [examples, height, width], "start_X", "start_Y", "path_len", "halt_at_end":
      int32 [examples]}.

    Raises:
      DataError: a number is out of range.
    """
    _cells(width, height)
    maze = _maze(width, height, seed, tf.range(examples, dtype=tf.int64))
    return {name: values.numpy() for name, values in maze.items()}


def _cells(width: int, height: int) -> int:
    """Returns the number of squares of a grid."""
    if width < 1 or height < 1:
        raise DataError(f"A maze has at least one row and one column, not {width} x {height}.")
    return width * height


def _words(cells: int) -> dict[str, int]:
    """Returns the place of the first word of each kind among a maze's words."""
    turns = 2
    return {
        "start": 0,
        "length": 1,
        "turns": turns,
        "arrows": turns + cells,
        "images": turns + 2 * cells,
        "moves": turns + 3 * cells,
    }


def _maze(width: int, height: int, seed: int, numbers: tf.Tensor) -> Tensors:
    """Makes the mazes of the given numbers, int64 [n].

    Returns:
      What `symbolic` returns, as tensors.
    """
    cells, first = width * height, _words(width * height)
    start = draws(seed, numbers, 1, cells, first["start"])[:, 0]
    turns = draws(seed, numbers, cells, _FAIR, first["turns"])
    order, towards, longest = _walk(_neighbours(width, height), start, turns)
    kept = draws(seed, numbers, 1, _WIDE, first["length"])[:, 0] % (longest + 1)
    elsewhere = 1 + draws(seed, numbers, cells, ARROWS, first["arrows"])
    last = kept[:, None]
    signs = tf.where((order >= 0) & (order < last), 1 + towards, elsewhere)
    signs = tf.where(order == last, tf.constant(STOP, tf.int64), signs)
    maze = {
        "signs": tf.reshape(signs, [-1, height, width]),
        "start_X": start % width,
        "start_Y": start // width,
        "path_len": kept,
        "halt_at_end": tf.ones_like(kept),
    }
    return {name: tf.cast(values, tf.int32) for name, values in maze.items()}


def _neighbours(width: int, height: int) -> np.ndarray:
    """Returns the square in each direction of each, [cells, 4]; `cells` where the grid ends."""
    rows, columns = np.divmod(np.arange(width * height), width)
    result = []
    for right, down in _STEPS:
        column, row = columns + right, rows + down
        inside = (0 <= column) & (column < width) & (0 <= row) & (row < height)
        result.append(np.where(inside, row * width + column, width * height))
    return np.stack(result, axis=1)


def _walk(
    neighbours: np.ndarray, start: tf.Tensor, turns: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Walks at random, over no square twice, until shut in.

    Args:
      neighbours: from `_neighbours`.
      start: the first square, int64 [n].
      turns: a draw below `_FAIR` for every step, int64 [n, cells].

    Returns:
      The step at which each square was reached, -1 where none, int64 [n, cells]; the direction in
      which it was left, int64 [n, cells]; the number of steps, int64 [n].
    """
    cells = len(neighbours)
    table = tf.constant(neighbours, tf.int64)
    # One more column stands for all that lies outside, reached before the walk began.
    order = tf.one_hot(start, cells, on_value=0, off_value=-1, dtype=tf.int64)
    order = tf.pad(order, [[0, 0], [0, 1]])

    def step(
        number: tf.Tensor, here: tf.Tensor, order: tf.Tensor, towards: tf.Tensor, steps: tf.Tensor
    ) -> tuple[tf.Tensor, ...]:
        around = tf.gather(table, here)
        free = tf.cast(tf.gather(order, around, batch_dims=1) < 0, tf.int64)
        ways = tf.reduce_sum(free, axis=1)
        chosen = tf.gather(turns, number, axis=1) % tf.maximum(ways, 1)
        nth_free = (tf.cumsum(free, axis=1) - 1 == chosen[:, None]) & (free > 0)
        direction = tf.argmax(nth_free, axis=1)
        going = ways > 0
        there = tf.where(going, tf.gather(around, direction, batch_dims=1), here)
        left = tf.one_hot(here, cells, True, False) & going[:, None]
        reached = tf.one_hot(there, cells + 1, True, False) & going[:, None]
        return (
            number + 1,
            there,
            tf.where(reached, number + 1, order),
            tf.where(left, direction[:, None], towards),
            steps + tf.cast(going, tf.int64),
        )

    begun = (tf.constant(0, tf.int64), start, order, tf.zeros_like(turns), tf.zeros_like(start))
    *_, order, towards, steps = tf.while_loop(lambda number, *_: number < cells - 1, step, begun)
    return order[:, :cells], towards, steps


def _chooser(pool: ImagePool) -> Callable[[tf.Tensor, int, tf.Tensor], tf.Tensor]:
    """Returns what chooses an image for every sign, uniformly among those of its label."""
    counts = np.bincount(pool.labels, minlength=len(SIGNS))
    if len(counts) > len(SIGNS) or counts.min() == 0:
        found = ", ".join(f"{n} of {name}" for name, n in zip(SIGNS, counts, strict=False))
        raise DataError(f"The mazes need images of {len(SIGNS)} signs, not {found}.")
    by_label = tf.constant(np.argsort(pool.labels, kind="stable"))
    firsts = tf.constant(np.cumsum(counts) - counts)
    sizes = tf.constant(counts)

    def choose(signs: tf.Tensor, seed: int, numbers: tf.Tensor) -> tf.Tensor:
        height, width = signs.shape[1:]
        cells = height * width
        words = draws(seed, numbers, cells, _WIDE, _words(cells)["images"])
        words = tf.reshape(words, [-1, height, width])
        return tf.gather(by_label, tf.gather(firsts, signs) + words % tf.gather(sizes, signs))

    return choose
