"""The tables of the experiment `lifelong`: Figure 7, forgetting and transfer, the two networks."""

from collections.abc import Callable, Mapping

import numpy as np

from experiments.lifelong.figure_7 import ALONE, Column, final_table, rows, title
from experiments.lifelong.learners import ALONE_LIVES
from experiments.lifelong.life import Course
from experiments.lifelong.measures import (
    forgetting,
    needed,
    reverse_transfer,
)
from experiments.lifelong.results import LifelongResult
from experiments.lifelong.schedule import TASKS
from terpret.runs.tables import render, wilson


def tables(results: LifelongResult, style: str) -> str:
    """All tables, each under its heading.

    Args:
      results: of the experiment.
      style: `text` or `markdown`.
    """
    found = results.courses

    def examples(course: Course, task: str) -> np.ndarray:
        return needed(course, task, results.root_seed, results.life)

    distinct = results.distinct_grids or "unlimited"
    parts = [
        (
            f"Figure 7: final accuracy, the mean of {results.lives} lives ({ALONE}: at most "
            f"{ALONE_LIVES}; {distinct} distinct grids a task); in brackets the published accuracy",
            final_table(found),
        ),
        ("lives that end with a correct program, and 95 % intervals", programs_table(found)),
        (
            "forgetting: largest fall after the examples stopped, mean (worst life)",
            [
                *_tasks_table(
                    found, forgetting, lambda values: f"{values.mean():.3f} ({values.max():.3f})"
                )
            ],
        ),
        (
            "reverse transfer: gain after the examples stopped, mean (worst life)",
            [
                *_tasks_table(
                    found,
                    reverse_transfer,
                    lambda values: f"{values.mean():+.3f} ({values.min():+.3f})",
                )
            ],
        ),
        (
            "forward transfer: examples of a task by the first test at which its accuracy was 0.8, "
            f"median of lives; {ALONE} and indep have nothing to transfer",
            [*_tasks_table(found, examples, _median)],
        ),
    ]
    return "\n\n".join(f"{heading}:\n\n{render(one, style)}" for heading, one in parts if one)


def programs_table(found: Mapping[str, Course]) -> list[list[str]]:
    """How many lives end with a correct program of each task, and of all tasks."""
    columns: list[Column] = [("task", [*TASKS, "all eight"])]
    for name, course in found.items():
        if course.correct:
            last = np.array([course.correct[task][-1] for task in TASKS])
            counts = [*last.sum(1), last.all(0).sum()]
            columns.append((title(name), [_share(count, last.shape[1]) for count in counts]))
    return rows(columns) if len(columns) > 1 else []


def _share(count: int, lives: int) -> str:
    low, high = wilson(count, lives)
    return f"{count} of {lives} ({low:.2f} to {high:.2f})"


def _tasks_table(
    found: Mapping[str, Course],
    measure: Callable[[Course, str], np.ndarray],
    shown: Callable[[np.ndarray], str],
) -> list[list[str]]:
    """A line a task, a column a learner."""
    columns: list[Column] = [("task", list(TASKS))]
    for name, course in found.items():
        columns.append((title(name), [shown(measure(course, task)) for task in TASKS]))
    return rows(columns)


def _median(values: np.ndarray) -> str:
    middle = float(np.median(values))
    reached = int(np.isfinite(values).sum())
    if not np.isfinite(middle):
        return f"- ({reached} of {len(values)} lives)" if reached else "-"
    return f"{middle:,.0f}"
