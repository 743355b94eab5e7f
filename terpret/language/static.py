"""Static expressions: integers, booleans and lists, evaluated while a model is compiled.

The same evaluator serves sizes, indices and tests of a model and the bodies of its `@Runtime`
functions. An expression is translated once into a Python closure over a `Scope`; nothing of the
model's text is ever handed to Python itself.
"""

import operator
from collections.abc import Callable
from typing import Protocol

from terpret.language import syntax
from terpret.language.errors import Span
from terpret.language.static_error import StaticError

MAX_MAGNITUDE = 2**53
MAX_LIST = 10_000
MAX_RANGE = 100_000
TOO_LARGE = ("this number is too large", f"stay within {MAX_MAGNITUDE:,} (2**53)")

Value = int | bool | tuple | range


class Scope(Protocol):
    """What a static expression can see."""

    def lookup(self, name: str, span: Span) -> Value:
        """The static value of a name; raises `StaticError` when it has none."""

    def element(self, name: str, index: "Index", span: Span) -> Value:
        """The static value of `name[index]`; the index is evaluated only when it is needed."""

    def call(self, name: str, arguments: tuple[Value, ...], span: Span) -> Value:
        """The value of a call of a function that is not built in."""

    def burn(self, steps: int, span: Span) -> None:
        """Counts work done; raises `StaticError` when it is too much."""


Closure = Callable[[Scope], Value]
Index = Callable[[], tuple[int, ...]]


def _divide(a: int, b: int) -> int:
    # Python 2's '/', which the papers' listings use.
    return a // b


_BINARY = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _divide,
    "//": operator.floordiv,
    "%": operator.mod,
    "&": operator.and_,
    "|": operator.or_,
    "^": operator.xor,
}
_COMPARE = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_UNARY: dict[str, Callable[[int], int]] = {
    "-": operator.neg,
    "+": operator.pos,
    "~": operator.invert,
}
BUILTINS = ("min", "max", "abs", "len", "int", "bool", "range")


def evaluate(expression: syntax.Expression, scope: Scope) -> Value:
    """The static value of `expression` in `scope`.

    Raises:
      StaticError: the expression has no static value.
    """
    # Kept on the node: a loop evaluates the same expression in every round.
    kept = expression.__dict__.get("_compiled")
    if kept is None:
        kept = closure(expression), cost(expression), expression.span
        expression.__dict__["_compiled"] = kept
    run, steps, span = kept
    scope.burn(steps, span)
    return run(scope)


def cost(expression: syntax.Expression) -> int:
    """The steps that one evaluation of an expression takes."""
    return sum(4 if isinstance(n, syntax.Binary) else 1 for n in syntax.walk(expression))


def closure(expression: syntax.Expression) -> Closure:
    """Translates an expression into a function of the scope it is evaluated in."""
    span = expression.span
    match expression:
        case syntax.Number(value):
            return lambda scope: value
        case syntax.Name(name):
            return lambda scope: scope.lookup(name, span)
        case syntax.Subscript(base, index):
            return _subscript(base, index, span)
        case syntax.Unary("not", operand):
            inner = closure(operand)
            return lambda scope: not inner(scope)
        case syntax.Unary(name, operand):
            apply, inner, where = _UNARY[name], closure(operand), operand.span
            return lambda scope: apply(integer(inner(scope), where))
        case syntax.Binary(name, left, right):
            return _binary(name, left, right, span)
        case syntax.Compare(left, operators, comparators):
            return _compare(left, operators, comparators)
        case syntax.Logical(name, operands):
            return _logical(name, tuple(map(closure, operands)))
        case syntax.Conditional(test, body, orelse):
            choose, yes, no = closure(test), closure(body), closure(orelse)
            return lambda scope: yes(scope) if choose(scope) else no(scope)
        case syntax.ListDisplay(items):
            parts = tuple(map(closure, items))
            return lambda scope: _list([part(scope) for part in parts], span)
        case syntax.Comprehension():
            return _comprehension(expression)
        case syntax.Call():
            return _call(expression)
        case syntax.Text():
            raise StaticError("E301", span, "a string has no place here", "use integers")
    raise AssertionError(expression)


def _bounded(value: int, span: Span) -> int:
    if not -MAX_MAGNITUDE <= value <= MAX_MAGNITUDE:
        raise StaticError("E302", span, *TOO_LARGE)
    return value


def integer(value: Value, span: Span) -> int:
    """`value`, an integer.

    Raises:
      StaticError: it is a list.
    """
    if not isinstance(value, int):
        raise StaticError("E301", span, "this is a list, not an integer", "use an integer")
    return value


def _list(items: list[Value], span: Span) -> tuple:
    """A list, counted with all that is inside it."""
    waiting, leaves = list(items), 0
    while waiting:
        leaves += 1
        inner = waiting.pop()
        if isinstance(inner, tuple):
            waiting.extend(inner)
        if leaves + len(waiting) > MAX_LIST:
            raise StaticError(
                "E601", span, f"this list has more than {MAX_LIST:,} values", "make it smaller"
            )
    return tuple(items)


def _binary(name: str, left: syntax.Expression, right: syntax.Expression, span: Span) -> Closure:
    apply, first, second = _BINARY[name], closure(left), closure(right)
    divides = name in ("/", "//", "%")

    def value(scope: Scope) -> Value:
        a, b = first(scope), second(scope)
        if type(a) is int and type(b) is int and not divides:
            return _bounded(apply(a, b), span)
        if name == "+" and isinstance(a, tuple) and isinstance(b, tuple):
            scope.burn(len(a) + len(b), span)
            return _list([*a, *b], span)
        a, b = integer(a, left.span), integer(b, right.span)
        if divides and b == 0:
            raise StaticError("E303", span, f"division by zero: {a} {name} 0", "guard it by a test")
        return _bounded(apply(a, b), span)

    return value


