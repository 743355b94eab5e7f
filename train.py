"""Learns a model's programs and networks: `python train.py --model=add2x2_model.py`."""

if __name__ == "__main__":
    # First of all: signals come while the rest is imported, too.
    import terpret.hold  # noqa: F401

    # isort: split
    from terpret import entry

    entry.begin()

import sys

from absl import flags

from experiments import arguments
from experiments.numbers import EXAMPLES, SECONDS, define_integer, define_number

FLAGS = flags.FLAGS
flags.DEFINE_string("model", "add2x2_model.py", "A model file, or a name in ntpt_models/.")
flags.DEFINE_enum(
    "experiment",
    "",
    ["", "lifelong", "weak_supervision", "math", "mazes"],
    "A whole experiment of the paper, instead of a single run.",
)
flags.DEFINE_string("learners", "", "Of an experiment: who takes part, like robust,MTNN-2.")
define_number("baseline_seconds", 900.0, "Of math: how long each baseline is trained.", 0, SECONDS)
define_integer(
    "lstm_units", 0, "Of math: its LSTM's; 0: for two cores, 1024: the paper's.", 0, 100_000
)
define_integer("filters", 0, "Of math: its Neural GPU's; 0: for two cores, 512: paper.", 0, 100_000)
flags.DEFINE_enum(
    "task", "right", ["top", "left", "bottom", "right"], "Which two tiles of a 2x2 grid."
)
flags.DEFINE_string("data", "", "A data file in TerpreT's JSON format, instead of --task.")
flags.DEFINE_string("hypers", "", "The model's hypers: T=6,N_TILES=4, or a JSON file of TerpreT's.")
flags.DEFINE_string(
    "preset",
    "robust",
    "How to learn: robust, cyclic, search, ntpt, terpret, terpret-custom or terpret-fp.",
)
define_integer("restarts", 10, "Independent starts, trained side by side.", 1, 10_000)
flags.DEFINE_string("shard", "", "i/n: do the i-th of n parts of the restarts, in a subfolder.")
flags.DEFINE_bool("refill", False, "Give the row of a dead restart to a fresh one.")
define_integer("examples", 0, "Training examples for each restart; 0: the preset's.", 0, EXAMPLES)
define_integer("batch_size", 0, "Examples in an update; 0: the preset's.", 0, 1_000_000)
define_integer(
    "stop_after_solved",
    0,
    "Stop when so many restarts are solved; 0: when all are, if no network learns; -1: never.",
    -1,
    1_000_000,
)
define_number(
    "nets_at_least",
    0.0,
    "Of --stop_after_solved: the accuracy that a restart's networks must have to count.",
    0,
    1,
)
flags.DEFINE_string("init_nets", "", "A run folder or file: start from its networks.")
define_integer(
    "freeze_nets",
    -1,
    "Examples before the networks begin to learn; -1: none, or half of them for math_model.py.",
    -1,
    EXAMPLES,
)
flags.DEFINE_string("save_nets", "", "A file for the networks of the best restart.")
define_integer(
    "distinct_grids",
    0,
    "Distinct training grids; 0: no limit. Of lifelong 1,000, mazes 10,000.",
    0,
    EXAMPLES,
)
define_integer("seed", 0, "The root seed.", 0, 2**53)
flags.DEFINE_string("workdir", "", "The run folder; by default runs/MODEL-TASK-PRESET-SEED.")
flags.DEFINE_enum("digits", "auto", ["auto", "mnist", "embedded"], "The images of digits.")
flags.DEFINE_string("operators", "auto", "auto, embedded, an .npz file or a prepared folder.")
flags.DEFINE_string("signs", "auto", "auto, gtsrb, embedded, or a file or folder of GTSRB.")
flags.DEFINE_string("data_dir", None, "Where tensorflow-datasets keeps its data.")
define_integer("check_every", 2000, "Examples between checks of the programs.", 1, EXAMPLES)
define_number("checkpoint_seconds", 60.0, "Time between checkpoints.", 0, SECONDS)
flags.DEFINE_bool("xla", True, "Compile the training step by XLA.")
flags.DEFINE_bool(
    "deterministic",
    False,
    "Only operations that give the same bits every time, with as many threads.",
)
define_integer("max_nodes", 200_000, "The largest tensor network that is accepted.", 1, 10**9)
flags.DEFINE_bool("restart", False, "Begin afresh in a folder that holds a run.")


def main(_: list[str]) -> int:
    """Turns flags into a config, and runs it; the exit status."""
    import terpret.quiet  # noqa: F401
    from experiments import command

    return command.train(FLAGS, sys.argv)


if __name__ == "__main__":
    arguments.run(main)
