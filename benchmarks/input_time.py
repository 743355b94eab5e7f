"""Times training steps on the real input pipeline against steps on one fixed batch.

    python benchmarks/input_time.py --batch=64

Both are made by the training loop's own `Learner.run`, in alternating blocks of one process;
`ratio` is the median of the blocks' ratios. One JSON line is printed. The digits are the embedded
ones: what a pipeline costs does not depend on which digits it composes.
"""

import json
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from absl import flags

import terpret.quiet  # noqa: F401
from terpret.command import arguments

# isort: split
import tensorflow as tf

from datasets.digits import load_digits
from experiments.scenarios.add2x2.task import add2x2_task
from terpret import compile_model
from terpret.backends.batches import Batch
from terpret.command.guard import guarded
from terpret.language.model_files import model_path
from terpret.learning.learner import Learner
from terpret.learning.presets import PRESETS

FLAGS = flags.FLAGS
flags.DEFINE_integer("batch", 64, "Examples in a batch.", 1)
flags.DEFINE_integer("restarts", 1, "Restarts in the graph.", 1)
flags.DEFINE_integer("blocks", 21, "Pairs of blocks.", 1)
flags.DEFINE_integer("steps", 100, "Steps in a block.", 1)


def block(learner: Learner, batches: Iterator[Batch]) -> float:
    """Milliseconds a step."""
    started = time.perf_counter()
    learner.run(batches, FLAGS.steps).numpy()
    return (time.perf_counter() - started) / FLAGS.steps * 1000


def measure() -> int:
    """Measures what the flags say and prints the line."""
    task = add2x2_task("right", load_digits("embedded", None))
    model = compile_model(model_path("add2x2_model.py"), restarts=FLAGS.restarts)
    # No annealing: every step of the benchmark is like the first.
    learner = Learner(model, PRESETS["robust"], 0, 10**9)
    stream = task.batches(0, FLAGS.batch, 0, 0)
    real = iter(stream)
    fixed = iter(tf.data.Dataset.from_tensors(next(iter(stream))).repeat())
    block(learner, real), block(learner, fixed)
    pairs = [(block(learner, real), block(learner, fixed)) for _ in range(FLAGS.blocks)]
    line = {
        "batch": FLAGS.batch,
        "restarts": FLAGS.restarts,
        "real_ms": round(statistics.median(one for one, _ in pairs), 3),
        "fixed_ms": round(statistics.median(other for _, other in pairs), 3),
        "ratio": round(statistics.median(one / other for one, other in pairs), 3),
    }
    print(json.dumps(line), flush=True)
    return 0


def main(_: list[str]) -> None:
    """Runs the measurement; a mistake in the flags is one message."""
    sys.exit(guarded(measure))


if __name__ == "__main__":
    arguments.run(main)
