"""Dropout that is a function of (seed, update, place), so that a resumed run draws it again."""

import tensorflow as tf


def dropped(values: tf.Tensor, rate: float, key: tf.Tensor | None, place: int) -> tf.Tensor:
    """Sets a part of some values to zero, and scales the others up.

    Args:
      values: any tensor.
      rate: the part that is dropped.
      key: what it is drawn from, int32 [2]: a stream and an update; None drops nothing.
      place: tells this dropout from the others of the same update.
    """
    if key is None or rate == 0.0:
        return values
    seed = tf.random.experimental.stateless_fold_in(key, place)
    return tf.nn.experimental.stateless_dropout(values, rate, seed, rng_alg="philox")
