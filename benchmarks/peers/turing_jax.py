"""The Turing machine by hand in JAX: the losses of `ntpt_models/turing.py`, one `lax.scan`.

What its author knows of the model:

- all three tables are read at the same symbols and states: one matrix product a step;
- to move is to shift: no table of positions is needed;
- a step is cheaper made again than remembered, so the backward pass keeps only what is carried.

Of the forms tried this takes the least of a processor's time at 20 cells and 60 steps: 8.7 ms a
step with 10 restarts, where plain contractions that remember every step take 18. (At 5 cells and 9
steps those take 0.5 ms, this 0.9.)

The model multiplies three marginals in every step. Where each sums to 1 but for rounding, their
product is wrong by three times as much, and after sixty steps nothing is right, so what is
multiplied is divided by its sums.
"""

import jax
import jax.numpy as jnp

from benchmarks.peers.losses_jax import complement, cross_entropy
from benchmarks.peers.problems import N_DIRECTIONS, N_STATES, N_SYMBOLS, Problem

Tensors = dict[str, jax.Array]
# Tape [restart, batch, symbol, cell], position [restart, batch, cell], state [restart, batch, n],
# and whether the machine runs or has halted, [restart, batch, 2].
Carried = tuple[jax.Array, jax.Array, jax.Array, jax.Array]


def losses(logits: Tensors, batch: Tensors, problem: Problem) -> jax.Array:
    """The loss of every restart, [restart].

    Args:
      logits: of each Param, [restart, *dims, n].
      batch: `initial_tape` and the labels `final_tape`, [batch, cell], and `final_is_halted`.
      problem: the sizes.
    """
    many = (problem.restarts, problem.batch)
    params = {name: jax.nn.softmax(value) for name, value in logits.items()}
    tables = jnp.concatenate([params["write"], params["newState"], params["dir"]], -1)
    tables = tables.reshape(problem.restarts, N_STATES, -1)

    def one_hot(value: int, size: int) -> jax.Array:
        return jnp.broadcast_to(jax.nn.one_hot(value, size), (*many, size))

    tape = jnp.swapaxes(jax.nn.one_hot(batch["initial_tape"], N_SYMBOLS), 1, 2)
    tape = jnp.broadcast_to(tape, (*many, *tape.shape[1:]))
    start = (tape, one_hot(0, problem.cells), one_hot(1, N_STATES), one_hot(0, 2))

    @jax.checkpoint
    def body(carried: Carried, _: None) -> tuple[Carried, None]:
        return _step(carried, tables), None

    (tape, _, _, halting), _ = jax.lax.scan(body, start, None, length=problem.steps - 1)
    cells = cross_entropy(jnp.swapaxes(tape, 2, 3), batch["final_tape"])
    return cross_entropy(halting, batch["final_is_halted"]).mean(1) + cells.mean(1).sum(1)


def _step(carried: Carried, tables: jax.Array) -> Carried:
    tape, position, state, halting = carried
    running, halted = halting[..., :1], halting[..., 1:]
    here = position[..., None, :] * tape
    symbol = here.sum(-1)
    total = state.sum(-1, keepdims=True) * symbol.sum(-1, keepdims=True)
    chosen = ((state / total) @ tables).reshape(*symbol.shape, -1)
    written_and_state = (symbol[..., None] * chosen[..., :-N_DIRECTIONS]).sum(-2)
    written, new_state = jnp.split(written_and_state, [N_SYMBOLS], -1)

    moved = (chosen[..., -N_DIRECTIONS:, None] * here[..., :, None, :]).sum(-3)
    stay, right, left = moved[..., 0, :], moved[..., 1, :], moved[..., 2, :]
    new_position = stay + jnp.roll(right, 1, -1) + jnp.roll(left, -1, -1)
    new_tape = complement(position)[..., None, :] * tape
    new_tape += position[..., None, :] * written[..., None]
    new_halting = jnp.stack([new_state[..., 1:].sum(-1), new_state[..., 0]], -1)

    # A halted machine reads its unconditioned state, as every branch of the model does.
    halting = halted * halting + running * new_halting
    return (
        halted[..., None] * tape + running[..., None] * new_tape,
        halted * position + running * new_position,
        halted * state + running * new_state,
        halting / halting.sum(-1, keepdims=True),
    )
