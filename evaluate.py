"""Measures what a run learned: `python evaluate.py --workdir=runs/...`."""

if __name__ == "__main__":
    # First of all: signals come while the rest is imported, too.
    import terpret.hold  # noqa: F401

    # isort: split
    from terpret import entry

    entry.begin()

from absl import flags

from experiments import arguments

FLAGS = flags.FLAGS
flags.DEFINE_string("workdir", None, "The run folder, or one with shards.")
flags.DEFINE_string("data_dir", None, "Where the data are now, if not where they were.")
flags.DEFINE_string("data", "", "Where the data file is now, if it was moved.")
flags.DEFINE_string("hypers", "", "Where the hypers file is now, if it was moved.")
flags.DEFINE_string("operators", "", "Where the operators are now, if they were moved.")
flags.DEFINE_string("signs", "", "Where the signs are now, if they were moved.")
flags.DEFINE_enum("format", "text", ["text", "markdown", "json"], "How to print the tables.")
flags.DEFINE_bool("plots", False, "Draw curves, marginals and networks into WORKDIR/plots/.")
flags.DEFINE_string("export", "", "A new folder for a SavedModel of the best restart's program.")


def main(_: list[str]) -> int:
    """Measures the run in --workdir and prints the tables; the exit status."""
    import terpret.quiet  # noqa: F401
    from experiments import evaluation

    return evaluation.evaluate(FLAGS)


if __name__ == "__main__":
    arguments.run(main)
