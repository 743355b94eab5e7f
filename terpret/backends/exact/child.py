"""The process that holds a SAT solver: requests on its input, answers on its output, a line each.

A solver that takes too much memory or time is ended without harm to the run. What it has learned
from one request it knows in the next.

A request adds to the problem and solves it, as JSON:

    {"literals": n, "clauses": [[1, -2], ...], "exactly_one": [[...], ...],
     "assume": [literals], "at_most": [[literals, k], ...], "hint": [literals]}

where `assume` and `at_most` are of this request alone. `{"true": [...]}` answers with the literals
that hold, or `{"true": null}` where there is no solution.
"""

import ctypes
import json
import os
import queue
import random
import signal
import sys
import threading
from collections.abc import Iterable, Sequence
from typing import Any

from pysat.card import CardEnc, EncType, ITotalizer
from pysat.solvers import Solver

# From so many literals on, "at most one" is said by a counter and not of every pair.
MANY = 30
# Solvers that may be interrupted.
INTERRUPTED = ("glucose4",)


def main(name: str, seed: int) -> None:
    """Answers requests until its input ends.

    Args:
      name: the solver, as PySAT calls it.
      seed: of the order in which it is told literals and clauses; 0 for their own.
    """
    _die_with_parent()
    requests: queue.SimpleQueue[str] = queue.SimpleQueue()

    def read() -> None:
        for line in sys.stdin:
            requests.put(line)
        # Nobody waits for an answer any more, however far it is.
        os._exit(0)

    threading.Thread(target=read, daemon=True).start()
    problem = _Problem(name, seed)
    while True:
        answer = problem.solved(json.loads(requests.get()))
        print(json.dumps({"true": answer}), flush=True)


def _die_with_parent() -> None:
    """Has Linux end this process with the one that started it, whatever it is at."""
    if sys.platform == "linux":
        set_death_signal = 1
        ctypes.CDLL(None).prctl(set_death_signal, signal.SIGKILL)


class _Problem:
    """The clauses so far, in the solver's own numbers of variables."""

    def __init__(self, name: str, seed: int):
        self._name, self._solver = name, Solver(name)
        self._random = random.Random(seed) if seed else None
        self._variables: list[int] = [0]
        self._last = 0
        self._totals: dict[tuple[int, ...], ITotalizer] = {}

    def solved(self, request: dict[str, Any]) -> list[int] | None:
        """Adds what a request says, and solves it."""
        self._number(request["literals"])
        for clause in self._in_order(request["clauses"]):
            self._add(self._own(clause))
        for group in request["exactly_one"]:
            self._exactly_one(self._own(group))
        assumed = self._own(request["assume"])
        for group, most in request["at_most"]:
            assumed += self._at_most(tuple(self._own(group)), most)
        if request["hint"]:
            self._solver.set_phases(self._own(request["hint"]))
        if not self._solved(assumed):
            return None
        model = self._solver.get_model()
        holds = [number < len(model) + 1 and model[number - 1] > 0 for number in self._variables]
        return [literal for literal in range(1, len(holds)) if holds[literal]]

    def _solved(self, assumed: list[int]) -> bool:
        if self._name in INTERRUPTED:
            # It leaves the other thread free to see the end of the input.
            return bool(self._solver.solve_limited(assumptions=assumed, expect_interrupt=True))
        return bool(self._solver.solve(assumptions=assumed))

    def _number(self, literals: int) -> None:
        """Gives the literals that are new numbers of the solver's."""
        new = literals + 1 - len(self._variables)
        numbers = list(range(self._last + 1, self._last + 1 + new))
        self._last += new
        self._variables += self._in_order(numbers)

    def _in_order(self, things: list[Any]) -> list[Any]:
        if self._random is not None:
            self._random.shuffle(things)
        return things

    def _own(self, literals: Iterable[int]) -> list[int]:
        return [self._variables[x] if x > 0 else -self._variables[-x] for x in literals]

    def _add(self, clause: Sequence[int]) -> None:
        self._solver.add_clause(list(clause))

    def _exactly_one(self, group: list[int]) -> None:
        self._add(group)
        encoding = EncType.seqcounter if len(group) > MANY else EncType.pairwise
        counted = CardEnc.atmost(group, 1, top_id=self._last, encoding=encoding)
        self._last = max(self._last, counted.nv)
        for clause in counted.clauses:
            self._add(clause)

    def _at_most(self, group: tuple[int, ...], most: int) -> list[int]:
        """The assumption under which at most so many of a group hold."""
        if most >= len(group):
            return []
        total = self._totals.get(group)
        if total is None:
            total = self._totals[group] = ITotalizer(list(group), most, top_id=self._last)
            new = total.cnf.clauses
        else:
            total.increase(ubound=most, top_id=self._last)
            new = total.cnf.clauses[len(total.cnf.clauses) - total.nof_new :]
        self._last = max(self._last, total.top_id)
        for clause in new:
            self._add(clause)
        return [-total.rhs[most]]


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
