"""Names of a model: what each stands for here, and static values that bound variables decide."""

import itertools
from collections.abc import Callable
from typing import TypeVar

from terpret.language import static, syntax
from terpret.language.checked import BoundVariable, Element, Network, Table, Variable
from terpret.language.errors import Span, suggestion
from terpret.language.static import StaticError, Value

Result = TypeVar("Result")


class NotStatic(StaticError):
    """A variable of the model stands where a value must be known when the model is compiled."""


class Unbound(Exception):
    """A bound variable decides something that must be static: its `with` is to be unrolled."""

    def __init__(self, variable: BoundVariable):
        super().__init__(variable)
        self.variable = variable


class Pieces(dict):
    """An array whose elements were declared one by one: index to variable."""


class Conflict:
    """A name that the branches of a chain left with different meanings."""

    def __init__(self, span: Span):
        self.span = span


Function = Table | Network | syntax.Function
Binding = Value | Variable | Pieces | Element | BoundVariable | Function | Conflict


class Scope:
    """The bindings at one point of the model.

    Attributes:
      names: what each name stands for.
      bound_reads: elements that an enclosing `with s:` (without `as`) gives a known value.
      assignment: the value of each bound variable that is being enumerated right now.
      call_runtime: evaluates a `@Runtime` function of the model on integers.
    """

    def __init__(
        self,
        names: dict[str, Binding],
        call_runtime: Callable[[str, tuple[Value, ...], Span], Value],
    ):
        self.names = names
        self.bound_reads: dict[Element, BoundVariable | int] = {}
        self.assignment: dict[BoundVariable, int] = {}
        self._call_runtime = call_runtime

    def branch(self) -> "Scope":
        """A copy in which a branch can bind names without changing them outside."""
        scope = Scope(dict(self.names), self._call_runtime)
        scope.bound_reads = dict(self.bound_reads)
        scope.assignment = self.assignment
        return scope

    def join(self, branches: list["Scope"], span: Span) -> None:
        """Takes over the names that the branches of a chain bound: kept where all agree."""
        changed = {
            name
            for branch in branches
            for name, value in branch.names.items()
            if name not in self.names or self.names[name] is not value
        }
        for name in changed:
            values = [branch.names.get(name) for branch in branches]
            first = values[0]
            agree = all(
                value is not None and type(value) is type(first) and value == first
                for value in values
            )
            self.names[name] = first if agree else Conflict(span)

    def binding(self, name: str, span: Span) -> Binding:
        """What a name stands for.

        Raises:
          StaticError: it is not declared, or branches gave it different meanings.
        """
        if name not in self.names:
            raise StaticError(
                "E201",
                span,
                f"'{name}' is not declared",
                suggestion(name, self.names) or "declare it before it is used",
            )
        binding = self.names[name]
        if isinstance(binding, Conflict):
            raise StaticError(
                "E202",
                span,
                f"'{name}' has different meanings in the branches of line {binding.span.line}",
                "assign it before the branches, or use it inside them",
            )
        return binding

    # static.Scope

    def lookup(self, name: str, span: Span) -> Value:
        binding = self.binding(name, span)
        if isinstance(binding, Element) and binding in self.bound_reads:
            binding = self.bound_reads[binding]
        elif isinstance(binding, Variable) and Element(binding, ()) in self.bound_reads:
            binding = self.bound_reads[Element(binding, ())]
        if isinstance(binding, BoundVariable):
            if binding not in self.assignment:
                raise Unbound(binding)
            return self.assignment[binding]
        if isinstance(binding, int | tuple | range):
            return binding
        if isinstance(binding, Function):
            raise StaticError("E203", span, f"'{name}' is a function", f"call it: '{name}(...)'")
        raise self._not_static(name, span)

    def element(self, name: str, index: tuple[int, ...], span: Span) -> Value:
        binding = self.binding(name, span)
        if isinstance(binding, tuple | range):
            return static.item(binding, index, span)
        if isinstance(binding, Variable) and Element(binding, index) in self.bound_reads:
            value = self.bound_reads[Element(binding, index)]
            if isinstance(value, int):
                return value
            if value not in self.assignment:
                raise Unbound(value)
            return self.assignment[value]
        if isinstance(binding, Variable | Pieces):
            raise self._not_static(name, span)
        raise StaticError("E301", span, f"'{name}' is not an array", "index arrays only")

    def call(self, name: str, arguments: tuple[Value, ...], span: Span) -> Value:
        return self._call_runtime(name, arguments, span)

    def _not_static(self, name: str, span: Span) -> NotStatic:
        return NotStatic(
            "E204",
            span,
            f"the value of '{name}' is not known when the model is compiled",
            f"use 'with {name} as v:' and 'v' here, or a constant",
        )

    def over_bound(
        self, function: Callable[[], Result]
    ) -> tuple[tuple[BoundVariable, ...], list[Result]]:
        """Evaluates for every value of the bound variables that the result depends on.

        Args:
          function: evaluates in this scope.

        Returns:
          The bound variables, and one result for each combination of their values, the last
          varying fastest.
        """
        bound: list[BoundVariable] = []
        while True:
            try:
                results = []
                for values in itertools.product(*(range(b.size) for b in bound)):
                    self.assignment.update(zip(bound, values, strict=True))
                    results.append(function())
                return tuple(bound), results
            except Unbound as missing:
                bound = sorted([*bound, missing.variable], key=lambda b: b.depth)
            finally:
                for variable in bound:
                    self.assignment.pop(variable, None)
