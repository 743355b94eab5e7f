"""Hashes that all randomness comes from: a number is a function of its seed and its place alone."""

import tensorflow as tf

# Of splitmix64, whose finaliser `hashed` is.
GOLDEN = 0x9E3779B97F4A7C15
_FACTORS = (0xBF58476D1CE4E5B9, 0x94D049BB133111EB)


def seed_of(seed: int, purpose: str, restart: int) -> tuple[int, int]:
    """A stateless seed for one restart and one purpose, whatever runs beside it."""
    mixed = 0xCBF29CE484222325
    for byte in f"{seed}/{purpose}/{restart}".encode():
        mixed = (mixed ^ byte) * 0x100000001B3 % 2**64
    return mixed % 2**31, mixed >> 33


def hashed(words: tf.Tensor) -> tf.Tensor:
    """Hashes uint64 words of any shape; the hashes of words close together are unrelated."""
    words = words + tf.constant(GOLDEN, tf.uint64)
    for shift, factor in zip((30, 27), _FACTORS, strict=True):
        words = tf.bitwise.bitwise_xor(
            words, tf.bitwise.right_shift(words, tf.constant(shift, tf.uint64))
        )
        words = words * tf.constant(factor, tf.uint64)
    return tf.bitwise.bitwise_xor(words, tf.bitwise.right_shift(words, tf.constant(31, tf.uint64)))
