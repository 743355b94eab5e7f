"""The Turing machine by hand in TensorFlow: `turing_jax.py` as one `tf.while_loop`.

The number of rounds is known, so XLA compiles the loop and its gradient.
"""

import tensorflow as tf

from benchmarks.peers.losses_tensorflow import complement, cross_entropy
from benchmarks.peers.problems import N_DIRECTIONS, N_STATES, N_SYMBOLS, Problem

Tensors = dict[str, tf.Tensor]
# Tape [restart, batch, symbol, cell], position [restart, batch, cell], state [restart, batch, n],
# and whether the machine runs or has halted, [restart, batch, 2].
Carried = tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]


def losses(logits: Tensors, batch: Tensors, problem: Problem) -> tf.Tensor:
    """The loss of every restart, [restart].

    Args:
      logits: of each Param, [restart, *dims, n].
      batch: `initial_tape` and the labels `final_tape`, [batch, cell], and `final_is_halted`.
      problem: the sizes.
    """
    many = (problem.restarts, problem.batch)
    params = {name: tf.nn.softmax(value) for name, value in logits.items()}
    tables = tf.concat([params["write"], params["newState"], params["dir"]], -1)
    tables = tf.reshape(tables, [problem.restarts, N_STATES, -1])

    def one_hot(value: int, size: int) -> tf.Tensor:
        return tf.broadcast_to(tf.one_hot(value, size), [*many, size])

    tape = tf.one_hot(batch["initial_tape"], N_SYMBOLS, axis=1)
    tape = tf.broadcast_to(tape, [*many, *tape.shape[1:]])
    start = (tape, one_hot(0, problem.cells), one_hot(1, N_STATES), one_hot(0, 2))
    rounds = problem.steps - 1

    def body(step: tf.Tensor, carried: Carried) -> tuple[tf.Tensor, Carried]:
        return step + 1, _step(carried, tables)

    _, (tape, _, _, halting) = tf.while_loop(
        lambda step, _: step < rounds, body, (tf.constant(0), start), maximum_iterations=rounds
    )
    cells = cross_entropy(tf.linalg.matrix_transpose(tape), batch["final_tape"])
    halted = cross_entropy(halting, batch["final_is_halted"])
    return tf.reduce_mean(halted, 1) + tf.reduce_sum(tf.reduce_mean(cells, 1), 1)


def _step(carried: Carried, tables: tf.Tensor) -> Carried:
    tape, position, state, halting = carried
    running, halted = halting[..., :1], halting[..., 1:]
    here = position[..., None, :] * tape
    symbol = tf.reduce_sum(here, -1)
    total = tf.reduce_sum(state, -1, keepdims=True) * tf.reduce_sum(symbol, -1, keepdims=True)
    chosen = tf.reshape(tf.matmul(state / total, tables), [*symbol.shape, -1])
    written_and_state = tf.reduce_sum(symbol[..., None] * chosen[..., :-N_DIRECTIONS], -2)
    written, new_state = tf.split(written_and_state, [N_SYMBOLS, N_STATES], -1)

    moved = tf.reduce_sum(chosen[..., -N_DIRECTIONS:, None] * here[..., :, None, :], -3)
    stay, right, left = tf.unstack(moved, axis=-2)
    new_position = stay + tf.roll(right, 1, -1) + tf.roll(left, -1, -1)
    new_tape = complement(position)[..., None, :] * tape
    new_tape += position[..., None, :] * written[..., None]
    new_halting = tf.stack([tf.reduce_sum(new_state[..., 1:], -1), new_state[..., 0]], -1)

    # A halted machine reads its unconditioned state, as every branch of the model does.
    halting = halted * halting + running * new_halting
    return (
        halted[..., None] * tape + running[..., None] * new_tape,
        halted * position + running * new_position,
        halted * state + running * new_state,
        halting / tf.reduce_sum(halting, -1, keepdims=True),
    )
