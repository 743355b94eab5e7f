"""The flags of `train.py` and `evaluate.py`: in the order of `--help`, each from its declaration.

What is a setting is declared with its config; what only this command line knows is declared here.
"""

import dataclasses
import math
import re
from collections.abc import Iterable
from typing import Any, TypeVar

from absl import flags

from experiments.config import ExperimentConfig, TaskConfig
from terpret.runs.config import SECONDS, StoredConfig
from terpret.runs.setting import Setting, settings_of

# The flags belong to the script that defines them here, whose --help lists them.
flags.disclaim_key_flags()

# Flags that were renamed, with their names now.
RENAMED = {"restart": "overwrite"}

Kind = TypeVar("Kind", bound=StoredConfig)


def of_config(config: type[StoredConfig], name: str, **otherwise: Any) -> Setting:
    """A flag that is a config's setting, but for what is given."""
    return dataclasses.replace(settings_of(config)[name], **otherwise)


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
    of_config(
        TaskConfig,
        "task",
        default="right",
        help="Which two tiles of a 2x2 grid.",
        values=("top", "left", "bottom", "right"),
    ),
    of_config(TaskConfig, "data", help="A data file in TerpreT's JSON format, instead of --task."),
    of_config(TaskConfig, "hypers", kind=str, default=""),
    of_config(TaskConfig, "preset"),
    of_config(TaskConfig, "method", kind=str, default=""),
    of_config(TaskConfig, "restarts"),
    of_config(TaskConfig, "shard"),
    of_config(TaskConfig, "refill"),
    of_config(TaskConfig, "examples"),
    of_config(TaskConfig, "batch_size"),
    of_config(TaskConfig, "stop_after_solved"),
    of_config(TaskConfig, "nets_at_least"),
    of_config(TaskConfig, "init_nets"),
    of_config(
        TaskConfig,
        "freeze_nets",
        help="Examples before the networks begin to learn; -1: none, or half of them for "
        "math_model.py.",
    ),
    Setting("save_nets", str, "", "A file for the networks of the best restart."),
    of_config(
        TaskConfig,
        "distinct_grids",
        help="Distinct training grids; 0: no limit. Of lifelong 1,000, mazes 10,000.",
    ),
    of_config(TaskConfig, "seed"),
    Setting("workdir", str, "", "The run folder; by default runs/MODEL-TASK-PRESET-SEED."),
    of_config(
        TaskConfig, "digits", help="The images of digits.", values=("auto", "mnist", "embedded")
    ),
    of_config(TaskConfig, "operators", help="auto, embedded, an .npz file or a prepared folder."),
    of_config(TaskConfig, "signs", help="auto, gtsrb, embedded, or a file or folder of GTSRB."),
    of_config(TaskConfig, "data_dir"),
    of_config(TaskConfig, "check_every"),
    Setting("checkpoint_seconds", float, 60.0, "Time between checkpoints.", most=SECONDS),
    of_config(TaskConfig, "xla"),
    of_config(TaskConfig, "deterministic"),
    of_config(TaskConfig, "max_nodes"),
    Setting("overwrite", bool, False, "Begin afresh in a folder that holds a run."),
)
EVALUATE = (
    Setting("workdir", str, None, "The run folder, or one with shards."),
    Setting("data_dir", str, None, "Where the data are now, if not where they were."),
    Setting("data", str, "", "Where the data file is now, if it was moved."),
    Setting("hypers", str, "", "Where the hypers file is now, if it was moved."),
    Setting("operators", str, "", "Where the operators are now, if they were moved."),
    Setting("signs", str, "", "Where the signs are now, if they were moved."),
    Setting("format", str, "text", "How to print the tables.", values=("text", "markdown", "json")),
    Setting("plots", bool, False, "Draw curves, marginals and networks into WORKDIR/plots/."),
    Setting("export", str, "", "A new folder for a SavedModel of the best restart's program."),
)


def define(settings: Iterable[Setting]) -> None:
    """Defines the flags of a script."""
    for one in settings:
        if one.kind is bool:
            flags.DEFINE_bool(one.name, one.default, one.help)
        elif one.kind is int:
            _define(_Integer(int(one.least), int(one.most)), one)
        elif one.kind is float:
            _define(_Number(one.least, one.most), one)
        elif one.values:
            flags.DEFINE_enum(one.name, one.default, one.values, one.help)
        else:
            flags.DEFINE_string(one.name, one.default, one.help)


def _define(parser: flags.ArgumentParser, one: Setting) -> None:
    written = flags.ArgumentSerializer()
    flags.DEFINE(parser, one.name, one.default, one.help, serializer=written)


def config_from(values: flags.FlagValues, config: type[Kind], **otherwise: Any) -> Kind:
    """A config whose settings are the flags of their names, but for those that are given."""
    names = {field.name for field in dataclasses.fields(config)}
    named = {name: values[name].value for name in names - otherwise.keys() if name in values}
    return config(**named, **otherwise)


class _Integer(flags.IntegerParser):
    """An integer of a range."""

    def parse(self, argument: str | int) -> int:
        text = str(argument)
        # Longer ones are none of the range, and no pleasure to convert.
        plain = re.fullmatch(r"(0|-?[1-9][0-9]{0,30})", text, re.ASCII)
        if not plain or self.is_outside_bounds(int(text)):
            raise ValueError(
                f"this is not an integer from {self.lower_bound:,} to {self.upper_bound:,}"
            )
        return int(text)


class _Number(flags.FloatParser):
    """A number of a range; `nan` and -0 are in none."""

    def parse(self, argument: str | float) -> float:
        try:
            number = float(argument)
        except ValueError:
            number = math.nan
        inside = self.lower_bound <= number <= self.upper_bound
        if not inside or (number == 0 and math.copysign(1.0, number) < 0):
            raise ValueError(
                f"this is not a number from {self.lower_bound:,} to {self.upper_bound:,}"
            )
        return number
