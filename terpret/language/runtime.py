"""`@Runtime` functions: their bodies run on integers here, once for every tuple of arguments.

The table of results *is* the meaning of the function: the compiler never sees the body again.
"""

import itertools
import math
from collections.abc import Callable

import numpy as np

from terpret.language import static, syntax
from terpret.language.errors import Span
from terpret.language.static import StaticError, Value

MAX_TABLE = 1_000_000
FUEL = 1_000_000
DROPPED = -1


class _Returned(Exception):
    def __init__(self, value: Value, span: Span):
        self.value, self.span = value, span


class _Frame:
    """The names one call sees: its locals, then the model's constants."""

    def __init__(self, values: dict[str, Value], model: static.Scope, fuel: list[int]):
        self.values, self.model, self.fuel = values, model, fuel

    def lookup(self, name: str, span: Span) -> Value:
        if name in self.values:
            return self.values[name]
        return self.model.lookup(name, span)

    def element(self, name: str, index: tuple[int, ...], span: Span) -> Value:
        if name in self.values:
            return static.item(self.values[name], index, span)
        return self.model.element(name, index, span)

    def call(self, name: str, arguments: tuple[Value, ...], span: Span) -> Value:
        self.burn(len(arguments) + 1, span)
        return self.model.call(name, arguments, span)

    def burn(self, amount: int, span: Span) -> None:
        self.fuel[0] -= amount
        if self.fuel[0] < 0:
            raise StaticError(
                "E602",
                span,
                f"the model's functions take more than {FUEL:,} steps to tabulate",
                "make its loops or its domains smaller",
            )


Step = Callable[[_Frame], None]


def tabulate(
    function: syntax.Function,
    domains: tuple[int, ...],
    size: int,
    scope: static.Scope,
    fuel: list[int],
    drop_out_of_range: bool = False,
) -> np.ndarray:
    """Evaluates a function on its whole domain.

    Args:
      function: the function; its body is statements on integers.
      domains: the number of values of each argument.
      size: the number of values of the result.
      scope: the model's constants and other functions.
      fuel: the steps that are left for the whole model, counted down.
      drop_out_of_range: a result outside the range becomes `DROPPED` instead of an error.

    Returns:
      int32 array of shape `domains`: the result for every tuple of arguments.

    Raises:
      StaticError: the body is not a function on integers, takes too long, or leaves its range.
    """
    entries = math.prod(domains)
    if entries > MAX_TABLE:
        raise StaticError(
            "E603",
            function.decorator.span,
            f"the table of '{function.name}' has {entries:,} entries",
            f"make its domains smaller: at most {MAX_TABLE:,}",
        )
    run = body(function)
    table = np.empty(domains, np.int32)
    for arguments in itertools.product(*map(range, domains)):
        value, span = run(arguments, scope, fuel)
        if not 0 <= value < size:
            if not drop_out_of_range:
                call = f"{function.name}({', '.join(map(str, arguments))})"
                raise StaticError(
                    "E502",
                    span,
                    f"{call} is {value}, outside 0..{size - 1}",
                    f"write '% {size}', or declare @Runtime(..., out_of_range=\"drop\")",
                )
            value = DROPPED
        table[arguments] = value
    return table


def body(function: syntax.Function) -> Callable[..., tuple[int, Span]]:
    """Translates a function's body into `run(arguments, scope, fuel) -> (result, place)`."""
    steps = _block(function.body)

    def run(arguments: tuple[Value, ...], scope: static.Scope, fuel: list[int]) -> tuple[int, Span]:
        frame = _Frame(dict(zip(function.parameters, arguments, strict=True)), scope, fuel)
        try:
            for step in steps:
                step(frame)
        except _Returned as result:
            if not isinstance(result.value, int):
                raise StaticError(
                    "E503", result.span, f"'{function.name}' returns a list", "return an integer"
                ) from None
            return int(result.value), result.span
        raise StaticError(
            "E503",
            function.span,
            f"'{function.name}({', '.join(map(str, arguments))})' ends without a return",
            "end every path with 'return'",
        )

    return run


def _block(statements: tuple[syntax.Statement, ...]) -> list[Step]:
    return [_step(statement) for statement in statements]


def _step(statement: syntax.Statement) -> Step:
    span = statement.span
    match statement:
        case syntax.Return(value):
            result = static.closure(value)

            def step(frame: _Frame) -> None:
                frame.burn(1, span)
                raise _Returned(result(frame), span)

        case syntax.Assign(syntax.Name(name), value):
            result = static.closure(value)

            def step(frame: _Frame) -> None:
                frame.burn(1, span)
                frame.values[name] = result(frame)

        case syntax.If(branches, orelse):
            cases = [(static.closure(test), _block(inner)) for test, inner in branches]
            otherwise = _block(orelse or ())

            def step(frame: _Frame) -> None:
                frame.burn(1, span)
                chosen = next((inner for test, inner in cases if test(frame)), otherwise)
                for inner in chosen:
                    inner(frame)

        case syntax.For(name, iterable, inner):
            values, steps = static.closure(iterable), _block(inner)

            def step(frame: _Frame) -> None:
                sequence = values(frame)
                if not isinstance(sequence, tuple | range):
                    raise StaticError("E301", span, "this is not a list", "write 'range(n)'")
                for value in sequence:
                    frame.burn(1, span)
                    frame.values[name] = value
                    for each in steps:
                        each(frame)

        case syntax.Pass():

            def step(frame: _Frame) -> None:
                frame.burn(1, span)

        case _:
            raise StaticError(
                "E504",
                span,
                "this statement has no place in a @Runtime function",
                "use assignments, 'if', 'for' and 'return' on integers",
            )
    return step
