"""The command `evaluate.py`: a run or an experiment measured again."""

import json
import os

from absl import flags

from experiments.command.rules import refuse_unread_data_dir
from experiments.config import OF_RUNS, ExperimentConfig
from experiments.experiment_result import REMEDY, read_experiment
from experiments.experiments import EXPERIMENTS
from experiments.scenarios.registry import scenario_named
from terpret.command.evaluation import asked_folder, evaluate_run, note, put_back
from terpret.command.guard import guarded
from terpret.command.plots import plots_folder
from terpret.errors import RunError
from terpret.runs import figures, shards
from terpret.runs.described import described
from terpret.runs.places import new_folder
from terpret.runs.records import rendered, showing
from terpret.runs.scenario import Known

KNOWN = Known(OF_RUNS, scenario_named)


def evaluate(values: flags.FlagValues) -> int:
    """`evaluate.py`: measures a run folder again and shows what was found."""
    return guarded(lambda: _evaluate(values))


def _evaluate(values: flags.FlagValues) -> int:
    workdir = asked_folder(values)
    if values.data_dir and not os.path.isdir(os.path.expanduser(values.data_dir)):
        raise RunError(f"--data_dir={values.data_dir}: there is no such folder")
    if values.export:
        new_folder("export", values.export)
    put_back(workdir)
    folders = shards.folders(workdir)
    there = None if folders else described(workdir, [*OF_RUNS, ExperimentConfig])
    if values.data_dir:
        again = not folders or values.plots or bool(values.export)
        refuse_unread_data_dir(there and there.config, again)
    if there and isinstance(there.config, ExperimentConfig):
        return _evaluate_experiment(values, there.config, workdir)
    return evaluate_run(values, workdir, KNOWN)


def _evaluate_experiment(values: flags.FlagValues, config: ExperimentConfig, workdir: str) -> int:
    """Shows what an experiment has found so far."""
    for flag, what in (("export", "export"), ("new_data", "measure")):
        if getattr(values, flag):
            raise RunError(
                f"--{flag}: an experiment has many programs; {what} one from a run of its own"
            )
    experiment = EXPERIMENTS[config.experiment]
    path = os.path.join(workdir, "results.json")
    results = read_experiment(path, experiment.kind) or experiment.results(config, workdir)
    if not results.parts:
        raise RunError(f"{workdir} holds no finished learner yet: train first")

    def show() -> None:
        if values.format == "json":
            print(json.dumps(results.to_json(), indent=2))
            return
        print(experiment.tables(results, values.format))
        for kind, source in results.data.items():
            print(f"\n{kind}: {source}")

    print(rendered(path, show, REMEDY), end="")
    with showing(path, REMEDY):
        drawn = experiment.plots(results)
    folder = plots_folder(workdir)
    for name, figure in drawn.items():
        figures.save(figure, os.path.join(folder, name))
    if drawn:
        note(values, f"\nplots written to {folder}")
    return 0
