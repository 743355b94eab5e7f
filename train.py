"""Learns a model's programs and networks: `python train.py --model=add2x2_model.py`."""

if __name__ == "__main__":
    # First of all: signals come while the rest is imported, too.
    import terpret.hold  # noqa: F401

    # isort: split
    from terpret import entry

    entry.begin()

import sys

from absl import flags

from experiments.command.flags import TRAIN
from terpret.command import arguments
from terpret.command.flags import define

FLAGS = flags.FLAGS
define(TRAIN)


def main(_: list[str]) -> int:
    """Turns flags into a config, and runs it; the exit status."""
    import terpret.quiet  # noqa: F401
    from experiments.command import training

    return training.train(FLAGS, sys.argv)


if __name__ == "__main__":
    arguments.run(main)
