"""The search for a program: several searchers side by side, of which the first answer counts."""

import concurrent.futures
import contextlib
import dataclasses
import math
import threading
import time
from collections.abc import Callable

import numpy as np

from terpret.backends.exact.problem import Effort, Found, Problem
from terpret.backends.exact.room import NO_TIME, room
from terpret.backends.exact.searcher import Searcher
from terpret.backends.exact.solver import AT_ONCE, NAMES, Solver
from terpret.discrete.program import Program

# Processor seconds that the first try of a searcher that begins again may take; each other may take
# half as many more.
FIRST_TRY = 15.0
# Examples that such a searcher takes all at once, in every other of its tries.
FEW = 16
# Between two lines of progress, in seconds.
TELL = 0.2


def search(
    problem: Problem,
    effort: Effort,
    tell: Callable[[str], None] = lambda text: None,
    hint: Program | None = None,
    better: Callable[[int, Program], None] = lambda explained, program: None,
) -> Found:
    """Finds the program that explains most examples by weight, or proves that none does enough.

    One searcher takes the examples in their order, and ends with a proof. The others begin again
    after a while: with all examples at once, where these are few and all to be explained, or one by
    one in an order of their own. How long a search takes depends most of all on the examples that
    it begins with. What is found first ends it.

    Args:
      problem: the model and its examples.
      effort: what it may take.
      tell: is told how it goes, in a line.
      hint: a program that may be near.
      better: is told of a program that explains more examples than any before, and how many.
    """
    if not problem.unexplained and problem.contradiction:
        return Found(None, 0, True, len(problem.contradiction))
    race = Race(problem, effort, hint)
    with contextlib.suppress(KeyboardInterrupt):
        race.run(tell, better)
    return race.found()


@dataclasses.dataclass(frozen=True)
class Best:
    """The best program so far.

    Attributes:
      missed: the weight of the examples that it leaves unexplained.
      explained: how many examples it explains.
      program: the program.
    """

    missed: int
    explained: int
    program: Program


class Race:
    """Searchers side by side, and the best that any of them has found.

    Attributes:
      problem: what is searched for.
      effort: what it may take.
      until: when it ends.
      room: the memory that it may take.
    """

    def __init__(self, problem: Problem, effort: Effort, hint: Program | None):
        self.problem, self.effort = problem, effort
        self.until = time.monotonic() + effort.seconds
        self.room = room(effort.memory)
        self.hint = None if hint is None else problem.clamped(hint)
        self._lock = threading.Lock()
        self._best: Best | None = None
        self._solvers: list[Solver] = []
        self._over = ""
        self._lines: dict[int, str] = {}
        self._used = 0
        self._decided: Found | None = None
        if self.hint is not None:
            self.keep(self.hint)

    @property
    def over(self) -> str:
        """Why nobody is to search any more; empty where that is not so."""
        return self._over

    @property
    def enough(self) -> bool:
        """Whether a program is known that explains as many examples as are asked."""
        return self._best is not None and self._best.missed <= self.problem.unexplained

    @property
    def best(self) -> "Best | None":
        """The best program so far."""
        return self._best

    def keep(self, program: Program) -> np.ndarray:
        """Keeps the program that is best; which examples this one explains."""
        explained = self.problem.explained(program)
        found = Best(self.problem.missed(explained), int(explained.sum()), program)
        with self._lock:
            if self._best is None or found.missed < self._best.missed:
                self._best = found
        return explained

    def solver(self, seed: int, name: str, processor_seconds: float) -> Solver:
        """A solver, which the end of the race ends."""
        memory = max(1, self.room.memory // self.effort.searchers)
        solver = Solver(memory, seed, name, processor_seconds)
        with self._lock:
            self._solvers.append(solver)
            if self._over:
                solver.end(self._over)
        return solver

    def say(self, searcher: int, line: str, used: int) -> None:
        """Notes how a searcher does."""
        self._lines[searcher], self._used = line, max(self._used, used)

    def end(self, why: str, decided: Found | None = None) -> None:
        """Ends all searchers."""
        with self._lock:
            if not self._over:
                self._over, self._decided = why, decided
            for solver in self._solvers:
                solver.end(self._over)

    def run(self, tell: Callable[[str], None], better: Callable[[int, Program], None]) -> None:
        """Has all search until one has an answer, or time is over."""
        count, told = self.effort.searchers, self._best
        with concurrent.futures.ThreadPoolExecutor(count) as pool:
            futures = [pool.submit(_searched, self, number) for number in range(count)]
            try:
                while not self._over:
                    done, _ = concurrent.futures.wait(futures, TELL, "FIRST_EXCEPTION")
                    if len(done) == len(futures):
                        break
                    tell(self._line())
                    if (best := self._best) is not None and best is not told:
                        told = best
                        better(best.explained, best.program)
            except KeyboardInterrupt:
                # Before the threads are waited for, which know no other end.
                self.end("it was interrupted")
                raise
            finally:
                self.end(NO_TIME)
        for future in futures:
            future.result()

    def _line(self) -> str:
        best = self._best.explained if self._best else 0
        return f"{best:,} of {self.problem.size:,} examples explained, {self._lines.get(0, '')}"

    def found(self) -> Found:
        """What was found."""
        if self._decided is not None:
            return self._decided
        if self._best is None:
            return Found(None, 0, False, self._used, self._over)
        return Found(self._best.program, self._best.explained, False, self._used, self._over)


def _searched(race: Race, number: int) -> None:
    """Searches until there is an answer: the first searcher once, the others again and again."""
    tries = 0
    few = race.problem.size <= FEW and not race.problem.unexplained
    while True:
        tries += 1
        # By the clock it would give up earlier where the machine has other work.
        limit = FIRST_TRY * 1.5 ** (tries - 1) if number else math.inf
        seed = race.effort.seed * 1_000_003 + number * 1009 + tries - 1
        name = NAMES[(tries if number else 0) % len(NAMES)]
        at_once = few and number > 0 and name == AT_ONCE
        with race.solver(seed if number else race.effort.seed, name, limit) as solver:
            found = Searcher(race, number, solver, seed if number else None, at_once).found()
        if found.proved or (race.effort.until_enough and race.enough):
            race.end("another was first", found)
            return
        late = race.over or time.monotonic() >= race.until
        if not number or late or found.stopped != NO_TIME:
            if not number:
                race.end(found.stopped)
            return
