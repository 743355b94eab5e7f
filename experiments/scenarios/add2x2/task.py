"""The tasks of ADD2X2: images to learn from, and all grids as symbols."""

from datasets import add2x2
from datasets.grids import tiles_of
from datasets.pools import ImageSet
from experiments.scenarios.grids import every_grid, grid_examples
from terpret.learning.task import Symbols, Task


def add2x2_task(name: str, digits: ImageSet, distinct: int = 0) -> Task:
    """An ADD2X2 task (paper section 3).

    Args:
      name: top, left, bottom or right.
      digits: the images.
      distinct: the number of distinct training grids; 0 is no limit.

    Raises:
      DataError: there is no such task.
    """
    return Task(
        name=name,
        symbols=add2x2_symbols(name),
        images={"net_0": (digits.test.brightness, digits.test.labels)},
        sources={"digits": digits.source},
        **grid_examples(add2x2, name, digits, distinct),
    )


def add2x2_symbols(name: str) -> Symbols:
    """All 10,000 grids of digits. No digit means anything to the network of operators.

    Raises:
      DataError: there is no such task.
    """
    first, second = tiles_of("ADD2X2", name)
    grids = every_grid(10)
    return Symbols(
        inputs={},
        label_assignments=tuple({"net_0": grids, "net_1": (grids + shift) % 4} for shift in (0, 1)),
        answers={"final_sum": grids[:, first] + grids[:, second]},
    )
