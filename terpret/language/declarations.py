"""Declarations: hypers, variables and functions, from surface nodes to bindings."""

import math

from terpret.language import runtime, static, syntax
from terpret.language.checked import Domain, Network, Table, Variable
from terpret.language.errors import Span
from terpret.language.scope import Pieces, Scope
from terpret.language.static import StaticError

KINDS = ("Param", "Var", "Input", "Output", "InputTensor")
SHAPES = ("Vector", "Tensor")
MAX_ELEMENTS = 1_000_000


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
        raise StaticError(
            "E205", expression.span, f"{what} is {value}", f"it must be an integer >= {least}"
        )
    return value


def domain(expression: syntax.Expression, scope: Scope) -> Domain:
    """The domain that `n`, `Vector(n)` or `Tensor(n, m)` names."""
    if isinstance(expression, syntax.Call) and expression.function in SHAPES:
        if not expression.arguments or expression.keywords:
            raise StaticError("E205", expression.span, "a tensor needs sizes", "write Tensor(28)")
        return tuple(positive(size, scope, "a size") for size in expression.arguments)
    return positive(expression, scope, "the number of values")


def hyper(
    name: str, call: syntax.Call, scope: Scope, given: dict[str, int], value: syntax.Expression
) -> int:
    """The value of `name = Hyper(default)`: the given one, or the default.

    Raises:
      StaticError: neither is there, or the declaration has another form.
    """
    if len(call.arguments) > 1 or call.keywords or value is not call:
        raise StaticError(
            "E206", value.span, "a hyper is one integer", f"write '{name} = Hyper(5)'"
        )
    if name in given:
        return given[name]
    if not call.arguments:
        raise StaticError(
            "E207",
            call.span,
            f"the hyper '{name}' has no value",
            f"give one (--hypers={name}=...), or a default: 'Hyper(5)'",
        )
    number = static.evaluate(call.arguments[0], scope)
    if isinstance(number, bool) or not isinstance(number, int):
        raise StaticError("E206", call.span, "a hyper is one integer", "write 'Hyper(5)'")
    return number


def variable(name: str, value: syntax.Expression, scope: Scope) -> Variable:
    """The variable that `name = Kind(size)[dims]` declares.

    Raises:
      StaticError: a size is wrong, or the declaration has another form.
    """
    call = declared_kind(value)
    dims: tuple[int, ...] = ()
    if isinstance(value, syntax.Subscript):
        dims = tuple(positive(size, scope, "the array's size", 0) for size in value.index)
    if call.keywords:
        raise StaticError(
            "E206", call.span, f"'{call.function}' takes no keywords", "give the size alone"
        )
    if call.function == "InputTensor":
        if not call.arguments:
            raise StaticError("E205", call.span, "a tensor needs sizes", "write InputTensor(28, 28)")
        ranges = tuple(positive(size, scope, "a size") for size in call.arguments)
        kind = "Input"
    elif len(call.arguments) != 1:
        raise StaticError(
            "E206",
            call.span,
            f"'{call.function}' takes one size, not {len(call.arguments)}",
            f"write '{name} = {call.function}(4)', and '[n]' behind it for an array",
        )
    else:
        ranges, kind = domain(call.arguments[0], scope), call.function
        if not isinstance(ranges, int):
            raise StaticError(
                "E206", call.span, f"'{kind}' takes a number of values", "write InputTensor(...)"
            )
    extent = ranges if isinstance(ranges, int) else math.prod(ranges)
    if math.prod(dims) * extent > MAX_ELEMENTS:
        raise StaticError(
            "E604",
            value.span,
            f"'{name}' has {math.prod(dims) * extent:,} numbers",
            f"make it smaller: at most {MAX_ELEMENTS:,}",
        )
    return Variable(kind, name, dims, ranges, value.span)


