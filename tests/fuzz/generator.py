"""Random well-typed models, built from the typing rules and never filtered.

A block of statements is asked for with *targets*, what it must set. It may first set locals of
its own, and then sets the targets by assignments, chains, `with`s, loops or `@Inline` calls, whose
blocks are asked for the same. What an expression may read is kept in a `Context`.
"""

import dataclasses
from collections.abc import Callable, Sequence
from typing import TypeVar

from hypothesis import strategies as st

from terpret.language import syntax
from terpret.language.printer import print_module
from terpret.language.syntax import Binary, Call, Compare, Expression, Name, Number, Subscript

Item = TypeVar("Item")
Statements = tuple[syntax.Statement, ...]

MAX_DEPTH = 3
MAX_BRANCHING = 9
MAX_TABLES = 6


@dataclasses.dataclass(frozen=True, repr=False)
class Model:
    """A generated model.

    Attributes:
      module: its surface tree.
      drops: whether a function may lose mass.
    """

    module: syntax.Module
    drops: bool

    def __repr__(self) -> str:
        return f"drops={self.drops}\n{print_module(self.module)}"


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


@st.composite
def models(draw: st.DrawFn, networks: bool = True) -> Model:
    """A well-typed model with at least one Param, one Input and one Output.

    Args:
      draw: from hypothesis.
      networks: whether functions may be learned.
    """
    return _Builder(draw, networks).model()


