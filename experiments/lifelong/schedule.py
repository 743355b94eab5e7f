"""When a life meets which task: Figure 6(a)'s schedule, as data.

The paper draws its schedule and gives no numbers; this one is ours. A task's share rises from 0 to
1, stays, and falls to 0 again while the next one's rises; after that its examples stop for good.
A window has room for some attempts at the program of its task; the programs of
APPLY2X2 bottom and right, which need every line that a program has, are the hardest to find.
"""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class Window:
    """When a task's examples come, in examples of the whole life.

    Attributes:
      task: its name.
      begins: its share rises from 0 here,
      full: and is 1 from here on;
      fades: it falls from here on,
      ends: and is 0 from here on.
    """

    task: str
    begins: int
    full: int
    fades: int
    ends: int


SCHEDULE = (
    Window("add2x2-top", 0, 0, 35_000, 40_000),
    Window("add2x2-left", 35_000, 40_000, 70_000, 75_000),
    Window("add2x2-bottom", 70_000, 75_000, 110_000, 115_000),
    Window("add2x2-right", 110_000, 115_000, 160_000, 165_000),
    Window("apply2x2-top", 160_000, 165_000, 210_000, 215_000),
    Window("apply2x2-left", 210_000, 215_000, 250_000, 255_000),
    Window("apply2x2-bottom", 250_000, 255_000, 325_000, 330_000),
    Window("apply2x2-right", 325_000, 330_000, 400_000, 400_000),
)
TASKS = tuple(window.task for window in SCHEDULE)
LIFE = SCHEDULE[-1].ends


def shares(examples: np.ndarray, life: int) -> np.ndarray:
    """The probability of each task after so many examples.

    Args:
      examples: [n].
      life: the length of the whole life; the schedule is stretched to it.

    Returns:
      Floats [n, tasks]; each row sums to 1.
    """
    moments = np.asarray(examples) * (LIFE / life)
    corners = [(w.begins, w.full, w.fades, w.ends) for w in SCHEDULE]
    # A task that is there from the start, or to the end, has no slope on that side.
    heights = [
        np.interp(moments, _distinct(begins, full, fades, ends), (0, 1, 1, 0))
        for begins, full, fades, ends in corners
    ]
    table = np.stack(heights, axis=-1)
    return table / table.sum(-1, keepdims=True)


def drawn(seed: int, batch_size: int, life: int) -> np.ndarray:
    """The task of every update of a life, drawn from `shares`: the numbers of tasks, [updates]."""
    updates = -(-life // batch_size)
    chances = np.cumsum(shares(np.arange(updates) * batch_size, life), axis=-1)
    random = np.random.Generator(np.random.Philox(key=seed)).random(updates)
    return np.minimum((random[:, None] >= chances).sum(-1), len(TASKS) - 1)


def _distinct(begins: int, full: int, fades: int, ends: int) -> tuple[float, ...]:
    """The corners of a window, an upright side leaning by less than an example."""
    return begins - (begins == full) * 0.5, full, fades, ends + (fades == ends) * 0.5
