"""The exact back end and the interpreter agree: a program explains examples, or none does."""

import itertools
import math
import os
from collections.abc import Iterator

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from terpret.backends.exact.clauses import Clauses
from terpret.backends.exact.encode import new_params, program_from
from terpret.backends.exact.problem import Group, Problem
from terpret.backends.exact.solver import Solver
from terpret.compile import check_model
from terpret.discrete.program import Program, assignments, program_of
from terpret.language.checked import CheckedModel
from terpret.language.errors import Source
from terpret.language.printer import print_module
from tests.fuzz import generator

MODELS = int(os.environ.get("TERPRET_FUZZ_EXACT", "100"))
# Problems that one process of the solver decides together.
TOGETHER = 10
MOST_PROGRAMS = 20_000
CASES = st.tuples(generator.models(networks=False), st.integers(0, 2**32 - 1))


def programs(model: CheckedModel) -> Iterator[Program]:
    """Every program of a model."""
    params = model.of_kind("Param")
    every = [range(v.size) for v in params for _ in range(v.elements)]
    for values in itertools.product(*every):
        rest, arrays = list(values), {}
        for variable in params:
            arrays[variable.name] = np.array(rest[: variable.elements]).reshape(variable.dims)
            rest = rest[variable.elements :]
        yield program_of(model, arrays)


def problem_of(generated: generator.Model, seed: int) -> Problem | None:
    """A model with three examples: of one of its programs, or, half of the time, any answers."""
    model = check_model(Source("model", print_module(generated.module)))
    if assignments(model) > MOST_PROGRAMS or model.networks:
        return None
    random = np.random.default_rng(seed)
    inputs = {v.name: random.integers(0, v.domain, (3, *v.dims)) for v in model.of_kind("Input")}
    own = program_of(
        model, {v.name: random.integers(0, v.size, v.dims) for v in model.of_kind("Param")}
    )
    answers = own.run(inputs)
    if seed % 2:
        answers = {
            v.name: random.integers(-1, v.domain, (3, *v.dims)) for v in model.of_kind("Output")
        }
    return Problem((Group(model, inputs, answers, {}, 3),))


@settings(
    max_examples=math.ceil(MODELS / TOGETHER),
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(st.lists(CASES, min_size=TOGETHER, max_size=TOGETHER))
def test_a_program_is_found_where_there_is_one_and_nowhere_else(
    drawn: list[tuple[generator.Model, int]],
) -> None:
    problems = [one for generated, seed in drawn if (one := problem_of(generated, seed))]
    clauses, chosen, params = Clauses(), [], []
    for problem in problems:
        # Each has a literal that asks for its answers.
        params.append(new_params(problem.models, clauses))
        chosen.append(clauses.literal())
        for number in range(problem.size):
            for literal in problem.wanted(params[-1], number, clauses):
                clauses.require(-chosen[-1], literal)
    with Solver() as solver:
        for problem, literal, own in zip(problems, chosen, params, strict=True):
            answer = solver.solve(clauses, 60.0, [literal])
            right = any(problem.explained(one).all() for one in programs(problem.model))
            assert (answer.proved, answer.holds is None) == (not right, not right), (
                problem.model.source.text
            )
            if answer.holds is not None:
                assert problem.explained(program_from(problem.model, own, answer.holds)).all()
