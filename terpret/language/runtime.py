"""`@Runtime` functions: their bodies run on integers here, once for every tuple of arguments.

The table of results *is* the meaning of the function: the compiler never sees the body again.
"""

import itertools
import math
from collections.abc import Callable, Iterator

import numpy as np

from terpret.language import static, syntax
from terpret.language.errors import Span
from terpret.language.static import Value
from terpret.language.static_error import StaticError
from terpret.language.step_limit import Fuel, OutOfFuel

MAX_TABLE = 4_000_000
MAX_ARGUMENTS = 8
DROPPED = -1
CALL_STEPS = 30

Result = tuple[Value, Span] | None
Body = Callable[[tuple[int, ...], static.Scope, Fuel], tuple[int, Span]]


class Frame:
    """The names one call sees: its locals, then the model's constants."""

    def __init__(
        self, values: dict[str, Value], local: frozenset[str], model: static.Scope, fuel: Fuel
    ):
        self.values, self.local, self.model = values, local, model
        self.burn = fuel.spend

    def lookup(self, name: str, span: Span) -> Value:
        if name in self.values:
            return self.values[name]
        self._outside(name, span)
        return self.model.lookup(name, span)

    def element(self, name: str, index: static.Index, span: Span) -> Value:
        if name in self.values:
            return static.item(self.values[name], index(), span)
        self._outside(name, span)
        return self.model.element(name, index, span)

    def call(self, name: str, arguments: tuple[Value, ...], span: Span) -> Value:
        return self.model.call(name, arguments, span)

    def _outside(self, name: str, span: Span) -> None:
        if name in self.local:
            raise StaticError(
                "E508",
                span,
                f"'{name}' is read before the function assigns it",
                f"assign '{name}' on every path first, or give it another name",
            )


Step = Callable[[Frame], Result]


def tabulate(
    function: syntax.Function,
    run: Body,
    domains: tuple[int, ...],
    size: int,
    scope: static.Scope,
    fuel: Fuel,
    drop_out_of_range: bool = False,
) -> np.ndarray:
    """Evaluates a function on its whole domain.

    Args:
      function: the function.
      run: its translated body, see `body`.
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
    numbers = math.prod(domains) * size
    if numbers > MAX_TABLE or len(domains) > MAX_ARGUMENTS:
        raise StaticError(
            "E603",
            function.decorator.span,
            f"the table of '{function.name}' has {numbers:,} numbers"
            if numbers > MAX_TABLE
            else f"'{function.name}' has {len(domains)} arguments",
            f"at most {MAX_TABLE:,} numbers (arguments times results) and {MAX_ARGUMENTS} "
            "arguments: split the function",
        )
    table = np.empty(domains, np.int32)
    for arguments in itertools.product(*map(range, domains)):
        value, span = run(arguments, scope, fuel)
        if not 0 <= value < size:
            if not drop_out_of_range:
                raise StaticError(
                    "E502",
                    span,
                    f"{called(function, arguments)} is {value}, outside 0..{size - 1}",
                    f"write '% {size}', or declare @Runtime(..., out_of_range=\"drop\")",
                )
            value = DROPPED
        table[arguments] = value
    return table


def called(function: syntax.Function, arguments: tuple[int, ...]) -> str:
    """`f(1, 2)`, for messages."""
    return f"{function.name}({', '.join(str(int(argument)) for argument in arguments)})"


def body(function: syntax.Function) -> Body:
    """Translates a function's body into `run(arguments, scope, fuel) -> (result, place)`.

    Raises:
      StaticError: a statement has no place in a function on integers.
    """
    steps = _block(function.body)
    local = frozenset(_assigned(function.body))

    def run(arguments: tuple[int, ...], scope: static.Scope, fuel: Fuel) -> tuple[int, Span]:
        fuel.spend(CALL_STEPS, function.span)
        frame = Frame(dict(zip(function.parameters, arguments, strict=True)), local, scope, fuel)
        try:
            result = _run(steps, frame)
        except OutOfFuel:
            raise
        except StaticError as error:
            where = f"{error.message} (in {called(function, arguments)})"
            message = error.message if " (in " in error.message else where
            unknown = error.code == "E204"
            help = "pass it as an argument" if unknown else error.help
            raise type(error)(error.code, error.span, message, help) from None
        if result is None:
            raise StaticError(
                "E503",
                function.span,
                f"{called(function, arguments)} ends without a 'return'",
                "end every path with 'return'",
            )
        value, span = result
        if not isinstance(value, int):
            raise StaticError(
                "E503",
                span,
                f"{called(function, arguments)} returns a list",
                "return an integer",
            )
        return int(value), span

    return run


def _assigned(statements: tuple[syntax.Statement, ...]) -> Iterator[str]:
    for statement in statements:
        match statement:
            case syntax.Assign(syntax.Name(name)):
                yield name
            case syntax.For(name, _, inner):
                yield name
                yield from _assigned(inner)
            case syntax.If(branches, orelse):
                for _, inner in branches:
                    yield from _assigned(inner)
                yield from _assigned(orelse or ())


def _block(statements: tuple[syntax.Statement, ...]) -> tuple[Step, ...]:
    return tuple(_step(statement) for statement in statements)


def _run(steps: tuple[Step, ...], frame: Frame) -> Result:
    for step in steps:
        result = step(frame)
        if result is not None:
            return result
    return None


def _step(statement: syntax.Statement) -> Step:
    span = statement.span
    match statement:
        case syntax.Return(value):
            result, steps = static.closure(value), 2 + static.cost(value)

            def step(frame: Frame) -> Result:
                frame.burn(steps, span)
                return result(frame), span

        case syntax.Assign(syntax.Name(name), value):
            result, steps = static.closure(value), 2 + static.cost(value)

            def step(frame: Frame) -> Result:
                frame.burn(steps, span)
                frame.values[name] = result(frame)
                return None

        case syntax.If():
            return _if(statement)

        case syntax.For(name, iterable, inner):
            values, block = static.closure(iterable), _block(inner)
            steps = 2 + static.cost(iterable)

            def step(frame: Frame) -> Result:
                frame.burn(steps, span)
                sequence = values(frame)
                if not isinstance(sequence, tuple | range):
                    raise StaticError("E301", span, "this is not a list", "write 'range(n)'")
                for value in sequence:
                    frame.burn(2, span)
                    frame.values[name] = value
                    found = _run(block, frame)
                    if found is not None:
                        return found
                return None

        case syntax.Pass():

            def step(frame: Frame) -> Result:
                return None

        case _:
            raise StaticError(
                "E504",
                span,
                "this statement has no place in a @Runtime function",
                "use assignments, 'if', 'for' and 'return' on integers",
            )
    return step


def _if(statement: syntax.If) -> Step:
    span = statement.span
    cases = [
        (static.closure(test), 2 + static.cost(test), _block(inner))
        for test, inner in statement.branches
    ]
    otherwise = _block(statement.orelse or ())

    def step(frame: Frame) -> Result:
        for test, steps, inner in cases:
            frame.burn(steps, span)
            if test(frame):
                return _run(inner, frame)
        return _run(otherwise, frame)

    return step
