"""The search for a program: examples are added one by one, where the program so far fails."""

import dataclasses
import math
import time
from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np

from terpret.backends.exact.clauses import TRUE, Clauses
from terpret.backends.exact.encode import Params, given_by, new_params, program_from, wanted
from terpret.backends.exact.solver import Answer, Solver
from terpret.discrete.answers import right
from terpret.discrete.program import Program
from terpret.language.checked import CheckedModel

Arrays = Mapping[str, np.ndarray]
# Literals of one problem; more are not given to a solver.
MOST_LITERALS = 20_000_000


@dataclasses.dataclass(frozen=True)
class Found:
    """What a search has found.

    Attributes:
      program: the best program; None where there is none, or none was found in time.
      explained: how many of the examples it explains.
      proved: that no program explains more (or, of none, as many as asked), and, where fewest
        instructions were asked, that none with fewer does as well.
      used: how many examples the solver was given.
      stopped: why the search ended before that was proved; empty where it did not.
    """

    program: Program | None
    explained: int
    proved: bool
    used: int
    stopped: str = ""


@dataclasses.dataclass(frozen=True)
class Problem:
    """A model and what it is to explain.

    Attributes:
      model: the model.
      inputs: its integer Inputs, [examples, *dims].
      answers: its Outputs, [examples, *dims]; -1 where nothing was observed.
      labels: what its networks say of images, [examples, *dims], as in `Program.run`.
      size: how many examples there are.
      unexplained: how many of them may stay unexplained.
      no_op: the value that is no instruction, of the Params of which as few as can be are others.
    """

    model: CheckedModel
    inputs: Arrays
    answers: Arrays
    labels: Arrays
    size: int
    unexplained: int = 0
    no_op: Mapping[str, int] = dataclasses.field(default_factory=dict)

    def wanted(self, params: Params, number: int, clauses: Clauses) -> list[int]:
        """The literals that hold where Params explain an example; see `encode.wanted`."""
        parts = self.inputs, self.labels, self.answers
        inputs, labels, answers = ({n: v[number] for n, v in part.items()} for part in parts)
        return wanted(self.model, params, given_by(self.model, inputs, labels), answers, clauses)

    def explained(self, program: Program) -> np.ndarray:
        """Which examples a program explains, bool [examples], by the discrete interpreter."""
        given, observed = program.outcome(self.inputs, self.labels or None)
        found = np.ones(self.size, bool) & right(given, self.answers)
        for holds in observed.values():
            found &= holds
        return found


def search(
    problem: Problem,
    solver: Solver,
    seconds: float,
    tell: Callable[[str], None] = lambda text: None,
    hint: Program | None = None,
) -> Found:
    """Finds the program that explains most examples, or proves that none explains enough.

    Args:
      problem: the model and its examples.
      solver: holds nothing yet.
      seconds: for the whole search.
      tell: is told how it goes, in a line.
      hint: a program that may be near.
    """
    return _Search(problem, solver, time.monotonic() + seconds, tell).found(hint)


class _Search:
    def __init__(self, problem: Problem, solver: Solver, until: float, tell: Callable[[str], None]):
        self._problem, self._solver, self._until, self._tell = problem, solver, until, tell
        self._clauses = Clauses()
        self._params = new_params(problem.model, self._clauses)
        self._used: dict[int, int] = {}
        self._best: tuple[int, Program] | None = None

    def found(self, hint: Program | None) -> Found:
        if hint is not None:
            self._keep(hint)
        self._use(0)
        while True:
            answer = self._solved(self._missed(), hint)
            if answer.holds is None:
                return self._end(answer.proved, answer.stopped)
            program = self._program(answer.holds)
            explained = self._keep(program)
            # Those that were used are explained as well as they can be.
            unused = [k for k in np.flatnonzero(~explained) if int(k) not in self._used]
            if not unused:
                break
            if not answer.proved:
                return self._end(False, answer.stopped)
            self._use(int(unused[0]))
            hint = program
        if not answer.proved:
            return self._end(False, answer.stopped)
        return self._smallest(program) if self._problem.no_op else self._end(True)

    def _use(self, number: int) -> None:
        """Gives the solver one more example."""
        problem = self._problem
        literals = problem.wanted(self._params, number, self._clauses)
        if problem.unexplained:
            self._used[number] = self._clauses.all_of(literals)
            return
        self._used[number] = TRUE
        for literal in literals:
            self._clauses.require(literal)

    def _missed(self) -> list[int]:
        """The literals that hold where an example that was used is not explained."""
        return [-literal for literal in self._used.values() if literal != TRUE]

    def _solved(self, minimise: Sequence[int], hint: Program | None) -> Answer:
        left = self._until - time.monotonic()
        if left <= 0:
            return Answer(None, False, "there was no more time")
        if self._clauses.literals > MOST_LITERALS:
            return Answer(None, False, f"the examples take more than {MOST_LITERALS:,} literals")
        used, size = len(self._used), self._problem.size
        self._tell(f"{used:,} of {size:,} examples, {self._clauses.literals:,} literals")
        most = [(minimise, self._problem.unexplained)] if minimise else []
        hinted = self._literals(hint) if hint is not None else []
        answer = self._solver.solve(self._clauses, left, minimise, most, hinted, self._told)
        if answer.holds is None and not answer.proved and not answer.stopped:
            return dataclasses.replace(answer, stopped="there was no more time")
        return answer

    def _told(self, best: float, bound: float) -> None:
        self._tell(f"{best:.0f} unexplained or instructions, at least {math.ceil(bound)}")

    def _smallest(self, program: Program) -> Found:
        """The program with the fewest instructions among those that explain as many."""
        explained = int(self._problem.explained(program).sum())
        missed, best = self._missed(), program
        limit = self._problem.size - explained
        instructions = [
            -dict(value).get(self._problem.no_op[element.variable.name], -TRUE)
            for element, value in self._params.items()
            if element.variable.name in self._problem.no_op
        ]
        instructions = [literal for literal in instructions if abs(literal) != TRUE]
        while True:
            left = self._until - time.monotonic()
            most = [(missed, limit)] if missed else []
            answer = self._solver.solve(
                self._clauses, left, instructions, most, self._literals(best), self._told
            )
            if answer.holds is None or not answer.proved:
                return Found(
                    best,
                    explained,
                    False,
                    len(self._used),
                    answer.stopped or "there was no more time",
                )
            smaller = self._program(answer.holds)
            wrong = np.flatnonzero(~self._problem.explained(smaller))
            if len(wrong) <= limit:
                return Found(smaller, explained, True, len(self._used))
            self._use(next(int(k) for k in wrong if int(k) not in self._used))
            missed = self._missed()

    def _program(self, holds: Collection[int]) -> Program:
        return program_from(self._problem.model, self._params, holds)

    def _literals(self, program: Program) -> list[int]:
        """The literals of a program's values."""
        return [
            literal
            for element, value in self._params.items()
            for integer, literal in value
            if integer == program.values[element.variable.name][element.index] and literal != TRUE
        ]

    def _keep(self, program: Program) -> np.ndarray:
        """Keeps the program that explains most; which examples this one explains."""
        explained = self._problem.explained(program)
        count = int(explained.sum())
        if self._best is None or count > self._best[0]:
            self._best = count, program
        return explained

    def _end(self, proved: bool, stopped: str = "") -> Found:
        enough = self._problem.size - self._problem.unexplained
        if self._best is None or (proved and self._best[0] < enough):
            return Found(None, 0, proved, len(self._used), stopped)
        return Found(self._best[1], self._best[0], proved, len(self._used), stopped)
