"""Declarations of `@Runtime` and `@Learn` functions, from surface nodes to bindings."""

import math

from terpret.language import runtime, static, syntax
from terpret.language.checked import Domain, Network, Table, size_of
from terpret.language.convolutions import conv_sizes
from terpret.language.declarations import domain
from terpret.language.network_layers import ConvSizes, kernel_shapes
from terpret.language.scope import Scope
from terpret.language.static_error import StaticError
from terpret.language.step_limit import Fuel

MAX_WIDTH = 100_000
OPTIONS = ("hid_sizes", "conv_sizes")
MAX_WEIGHTS = 50_000_000


def table(function: syntax.Function, run: runtime.Body, scope: Scope, fuel: Fuel) -> Table:
    """Tabulates `@Runtime([d1, ...], d)`.

    Args:
      function: the declaration.
      run: its translated body.
      scope: the constants and functions it sees.
      fuel: the steps that are left.

    Raises:
      StaticError: the decorator is wrong, or the function is not one on its domains.
    """
    call = function.decorator
    domains, result = _signature(function, scope)
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
                f"@{call.function} has no such option as this '{keyword}'",
                'write out_of_range="drop", or nothing',
            )
        drop = value == syntax.Text("drop")
    values = runtime.tabulate(
        function, run, tuple(map(size_of, domains)), result, scope, fuel, drop
    )
    return Table(function.name, values, result, function.span)


def network(function: syntax.Function, scope: Scope) -> Network:
    """The network that `@Learn([d1, ...], d_out, hid_sizes=[...])` declares (paper section 2.2).

    With `conv_sizes=[(channels, kernel), ...]` it begins with convolutions.

    Raises:
      StaticError: the decorator is wrong, or the function has a body.
    """
    call = function.decorator
    inputs, output = _signature(function, scope)
    keywords = dict(call.keywords)
    unknown = [keyword for keyword in keywords if keyword not in OPTIONS]
    if unknown or "hid_sizes" not in keywords:
        raise StaticError(
            "E505",
            call.span,
            f"@Learn takes no option '{unknown[0]}'" if unknown else "@Learn needs 'hid_sizes'",
            "write hid_sizes=[256, 256], and conv_sizes=[(6, 5), (16, 5)] for convolutions",
        )
    if not inputs:
        raise StaticError(
            "E505", call.span, "a learned function has arguments", "write '@Learn([4], 2, ...)'"
        )
    if any(not isinstance(s, syntax.Pass) for s in function.body):
        raise StaticError(
            "E505", function.span, "a learned function has no body", "write 'pass' as its body"
        )
    given = keywords["hid_sizes"]
    hidden = static.evaluate(given, scope)
    if not isinstance(hidden, tuple):
        raise StaticError("E505", given.span, "hid_sizes is not a list", "write [256, 256]")
    for width in hidden:
        if isinstance(width, bool) or not isinstance(width, int) or not 0 < width <= MAX_WIDTH:
            raise StaticError(
                "E205", given.span, f"a layer's width is {width}", f"use 1 to {MAX_WIDTH:,}"
            )
    convolutions: ConvSizes = ()
    if "conv_sizes" in keywords:
        convolutions = conv_sizes(keywords["conv_sizes"], inputs, function, scope)
    made = Network(function.name, inputs, output, hidden, function.span, convolutions)
    weights = sum(map(math.prod, kernel_shapes(made)))
    if weights > MAX_WEIGHTS:
        raise StaticError(
            "E604",
            call.span,
            f"the network '{function.name}' has {weights:,} weights",
            f"make its layers smaller: at most {MAX_WEIGHTS:,}",
        )
    return made


def _signature(function: syntax.Function, scope: Scope) -> tuple[tuple[Domain, ...], Domain]:
    call = function.decorator
    if len(call.arguments) != 2:
        raise StaticError(
            "E505",
            call.span,
            f"@{call.function} takes the domains of the arguments and of the result",
            f"write '@{call.function}([4, 4], 4)'",
        )
    domains = _domains(call.arguments[0], scope)
    if len(domains) != len(function.parameters):
        raise StaticError(
            "E506",
            function.span,
            f"'{function.name}' has {len(function.parameters)} parameters and "
            f"{len(domains)} domains",
            "give one domain for each parameter",
        )
    return domains, domain(call.arguments[1], scope)


def _domains(expression: syntax.Expression, scope: Scope) -> tuple[Domain, ...]:
    if isinstance(expression, syntax.ListDisplay):
        return tuple(domain(item, scope) for item in expression.items)
    sizes = static.evaluate(expression, scope)
    if not isinstance(sizes, tuple):
        raise StaticError(
            "E505", expression.span, "the arguments' domains are a list", "write '[4, 4]'"
        )
    return tuple(domain(syntax.Number(size, expression.span), scope) for size in sizes)
