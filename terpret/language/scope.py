"""Names of a model: what each stands for here, and static values that bound variables decide."""

import dataclasses
import itertools
from collections.abc import Callable
from typing import TypeVar

from terpret.language import static, syntax
from terpret.language.checked import BoundVariable, Element, Network, Table, Variable
from terpret.language.errors import Span, suggestion
from terpret.language.static import Value
from terpret.language.static_error import StaticError
from terpret.language.step_limit import Fuel

Result = TypeVar("Result")

EVALUATION_STEPS = 40
LOOKUP_STEPS = 16
BRANCH_STEPS = 150


class NotStatic(StaticError):
    """A variable of the model stands where a value must be known when the model is compiled."""


class Unreported(StaticError):
    """A consequence of an error that has been reported."""


class Unbound(Exception):
    """A bound variable decides something that must be static: its `with` is to be unrolled."""

    def __init__(self, variable: BoundVariable):
        super().__init__(variable)
        self.variable = variable


class Pieces(dict[tuple[int, ...], Variable]):
    """An array whose elements were declared one by one: index to variable."""


class Conflict:
    """A name that the branches of a chain left with different meanings."""

    def __init__(self, span: Span):
        self.span = span


class Broken:
    """A name whose declaration was refused: its uses are not reported again."""


@dataclasses.dataclass(frozen=True)
class Choice:
    """What bound variables choose: an element, or a static value.

    Attributes:
      bound: the bound variables.
      options: one for each combination of their values, the last varying fastest.
    """

    bound: tuple[BoundVariable, ...]
    options: tuple[Element | Value, ...]


@dataclasses.dataclass(frozen=True, eq=False)
class Inline:
    """An `@Inline` function with the scope it was declared in."""

    function: syntax.Function
    scope: "Scope"

    @property
    def span(self) -> Span:
        """The declaration."""
        return self.function.span


Function = Table | Network | Inline
Binding = (
    Value | Variable | Pieces | Element | BoundVariable | Choice | Function | Conflict | Broken
)
Call = Callable[[str, tuple[Value, ...], Span], Value]


