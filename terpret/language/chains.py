"""An `if`/`elif`/`else` chain: which values of which variable each branch takes."""

import dataclasses

from terpret.language import syntax
from terpret.language.assignment import Frame
from terpret.language.checked import Expression, size_of
from terpret.language.conditions import test
from terpret.language.describe import describe
from terpret.language.scope import Scope
from terpret.language.static_error import StaticError
from terpret.language.values import Values

Body = tuple[syntax.Statement, ...]


@dataclasses.dataclass(frozen=True)
class Chain:
    """A chain whose tests are decided.

    Attributes:
      subject: what it tests; None when its tests are static.
      branches: the values that take each branch, and its body.
      remaining: the values that no branch takes.
      static: without a subject, the body that is taken.
    """

    subject: Expression | None
    branches: tuple[tuple[tuple[int, ...], Body], ...]
    remaining: tuple[int, ...]
    static: Body


def decide(statement: syntax.If, values: Values, scope: Scope, frame: Frame) -> Chain:
    """Decides the tests of a chain, from the first to the last.

    Raises:
      StaticError: a test is wrong, tests another variable, or is never reached.
    """
    subject: Expression | None = None
    remaining: list[int] = []
    branches: list[tuple[tuple[int, ...], Body]] = []
    otherwise = statement.orelse
    for expression, body in statement.branches:
        found = test(expression, values, scope, frame)
        if isinstance(found, bool):
            if not found:
                continue
            otherwise = body
            break
        if subject is None:
            subject, remaining = found.subject, list(range(size_of(found.subject.domain)))
        elif subject != found.subject:
            raise StaticError(
                "E305",
                expression.span,
                f"this chain tests {describe(subject)} and {describe(found.subject)}",
                "test one variable in a chain; nest a second 'if' in the branch",
            )
        left = set(remaining)
        taken = tuple(value for value in found.values if value in left)
        if not taken:
            why = "are handled above" if found.values else "do not exist"
            raise StaticError(
                "E306",
                expression.span,
                f"this branch is never taken: its values of {describe(subject)} {why}",
                f"test values from 0 to {size_of(subject.domain) - 1}, each once",
            )
        left -= set(taken)
        remaining = [value for value in remaining if value in left]
        branches.append((taken, body))
    if subject is not None and otherwise is not None and remaining:
        branches.append((tuple(remaining), otherwise))
        remaining = []
    return Chain(subject, tuple(branches), tuple(remaining), otherwise or ())
