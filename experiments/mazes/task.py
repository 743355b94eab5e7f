"""The street-sign mazes as a task: data, symbols and the check of a learned loop on other sizes."""

import tensorflow as tf

from datasets.mazes import mazes, symbolic
from datasets.signs import Signs
from terpret.learning.task import Symbols, Task

# Appendix A: training mazes, distinct, and unseen ones.
TRAIN_MAZES = 10_000
TEST_EXAMPLES = 1_000
TEST_SEED = 1_000_003
# So many random mazes of 3x2 have every path that fits, 104 in all, many times.
SYMBOLIC_MAZES = 5_000


def maze_task(signs: Signs, width: int, height: int, distinct: int = TRAIN_MAZES) -> Task:
    """The task of measuring the path through a maze (paper, Appendix A).

    Args:
      signs: the images.
      width: squares in a row.
      height: squares in a column.
      distinct: the number of distinct training mazes; 0 is no limit.

    Raises:
      DataError: there is no maze of this size.
    """

    def batches(seed: int, batch_size: int, start: int, shift: int) -> tf.data.Dataset:
        return mazes(
            signs.train,
            width,
            height,
            seed,
            batch_size,
            start=start,
            distinct=distinct,
            shift=shift,
        )

    def test(batch_size: int) -> tf.data.Dataset:
        return mazes(signs.test, width, height, TEST_SEED, batch_size, examples=TEST_EXAMPLES)

    return Task(
        name=f"{width}x{height}",
        batches=batches,
        test=test,
        tested_on=f"{TEST_EXAMPLES:,} unseen mazes of {width} x {height}",
        symbols=maze_symbols(width, height),
        images={"LOOK": (signs.test.brightness, signs.test.labels)},
        sources={"signs": signs.source},
    )


def maze_symbols(width: int, height: int, examples: int = SYMBOLIC_MAZES) -> Symbols:
    """Mazes with true labels, and the lengths of their paths.

    Raises:
      DataError: there is no maze of this size.
    """
    maze = symbolic(width, height, TEST_SEED, examples)
    return Symbols(
        inputs={name: maze[name] for name in ("start_X", "start_Y")},
        fillings=({"LOOK": maze["signs"]},),
        answers={name: maze[name] for name in ("path_len", "halt_at_end")},
    )
