"""A solver of clauses in a process of its own, whose time and memory are watched."""

import contextlib
import dataclasses
import importlib.util
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

import psutil

from terpret.backends.exact.clauses import Clauses
from terpret.errors import InputError
from terpret.free_memory import available_bytes

# Seconds between looks at the child's memory.
LOOK = 0.2


@dataclasses.dataclass(frozen=True)
class Answer:
    """What a solver says of the clauses so far.

    Attributes:
      holds: the literals that hold in the best solution; None where it has found none.
      proved: that no solution is better, or that there is none.
      stopped: why it was ended before it had an answer; empty where it was not.
    """

    holds: frozenset[int] | None
    proved: bool
    stopped: str = ""


class Solver:
    """CP-SAT with the clauses that it was told.

    Attributes:
      workers: threads that search.
      memory: bytes that its process may take.
      seed: of its randomness.
    """

    def __init__(self, workers: int = 2, memory: int = 0, seed: int = 0):
        if importlib.util.find_spec("ortools") is None:
            raise InputError(
                "exact solving needs OR-tools: pip install 'neural-terpret[exact]', or ortools"
            )
        self.workers, self.seed = workers, seed
        self.memory = memory or available_bytes() // 2
        self._told = (0, 0)
        command = [sys.executable, "-m", "terpret.backends.exact.child"]
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

    def solve(
        self,
        clauses: Clauses,
        seconds: float,
        minimise: Sequence[int] = (),
        at_most: Collection[tuple[Sequence[int], int]] = (),
        hint: Sequence[int] = (),
        progress: Callable[[float, float], None] = lambda best, bound: None,
    ) -> Answer:
        """Solves the clauses, of which it is told what is new.

        Args:
          clauses: all of them; only ever longer than before.
          seconds: for the answer.
          minimise: literals of which as few as can be are to hold; none: any solution will do.
          at_most: literals, and how many of them may hold, from now on.
          hint: literals that probably hold.
          progress: is told of a better solution: how many of `minimise` hold, and the least bound.
        """
        said, units = self._told
        request = {
            "literals": clauses.literals,
            "clauses": clauses.clauses[said:],
            "exactly_one": clauses.exactly_one[units:],
            "at_most": [[list(literals), most] for literals, most in at_most],
            "minimise": list(minimise),
            "hint": list(hint),
            "seconds": max(0.01, seconds),
            "workers": self.workers,
            "seed": self.seed,
        }
        self._told = len(clauses.clauses), len(clauses.exactly_one)
        watched = _Watch(self._child, self.memory, seconds)
        holds = None
        with watched:
            for answer in self._answers(request):
                holds = frozenset(answer["true"]) if "true" in answer else holds
                if "status" in answer:
                    return Answer(holds, answer["status"] in ("OPTIMAL", "INFEASIBLE"))
                progress(answer["best"], answer["bound"])
        return Answer(holds, False, watched.why or "the solver's process ended")

    def _answers(self, request: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """The child's lines, until it is ended."""
        assert self._child.stdin is not None and self._child.stdout is not None
        with contextlib.suppress(OSError):
            self._child.stdin.write(json.dumps(request) + "\n")
            self._child.stdin.flush()
        for line in self._child.stdout:
            yield json.loads(line)


class _Watch:
    """Ends a process that takes more memory or time than it may."""

    # What a solver takes beyond its time to come to an end, in seconds.
    LATE = 20.0

    def __init__(self, child: subprocess.Popen, memory: int, seconds: float):
        self._child, self._memory, self._until = child, memory, time.monotonic() + seconds
        self._over, self.why = threading.Event(), ""
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(LOOK):
            try:
                taken = psutil.Process(self._child.pid).memory_info().rss
            except psutil.Error:
                return
            if taken > self._memory:
                self.why = f"the solver took more than {self._memory / 2**30:.1f} GB of memory"
            elif time.monotonic() > self._until + self.LATE:
                self.why = "the solver did not end in its time"
            if self.why:
                self._child.kill()
                return
