"""What both 2x2 scenarios share: every grid as symbols, and the examples of a task."""

import itertools
from types import ModuleType

import numpy as np
import tensorflow as tf

from datasets.composing import Stream, batches, composed
from datasets.grids import TILES
from datasets.pools import ImageSet
from experiments.scenarios.unseen import TEST_EXAMPLES, TEST_SEED

# The flags that say something to both.
FLAGS = ("task", "distinct_grids", "data_dir", "nets_at_least")
# What the paper calls its table of final accuracies, of NTPT at the end of lifelong learning.
PUBLISHED_IN = "Figure 7"


def every_grid(symbols: int) -> np.ndarray:
    """Every grid of so many symbols, [symbols ** 4, 4]."""
    return np.array(list(itertools.product(range(symbols), repeat=TILES)))


def grid_examples(
    scenario: ModuleType, name: str, images: ImageSet, distinct: int
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
