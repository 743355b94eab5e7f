"""A convolution with its pooling, for all restarts at once, in the form that is fastest.

Under XLA on a processor a convolution is a matrix product with every `CELLS` neighbouring results
of the pooling as one row: all their pixels times the kernel at each of its places among them. Then
the values that pooling chooses from are blocks of columns, a gradient is the transposed product,
and nothing is as slow there as the gradients of XLA's own convolution and pooling. Without XLA
TensorFlow's own are faster. Images that all restarts see meet the kernels of all restarts side by
side (`benchmarks/convolution.py` has the times).
"""

import contextlib
import contextvars
from collections.abc import Iterator, Sequence

import tensorflow as tf

from terpret.language.network_layers import POOL

# Results of the pooling that one row of the product makes: more are fewer and larger copies of
# pixels, and more products with zeros.
CELLS = 2
_compiled = contextvars.ContextVar("compiled", default=False)


@contextlib.contextmanager
def compiled_by_xla(xla: bool) -> Iterator[None]:
    """Says whether what is traced inside is compiled by XLA, which decides the form alone."""
    token = _compiled.set(xla)
    try:
        yield
    finally:
        _compiled.reset(token)


def convolved(images: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor) -> tf.Tensor:
    """A convolution without padding, the largest of every 2 x 2 values, and a rectifier.

    Args:
      images: [restart, n, height, width, channels] or, where all restarts see the same,
        [n, height, width, channels].
      kernel: [restart, size, size, channels, new channels].
      bias: [restart, new channels].

    Returns:
      Tensor [restart, n, (height - size + 1) // 2, (width - size + 1) // 2, new channels].
    """
    if kernel.shape[0] == 1 and len(images.shape) == 5:
        images = tf.squeeze(images, 0)
    form = by_products if _compiled.get() else by_convolutions
    # The largest of sums with one bias is the largest sum: a quarter of the additions.
    return tf.nn.relu(form(images, kernel) + bias[:, None, None, None])


def by_convolutions(images: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    """The largest of every 2 x 2 values of convolutions; see `convolved`."""
    restarts, *shape = kernel.shape
    if len(images.shape) == 4:
        wide = tf.reshape(tf.transpose(kernel, [1, 2, 3, 0, 4]), [*shape[:3], -1])
        pooled = _pooled(images, wide)
        sizes = pooled.shape[1:3]
        return tf.transpose(tf.reshape(pooled, [-1, *sizes, restarts, shape[3]]), [3, 0, 1, 2, 4])
    pairs = zip(tf.unstack(images), tf.unstack(kernel), strict=True)
    return tf.stack([_pooled(own, weights) for own, weights in pairs])


def _pooled(images: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    return tf.nn.max_pool2d(tf.nn.conv2d(images, kernel, 1, "VALID"), POOL, POOL, "VALID")


def by_products(images: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    """The same by one matrix product."""
    restarts, size, _, _, channels = kernel.shape
    height, width = ((side - size + 1) // POOL for side in images.shape[-3:-1])
    # How far the window of one row of the product moves, and how many of these steps it is long.
    steps = (POOL, POOL * min(CELLS, width))
    spans = [-(-(size + step - 1) // step) for step in steps]
    counts = (height, -(-width * POOL // steps[1]))
    windows = _windows(images, steps, spans, counts)
    blocks = _placed(kernel, steps, spans)
    lead = [restarts] * (len(images.shape) == 5)
    rows = tf.reshape(windows, [*lead, -1, windows.shape[-1]])
    choices = [POOL * POOL, steps[1] // POOL * channels]
    if lead:
        product = tf.reshape(tf.matmul(rows, blocks), [restarts, -1, *choices])
        pooled = _largest(product, 2)
    else:
        wide = tf.reshape(tf.transpose(blocks, [1, 0, 2]), [blocks.shape[1], -1])
        product = tf.reshape(tf.matmul(rows, wide), [-1, restarts, *choices])
        pooled = tf.transpose(_largest(product, 2), [1, 0, 2])
    whole = tf.reshape(pooled, [restarts, -1, height, counts[1] * steps[1] // POOL, channels])
    return whole[:, :, :, :width]


def _windows(
    images: tf.Tensor, steps: Sequence[int], spans: Sequence[int], counts: Sequence[int]
) -> tf.Tensor:
    """The pixels of each row of the product.

    Returns:
      Tensor [..., *counts, pixels], these in the order of `_placed`.
    """
    *lead, height, width, channels = (-1 if size is None else size for size in images.shape)
    blocks = [count + span - 1 for count, span in zip(counts, spans, strict=True)]
    needed = [count * step for count, step in zip(blocks, steps, strict=True)]
    images = images[..., : needed[0], : needed[1], :]
    more = [max(0, size - side) for size, side in zip(needed, (height, width), strict=True)]
    if any(more):
        images = tf.pad(images, [*[[0, 0]] * len(lead), [0, more[0]], [0, more[1]], [0, 0]])
    images = tf.reshape(images, [*lead, blocks[0], steps[0], blocks[1], steps[1], channels])
    first = len(lead)
    order = [*range(first), first, first + 2, first + 1, first + 3, first + 4]
    flat = [*lead, *blocks, steps[0] * steps[1] * channels]
    images = tf.reshape(tf.transpose(images, order), flat)
    parts = [
        images[..., row : row + counts[0], column : column + counts[1], :]
        for row in range(spans[0])
        for column in range(spans[1])
    ]
    return tf.concat(parts, -1)


def _placed(kernel: tf.Tensor, steps: Sequence[int], spans: Sequence[int]) -> tf.Tensor:
    """The kernel at each of its places in a window, zeros around it.

    Returns:
      Tensor [restart, pixels, places of pooling * cells * channels].
    """
    restarts, _, _, channels, outputs = kernel.shape
    moved = tf.transpose(kernel, [0, 3, 4, 1, 2])
    moved = tf.transpose(_moved(moved, steps[1], spans[1] * steps[1]), [0, 1, 2, 4, 5, 3])
    moved = _moved(moved, steps[0], spans[0] * steps[0])
    cells = [step // POOL for step in steps]
    moved = tf.reshape(
        moved,
        [restarts, channels, outputs]
        + [cells[1], POOL, spans[1], steps[1], cells[0], POOL, spans[0], steps[0]],
    )
    moved = tf.transpose(moved, [0, 9, 5, 10, 6, 1, 8, 4, 7, 3, 2])
    pixels = channels * spans[0] * steps[0] * spans[1] * steps[1]
    return tf.reshape(moved, [restarts, pixels, -1])


def _moved(rows: tf.Tensor, places: int, length: int) -> tf.Tensor:
    """[..., size] to [..., place, length]: the row at every place from the left, zeros around it.

    Rows one longer than `length` are read as rows of `length`: each begins one place further left.
    """
    *lead, size = rows.shape
    long = tf.pad(rows, [*[[0, 0]] * len(lead), [0, length + 1 - size]])
    long = tf.broadcast_to(long[..., None, :], [*lead, places, length + 1])
    flat = tf.reshape(long, [*lead, places * (length + 1)])[..., : places * length]
    return tf.reshape(flat, [*lead, places, length])


def _largest(values: tf.Tensor, axis: int) -> tf.Tensor:
    """The maximum; of equal values the first alone has the gradient, as in `max_pool2d`."""
    parts = tf.unstack(values, axis=axis)
    while len(parts) > 1:
        parts = [tf.maximum(*parts[k : k + 2]) for k in range(0, len(parts), 2)]
    return parts[0]
