"""Times a training step against its floor, the model's networks alone; prints one JSON line.

    python benchmarks/step_time.py --model=add2x2_model.py --batch=64
    python benchmarks/step_time.py --model=turing.py --data=invert.json --hypers=hypers.json

Floor and step alternate in blocks in one process, because two measured one after the other drift
apart; `ratio` is the median of the blocks' ratios. With a data file the batch is its training
batch. A model without networks has no floor: `nets_ms` and `ratio` are null, and the steps follow
one another in the graph, as in training.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
from absl import flags

import terpret.quiet  # noqa: F401
from terpret.command import arguments

# isort: split
import tensorflow as tf

from terpret import CompiledModel, compile_model
from terpret.backends.convolution import compiled_by_xla
from terpret.backends.networks import layers
from terpret.command.guard import guarded
from terpret.language.errors import parse_hypers
from terpret.language.model_files import model_path
from terpret.learning.learner import Learner
from terpret.learning.optimise import OPTIMISERS
from terpret.learning.presets import PRESETS
from terpret.runs.batches_file import open_batches

FLAGS = flags.FLAGS
flags.DEFINE_string("model", "add2x2_model.py", "A model file, or a name in ntpt_models/.")
flags.DEFINE_integer("batch", 64, "Examples in a batch.", 1)
flags.DEFINE_integer("restarts", 1, "Restarts in the graph.", 1)
flags.DEFINE_string("hypers", "", "The model's hypers: T=6,N_TILES=4, or a JSON file of TerpreT's.")
flags.DEFINE_string("data", "", "A data file in TerpreT's JSON format.")
flags.DEFINE_enum("preset", "robust", sorted(PRESETS), "Optimiser and noise.")
flags.DEFINE_bool("xla", True, "Compile both by XLA.")
flags.DEFINE_integer("blocks", 15, "Pairs of blocks.", 1)
flags.DEFINE_integer("steps", 60, "Steps in a block.", 1)

Batch = Mapping[str, tf.Tensor]


def random_batch(model: CompiledModel, size: int) -> dict[str, tf.Tensor]:
    """Random inputs and outputs of the right shapes."""
    random = np.random.default_rng(0)
    batch = {}
    for variable in model.checked.variables:
        if variable.kind in ("Input", "Output") and isinstance(variable.domain, int):
            shape = (size, *variable.dims)
            batch[variable.name] = random.integers(0, variable.domain, shape, np.int32)
        elif variable.kind == "Input":
            shape = (size, *variable.dims, *variable.domain)
            batch[variable.name] = random.random(shape, np.float32)
    return model.checked_batch(batch, outputs=True)


def networks_alone(model: CompiledModel, preset: str, xla: bool) -> Callable[[Batch], tf.Tensor]:
    """A training step of the model's networks on the same images, with the same optimiser."""
    method = PRESETS[preset]
    rule, starts = OPTIMISERS[method.optimiser]
    variables = model.network_variables
    slots = [[tf.Variable(tf.fill(v.shape, s)) for s in starts] for v in variables]
    count = tf.Variable(0.0)
    images = next(v for v in model.checked.of_kind("Input") if not isinstance(v.domain, int))
    outputs = {network.name: network.output for network in model.checked.networks}

    def step(batch: Batch) -> tf.Tensor:
        pixels = tf.reshape(batch[images.name], [-1, int(np.prod(images.domain))])
        with compiled_by_xla(xla), tf.GradientTape() as tape:
            loss = tf.zeros([])
            for name, weights in model.networks.items():
                marginal = tf.nn.softmax(layers(weights, pixels, False, outputs[name]))
                loss -= tf.reduce_mean(tf.math.log(marginal[..., 0] + 1e-10))
        gradients = tape.gradient(loss, variables)
        number = count.assign_add(1.0)
        rate = tf.constant(method.network_rate)
        for variable, gradient, own in zip(variables, gradients, slots, strict=True):
            change, values = rule(gradient, list(own), number, rate, method)
            for slot, value in zip(own, values, strict=True):
                slot.assign(value)
            variable.assign_sub(change)
        return loss

    return tf.function(step, autograph=False, jit_compile=xla)


