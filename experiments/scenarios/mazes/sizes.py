"""A learned program on mazes of any size, and how its accuracy falls with the size."""

from collections.abc import Sequence

import numpy as np

from datasets.composing import composed
from datasets.mazes import scene
from datasets.pools import ImagePool
from experiments.scenarios.mazes.symbolic import model_of_size
from experiments.scenarios.unseen import TEST_SEED
from terpret import CompiledModel, program_of
from terpret.learning.confusion import confused, confusion_counts
from terpret.learning.task import right

SIZES = ((3, 2), (3, 3), (4, 3), (4, 4), (5, 5), (6, 6), (7, 7), (8, 8))
# So many that chance parts two equal accuracies by a hundredth once in a thousand times at most.
EXAMPLES = 40_000


def accuracy_by_size(
    model: CompiledModel,
    row: int,
    pool: ImagePool,
    sizes: Sequence[tuple[int, int]] = SIZES,
    examples: int = EXAMPLES,
) -> list[dict[str, object]]:
    """Measures the discretised program of one restart on mazes of many sizes.

    Args:
      model: the model with its learned parameters.
      row: the restart.
      pool: the signs to compose from, which LOOK has not learned from.
      sizes: widths and heights.
      examples: how many mazes of each.

    Returns:
      For each size its `width` and `height`, the mean number of `looks` that a path takes, which
      is its length and one, and three parts of answers that are right: `accuracy`, on LOOK's labels
      of the images; `simulated`, on labels drawn from its confusion matrix; `true_labels`, on the
      signs that the images show.
    """
    program = model.program(row)
    # Each image is looked at once, however often it comes.
    read = model.classify("LOOK", pool.brightness)[row]
    counts = confusion_counts(pool.labels, read)

    def measured(width: int, height: int) -> dict[str, object]:
        test_set = composed(scene(pool, width, height), TEST_SEED, examples)
        places = test_set.inputs["img_grid"]
        signs = pool.labels[places]
        given = {
            "accuracy": read[places],
            "simulated": confused(signs, counts, np.random.default_rng(TEST_SEED)),
            "true_labels": signs,
        }
        large = program_of(model_of_size(model.checked, width, height), program.values)
        shares = {
            name: float(right(large.run(test_set.integers, {"LOOK": s}), test_set.answers).mean())
            for name, s in given.items()
        }
        looks = round(float(np.mean(test_set.answers["path_len"] + 1)), 2)
        return {"width": width, "height": height, "looks": looks, **shares}

    return [measured(*size) for size in sizes]
