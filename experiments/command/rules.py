"""Which flags of `train.py` say something, and when: what would be ignored is refused."""

from collections.abc import Collection, Iterable, Mapping

from absl import flags

from experiments.command.flags import TRAIN
from experiments.config import ExperimentConfig, TaskConfig
from experiments.scenarios.registry import scenario_of
from terpret.command.rules import given, refuse_unheard
from terpret.errors import RunError
from terpret.runs.config import StoredConfig
from terpret.runs.scenario import Scenario
from terpret.runs.setting import settings_of

_OF_RUNS, _OF_EXPERIMENTS = (settings_of(one).keys() for one in (TaskConfig, ExperimentConfig))
# Flags of a single run, which say nothing to an experiment.
SINGLE = tuple(one.name for one in TRAIN if one.name in {*_OF_RUNS - _OF_EXPERIMENTS, "save_nets"})
# Flags of experiments, which say nothing to a single run.
EXPERIMENT = tuple(
    one.name for one in TRAIN if one.name in _OF_EXPERIMENTS - _OF_RUNS - {"experiment"}
)
# Flags that say something to some experiments only.
SOME = (
    "distinct_grids",
    "digits",
    "operators",
    "signs",
    "init_nets",
    "baseline_seconds",
    "lstm_units",
    "filters",
    "tasks",
    "stage_seconds",
)
# Flags of some of an experiment's learners, with what the names of those begin with.
OF_LEARNERS = {
    "baseline_seconds": ("lstm", "neural_gpu"),
    "lstm_units": ("lstm",),
    "filters": ("neural_gpu",),
}
# Flags of the paper's tasks: a scenario says which of them say something to its own; beside a data
# file they say nothing.
OF_TASKS = (
    "task",
    "digits",
    "operators",
    "signs",
    "distinct_grids",
    "data_dir",
    "nets_at_least",
)
# The flags that name images, with the words for images that are looked for in --data_dir.
IMAGES = {
    "digits": ("auto", "mnist"),
    "operators": ("auto",),
    "signs": ("auto", "gtsrb"),
}


def refuse_unheard_by_experiment(values: flags.FlagValues, heard: Collection[str]) -> None:
    """Refuses flags that say nothing to an experiment.

    Args:
      values: the flags.
      heard: those of `SOME` that say something to it.

    Raises:
      RunError: there are such flags.
    """
    foreign = given(values, (*SINGLE, *(name for name in SOME if name not in heard)))
    if foreign:
        raise RunError(f"{foreign}: not with --experiment={values.experiment}")
    learners = tuple(filter(None, values.learners.split(",")))
    idle = [flag for flag, first in OF_LEARNERS.items() if not _any_begins(learners, first)]
    if learners and (foreign := given(values, idle)):
        raise RunError(f"{foreign}: not with --learners={values.learners}")
    images = {name: values[name].value for name in IMAGES if name in heard}
    _refuse_data_dir(values, images)


def refuse_unheard_by_run(values: flags.FlagValues, model: str, scenario: Scenario) -> None:
    """Refuses flags that say nothing to a single run.

    Args:
      values: the flags.
      model: the model, as a config keeps it.
      scenario: what is known of it.

    Raises:
      RunError: there are such flags.
      ModelError: the model is not one.
    """
    if foreign := given(values, EXPERIMENT):
        raise RunError(f"{foreign}: only with --experiment")
    if values.data and not values["model"].present:
        raise RunError("--data: say by --model which model is to learn it")
    if values.data:
        if foreign := given(values, OF_TASKS):
            raise RunError(f"{foreign}: not with --data, which is the task")
    elif foreign := given(values, _silent(scenario)):
        raise RunError(f"{foreign}: not with --model={values.model}, whose task has none")
    elif values.hypers.endswith(".json"):
        raise RunError(
            f"--hypers={values.hypers} is for the batches of a data file: give it by --data, or "
            "write --hypers=NAME=INTEGER"
        )
    if values.nets_at_least and values.stop_after_solved < 1:
        raise RunError("--nets_at_least: only with --stop_after_solved=1 or more")
    refuse_unheard(values, model)
    if not values.data:
        images = {flag: values[flag].value for flag in IMAGES if flag in scenario.flags}
        _refuse_data_dir(values, images)


def refuse_unread_data_dir(config: StoredConfig | None, measured: bool) -> None:
    """Refuses `evaluate.py --data_dir` where nothing is read there.

    Args:
      config: of the run; None where there is none to be read.
      measured: whether the run is measured again, and not only shown.

    Raises:
      RunError: nothing is.
    """
    if not measured or isinstance(config, ExperimentConfig):
        raise RunError("--data_dir: nothing is measured again, so nothing is read there")
    if not isinstance(config, TaskConfig):
        return
    if config.data:
        raise RunError("--data_dir: the run learned from a data file")
    heard = scenario_of(config).flags
    images = {flag: getattr(config, flag) for flag in IMAGES if flag in heard}
    if reason := _not_there(images):
        raise RunError(f"--data_dir: nothing is read there by a run with {reason}")


def _silent(scenario: Scenario) -> list[str]:
    """The flags that say nothing to the task of a model; none where it has no task."""
    return [flag for flag in OF_TASKS if scenario.study and flag not in scenario.flags]


def _refuse_data_dir(values: flags.FlagValues, images: Mapping[str, str]) -> None:
    reason = _not_there(images)
    if values["data_dir"].present and reason:
        raise RunError(f"--data_dir: nothing is read there with {reason}")


def _not_there(images: Mapping[str, str]) -> str:
    """The flags because of which no images are looked for in --data_dir; empty if some are."""
    if any(value in IMAGES[flag] for flag, value in images.items()):
        return ""
    return " and ".join(f"--{flag}={value}" for flag, value in images.items())


def _any_begins(names: Iterable[str], first: tuple[str, ...]) -> bool:
    return any(name.startswith(first) for name in names)
