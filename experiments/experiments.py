"""The experiments by name: what `train.py --experiment=...` runs, and `evaluate.py` shows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from matplotlib.figure import Figure

from datasets.pools import ImageSet
from experiments import weak_supervision
from experiments.config import ExperimentConfig
from experiments.experiment_result import ExperimentResult
from experiments.lifelong import experiment as lifelong
from experiments.lifelong import figure_6, report
from experiments.lifelong.results import LifelongResult
from experiments.math import experiment as math
from experiments.math import figure_8
from experiments.math import report as math_report
from experiments.mazes import experiment as mazes
from experiments.mazes import figure_9
from experiments.mazes import report as mazes_report
from experiments.mnist_addition import experiment as mnist_addition
from experiments.mnist_addition import report as mnist_addition_report
from experiments.scenarios.mazes.task import TRAIN_MAZES
from experiments.setup import Setting
from experiments.stage_results import StagesResult
from experiments.terpret import experiment as terpret
from experiments.terpret import report as terpret_report

Result = TypeVar("Result", bound=ExperimentResult)


@dataclass(frozen=True)
class Experiment(Generic[Result]):
    """An experiment of many runs.

    Attributes:
      kind: of its results.
      ready: refuses settings that cannot work, before anything is written, and gives the data by
        what they show.
      run: does all of it, or goes on with it, and gives the results.
      results: what is known so far, from a config and its run folder.
      tables: the results as tables, from them and a style.
      plots: the figures of the results by file name.
      flags: those of `train.py` that say something to it, besides what all experiments know.
      own: the values of flags that the user does not give.
    """

    kind: type[Result]
    ready: Callable[[ExperimentConfig], Mapping[str, ImageSet]]
    run: Callable[[Setting], Result]
    results: Callable[[ExperimentConfig, str], Result]
    tables: Callable[[Result, str], str]
    plots: Callable[[Result], Mapping[str, Figure]]
    flags: frozenset[str]
    own: Mapping[str, int]


# What the paper has where the user says nothing; 0 is each stage's own.
_LIVES = {"distinct_grids": 1000}
_STAGES = {"restarts": 0, "distinct_grids": 0}

EXPERIMENTS: dict[str, Experiment[Any]] = {
    "lifelong": Experiment(
        LifelongResult,
        lifelong.ready,
        lifelong.run,
        lifelong.results_of,
        report.tables,
        figure_6.plots,
        frozenset({"digits", "operators", "distinct_grids"}),
        _LIVES,
    ),
    "weak_supervision": Experiment(
        weak_supervision.WeakSupervisionResult,
        weak_supervision.ready,
        weak_supervision.run,
        weak_supervision.results_of,
        weak_supervision.tables,
        weak_supervision.plots,
        frozenset({"digits"}),
        {},
    ),
    "math": Experiment(
        StagesResult,
        math.ready,
        math.run,
        math.results_of,
        math_report.tables,
        figure_8.plots,
        frozenset(
            {
                "digits",
                "operators",
                "distinct_grids",
                "init_nets",
                "baseline_seconds",
                "lstm_units",
                "filters",
            }
        ),
        _STAGES,
    ),
    "mazes": Experiment(
        StagesResult,
        mazes.ready,
        mazes.run,
        mazes.results_of,
        mazes_report.tables,
        figure_9.plots,
        frozenset({"signs", "distinct_grids"}),
        {"restarts": 0, "distinct_grids": TRAIN_MAZES},
    ),
    "mnist_addition": Experiment(
        StagesResult,
        mnist_addition.ready,
        mnist_addition.run,
        mnist_addition.results_of,
        mnist_addition_report.tables,
        lambda results: {},
        frozenset({"digits"}),
        {"restarts": 0},
    ),
    "terpret": Experiment(
        StagesResult,
        terpret.ready,
        terpret.run,
        terpret.results_of,
        terpret_report.tables,
        lambda results: {},
        frozenset({"tasks", "stage_seconds"}),
        {"restarts": 0},
    ),
}