def _compare(left: syntax.Expression, operators: tuple[str, ...], comparators: tuple) -> Closure:
    first = closure(left)
    rest = tuple((name, closure(c), c.span) for name, c in zip(operators, comparators, strict=True))

    def value(scope: Scope) -> bool:
        a = first(scope)
        for name, part, span in rest:
            b = part(scope)
            a = integer(a, left.span)
            if name in ("in", "not in"):
                if not isinstance(b, tuple | range):
                    raise StaticError(
                        "E301", span, f"'{name}' needs a list of values", "write 'x in (1, 2)'"
                    )
                scope.burn(len(b) if isinstance(b, tuple) else 1, span)
                holds = (a in b) == (name == "in")
            else:
                holds = _COMPARE[name](a, integer(b, span))
            if not holds:
                return False
            a = b
        return True

    return value


def _logical(name: str, parts: tuple[Closure, ...]) -> Closure:
    # Python's own values: 'and' gives the first false operand, 'or' the first true one.
    stop_at = name == "or"

    def value(scope: Scope) -> Value:
        for part in parts:
            result = part(scope)
            if bool(result) == stop_at:
                return result
        return result

    return value


def _subscript(
    base: syntax.Expression, index: tuple[syntax.Expression, ...], span: Span
) -> Closure:
    parts = tuple((closure(part), part.span) for part in index)

    def position(scope: Scope) -> tuple[int, ...]:
        return tuple([integer(part(scope), where) for part, where in parts])

    if isinstance(base, syntax.Name):
        name = base.id
        return lambda scope: scope.element(name, lambda: position(scope), span)
    whole = closure(base)
    return lambda scope: item(whole(scope), position(scope), span)


def item(value: Value, index: tuple[int, ...], span: Span) -> Value:
    """`value[i, ...]` of a static list.

    Raises:
      StaticError: it is no list, or the index is out of range.
    """
    for position in index:
        if not isinstance(value, tuple | range):
            raise StaticError("E301", span, "this is not a list", "index lists only")
        if not 0 <= position < len(value):
            raise StaticError(
                "E304",
                span,
                f"index {position} is out of range: the list has {len(value)} elements",
                f"use an index from 0 to {len(value) - 1}" if value else "the list is empty",
            )
        value = value[position]
    return value


class Within:
    """A scope with one more name."""

    def __init__(self, outer: Scope, name: str, value: Value):
        self._outer, self._name, self._value = outer, name, value
        self.call, self.burn = outer.call, outer.burn

    def lookup(self, name: str, span: Span) -> Value:
        return self._value if name == self._name else self._outer.lookup(name, span)

    def element(self, name: str, index: Index, span: Span) -> Value:
        if name == self._name:
            return item(self._value, index(), span)
        return self._outer.element(name, index, span)


def _comprehension(expression: syntax.Comprehension) -> Closure:
    each, iterable = closure(expression.element), closure(expression.iterable)
    tests = tuple(map(closure, expression.tests))
    span, steps = expression.span, 4 + cost(expression)

    def value(scope: Scope) -> tuple:
        values = iterable(scope)
        if not isinstance(values, tuple | range):
            raise StaticError(
                "E301", expression.iterable.span, "this is not a list", "write 'range(n)'"
            )
        result = []
        for v in values:
            scope.burn(steps, span)
            inner = Within(scope, expression.name, v)
            if all(test(inner) for test in tests):
                result.append(each(inner))
        return _list(result, span)

    return value


def _call(call: syntax.Call) -> Closure:
    function, span = call.function, call.span
    if call.keywords:
        raise StaticError("E501", span, f"'{function}' takes no keyword", "give the value alone")
    parts = tuple(map(closure, call.arguments))
    if function not in BUILTINS:
        return lambda scope: scope.call(function, tuple([p(scope) for p in parts]), span)

    def value(scope: Scope) -> Value:
        arguments = tuple([part(scope) for part in parts])
        if function in ("min", "max") and len(arguments) == 1 and not isinstance(arguments[0], int):
            scope.burn(len(arguments[0]), span)
        return _builtin(function, arguments, span)

    return value


def _builtin(name: str, arguments: tuple[Value, ...], span: Span) -> Value:
    if name == "range":
        if not 1 <= len(arguments) <= 3 or (len(arguments) == 3 and arguments[2] == 0):
            raise StaticError("E501", span, "range takes 1 to 3 integers", "write 'range(T)'")
        result = range(*(integer(a, span) for a in arguments))
        if len(result) > MAX_RANGE:
            raise StaticError(
                "E601",
                span,
                f"this range has {len(result):,} values",
                f"make it smaller: at most {MAX_RANGE:,}",
            )
        return result
    if name == "len" and len(arguments) == 1 and isinstance(arguments[0], tuple | range):
        return len(arguments[0])
    if name == "bool" and len(arguments) == 1:
        return bool(arguments[0])
    if name in ("abs", "int") and len(arguments) == 1:
        number = integer(arguments[0], span)
        return abs(number) if name == "abs" else int(number)
    if name in ("min", "max"):
        values = arguments[0] if len(arguments) == 1 else arguments
        if isinstance(values, tuple | range) and len(values) > 0:
            numbers = [integer(v, span) for v in values]
            return min(numbers) if name == "min" else max(numbers)
    raise StaticError(
        "E501",
        span,
        f"'{name}' cannot take {len(arguments)} arguments like these",
        {"len": "give one list", "min": "give integers, or one list of them"}.get(
            name, "give integers"
        ),
    )
