"""The experiments by name: what `train.py --experiment=...` runs, and `evaluate.py` shows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from matplotlib.figure import Figure

from experiments import weak_supervision
from experiments.config import ExperimentConfig
from experiments.expressions import experiment as math
from experiments.expressions import figure_8
from experiments.expressions import report as math_report
from experiments.lifelong import experiment as lifelong
from experiments.lifelong import plots, report
from experiments.mazes import experiment as mazes
from experiments.mazes import report as mazes_report
from experiments.setting import Setting

Results = dict[str, object]


@dataclass(frozen=True)
class Experiment:
    """An experiment of many runs.

    Attributes:
      refuse: refuses settings that cannot work, before anything is written.
      run: does all of it, or goes on with it, and gives the results.
      results: what is known so far, from a config and its run folder.
      tables: the results as tables, from them and a style.
      plots: the figures of the results by file name.
      flags: those of `train.py` that say something to it, besides what all experiments know.
      own: the values of flags that the user does not give.
    """

    refuse: Callable[[ExperimentConfig], None]
    run: Callable[[Setting], Results]
    results: Callable[[ExperimentConfig, str], Results]
    tables: Callable[[Results, str], str]
    plots: Callable[[Results], Mapping[str, Figure]]
    flags: frozenset[str]
    own: Mapping[str, int]


# What the paper has where the user says nothing; 0 is each stage's own.
_LIVES = {"distinct_grids": 1000}
_STAGES = {"restarts": 0, "distinct_grids": 0}

EXPERIMENTS = {
    "lifelong": Experiment(
        lifelong.refuse,
        lifelong.run,
        lifelong.results_of,
        report.tables,
        plots.figure_6,
        frozenset({"digits", "operators"}),
        _LIVES,
    ),
    "weak_supervision": Experiment(
        weak_supervision.refuse,
        weak_supervision.run,
        weak_supervision.results_of,
        weak_supervision.tables,
        weak_supervision.plots,
        frozenset({"digits"}),
        _LIVES,
    ),
    "math": Experiment(
        math.refuse,
        math.run,
        math.results_of,
        math_report.tables,
        figure_8.plots,
        frozenset(
            {"digits", "operators", "init_nets", "baseline_seconds", "lstm_units", "filters"}
        ),
        _STAGES,
    ),
    "mazes": Experiment(
        mazes.refuse,
        mazes.run,
        mazes.results_of,
        mazes_report.tables,
        mazes_report.plots,
        frozenset({"signs"}),
        _STAGES,
    ),
}
