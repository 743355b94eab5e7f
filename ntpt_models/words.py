"""A program in the words of its model, for those who print it."""

import dataclasses
import math

import numpy as np

from terpret.discrete.program import Program

Line = tuple[str, float | None]
"""A line of a listing and its confidence; None where there is nothing to be sure of."""
Index = int | tuple[int, ...]


@dataclasses.dataclass(frozen=True)
class Words:
    """What the values of a program's Params are called, and how sure they are.

    Attributes:
      program: the program.
    """

    program: Program

    def values(self, param: str) -> np.ndarray:
        """The values of a Param."""
        return self.program.values[param]

    def of(self, param: str, value: int) -> str:
        """What a value of a Param is called."""
        declared = next(v for v in self.program.model.of_kind("Param") if v.name == param)
        return declared.word(int(value))

    def at(self, param: str, index: Index = ()) -> str:
        """What the value of an element is called."""
        return self.of(param, self.values(param)[index])

    def sure(self, index: Index, *params: str) -> float:
        """How sure the elements at one index of several Params are together."""
        return math.prod(float(self.program.confidence[name][index]) for name in params)
