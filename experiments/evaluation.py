"""The command `evaluate.py`: a run, or its shards, measured again, as tables, plots and exports."""

import glob
import json
import os
from collections.abc import Mapping

import numpy as np
from absl import flags

from experiments import figures, shards, single
from experiments.command import guarded, print_results
from experiments.config import Config, ExperimentConfig, RunError, read_config
from experiments.events import write_pictures
from experiments.experiments import EXPERIMENTS
from experiments.export import export
from experiments.films import save_film
from experiments.flag_rules import refuse_unread_data_dir
from experiments.hyper_notes import hypers_text
from experiments.results import all_curves, results_of
from experiments.run_folder import writing
from ntpt_models import source_code
from terpret.learning.files import read_json
from terpret.learning.measure import confusion_counts
from terpret.learning.restarts import Restarts

# The learning curves that are drawn, and what they are called.
CURVES = {
    "loss": "loss",
    "accuracy": "accuracy of the discretised program",
    "accuracy_on_images": "accuracy on unseen images",
}


def evaluate(values: flags.FlagValues) -> int:
    """`evaluate.py`: measures a run folder again and shows what was found."""
    return guarded(lambda: _evaluate(values))


def _evaluate(values: flags.FlagValues) -> int:
    workdir = values.workdir
    stored = _config(workdir, values.data_dir)
    folders = glob.glob(os.path.join(glob.escape(workdir), "shard-*-of-*"))
    if values.data_dir:
        measured = not folders or values.plots or bool(values.export)
        refuse_unread_data_dir(stored, measured)
    if isinstance(stored, ExperimentConfig):
        return _evaluate_experiment(values, stored)
    if folders:
        results = shards.join(workdir)
        parts = [read_json(os.path.join(folder, "curves.json")) or {} for folder in folders]
        curves = {number: one for part in parts for number, one in part.items()}
    else:
        run, restarts, seen = _opened(workdir, values.data_dir)
        results = results_of(run, restarts, "")
        curves = all_curves(restarts)
        if values.format == "text":
            print(f"model: {run.config.model}, task {run.task.name}, after {seen:,} examples")
            if hypers := run.model.checked.hypers:
                print(f"hypers: {hypers_text(hypers)}")
    if values.format == "json":
        print(json.dumps(results, indent=2))
    else:
        print_results(results, values.format)
    if not (values.plots or values.export):
        return 0
    best = results["restarts"][results["best"]]
    if folders:
        run, restarts, _ = _opened(_holder(folders, best["seed"]), values.data_dir)
    row = [restart.number for restart in restarts.rows].index(best["seed"])
    if values.plots:
        folder = os.path.join(workdir, "plots")
        _plot(folder, results, curves, run, row)
        pictures = run.task.pictures(run.model, row)
        for name, figure in pictures.items():
            figures.save(figure, os.path.join(folder, name))
        for name, frames in run.task.films(run.model, row).items():
            save_film(frames, os.path.join(folder, name))
        if pictures:
            with writing(run.workdir):
                write_pictures(os.path.join(run.workdir, "events"), best["examples"], pictures)
        _note(values, f"plots written to {folder}")
    if values.export:
        about = {"source": workdir, "restart": best, "data": results["data"]}
        export(run.model, row, values.export, source_code(run.model.program(row)), about)
        _note(values, f"SavedModel written to {values.export}")
    return 0


def _config(workdir: str, data_dir: str | None) -> Config | ExperimentConfig | None:
    """The config of a run folder; None where there is none that can be read."""
    stored = read_json(os.path.join(workdir, "config.json"))
    return read_config(stored, data_dir) if isinstance(stored, dict) else None


def _evaluate_experiment(values: flags.FlagValues, config: ExperimentConfig) -> int:
    """Shows what an experiment has found so far."""
    if values.export:
        raise RunError(
            "--export: an experiment has many programs; export one from a run of its own"
        )
    experiment = EXPERIMENTS[config.experiment]
    results = read_json(os.path.join(values.workdir, "results.json"))
    if not isinstance(results, dict):
        results = experiment.results(config, values.workdir)
    if not results["learners"]:
        raise RunError(f"{values.workdir} holds no finished learner yet: train first")
    if values.format == "json":
        print(json.dumps(results, indent=2))
    else:
        print(experiment.tables(results, values.format))
        for kind, source in results.get("data", {}).items():
            print(f"\n{kind}: {source}")
    folder = os.path.join(values.workdir, "plots")
    drawn = experiment.plots(results)
    for name, figure in drawn.items():
        figures.save(figure, os.path.join(folder, name))
    if drawn:
        _note(values, f"\nplots written to {folder}")
    return 0


def _note(values: flags.FlagValues, text: str) -> None:
    if values.format == "text":
        print(text)


def _opened(workdir: str, data_dir: str | None) -> tuple[single.Run, Restarts, int]:
    """The run of a folder with its learned parameters, and the examples they have seen."""
    path = os.path.join(workdir, "config.json")
    config = _config(workdir, data_dir)
    if config is None:
        raise RunError(f"{workdir} is no run folder: {path} is missing or damaged")
    run = single.prepare(config, workdir)
    seen, restarts = single.restored(run)
    return run, restarts, seen


def _holder(folders: list[str], number: int) -> str:
    """The shard that a restart is of."""
    for folder in folders:
        results = read_json(os.path.join(folder, "results.json")) or {"restarts": []}
        if any(entry["seed"] == number for entry in results["restarts"]):
            return folder
    raise RunError(f"none of the shards holds restart {number}")


def _plot(
    folder: str,
    results: Mapping[str, object],
    curves: Mapping[str, object],
    run: single.Run,
    row: int,
) -> None:
    """Draws learning curves of all restarts, and marginals and networks of one row."""
    solved = [entry["seed"] for entry in results["restarts"] if entry["correct"]]
    for kind, label in CURVES.items():
        if kind == "accuracy" and results.get("judged_on"):
            label += " on training instances"
        lines = {int(number): one[kind] for number, one in curves.items() if one.get(kind)}
        if lines:
            figure = figures.learning_curves(*_on_one_axis(lines), label, solved)
            figures.save(figure, os.path.join(folder, kind))
    tables = run.model.param_marginals(row)
    if tables:
        figure = figures.marginals(run.model.checked, tables)
        figures.save(figure, os.path.join(folder, "marginals"))
    for name, (images, labels) in run.task.images.items():
        if name in run.model.networks:
            chosen = run.model.classify(name, images)[row]
            figure = figures.confusion(confusion_counts(labels, chosen), name)
            figures.save(figure, os.path.join(folder, f"{name}-confusion"))


def _on_one_axis(
    lines: Mapping[int, list[tuple[int, float | None]]],
) -> tuple[list[int], dict[int, list[float]], list[float]]:
    """Curves over every number of examples that any of them has a point at, and their median."""
    examples = sorted({seen for points in lines.values() for seen, _ in points})
    place = {seen: k for k, seen in enumerate(examples)}
    table = np.full((len(lines), len(examples)), np.nan)
    for values, points in zip(table, lines.values(), strict=True):
        for seen, value in points:
            values[place[seen]] = np.nan if value is None else value
    known = np.isfinite(table).any(0)
    median = np.full(len(examples), np.nan)
    median[known] = np.nanmedian(table[:, known], axis=0)
    curves = {number: list(values) for number, values in zip(lines, table, strict=True)}
    return examples, curves, list(median)
