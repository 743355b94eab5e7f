"""The task of the street-sign mazes: images to learn from, and the tests of what was learned."""

from collections.abc import Iterable

from matplotlib.figure import Figure

from datasets.composing import Stream, batches, composed
from datasets.mazes import scene
from datasets.pools import ImageSet
from experiments.scenarios.mazes.sizes import accuracy_by_size
from experiments.scenarios.mazes.symbolic import symbols_of_size, verification
from experiments.scenarios.mazes.walk import walk_of
from experiments.scenarios.mazes.walk_figure import walk_figure, walk_frames
from experiments.scenarios.unseen import TEST_SEED
from terpret.backends.model import CompiledModel
from terpret.errors import RunError
from terpret.language.checked import CheckedModel
from terpret.learning.task import Task
from terpret.runs.scenario import Study

# Appendix A: training mazes, and unseen ones.
TRAIN_MAZES, TEST_MAZES = 10_000, 1_000


def maze_study(model: CheckedModel, signs: ImageSet, distinct: int = TRAIN_MAZES) -> Study:
    """The task of the mazes, with the best program's accuracy at every size, and a walk.

    Args and errors: as of `maze_task`.
    """

    def further(compiled: CompiledModel, row: int) -> dict[str, object]:
        return {"sizes": accuracy_by_size(compiled, row, signs.test)}

    def pictures(compiled: CompiledModel, row: int) -> dict[str, Figure]:
        return {"walk": walk_figure(walk_of(compiled, row, signs.test))}

    def films(compiled: CompiledModel, row: int) -> dict[str, Iterable[Figure]]:
        return {"walk": walk_frames(walk_of(compiled, row, signs.test))}

    return Study(maze_task(model, signs, distinct), further, pictures, films)


def maze_task(model: CheckedModel, signs: ImageSet, distinct: int = TRAIN_MAZES) -> Task:
    """The task of measuring the path through a maze of the model's size (paper, Appendix A).

    Args:
      model: the model.
      signs: the images.
      distinct: the number of distinct training mazes; 0 is no limit.

    Raises:
      RunError: the model's hypers fit no maze, or not its longest path.
    """
    width, height = size_of(model)

    test_set = composed(scene(signs.test, width, height), TEST_SEED, TEST_MAZES)
    return Task(
        name=f"{width}x{height}",
        batches=lambda seed, size, start, shift: batches(
            scene(signs.train, width, height),
            Stream(seed, size, start, distinct=distinct, shift=shift),
        ),
        test_set=test_set,
        tested_on=f"{TEST_MAZES:,} unseen mazes of {width} x {height}",
        symbols=symbols_of_size(width, height),
        images={"LOOK": (signs.test.brightness, signs.test.labels)},
        sources={"signs": signs.source},
        watched=test_set,
        verify=verification(model),
    )


def size_of(model: CheckedModel) -> tuple[int, int]:
    """The width and height of the mazes that a model's hypers are for.

    Raises:
      RunError: they are for none, or their time is too short for the longest path.
    """
    width, height, time = (model.hypers.get(name, 0) for name in ("W", "H", "T"))
    if min(width, height) < 1 or time < 3 * width * height - 2:
        raise RunError(
            f"W={width},H={height},T={time} fits no mazes: they have 1 row and column at least, "
            "and a path of n signs takes a time of 3n - 2"
        )
    return width, height
