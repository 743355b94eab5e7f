"""What is searched for, what a search may take, and what it has found."""

import dataclasses
import functools
from collections.abc import Mapping

import numpy as np

from terpret.backends.exact.clauses import Clauses
from terpret.backends.exact.encode import Params, given_by, wanted
from terpret.discrete.answers import right
from terpret.discrete.program import Program
from terpret.language.checked import CheckedModel

Arrays = Mapping[str, np.ndarray]


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
