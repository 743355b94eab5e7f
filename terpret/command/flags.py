"""Flags made from settings: each from its declaration, of the type and range that it says."""

import dataclasses
import math
import re
from collections.abc import Iterable
from typing import Any, TypeVar

from absl import flags

from terpret.runs.config import ONE_START, SECONDS, Config, StoredConfig
from terpret.runs.setting import Setting, settings_of

# The flags belong to the script that defines them here, whose --help lists them.
flags.disclaim_key_flags()

# Flags that were renamed, with their names now.
RENAMED = {"restart": "overwrite"}

Kind = TypeVar("Kind", bound=StoredConfig)


def of_config(config: type[StoredConfig], name: str, **otherwise: Any) -> Setting:
    """A flag that is a config's setting, but for what is given."""
    return dataclasses.replace(settings_of(config)[name], **otherwise)


# Of every run, whatever its task; a command has them in this order.
RUN = (
    of_config(Config, "data"),
    of_config(Config, "test_data"),
    of_config(Config, "split"),
    of_config(Config, "hypers", kind=str, default=""),
    of_config(Config, "preset"),
    of_config(Config, "method", kind=str, default=""),
    of_config(Config, "restarts"),
    of_config(Config, "shard"),
    of_config(Config, "refill"),
    of_config(Config, "seconds"),
    of_config(Config, "memory"),
    of_config(Config, "examples"),
    of_config(Config, "batch_size"),
    of_config(Config, "stop_after_solved"),
    of_config(Config, "init_nets"),
    of_config(Config, "freeze_nets"),
    Setting("save_nets", str, "", "A file for the networks of the best restart."),
    of_config(Config, "seed"),
    Setting("workdir", str, "", "The run folder; by default runs/MODEL-TASK-PRESET-SEED."),
    of_config(Config, "check_every"),
    Setting("checkpoint_seconds", float, 60.0, "Time between checkpoints.", most=SECONDS),
    of_config(Config, "xla"),
    of_config(Config, "deterministic"),
    of_config(Config, "max_nodes"),
    Setting("overwrite", bool, False, "Begin afresh in a folder that holds a run."),
)
TRAIN = (of_config(Config, "model"), *RUN)
EVALUATE = (
    Setting("workdir", str, None, "The run folder, or one with shards."),
    Setting("data", str, "", "Where the data are now, if they were moved."),
    Setting("test_data", str, "", "Where the test data are now, if they were moved."),
    Setting("hypers", str, "", "Where the hypers file is now, if it was moved."),
    Setting("new_data", str, "", "Other examples to measure the best restart on."),
    Setting("format", str, "text", "How to print the tables.", values=("text", "markdown", "json")),
    Setting("plots", bool, False, "Draw curves, marginals and networks into WORKDIR/plots/."),
    Setting("export", str, "", "A new folder for a SavedModel of the best restart's program."),
)


def define(settings: Iterable[Setting], values: flags.FlagValues = flags.FLAGS) -> None:
    """Defines the flags of a command."""
    for one in settings:
        if one.kind is bool:
            flag = flags.BooleanFlag(one.name, one.default, one.help)
            flag.parser = _Switch()
            flags.DEFINE_flag(flag, values)
        elif one.kind is int:
            _define(_Integer(int(one.least), int(one.most)), one, values)
        elif one.kind is float:
            _define(_Number(one.least, one.most), one, values)
        elif one.values:
            flags.DEFINE_enum(one.name, one.default, one.values, one.help, flag_values=values)
        else:
            flags.DEFINE_string(one.name, one.default, one.help, flag_values=values)


def _define(parser: flags.ArgumentParser, one: Setting, values: flags.FlagValues) -> None:
    written: flags.ArgumentSerializer[Any] = flags.ArgumentSerializer()
    flags.DEFINE(parser, one.name, one.default, one.help, values, written)


def config_from(values: flags.FlagValues, config: type[Kind], **otherwise: Any) -> Kind:
    """A config whose settings are the flags of their names, but for those that are given."""
    names = {field.name for field in dataclasses.fields(config)}
    named = {name: values[name].value for name in names - otherwise.keys() if name in values}
    if named.get("preset") in ONE_START and not values["restarts"].present:
        named["restarts"] = 1
    return config(**named, **otherwise)


class _Switch(flags.BooleanParser):
    """True or false."""

    def parse(self, argument: str | int | bool) -> bool:
        try:
            return super().parse(argument)
        except (TypeError, ValueError):
            raise ValueError("this is neither true nor false") from None


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
        assert self.lower_bound is not None and self.upper_bound is not None
        inside = self.lower_bound <= number <= self.upper_bound
        if not inside or (number == 0 and math.copysign(1.0, number) < 0):
            raise ValueError(
                f"this is not a number from {self.lower_bound:,} to {self.upper_bound:,}"
            )
        return number
