"""Declarations of hypers and variables, from surface nodes to bindings."""

import math

from terpret.language import static, syntax
from terpret.language.checked import NUMBERS, Domain, Network, Table, Variable
from terpret.language.describe import flat
from terpret.language.errors import Span, suggestion
from terpret.language.scope import Broken, Inline, Pieces, Scope
from terpret.language.static import MAX_MAGNITUDE
from terpret.language.static_error import StaticError
from terpret.language.value_names import value_names

KINDS = ("Param", "Var", "Input", "Output", "InputTensor", "OutputTensor")
SHAPES = ("Vector", "Tensor")
RESERVED = frozenset((*KINDS, *SHAPES, *static.BUILTINS, "Hyper"))
MAX_ELEMENTS = 1_000_000
MAX_RANK = 8


def declared_kind(value: syntax.Expression) -> syntax.Call | None:
    """The call `Param(n)` of `Param(n)` or `Param(n)[k]`; None for any other expression."""
    call = value.base if isinstance(value, syntax.Subscript) else value
    if isinstance(call, syntax.Call) and call.function in (*KINDS, "Hyper"):
        return call
    return None


def positive(expression: syntax.Expression, scope: Scope, what: str, least: int = 1) -> int:
    """The static value of a size.

    Raises:
      StaticError: it is not a static integer of at least `least`.
    """
    value = static.evaluate(expression, scope)
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        shown = "a list" if isinstance(value, tuple | range) else str(value)
        raise StaticError(
            "E205", expression.span, f"{what} is {shown}", f"it must be an integer >= {least}"
        )
    return value


def domain(expression: syntax.Expression, scope: Scope) -> Domain:
    """The domain that `n`, `Vector(n)` or `Tensor(n, m)` names.

    Raises:
      StaticError: it is none of them.
    """
    if isinstance(expression, syntax.Call) and expression.function in SHAPES:
        if not expression.arguments or expression.keywords:
            raise StaticError(
                "E205",
                expression.span,
                f"'{expression.function}' takes its sizes alone",
                f"write {expression.function}(28, 28)",
            )
        return _shape(expression.arguments, scope, expression.span)
    size = positive(expression, scope, "the number of values")
    _small(size, expression.span, "this")
    return size


def _shape(sizes: tuple[syntax.Expression, ...], scope: Scope, span: Span) -> tuple[int, ...]:
    if len(sizes) > MAX_RANK:
        raise StaticError(
            "E604", span, f"this has {len(sizes)} dimensions", f"at most {MAX_RANK}: use fewer"
        )
    shape = tuple(positive(size, scope, "a size") for size in sizes)
    _small(math.prod(shape), span, "this")
    return shape


def _small(numbers: int, span: Span, what: str) -> None:
    if numbers > MAX_ELEMENTS:
        raise StaticError(
            "E604",
            span,
            f"{what} has {numbers:,} numbers",
            f"make it smaller: at most {MAX_ELEMENTS:,}",
        )


def hyper(
    target: syntax.Expression,
    call: syntax.Call,
    scope: Scope,
    given: dict[str, int],
    value: syntax.Expression,
) -> tuple[str, int]:
    """The name and value of `name = Hyper(default)`: the given one, or the default.

    Raises:
      StaticError: neither is there, or the declaration has another form.
    """
    plain = value is call and len(call.arguments) <= 1 and not call.keywords
    if not isinstance(target, syntax.Name) or not plain:
        raise StaticError("E206", value.span, "a hyper is one integer", "write 'T = Hyper(5)'")
    name = target.id
    free(name, target.span, scope)
    if name in given:
        return name, given[name]
    if not call.arguments:
        raise StaticError(
            "E207",
            call.span,
            f"the hyper '{name}' has no value",
            f"give one (--hypers={name}=...), or a default: 'Hyper(5)'",
        )
    number = static.evaluate(call.arguments[0], scope)
    if isinstance(number, bool) or not isinstance(number, int):
        raise StaticError("E206", call.span, "a hyper is one integer", f"write '{name} = Hyper(5)'")
    return name, number


def usable_hyper(value: object) -> bool:
    """Whether a value from outside can be that of a hyper."""
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= MAX_MAGNITUDE


