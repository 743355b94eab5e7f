"""`make demo`: learns one ADD2X2 task, and fails unless what it learned is right."""

import json
import os
import sys

from absl import flags

import train
from experiments import arguments

FLAGS = flags.FLAGS
LEAST_ACCURACY = {"embedded": 0.80, "mnist": 0.90}


def main(_: list[str]) -> None:
    """Trains with the defaults of train.py and a smaller budget, then judges the results."""
    import terpret.quiet  # noqa: F401
    from experiments import command

    FLAGS.set_default("workdir", "runs/demo")
    FLAGS.set_default("restarts", 4)
    FLAGS.set_default("restart", True)
    status = command.train(FLAGS, sys.argv)
    if status:
        sys.exit(status)
    with open(os.path.join(FLAGS.workdir, "results.json"), encoding="utf-8") as file:
        results = json.load(file)
    best = results["restarts"][results["best"]]
    kind = "embedded" if results["data"]["digits"].startswith("embedded") else "mnist"
    least = LEAST_ACCURACY[kind]
    if not best["correct"]:
        sys.exit("\ndemo failed: no restart learned a correct program")
    if best["discrete_accuracy"] < least:
        sys.exit(f"\ndemo failed: accuracy {best['discrete_accuracy']} is below {least}")
    print(
        f"\ndemo: the learned program is correct on all 10,000 grids of digits; with images it "
        f"is right on {best['discrete_accuracy']:.1%} of 10,000 unseen grids"
    )


if __name__ == "__main__":
    assert train.FLAGS is FLAGS
    arguments.run(main)
