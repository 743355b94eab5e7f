"""Figure 6: the schedule of a life, and what becomes of the tasks in it."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.lifelong.life import Course
from experiments.lifelong.measures import PUBLISHED
from experiments.lifelong.results import LifelongResult
from experiments.lifelong.schedule import TASKS, shares
from terpret.runs import figures

COLOURS = {
    "robust": "#0072b2",
    "ntpt": "#56b4e9",
    "robust-alone": "#999999",
    "indep": "#000000",
    "PNN": "#009e73",
    "MTNN-1": "#e69f00",
    "MTNN-2": "#d55e00",
}
TASK_COLOURS = (
    "#0072b2",
    "#56b4e9",
    "#009e73",
    "#8fd19e",
    "#d55e00",
    "#e69f00",
    "#cc79a7",
    "#999999",
)
FIRST, *OTHERS = (task for task in TASKS if task.startswith("add"))
LEFT = tuple(task for task in TASKS if task.endswith("-left"))


def plots(results: LifelongResult) -> dict[str, Figure]:
    """All parts of Figure 6 by file name, of the learners that have finished."""
    found = results.courses
    return {
        "figure-6a": figure_6a(found, results.life),
        "figure-6b": figure_6b(found),
        "figure-6c": figure_6c(found),
    }


def figure_6a(found: Mapping[str, Course], life: int) -> Figure:
    """The schedule, and below it the first task in every life of NTPT and of MTNN-2."""
    figure = figures.blank(6.4, 4.6)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[1, 3])
    moments = np.linspace(0, life - 1, 800)
    above.stackplot(moments, shares(moments, life).T, colors=TASK_COLOURS, labels=TASKS)
    above.set(ylabel="share", yticks=[0, 1], ylim=(0, 1))
    above.legend(frameon=False, fontsize=6, ncols=4, loc="lower left", bbox_to_anchor=(0, 1))
    for name in ("robust", "ntpt", "MTNN-2"):
        if name in found:
            _lives(below, found[name], FIRST, name, "--" if name in PUBLISHED else "-")
    for name in ("robust", "ntpt"):
        if name in found and "net_0" in found[name].networks:
            values = np.mean(found[name].networks["net_0"], axis=1)
            label = f"net_0 of {name}, on labelled digits"
            below.plot(found[name].examples, values, color=COLOURS[name], ls=":", label=label)
    _finish(below, FIRST)
    figure.tight_layout()
    return figure


def figure_6b(found: Mapping[str, Course]) -> Figure:
    """The other ADD2X2 tasks in every life of NTPT and of MTNN-2."""
    return _panels(found, OTHERS, ("robust", "ntpt", "MTNN-2"))


def figure_6c(found: Mapping[str, Course]) -> Figure:
    """The tasks `left` of both scenarios, for all learners."""
    return _panels(found, LEFT, tuple(COLOURS))


def _panels(found: Mapping[str, Course], tasks: Sequence[str], names: Sequence[str]) -> Figure:
    """A panel a task, below each other."""
    figure = figures.blank(6.4, 1.9 * len(tasks) + 0.6)
    panels = figure.subplots(len(tasks), 1, sharex=True)
    for axes, task in zip(panels, tasks, strict=True):
        for name in names:
            if name in found:
                _lives(axes, found[name], task, name, "--" if name in PUBLISHED else "-")
        _finish(axes, task, legend=task == tasks[0], below=task == tasks[-1])
    figure.tight_layout()
    return figure


def _lives(axes: Axes, course: Course, task: str, name: str, style: str) -> None:
    """A thin line a life, and their mean."""
    values = np.array(course.accuracies[task])
    axes.plot(course.examples, values, color=COLOURS[name], lw=0.4, alpha=0.4, ls=style)
    axes.plot(course.examples, values.mean(1), color=COLOURS[name], lw=1.8, ls=style, label=name)


def _finish(axes: Axes, task: str, legend: bool = True, below: bool = True) -> None:
    figures.over_examples(axes)
    axes.set_ylim(-0.02, 1.02)
    axes.set_ylabel(f"accuracy on {task}", fontsize=figures.FONT)
    if below:
        axes.set_xlabel("examples of the whole life")
    if legend and axes.lines:
        axes.legend(frameon=False, fontsize=7, ncols=4, loc="lower left", bbox_to_anchor=(0, 1))
