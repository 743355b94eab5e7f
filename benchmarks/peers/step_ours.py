"""A training step of the compiled model, as training makes it: by the learner, in the graph."""

from pathlib import Path

import terpret.quiet  # noqa: F401

# isort: split
import numpy as np
import tensorflow as tf

from benchmarks.peers.problems import (
    DECAY,
    N_STATES,
    N_SYMBOLS,
    RATE,
    Arrays,
    Problem,
    drawn_batch,
    drawn_logits,
)
from benchmarks.peers.serve import Begun, serve
from terpret import CompiledModel, compile_model
from terpret.learning.learner import Learner
from terpret.learning.method import Method

MODELS = Path(__file__).resolve().parents[2] / "ntpt_models"
# Adam alone: no noise, no annealing, no attempts.
METHOD = Method(
    "adam", program_rate=RATE, network_rate=0.0, batch_size=16, updates=10**9, decay=DECAY
)


def compiled(problem: Problem, dtype: tf.DType = tf.float32) -> CompiledModel:
    """The model at the problem's size."""
    if problem.model == "turing":
        hypers = {"numTapeSymbols": N_SYMBOLS, "numHeadStates": N_STATES}
        hypers |= {"tapeLength": problem.cells, "numTimesteps": problem.steps}
        return compile_model(MODELS / "turing.py", hypers, problem.restarts, dtype=dtype)
    hypers = {"N_TILES": problem.cells, "T": problem.steps}
    labels = {"net_0": "net_0", "net_1": "net_1"}
    path = MODELS / "math_model.py"
    return compile_model(path, hypers, problem.restarts, dtype=dtype, learned=labels)


def begin(problem: Problem) -> Begun:
    """Training from the problem's logits."""
    model = compiled(problem)
    learner = Learner(model, METHOD, 0, 10**9)
    for name, value in drawn_logits(problem).items():
        model.param_logits[name].assign(value)
    batch = model.checked_batch(drawn_batch(problem), outputs=True)
    batches = iter(tf.data.Dataset.from_tensors(batch).repeat())

    def run(count: int) -> None:
        learner.run(batches, count).numpy()

    return run


def check(problem: Problem) -> tuple[np.ndarray, Arrays]:
    """The loss of every restart at the problem's logits, [restart], and the gradients.

    In float64: what rounding does to marginals whose sums are not kept at 1 is not asked here.
    """
    model = compiled(problem, tf.float64)
    batch = model.checked_batch(drawn_batch(problem), outputs=True)
    logits = {name: tf.constant(value, tf.float64) for name, value in drawn_logits(problem).items()}
    with tf.GradientTape() as tape:
        tape.watch(logits)
        losses = model.emit_losses(batch, logits)
    gradients = tape.gradient(losses, logits)
    return losses.numpy(), {name: value.numpy() for name, value in gradients.items()}


if __name__ == "__main__":
    serve(begin, check)
