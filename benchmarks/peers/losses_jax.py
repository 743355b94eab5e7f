"""What the losses in JAX have in common."""

import jax
import jax.numpy as jnp

from benchmarks.peers.problems import EPSILON


def complement(probability: jax.Array) -> jax.Array:
    """1 - p, and 0 where rounding has made p larger than 1."""
    return jnp.where(probability <= 1, 1 - probability, 0)


def cross_entropy(marginals: jax.Array, labels: jax.Array) -> jax.Array:
    """-log((p_y + e) / sum_i (p_i + e)), [restart, *labels].

    Args:
      marginals: [restart, *labels, n].
      labels: integers.
    """
    observed = (marginals * jax.nn.one_hot(labels, marginals.shape[-1])).sum(-1)
    return jnp.log((marginals + EPSILON).sum(-1)) - jnp.log(observed + EPSILON)
