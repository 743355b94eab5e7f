"""MATH by hand: the losses of `ntpt_models/math_model.py` as one would write them for XLA.

What makes it fast is what its author knows of the model:

- block pointer, head and halting never depend on an image, so control flow has no batch axis;
- whatever MOVE reads, at any step, is the networks' results weighed: one matrix product for all;
- all arguments of all blocks are mixed from the registers by one batched product a step, before
  they meet the table of Apply, which pairs of arguments meet in one matrix product.

Of the formulations tried this one was the fastest: the operation before the second argument, the
examples innermost instead of the values, mixing element by element, and a first step that knows of
the empty registers all cost the same or more.
"""

from collections.abc import Mapping

import tensorflow as tf

from benchmarks.peers.math_tables import APPLY, MAX_INT, N_BLOCK, N_OPERATION, OPERATION
from terpret.backends.networks import Weights

N_TILES, T = 4, 6
EPSILON = 1e-10

Tensors = Mapping[str, tf.Tensor]


def losses(logits: Tensors, networks: Mapping[str, Weights], batch: Tensors) -> tf.Tensor:
    """The loss of every restart, [restart].

    Args:
      logits: of each Param of the model, [restart, ..., n].
      networks: `net_0` and `net_1`, shared by all restarts.
      batch: `tiles` [batch, 4, 28, 28], and the labels `final_sum` and `halt_at_end`, [batch].
    """
    params = {name: tf.nn.softmax(value) for name, value in logits.items()}
    chosen, reading, running = _control(params)
    restarts, examples = running.shape[0], batch["tiles"].shape[0]
    shape = [restarts, N_BLOCK, examples, MAX_INT]

    images = tf.matmul(tf.reshape(reading, [-1, 2 * N_TILES]), _images(networks, batch["tiles"]))
    images = tf.unstack(tf.reshape(images, [T, *shape]))
    arguments = tf.concat([params["args1"], params["args2"], params["args3"]], 1)
    zero = tf.one_hot(0, MAX_INT)
    registers = tf.broadcast_to(zero, shape)
    for step in range(T):
        # At the first step every argument is 0, and 0 + 0 = 0.
        result = _apply(arguments, registers) if step else zero
        applying = chosen[step] * params["instr"][:, :, 0]
        kept = 1 - chosen[step]
        registers = _wide(applying) * result + images[step] + _wide(kept) * registers
    final_sum = tf.reduce_sum(_wide(params["return_reg"]) * registers, 1)
    halted = tf.stack([running, 1 - running], -1)[:, None]
    return _loss(final_sum, batch["final_sum"]) + _loss(halted, batch["halt_at_end"])


def _control(params: Tensors) -> tuple[list[tf.Tensor], tf.Tensor, tf.Tensor]:
    """What no image decides.

    Returns:
      For each step the probability that a block runs, [restart, block]; the weights by which
      blocks read images, [step, restart, block, network, tile]; the probability that the program
      has not halted at the end, [restart].
    """
    instr, goto, choice = params["instr"], params["goto_block"], params["net_choice"]
    running = tf.ones([instr.shape[0]])
    block = tf.one_hot(tf.zeros([instr.shape[0]], tf.int32), N_BLOCK)
    head = tf.one_hot(tf.zeros([instr.shape[0]], tf.int32), N_TILES)
    chosen, reading = [], []
    for _ in range(T):
        moved = tf.roll(head, 1, 1)
        chosen.append(running[:, None] * block)
        moving = chosen[-1] * instr[:, :, 1]
        reading.append(_wide(moving) * choice[..., None] * moved[:, None, None])
        moves = tf.reduce_sum(block * instr[:, :, 1], 1)[:, None]
        run = running[:, None]
        next_head = (1 - moves) * head + moves * moved
        # A halted program reads its unconditioned state, as every branch of the model does.
        running = (1 - running) * running + running * (1 - next_head[:, 0])
        block = (1 - run) * block + run * tf.reduce_sum(block[:, :, None] * goto, 1)
        head = (1 - run) * head + run * next_head
    return chosen, tf.stack(reading), running


def _images(networks: Mapping[str, Weights], tiles: tf.Tensor) -> tf.Tensor:
    """What each network sees in each tile, [network * tile, batch * value]."""
    rows = tf.reshape(tf.transpose(tiles, [1, 0, 2, 3]), [-1, tiles.shape[2] * tiles.shape[3]])
    seen = []
    for name in ("net_0", "net_1"):
        hidden, layers = rows, zip(networks[name].kernels, networks[name].biases, strict=True)
        for depth, (kernel, bias) in enumerate(layers):
            hidden = tf.matmul(tf.nn.relu(hidden) if depth else hidden, kernel[0]) + bias[0]
        missing = MAX_INT - hidden.shape[-1]
        seen.append(tf.pad(tf.nn.softmax(hidden), [[0, 0], [0, missing]]))
    return tf.reshape(tf.stack(seen), [2 * N_TILES, tiles.shape[0] * MAX_INT])


def _apply(arguments: tf.Tensor, registers: tf.Tensor) -> tf.Tensor:
    """The results of all blocks' APPLY, [restart, block, batch, value].

    Args:
      arguments: [restart, argument * block, register].
      registers: [restart, register, batch, value].
    """
    restarts, _, examples, _ = registers.shape
    mixed = tf.matmul(arguments, tf.reshape(registers, [restarts, N_BLOCK, -1]))
    mixed = tf.reshape(mixed, [restarts, 3, N_BLOCK, examples, MAX_INT])
    first, second, third = tf.unstack(mixed, axis=1)
    pairs = tf.reshape(first[..., :, None] * second[..., None, :], [-1, MAX_INT**2])
    results = tf.reshape(tf.matmul(pairs, APPLY), [*first.shape[:-1], N_OPERATION, MAX_INT])
    operation = tf.matmul(third, OPERATION)
    return tf.reduce_sum(results * operation[..., None], -2)


def _wide(weights: tf.Tensor) -> tf.Tensor:
    """Weights [restart, block] for tensors of two more dimensions."""
    return weights[:, :, None, None]


def _loss(marginals: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    observed = tf.reduce_sum(marginals * tf.one_hot(labels, marginals.shape[-1]), -1) + EPSILON
    total = tf.reduce_sum(marginals + EPSILON, -1)
    return tf.reduce_mean(tf.math.log(total) - tf.math.log(observed), 1)
