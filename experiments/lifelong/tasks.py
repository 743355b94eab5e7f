"""What a life is made of: the eight tasks, and the test sets that show what is left of each."""

from datasets import add2x2, apply2x2
from datasets.composing import composed
from datasets.digits import Digits
from datasets.operators import Operators
from experiments.lifelong.schedule import TASKS
from experiments.scenarios.grids import TEST_EXAMPLES, TEST_SEED, add2x2_task, apply2x2_task
from terpret.data.test_set import TestSet
from terpret.learning.task import Task


def life_tasks(digits: Digits, operators: Operators, distinct: int) -> dict[str, Task]:
    """The tasks by name, each with so many distinct training grids; 0 is no limit."""
    return {
        name: add2x2_task(place, digits, distinct)
        if scenario == "add2x2"
        else apply2x2_task(place, operators, distinct)
        for name, scenario, place in _parts()
    }


def life_test_sets(
    digits: Digits, operators: Operators, examples: int = TEST_EXAMPLES
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