class _Builder:
    def __init__(self, draw: st.DrawFn, networks: bool):
        self._draw, self._networks, self._drops = draw, networks, False
        self._declarations: list[syntax.Statement] = []
        self._functions: list[syntax.Statement] = []
        self._tables: list[_Table] = []
        self._count = 0
        self._compounds = draw(st.integers(1, 12))

    # Choices.

    def _number(self, least: int, most: int) -> int:
        return self._draw(st.integers(least, most))

    def _one_of(self, items: Sequence[Item]) -> Item:
        return items[self._number(0, len(items) - 1)]

    def _chance(self, percent: int) -> bool:
        return self._number(0, 99) >= 100 - percent

    def _name(self, stem: str) -> str:
        self._count += 1
        return f"{stem}{self._count}"

    def _domain(self) -> int:
        return self._one_of((2, 3, 2, 3, 4, 1)) if self._chance(80) else 2

    # The model.

    def model(self) -> Model:
        context = Context()
        for kind in ["Param"] * self._number(1, 3) + ["Input"] * self._number(1, 2):
            if self._chance(40):
                array = self._declared(kind, (self._number(2, 3),))
                context = dataclasses.replace(context, arrays=(*context.arrays, array))
            else:
                array = self._declared(kind, ())
                context = context.reading(Scalar(Name(array.name), array.domain))
        targets = []
        for _ in range(self._number(1, 2)):
            output = self._declared("Output", (2,) if self._chance(25) else ())
            where = [Number(0), Number(1)] if output.dims else []
            names = [Subscript(Name(output.name), (i,)) for i in where] or [Name(output.name)]
            targets += [Scalar(name, output.domain) for name in names]
        body = self._block(context, targets)
        statements = (*self._declarations, *self._functions, *body)
        return Model(syntax.Module(statements), self._drops)

    def _declared(self, kind: str, dims: tuple[int, ...], domain: int | None = None) -> Array:
        array = Array(self._name(kind[0].lower()), (), dims, domain or self._domain())
        value: Expression = Call(kind, (Number(array.domain),))
        if dims:
            value = Subscript(value, tuple(map(Number, dims)))
        self._declarations.append(syntax.Assign(Name(array.name), value))
        return array

    def _fresh(self, context: Context, dims: tuple[int, ...]) -> Array:
        """A new variable for the body of the enclosing loops."""
        sizes = tuple(loop.size for loop in context.loops)
        whole = self._declared("Var", sizes + dims)
        prefix = tuple(loop.expression for loop in context.loops)
        return Array(whole.name, prefix, dims, whole.domain)

    # Statements.

    def _block(self, context: Context, targets: Sequence[Scalar]) -> Statements:
        statements: Statements = ()
        while context.declare and self._compounds > 0 and self._chance(55):
            more, context = self._local(context)
            statements += more
        targets = list(targets)
        while targets:
            size = self._number(1, len(targets))
            group, targets = targets[:size], targets[size:]
            statements += self._setting(context, group)
            context = context.reading(*group)
        return statements or (syntax.Pass(),)

    def _setting(self, context: Context, targets: Sequence[Scalar]) -> Statements:
        """Statements that set every target."""
        if context.depth < MAX_DEPTH and self._compounds > 0 and self._chance(60):
            self._compounds -= 1
            forms = [self._chain, self._with, self._with, self._static_chain, self._inline]
            return self._one_of(forms)(context, targets)
        return tuple(
            syntax.SetTo("set_to", t.expression, self._value(context, t.domain)) for t in targets
        )

    def _chain(self, context: Context, targets: Sequence[Scalar]) -> Statements:
        return (self._tested(context, targets, complete=True),)

    def _tested(self, context: Context, targets: Sequence[Scalar], complete: bool) -> syntax.If:
        subject = self._subject(context)
        inner = context.deeper()
        remaining = set(range(subject.domain))
        branches = []
        while remaining:
            last = branches and (len(branches) >= 2 or self._chance(50))
            if last and (complete or len(remaining) == 1):
                break
            test, holds = self._test(context, subject, remaining)
            if not complete and holds == remaining and (branches or len(remaining) > 1):
                break
            branches.append((test, self._block(inner, targets)))
            if holds is None:
                break
            remaining -= holds
            if not complete and branches and self._chance(50):
                break
        if not branches:
            first = min(remaining)
            test = Compare(subject.expression, ("==",), (Number(first),))
            branches, remaining = [(test, self._block(inner, targets))], remaining - {first}
        orelse = self._block(inner, targets) if complete and remaining else None
        if orelse and len(orelse) == 1 and isinstance(orelse[0], syntax.If):
            orelse = (syntax.Pass(), *orelse)
        return syntax.If(tuple(branches), orelse)

    def _test(
        self, context: Context, subject: Scalar, remaining: set[int]
    ) -> tuple[Expression, set[int] | None]:
        """A test that some remaining value passes, and those; None when a bound value decides."""
        s, n = subject.expression, subject.domain
        bound = [known for known in context.statics if known.size <= n]
        if bound and len(remaining) == n and self._chance(25):
            return Compare(s, ("==",), (self._one_of(bound).expression,)), None
        a = self._one_of(sorted(remaining))
        b = self._number(0, n - 1)
        is_a, is_b = (Compare(s, ("==",), (Number(k),)) for k in (a, b))
        both = syntax.ListDisplay((Number(a), Number(b)))
        every = set(range(n))
        tests = [
            (is_a, {a}),
            (Compare(Number(a), ("==",), (s,)), {a}),
            (syntax.Logical("or", (is_a, is_b)), {a, b}),
            (Compare(s, ("in",), (both,)), {a, b}),
            (Compare(s, ("<=",), (Number(a),)), set(range(a + 1))),
            (Compare(Number(a + 1), (">",), (s,)), set(range(a + 1))),
            (Compare(s, (">=",), (Number(a),)), set(range(a, n))),
            (Compare(Number(a), ("<=", "<"), (s, Number(n))), set(range(a, n))),
            (syntax.Logical("or", (is_a, syntax.Unary("not", is_b))), {a} | (every - {b})),
        ]
        if a != b:
            differs = Compare(s, ("!=",), (Number(b),))
            least = Compare(s, ("<=",), (Number(a),))
            tests += [
                (differs, every - {b}),
                (syntax.Unary("not", is_b), every - {b}),
                (Compare(s, ("not in",), (syntax.ListDisplay((Number(b),)),)), every - {b}),
                (syntax.Logical("and", (differs, least)), set(range(a + 1)) - {b}),
            ]
        test, holds = self._one_of(tests)
        return test, holds & remaining

    def _static_chain(self, context: Context, targets: Sequence[Scalar]) -> Statements:
        """A chain on a known value; without one, a `with` that makes it known."""
        if not context.statics:
            return self._with(context, targets)
        known = self._one_of(context.statics)
        operator = self._one_of(("==", "<", ">="))
        test = Compare(known.expression, (operator,), (Number(self._number(0, known.size - 1)),))
        inner = context.deeper()
        orelse = (syntax.Pass(), *self._block(inner, targets))
        return (syntax.If(((test, self._block(inner, targets)),), orelse),)

    def _with(self, context: Context, targets: Sequence[Scalar]) -> Statements:
        subject = self._subject(context)
        if context.declare and self._chance(25):
            unnamed = self._unnamed(context)
            if unnamed:
                inner, known = unnamed
                body = self._block(inner.deeper(known), targets)
                return (syntax.With(known.expression, None, body),)
        known = Static(Name(self._name("v")), subject.domain)
        body = self._block(context.deeper(known), targets)
        return (syntax.With(subject.expression, known.expression.id, body),)

    def _unnamed(self, context: Context) -> tuple[Context, Static] | None:
        """What a `with` without a name can bind, and what can be read in its body besides."""
        if self._chance(30):
            constant = [
                _element(array, tuple(Number(self._number(0, size - 1)) for size in array.dims))
                for array in context.arrays
            ]
            names = [known.expression for known in context.statics]
            fresh = [element for element in constant if element.expression not in names]
            if fresh:
                chosen = self._one_of(fresh)
                return context, Static(chosen.expression, chosen.domain)
        # Something must be left that is not known.
        if not context.scalars or len(context.scalars) + len(context.arrays) == 1:
            return None
        chosen = self._one_of(context.scalars)
        rest = tuple(s for s in context.scalars if s != chosen)
        return dataclasses.replace(context, scalars=rest), Static(chosen.expression, chosen.domain)

    def _inline(self, context: Context, targets: Sequence[Scalar]) -> Statements:
        """A call of a function made for these targets, and its declaration."""
        inputs, arguments = [], []
        for _ in range(self._number(1, 2)):
            argument = self._place(context)
            inputs.append(Scalar(Name(self._name("a")), argument.domain))
            arguments.append(argument.expression)
        results = [Scalar(Name(self._name("r")), target.domain) for target in targets]
        body = self._block(Context(tuple(inputs), depth=context.depth + 1, declare=False), results)
        function = self._name("g")
        parameters = tuple(s.expression.id for s in (*inputs, *results))
        self._functions.append(syntax.Function(function, parameters, Call("Inline", ()), body))
        arguments += [target.expression for target in targets]
        return (syntax.CallStatement(Call(function, tuple(arguments))),)

    # Locals: statements after which something new can be read.

    def _local(self, context: Context) -> tuple[Statements, Context]:
        self._compounds -= 1
        forms = [self._scalar, self._scalar, self._partial, self._loop, self._scan, self._switch]
        return self._one_of(forms)(context)

    def _scalar(self, context: Context) -> tuple[Statements, Context]:
        target = _element(self._fresh(context, ()), ())
        return self._setting(context, [target]), context.reading(target)

    def _partial(self, context: Context) -> tuple[Statements, Context]:
        """A chain or a `with` that sets something only where some value is taken."""
        if context.depth >= MAX_DEPTH:
            return self._scalar(context)
        if self._chance(50):
            target = _element(self._fresh(context, ()), ())
            return (self._tested(context, [target], complete=False),), context
        subject = self._subject(context)
        array = self._fresh(context, (subject.domain,))
        known = Static(Name(self._name("v")), subject.domain)
        target = _element(array, (known.expression,))
        body = self._block(context.deeper(known), [target])
        if subject.domain == 1:
            context = context.reading(_element(array, (Number(0),)))
        return (syntax.With(subject.expression, known.expression.id, body),), context

    def _loop(self, context: Context) -> tuple[Statements, Context]:
        size = self._number(2, 3)
        array = self._fresh(context, (size,))
        index = Static(Name(self._name("t")), size)
        inner = context.looping(index)
        target = _element(array, (index.expression,))
        body = self._block(inner, [target])
        loop = syntax.For(index.expression.id, Call("range", (Number(size),)), body)
        return (loop,), _with_array(context, array)

    def _scan(self, context: Context) -> tuple[Statements, Context]:
        """`x[0]` is set, then `x[t + 1]` from `x[t]`."""
        size = self._number(1, 2)
        array = self._fresh(context, (size + 1,))
        first = _element(array, (Number(0),))
        statements = self._setting(context, [first])
        index = Static(Name(self._name("t")), size)
        before = _element(array, (index.expression,))
        after = _element(array, (Binary("+", index.expression, Number(1)),))
        body = self._block(context.looping(index).reading(before), [after])
        loop = syntax.For(index.expression.id, Call("range", (Number(size),)), body)
        return (*statements, loop), _with_array(context, array)

    def _switch(self, context: Context) -> tuple[Statements, Context]:
        """A bound variable decides which elements of an array are set, and how."""
        if context.depth >= MAX_DEPTH:
            return self._scalar(context)
        subject = self._subject(context)
        size = subject.domain
        array = self._fresh(context, (size,))
        known = Static(Name(self._name("v")), size)
        index = Static(Name(self._name("t")), size)
        target = _element(array, (index.expression,))
        inner = dataclasses.replace(context.deeper(known), declare=False)
        each = inner.deeper(index)

        def some() -> Statements:
            return self._block(each, [target])

        def over(*bounds: Expression, body: Statements) -> syntax.For:
            return syntax.For(index.expression.id, Call("range", bounds), body)

        if self._chance(50):
            test = Compare(index.expression, ("==",), (known.expression,))
            choice = syntax.If(((test, some()),), (syntax.Pass(), *some()))
            body: Statements = (over(Number(size), body=(choice,)),)
        else:
            body = (
                over(known.expression, body=some()),
                over(known.expression, Number(size), body=some()),
            )
        statement = syntax.With(subject.expression, known.expression.id, body)
        return (statement,), _with_array(context, array)

    # Expressions.

    def _subject(self, context: Context) -> Scalar:
        """What a chain tests or a `with` binds: a variable, or a function of one."""
        place = self._place(context)
        if not self._chance(25):
            return place
        result = self._domain()
        table = self._table((place.domain,), result)
        return Scalar(Call(table.name, (place.expression,)), result)

    def _place(self, context: Context) -> Scalar:
        """Something that can be read and is not known."""
        places = [*context.scalars, *context.arrays]
        chosen = self._one_of(places)
        return chosen if isinstance(chosen, Scalar) else self._picked(context, chosen)

    def _picked(self, context: Context, array: Array) -> Scalar:
        return _element(array, tuple(self._known(context, size) for size in array.dims))

    def _known(self, context: Context, size: int) -> Expression:
        """A known value in 0..size-1; inside a `with` or a loop most often one of theirs."""
        fitting = [known.expression for known in context.statics if known.size <= size]
        if fitting and self._chance(70):
            return self._one_of(fitting)
        if context.statics and self._chance(30):
            known = self._one_of(context.statics).expression
            if self._chance(50):
                return Binary("%", Binary("+", known, Number(self._number(0, 2))), Number(size))
            test = Compare(known, ("<",), (Number(self._number(0, 2)),))
            low, high = (Number(self._number(0, size - 1)) for _ in range(2))
            return syntax.Conditional(test, low, high)
        return Number(self._number(0, size - 1))

    def _value(self, context: Context, domain: int, depth: int = 2) -> Expression:
        """An expression over `domain` values."""
        makers: list[Callable[[], Expression]] = [lambda: self._known(context, domain)]
        for scalar in context.scalars:
            if scalar.domain == domain:
                makers.append(lambda scalar=scalar: scalar.expression)
        for array in context.arrays:
            if array.domain == domain:
                makers += [lambda array=array: self._picked(context, array).expression] * 2
        if depth > 0:
            makers += [lambda: self._call(context, domain, depth)] * 3
        return self._one_of(makers)()

    def _call(self, context: Context, domain: int, depth: int) -> Expression:
        place = self._place(context)
        domains = (place.domain, *(self._domain() for _ in range(self._number(0, 1))))
        table = self._table(domains, domain)
        arguments = [self._value(context, size, depth - 1) for size in table.domains]
        if table.domains[0] == place.domain and self._chance(60):
            arguments[0] = place.expression
            if len(set(table.domains)) == 1 and self._chance(30):
                arguments = [place.expression] * len(arguments)
        return Call(table.name, tuple(arguments))

    def _table(self, domains: tuple[int, ...], result: int) -> _Table:
        """A function with this result; a new one, or one that exists if it fits."""
        fitting = [t for t in self._tables if (t.domains, t.result) == (domains, result)]
        if fitting and (len(self._tables) >= MAX_TABLES or self._chance(50)):
            return self._one_of(fitting)
        table = _Table(self._name("f"), domains, result)
        self._functions.append(self._function(table))
        self._tables.append(table)
        return table

    def _function(self, table: _Table) -> syntax.Function:
        parameters = tuple("pq"[: len(table.domains)])
        signature = (syntax.ListDisplay(tuple(map(Number, table.domains))), Number(table.result))
        if self._networks and self._chance(15):
            sizes = ("hid_sizes", syntax.ListDisplay((Number(4),)))
            learned = Call("Learn", signature, (sizes,))
            return syntax.Function(table.name, parameters, learned, (syntax.Pass(),))
        dropping = self._chance(20)
        self._drops |= dropping
        keywords = (("out_of_range", syntax.Text("drop")),) if dropping else ()
        body = self._body(parameters, table.domains, table.result, dropping)
        return syntax.Function(table.name, parameters, Call("Runtime", signature, keywords), body)

    def _body(
        self, parameters: tuple[str, ...], domains: tuple[int, ...], result: int, drop: bool
    ) -> Statements:
        names = [Name(parameter) for parameter in parameters]
        total: Expression = Number(self._number(0, 2))
        for name in names:
            total = Binary("+", total, Binary("*", Number(self._number(0, 3)), name))
        bounded = total if drop else Binary("%", total, Number(result))
        other = Number(self._number(0, result - 1))
        test = Compare(names[0], ("==",), (Number(self._number(0, domains[0] - 1)),))
        form = self._number(0, 3)
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
            return Number(self._number(0, limit - 1))
        return syntax.ListDisplay(tuple(self._rows(domains[1:], limit) for _ in range(domains[0])))


def _element(array: Array, index: tuple[Expression, ...]) -> Scalar:
    where = array.prefix + index
    name = Name(array.name)
    return Scalar(Subscript(name, where) if where else name, array.domain)


def _with_array(context: Context, array: Array) -> Context:
    return dataclasses.replace(context, arrays=(*context.arrays, array))
