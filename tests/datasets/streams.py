"""What the tests of streams of grids share."""

import numpy as np
import tensorflow as tf

from datasets.composing import Scene, Stream, batches
from datasets.pools import ImagePool

Arrays = dict[str, np.ndarray]


def numbered_pool(classes: int) -> ImagePool:
    """200 images, each of which shows its own number in its first pixel; labels go round."""
    images = np.zeros((200, 28, 28), np.uint8)
    images[:, 0, 0] = np.arange(200)
    return ImagePool(images, (np.arange(200) % classes).astype(np.int32))


def collect(data: tf.data.Dataset, batches: int | None = None) -> Arrays:
    """Returns the batches of a data set end to end."""
    parts = list((data if batches is None else data.take(batches)).as_numpy_iterator())
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def collected(scene: Scene, *stream: int, labelled: bool = False, **options: int) -> Arrays:
    """Returns the examples of a scene end to end; the arguments are those of `Stream`."""
    return collect(batches(scene, Stream(*stream, **options), labelled))


def assert_equal(left: Arrays, right: Arrays) -> None:
    """Asserts that two streams are the same to the last bit."""
    assert left.keys() == right.keys()
    for name in left:
        np.testing.assert_array_equal(left[name], right[name])


def places(examples: Arrays) -> np.ndarray:
    """Returns the image numbers [n, 4] of grids composed from the numbered pool."""
    return np.rint(examples["tiles"][:, :, 0, 0] * 255).astype(int)
