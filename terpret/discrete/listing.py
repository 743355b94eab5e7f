"""How programs are listed and counted: plainly, Param by Param, unless more is known of a model."""

import dataclasses
from collections.abc import Callable

from terpret.discrete.program import Program, assignments
from terpret.language.checked import CheckedModel

# The text of a program in which nothing is left open.
NO_PARAMS = "(no Params: the program is given)"


def plain_code(program: Program) -> str:
    """The value of each Param, with its confidence."""
    return str(program) or NO_PARAMS


def plain_lines(program: Program) -> list[str]:
    """The value of each Param."""
    return [text for text, _ in program.lines()]


@dataclasses.dataclass(frozen=True)
class Listing:
    """How programs are listed and counted.

    Attributes:
      code: a program as readable source code, with the confidence of each line.
      lines: the lines of the source code without confidences: alike for programs that do the same.
      distinct: the number of programs of a model that differ in what they do.
    """

    code: Callable[[Program], str] = plain_code
    lines: Callable[[Program], list[str]] = plain_lines
    distinct: Callable[[CheckedModel], int] = assignments
