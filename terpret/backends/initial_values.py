"""The values that Params and networks begin from: each restart's from its own seed."""

import math
from collections.abc import Sequence

import tensorflow as tf

from terpret.hashing import seed_of
from terpret.language.checked import Variable


def initial_logits(
    variable: Variable, restarts: Sequence[int], seed: int, scale: float, dtype: tf.DType
) -> tf.Tensor:
    """Logarithms of Dirichlet(scale) samples, each restart from its own seed.

    Args:
      variable: the Param.
      restarts: the numbers of the restarts.
      seed: the root seed of the run.
      scale: the concentration: small is peaked, large is near uniform.
      dtype: the floating point type.

    Returns:
      Tensor [restart, *dims, n].
    """
    shape = (*variable.dims, variable.domain)
    rows = []
    for restart in restarts:
        seeds = seed_of(seed, f"param/{variable.name}", restart)
        gamma = tf.random.stateless_gamma(
            shape, seeds, tf.cast(scale, tf.float64), dtype=tf.float64
        )
        # Far below what float32 can tell from 0: a value that the sample never takes.
        gamma = tf.maximum(gamma, 1e-30)
        rows.append(tf.math.log(gamma / tf.reduce_sum(gamma, -1, keepdims=True)))
    return tf.cast(tf.stack(rows), dtype)


def initial_kernels(
    shape: Sequence[int], restarts: Sequence[int], key: tuple[int, str], dtype: tf.DType
) -> tf.Tensor:
    """Glorot uniform kernels, drawn for each restart from its own seed.

    Args:
      shape: [inputs, outputs]; before them the places that a convolution sees.
      restarts: the numbers of the restarts.
      key: the root seed, and the name of the layer.
      dtype: the floating point type.

    Returns:
      Tensor [restart, *shape].
    """
    *places, inputs, outputs = shape
    limit = math.sqrt(6 / (math.prod(places) * (inputs + outputs)))
    return tf.stack(
        [
            tf.random.stateless_uniform(shape, seed_of(*key, k), -limit, limit, dtype)
            for k in restarts
        ]
    )
