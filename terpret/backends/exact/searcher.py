"""One searcher: examples are added one by one, where the program so far fails, or all at once."""

import dataclasses
import time
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import numpy as np

from terpret.backends.exact.clauses import TRUE, Clauses
from terpret.backends.exact.encode import new_params, program_from
from terpret.backends.exact.problem import Found
from terpret.backends.exact.room import NO_TIME, Spent
from terpret.backends.exact.solver import Answer, Solver
from terpret.discrete.program import Program

if TYPE_CHECKING:
    from terpret.backends.exact.search import Race

# Literals of one problem; more are not given to a solver.
MOST_LITERALS = 20_000_000
# From so many on a searcher takes no more examples before it has searched.
AT_ONCE_LITERALS = 2_000_000


class Searcher:
    """One searcher's search, from nothing."""

    def __init__(
        self, race: "Race", number: int, solver: Solver, seed: int | None, at_once: bool = False
    ):
        """Begins with nothing.

        Args:
          race: what it is part of.
          number: its place there.
          solver: holds nothing yet.
          seed: of the order in which it takes the examples; None for their own.
          at_once: whether it takes all before it searches, where these are not too long.
        """
        self._race, self._number, self._solver, self._at_once = race, number, solver, at_once
        self._problem = race.problem
        self._clauses = Clauses(race.room.watch(self._over))
        self._used: dict[int, int] = {}
        # The weight of those that are used that stays unexplained, whatever the program.
        self._missing = 0
        order = np.arange(self._problem.size)
        self._order = order if seed is None else np.random.default_rng(seed).permutation(order)

    def found(self) -> Found:
        """What the search finds; it may be ended at any time."""
        try:
            self._params = new_params(self._problem.models, self._clauses)
            return self._found()
        except Spent as spent:
            return Found(None, 0, False, len(self._used), spent.why)

    def _over(self) -> str:
        """Why it is to end; empty where it is not."""
        return self._race.over or (NO_TIME if time.monotonic() > self._race.until else "")

    def _found(self) -> Found:
        race, problem = self._race, self._problem
        hint = race.hint
        for number in self._order if self._at_once else self._order[:1]:
            self._use(int(number))
            if self._clauses.literals > AT_ONCE_LITERALS:
                break
        while True:
            answer = self._solved([(self._missed(), self._missing)], hint)
            if answer.proved:
                self._missing = self._next_sum()
                if self._missing > problem.unexplained:
                    return Found(None, 0, True, len(self._used))
            elif answer.holds is None:
                return Found(None, 0, False, len(self._used), answer.stopped)
            else:
                hint = self._program(answer.holds)
                wrong = self._unused(race.keep(hint))
                if wrong:
                    self._use(wrong[0])
            best = race.best
            if best and race.enough and (best.missed <= self._missing or race.effort.until_enough):
                return self._smallest(best.program) if problem.no_op else self._end(best.program)

    def _unused(self, explained: np.ndarray) -> list[int]:
        """The examples that a program does not explain and that are not used, in their order."""
        return [int(k) for k in self._order if not explained[k] and int(k) not in self._used]

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
        """Literals of which as many hold as the weight is that is used and not explained."""
        return [
            -literal
            for number, literal in self._used.items()
            if literal != TRUE
            for _ in range(self._problem.weight(number))
        ]

    def _next_sum(self) -> int:
        """The next weight that some of the examples that are used may have together."""
        sums = 1
        for number in self._used:
            sums |= sums << self._problem.weight(number)
        greater = sums >> (self._missing + 1)
        # The lowest bit that is set.
        return self._missing + ((greater & -greater).bit_length() or 1)

    def _solved(
        self, at_most: Collection[tuple[Sequence[int], int]], hint: Program | None
    ) -> Answer:
        if self._clauses.literals > MOST_LITERALS:
            return Answer(None, False, f"the examples take more than {MOST_LITERALS:,} literals")
        used, size = len(self._used), self._problem.size
        line = f"{used:,} of {size:,} used, {self._clauses.literals:,} literals"
        if self._missing:
            line += f", at least {self._missing} unexplained"
        self._race.say(self._number, line, used)
        hinted = self._literals(hint) if hint is not None else []
        left = self._race.until - time.monotonic()
        return self._solver.solve(self._clauses, left, (), at_most, hinted)

    def _smallest(self, program: Program) -> Found:
        """The program with the fewest instructions among those that explain as many."""
        limit = self._problem.missed(self._problem.explained(program))
        counted = [
            -dict(value).get(self._problem.no_op[name], -TRUE)
            for (name, _), value in self._params.items()
            if name in self._problem.no_op
        ]
        counted = [literal for literal in counted if abs(literal) != TRUE]
        while fewer := self._instructions(program):
            at_most = [(self._missed(), limit), (counted, fewer - 1)]
            answer = self._solved(at_most, program)
            if answer.proved:
                break
            if answer.holds is None:
                return dataclasses.replace(self._end(program), proved=False, stopped=answer.stopped)
            smaller = self._program(answer.holds)
            right_ones = self._race.keep(smaller)
            if self._problem.missed(right_ones) <= limit:
                program = smaller
            else:
                self._use(self._unused(right_ones)[0])
        return self._end(program)

    def _instructions(self, program: Program) -> int:
        """How many Params that are counted have another value than that of no instruction."""
        no_op = self._problem.no_op
        return sum(
            int(program.values[name][index]) != no_op[name]
            for (name, index), value in self._params.items()
            if name in no_op and len(value) > 1
        )

    def _program(self, holds: Collection[int]) -> Program:
        return program_from(self._problem.model, self._params, holds)

    def _literals(self, program: Program) -> list[int]:
        """The literals of a program's values."""
        return [
            literal
            for (name, index), value in self._params.items()
            for integer, literal in value
            if integer == program.values[name][index] and literal != TRUE
        ]

    def _end(self, program: Program) -> Found:
        explained = self._problem.explained(program)
        proved = self._problem.missed(explained) <= self._missing
        return Found(program, int(explained.sum()), proved, len(self._used))
