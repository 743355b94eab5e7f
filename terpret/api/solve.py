"""Exact solving from Python: a program that explains examples, or the proof that none does."""

import dataclasses
import os
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
from tqdm.auto import tqdm

from terpret.api.arguments import refuse_no_booleans, refuse_other_kinds
from terpret.api.problem_given import problem_given
from terpret.api.search_arguments import (
    candidates,
    effort,
    no_ops,
    program_given,
    share,
    weights_given,
)
from terpret.api.solution import Solution
from terpret.backends.exact.alternatives import other_program
from terpret.backends.exact.outcome import outcome
from terpret.backends.exact.problem import Found, Problem
from terpret.backends.exact.search import search
from terpret.backends.exact.solver import Solver
from terpret.discrete.listing import plain_code
from terpret.discrete.program import Program
from terpret.errors import InputError
from terpret.language.checked import CheckedModel


@dataclasses.dataclass(frozen=True)
class ExactSolution:
    """What exact solving has found.

    Attributes:
      status: `found`; `none`: it is proved that there is no such program; `undecided`: neither was
        found out in time or memory.
      program: the best program; None where there is none, or none was found.
      explained: how many of the examples it explains, by the discrete interpreter.
      examples: how many there are.
      seconds: that it took.
      proved: what was proved, in a sentence.
    """

    status: str
    program: Program | None
    explained: int
    examples: int
    seconds: float
    proved: str

    def __str__(self) -> str:
        line = f"{self.status} in {self.seconds:.1f} s: {self.proved}"
        return line if self.program is None else f"{line}\n\n{plain_code(self.program)}"


@dataclasses.dataclass(frozen=True)
class Alternative:
    """Another program of the same examples, and an input that it answers differently.

    Attributes:
      status: `found`; `none`: it is proved that there is none; `undecided`.
      program: the other program.
      hypers: those under which they differ.
      inputs: the integer Inputs of which the answers differ, [*dims] by name.
      labels: what networks say there, [*dims] by name.
      answers: by Output what the program gives there, and what the other gives, [*dims] each.
      seconds: that it took.
      proved: what was found out, in a sentence.
    """

    status: str
    program: Program | None
    hypers: Mapping[str, int]
    inputs: Mapping[str, np.ndarray]
    labels: Mapping[str, np.ndarray]
    answers: Mapping[str, tuple[np.ndarray, np.ndarray]]
    seconds: float
    proved: str

    def __str__(self) -> str:
        lines = [f"{self.status} in {self.seconds:.1f} s: {self.proved}"]
        given = {**self.inputs, **self.labels}.items()
        lines += [f"{name} = {value}" for name, value in self.hypers.items()]
        lines += [f"{name} = {value.tolist()}" for name, value in given]
        lines += [
            f"{name}: {one.tolist()} by the program, {two.tolist()} by the other"
            for name, (one, two) in self.answers.items()
        ]
        return "\n".join(lines if self.program is None else [*lines, "", str(self.program)])


def solve(
    model: str | os.PathLike | CheckedModel,
    data: Any,
    labels: Mapping[str, object] | None = None,
    *,
    tolerate: float = 0.0,
    weights: Any = None,
    seconds: float = 600.0,
    smallest: Mapping[str, int] | None = None,
    hypers: Mapping[str, int] | str | os.PathLike | None = None,
    hint: Program | Solution | Mapping[str, Any] | None = None,
    workers: int = 2,
    memory: int | str = 0,
    seed: int = 0,
    progress: bool = True,
) -> ExactSolution:
    """Finds a program that explains examples, or proves that there is none.

    Args:
      model: a model file, the text of one, or a checked model.
      data: the examples, as for `terpret.learn`; of a file of batches all that are named `train`,
        each under its own hypers. A model whose networks read images is told their labels: by the
        data, as for `terpret.learn`, or by `labels`.
      labels: what each network says of each image, integers [examples, *dims], under the network's
        name, or names like `digit(a)` where it reads several InputTensors. The data are arrays
        without images then.
      tolerate: the share of the examples that may stay unexplained; the program that explains most
        of them is found.
      weights: with `tolerate`, what each example counts, [examples]: integers from 1 to 100, or
        floats such as the probability that its labels are right, of which tenths of the largest
        count. Share and most are of the whole weight then.
      seconds: for the search.
      smallest: Params with the value that is no instruction, like `{"instr": 0}`: of the programs
        that explain as many examples, one with the fewest other values.
      hypers: values for the model's hypers; or the file of the configurations of them that a file
        of batches names.
      hint: a program that may be near, found or learned, or the value of each of its Params.
      workers: how many search at once, each in a process and an order of its own; 0: one for each
        processor.
      memory: bytes that they may take, or a size like "4GB", and as much this process beside
        them; 0 is half of what is left.
      seed: of their randomness.
      progress: whether a line shows how it goes.

    Raises:
      ModelError, InputError, DataError, RunError: with what is wrong.
    """
    tolerated, given = share(tolerate), effort(seconds, workers, memory, seed)
    refuse_other_kinds(smallest=smallest)
    refuse_no_booleans(progress=progress)
    started = time.monotonic()
    problem = problem_given(model, data, labels, hypers)
    problem = _asked(problem, tolerated, weights, smallest)
    near = None if hint is None else program_given("hint", hint, problem.model)
    line = tqdm(bar_format="{desc} [{elapsed}]", disable=not progress, leave=False)
    with line:
        found = search(problem, given, line.set_description_str, near)
    return _solution(found, problem, time.monotonic() - started)


