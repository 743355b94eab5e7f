"""Verification of programs: run on symbols, not images, where every answer must be right."""

import dataclasses
import functools
from collections.abc import Callable, Sequence

import numpy as np

from terpret import Program, program_of
from terpret.language.checked import CheckedModel
from terpret.learning.task import Symbols

# Models that differ in their sizes, and examples for each.
Cases = Sequence[tuple[CheckedModel, Symbols]]


@dataclasses.dataclass(frozen=True)
class TestCase:
    """Examples of one or of many sizes.

    Attributes:
      name: what they are, in words.
      make: makes them, when the first program gets so far.
    """

    # For pytest, which takes classes of such a name for tests.
    __test__ = False

    name: str
    make: Callable[[], Cases]

    @functools.cached_property
    def cases(self) -> Cases:
        """The models and their examples."""
        return self.make()

    def __call__(self, program: Program) -> float:
        """The part of the answers that a program gets right, the mean over the sizes."""
        return float(np.mean([s.accuracy(program_of(m, program.values)) for m, s in self.cases]))


@dataclasses.dataclass(frozen=True)
class Verification:
    """Runs programs through test cases; those of equal source code once.

    Attributes:
      test_cases: in their order; a program that is not all right in one does not come to the next.
      lines: the lines of a program's source code, alike for programs that do the same.
    """

    test_cases: tuple[TestCase, ...]
    lines: Callable[[Program], Sequence[str]]

    def __call__(self, program: Program) -> dict[str, float]:
        """The part of the answers that are right, by the test cases that the program came to."""
        code = "\n".join(self.lines(program))
        if code not in self._known:
            self._known[code] = self._verified(program)
        return self._known[code]

    @functools.cached_property
    def _known(self) -> dict[str, dict[str, float]]:
        return {}

    def _verified(self, program: Program) -> dict[str, float]:
        result: dict[str, float] = {}
        for case in self.test_cases:
            result[case.name] = case(program)
            if result[case.name] < 1.0:
                break
        return result
