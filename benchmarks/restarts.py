"""Times training steps of many restarts in one graph; prints one JSON line a measurement.

    python benchmarks/restarts.py
    python benchmarks/restarts.py --measure=math --restarts=10

- `math`: MATH with networks that are frozen and shared by all restarts, against the same step
  written by hand (`math_peer.py`), whose losses are compared first.
- `frozen`: ADD2X2 with such networks; `trained`: with networks of each restart's own, which learn
  too. Both against as many steps of a single restart.

A step is losses, gradients and Adam, compiled by XLA. The two that are compared alternate in blocks
in one process; `ratio` is the median of the blocks' ratios.
"""

import argparse
import json
import statistics
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import terpret.quiet  # noqa: F401

# isort: split
import math_peer
import tensorflow as tf
from step_time import Batch, block, random_batch

from terpret import CompiledModel, compile_model
from terpret.backends.networks import Library
from terpret.learning.optimise import OPTIMISERS
from terpret.learning.presets import PRESETS

MODELS = Path(__file__).resolve().parent.parent / "ntpt_models"
METHOD = PRESETS["robust"]
TOLERANCE = 1e-4

Step = Callable[[Batch], tf.Tensor]


def training_step(losses: Callable[[Batch], tf.Tensor], variables: Sequence[tf.Variable]) -> Step:
    """A step that updates `variables`, whose first axis is the restart, by Adam."""
    rule, starts = OPTIMISERS["adam"]
    slots = [[tf.Variable(tf.fill(v.shape, s)) for s in starts] for v in variables]
    count = tf.Variable(0.0)
    rate = tf.constant(METHOD.network_rate)

    def step(batch: Batch) -> tf.Tensor:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(variables)
            values = losses(batch)
        gradients = tape.gradient(values, variables)
        number = count.assign_add(1.0)
        for variable, gradient, own in zip(variables, gradients, slots, strict=True):
            change, new = rule(gradient, list(own), number, rate, METHOD)
            for slot, value in zip(own, new, strict=True):
                slot.assign(value)
            variable.assign_sub(change)
        return values

    return tf.function(step, autograph=False, jit_compile=True)


def compare(first: Step, second: Step, batch: Batch, counts: tuple[int, int], blocks: int) -> dict:
    """Milliseconds of two steps, and the ratio of the first to the second."""
    times: tuple[list[float], list[float]] = [], []
    for step in (first, second):
        block(step, batch, 3)
    for _ in range(blocks):
        for step, count, found in zip((first, second), counts, times, strict=True):
            found.append(block(step, batch, count))
    ratios = [a / b for a, b in zip(*times, strict=True)]
    return {
        "ms": round(statistics.median(times[0]), 3),
        "other_ms": round(statistics.median(times[1]), 3),
        "ratio": round(statistics.median(ratios), 3),
    }


def math(restarts: int, blocks: int) -> dict:
    """MATH compiled (`ms`) and by hand (`other_ms`), batch 16."""
    model = compile_model(MODELS / "math_model.py", restarts=restarts, library=Library(1))
    batch = random_batch(model, 16)
    logits = {name: tf.Variable(value) for name, value in model.param_logits.items()}

    def by_hand(batch: Batch) -> tf.Tensor:
        return math_peer.losses(logits, model.networks, batch)

    difference = float(tf.reduce_max(tf.abs(model.losses(batch) - by_hand(batch))))
    if difference > TOLERANCE:
        sys.exit(f"error: the losses by hand differ from the compiled model's by {difference:.1e}")
    compiled = training_step(model.emit_losses, list(model.param_logits.values()))
    peer = training_step(by_hand, list(logits.values()))
    return {"difference": difference, **compare(compiled, peer, batch, (10, 10), blocks)}


def frozen(restarts: int, blocks: int) -> dict:
    """ADD2X2 of many restarts (`ms`) and of one (`other_ms`) with frozen networks, batch 64."""
    many = compile_model(MODELS / "add2x2_model.py", restarts=restarts, library=Library(1))
    one = compile_model(MODELS / "add2x2_model.py")
    steps = [training_step(m.emit_losses, list(m.param_logits.values())) for m in (many, one)]
    return _by_restart(steps, random_batch(one, 64), restarts, blocks)


def trained(restarts: int, blocks: int) -> dict:
    """The same where each restart's own networks learn, too."""
    many = compile_model(MODELS / "add2x2_model.py", restarts=restarts)
    one = compile_model(MODELS / "add2x2_model.py")
    steps = [training_step(m.emit_losses, _all_variables(m)) for m in (many, one)]
    return _by_restart(steps, random_batch(one, 64), restarts, blocks)


def _all_variables(model: CompiledModel) -> list[tf.Variable]:
    return [*model.param_logits.values(), *model.network_variables]


def _by_restart(steps: Sequence[Step], batch: Batch, restarts: int, blocks: int) -> dict:
    line = compare(*steps, batch, (3, 60), blocks)
    return {**line, "ratio": round(line["ratio"] / restarts, 4)}


MEASURES = {"math": math, "frozen": frozen, "trained": trained}


def main() -> None:
    """Prints the measurements that the command line asks for."""
    parser = argparse.ArgumentParser(description="Times training steps of many restarts.")
    parser.add_argument("--measure", choices=MEASURES, help="only this one")
    parser.add_argument("--restarts", type=int, default=100)
    parser.add_argument("--blocks", type=int, default=15, help="pairs of blocks")
    flags = parser.parse_args()
    for name in [flags.measure] if flags.measure else MEASURES:
        line = {"measure": name, "restarts": flags.restarts}
        print(json.dumps({**line, **MEASURES[name](flags.restarts, flags.blocks)}), flush=True)


if __name__ == "__main__":
    main()
