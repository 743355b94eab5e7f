"""A solver of clauses in a process of its own, whose time and memory are watched."""

import contextlib
import dataclasses
import importlib.util
import json
import math
import os
import subprocess
import sys
import threading
import time
from collections.abc import Collection, Sequence
from typing import Any

import psutil

from terpret.backends.exact.clauses import Clauses
from terpret.backends.exact.room import NO_TIME
from terpret.errors import InputError
from terpret.free_memory import available_bytes
from terpret.memory_sizes import in_words

# Seconds between looks at the child's memory.
LOOK = 0.1
# Named as a file: where the package is not installed, `-m` finds it in its own folder alone.
_CHILD = os.path.join(os.path.dirname(os.path.abspath(__file__)), "child.py")
# SAT solvers, as PySAT calls them: where one is slow the other often is not.
NAMES = ("glucose4", "cadical195")
# The one that is best where all examples are given at once.
AT_ONCE = "cadical195"


@dataclasses.dataclass(frozen=True)
class Answer:
    """What a solver says of the clauses so far.

    Attributes:
      holds: the literals that hold in a solution; None where there is none, or none is known.
      proved: whether there is no solution.
      stopped: why it was ended before it had an answer; empty where it was not.
    """

    holds: frozenset[int] | None
    proved: bool
    stopped: str = ""


def refuse_missing_solver() -> None:
    """Refuses to go on where there is no SAT solver.

    Raises:
      InputError: PySAT is not installed.
    """
    if importlib.util.find_spec("pysat") is None:
        raise InputError(
            "exact solving needs PySAT: pip install 'neural-terpret[exact]', or python-sat"
        )


class Solver:
    """A SAT solver with the clauses that it was told.

    Attributes:
      memory: bytes that its process may take.
      processor_seconds: that its process may take.
    """

    def __init__(
        self,
        memory: int = 0,
        seed: int = 0,
        name: str = NAMES[0],
        processor_seconds: float = math.inf,
    ):
        """Starts its process.

        Args:
          memory: bytes that it may take; 0 is half of what is left.
          seed: of the order in which it is told literals and clauses; 0 for their own.
          name: which solver, of `NAMES`.
          processor_seconds: that its process may take, whatever else the machine does.

        Raises:
          InputError: PySAT is not installed.
        """
        refuse_missing_solver()
        self.memory = memory or available_bytes() // 2
        self.processor_seconds = processor_seconds
        self._told = (0, 0)
        self._ended = ""
        command = [sys.executable, _CHILD, name, str(seed)]
        # A session of its own: Ctrl-C is for this process, which ends it.
        self._child = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )

    def __enter__(self) -> "Solver":
        return self

    def __exit__(self, *_: object) -> None:
        self._child.kill()
        self._child.communicate()

    def end(self, why: str) -> None:
        """Ends it, whatever it is at; may be called by another thread."""
        self._ended = self._ended or why
        self._child.kill()

    def solve(
        self,
        clauses: Clauses,
        seconds: float,
        assume: Sequence[int] = (),
        at_most: Collection[tuple[Sequence[int], int]] = (),
        hint: Sequence[int] = (),
    ) -> Answer:
        """Solves the clauses, of which it is told what is new.

        Args:
          clauses: all of them; only ever longer than before.
          seconds: for the answer.
          assume: literals that are to hold, in this answer.
          at_most: literals, and how many of them may hold, in this answer.
          hint: literals that probably hold.
        """
        if seconds <= 0:
            return Answer(None, False, NO_TIME)
        said, units = self._told
        request = {
            "literals": clauses.literals,
            "clauses": clauses.clauses[said:],
            "exactly_one": clauses.exactly_one[units:],
            "assume": list(assume),
            "at_most": [[list(literals), most] for literals, most in at_most],
            "hint": list(hint),
        }
        self._told = len(clauses.clauses), len(clauses.exactly_one)
        with _Watch(self, seconds):
            answer = self._answer(request)
        if answer is None:
            return Answer(None, False, self._ended or "the solver's process ended")
        holds = answer["true"]
        return Answer(None, True) if holds is None else Answer(frozenset(holds), False)

    def _answer(self, request: dict[str, Any]) -> dict[str, Any] | None:
        """The child's answer; None where it was ended."""
        assert self._child.stdin is not None and self._child.stdout is not None
        with contextlib.suppress(OSError):
            self._child.stdin.write(json.dumps(request) + "\n")
            self._child.stdin.flush()
        line = self._child.stdout.readline()
        return json.loads(line) if line.endswith("\n") else None

    def bytes_taken(self) -> int:
        """The memory of its process; 0 where that has ended."""
        try:
            return psutil.Process(self._child.pid).memory_info().rss
        except psutil.Error:
            return 0

    def seconds_taken(self) -> float:
        """The processor seconds of its process; 0 where that has ended."""
        try:
            times = psutil.Process(self._child.pid).cpu_times()
            return times.user + times.system
        except psutil.Error:
            return 0.0


class _Watch:
    """Ends a solver that takes more memory or time than it may."""

    def __init__(self, solver: Solver, seconds: float):
        self._solver, self._until = solver, time.monotonic() + seconds
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        memory = self._solver.memory
        while not self._over.is_set():
            left = self._until - time.monotonic()
            if self._solver.bytes_taken() > memory:
                self._solver.end(f"the solver took more than {in_words(memory)} of memory")
            elif left <= 0 or self._solver.seconds_taken() > self._solver.processor_seconds:
                self._solver.end(NO_TIME)
            else:
                self._over.wait(min(LOOK, left))
                continue
            return
