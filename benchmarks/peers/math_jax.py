"""MATH by hand in JAX: the losses of `ntpt_models/math_model.py`, its networks given as labels.

As `benchmarks/math_peer.py`, with two loops: what no image decides is one `lax.scan` without a
batch, and its weights make all that MOVE ever reads by one matrix product; the registers are the
other, of which the backward pass keeps matrix products and makes the rest again. What APPLY reads
is divided by its sums, for the reason that `turing_jax.py` gives.
"""

import functools

import jax
import jax.numpy as jnp

from benchmarks.peers.losses_jax import complement, cross_entropy
from benchmarks.peers.math_tables import APPLY, MAX_INT, N_BLOCK, N_OPERATION, OPERATION
from benchmarks.peers.problems import Problem

Tensors = dict[str, jax.Array]
# Whether the program runs, [restart]; the block, [restart, block]; the head, [restart, tile].
Control = tuple[jax.Array, jax.Array, jax.Array]


def losses(logits: Tensors, batch: Tensors, problem: Problem) -> jax.Array:
    """The loss of every restart, [restart].

    Args:
      logits: of each Param, [restart, *dims, n].
      batch: what the networks say, `net_0` and `net_1` [batch, tile], and the labels `final_sum`
        and `halt_at_end`, [batch].
      problem: the sizes.
    """
    params = {name: jax.nn.softmax(value) for name, value in logits.items()}
    chosen, reading, running = _control(params, problem)
    shape = (problem.restarts, N_BLOCK, problem.batch, MAX_INT)
    names = jnp.stack([batch["net_0"], batch["net_1"]]).transpose(0, 2, 1)
    seen = jax.nn.one_hot(names, MAX_INT).reshape(2 * problem.cells, -1)
    images = (reading.reshape(-1, 2 * problem.cells) @ seen).reshape(problem.steps, *shape)
    arguments = jnp.concatenate([params["args1"], params["args2"], params["args3"]], 1)

    @functools.partial(jax.checkpoint, policy=jax.checkpoint_policies.dots_saveable)
    def body(registers: jax.Array, step: Tensors) -> tuple[jax.Array, None]:
        applying = step["chosen"] * params["instr"][:, :, 0]
        made = _wide(applying) * _apply(arguments, registers) + step["images"]
        return made + _wide(complement(step["chosen"])) * registers, None

    registers = jnp.broadcast_to(jax.nn.one_hot(0, MAX_INT), shape)
    registers, _ = jax.lax.scan(body, registers, {"chosen": chosen, "images": images})
    final_sum = (_wide(params["return_reg"]) * registers).sum(1)
    halting = jnp.stack([running, complement(running)], -1)[:, None]
    ended = cross_entropy(halting, batch["halt_at_end"])
    return (cross_entropy(final_sum, batch["final_sum"]) + ended).mean(1)


def _control(params: Tensors, problem: Problem) -> tuple[jax.Array, jax.Array, jax.Array]:
    """What no image decides.

    Returns:
      The probability that a block runs, [step, restart, block]; the weights by which blocks read
      images, [step, restart, block, network, tile]; the probability that the program has not
      halted at the end, [restart].
    """
    instr, goto, choice = params["instr"], params["goto_block"], params["net_choice"]

    def one_hot(size: int) -> jax.Array:
        return jnp.broadcast_to(jax.nn.one_hot(0, size), (problem.restarts, size))

    def body(carried: Control, _: None) -> tuple[Control, tuple[jax.Array, jax.Array]]:
        running, block, head = carried
        run, halted = running[:, None], complement(running)[:, None]
        moved = jnp.roll(head, 1, 1)
        chosen = run * block
        moving = chosen * instr[:, :, 1]
        reading = _wide(moving) * choice[..., None] * moved[:, None, None]
        moves = (block * instr[:, :, 1]).sum(1, keepdims=True)
        new_head = complement(moves) * head + moves * moved
        new_block = (block[:, :, None] * goto).sum(1)
        # A halted program reads its unconditioned state, as every branch of the model does.
        goes_on = complement(running) * running + running * complement(new_head[:, 0])
        carried = goes_on, halted * block + run * new_block, halted * head + run * new_head
        return carried, (chosen, reading)

    start = jnp.ones(problem.restarts), one_hot(N_BLOCK), one_hot(problem.cells)
    (running, _, _), (chosen, reading) = jax.lax.scan(body, start, None, length=problem.steps)
    return chosen, reading, running


def _apply(arguments: jax.Array, registers: jax.Array) -> jax.Array:
    """The results of all blocks' APPLY, [restart, block, batch, value].

    Args:
      arguments: [restart, argument * block, register].
      registers: [restart, register, batch, value].
    """
    restarts, _, examples, _ = registers.shape
    mixed = arguments @ registers.reshape(restarts, N_BLOCK, -1)
    mixed = mixed.reshape(restarts, 3, N_BLOCK, examples, MAX_INT)
    mixed /= mixed.sum(-1, keepdims=True)
    first, second, third = mixed[:, 0], mixed[:, 1], mixed[:, 2]
    pairs = (first[..., :, None] * second[..., None, :]).reshape(-1, MAX_INT**2)
    results = (pairs @ APPLY).reshape(*first.shape[:-1], N_OPERATION, MAX_INT)
    return (results * (third @ OPERATION)[..., None]).sum(-2)


def _wide(weights: jax.Array) -> jax.Array:
    """Weights [restart, block] for tensors of two more dimensions."""
    return weights[:, :, None, None]
