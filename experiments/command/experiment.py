"""`train.py --experiment=...`: an experiment of many runs, done or gone on with."""

import contextlib
import os
import shlex
import sys
from collections.abc import Mapping

from absl import flags

from datasets.pools import ImageSet
from experiments.command.rules import refuse_unheard_by_experiment
from experiments.config import ExperimentConfig
from experiments.experiment_result import ExperimentResult, read_experiment
from experiments.experiments import EXPERIMENTS
from experiments.setup import Setting
from terpret import signals
from terpret.backends import compiled_cache
from terpret.command.advice import done_already, same_command
from terpret.command.flags import config_from
from terpret.runs.described import otherwise
from terpret.runs.named_files import rooted
from terpret.runs.places import place, refuse_workdir
from terpret.runs.progress import Bar
from terpret.runs.records import rendered
from terpret.runs.run_folder import claim, look, refuse_foreign, same_data, writer


def run_experiment(values: flags.FlagValues, arguments: list[str]) -> int:
    """Does an experiment, or goes on with it; the exit status.

    Raises:
      ModelError, InputError, DataError, RunError, CheckpointError: with what is wrong.
      Stopped: by a signal.
    """
    if values.cache:
        compiled_cache.keep()
    config = rooted(experiment_config_of(values))
    experiment = EXPERIMENTS[config.experiment]
    workdir = f"runs/{config.experiment}-{config.seed}"
    if values.workdir:
        workdir = place("workdir", values.workdir)
    refuse_workdir(workdir)
    path = os.path.join(workdir, "results.json")
    known = None if values.overwrite else look(config, workdir)
    results = read_experiment(path, experiment.kind) if known and known[0] else None
    if results is not None:
        print(done_already(workdir))
    else:
        data = experiment.ready(config)
        refuse_foreign(config, workdir, values.overwrite)
        signals.promise(workdir, f"{same_command(values)} continues in {workdir}")
        with writer(workdir):
            results = _done(values, arguments, config, workdir, data)
    text = rendered(path, lambda: print(experiment.tables(results, "text")), otherwise(workdir))
    print(f"\n{text}")
    print(f"written to {workdir}; python evaluate.py --workdir={workdir} draws the figures")
    return 0


def experiment_config_of(values: flags.FlagValues) -> ExperimentConfig:
    """The settings of an experiment that the flags give.

    Raises:
      RunError: a flag says nothing to an experiment.
    """
    experiment = EXPERIMENTS[values.experiment]
    refuse_unheard_by_experiment(values, experiment.flags)
    # What else the experiment has where the user says nothing.
    own = {"distinct_grids": 0, "check_every": 0, **experiment.own}
    unsaid = {name: value for name, value in own.items() if not values[name].present}
    return config_from(values, ExperimentConfig, **unsaid)


def _done(
    values: flags.FlagValues,
    arguments: list[str],
    config: ExperimentConfig,
    workdir: str,
    data: Mapping[str, ImageSet],
) -> ExperimentResult:
    """Does an experiment, or goes on with it; its results."""
    experiment = EXPERIMENTS[config.experiment]
    done, warnings = claim(config, workdir, values.overwrite)
    for warning in warnings:
        print(f"warning: {warning}", file=sys.stderr)
    if done:
        results = read_experiment(os.path.join(workdir, "results.json"), experiment.kind)
        assert results is not None
        return results
    images = {kind: (one.test.images, one.test.labels) for kind, one in data.items()}
    same_data(workdir, images)
    print(f"experiment: {config.experiment}; run folder: {workdir}")
    bars: dict[str, Bar] = {}

    def report(title: str, total: int, done: int, text: str, unit: str = "examples") -> None:
        if title not in bars:
            for bar in bars.values():
                bar.close()
            bars[title] = Bar(total, title, unit)
        bars[title].show(done, text)

    command = shlex.join(["python", *arguments])
    setting = Setting(config, data, workdir, command, values.checkpoint_seconds, report)
    for kind, source in setting.sources.items():
        print(f"{kind}: {source}", flush=True)
    with contextlib.ExitStack() as shown:
        shown.callback(lambda: [bar.close() for bar in bars.values()])
        return experiment.run(setting)
