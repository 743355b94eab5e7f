"""Weak against strong supervision on the first task (first version of the paper, section 4.1).

ADD2X2 top from 64,000 instances of 1,000 and of 4,000 distinct grids: NTPT, which sees sums,
against a classifier like `net_0` that sees the labels of the digits, and the neural baseline.
"""

import dataclasses
import os

import numpy as np
import tensorflow as tf
from matplotlib.figure import Figure

from datasets import add2x2, composing
from datasets.composing import Stream, composed
from datasets.digits import load_digits
from datasets.pools import ImageSet
from experiments.config import ExperimentConfig
from experiments.experiment_result import finished
from experiments.lifelong.experiment import lived
from experiments.lifelong.learners import LABELLED, LEARNERS, ntpt
from experiments.lifelong.life import Course
from experiments.lifelong.results import LivesResult, read_learner
from experiments.scenarios.add2x2.task import add2x2_task
from experiments.scenarios.unseen import TEST_EXAMPLES, TEST_SEED
from experiments.setup import Setting
from terpret.errors import RunError
from terpret.learning.task import Task
from terpret.runs import figures
from terpret.runs.tables import render

NAME, PLACE = "add2x2-top", "top"
INSTANCES = 64_000
DISTINCT = (1000, 4000)
STRONG = "labelled digits"
# No network gets old by one task. "The neural baseline" of the first version is MTNN-2.
WHO = {name: ntpt(name) for name in ("robust", "ntpt")} | {
    "MTNN-2": LEARNERS["MTNN-2"],
    STRONG: LABELLED,
}
COLOURS = {"robust": "#0072b2", "ntpt": "#56b4e9", "MTNN-2": "#d55e00", STRONG: "#000000"}


@dataclasses.dataclass(frozen=True, kw_only=True)
class WeakSupervisionResult(LivesResult):
    """What the experiment found; a learner's name is followed by its number of distinct grids.

    Attributes:
      restarts: of every learner.
    """

    restarts: int


def ready(config: ExperimentConfig) -> dict[str, ImageSet]:
    """Refuses settings that cannot work, before anything is written; gives the data.

    Raises:
      RunError, DataError: with what is wrong.
    """
    if config.learners:
        raise RunError("--learners: in this experiment all take part")
    return {"digits": load_digits(config.digits, config.data_dir)}


def run(setting: Setting) -> WeakSupervisionResult:
    """Trains all learners on both numbers of distinct grids, or goes on with it."""
    config, workdir = setting.config, setting.workdir
    digits = setting.data["digits"]
    test_sets = {NAME: composed(add2x2.scene(digits.test, PLACE), TEST_SEED, TEST_EXAMPLES)}

    def order(batch_size: int) -> np.ndarray:
        return np.zeros(-(-(config.examples or INSTANCES) // batch_size), np.int64)

    for distinct in DISTINCT:
        for name, kind in WHO.items():
            tasks = {NAME: _task(digits, distinct, labelled=name == STRONG)}
            lived(
                kind,
                f"{name}, {distinct} grids",
                tasks,
                test_sets,
                order,
                setting,
                _folder(workdir, name, distinct),
            )
    return finished(workdir, results_of(config, workdir), setting.sources, setting.command)


def results_of(config: ExperimentConfig, workdir: str) -> WeakSupervisionResult:
    """What is known of the learners that have finished."""
    found = {
        f"{name}/{distinct}": read_learner(
            os.path.join(_folder(workdir, name, distinct), "course.json")
        )
        for distinct in DISTINCT
        for name in WHO
    }
    return WeakSupervisionResult(
        experiment=config.experiment,
        root_seed=config.seed,
        restarts=config.restarts,
        learners={name: one for name, one in found.items() if one is not None},
    )


def tables(results: WeakSupervisionResult, style: str) -> str:
    """Every learner's accuracy after its last example, as mean and standard deviation."""
    rows = [["learner", "distinct grids", "accuracy", "digits", "programs"]]
    for (name, distinct), course in _courses(results).items():
        read = course.networks.get("net_0")
        correct = course.correct.get(NAME)
        rows.append(
            [
                name,
                f"{distinct:,}",
                _spread(course.accuracies[NAME][-1]),
                _spread(read[-1]) if read else "",
                f"{sum(correct[-1])} of {len(correct[-1])}" if correct else "",
            ]
        )
    heading = f"accuracy on ADD2X2 {PLACE}, mean and standard deviation of {results.restarts}"
    moved = " and ".join(name for name, kind in WHO.items() if kind.shift)
    note = f"{moved} learn from images that are moved by a pixel at most"
    return f"{heading} restarts ({note}):\n\n{render(rows, style)}"


def plots(results: WeakSupervisionResult) -> dict[str, Figure]:
    """The accuracy of every learner over its examples, a panel for each number of grids."""
    figure = figures.blank(6.4, 3.4)
    panels = figure.subplots(1, len(DISTINCT), sharey=True)
    for axes, distinct in zip(panels, DISTINCT, strict=True):
        for (name, grids), course in _courses(results).items():
            if grids == distinct:
                values = np.array(course.accuracies[NAME])
                mean, deviation = values.mean(1), values.std(1)
                colour = COLOURS[name]
                axes.plot(course.examples, mean, color=colour, label=name)
                band = mean - deviation, mean + deviation
                axes.fill_between(course.examples, *band, color=colour, alpha=0.2, lw=0)
        figures.over_examples(axes)
        axes.set(title=f"{distinct:,} distinct grids", xlabel="examples", ylim=(-0.02, 1.02))
        axes.xaxis.set_major_locator(figures.MaxNLocator(4))
    panels[0].set_ylabel(f"accuracy on {NAME}")
    panels[-1].legend(frameon=False, fontsize=7, loc="lower right")
    figure.tight_layout()
    return {"weak-supervision": figure}


def _task(digits: ImageSet, distinct: int, labelled: bool) -> Task:
    """The task; `labelled` for who is taught the digits themselves."""
    task = add2x2_task(PLACE, digits, distinct)
    if not labelled:
        return task

    def batches(seed: int, batch_size: int, start: int, shift: int) -> tf.data.Dataset:
        wanted = Stream(seed, batch_size, start, distinct=distinct, shift=shift)
        return composing.batches(add2x2.scene(digits.train, PLACE), wanted, labelled=True)

    return dataclasses.replace(task, batches=batches)


def _folder(workdir: str, name: str, distinct: int) -> str:
    return os.path.join(workdir, "lives", f"{name.replace(' ', '-')}-{distinct}")


def _courses(results: WeakSupervisionResult) -> dict[tuple[str, int], Course]:
    """The courses by learner and number of distinct grids."""
    return {
        (name.rpartition("/")[0], int(name.rpartition("/")[2])): course
        for name, course in results.courses.items()
    }


def _spread(values: list[float]) -> str:
    return f"{np.mean(values):.3f} ± {np.std(values):.3f}"
