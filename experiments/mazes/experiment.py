"""The experiment `mazes`: a loop and a sign classifier learned from path lengths (Figure 9)."""

from datasets.pools import ImageSet
from datasets.signs import load_signs
from experiments.config import ExperimentConfig
from experiments.experiment_result import finished
from experiments.setup import Setting
from experiments.stage_results import StagesResult
from experiments.stages import Runs, Stage, chosen, do_all, found_so_far

MODEL = "maze_model.py"
# The accuracy of LOOK on unseen signs from which on a program reads what it must.
READS = 0.95
STAGES: dict[str, Stage] = {
    "robust": Runs(MODEL, "robust", restarts=100, examples=60_000),
    "ntpt": Runs(MODEL, "ntpt", restarts=100, examples=60_000),
    "clock": Runs(
        MODEL,
        "robust",
        restarts=8,
        examples=60_000,
        clock=5,
        nets_at_least=READS,
        check_every=960,
    ),
}


def ready(config: ExperimentConfig) -> dict[str, ImageSet]:
    """Refuses settings that cannot work, before anything is written; gives the data.

    Raises:
      RunError, DataError: with what is wrong.
    """
    config.chosen(STAGES)
    return {"signs": load_signs(config.signs, config.data_dir)}


def run(setting: Setting) -> StagesResult:
    """Does all stages, or goes on with them; what they found.

    Raises:
      DataError, RunError, CheckpointError: with what is wrong.
      Stopped: by a signal, after a checkpoint was written.
    """
    do_all(chosen(STAGES, setting.config), setting)
    results = results_of(setting.config, setting.workdir)
    return finished(setting.workdir, results, setting.sources, setting.command)


def results_of(config: ExperimentConfig, workdir: str) -> StagesResult:
    """What is known of the stages that have finished."""
    return found_so_far(chosen(STAGES, config), config, workdir)
