"""`terpret.alternatives(among=...)`: only these inputs may tell two programs apart."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

import terpret
from terpret.backends.exact.alternatives import Candidates, other_program
from terpret.backends.exact.problem import Problem
from terpret.backends.exact.solver import Solver
from terpret.discrete.program import Program
from terpret.errors import InputError
from tests.exact.test_agreement import CASES, problem_of, programs
from tests.small_models import NETWORKED
from tests.test_learn import SHIFT

PROGRAM = {"which": 1, "shift": 3}
# Explained by that program, and by the one that adds 1 to the first element.
DATA = {"x": [[1, 3]], "y": [2]}


def test_an_input_is_shown_that_is_among_those_given() -> None:
    among = {"x": [[0, 2], [1, 3], [2, 2], [3, 0]]}
    other = terpret.alternatives(SHIFT, PROGRAM, DATA, among=among)
    assert other.status == "found" and other.program is not None
    assert other.inputs["x"].tolist() in among["x"]
    one, two = other.answers["y"]
    assert one == (other.inputs["x"][1] + 3) % 4 != two
    assert other.program.run({"x": np.array([[1, 3]])})["y"] == 2


def test_programs_that_differ_elsewhere_alone_are_no_others() -> None:
    assert terpret.alternatives(SHIFT, PROGRAM, DATA).status == "found"
    # Both elements two apart, as in the example: each program that explains it answers alike.
    among = {"x": [[0, 2], [1, 3], [2, 0], [3, 1]]}
    decided = terpret.alternatives(SHIFT, PROGRAM, DATA, among=among)
    assert (decided.status, decided.program) == ("none", None)
    assert decided.proved == (
        "no other program explains the example and differs from it on one of the 4 candidates"
    )


def test_labels_are_candidates_too() -> None:
    data = {"y": [-1]}
    other = terpret.alternatives(
        NETWORKED, {"q": 1}, data, labels={"net": np.array([1])}, among={"net": [2]}
    )
    assert other.status == "found" and other.labels["net"].tolist() == 2


@pytest.mark.parametrize(
    ("among", "said"),
    [
        ({}, "^among: the batch lacks 'x'"),
        ({"x": np.zeros((0, 2), int)}, "^among: there are no inputs$"),
        ({"x": [[0, 4]]}, "^among: 'x' is 4 in example 0, outside 0..3$"),
        ({"x": [0, 1]}, "^among: 'x' has shape "),
        ({"x": [[0.5, 1.0]]}, "^among: 'x' holds float64, not integers$"),
        ({"x": [[0, 1]], "y": [0]}, "^among: there is no Input and no label 'y'; "),
        (5, "^among: "),
    ],
)
def test_candidates_that_are_wrong_are_one_sentence(among: dict, said: str) -> None:
    with pytest.raises(InputError, match=said) as error:
        terpret.alternatives(SHIFT, PROGRAM, DATA, among=among)
    assert "\n" not in str(error.value)


@settings(
    max_examples=20,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(CASES)
def test_candidates_decide_as_all_programs_one_by_one_say(drawn: tuple) -> None:
    problem = problem_of(*drawn)
    if problem is None:
        return
    explaining = [one for one in programs(problem.model) if problem.explained(one).all()]
    if not explaining:
        return
    random = np.random.default_rng(drawn[1])
    inputs = {
        v.name: random.integers(0, v.size, (4, *v.dims)) for v in problem.model.of_kind("Input")
    }
    among = Candidates(inputs, {}, 4)
    with Solver() as solver:
        other = other_program(problem, explaining[0], solver, 60.0, among)
    told_apart = [one for one in explaining if differ(one, explaining[0], inputs)]
    assert other.proved == (not told_apart)
    if other.program is not None:
        assert differ(other.program, explaining[0], other.inputs)
        assert shown(problem, other.inputs) in [shown(problem, row) for row in rows(inputs)]


def differ(one: Program, two: Program, inputs: dict[str, np.ndarray]) -> bool:
    """Whether two programs answer some input differently."""
    answers = one.run(inputs), two.run(inputs)
    return any((answers[0][name] != answers[1][name]).any() for name in answers[0])


def rows(inputs: dict[str, np.ndarray]) -> list[dict[str, np.ndarray]]:
    """Each of four inputs by itself."""
    return [{name: value[k : k + 1] for name, value in inputs.items()} for k in range(4)]


def shown(problem: Problem, inputs: dict[str, np.ndarray]) -> list[list]:
    """An input, to be compared."""
    return [inputs[name].tolist() for name in problem.inputs]
