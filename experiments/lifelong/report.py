"""The tables of the experiment `lifelong`: Figure 7, forgetting and transfer, the two networks."""

from collections.abc import Callable, Mapping

import numpy as np

from experiments.lifelong.learners import ALONE_LIVES
from experiments.lifelong.life import Course
from experiments.lifelong.measures import (
    PUBLISHED,
    PUBLISHED_NET_0,
    final,
    forgetting,
    needed,
    reverse_transfer,
)
from experiments.lifelong.results import LifelongResult
from experiments.lifelong.schedule import TASKS
from terpret.runs.tables import render, wilson

# A column of a table: its heading, and a cell for each line.
Column = tuple[str, list[str]]
# Compared with nobody, because the paper did not publish it.
ALONE = "robust-alone"


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
    return "\n\n".join(f"{heading}:\n\n{render(rows, style)}" for heading, rows in parts if rows)


def final_table(found: Mapping[str, Course]) -> list[list[str]]:
    """Figure 7: every learner's final accuracies beside the published ones."""
    columns: list[Column] = [("task", [*TASKS, "net_0 on labelled digits", "net_1 on operators"])]
    for name, course in found.items():
        published = PUBLISHED.get(name, () if name == ALONE else PUBLISHED["NTPT"])
        cells = [f"{final(course, task).mean():.3f}" for task in TASKS]
        cells = [
            f"{cell} ({published[k]:.2f})" if published else cell for k, cell in enumerate(cells)
        ]
        for network in ("net_0", "net_1"):
            values = course.networks.get(network)
            cell = f"{np.mean(values[-1]):.3f}" if values else ""
            cells.append(f"{cell} ({PUBLISHED_NET_0:.2f})" if cell and network == "net_0" else cell)
        columns.append((_title(name), cells))
    return _rows(columns)


def programs_table(found: Mapping[str, Course]) -> list[list[str]]:
    """How many lives end with a correct program of each task, and of all tasks."""
    columns: list[Column] = [("task", [*TASKS, "all eight"])]
    for name, course in found.items():
        if course.correct:
            last = np.array([course.correct[task][-1] for task in TASKS])
            counts = [*last.sum(1), last.all(0).sum()]
            columns.append((_title(name), [_share(count, last.shape[1]) for count in counts]))
    return _rows(columns) if len(columns) > 1 else []


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
        columns.append((_title(name), [shown(measure(course, task)) for task in TASKS]))
    return _rows(columns)


def _title(name: str) -> str:
    """A learner as the tables call it."""
    return name if name in PUBLISHED else f"NTPT {name}"


def _median(values: np.ndarray) -> str:
    middle = float(np.median(values))
    reached = int(np.isfinite(values).sum())
    if not np.isfinite(middle):
        return f"- ({reached} of {len(values)} lives)" if reached else "-"
    return f"{middle:,.0f}"


def _rows(columns: list[Column]) -> list[list[str]]:
    """The columns as rows, the headings first."""
    headings, cells = zip(*columns, strict=True)
    return [list(headings), *map(list, zip(*cells, strict=True))]