def variable(name: str, value: syntax.Expression, scope: Scope) -> Variable:
    """The variable that `name = Kind(size)[dims]` declares.

    Raises:
      StaticError: a size is wrong, or the declaration has another form.
    """
    call = declared_kind(value)
    assert call is not None
    dims: tuple[int, ...] = ()
    if isinstance(value, syntax.Subscript):
        if len(value.index) > MAX_RANK:
            raise StaticError(
                "E604",
                value.span,
                f"'{name}' has {len(value.index)} dimensions",
                f"at most {MAX_RANK}: use fewer",
            )
        dims = tuple(positive(size, scope, "the array's size", 0) for size in value.index)
    kind = call.function
    for keyword, _ in call.keywords:
        if keyword != "names":
            raise StaticError(
                "E206",
                call.span,
                f"'{kind}' takes no keyword '{keyword}'",
                suggestion(keyword, ["names"]) or f"write '{name} = {kind}(4)'",
            )
    ranges: Domain
    if kind in ("InputTensor", "OutputTensor"):
        if not call.arguments:
            raise StaticError("E205", call.span, f"'{kind}' needs sizes", f"write {kind}(28, 28)")
        ranges = _shape(call.arguments, scope, call.span)
        kind = kind.removesuffix("Tensor")
    elif len(call.arguments) != 1:
        raise StaticError(
            "E206",
            call.span,
            f"'{kind}' takes one size, not {len(call.arguments)}",
            f"write '{name} = {kind}(4)', and '[n]' behind it for an array",
        )
    else:
        ranges = domain(call.arguments[0], scope)
        if not isinstance(ranges, int) and kind != "Var":
            raise StaticError(
                "E206",
                call.span,
                f"'{kind}' takes a number of values, not a shape",
                f"write {kind}Tensor(...)" if kind != "Param" else "learn tensors with @Learn",
            )
    extent = ranges if isinstance(ranges, int) else math.prod(ranges)
    _small(math.prod(dims) * extent, value.span, f"'{name}'")
    given = dict(call.keywords).get("names")
    names = NUMBERS if given is None else value_names(given, ranges, scope, call.arguments[0])
    return Variable(kind, name, dims, ranges, value.span, names)


def declare(
    target: syntax.Name | syntax.Subscript, value: syntax.Expression, scope: Scope
) -> Variable:
    """Declares a variable, or one element of an array, in `scope`.

    Raises:
      StaticError: the name is taken, or the declaration is wrong.
    """
    name = _name(target)
    if isinstance(target, syntax.Name):
        free(name, target.span, scope)
        whole = variable(name, value, scope)
        scope.bind(name, whole)
        return whole
    index = tuple(positive(part, scope, "the index", 0) for part in target.index)
    pieces = scope.names.get(name)
    if not isinstance(pieces, Pieces):
        free(name, target.span, scope)
        pieces = Pieces()
    full = flat(name, index)
    if index in pieces:
        raise _taken(full, target.span, pieces[index])
    rank = next((len(known) for known in pieces), len(index))
    if len(index) != rank:
        raise StaticError(
            "E308",
            target.span,
            f"'{name}' has elements with {rank} indices, this one has {len(index)}",
            "give all elements as many indices",
        )
    made = variable(full, value, scope)
    if made.dims:
        raise StaticError(
            "E206", value.span, "an element cannot be an array", f"write '{name}[i, j] = ...'"
        )
    pieces[index] = made
    scope.bind(name, pieces)
    return made


def _name(target: syntax.Expression) -> str:
    """The name in `x` or `x[i]`."""
    base = target.base if isinstance(target, syntax.Subscript) else target
    assert isinstance(base, syntax.Name)
    return base.id


def broken(target: syntax.Expression, scope: Scope) -> None:
    """Remembers that the declaration of a name was refused."""
    name = _name(target)
    if name not in RESERVED and (isinstance(target, syntax.Subscript) or name not in scope.names):
        scope.bind(name, Broken())


def free(name: str, span: Span, scope: Scope) -> None:
    """Refuses a name that cannot be bound here.

    Raises:
      StaticError: it is a word of the language, or stands for a variable or a function.
    """
    if name in RESERVED:
        raise StaticError(
            "E212", span, f"'{name}' is a word of the language", f"use another name, say '{name}_'"
        )
    taken = scope.names.get(name)
    if isinstance(taken, Variable | Pieces | Table | Network | Inline):
        raise _taken(name, span, taken)


def _taken(name: str, span: Span, taken: object) -> StaticError:
    if isinstance(taken, Pieces):
        taken = next(iter(taken.values()))
    where = f" in line {taken.span.line}" if hasattr(taken, "span") else ""
    return StaticError("E208", span, f"'{name}' is already declared{where}", "use another name")
