"""The tasks of APPLY2X2: images to learn from, and all grids as symbols."""

import numpy as np
import tensorflow as tf

from datasets import apply2x2
from datasets.grids import tiles_of
from datasets.operators import OPERATORS
from datasets.pools import ImageSet
from experiments.scenarios.grids import every_grid, grid_examples
from experiments.scenarios.unseen import TEST_SEED
from terpret.data.streams import draws
from terpret.learning.task import Symbols, Task

# Triples of integers for each of the 256 grids of operators: 16,384 cases in all.
TRIPLES = 64


def apply2x2_task(name: str, operators: ImageSet, distinct: int = 0) -> Task:
    """An APPLY2X2 task (paper section 3), for a model of two networks.

    Args:
      name: top, left, bottom or right.
      operators: the images.
      distinct: the number of distinct training grids; 0 is no limit. A grid that comes again has
        other integers.

    Raises:
      DataError: there is no such task.
    """
    return Task(
        name=name,
        symbols=apply2x2_symbols(name),
        images={"net_1": (operators.test.brightness, operators.test.labels)},
        sources={"operators": operators.source},
        **grid_examples(apply2x2, name, operators, distinct),
    )


def apply2x2_symbols(name: str) -> Symbols:
    """All 256 grids of operators, with 64 triples of integers each, always the same.

    No operator means anything to the network of digits.

    Raises:
      DataError: there is no such task.
    """
    first, second = tiles_of("APPLY2X2", name)
    grids = np.repeat(every_grid(len(OPERATORS)), TRIPLES, axis=0)
    numbers = tf.range(len(grids), dtype=tf.int64)
    integers = draws(TEST_SEED, numbers, apply2x2.INTEGERS, apply2x2.INTEGERS_BELOW).numpy()
    begun = apply2x2.RESULTS[grids[:, first], integers[:, 0], integers[:, 1]]
    return Symbols(
        inputs={"aux_ints": integers},
        label_assignments=tuple({"net_0": grids + shift, "net_1": grids} for shift in (0, 1)),
        answers={"final_sum": apply2x2.RESULTS[grids[:, second], begun, integers[:, 2]]},
    )
