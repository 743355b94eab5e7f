"""The tasks of the 2x2 scenarios: data, symbols and published numbers, ready for a learner."""

import itertools
from types import ModuleType

import numpy as np
import tensorflow as tf

from datasets import add2x2, apply2x2
from datasets.composing import Stream, batches, composed
from datasets.digits import Digits
from datasets.grids import TILES, tiles_of
from datasets.operators import OPERATORS, Operators
from terpret.data.streams import draws
from terpret.learning.task import Symbols, Task

TEST_EXAMPLES = 10_000
TEST_SEED = 1_000_003
# Triples of integers for each of the 256 grids of operators: 16,384 cases in all.
TRIPLES = 64

# Figure 7: final test accuracy of NTPT at the end of lifelong learning.
ADD2X2_PUBLISHED = {"top": 0.87, "left": 0.87, "bottom": 0.86, "right": 0.86}
APPLY2X2_PUBLISHED = {"top": 0.98, "left": 1.0, "bottom": 1.0, "right": 1.0}


def add2x2_task(name: str, digits: Digits, distinct: int = 0) -> Task:
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
        published=ADD2X2_PUBLISHED[name],
        **_examples(add2x2, name, digits, distinct),
    )


def apply2x2_task(name: str, operators: Operators, distinct: int = 0) -> Task:
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
        published=APPLY2X2_PUBLISHED[name],
        **_examples(apply2x2, name, operators, distinct),
    )


def add2x2_symbols(name: str) -> Symbols:
    """All 10,000 grids of digits. No digit means anything to the network of operators.

    Raises:
      DataError: there is no such task.
    """
    first, second = tiles_of("ADD2X2", name)
    grids = _every_grid(10)
    return Symbols(
        inputs={},
        label_assignments=tuple({"net_0": grids, "net_1": (grids + shift) % 4} for shift in (0, 1)),
        answers={"final_sum": grids[:, first] + grids[:, second]},
    )


def apply2x2_symbols(name: str) -> Symbols:
    """All 256 grids of operators, with 64 triples of integers each, always the same.

    No operator means anything to the network of digits.

    Raises:
      DataError: there is no such task.
    """
    first, second = tiles_of("APPLY2X2", name)
    grids = np.repeat(_every_grid(len(OPERATORS)), TRIPLES, axis=0)
    numbers = tf.range(len(grids), dtype=tf.int64)
    integers = draws(TEST_SEED, numbers, apply2x2.INTEGERS, apply2x2.INTEGERS_BELOW).numpy()
    begun = apply2x2.RESULTS[grids[:, first], integers[:, 0], integers[:, 1]]
    return Symbols(
        inputs={"aux_ints": integers},
        label_assignments=tuple({"net_0": grids + shift, "net_1": grids} for shift in (0, 1)),
        answers={"final_sum": apply2x2.RESULTS[grids[:, second], begun, integers[:, 2]]},
    )


def _every_grid(symbols: int) -> np.ndarray:
    """Every grid of so many symbols, [symbols ** 4, 4]."""
    return np.array(list(itertools.product(range(symbols), repeat=TILES)))


def _examples(
    scenario: ModuleType, name: str, images: Digits | Operators, distinct: int
) -> dict[str, object]:
    """What a Task says of its examples: those to learn from, and unseen ones."""

    def served(seed: int, batch_size: int, start: int, shift: int) -> tf.data.Dataset:
        wanted = Stream(seed, batch_size, start, distinct=distinct, shift=shift)
        return batches(scenario.scene(images.train, name), wanted)

    return {
        "batches": served,
        "test_set": composed(scenario.scene(images.test, name), TEST_SEED, TEST_EXAMPLES),
        "tested_on": f"{TEST_EXAMPLES:,} unseen grids",
    }
