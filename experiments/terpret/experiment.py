"""The experiment `terpret`: each task of the report by a solver, and by gradient."""

from collections.abc import Sequence

from datasets.pools import ImageSet
from experiments.config import ExperimentConfig
from experiments.experiment_result import finished
from experiments.setup import Setting
from experiments.stage_results import StagesResult
from experiments.stages import Stage, do_all, found_so_far
from experiments.terpret.methods import Exactly, Learned
from experiments.terpret_tasks.task import Task
from experiments.terpret_tasks.tasks import TASKS
from terpret.backends.exact.solver import refuse_missing_solver
from terpret.errors import RunError
from terpret.learning.presets import PRESETS

EXACT = "exact"
# By gradient, unless the user says which; the other presets are of networks, or the same in parts.
PRESETS_SHOWN = ("terpret", "robust", "cyclic", "search")
# A hybrid is a solver where there is no network.
METHODS = (EXACT, *(name for name in PRESETS if name not in (EXACT, "hybrid")))
RESTARTS = 100
# An update of their long programs takes too long for more.
FEW = dict.fromkeys(
    ("basic_block_decrement", "basic_block_list_k", "assembly_decrement", "assembly_list_k"), 20
)


def ready(config: ExperimentConfig) -> dict[str, ImageSet]:
    """Refuses settings that cannot work, before anything is written; there are no images.

    Raises:
      RunError, InputError: with what is wrong.
    """
    stages(config)
    if EXACT in methods(config):
        refuse_missing_solver()
    if config.stage_seconds <= 0:
        raise RunError("--stage_seconds must be more than 0")
    return {}


def run(setting: Setting) -> StagesResult:
    """Does all stages, or goes on with them; what they found.

    Raises:
      ModelError, InputError, DataError, RunError, CheckpointError: with what is wrong.
      Stopped: by a signal, after a checkpoint was written.
    """
    do_all(stages(setting.config), setting)
    results = results_of(setting.config, setting.workdir)
    return finished(setting.workdir, results, setting.sources, setting.command)


def results_of(config: ExperimentConfig, workdir: str) -> StagesResult:
    """What is known of the stages that have finished."""
    return found_so_far(stages(config), config, workdir)


def stages(config: ExperimentConfig) -> dict[str, Stage]:
    """The stages that the user wants: of each method all tasks.

    Raises:
      RunError: there is no such task or learner.
    """
    return {
        stage_name(task.name, method): _stage(task, method)
        for method in methods(config)
        for task in tasks(config)
    }


def methods(config: ExperimentConfig) -> Sequence[str]:
    """The methods that take part.

    Raises:
      RunError: there is no such learner.
    """
    return config.chosen(METHODS) if config.learners else (EXACT, *PRESETS_SHOWN)


def tasks(config: ExperimentConfig) -> list[Task]:
    """The tasks that the user wants.

    Raises:
      RunError: there is no such task.
    """
    wanted = [name for name in config.tasks.split(",") if name]
    for name in wanted:
        if name not in TASKS:
            raise RunError(f"there is no task '{name}'; the tasks are {', '.join(TASKS)}")
    return [task for name, task in TASKS.items() if name in wanted or not wanted]


def stage_name(task: str, method: str) -> str:
    """What the stage of a task by a method is called."""
    return f"{task}-{method}"


def _stage(task: Task, method: str) -> Stage:
    if method == EXACT:
        return Exactly(task)
    return Learned(task, method, FEW.get(task.name, RESTARTS))
