"""What all scenarios share: tiles of images, composed on the fly from a pool.

The grids of the 2x2 scenarios are composed uniformly and independently tile by tile. The grid of
(seed, i) is the same for every task of a scenario; only the answer differs.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from datasets.pools import SIDE, DataError, ImagePool
from datasets.seeds import Tensors, draws, served, shuffled_epochs, stream

# The tiles that a task reads, in order; tiles are numbered row by row.
TASKS = {"top": (0, 1), "left": (0, 2), "bottom": (2, 3), "right": (1, 3)}
TILES = 4
# The words of an example that say how its tiles are moved; the first few are of other use.
_MOVES = 16

# Makes which image each tile is, int64 [n, tiles], from example numbers, int64 [n].
Place = Callable[[tf.Tensor], tf.Tensor]
# Makes what goes with tiles from their example numbers, int64 [n], and labels, int32 [n, tiles]. A
# grid that comes again is another example, so what is drawn for an example is drawn anew.
Answer = Callable[[tf.Tensor, tf.Tensor], Tensors]


@dataclass(frozen=True, eq=False)
class Composition:
    """Tiles as the images that they are composed of, so that each need be looked at once only.

    Attributes:
      images: float32 [image, 28, 28] in 0..1.
      places: which image each tile is, integers [example, tiles].
      integers: what else an example has, the answer included, by name, [example, ...].
    """

    images: np.ndarray
    places: np.ndarray
    integers: dict[str, np.ndarray]


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
    shift: int,
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
      distinct: how many distinct grids there are: the first of the unlimited stream, in order in
        the first pass and in a new order in each later one; 0 is no limit.
      shift: how many pixels each tile is moved up or down, left or right, at most; drawn for every
        example, and anew in every pass.
      labelled: whether the labels of the tiles are given out.

    Returns:
      A data set of {"tiles": float32 [batch, 4, 28, 28] in 0..1} with what `answer` makes, and
      {"labels": int32 [batch, 4]} where they are given out; the last batch may be smaller.

    Raises:
      DataError: a number is out of range.
    """
    place = _anywhere(pool, seed)
    return tile_stream(
        pool, place, TILES, answer, seed, batch_size, start, examples, distinct, shift, labelled
    )


def tile_stream(
    pool: ImagePool,
    place: Place,
    tiles: int,
    answer: Answer,
    seed: int,
    batch_size: int,
    start: int,
    examples: int | None,
    distinct: int,
    shift: int,
    labelled: bool,
) -> tf.data.Dataset:
    """Composes the batches of a task of any number of tiles.

    Args:
      pool: the images to compose from.
      place: says which image each tile is.
      tiles: how many there are.
      answer: makes the integers of the examples; the other arguments are those of `grid_stream`.

    Returns:
      A data set as of `grid_stream`, with `tiles` in place of 4.

    Raises:
      DataError: a number is out of range.
    """
    if distinct < 0:
        raise DataError(f"The number of distinct examples must not be negative, not {distinct}.")
    images, labels = pool.tensors

    def compose(numbers: tf.Tensor) -> Tensors:
        moves = draws(seed, numbers, 2 * tiles, 2 * shift + 1, _MOVES) if shift else None
        places = place(shuffled_epochs(seed, numbers, distinct))
        shown = tf.gather(labels, places)
        rest = {"labels": shown} if labelled else {}
        if shift:
            rest["moves"] = tf.reshape(moves, [-1, tiles, 2])
        return {"places": places} | answer(numbers, shown) | rest

    def show(batch: Tensors) -> Tensors:
        pixels = tf.gather(images, tf.reshape(batch["places"], [-1]))
        if shift:
            pixels = moved(pixels, tf.reshape(batch["moves"], [-1, 2]), shift)
        shown = tf.cast(pixels, tf.float32) * (1.0 / 255.0)
        rest = {k: value for k, value in batch.items() if k not in ("places", "moves")}
        # A batch size known beforehand spares whoever uses it from tracing for one that is not.
        size = batch["places"].shape[0] or -1
        return {"tiles": tf.reshape(shown, [size, tiles, SIDE, SIDE]), **rest}

    return served(stream(compose, batch_size, start, examples).map(show))


def composition(pool: ImagePool, answer: Answer, seed: int, examples: int) -> Composition:
    """The first examples of the unlimited stream that `grid_stream` serves, all at once.

    Args:
      pool: the images to compose from.
      answer: makes the integers of the examples.
      seed: the stream.
      examples: how many.
    """
    return tile_composition(pool, _anywhere(pool, seed), answer, examples)


def tile_composition(pool: ImagePool, place: Place, answer: Answer, examples: int) -> Composition:
    """The first examples of the unlimited stream that `tile_stream` serves, all at once.

    Args:
      pool: the images to compose from.
      place: says which image each tile is.
      answer: makes the integers of the examples.
      examples: how many.
    """
    numbers = tf.range(examples, dtype=tf.int64)
    places = place(numbers)
    answers = answer(numbers, tf.gather(pool.labels, places))
    return Composition(
        pool.brightness,
        places.numpy(),
        {name: values.numpy() for name, values in answers.items()},
    )


def _anywhere(pool: ImagePool, seed: int) -> Place:
    """Grids of four images, each any of the pool."""
    return lambda numbers: draws(seed, numbers, TILES, below=len(pool))


def moved(pixels: tf.Tensor, moves: tf.Tensor, most: int) -> tf.Tensor:
    """Moves images over a dark ground.

    Args:
      pixels: [image, 784].
      moves: where the window lies in each image with a margin of `most`, down and right,
        integers 0..2 most, [image, 2].
      most: the width of the margin.

    Returns:
      Tensor [image, 784].
    """
    wide = SIDE + 2 * most
    images = tf.reshape(pixels, [-1, SIDE, SIDE])
    framed = tf.pad(images, [[0, 0], [most, most], [most, most]])
    window = tf.range(SIDE, dtype=tf.int64)
    window = tf.reshape(window[:, None] * wide + window, [1, -1])
    corners = moves[:, :1] * wide + moves[:, 1:]
    return tf.gather(tf.reshape(framed, [-1, wide * wide]), corners + window, batch_dims=1)
