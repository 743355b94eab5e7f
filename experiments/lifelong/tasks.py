"""What a life is made of: the eight tasks, and the test sets that show what is left of each."""

from datasets import add2x2, apply2x2
from datasets.composing import composed
from datasets.pools import ImageSet
from experiments.lifelong.schedule import TASKS
from experiments.scenarios.add2x2.task import add2x2_task
from experiments.scenarios.apply2x2.task import apply2x2_task
from experiments.scenarios.unseen import TEST_EXAMPLES, TEST_SEED
from terpret.data.test_set import TestSet
from terpret.learning.task import Task


def life_tasks(digits: ImageSet, operators: ImageSet, distinct: int) -> dict[str, Task]:
    """The tasks by name, each with so many distinct training grids; 0 is no limit."""
    return {
        name: add2x2_task(place, digits, distinct)
        if scenario == "add2x2"
        else apply2x2_task(place, operators, distinct)
        for name, scenario, place in _parts()
    }


def life_test_sets(
    digits: ImageSet, operators: ImageSet, examples: int = TEST_EXAMPLES
) -> dict[str, TestSet]:
    """Unseen grids of every task, by its name."""
    return {
        name: composed(add2x2.scene(digits.test, place), TEST_SEED, examples)
        if scenario == "add2x2"
        else composed(apply2x2.scene(operators.test, place), TEST_SEED, examples)
        for name, scenario, place in _parts()
    }


def _parts() -> list[tuple[str, str, str]]:
    """Each task's name, scenario and place."""
    return [(name, *name.split("-")) for name in TASKS]
