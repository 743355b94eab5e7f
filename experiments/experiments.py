"""The experiments by name: what `train.py --experiment=...` runs, and `evaluate.py` shows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from matplotlib.figure import Figure

from experiments import weak_supervision
from experiments.config import ExperimentConfig
from experiments.lifelong import experiment as lifelong
from experiments.lifelong import plots, report
from experiments.lifelong.experiment import Report

Results = dict[str, object]


@dataclass(frozen=True)
class Experiment:
    """An experiment of many runs.

    Attributes:
      refuse: refuses settings that cannot work, before anything is written.
      run: does all of it, or goes on with it: (config, run folder, command line, seconds between
        checkpoints, report) -> results.
      results: what is known so far, from a config and its run folder.
      tables: the results as tables, from them and a style.
      plots: the figures of the results by file name.
    """

    refuse: Callable[[ExperimentConfig], None]
    run: Callable[[ExperimentConfig, str, str, float, Report], Results]
    results: Callable[[ExperimentConfig, str], Results]
    tables: Callable[[Results, str], str]
    plots: Callable[[Results], Mapping[str, Figure]]


EXPERIMENTS = {
    "lifelong": Experiment(
        lifelong.refuse, lifelong.run, lifelong.results_of, report.tables, plots.figure_6
    ),
    "weak_supervision": Experiment(
        weak_supervision.refuse,
        weak_supervision.run,
        weak_supervision.results_of,
        weak_supervision.tables,
        weak_supervision.plots,
    ),
}
