"""The search for a program: examples are added one by one, where the program so far fails."""

import concurrent.futures
import contextlib
import dataclasses
import functools
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np

from terpret.backends.exact.clauses import TRUE, Clauses
from terpret.backends.exact.encode import Params, given_by, new_params, program_from, wanted
from terpret.backends.exact.solver import NAMES, NO_TIME, Answer, Solver
from terpret.discrete.answers import right
from terpret.discrete.program import Program
from terpret.free_memory import available_bytes
from terpret.language.checked import CheckedModel

Arrays = Mapping[str, np.ndarray]
# Literals of one problem; more are not given to a solver.
MOST_LITERALS = 20_000_000
# Seconds of the first try of a searcher that begins again; each other has half as many more.
FIRST_TRY = 10.0
# Between two lines of progress, in seconds.
TELL = 0.2


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

    @functools.cached_property
    def contradiction(self) -> tuple[int, ...]:
        """The places of two examples that are given the same and answer differently; or of none."""
        given = [*self.inputs.values(), *self.labels.values()]
        seen: dict[bytes, list[int]] = {}
        for place in range(self.size):
            alike = seen.setdefault(b"".join(v[place].tobytes() for v in given), [])
            for other in alike:
                for answers in self.answers.values():
                    one, two = answers[place], answers[other]
                    if ((one != two) & (one >= 0) & (two >= 0)).any():
                        return other, place
            alike.append(place)
        return ()

    def explained(self, program: Program) -> np.ndarray:
        """Which examples a program explains, bool [examples], by the discrete interpreter."""
        given, observed = program.outcome(self.inputs, self.labels or None)
        found = np.ones(self.size, bool) & right(given, self.answers)
        for holds in observed.values():
            found &= holds
        return found


@dataclasses.dataclass(frozen=True)
class Effort:
    """What a search may take.

    Attributes:
      seconds: for the whole search.
      searchers: how many search at once, each in another order of the examples.
      memory: bytes that they may take; 0 is half of what is left.
      seed: of their randomness.
      until_enough: whether a program that explains enough ends it, however much more others do.
    """

    seconds: float
    searchers: int = 2
    memory: int = 0
    seed: int = 0
    until_enough: bool = False


def search(
    problem: Problem,
    effort: Effort,
    tell: Callable[[str], None] = lambda text: None,
    hint: Program | None = None,
    better: Callable[[int, Program], None] = lambda explained, program: None,
) -> Found:
    """Finds the program that explains most examples, or proves that none explains enough.

    One searcher takes the examples in their order, and ends with a proof. The others take them in
    orders of their own and begin again after a while: how long a search takes depends most of all
    on the examples that it begins with. What is found first ends it.

    Args:
      problem: the model and its examples.
      effort: what it may take.
      tell: is told how it goes, in a line.
      hint: a program that may be near.
      better: is told of a program that explains more examples than any before, and how many.
    """
    if not problem.unexplained and problem.contradiction:
        return Found(None, 0, True, len(problem.contradiction))
    race = _Race(problem, effort, hint)
    with contextlib.suppress(KeyboardInterrupt):
        race.run(tell, better)
    return race.found()


