"""A training step of what is written by hand in JAX."""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.peers import math_jax, turing_jax
from benchmarks.peers.problems import (
    ADAM_EPSILON,
    DECAY,
    MOMENTUM,
    RATE,
    Arrays,
    Problem,
    drawn_batch,
    drawn_logits,
)
from benchmarks.peers.serve import Begun, serve

LOSSES = {"turing": turing_jax.losses, "math": math_jax.losses}
Tensors = dict[str, jax.Array]
# Logits, the moving averages of their gradients and of the squares, and the number of updates.
State = tuple[Tensors, Tensors, Tensors, jax.Array]


def gradients(problem: Problem, logits: Tensors, batch: Tensors) -> tuple[Tensors, jax.Array]:
    """The gradients by Param, and the loss of every restart, [restart]."""

    def total(logits: Tensors) -> tuple[jax.Array, jax.Array]:
        # Restarts share nothing, so the sum's gradient is each one's own.
        losses = LOSSES[problem.model](logits, batch, problem)
        return losses.sum(), losses

    return jax.grad(total, has_aux=True)(logits)


def update(problem: Problem, state: State, batch: Tensors) -> tuple[State, jax.Array]:
    """One update by Adam; returns the new state and the losses before it, [restart]."""
    logits, means, squares, count = state
    gradient, losses = gradients(problem, logits, batch)
    count = count + 1
    means = jax.tree.map(lambda m, g: MOMENTUM * m + (1 - MOMENTUM) * g, means, gradient)
    squares = jax.tree.map(lambda s, g: DECAY * s + (1 - DECAY) * g * g, squares, gradient)
    rate = RATE * jnp.sqrt(1 - DECAY**count) / (1 - MOMENTUM**count)
    logits = jax.tree.map(
        lambda v, m, s: v - rate * m / (jnp.sqrt(s) + ADAM_EPSILON), logits, means, squares
    )
    return (logits, means, squares, count), losses


def begin(problem: Problem) -> Begun:
    """Training from the problem's logits."""
    logits, batch = drawn_logits(problem), jax.device_put(drawn_batch(problem))
    zeros = {name: np.zeros_like(value) for name, value in logits.items()}
    state = jax.device_put((logits, zeros, jax.tree.map(np.copy, zeros), np.float32(0)))
    step = jax.jit(functools.partial(update, problem), donate_argnums=0)

    def run(count: int) -> None:
        nonlocal state
        for _ in range(count):
            state, losses = step(state, batch)
        losses.block_until_ready()

    return run


def check(problem: Problem) -> tuple[np.ndarray, Arrays]:
    """The loss of every restart at the problem's logits, [restart], and the gradients."""
    found, losses = jax.jit(functools.partial(gradients, problem))(
        drawn_logits(problem), drawn_batch(problem)
    )
    return np.asarray(losses), {name: np.asarray(value) for name, value in found.items()}


if __name__ == "__main__":
    serve(begin, check)
