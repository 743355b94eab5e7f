"""The experiment `mazes`: a loop and a sign classifier learned from path lengths (Figure 9)."""

from datasets.signs import load_signs
from experiments.config import ExperimentConfig
from experiments.run_folder import finished
from experiments.stages import Runs, Setting, Stage, do_all, found_so_far, sources_of
from experiments.writers import Report

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


def refuse(config: ExperimentConfig) -> None:
    """Refuses settings that cannot work, before anything is written.

    Raises:
      RunError, DataError: with what is wrong.
    """
    config.chosen(STAGES)
    load_signs(config.signs, config.data_dir)


def run(
    config: ExperimentConfig,
    workdir: str,
    command: str,
    checkpoint_seconds: float,
    report: Report,
) -> dict[str, object]:
    """Does all stages, or goes on with them.

    Args:
      config: the settings.
      workdir: the run folder.
      command: the command line, for the record.
      checkpoint_seconds: the time between checkpoints.
      report: is told of the progress.

    Returns:
      The results as in `results.json`.

    Raises:
      DataError, RunError, CheckpointError: with what is wrong.
      Stopped: by a signal, after a checkpoint was written.
    """
    do_all(STAGES, Setting(config, workdir, command, checkpoint_seconds, report))
    results = results_of(config, workdir)
    return finished(workdir, results, sources_of(results["learners"]), command)


def results_of(config: ExperimentConfig, workdir: str) -> dict[str, object]:
    """What is known of the stages that have finished."""
    return found_so_far(STAGES, config, workdir)
