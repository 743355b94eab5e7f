"""Tests: a static boolean, or the values of one variable for which a test holds."""

import dataclasses
from typing import Any

from terpret.language import static, syntax
from terpret.language.assignment import Frame
from terpret.language.checked import Element, Expression, Network, Table, Variable
from terpret.language.describe import describe, ranges
from terpret.language.scope import Choice, NotStatic, Pieces, Scope
from terpret.language.static import Within
from terpret.language.static_error import StaticError
from terpret.language.values import Values

VALUE_STEPS = 15
_SUBJECT = "\0subject"


@dataclasses.dataclass(frozen=True)
class Test:
    """A test of a variable: the values for which it holds."""

    subject: Expression
    values: tuple[int, ...]


def test(expression: syntax.Expression, values: Values, scope: Scope, frame: Frame) -> bool | Test:
    """A test as a static boolean, or as the values of one variable for which it holds.

    Args:
      expression: comparisons with static values, joined by `and`, `or`, `not`.
      values: turns what is tested into a checked expression.
      scope: the names.
      frame: what is set.

    Raises:
      StaticError: it is neither.
    """
    try:
        return bool(static.evaluate(expression, scope))
    except NotStatic:
        subjects = list(_subjects(expression, scope))
    checked = [values.value(subject, scope, frame) for subject in subjects]
    first = checked[0]
    for subject, other in zip(subjects, checked, strict=True):
        if other != first:
            raise StaticError(
                "E305",
                subject.span,
                f"this test compares {describe(first)} with {describe(other)}",
                "compare with a constant; bind one of them by 'with ... as v:'",
            )
    if not isinstance(first.domain, int):
        raise StaticError("E307", expression.span, "a tensor cannot be tested", "test an integer")
    replaced = _replaced(expression, subjects)
    scope.burn(VALUE_STEPS * first.domain, expression.span)
    _refuse_outside(replaced, first, first.domain, scope)
    holds = tuple(
        value
        for value in range(first.domain)
        if static.evaluate(replaced, Within(scope, _SUBJECT, value))
    )
    return Test(first, holds)


def _subjects(node: syntax.Expression, scope: Scope) -> list[syntax.Expression]:
    """The outermost parts of a test that depend on a variable."""
    is_variable = False
    match node:
        case syntax.Name(name):
            binding = scope.names.get(name)
            is_variable = isinstance(binding, Variable | Element) or (
                isinstance(binding, Choice) and isinstance(binding.options[0], Element)
            )
        case syntax.Subscript(syntax.Name(name)):
            is_variable = isinstance(scope.names.get(name), Variable | Pieces)
        case syntax.Call(name):
            is_variable = isinstance(scope.names.get(name), Table | Network)
    if is_variable:
        try:
            static.evaluate(node, scope)
        except NotStatic:
            return [node]
        return []
    return [found for child in syntax.children(node) for found in _subjects(child, scope)]


def _replaced(
    expression: syntax.Expression, subjects: list[syntax.Expression]
) -> syntax.Expression:
    """`expression` with every subject replaced by one name."""
    # Kept on the node: a loop meets the same test in every round.
    kept = expression.__dict__.get("_replaced")
    if kept is None or kept[0] != list(map(id, subjects)):
        kept = list(map(id, subjects)), _replace(expression, subjects)
        expression.__dict__["_replaced"] = kept
    return kept[1]


def _replace(node: syntax.Expression, subjects: list[syntax.Expression]) -> syntax.Expression:
    """`node` with every subject replaced by one name."""
    if any(node is subject for subject in subjects):
        return syntax.Name(_SUBJECT, node.span)
    changes: dict[str, Any] = {}
    for field in dataclasses.fields(node):
        old = getattr(node, field.name)
        if isinstance(old, syntax.Expression):
            changes[field.name] = _replace(old, subjects)
        elif isinstance(old, tuple) and old and isinstance(old[0], syntax.Expression):
            changes[field.name] = tuple(_replace(part, subjects) for part in old)
    return dataclasses.replace(node, **changes)


def _refuse_outside(test: syntax.Expression, subject: Expression, size: int, scope: Scope) -> None:
    """`x == 5` where x is never 5 is a slip, though it has a meaning."""
    for node in syntax.walk(test):
        if not isinstance(node, syntax.Compare) or node.operators[0] not in ("==", "in"):
            continue
        sides = [node.left, node.comparators[0]]
        if len(node.comparators) > 1 or syntax.Name(_SUBJECT) not in sides:
            continue
        other = sides[1 - sides.index(syntax.Name(_SUBJECT))]
        try:
            found = static.evaluate(other, Within(scope, _SUBJECT, 0))
        except NotStatic:
            continue
        for value in found if isinstance(found, tuple) else (found,):
            if isinstance(value, int) and not 0 <= value < size:
                raise StaticError(
                    "E306",
                    other.span,
                    f"{describe(subject)} is never {int(value)}: it {ranges(size)}",
                    f"test values from 0 to {size - 1}",
                )
