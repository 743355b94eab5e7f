"""The experiment `mnist_addition`: sums of numbers of N handwritten digits, ten seeds of each.

Nothing is chosen by test images: how long a run learns is fixed here, every seed counts, and no
image is kept for validation.
"""

from datasets.digits import load_digits
from datasets.pools import ImageSet
from experiments.config import ExperimentConfig
from experiments.experiment_result import finished
from experiments.setup import Setting
from experiments.stage_results import StagesResult
from experiments.stages import Seeds, Stage, chosen, do_all, found_so_far

GIVEN, LEARNED = "mnist_addition.py", "mnist_addition_learned.py"
SEEDS = 10
# Two pixels where `robust` has one: so that 60,000 images do for 40 rounds.
METHOD = {"shift": 2}
STAGES: dict[str, Stage] = {
    "given-1": Seeds(GIVEN, {"N": 1}, SEEDS, examples=900_000, batch_size=32, method=METHOD),
    "given-2": Seeds(GIVEN, {"N": 2}, SEEDS, examples=450_000, batch_size=16, method=METHOD),
    "given-4": Seeds(GIVEN, {"N": 4}, SEEDS, examples=300_000, batch_size=8, method=METHOD),
    "given-15": Seeds(GIVEN, {"N": 15}, SEEDS, examples=80_000, batch_size=4, method=METHOD),
    # About every fourth start from nothing finds the program, and does so early, by many small
    # updates; most of the others end in networks that no program makes sense of.
    "learned-2": Seeds(
        LEARNED,
        {"N": 2},
        SEEDS,
        examples=450_000,
        batch_size=16,
        method=METHOD,
        begins_with=Seeds(LEARNED, {"N": 2}, SEEDS, examples=20_000, batch_size=4, restarts=16),
    ),
}


def ready(config: ExperimentConfig) -> dict[str, ImageSet]:
    """Refuses settings that cannot work, before anything is written; gives the data.

    Raises:
      RunError, DataError: with what is wrong.
    """
    config.chosen(STAGES)
    return {"digits": load_digits(config.digits, config.data_dir)}


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