def operations(model: CompiledModel, batch: Batch) -> int:
    """Graph operations of losses and gradients, constants not counted."""

    @tf.function(autograph=False)
    def losses_and_gradients(batch: Batch) -> list[tf.Tensor]:
        with tf.GradientTape() as tape:
            total = tf.reduce_sum(model.emit_losses(batch))
        return [total, *tape.gradient(total, model.trainable_variables)]

    graph = losses_and_gradients.get_concrete_function(batch).graph
    return sum(operation.type != "Const" for operation in graph.get_operations())


def block(step: Callable[[Batch], tf.Tensor], batch: Batch, count: int) -> float:
    """Milliseconds a step, over `count` steps."""
    started = time.perf_counter()
    for _ in range(count):
        result = step(batch)
    result.numpy()
    return (time.perf_counter() - started) / count * 1000


def loop(learner: Learner, batches: Iterator[Batch], count: int) -> float:
    """Milliseconds a step, over `count` steps made in the graph."""
    started = time.perf_counter()
    learner.run(batches, count).numpy()
    return (time.perf_counter() - started) / count * 1000


def measure() -> int:
    """Measures what the flags say and prints the line."""
    model_or_path, hypers, arrays = model_path(FLAGS.model), {}, None
    started = time.perf_counter()
    if FLAGS.data:
        named = FLAGS.hypers.endswith(".json")
        values = {} if named else parse_hypers(FLAGS.hypers)
        file = open_batches(FLAGS.data, model_or_path, values, FLAGS.hypers if named else "")
        model_or_path = file.model
        arrays = {**file.training.inputs, **file.training.answers}
    else:
        hypers = parse_hypers(FLAGS.hypers)
    model = compile_model(model_or_path, hypers, FLAGS.restarts)
    # No annealing: every step of the benchmark is like the first.
    learner = Learner(model, PRESETS[FLAGS.preset], 0, 10**9, xla=FLAGS.xla)
    built = time.perf_counter()
    batch = model.checked_batch(arrays, True) if arrays else random_batch(model, FLAGS.batch)
    learner.step(batch)
    compiled = time.perf_counter()
    line = {
        "model": FLAGS.model,
        "batch": int(next(iter(batch.values())).shape[0]),
        "restarts": FLAGS.restarts,
        "build_s": round(built - started, 2),
        "compile_s": round(compiled - built, 2),
        "nets_ms": None,
        "ratio": None,
    }
    if model.networks:
        twin = compile_model(model_or_path, hypers, FLAGS.restarts)
        floor = networks_alone(twin, FLAGS.preset, FLAGS.xla)
        block(floor, batch, FLAGS.steps)
        block(learner.step, batch, FLAGS.steps)
        steps, floors = [], []
        for _ in range(FLAGS.blocks):
            floors.append(block(floor, batch, FLAGS.steps))
            steps.append(block(learner.step, batch, FLAGS.steps))
        ratios = [step / alone for step, alone in zip(steps, floors, strict=True)]
        line["nets_ms"] = round(statistics.median(floors), 3)
        line["ratio"] = round(statistics.median(ratios), 3)
    else:
        batches = iter(tf.data.Dataset.from_tensors(batch).repeat())
        loop(learner, batches, FLAGS.steps)
        steps = [loop(learner, batches, FLAGS.steps) for _ in range(FLAGS.blocks)]
    line["step_ms"] = round(statistics.median(steps), 3)
    line["ops"] = operations(model, batch)
    print(json.dumps(line), flush=True)
    return 0


def main(_: list[str]) -> None:
    """Runs the measurement; a mistake in the flags is one message."""
    sys.exit(guarded(measure))


if __name__ == "__main__":
    arguments.run(main)