class _Race:
    """Searchers side by side, and the best that any of them has found.

    Attributes:
      problem: what is searched for.
      effort: what it may take.
      until: when it ends.
    """

    def __init__(self, problem: Problem, effort: Effort, hint: Program | None):
        self.problem, self.effort = problem, effort
        self.until = time.monotonic() + effort.seconds
        self.hint = hint
        self._lock = threading.Lock()
        self._best: tuple[int, Program] | None = None
        self._solvers: list[Solver] = []
        self._over = ""
        self._lines: dict[int, str] = {}
        self._used = 0
        self._decided: Found | None = None
        if hint is not None:
            self.keep(hint)

    @property
    def over(self) -> bool:
        """Whether nobody is to search any more."""
        return bool(self._over)

    @property
    def enough(self) -> bool:
        """Whether a program is known that explains as many examples as are asked."""
        least = self.problem.size - self.problem.unexplained
        return self._best is not None and self._best[0] >= least

    @property
    def least_missed(self) -> int:
        """How many examples the best program leaves unexplained; one too many before any."""
        return self.problem.size - self._best[0] if self._best else self.problem.size + 1

    def best(self) -> tuple[int, Program] | None:
        """How many examples the best program explains, and it."""
        return self._best

    def keep(self, program: Program) -> np.ndarray:
        """Keeps the program that explains most; which examples this one explains."""
        explained = self.problem.explained(program)
        count = int(explained.sum())
        with self._lock:
            if self._best is None or count > self._best[0]:
                self._best = count, program
        return explained

    def solver(self, seed: int, name: str) -> Solver:
        """A solver, which the end of the race ends."""
        memory = self.effort.memory or available_bytes() // 2
        solver = Solver(max(1, memory // self.effort.searchers), seed, name)
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
                        better(*best)
            except KeyboardInterrupt:
                # Before the threads are waited for, which know no other end.
                self.end("it was interrupted")
                raise
            finally:
                self.end(NO_TIME)
        for future in futures:
            future.result()

    def _line(self) -> str:
        best = self._best[0] if self._best else 0
        return f"{best:,} of {self.problem.size:,} examples explained, {self._lines.get(0, '')}"

    def found(self) -> Found:
        """What was found."""
        if self._decided is not None:
            return self._decided
        explained, program = self._best or (0, None)
        return Found(program, explained, False, self._used, self._over)


def _searched(race: _Race, number: int) -> None:
    """Searches until there is an answer: the first searcher once, the others again and again."""
    tries = 0
    while True:
        tries += 1
        limit = FIRST_TRY * 1.5**tries if number else race.effort.seconds
        until = min(race.until, time.monotonic() + limit)
        seed = race.effort.seed * 1_000_003 + number * 1009 + tries - 1
        name = NAMES[(tries if number else 0) % len(NAMES)]
        with race.solver(seed if number else race.effort.seed, name) as solver:
            found = _Search(race, number, solver, until, seed if number else None).found()
        if found.proved or (race.effort.until_enough and race.enough):
            race.end("another was first", found)
            return
        late = race.over or time.monotonic() >= race.until
        if not number or late or found.stopped != NO_TIME:
            if not number:
                race.end(found.stopped)
            return


class _Search:
    """One searcher's search, from nothing."""

    def __init__(self, race: _Race, number: int, solver: Solver, until: float, seed: int | None):
        self._race, self._number, self._solver, self._until = race, number, solver, until
        self._problem = race.problem
        self._clauses = Clauses()
        self._params = new_params(self._problem.model, self._clauses)
        self._used: dict[int, int] = {}
        # How many of those that are used stay unexplained, whatever the program.
        self._missing = 0
        order = np.arange(self._problem.size)
        self._order = order if seed is None else np.random.default_rng(seed).permutation(order)

    def found(self) -> Found:
        race, problem = self._race, self._problem
        hint = race.hint
        self._use(int(self._order[0]))
        while True:
            answer = self._solved([(self._missed(), self._missing)], hint)
            if answer.proved:
                self._missing += 1
                if self._missing > problem.unexplained:
                    return Found(None, 0, True, len(self._used))
            elif answer.holds is None:
                return Found(None, 0, False, len(self._used), answer.stopped)
            else:
                hint = self._program(answer.holds)
                wrong = self._unused(race.keep(hint))
                if wrong:
                    self._use(wrong[0])
            if race.enough and race.least_missed <= self._missing:
                break
            if race.enough and race.effort.until_enough:
                break
        best = race.best()
        assert best is not None
        return self._smallest(best[1]) if problem.no_op else self._end(best[1])

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
        """The literals that hold where an example that was used is not explained."""
        return [-literal for literal in self._used.values() if literal != TRUE]

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
        left = self._until - time.monotonic()
        return self._solver.solve(self._clauses, left, (), at_most, hinted)

    def _smallest(self, program: Program) -> Found:
        """The program with the fewest instructions among those that explain as many."""
        explained = int(self._problem.explained(program).sum())
        limit = self._problem.size - explained
        counted = [
            -dict(value).get(self._problem.no_op[element.variable.name], -TRUE)
            for element, value in self._params.items()
            if element.variable.name in self._problem.no_op
        ]
        counted = [literal for literal in counted if abs(literal) != TRUE]
        while fewer := self._instructions(program):
            at_most = [(self._missed(), limit), (counted, fewer - 1)]
            answer = self._solved(at_most, program)
            if answer.proved:
                break
            if answer.holds is None:
                return Found(program, explained, False, len(self._used), answer.stopped)
            smaller = self._program(answer.holds)
            right_ones = self._race.keep(smaller)
            if right_ones.sum() >= explained:
                program = smaller
            else:
                self._use(self._unused(right_ones)[0])
        return self._end(program)

    def _instructions(self, program: Program) -> int:
        """How many Params that are counted have another value than that of no instruction."""
        model, no_op = self._problem.model, self._problem.no_op
        return sum(
            int(program.values[element.variable.name][element.index])
            != no_op[element.variable.name]
            for element in self._params
            if element.variable.name in no_op and element not in model.clamps
        )

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

    def _end(self, program: Program) -> Found:
        explained = int(self._problem.explained(program).sum())
        proved = self._problem.size - explained <= self._missing
        return Found(program, explained, proved, len(self._used))
