"""`make demo`: learns one ADD2X2 task, and fails unless what it learned is right."""

if __name__ == "__main__":
    # First of all: signals come while the rest is imported, too.
    import terpret.hold  # noqa: F401

    # isort: split
    from terpret import entry

    entry.begin()

import os
import sys

from absl import flags

import train
from terpret.command import arguments

FLAGS = flags.FLAGS
LEAST_ACCURACY = {"embedded": 0.80, "mnist": 0.90}


def main(_: list[str]) -> int:
    """Trains with the defaults of train.py and a smaller budget, then judges the results."""
    import terpret.quiet  # noqa: F401
    from experiments.command import training
    from terpret.runs.records import read_results

    FLAGS.set_default("workdir", "runs/demo")
    FLAGS.set_default("restarts", 4)
    FLAGS.set_default("overwrite", True)
    status = training.train(FLAGS, sys.argv)
    if status:
        return status
    results = read_results(os.path.join(FLAGS.workdir, "results.json"))
    assert results is not None
    best = results.best_restart
    kind = "embedded" if results.data["digits"].startswith("embedded") else "mnist"
    least = LEAST_ACCURACY[kind]
    if not best.correct:
        print("\ndemo failed: no restart learned a correct program", file=sys.stderr)
        return 1
    if best.discrete_accuracy < least:
        accuracy = best.discrete_accuracy
        print(f"\ndemo failed: accuracy {accuracy} is below {least}", file=sys.stderr)
        return 1
    print(
        f"\ndemo: the learned program is correct on all 10,000 grids of digits; with images it "
        f"is right on {best.discrete_accuracy:.1%} of 10,000 unseen grids\n\n{_next()}"
    )
    return 0


def _next() -> str:
    """What to type after the demo, which `make` runs without an active environment."""
    from terpret import entry

    lines = [f"python evaluate.py --workdir={FLAGS.workdir}", "python train.py --task=left"]
    if sys.prefix != sys.base_prefix and "VIRTUAL_ENV" not in os.environ:
        lines = [entry.activation(), *lines]
    return "\n    ".join(["what to type next:", *lines])


if __name__ == "__main__":
    assert train.FLAGS is FLAGS
    arguments.run(main)
