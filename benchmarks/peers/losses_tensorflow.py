"""What the losses in TensorFlow have in common."""

import tensorflow as tf

from benchmarks.peers.problems import EPSILON


def complement(probability: tf.Tensor) -> tf.Tensor:
    """1 - p, and 0 where rounding has made p larger than 1."""
    return tf.where(probability <= 1, 1 - probability, tf.zeros_like(probability))


def cross_entropy(marginals: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """-log((p_y + e) / sum_i (p_i + e)), [restart, *labels].

    Args:
      marginals: [restart, *labels, n].
      labels: integers.
    """
    observed = tf.reduce_sum(marginals * tf.one_hot(labels, marginals.shape[-1]), -1)
    total = tf.reduce_sum(marginals + EPSILON, -1)
    return tf.math.log(total) - tf.math.log(observed + EPSILON)
