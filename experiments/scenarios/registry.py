"""The task of each model that needs no data file."""

import dataclasses
from collections.abc import Callable, Mapping

from datasets.digits import load_digits
from datasets.operators import load_operators
from datasets.signs import load_signs
from experiments.scenarios.fit import refuse_misfit
from experiments.scenarios.grids import add2x2_task, apply2x2_task
from experiments.scenarios.math.task import math_task
from experiments.scenarios.mazes.task import maze_task
from ntpt_models import has_listing, model_name, shipped_name
from terpret.errors import RunError
from terpret.language.checked import CheckedModel
from terpret.learning.task import Task
from terpret.runs.config import Config


def _add2x2(config: Config, _: CheckedModel) -> Task:
    digits = load_digits(config.digits, config.data_dir)
    return add2x2_task(config.task, digits, config.distinct_grids)


def _apply2x2(config: Config, _: CheckedModel) -> Task:
    operators = load_operators(config.operators, config.data_dir)
    return apply2x2_task(config.task, operators, config.distinct_grids)


def _math(config: Config, checked: CheckedModel) -> Task:
    digits = load_digits(config.digits, config.data_dir)
    operators = load_operators(config.operators, config.data_dir)
    return math_task(checked, digits, operators, config.distinct_grids)


def _maze(config: Config, checked: CheckedModel) -> Task:
    signs = load_signs(config.signs, config.data_dir)
    return maze_task(checked, signs, config.distinct_grids)


def model_task(config: Config, checked: CheckedModel) -> Task:
    """The task that a model of this name is trained on where no data file is given.

    Raises:
      RunError: there is none, or it is for a model that declares other things than this one.
      DataError, InputError: the data cannot be had.
    """
    name = model_name(checked)
    if name not in TASKS:
        models = " or ".join(TASKS)
        raise RunError(f"train.py has no task for {name}: give --data=FILE.json, or train {models}")
    task = TASKS[name](config, checked)
    ours = shipped_name(checked) == name
    if not ours:
        refuse_misfit(checked, task, name)
    if ours and has_listing(checked):
        return task
    # Pictures follow a program through the lines of our listing.
    return dataclasses.replace(task, pictures=lambda _, row: {}, films=lambda _, row: {})


# By the model's name.
TASKS: Mapping[str, Callable[[Config, CheckedModel], Task]] = {
    "add2x2_model": _add2x2,
    "apply2x2_model": _apply2x2,
    "math_model": _math,
    "maze_model": _maze,
}
