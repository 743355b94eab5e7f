"""What a generated model can read at one point, and random expressions of that."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import TypeVar

from hypothesis import strategies as st

from terpret.language import syntax
from terpret.language.syntax import Binary, Call, Compare, Expression, Name, Number, Subscript

Item = TypeVar("Item")
Statements = tuple[syntax.Statement, ...]

MAX_TABLES = 6


@dataclasses.dataclass(frozen=True)
class Scalar:
    """A variable or an element: an expression over `domain` values."""

    expression: Expression
    domain: int


@dataclasses.dataclass(frozen=True)
class Array:
    """An array all of whose elements with the given first indices can be read."""

    name: str
    prefix: tuple[Expression, ...]
    dims: tuple[int, ...]
    domain: int


@dataclasses.dataclass(frozen=True)
class Static:
    """A value known when the model is compiled, 0..size-1: a loop's or a bound variable's."""

    expression: Expression
    size: int


@dataclasses.dataclass(frozen=True)
class Context:
    """What can be read at one point, and what a new variable needs there.

    Attributes:
      scalars: what can be read.
      arrays: the arrays that can be read.
      statics: the known values.
      loops: the enclosing loops, one index each for a variable declared for the body.
      depth: the number of enclosing compound statements.
      declare: whether the body may have variables of its own.
    """

    scalars: tuple[Scalar, ...] = ()
    arrays: tuple[Array, ...] = ()
    statics: tuple[Static, ...] = ()
    loops: tuple[Static, ...] = ()
    depth: int = 0
    declare: bool = True

    def reading(self, *scalars: Scalar) -> "Context":
        return dataclasses.replace(self, scalars=self.scalars + scalars)

    def deeper(self, *statics: Static) -> "Context":
        return dataclasses.replace(self, statics=self.statics + statics, depth=self.depth + 1)

    def looping(self, loop: Static) -> "Context":
        return dataclasses.replace(self.deeper(loop), loops=(*self.loops, loop))


@dataclasses.dataclass(frozen=True)
class _Table:
    name: str
    domains: tuple[int, ...]
    result: int


class Expressions:
    """Draws expressions, and makes the functions that they call.

    Attributes:
      functions: the declarations of the functions so far.
      drops: whether one of them may lose mass.
    """

    def __init__(self, draw: st.DrawFn, networks: bool):
        self._draw, self._networks = draw, networks
        self.functions: list[syntax.Statement] = []
        self.drops = False
        self._tables: list[_Table] = []
        self._count = 0

    # Choices.

    def number(self, least: int, most: int) -> int:
        return self._draw(st.integers(least, most))

    def one_of(self, items: Sequence[Item]) -> Item:
        return items[self.number(0, len(items) - 1)]

    def chance(self, percent: int) -> bool:
        return self.number(0, 99) >= 100 - percent

    def name(self, stem: str) -> str:
        self._count += 1
        return f"{stem}{self._count}"

    def domain(self) -> int:
        return self.one_of((2, 3, 2, 3, 4, 1)) if self.chance(80) else 2

    # Expressions.

    def subject(self, context: Context) -> Scalar:
        """What a chain tests or a `with` binds: a variable, or a function of one."""
        place = self.place(context)
        if not self.chance(25):
            return place
        result = self.domain()
        table = self._table((place.domain,), result)
        return Scalar(Call(table.name, (place.expression,)), result)

    def place(self, context: Context) -> Scalar:
        """Something that can be read and is not known."""
        places = [*context.scalars, *context.arrays]
        chosen = self.one_of(places)
        return chosen if isinstance(chosen, Scalar) else self.picked(context, chosen)

    def picked(self, context: Context, array: Array) -> Scalar:
        return element(array, tuple(self.known(context, size) for size in array.dims))

    def known(self, context: Context, size: int) -> Expression:
        """A known value in 0..size-1; inside a `with` or a loop most often one of theirs."""
        fitting = [known.expression for known in context.statics if known.size <= size]
        if fitting and self.chance(70):
            return self.one_of(fitting)
        if context.statics and self.chance(30):
            known = self.one_of(context.statics).expression
            if self.chance(50):
                return Binary("%", Binary("+", known, Number(self.number(0, 2))), Number(size))
            test = Compare(known, ("<",), (Number(self.number(0, 2)),))
            low, high = (Number(self.number(0, size - 1)) for _ in range(2))
            return syntax.Conditional(test, low, high)
        return Number(self.number(0, size - 1))

    def value(self, context: Context, domain: int, depth: int = 2) -> Expression:
        """An expression over `domain` values."""
        makers: list[Callable[[], Expression]] = [lambda: self.known(context, domain)]
        for scalar in context.scalars:
            if scalar.domain == domain:
                makers.append(lambda scalar=scalar: scalar.expression)
        for array in context.arrays:
            if array.domain == domain:
                makers += [lambda array=array: self.picked(context, array).expression] * 2
        if depth > 0:
            makers += [lambda: self._call(context, domain, depth)] * 3
        return self.one_of(makers)()

    def _call(self, context: Context, domain: int, depth: int) -> Expression:
        place = self.place(context)
        domains = (place.domain, *(self.domain() for _ in range(self.number(0, 1))))
        table = self._table(domains, domain)
        arguments = [self.value(context, size, depth - 1) for size in table.domains]
        if table.domains[0] == place.domain and self.chance(60):
            arguments[0] = place.expression
            if len(set(table.domains)) == 1 and self.chance(30):
                arguments = [place.expression] * len(arguments)
        return Call(table.name, tuple(arguments))

    def _table(self, domains: tuple[int, ...], result: int) -> _Table:
        """A function with this result; a new one, or one that exists if it fits."""
        fitting = [t for t in self._tables if (t.domains, t.result) == (domains, result)]
        if fitting and (len(self._tables) >= MAX_TABLES or self.chance(50)):
            return self.one_of(fitting)
        table = _Table(self.name("f"), domains, result)
        self.functions.append(self._function(table))
        self._tables.append(table)
        return table

    def _function(self, table: _Table) -> syntax.Function:
        parameters = tuple("pq"[: len(table.domains)])
        signature = (syntax.ListDisplay(tuple(map(Number, table.domains))), Number(table.result))
        if self._networks and self.chance(15):
            sizes = ("hid_sizes", syntax.ListDisplay((Number(4),)))
            learned = Call("Learn", signature, (sizes,))
            return syntax.Function(table.name, parameters, learned, (syntax.Pass(),))
        dropping = self.chance(20)
        self.drops |= dropping
        keywords = (("out_of_range", syntax.Text("drop")),) if dropping else ()
        body = self._body(parameters, table.domains, table.result, dropping)
        return syntax.Function(table.name, parameters, Call("Runtime", signature, keywords), body)

    def _body(
        self, parameters: tuple[str, ...], domains: tuple[int, ...], result: int, drop: bool
    ) -> Statements:
        names = [Name(parameter) for parameter in parameters]
        total: Expression = Number(self.number(0, 2))
        for name in names:
            total = Binary("+", total, Binary("*", Number(self.number(0, 3)), name))
        bounded = total if drop else Binary("%", total, Number(result))
        other = Number(self.number(0, result - 1))
        test = Compare(names[0], ("==",), (Number(self.number(0, domains[0] - 1)),))
        form = self.number(0, 3)
        if form == 0:
            return (syntax.Return(bounded),)
        if form == 1:
            return (syntax.Return(syntax.Conditional(test, other, bounded)),)
        if form == 2:
            return (
                syntax.If(((test, (syntax.Return(other),)),)),
                syntax.Assign(Name("total"), total),
                syntax.Return(bounded),
            )
        rows: Expression = self._rows(domains, result + drop)
        return (syntax.Return(Subscript(rows, tuple(names))),)

    def _rows(self, domains: tuple[int, ...], limit: int) -> Expression:
        if not domains:
            return Number(self.number(0, limit - 1))
        return syntax.ListDisplay(tuple(self._rows(domains[1:], limit) for _ in range(domains[0])))


def element(array: Array, index: tuple[Expression, ...]) -> Scalar:
    where = array.prefix + index
    name = Name(array.name)
    return Scalar(Subscript(name, where) if where else name, array.domain)


def with_array(context: Context, array: Array) -> Context:
    return dataclasses.replace(context, arrays=(*context.arrays, array))
