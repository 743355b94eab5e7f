"""A training step of what is written by hand in TensorFlow."""

import numpy as np
import tensorflow as tf

from benchmarks.peers import turing_tensorflow
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

LOSSES = {"turing": turing_tensorflow.losses}
Tensors = dict[str, tf.Tensor]


def gradients(problem: Problem, logits: Tensors, batch: Tensors) -> tuple[Tensors, tf.Tensor]:
    """The gradients by Param, and the loss of every restart, [restart]."""
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(logits)
        losses = LOSSES[problem.model](logits, batch, problem)
    return tape.gradient(losses, logits), losses


def begin(problem: Problem) -> Begun:
    """Training from the problem's logits; the steps follow one another in the graph."""
    logits = {name: tf.Variable(value) for name, value in drawn_logits(problem).items()}
    means = {name: tf.Variable(tf.zeros_like(value)) for name, value in logits.items()}
    squares = {name: tf.Variable(tf.zeros_like(value)) for name, value in logits.items()}
    updates = tf.Variable(0.0)
    batch = {name: tf.constant(value) for name, value in drawn_batch(problem).items()}

    @tf.function(autograph=False, jit_compile=True)
    def step(batch: Tensors) -> tf.Tensor:
        values = {name: tf.convert_to_tensor(value) for name, value in logits.items()}
        found, losses = gradients(problem, values, batch)
        number = updates.assign_add(1.0)
        rate = RATE * tf.sqrt(1 - DECAY**number) / (1 - MOMENTUM**number)
        for name, gradient in found.items():
            mean = MOMENTUM * means[name] + (1 - MOMENTUM) * gradient
            square = DECAY * squares[name] + (1 - DECAY) * tf.square(gradient)
            means[name].assign(mean)
            squares[name].assign(square)
            logits[name].assign_sub(rate * mean / (tf.sqrt(square) + ADAM_EPSILON))
        return losses

    @tf.function(autograph=False)
    def steps(count: tf.Tensor, batch: Tensors) -> tf.Tensor:
        def body(made: tf.Tensor, total: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            return made + 1, total + step(batch)

        start = (tf.constant(0), tf.zeros([problem.restarts]))
        return tf.while_loop(lambda made, _: made < count, body, start)[1]

    def run(count: int) -> None:
        steps(tf.constant(count), batch).numpy()

    return run


def check(problem: Problem) -> tuple[np.ndarray, Arrays]:
    """The loss of every restart at the problem's logits, [restart], and the gradients."""
    logits = {name: tf.constant(value) for name, value in drawn_logits(problem).items()}
    batch = {name: tf.constant(value) for name, value in drawn_batch(problem).items()}
    compiled = tf.function(
        lambda: gradients(problem, logits, batch), autograph=False, jit_compile=True
    )
    found, losses = compiled()
    return losses.numpy(), {name: value.numpy() for name, value in found.items()}


if __name__ == "__main__":
    serve(begin, check)
