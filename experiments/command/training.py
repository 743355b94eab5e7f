"""`train.py`: flags in, a run or an experiment done, and what was learned in print."""

from absl import flags

from experiments.command.experiment import run_experiment
from experiments.command.rules import refuse_unheard_by_run
from experiments.config import TaskConfig
from experiments.scenarios.registry import scenario_named, scenario_of
from terpret.command.flags import config_from
from terpret.command.guard import guarded
from terpret.command.rules import hypers_of, method_of
from terpret.command.training import train_run
from terpret.language.model_files import model_meant, model_name
from terpret.runs.named_files import rooted


def train(values: flags.FlagValues, arguments: list[str]) -> int:
    """`train.py`: learns, and prints what was learned."""
    work = run_experiment if values.experiment else run_single
    return guarded(lambda: work(values, arguments))


def run_single(values: flags.FlagValues, arguments: list[str]) -> int:
    """Does a single run, or goes on with it; the exit status.

    Raises:
      ModelError, InputError, DataError, RunError, CheckpointError: with what is wrong.
      Stopped: by a signal.
    """
    config = rooted(config_of(values))
    command = ["python", *arguments]
    return train_run(config, config.task, scenario_of(config), values, command)


def config_of(values: flags.FlagValues) -> TaskConfig:
    """The settings that the flags give.

    Raises:
      RunError: a flag says nothing to a single run.
    """
    # The default is ours, whatever lies in the working folder.
    model = model_meant(values.model) if values["model"].present else values.model
    given, scenario = values["distinct_grids"], scenario_named(model_name(model))
    refuse_unheard_by_run(values, model, scenario)
    return config_from(
        values,
        TaskConfig,
        model=model,
        task="" if values.data or "task" not in scenario.flags else values.task,
        distinct_grids=given.value if given.present else scenario.distinct,
        method=method_of(values),
        **hypers_of(values),
    )
