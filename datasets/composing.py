"""Examples composed on the fly from a pool of images: one composer for all scenarios.

A scenario says what an example shows and what its answer is, as a `Scene`; which examples a learner
sees, and how their images are moved, is a `Stream`.
"""

import dataclasses
import math
from collections.abc import Callable

import tensorflow as tf

from datasets.pools import SIDE, ImagePool
from terpret.data.moves import moved
from terpret.data.streams import Tensors, draws, served, shuffled_epochs, stream
from terpret.data.test_set import TestSet
from terpret.errors import DataError

# The entry of an example that says which image of the pool each tile is, [n, *dims].
PLACES = "places"
# Composes examples of (seed, numbers, grids), the last two int64 [n]: `PLACES`, and its integers by
# name. The tiles are a function of (seed, grids), so that they come again where grids do; what is
# drawn for an example itself is a function of (seed, numbers).
Compose = Callable[[int, tf.Tensor, tf.Tensor], Tensors]


@dataclasses.dataclass(frozen=True, eq=False)
class Scene:
    """What the examples of a task show, and what is asked.

    Attributes:
      pool: the images that they are composed of.
      tiles: the name of the InputTensor that holds an example's images.
      dims: the dimensions of its array.
      compose: makes examples.
      outputs: the names of the integers that are answers; the others are given.
      moves_from: an example's words from here on say how its tiles are moved.
    """

    pool: ImagePool
    tiles: str
    dims: tuple[int, ...]
    compose: Compose
    outputs: tuple[str, ...]
    moves_from: int


@dataclasses.dataclass(frozen=True)
class Stream:
    """Which examples are served, and how.

    Attributes:
      seed: example i is a function of (seed, i), however the stream is cut.
      batch_size: examples in a batch.
      start: the number of the first example.
      examples: how many there are in all, the last batch perhaps smaller; None is without end.
      distinct: how many distinct examples there are: the first of the unlimited stream, in order in
        the first pass and in a new order in each later one; 0 is no limit.
      shift: how many pixels each tile is moved up or down, left or right, at most; drawn for every
        example, and anew in every pass.
    """

    seed: int
    batch_size: int
    start: int = 0
    examples: int | None = None
    distinct: int = 0
    shift: int = 0


def batches(scene: Scene, wanted: Stream, labelled: bool = False) -> tf.data.Dataset:
    """Composes the batches of a task, as a learner may see them.

    Args:
      scene: what the examples show.
      wanted: which examples, and how they are served.
      labelled: whether the label of each tile is given out as well.

    Returns:
      A data set of {scene.tiles: float32 [batch, *dims, 28, 28] in 0..1} with the integers that the
      scene composes, int32, and {"labels": int32 [batch, *dims]} where they are given out.

    Raises:
      DataError: a number is out of range.
    """
    if wanted.distinct < 0:
        raise DataError(
            f"The number of distinct examples must not be negative, not {wanted.distinct}."
        )
    images, labels = scene.pool.tensors
    seed, shift, tiles = wanted.seed, wanted.shift, math.prod(scene.dims)

    def compose(numbers: tf.Tensor) -> Tensors:
        grids = shuffled_epochs(seed, numbers, wanted.distinct)
        examples = scene.compose(seed, numbers, grids)
        if labelled:
            examples["labels"] = tf.gather(labels, examples[PLACES])
        if shift:
            moves = draws(seed, numbers, 2 * tiles, 2 * shift + 1, scene.moves_from)
            examples["moves"] = tf.reshape(moves, [-1, tiles, 2])
        return examples

    def show(batch: Tensors) -> Tensors:
        places = batch[PLACES]
        pixels = tf.gather(images, tf.reshape(places, [-1]))
        if shift:
            pixels = tf.reshape(pixels, [-1, SIDE, SIDE])
            pixels = moved(pixels, tf.reshape(batch["moves"], [-1, 2]), shift)
        shown = tf.cast(pixels, tf.float32) * (1.0 / 255.0)
        rest = {name: v for name, v in batch.items() if name not in (PLACES, "moves")}
        # A batch size known beforehand spares whoever uses it from tracing for one that is not.
        size = places.shape[0] or -1
        return {scene.tiles: tf.reshape(shown, [size, *scene.dims, SIDE, SIDE]), **rest}

    return served(stream(compose, wanted.batch_size, wanted.start, wanted.examples).map(show))


def composed(scene: Scene, seed: int, examples: int) -> TestSet:
    """The first examples of the unlimited stream of a seed, all at once, each image once."""
    numbers = tf.range(examples, dtype=tf.int64)
    made = {name: v.numpy() for name, v in scene.compose(seed, numbers, numbers).items()}
    answers = {name: made.pop(name) for name in scene.outputs}
    inputs = {scene.tiles: made.pop(PLACES), **made}
    return TestSet(inputs, answers, {scene.tiles: scene.pool.brightness})
