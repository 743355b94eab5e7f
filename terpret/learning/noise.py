"""Random numbers of a training step: a function of (restart's seed, update, place) alone.

A counter-based hash (splitmix64's finaliser), so that a restart draws the same numbers however many
run beside it, and a resumed run draws those it would have drawn.
"""

from collections.abc import Sequence

import tensorflow as tf

from terpret.backends.networks import seed_of

_GOLDEN = 0x9E3779B97F4A7C15
_FACTORS = (0xBF58476D1CE4E5B9, 0x94D049BB133111EB)


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
    words = _mix(keys + tf.cast(steps, tf.uint64) * tf.constant(_GOLDEN, tf.uint64))
    places = tf.cast(tf.range(size, dtype=tf.int64), tf.uint64)
    bits = tf.bitwise.right_shift(_mix(words[:, None] + places), tf.constant(41, tf.uint64))
    halves = tf.cast(tf.cast(bits, tf.int32), dtype) + 0.5
    return tf.reshape(halves / 2.0**23, [-1, *shape])


def gumbel(keys: tf.Tensor, steps: tf.Tensor, shape: Sequence[int], dtype: tf.DType) -> tf.Tensor:
    """Standard Gumbel numbers, [restart, *shape]: their argmax on logits samples the marginal."""
    return -tf.math.log(-tf.math.log(uniform(keys, steps, shape, dtype)))


def normal(keys: tf.Tensor, steps: tf.Tensor, shape: Sequence[int], dtype: tf.DType) -> tf.Tensor:
    """Standard normal numbers, [restart, *shape], unrelated to `gumbel`'s of the same key."""
    # Words of another purpose start elsewhere, or one noise would foretell the other.
    return tf.math.ndtri(uniform(~keys, steps, shape, dtype))


def _mix(words: tf.Tensor) -> tf.Tensor:
    words = words + tf.constant(_GOLDEN, tf.uint64)
    for shift, factor in zip((30, 27), _FACTORS, strict=True):
        words = tf.bitwise.bitwise_xor(
            words, tf.bitwise.right_shift(words, tf.constant(shift, tf.uint64))
        )
        words = words * tf.constant(factor, tf.uint64)
    return tf.bitwise.bitwise_xor(words, tf.bitwise.right_shift(words, tf.constant(31, tf.uint64)))
