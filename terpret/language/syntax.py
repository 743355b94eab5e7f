"""The surface tree: a model as it was written, every node with its place in the text.

Places do not take part in comparison, so two trees are equal when they mean the same text.
"""

import dataclasses
from collections.abc import Iterator

from terpret.language.errors import Span


def _span() -> Span:
    return dataclasses.field(default=Span(), compare=False, repr=False)


@dataclasses.dataclass(frozen=True)
class Number:
    """`3` or `True`."""

    value: int
    span: Span = _span()


@dataclasses.dataclass(frozen=True)
class Text:
    """A string, for keyword arguments only: `out_of_range="drop"`."""

    value: str
    span: Span = _span()


@dataclasses.dataclass(frozen=True)
class Name:
    """`instr`."""

    id: str
    span: Span = _span()


@dataclasses.dataclass(frozen=True)
class Subscript:
    """`registers[t, a1]`; also `Var(4)[T]`, where the base is a call."""

    base: "Expression"
    index: tuple["Expression", ...]
    span: Span = _span()


@dataclasses.dataclass(frozen=True)
class Call:
    """`Add(a, b)`, `Param(6)`, `range(T)`; keywords are pairs of name and value."""

    function: str
    arguments: tuple["Expression", ...]
    keywords: tuple[tuple[str, "Expression"], ...] = ()
    span: Span = _span()


@dataclasses.dataclass(frozen=True)
class Unary:
    """`-a`, `+a`, `~a`, `not a`."""

    operator: str
    operand: "Expression"
    span: Span = _span()


@dataclasses.dataclass(frozen=True)
class Binary:
    """`a + b` and the other integer operators."""

    operator: str
    left: "Expression"
    right: "Expression"
    span: Span = _span()


@dataclasses.dataclass(frozen=True)
class Compare:
    """`a < b`, chained as in Python: `0 < n <= 3`."""

    left: "Expression"
    operators: tuple[str, ...]
    comparators: tuple["Expression", ...]
    span: Span = _span()


@dataclasses.dataclass(frozen=True)
class Logical:
    """`a and b and c`, `a or b`."""

    operator: str
    operands: tuple["Expression", ...]
    span: Span = _span()


@dataclasses.dataclass(frozen=True)
class Conditional:
    """`a if test else b`."""

    test: "Expression"
    body: "Expression"
    orelse: "Expression"
    span: Span = _span()


@dataclasses.dataclass(frozen=True)
class ListDisplay:
    """`[28, 28]` or `(1, 2)`."""

    items: tuple["Expression", ...]
    span: Span = _span()


@dataclasses.dataclass(frozen=True)
class Comprehension:
    """`[element for name in iterable if test]`."""

    element: "Expression"
    name: str
    iterable: "Expression"
    tests: tuple["Expression", ...] = ()
    span: Span = _span()


Expression = (
    Number
    | Text
    | Name
    | Subscript
    | Call
    | Unary
    | Binary
    | Compare
    | Logical
    | Conditional
    | ListDisplay
    | Comprehension
)


@dataclasses.dataclass(frozen=True)
class Assign:
    """`T = 5`, `instr = Param(6)[T - 1]`, `p[i] = Param(i + 2)`."""

    target: Name | Subscript
    value: Expression
    span: Span = _span()


@dataclasses.dataclass(frozen=True)
class SetTo:
    """`target.set_to(value)` and its kin `set_to_constant` and `observe_value`."""

    method: str
    target: Expression
    value: Expression
    span: Span = _span()


@dataclasses.dataclass(frozen=True)
class If:
    """An `if`/`elif` chain: pairs of test and body, and the body of `else` or None."""

    branches: tuple[tuple[Expression, tuple["Statement", ...]], ...]
    orelse: tuple["Statement", ...] | None = None
    span: Span = _span()


@dataclasses.dataclass(frozen=True)
class With:
    """`with subject as name:`; without `as`, name is None."""

    subject: Expression
    name: str | None
    body: tuple["Statement", ...]
    span: Span = _span()


@dataclasses.dataclass(frozen=True)
class For:
    """`for name in iterable:`."""

    name: str
    iterable: Expression
    body: tuple["Statement", ...]
    span: Span = _span()


@dataclasses.dataclass(frozen=True)
class Function:
    """A decorated function; `decorator` is the call `Runtime(...)`, `Learn(...)`, `Inline()`."""

    name: str
    parameters: tuple[str, ...]
    decorator: Call
    body: tuple["Statement", ...]
    span: Span = _span()


@dataclasses.dataclass(frozen=True)
class CallStatement:
    """A call that stands alone: the use of an `@Inline` function."""

    call: Call
    span: Span = _span()


@dataclasses.dataclass(frozen=True)
class Return:
    """`return value`, in functions only."""

    value: Expression
    span: Span = _span()


@dataclasses.dataclass(frozen=True)
class Pass:
    """`pass`."""

    span: Span = _span()


Statement = Assign | SetTo | If | With | For | Function | CallStatement | Return | Pass


@dataclasses.dataclass(frozen=True)
class Module:
    """A whole model file."""

    statements: tuple[Statement, ...]


def children(node: Expression) -> Iterator[Expression]:
    """The expressions directly inside an expression."""
    match node:
        case Subscript(base, index):
            yield base
            yield from index
        case Call(_, arguments, keywords):
            yield from arguments
            yield from (value for _, value in keywords)
        case Unary(_, operand):
            yield operand
        case Binary(_, left, right):
            yield left
            yield right
        case Compare(left, _, comparators):
            yield left
            yield from comparators
        case Logical(_, operands):
            yield from operands
        case Conditional(test, body, orelse):
            yield from (test, body, orelse)
        case ListDisplay(items):
            yield from items
        case Comprehension(element, _, iterable, tests):
            yield from (element, iterable, *tests)


def walk(node: Expression) -> Iterator[Expression]:
    """An expression and all expressions inside it."""
    waiting = [node]
    while waiting:
        part = waiting.pop()
        yield part
        waiting.extend(children(part))
