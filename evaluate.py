"""Measures what a run learned: `python evaluate.py --workdir=runs/...`."""

import sys

from absl import flags

from experiments import arguments

FLAGS = flags.FLAGS
flags.DEFINE_string("workdir", None, "The run folder.", required=True)
flags.DEFINE_string("data_dir", None, "Where the data are now, if not where they were.")


def main(_: list[str]) -> None:
    """Measures the run in --workdir and prints the tables."""
    import terpret.quiet  # noqa: F401
    from experiments import command

    sys.exit(command.evaluate(FLAGS))


if __name__ == "__main__":
    arguments.run(main)
