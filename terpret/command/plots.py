"""The plots of a run, drawn into a folder of their own."""

import os
from collections.abc import Mapping

import numpy as np

from terpret.files import own_files
from terpret.learning.confusion import confusion_counts
from terpret.runs import figures
from terpret.runs.animations import save_film
from terpret.runs.events import write_pictures
from terpret.runs.prepared import Run
from terpret.runs.results import Curves, Points, RunResult
from terpret.runs.run_folder import using, writing

# The learning curves that are drawn, and what they are called.
CURVES = {
    "loss": "loss",
    "accuracy": "accuracy of the discretised program",
    "accuracy_on_images": "accuracy on unseen images",
}


def plots_folder(workdir: str) -> str:
    """The folder for plots, marked as ours where the run folder is not."""
    folder = os.path.join(workdir, "plots")
    if own_files.home_of(os.path.join(folder, "loss.png")) is None:
        with using(workdir):
            own_files.begin(folder)
    return folder


def plot(
    folder: str,
    results: RunResult,
    curves: Mapping[int, Curves],
    run: Run,
    row: int,
) -> None:
    """Draws learning curves of all restarts, and of one row all that is drawn of it.

    Args:
      folder: where, as `plots_folder` gives it.
      results: of the run.
      curves: of each restart, by its number.
      run: the run with its learned parameters.
      row: of the restart whose marginals, networks, pictures and films are drawn.
    """
    solved = [one.restart for one in results.correct_restarts]
    for kind, label in CURVES.items():
        if kind == "accuracy" and results.judged_on:
            label += "\non training instances"
        lines = {number: getattr(one, kind) for number, one in curves.items() if getattr(one, kind)}
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
    pictures = run.study.pictures(run.model, row)
    for name, figure in pictures.items():
        figures.save(figure, os.path.join(folder, name))
    for name, frames in run.study.films(run.model, row).items():
        save_film(frames, os.path.join(folder, name))
    if pictures:
        with writing(run.workdir):
            events = os.path.join(run.workdir, "events")
            write_pictures(events, results.best_restart.examples, pictures)


def _on_one_axis(
    lines: Mapping[int, Points],
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