class Scope:
    """The bindings at one point of the model.

    Attributes:
      names: what each name stands for.
      changed: the names that were bound since this scope was branched off.
      bound_reads: elements that an enclosing `with s:` (without `as`) gives a known value.
      assignment: the value of each bound variable that is being enumerated right now.
      fuel: the steps that are left.
    """

    def __init__(self, names: dict[str, Binding], call_runtime: Call, fuel: Fuel):
        self.names = names
        self.changed: set[str] = set()
        self.bound_reads: dict[Element, BoundVariable | int] = {}
        self.assignment: dict[BoundVariable, int] = {}
        self.fuel = fuel
        self.burn = fuel.spend
        self._call_runtime = call_runtime
        self._suggested: dict[str, str] = {}
        self._undeclared: set[str] = set()

    def bind(self, name: str, binding: Binding) -> None:
        """Lets a name stand for something."""
        self.names[name] = binding
        self.changed.add(name)

    def branch(self) -> "Scope":
        """A copy in which a branch can bind names without changing them outside."""
        scope = Scope(dict(self.names), self._call_runtime, self.fuel)
        scope.bound_reads = dict(self.bound_reads)
        scope.assignment = self.assignment
        scope._suggested, scope._undeclared = self._suggested, self._undeclared
        self.fuel.spend(BRANCH_STEPS + len(self.names) // 8, Span())
        return scope

    def called_from(self, caller: "Scope") -> "Scope":
        """The names that the body of an `@Inline` function sees: those where it was declared.

        A name that is not declared there is looked for where the function is called, as the
        textual insertion of the original finds it.
        """
        scope = self.branch()
        scope.names = {**caller.names, **scope.names}
        scope.bound_reads = dict(caller.bound_reads)
        return scope

    def join(
        self,
        branches: list["Scope"],
        span: Span,
        complete: bool = True,
        closed: BoundVariable | None = None,
        bound: str = "",
    ) -> None:
        """Takes over the names that the branches of a chain bound: kept where all agree.

        Args:
          branches: the scope of each branch.
          span: the chain.
          complete: whether there is a branch for every value; without one, names keep what
            they stood for.
          closed: the bound variable of a `with`, which means nothing after it.
          bound: the name that a `with` bound, which means nothing after it either.
        """
        for name in set().union(*(branch.changed for branch in branches)) - {bound}:
            values = [branch.names.get(name) for branch in branches]
            if not complete:
                values.append(self.names.get(name))
            first = values[0]
            agree = all(
                value is not None and type(value) is type(first) and value == first
                for value in values
            )
            if first is closed or (isinstance(first, Choice) and closed in first.bound):
                agree = False
            self.bind(name, first if agree and first is not None else Conflict(span))

    @property
    def undeclared(self) -> frozenset[str]:
        """The names that were reported as not declared, and are not to be again."""
        return frozenset(self._undeclared)

    def rewind(self, undeclared: frozenset[str]) -> None:
        """Forgets which names were reported since there were these: the reports were taken back."""
        self._undeclared.intersection_update(undeclared)

    def suggestion(self, name: str) -> str:
        """`did you mean '...'?`, found once for each name however often it is asked for."""
        if name not in self._suggested:
            self.fuel.spend(20 * len(self.names), Span())
            self._suggested[name] = suggestion(name, [*self.names, *static.BUILTINS])
        return self._suggested[name]

    def binding(self, name: str, span: Span) -> Binding:
        """What a name stands for.

        Raises:
          StaticError: it is not declared, or branches gave it different meanings.
        """
        if name not in self.names:
            hint = self.suggestion(name)
            if name in self._undeclared:
                raise Unreported("E201", span, f"'{name}' is not declared")
            if not hint:
                # A missing declaration is one slip, however often the name is used.
                self._undeclared.add(name)
            raise StaticError(
                "E201", span, f"'{name}' is not declared", hint or "declare it before it is used"
            )
        binding = self.names[name]
        if isinstance(binding, Conflict):
            raise StaticError(
                "E202",
                span,
                f"'{name}' has different meanings in the branches of line {binding.span.line}",
                "assign it before the branches, or use it inside them",
            )
        if isinstance(binding, Broken):
            raise Unreported("E201", span, f"the declaration of '{name}' was refused")
        return binding

    # static.Scope

    def lookup(self, name: str, span: Span) -> Value:
        # Counted without a check: whatever asks for a value spends steps as well.
        self.fuel.left -= LOOKUP_STEPS
        binding = self.names.get(name)
        if isinstance(binding, int):
            return binding
        if isinstance(binding, BoundVariable):
            return self._assigned(binding)
        binding = self.binding(name, span)
        if isinstance(binding, Variable):
            binding = Element(binding, ())
        if isinstance(binding, Choice):
            binding = self.chosen(binding)
        if isinstance(binding, Element) and binding in self.bound_reads:
            binding = self.bound_reads[binding]
        if isinstance(binding, BoundVariable):
            return self._assigned(binding)
        if isinstance(binding, int | tuple | range):
            return binding
        if isinstance(binding, Function):
            raise StaticError("E203", span, f"'{name}' is a function", f"call it: '{name}(...)'")
        raise self._not_static(name, span)

    def element(self, name: str, index: static.Index, span: Span) -> Value:
        binding = self.binding(name, span)
        if isinstance(binding, Choice):
            binding = self.chosen(binding)
        if isinstance(binding, tuple | range):
            return static.item(binding, index(), span)
        if isinstance(binding, Variable | Pieces):
            if self.bound_reads:
                position = index()
                value = None
                if isinstance(binding, Variable):
                    value = self.bound_reads.get(Element(binding, position))
                elif position in binding:
                    value = self.bound_reads.get(Element(binding[position], ()))
                if value is not None:
                    return value if isinstance(value, int) else self._assigned(value)
            raise self._not_static(name, span)
        raise StaticError("E301", span, f"'{name}' is not an array", f"write '{name}' alone")

    def call(self, name: str, arguments: tuple[Value, ...], span: Span) -> Value:
        return self._call_runtime(name, arguments, span)

    def _assigned(self, variable: BoundVariable) -> int:
        if variable not in self.assignment:
            raise Unbound(variable)
        return self.assignment[variable]

    def chosen(self, choice: Choice) -> Element | Value:
        """The option of a choice for the values that are being enumerated.

        Raises:
          Unbound: one of its bound variables is not.
        """
        place = 0
        for variable in choice.bound:
            place = place * variable.size + self._assigned(variable)
        return choice.options[place]

    def _not_static(self, name: str, span: Span) -> NotStatic:
        return NotStatic(
            "E204",
            span,
            f"the value of '{name}' is not known when the model is compiled",
            f"use 'with {name} as v:' and 'v' here, or a constant",
        )

    def over_bound(
        self, function: Callable[[], Result], span: Span
    ) -> tuple[tuple[BoundVariable, ...], list[Result]]:
        """Evaluates for every value of the bound variables that the result depends on.

        Args:
          function: evaluates in this scope.
          span: the place, should there be too many combinations.

        Returns:
          The bound variables, and one result for each combination of their values, the last
          varying fastest.
        """
        self.fuel.spend(EVALUATION_STEPS, span)
        try:
            return (), [function()]
        except Unbound as missing:
            bound = [missing.variable]
        while True:
            try:
                results = []
                for values in itertools.product(*(range(b.size) for b in bound)):
                    self.fuel.spend(EVALUATION_STEPS, span)
                    self.assignment.update(zip(bound, values, strict=True))
                    results.append(function())
                return tuple(bound), results
            except Unbound as missing:
                bound = sorted([*bound, missing.variable], key=lambda b: b.depth)
            finally:
                for variable in bound:
                    self.assignment.pop(variable, None)
