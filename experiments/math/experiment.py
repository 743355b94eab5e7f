"""The experiment `math`: the loop that generalises, and the baselines beside it (Figure 8)."""

import dataclasses
import os

from datasets.digits import load_digits
from datasets.operators import load_operators
from datasets.pools import ImageSet
from experiments.config import ExperimentConfig
from experiments.experiment_result import finished
from experiments.math.sequences import Baseline
from experiments.scenarios.math.first_stage import learn_networks
from experiments.scenarios.math.scenario import MATH
from experiments.setup import Setting
from experiments.stage_results import StagesResult
from experiments.stages import Runs, Stage, chosen, do_all, found_so_far, train
from terpret.errors import RunError
from terpret.runs.named_files import INIT_NETWORKS
from terpret.runs.scenario import load_needed

MODEL = "math_model.py"
PROGRAMS = {
    "robust": Runs(MODEL, "robust", restarts=100, examples=32_000, batch_size=16),
    "cyclic": Runs(MODEL, "cyclic", restarts=100, examples=32_000, batch_size=16, freeze=32_000),
    # An update of `search` scores 64 programs a restart: dear, but few updates are enough.
    "search": Runs(MODEL, "search", restarts=100, examples=8_000, batch_size=16),
    # In the paper nothing is ever frozen.
    "ntpt": Runs(MODEL, "ntpt", restarts=100, examples=100_000, freeze=0),
    "clock": Runs(
        MODEL,
        "robust",
        restarts=32,
        examples=32_000,
        batch_size=16,
        clock=10,
        freeze=32_000,
        check_every=800,
    ),
    "trained-on": Runs(MODEL, "robust", restarts=4, examples=128_000, batch_size=16),
}
BASELINES = {
    "lstm-symbols": Baseline("lstm", images=False),
    "neural_gpu-symbols": Baseline("neural_gpu", images=False),
    "lstm-images": Baseline("lstm", images=True),
    "neural_gpu-images": Baseline("neural_gpu", images=True),
}
STAGES: dict[str, Stage] = {**PROGRAMS, **BASELINES}


def ready(config: ExperimentConfig) -> dict[str, ImageSet]:
    """Refuses settings that cannot work, before anything is written; gives the data.

    Raises:
      RunError, InputError, DataError: with what is wrong.
    """
    wanted = config.chosen(STAGES)
    if config.init_nets:
        load_needed(MATH.needs, config.init_nets)
    if config.baseline_seconds <= 0:
        raise RunError("--baseline_seconds must be more than 0")
    for name in BASELINES.keys() & wanted:
        BASELINES[name].settings(config)
    operators = load_operators(config.operators, config.data_dir)
    return {"digits": load_digits(config.digits, config.data_dir), "operators": operators}


def run(setting: Setting) -> StagesResult:
    """Learns the networks, then does all stages, or goes on with them; what they found.

    Raises:
      InputError, DataError, RunError, CheckpointError: with what is wrong.
      Stopped: by a signal, after a checkpoint was written.
    """
    config, workdir = setting.config, setting.workdir
    if any(_needs_networks(STAGES[name]) for name in config.chosen(STAGES)):
        learn_networks(
            PROGRAMS["robust"].config(setting, config.seed),
            workdir,
            lambda mine, folder, _: train(
                mine, folder, f"networks, {os.path.basename(folder)}", setting
            ),
        )
        setting = dataclasses.replace(setting, networks=os.path.join(workdir, INIT_NETWORKS))
    do_all(chosen(STAGES, setting.config), setting)
    results = results_of(setting.config, setting.workdir)
    return finished(setting.workdir, results, setting.sources, setting.command)


def results_of(config: ExperimentConfig, workdir: str) -> StagesResult:
    """What is known of the stages that have finished."""
    return found_so_far(chosen(STAGES, config), config, workdir)


def _needs_networks(stage: Stage) -> bool:
    return not isinstance(stage, Baseline) or stage.images
