"""Whether examples decide a program: another that explains them too, and where the two differ."""

import dataclasses
import time
from collections.abc import Mapping

import numpy as np

from terpret.backends.exact.clauses import Clauses, Value, known
from terpret.backends.exact.encode import (
    Given,
    anything,
    constant_params,
    new_params,
    outputs,
    program_from,
)
from terpret.backends.exact.problem import Arrays, Group, Problem
from terpret.backends.exact.room import NO_TIME, Spent, room
from terpret.backends.exact.solver import Solver
from terpret.discrete.program import Program
from terpret.language.checked import CheckedModel, Element, elements_of
from terpret.language.reads import label_names

# What a program answers, by element of an Output.
Answered = Mapping[Element, Value]


@dataclasses.dataclass(frozen=True)
class Other:
    """Another program of the same examples, and an input that the two answer differently.

    Attributes:
      program: the other program; None where there is none, or none was found.
      group: the place of the group under whose hypers the two differ.
      inputs: the integer Inputs, [1, *dims] by name.
      labels: what networks say there, as in `Program.run`.
      proved: that no other program gives all examples and differs anywhere.
      stopped: why the search ended before that; empty where it did not.
    """

    program: Program | None
    group: int = 0
    inputs: Arrays = dataclasses.field(default_factory=dict)
    labels: Arrays = dataclasses.field(default_factory=dict)
    proved: bool = False
    stopped: str = ""


@dataclasses.dataclass(frozen=True)
class Candidates:
    """The inputs of which one is to tell two programs apart.

    Attributes:
      inputs: the integer Inputs, [candidates, *dims] by name.
      labels: what networks say there, [candidates, *dims] by name, as in `Program.run`.
      size: how many there are.
    """

    inputs: Arrays
    labels: Arrays
    size: int


def other_program(
    problem: Problem,
    program: Program,
    solver: Solver,
    seconds: float,
    among: Candidates | None = None,
) -> Other:
    """Searches for a program that explains the same examples and differs somewhere.

    Args:
      problem: the model and its examples, each of which is to be explained.
      program: the program that is not to be found again.
      solver: holds nothing yet.
      seconds: for the whole search.
      among: inputs of which one is to be answered differently, of a problem of one group; any input
        that the models declare where there are none.
    """
    until = time.monotonic() + seconds
    clauses = Clauses(
        room(solver.memory).watch(lambda: NO_TIME if time.monotonic() > until else "")
    )
    try:
        return _other(problem, program, solver, clauses, until, among)
    except Spent as spent:
        return Other(None, stopped=spent.why)


def _other(
    problem: Problem,
    program: Program,
    solver: Solver,
    clauses: Clauses,
    until: float,
    among: Candidates | None,
) -> Other:
    """Another program, until encoding has taken too much; arguments as of `other_program`."""
    params, own = new_params(problem.models, clauses), problem.clamped(program)
    asked, differs = [], []
    for model in problem.models:
        given, one = _given(model, own, among, clauses)
        asked.append(given)
        differs.append(_differing(one, outputs(model, params, given, clauses), clauses))
    clauses.require(*(literal for some in differs for literal in some))
    while True:
        left = until - time.monotonic()
        answer = solver.solve(clauses, left)
        if answer.holds is None:
            return Other(None, proved=answer.proved, stopped=answer.stopped)
        found = program_from(problem.model, params, answer.holds)
        wrong = np.flatnonzero(~problem.explained(found))
        if not len(wrong):
            place = next(k for k, some in enumerate(differs) if not answer.holds.isdisjoint(some))
            inputs, labels = _arrays(problem.groups[place], asked[place], answer.holds)
            return Other(found, place, inputs, labels)
        for literal in problem.wanted(params, int(wrong[0]), clauses):
            clauses.require(literal)


def _differing(one: Answered, two: Answered, clauses: Clauses) -> list[int]:
    """For each element of an Output a literal under which two programs answer differently."""
    differs = []
    for element, value in one.items():
        differs.append(clauses.literal())
        other = dict(two[element])
        for integer, literal in value:
            if integer in other:
                clauses.require(-differs[-1], -literal, -other[integer])
    return differs


def _given(
    model: CheckedModel, program: Program, among: Candidates | None, clauses: Clauses
) -> tuple[Given, Answered]:
    """What is given, anything or a candidate, and what the program answers there."""
    if among is None:
        given = anything(model, clauses)
        return given, outputs(model, constant_params(program), given, clauses)
    chosen = clauses.value(range(among.size))

    def of_the_chosen(array: np.ndarray, element: Element) -> Value:
        clauses.step()
        column = np.moveaxis(array, 0, -1)[element.index]
        return clauses.select(chosen, {k: known(int(one)) for k, one in enumerate(column)})

    inputs = {
        element: of_the_chosen(among.inputs[variable.name], element)
        for variable in model.of_kind("Input")
        if isinstance(variable.domain, int)
        for element in elements_of(variable)
    }
    labels = {
        (name, element): of_the_chosen(among.labels[name], element)
        for name, (_, variable) in label_names(model).items()
        for element in elements_of(variable)
    }
    # No clauses for the program itself: the interpreter knows what it answers to each candidate.
    answered = program.run(among.inputs, among.labels or None)
    answers = {
        element: of_the_chosen(answered[variable.name], element)
        for variable in model.of_kind("Output")
        for element in elements_of(variable)
    }
    return Given(inputs, labels), answers


def _arrays(group: Group, given: Given, holds: frozenset[int]) -> tuple[Arrays, Arrays]:
    """What is given where these literals hold, as arrays of one example."""

    def integer(value: tuple[tuple[int, int], ...]) -> int:
        return next(k for k, one in value if one == 1 or (one > 0) == (abs(one) in holds))

    inputs = {name: np.zeros((1, *v.shape[1:]), np.int64) for name, v in group.inputs.items()}
    for element, value in given.inputs.items():
        inputs[element.variable.name][(0, *element.index)] = integer(value)
    labels = {name: np.zeros((1, *v.shape[1:]), np.int64) for name, v in group.labels.items()}
    for (name, element), value in given.labels.items():
        labels[name][(0, *element.index)] = integer(value)
    return inputs, labels