def alternatives(
    model: str | os.PathLike | CheckedModel,
    program: Program | Solution | Mapping[str, Any],
    data: Any,
    labels: Mapping[str, object] | None = None,
    *,
    seconds: float = 600.0,
    hypers: Mapping[str, int] | str | os.PathLike | None = None,
    among: Mapping[str, Any] | None = None,
    memory: int | str = 0,
    seed: int = 0,
) -> Alternative:
    """Whether examples decide a program, or another explains them and differs somewhere.

    Args:
      model: as of `solve`.
      program: the program, found or learned, or the value of each of its Params.
      data: the examples, each of which the program explains; as of `solve`.
      labels: as of `solve`.
      seconds: for the search.
      hypers: as of `solve`.
      among: the inputs that count, one of which two programs must answer differently: the integer
        Inputs, [candidates, *dims] by name, and what networks say there, under the names of
        `labels`. Any input that the model declares, unless given. Only where all examples are
        under the same hypers.
      memory: as of `solve`.
      seed: of the solver's randomness.

    Raises:
      ModelError, InputError, DataError, RunError: with what is wrong.
    """
    given = effort(seconds, 1, memory, seed)
    started = time.monotonic()
    problem = problem_given(model, data, labels, hypers)
    own = program_given("program", program, problem.model)
    if (wrong := np.flatnonzero(~problem.explained(own))).size:
        raise InputError(f"the program does not explain example {wrong[0]}: it is wrong anyway")
    some = None if among is None else candidates(among, problem.models)
    with Solver(given.memory, given.seed) as solver:
        other = other_program(problem, own, solver, given.seconds, some)
    taken = time.monotonic() - started
    if other.program is None:
        told = f"no other program explains {_all(problem.size)} and differs from it"
        told += f" on one of the {some.size:,} candidates" if some is not None else ""
        status = "none" if other.proved else "undecided"
        return Alternative(status, None, {}, {}, {}, {}, taken, other.stopped or told)
    under = problem.groups[other.group].model
    one, two = (
        dataclasses.replace(program, model=under).run(other.inputs, other.labels)
        for program in (own, other.program)
    )
    answers = {name: (one[name][0], two[name][0]) for name in one}
    inputs, said = ({n: v[0] for n, v in part.items()} for part in (other.inputs, other.labels))
    them = "they do" if problem.size > 1 else "it does"
    told = f"another program explains {_all(problem.size)}: {them} not decide"
    return Alternative("found", other.program, under.hypers, inputs, said, answers, taken, told)


def _asked(
    problem: Problem, tolerate: float, weights: Any, smallest: Mapping[str, int] | None
) -> Problem:
    """The problem with what may stay unexplained, and with what is no instruction.

    Raises:
      InputError: the model has no such Param or value, or the weights are none.
    """
    no_op = no_ops(smallest, problem.model)
    weighed = weights_given(weights, problem.size)
    problem = dataclasses.replace(problem, no_op=no_op, weights=weighed)
    return problem.tolerating(tolerate)


def _all(size: int) -> str:
    """All of so many examples, in words."""
    return f"the {size:,} examples" if size > 1 else "the example"


def _solution(found: Found, problem: Problem, seconds: float) -> ExactSolution:
    status, proved = outcome(found, problem)
    return ExactSolution(status, found.program, found.explained, problem.size, seconds, proved)
