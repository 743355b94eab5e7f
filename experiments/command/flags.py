"""The flags of `train.py` and `evaluate.py`: in the order of `--help`, each from its declaration.

What is a setting is declared with its config; what only a command line knows is declared here, or
with the flags of every run.
"""

from experiments.config import ExperimentConfig, TaskConfig
from terpret.command import flags
from terpret.command.flags import of_config
from terpret.runs.setting import Setting

TRAIN = (
    of_config(
        TaskConfig,
        "model",
        default="add2x2_model.py",
        help="A model file, or a name in ntpt_models/.",
    ),
    of_config(ExperimentConfig, "experiment"),
    of_config(ExperimentConfig, "learners"),
    of_config(ExperimentConfig, "baseline_seconds"),
    of_config(ExperimentConfig, "lstm_units"),
    of_config(ExperimentConfig, "filters"),
    of_config(ExperimentConfig, "tasks"),
    of_config(ExperimentConfig, "stage_seconds"),
    of_config(
        TaskConfig,
        "task",
        default="right",
        help="Which two tiles of a 2x2 grid; without --data.",
        values=("top", "left", "bottom", "right"),
    ),
    *flags.RUN,
    of_config(TaskConfig, "nets_at_least"),
    of_config(
        TaskConfig,
        "distinct_grids",
        help="Distinct training grids; 0: no limit. Of lifelong 1,000, mazes 10,000.",
    ),
    of_config(
        TaskConfig, "digits", help="The images of digits.", values=("auto", "mnist", "embedded")
    ),
    of_config(TaskConfig, "operators", help="auto, embedded, an .npz file or a prepared folder."),
    of_config(TaskConfig, "signs", help="auto, gtsrb, embedded, or a file or folder of GTSRB."),
    of_config(TaskConfig, "data_dir"),
)
EVALUATE = (
    *flags.EVALUATE,
    Setting("data_dir", str, None, "Where the data are now, if not where they were."),
    Setting("operators", str, "", "Where the operators are now, if they were moved."),
    Setting("signs", str, "", "Where the signs are now, if they were moved."),
)
