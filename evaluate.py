"""Measures what a run learned: `python evaluate.py --workdir=runs/...`."""

if __name__ == "__main__":
    # First of all: signals come while the rest is imported, too.
    import terpret.hold  # noqa: F401

    # isort: split
    from terpret import entry

    entry.begin()

from absl import flags

from experiments.command.flags import EVALUATE
from terpret.command import arguments
from terpret.command.flags import define

FLAGS = flags.FLAGS
define(EVALUATE)


def main(_: list[str]) -> int:
    """Measures the run in --workdir and prints the tables; the exit status."""
    import terpret.quiet  # noqa: F401
    from experiments.command import evaluation

    return evaluation.evaluate(FLAGS)


if __name__ == "__main__":
    arguments.run(main)
