"""Figure 7: the final accuracies of all learners, a table, in columns as other tables have them."""

from collections.abc import Mapping

import numpy as np

from experiments.lifelong.life import Course
from experiments.lifelong.measures import PUBLISHED, PUBLISHED_NET_0, final
from experiments.lifelong.schedule import TASKS

# A column of a table: its heading, and a cell for each line.
Column = tuple[str, list[str]]
# Compared with nobody, because the paper did not publish it.
ALONE = "robust-alone"


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
        columns.append((title(name), cells))
    return rows(columns)


def title(name: str) -> str:
    """A learner as the tables call it."""
    return name if name in PUBLISHED else f"NTPT {name}"


def rows(columns: list[Column]) -> list[list[str]]:
    """The columns as rows, the headings first."""
    headings, cells = zip(*columns, strict=True)
    return [list(headings), *map(list, zip(*cells, strict=True))]