def declare(
    target: syntax.Name | syntax.Subscript, value: syntax.Expression, scope: Scope
) -> Variable:
    """Declares a variable, or one element of an array, in `scope`.

    Raises:
      StaticError: the name is taken, or the declaration is wrong.
    """
    name = target.id if isinstance(target, syntax.Name) else target.base.id
    taken = scope.names.get(name)
    if isinstance(target, syntax.Name):
        free(name, target.span, scope)
        scope.names[name] = variable(name, value, scope)
        return scope.names[name]
    index = tuple(positive(part, scope, "the index", 0) for part in target.index)
    if taken is not None and not isinstance(taken, Pieces):
        raise _taken(name, target.span, taken)
    pieces = taken if taken is not None else Pieces()
    flat = f"{name}[{', '.join(map(str, index))}]"
    if index in pieces:
        raise _taken(flat, target.span, pieces[index])
    pieces[index] = variable(flat, value, scope)
    if pieces[index].dims:
        raise StaticError(
            "E206", value.span, "an element cannot be an array", "declare more indices"
        )
    scope.names[name] = pieces
    return pieces[index]


def free(name: str, span: Span, scope: Scope) -> None:
    """Raises `StaticError` when `name` already stands for a variable or a function."""
    taken = scope.names.get(name)
    if isinstance(taken, Variable | Pieces | Table | Network | syntax.Function):
        raise _taken(name, span, taken)


def _taken(name: str, span: Span, taken: object) -> StaticError:
    if isinstance(taken, Pieces):
        taken = next(iter(taken.values()))
    where = f" in line {taken.span.line}" if hasattr(taken, "span") else ""
    return StaticError("E208", span, f"'{name}' is already declared{where}", "use another name")


def table(function: syntax.Function, scope: Scope, fuel: list[int]) -> Table:
    """Tabulates `@Runtime([d1, ...], d)`.

    Raises:
      StaticError: the decorator is wrong, or the function is not one on its domains.
    """
    call = function.decorator
    domains, result = _signature(function, call, scope)
    if not isinstance(result, int) or not all(isinstance(d, int) for d in domains):
        raise StaticError(
            "E505", call.span, "a @Runtime function works on integers", "use @Learn for tensors"
        )
    drop = False
    for keyword, value in call.keywords:
        if keyword != "out_of_range" or value not in (syntax.Text("drop"), syntax.Text("error")):
            raise StaticError(
                "E505",
                call.span,
                f"@Runtime does not take '{keyword}' so",
                'write out_of_range="drop"',
            )
        drop = value == syntax.Text("drop")
    values = runtime.tabulate(function, domains, result, scope, fuel, drop)
    return Table(function.name, values, result, function.span)


def network(function: syntax.Function, scope: Scope) -> Network:
    """The network that `@Learn([d1, ...], d_out, hid_sizes=[...])` declares (paper section 2.2).

    Raises:
      StaticError: the decorator is wrong, or the function has a body.
    """
    call = function.decorator
    inputs, output = _signature(function, call, scope)
    keywords = dict(call.keywords)
    if set(keywords) != {"hid_sizes"}:
        raise StaticError(
            "E505", call.span, "@Learn needs 'hid_sizes'", "write hid_sizes=[256, 256]"
        )
    sizes = keywords["hid_sizes"]
    if not isinstance(sizes, syntax.ListDisplay):
        raise StaticError("E505", sizes.span, "hid_sizes is not a list", "write [256, 256]")
    if any(not isinstance(s, syntax.Pass) for s in function.body):
        raise StaticError(
            "E505", function.span, "a learned function has no body", "write 'pass' as its body"
        )
    hidden = tuple(positive(size, scope, "a layer's width") for size in sizes.items)
    return Network(function.name, inputs, output, hidden, function.span)


def _signature(
    function: syntax.Function, call: syntax.Call, scope: Scope
) -> tuple[tuple[Domain, ...], Domain]:
    if len(call.arguments) != 2 or not isinstance(call.arguments[0], syntax.ListDisplay):
        raise StaticError(
            "E505",
            call.span,
            f"@{call.function} takes the domains of the arguments and of the result",
            f"write '@{call.function}([4, 4], 4)'",
        )
    domains = tuple(domain(item, scope) for item in call.arguments[0].items)
    if len(domains) != len(function.parameters):
        raise StaticError(
            "E506",
            function.span,
            f"'{function.name}' has {len(function.parameters)} parameters and "
            f"{len(domains)} domains",
            "give one domain for each parameter",
        )
    return domains, domain(call.arguments[1], scope)
