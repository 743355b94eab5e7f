"""The tasks of the 2x2 scenarios: a right program is found right, a wrong one is not."""

import numpy as np
import pytest

from datasets.digits import load_digits
from datasets.grids import TASKS
from datasets.operators import load_operators
from datasets.pools import ImageSet
from experiments.scenarios.add2x2.scenario import ADD2X2
from experiments.scenarios.add2x2.task import add2x2_task
from experiments.scenarios.apply2x2.scenario import APPLY2X2
from experiments.scenarios.apply2x2.task import apply2x2_symbols, apply2x2_task
from terpret import check_model, compile_model, program_of
from terpret.discrete.program import Program
from terpret.errors import DataError
from terpret.language.checked import CheckedModel

MODEL = "ntpt_models/apply2x2_model.py"
NOOP, APPLY, EAST, SOUTH = 0, 1, 2, 3
# For each task the moves to its tiles, and the registers that then hold its two operators: R3 is
# the tile where the head starts, R4 to R7 are the lines' results.
WAYS = {
    "top": ([EAST], 3, 4),
    "left": ([SOUTH], 3, 4),
    "bottom": ([SOUTH, EAST], 4, 5),
    "right": ([EAST, SOUTH], 4, 5),
}


@pytest.fixture(scope="module")
def operators() -> ImageSet:
    return load_operators("embedded")


@pytest.fixture(scope="module")
def model() -> CheckedModel:
    return check_model(MODEL)


def right_program(model: CheckedModel, task: str, **changes: object) -> Program:
    """Two applications after the moves of a task; R0 to R2 hold the integers."""
    moves, first, second = WAYS[task]
    start, idle = len(moves), [0] * (2 - len(moves))
    begun = 4 + start
    values = {
        "instr": [*moves, APPLY, APPLY, *idle],
        "args1": [*([0] * start), 0, begun, *idle],
        "args2": [*([0] * start), 1, 2, *idle],
        "args3": [*([0] * start), first, second, *idle],
        "return_reg": begun + 1,
        "net_choice": 1,
    }
    return program_of(model, values | changes)


@pytest.mark.parametrize("task", TASKS)
def test_right_programs_are_correct_and_others_are_not(task: str, model: CheckedModel) -> None:
    symbols = apply2x2_symbols(task)
    assert symbols.correct(right_program(model, task))
    for other in TASKS:
        assert symbols.correct(right_program(model, other)) == (other == task)
    # Half of the work, the operators exchanged, and the network of digits.
    moves, first, second = WAYS[task]
    start, idle = len(moves), [0] * (2 - len(moves))
    begun = right_program(model, task, return_reg=4 + start)
    exchanged = right_program(model, task, args3=[*([0] * start), second, first, *idle])
    digits = right_program(model, task, net_choice=0)
    assert not any(symbols.correct(wrong) for wrong in (begun, exchanged, digits))


def test_symbols_are_every_grid_with_many_integers() -> None:
    symbols = apply2x2_symbols("top")
    grids, integers = symbols.label_assignments[0]["net_1"], symbols.inputs["aux_ints"]
    assert len(np.unique(grids, axis=0)) == 256 and len(grids) == 16_384
    assert len(np.unique(integers, axis=0)) == 1000
    assert np.all(symbols.label_assignments[0]["net_0"] != symbols.label_assignments[1]["net_0"])
    np.testing.assert_array_equal(integers, apply2x2_symbols("left").inputs["aux_ints"])


def test_a_task_fits_the_model(operators: ImageSet, model: CheckedModel) -> None:
    task = apply2x2_task("left", operators, distinct=10)
    batch = next(iter(task.batches(0, 30, 0, 0)))
    assert np.all(np.isfinite(compile_model(model, restarts=2).losses(batch)))
    assert len(np.unique(batch["tiles"].numpy().reshape(30, -1), axis=0)) == 10
    assert task.sources == {"operators": operators.source}


def test_unseen_grids_are_of_unseen_images(operators: ImageSet) -> None:
    task = apply2x2_task("bottom", operators)
    assert len(task.test_set) == len(task.test_set.answers["final_sum"]) == 10_000
    assert task.tested_on == "10,000 unseen grids"
    seen = {image.tobytes() for image in operators.train.images}
    tiles = np.rint(task.test_set.first(2500).images["tiles"] * 255).astype(np.uint8)
    assert not any(tile.tobytes() in seen for tile in tiles)
    images, labels = task.images["net_1"]
    assert images.shape == (200, 28, 28) and images.max() == 1.0
    assert np.bincount(labels).tolist() == [50] * 4


def test_there_are_four_tasks_of_each(operators: ImageSet) -> None:
    with pytest.raises(DataError, match="There is no APPLY2X2 task 'middle'; the tasks are top, l"):
        apply2x2_task("middle", operators)
    with pytest.raises(
        DataError, match="There is no ADD2X2 task 'middle'; the tasks are top, left"
    ):
        add2x2_task("middle", load_digits("embedded"))
    for scenario in (ADD2X2, APPLY2X2):
        assert set(scenario.published) == set(TASKS)
