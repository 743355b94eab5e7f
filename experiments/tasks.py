"""The tasks of the 2x2 scenarios: data, symbols and published numbers, ready for a learner."""

import itertools

import numpy as np
import tensorflow as tf

from datasets import add2x2
from datasets.digits import Digits
from datasets.pools import DataError
from terpret.learning.task import Symbols, Task

TEST_EXAMPLES = 10_000
TEST_SEED = 1_000_003

# Figure 7: final test accuracy of NTPT at the end of lifelong learning.
ADD2X2_PUBLISHED = {"top": 0.87, "left": 0.87, "bottom": 0.86, "right": 0.86}


def add2x2_task(name: str, digits: Digits, distinct: int = 0) -> Task:
    """An ADD2X2 task (paper section 3).

    Args:
      name: top, left, bottom or right.
      digits: the images.
      distinct: the number of distinct training grids; 0 is no limit.

    Raises:
      DataError: there is no such task.
    """
    if name not in add2x2.TASKS:
        raise DataError(
            f"there is no ADD2X2 task '{name}'; the tasks are {', '.join(add2x2.TASKS)}"
        )

    def batches(seed: int, batch_size: int, start: int) -> tf.data.Dataset:
        return add2x2.grids(digits.train, name, seed, batch_size, start=start, distinct=distinct)

    def test(batch_size: int) -> tf.data.Dataset:
        return add2x2.grids(digits.test, name, TEST_SEED, batch_size, examples=TEST_EXAMPLES)

    return Task(
        name=name,
        batches=batches,
        test=test,
        tested_on=f"{TEST_EXAMPLES:,} unseen grids",
        symbols=add2x2_symbols(name),
        images={"net_0": (digits.test.images / np.float32(255), digits.test.labels)},
        sources={"digits": digits.source},
        published=ADD2X2_PUBLISHED[name],
    )


def add2x2_symbols(name: str) -> Symbols:
    """All 10,000 grids of digits. No digit means anything to the network of operators."""
    grids = np.array(list(itertools.product(range(10), repeat=4)))
    first, second = add2x2.TASKS[name]
    return Symbols(
        inputs={},
        fillings=tuple({"net_0": grids, "net_1": (grids + shift) % 4} for shift in (0, 1)),
        answers={"final_sum": grids[:, first] + grids[:, second]},
    )
