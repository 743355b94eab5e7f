"""Random well-typed models, built from the typing rules and never filtered.

A block of statements is asked for with *targets*, what it must set. It may first set locals of
its own, and then sets the targets by assignments, chains, `with`s, loops or `@Inline` calls, whose
blocks are asked for the same. What an expression may read is kept in a `Context`.
"""

import dataclasses
from collections.abc import Sequence

from hypothesis import strategies as st

from terpret.language import syntax
from terpret.language.printer import print_module
from terpret.language.syntax import Binary, Call, Compare, Expression, Name, Number, Subscript
from tests.fuzz.expressions import (
    Array,
    Context,
    Expressions,
    Scalar,
    Statements,
    Static,
    element,
    with_array,
)

MAX_DEPTH = 3


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


@st.composite
def models(draw: st.DrawFn, networks: bool = True) -> Model:
    """A well-typed model with at least one Param, one Input and one Output.

    Args:
      draw: from hypothesis.
      networks: whether functions may be learned.
    """
    return _Builder(draw, networks).model()


class _Builder(Expressions):
    def __init__(self, draw: st.DrawFn, networks: bool):
        super().__init__(draw, networks)
        self._declarations: list[syntax.Statement] = []
        self._compounds = self.number(1, 12)

    # The model.

    def model(self) -> Model:
        context = Context()
        for kind in ["Param"] * self.number(1, 3) + ["Input"] * self.number(1, 2):
            if self.chance(40):
                array = self._declared(kind, (self.number(2, 3),))
                context = dataclasses.replace(context, arrays=(*context.arrays, array))
            else:
                array = self._declared(kind, ())
                context = context.reading(Scalar(Name(array.name), array.domain))
        targets = []
        for _ in range(self.number(1, 2)):
            output = self._declared("Output", (2,) if self.chance(25) else ())
            where = [Number(0), Number(1)] if output.dims else []
            names = [Subscript(Name(output.name), (i,)) for i in where] or [Name(output.name)]
            targets += [Scalar(name, output.domain) for name in names]
        body = self._block(context, targets)
        statements = (*self._declarations, *self.functions, *body)
        return Model(syntax.Module(statements), self.drops)

    def _declared(self, kind: str, dims: tuple[int, ...], domain: int | None = None) -> Array:
        array = Array(self.name(kind[0].lower()), (), dims, domain or self.domain())
        names = (("names", self._names(array.domain)),) if self.chance(20) else ()
        value: Expression = Call(kind, (Number(array.domain),), names)
        if dims:
            value = Subscript(value, tuple(map(Number, dims)))
        self._declarations.append(syntax.Assign(Name(array.name), value))
        return array

    def _names(self, domain: int) -> Expression:
        """A name for each value, or a pattern for all."""
        if self.chance(50):
            return syntax.Text("value {}")
        words = [f"{value}'s \"#\\" for value in range(domain)]
        return syntax.ListDisplay(tuple(map(syntax.Text, words)))

    def _fresh(self, context: Context, dims: tuple[int, ...]) -> Array:
        """A new variable for the body of the enclosing loops."""
        sizes = tuple(loop.size for loop in context.loops)
        whole = self._declared("Var", sizes + dims)
        prefix = tuple(loop.expression for loop in context.loops)
        return Array(whole.name, prefix, dims, whole.domain)

    # Statements.

    def _block(self, context: Context, targets: Sequence[Scalar]) -> Statements:
        statements: Statements = ()
        while context.declare and self._compounds > 0 and self.chance(55):
            more, context = self._local(context)
            statements += more
        targets = list(targets)
        while targets:
            size = self.number(1, len(targets))
            group, targets = targets[:size], targets[size:]
            statements += self._setting(context, group)
            context = context.reading(*group)
        return statements or (syntax.Pass(),)

    def _setting(self, context: Context, targets: Sequence[Scalar]) -> Statements:
        """Statements that set every target."""
        if context.depth < MAX_DEPTH and self._compounds > 0 and self.chance(60):
            self._compounds -= 1
            forms = [self._chain, self._with, self._with, self._static_chain, self._inline]
            return self.one_of(forms)(context, targets)
        return tuple(
            syntax.SetTo("set_to", t.expression, self.value(context, t.domain)) for t in targets
        )

    def _chain(self, context: Context, targets: Sequence[Scalar]) -> Statements:
        return (self._tested(context, targets, complete=True),)

    def _tested(self, context: Context, targets: Sequence[Scalar], complete: bool) -> syntax.If:
        subject = self.subject(context)
        inner = context.deeper()
        remaining = set(range(subject.domain))
        branches = []
        while remaining:
            last = branches and (len(branches) >= 2 or self.chance(50))
            if last and (complete or len(remaining) == 1):
                break
            test, holds = self._test(context, subject, remaining)
            if not complete and holds == remaining and (branches or len(remaining) > 1):
                break
            branches.append((test, self._block(inner, targets)))
            if holds is None:
                break
            remaining -= holds
            if not complete and branches and self.chance(50):
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
        if bound and len(remaining) == n and self.chance(25):
            return Compare(s, ("==",), (self.one_of(bound).expression,)), None
        a = self.one_of(sorted(remaining))
        b = self.number(0, n - 1)
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
        test, holds = self.one_of(tests)
        return test, holds & remaining

    def _static_chain(self, context: Context, targets: Sequence[Scalar]) -> Statements:
        """A chain on a known value; without one, a `with` that makes it known."""
        if not context.statics:
            return self._with(context, targets)
        known = self.one_of(context.statics)
        operator = self.one_of(("==", "<", ">="))
        test = Compare(known.expression, (operator,), (Number(self.number(0, known.size - 1)),))
        inner = context.deeper()
        orelse = (syntax.Pass(), *self._block(inner, targets))
        return (syntax.If(((test, self._block(inner, targets)),), orelse),)

    def _with(self, context: Context, targets: Sequence[Scalar]) -> Statements:
        subject = self.subject(context)
        if context.declare and self.chance(25):
            unnamed = self._unnamed(context)
            if unnamed:
                inner, known = unnamed
                body = self._block(inner.deeper(known), targets)
                return (syntax.With(known.expression, None, body),)
        known = Static(Name(self.name("v")), subject.domain)
        body = self._block(context.deeper(known), targets)
        return (syntax.With(subject.expression, known.expression.id, body),)

    def _unnamed(self, context: Context) -> tuple[Context, Static] | None:
        """What a `with` without a name can bind, and what can be read in its body besides."""
        if self.chance(30):
            constant = [
                element(array, tuple(Number(self.number(0, size - 1)) for size in array.dims))
                for array in context.arrays
            ]
            names = [known.expression for known in context.statics]
            fresh = [element for element in constant if element.expression not in names]
            if fresh:
                chosen = self.one_of(fresh)
                return context, Static(chosen.expression, chosen.domain)
        # Something must be left that is not known.
        if not context.scalars or len(context.scalars) + len(context.arrays) == 1:
            return None
        chosen = self.one_of(context.scalars)
        rest = tuple(s for s in context.scalars if s != chosen)
        return dataclasses.replace(context, scalars=rest), Static(chosen.expression, chosen.domain)

    def _inline(self, context: Context, targets: Sequence[Scalar]) -> Statements:
        """A call of a function made for these targets, and its declaration."""
        inputs, arguments = [], []
        for _ in range(self.number(1, 2)):
            argument = self.place(context)
            inputs.append(Scalar(Name(self.name("a")), argument.domain))
            arguments.append(argument.expression)
        results = [Scalar(Name(self.name("r")), target.domain) for target in targets]
        body = self._block(Context(tuple(inputs), depth=context.depth + 1, declare=False), results)
        function = self.name("g")
        parameters = tuple(s.expression.id for s in (*inputs, *results))
        self.functions.append(syntax.Function(function, parameters, Call("Inline", ()), body))
        arguments += [target.expression for target in targets]
        return (syntax.CallStatement(Call(function, tuple(arguments))),)

    # Locals: statements after which something new can be read.

    def _local(self, context: Context) -> tuple[Statements, Context]:
        self._compounds -= 1
        forms = [self._scalar, self._scalar, self._partial, self._loop, self._scan, self._switch]
        return self.one_of(forms)(context)

    def _scalar(self, context: Context) -> tuple[Statements, Context]:
        target = element(self._fresh(context, ()), ())
        return self._setting(context, [target]), context.reading(target)

    def _partial(self, context: Context) -> tuple[Statements, Context]:
        """A chain or a `with` that sets something only where some value is taken."""
        if context.depth >= MAX_DEPTH:
            return self._scalar(context)
        if self.chance(50):
            target = element(self._fresh(context, ()), ())
            return (self._tested(context, [target], complete=False),), context
        subject = self.subject(context)
        array = self._fresh(context, (subject.domain,))
        known = Static(Name(self.name("v")), subject.domain)
        target = element(array, (known.expression,))
        body = self._block(context.deeper(known), [target])
        if subject.domain == 1:
            context = context.reading(element(array, (Number(0),)))
        return (syntax.With(subject.expression, known.expression.id, body),), context

    def _loop(self, context: Context) -> tuple[Statements, Context]:
        size = self.number(2, 3)
        array = self._fresh(context, (size,))
        index = Static(Name(self.name("t")), size)
        inner = context.looping(index)
        target = element(array, (index.expression,))
        body = self._block(inner, [target])
        loop = syntax.For(index.expression.id, Call("range", (Number(size),)), body)
        return (loop,), with_array(context, array)

    def _scan(self, context: Context) -> tuple[Statements, Context]:
        """`x[0]` is set, then `x[t + 1]` from `x[t]`."""
        size = self.number(1, 2)
        array = self._fresh(context, (size + 1,))
        first = element(array, (Number(0),))
        statements = self._setting(context, [first])
        index = Static(Name(self.name("t")), size)
        before = element(array, (index.expression,))
        after = element(array, (Binary("+", index.expression, Number(1)),))
        body = self._block(context.looping(index).reading(before), [after])
        loop = syntax.For(index.expression.id, Call("range", (Number(size),)), body)
        return (*statements, loop), with_array(context, array)

    def _switch(self, context: Context) -> tuple[Statements, Context]:
        """A bound variable decides which elements of an array are set, and how."""
        if context.depth >= MAX_DEPTH:
            return self._scalar(context)
        subject = self.subject(context)
        size = subject.domain
        array = self._fresh(context, (size,))
        known = Static(Name(self.name("v")), size)
        index = Static(Name(self.name("t")), size)
        target = element(array, (index.expression,))
        inner = dataclasses.replace(context.deeper(known), declare=False)
        each = inner.deeper(index)

        def some() -> Statements:
            return self._block(each, [target])

        def over(*bounds: Expression, body: Statements) -> syntax.For:
            return syntax.For(index.expression.id, Call("range", bounds), body)

        if self.chance(50):
            test = Compare(index.expression, ("==",), (known.expression,))
            choice = syntax.If(((test, some()),), (syntax.Pass(), *some()))
            body: Statements = (over(Number(size), body=(choice,)),)
        else:
            body = (
                over(known.expression, body=some()),
                over(known.expression, Number(size), body=some()),
            )
        statement = syntax.With(subject.expression, known.expression.id, body)
        return (statement,), with_array(context, array)
