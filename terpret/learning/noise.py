"""Random numbers of a training step: a function of (restart's seed, update, place) alone.

A counter-based hash, so that a restart draws the same numbers however many
run beside it, and a resumed run draws those it would have drawn.
"""

from collections.abc import Sequence

import tensorflow as tf

from terpret.hashing import GOLDEN, hashed, seed_of


def keys(seed: int, purpose: str, restarts: Sequence[int]) -> tf.Tensor:
    """The key of each restart for one purpose, uint64 [restart]."""
    words = [seed_of(seed, purpose, restart) for restart in restarts]
    return tf.constant([low + (high << 31) for low, high in words], tf.uint64)


def uniform(keys: tf.Tensor, steps: tf.Tensor, shape: Sequence[int], dtype: tf.DType) -> tf.Tensor:
    """Uniform numbers strictly between 0 and 1.

    Args:
      keys: uint64 [restart].
      steps: the update of each restart, [restart].
      shape: the shape for each restart.
      dtype: the floating point type.

    Returns:
      Tensor [restart, *shape].
    """
    size = 1
    for extent in shape:
        size *= extent
    words = hashed(keys + tf.cast(steps, tf.uint64) * tf.constant(GOLDEN, tf.uint64))
    places = tf.cast(tf.range(size, dtype=tf.int64), tf.uint64)
    bits = tf.bitwise.right_shift(hashed(words[:, None] + places), tf.constant(41, tf.uint64))
    halves = tf.cast(tf.cast(bits, tf.int32), dtype) + 0.5
    return tf.reshape(halves / 2.0**23, [-1, *shape])


def gumbel(keys: tf.Tensor, steps: tf.Tensor, shape: Sequence[int], dtype: tf.DType) -> tf.Tensor:
    """Standard Gumbel numbers, [restart, *shape]: their argmax on logits samples the marginal."""
    return -tf.math.log(-tf.math.log(uniform(keys, steps, shape, dtype)))


def normal(keys: tf.Tensor, steps: tf.Tensor, shape: Sequence[int], dtype: tf.DType) -> tf.Tensor:
    """Standard normal numbers, [restart, *shape], unrelated to `gumbel`'s of the same key."""
    # Words of another purpose start elsewhere, or one noise would foretell the other.
    return tf.math.ndtri(uniform(~keys, steps, shape, dtype))
