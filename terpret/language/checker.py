"""Surface tree to checked tree: loops are unrolled, names resolved, every rule enforced.

A `with x as v` is first tried whole, with `v` an axis. Where the body needs the value of `v` to
decide something static (which element is set, a loop's range, a test), `Unbound` comes back and
the body is unrolled over the values instead. Both forms mean the same.
"""

import dataclasses

from terpret.errors import InputError
from terpret.language import declarations, static, syntax, whole_model
from terpret.language.assignment import Frame
from terpret.language.binding import Bindings
from terpret.language.chains import decide
from terpret.language.checked import (
    Bind,
    BoundVariable,
    Case,
    CheckedModel,
    Expression,
    Known,
    Read,
    Repeat,
    Statement,
    Switch,
)
from terpret.language.describe import when
from terpret.language.errors import Diagnostics, Source, Span, suggestion
from terpret.language.place import Place
from terpret.language.scope import Inline, Scope, Unbound, Unreported
from terpret.language.set_and_observe import Settings
from terpret.language.static_error import StaticError
from terpret.language.step_limit import MAX_STEPS, Fuel, OutOfFuel
from terpret.language.uncollected import uncollected
from terpret.language.values import Values

MAX_NESTING = 64
MAX_AXES = 6
STATEMENT_STEPS = 280
ERROR_STEPS = 300
ROUND_STEPS = 20


class _OutOfFuel(Exception):
    """Checking was given up; the message is recorded."""


def check(
    source: Source,
    module: syntax.Module,
    hypers: dict[str, int],
    max_steps: int = MAX_STEPS,
) -> CheckedModel:
    """Checks a model.

    Args:
      source: the text, for messages.
      module: its surface tree.
      hypers: values for the model's `Hyper`s.
      max_steps: the most steps that checking may take.

    Returns:
      The checked tree.

    Raises:
      ModelError: with every error, sorted by place.
      InputError: `hypers` names what the model does not declare, or is not made of integers.
    """
    for name, value in hypers.items():
        if not declarations.usable_hyper(value):
            raise InputError(f"the hyper '{name}' is {value!r:.40}: give an integer below 2**53")
    with uncollected():
        return _Checker(source, hypers, max_steps).model(module)


class _Checker:
    """One method a statement with a body; the others are in `binding` and `set_and_observe`."""

    def __init__(self, source: Source, hypers: dict[str, int], max_steps: int):
        self._source = source
        self._given = hypers
        self._diagnostics = Diagnostics(source)
        self._fuel = Fuel(max_steps)
        self._values = Values()
        self._bindings = Bindings(hypers, self._values, self._fuel)
        self._settings = Settings(self._values, self._report)
        self._unrolled: set[int] = set()

    def model(self, module: syntax.Module) -> CheckedModel:
        whole_model.warn_divisions(module, self._diagnostics)
        place = Place(Scope({}, self._bindings.call, self._fuel), Frame())
        try:
            statements = self._block(module.statements, place)
        except _OutOfFuel:
            statements = ()
        variables = self._bindings.variables
        if not self._diagnostics.sorted("E"):
            observed = bool(self._settings.observations)
            whole_model.outputs_set(variables, observed, place.frame, self._diagnostics)
        self._diagnostics.raise_errors()
        unknown = [name for name in self._given if name not in self._bindings.hypers]
        if unknown:
            known = ", ".join(self._bindings.hypers) or "none"
            hint = suggestion(unknown[0], self._bindings.hypers) or f"it has: {known}"
            raise InputError(f"{self._source.path} has no hyper '{unknown[0]}'; {hint}")
        whole_model.warn_unused(variables, self._values.read, self._diagnostics)
        return CheckedModel(
            source=self._source,
            hypers=self._bindings.hypers,
            variables=tuple(variables),
            statements=statements,
            networks=tuple(self._bindings.networks),
            warnings=tuple(self._diagnostics.sorted("W")),
            clamps=self._settings.clamps,
            observations=tuple(self._settings.observations),
        )

    # Statements.

    def _block(
        self, statements: tuple[syntax.Statement, ...], place: Place
    ) -> tuple[Statement, ...]:
        result: list[Statement] = []
        for statement in statements:
            try:
                self._fuel.spend(STATEMENT_STEPS + 8 * place.level, statement.span)
                result.extend(self._statement(statement, place))
            except OutOfFuel as error:
                # Some steps are counted where no place is known.
                span = statement.span if error.span == Span() else error.span
                if not self._diagnostics.sorted("E"):
                    self._diagnostics.add(error.code, span, error.message, error.help)
                raise _OutOfFuel from None
            except StaticError as error:
                if not isinstance(statement, syntax.Assign | syntax.Function):
                    place.frame.lose_track()
                self._report(error, place)
            except RecursionError:
                place.frame.lose_track()
                self._report(_too_deep(statement.span), place)
        return tuple(result)

    def _report(self, error: StaticError, place: Place) -> None:
        self._fuel.left -= ERROR_STEPS
        if isinstance(error, Unreported):
            return
        where = ", ".join(f"{name} = {value}" for name, value in place.loops)
        message = f"{error.message} (where {where})" if where else error.message
        self._diagnostics.add(error.code, error.span, message, error.help)

    def _statement(self, statement: syntax.Statement, place: Place) -> tuple[Statement, ...]:
        if place.level > MAX_NESTING:
            raise _too_deep(statement.span)
        match statement:
            case syntax.Assign():
                self._bindings.assign(statement, place)
                return ()
            case syntax.SetTo(method="observe_value"):
                self._settings.observe(statement, place)
                return ()
            case syntax.SetTo():
                return self._settings.set_to(statement, place)
            case syntax.If():
                return self._if(statement, place)
            case syntax.With():
                return self._with(statement, place)
            case syntax.For():
                return self._for(statement, place)
            case syntax.Function():
                self._bindings.function(statement, place)
                return ()
            case syntax.CallStatement(call):
                return self._inline(call, place)
            case syntax.Pass():
                return ()
        raise StaticError("E112", statement.span, "'return' stands outside a function", "remove it")

    def _for(self, statement: syntax.For, place: Place) -> tuple[Statement, ...]:
        values = static.evaluate(statement.iterable, place.scope)
        if not isinstance(values, tuple | range):
            raise StaticError(
                "E301", statement.iterable.span, "this is not a range", "write 'range(T)'"
            )
        declarations.free(statement.name, statement.span, place.scope)
        bodies: list[tuple[Statement, ...]] = []
        deeper = dataclasses.replace(place, level=place.level + 1)
        for value in values:
            self._fuel.spend(ROUND_STEPS, statement.span)
            place.scope.bind(statement.name, value)
            loops = (*place.loops, (statement.name, value))
            inner = dataclasses.replace(deeper, loops=loops)
            bodies.append(self._block(statement.body, inner))
        rounds = tuple(body for body in bodies if body)
        return (Repeat(rounds, statement.span),) if len(rounds) > 1 else sum(rounds, ())

    def _inline(self, call: syntax.Call, place: Place) -> tuple[Statement, ...]:
        if call.function in static.BUILTINS:
            raise _unused(call)
        inline = place.scope.binding(call.function, call.span)
        if not isinstance(inline, Inline):
            raise _unused(call)
        function = inline.function
        if len(call.arguments) != len(function.parameters) or call.keywords:
            raise StaticError(
                "E506",
                call.span,
                f"'{function.name}' takes {len(function.parameters)} arguments, "
                f"not {len(call.arguments) + len(call.keywords)}",
                f"write {function.name}({', '.join(function.parameters)})",
            )
        if place.level >= MAX_NESTING:
            raise StaticError(
                "E606",
                call.span,
                f"'{function.name}' calls itself, or calls are nested too deeply",
                f"nest at most {MAX_NESTING} levels; write a loop instead",
            )
        scope = inline.scope.called_from(place.scope)
        for parameter, argument in zip(function.parameters, call.arguments, strict=True):
            scope.bind(parameter, self._values.alias(argument, place.scope))
        inner = dataclasses.replace(place, scope=scope, level=place.level + 1, inline=True)
        return self._block(function.body, inner)

    def _if(self, statement: syntax.If, place: Place) -> tuple[Statement, ...]:
        chain = decide(statement, self._values, place.scope, place.frame)
        if chain.subject is None:
            inner = dataclasses.replace(place, level=place.level + 1)
            return self._block(chain.static, inner)
        cases, branches = [], []
        for values, body in chain.branches:
            branch = place.branch()
            cases.append(Case(values, self._block(body, branch)))
            branches.append(branch)
        return (self._merged(statement, place, chain.subject, cases, branches, chain.remaining),)

    def _merged(
        self,
        statement: syntax.If | syntax.With,
        place: Place,
        subject: Expression,
        cases: list[Case],
        branches: list[Place],
        remaining: tuple[int, ...],
    ) -> Switch:
        merged = place.frame.merge(
            [branch.frame for branch in branches],
            [case.values for case in cases],
            remaining,
            lambda values: when(subject, values),
            statement.span,
        )
        bound = (statement.name or "") if isinstance(statement, syntax.With) else ""
        scopes = [branch.scope for branch in branches]
        place.scope.join(scopes, statement.span, not remaining, bound=bound)
        return Switch(subject, tuple(cases), merged, statement.span)

    def _with(self, statement: syntax.With, place: Place) -> tuple[Statement, ...]:
        subject = self._values.value(statement.subject, place.scope, place.frame)
        if not isinstance(subject.domain, int):
            raise StaticError(
                "E307", statement.subject.span, "a tensor has no values to bind", "bind an integer"
            )
        if statement.name is not None:
            declarations.free(statement.name, statement.span, place.scope)
        is_variable = isinstance(statement.subject, syntax.Name | syntax.Subscript)
        if isinstance(subject, Known) and (statement.name is not None or is_variable):
            return self._known(statement, place)
        if statement.name is None:
            if not isinstance(subject, Read):
                raise StaticError(
                    "E210", statement.span, "this 'with' binds no name", "write 'with ... as v:'"
                )
            if subject.bound:
                raise Unbound(subject.bound[-1])
        if id(statement) not in self._unrolled and place.depth < MAX_AXES:
            mark, undeclared = self._diagnostics.mark(), place.scope.undeclared
            name = _bound_name(statement, subject)
            variable = BoundVariable(name, subject.domain, place.depth)
            try:
                return (self._bind(variable, subject, statement, place),)
            except Unbound as unbound:
                if unbound.variable is not variable:
                    raise
                self._unrolled.add(id(statement))
                self._diagnostics.rewind(mark)
                place.scope.rewind(undeclared)
        cases, branches = [], []
        for value in range(subject.domain):
            branch = self._bound(value, subject, statement, place)
            cases.append(Case((value,), self._block(statement.body, branch)))
            branches.append(branch)
        return (self._merged(statement, place, subject, cases, branches, ()),)

    def _known(self, statement: syntax.With, place: Place) -> tuple[Statement, ...]:
        inner = dataclasses.replace(place, scope=place.scope.branch(), level=place.level + 1)
        if statement.name is not None:
            inner.scope.bind(statement.name, self._values.alias(statement.subject, place.scope))
        statements = self._block(statement.body, inner)
        place.scope.join([inner.scope], statement.span, bound=statement.name or "")
        return statements

    def _bound(
        self,
        value: int | BoundVariable,
        subject: Expression,
        statement: syntax.With,
        place: Place,
    ) -> Place:
        """The body of a `with`, where its name, or the element itself, stands for `value`."""
        inner = place.branch()
        if isinstance(value, BoundVariable):
            inner = dataclasses.replace(inner, depth=place.depth + 1)
        else:
            loops = (*place.loops, (_bound_name(statement, subject), value))
            inner = dataclasses.replace(inner, loops=loops)
        if statement.name is not None:
            inner.scope.bind(statement.name, value)
        elif isinstance(subject, Read):
            inner.scope.bound_reads[subject.elements[0]] = value
        return inner

    def _bind(
        self,
        variable: BoundVariable,
        subject: Expression,
        statement: syntax.With,
        place: Place,
    ) -> Bind:
        inner = self._bound(variable, subject, statement, place)
        body = self._block(statement.body, inner)
        merged = place.frame.merge([inner.frame], [()], (), str, statement.span)
        place.scope.join([inner.scope], statement.span, True, variable, statement.name or "")
        return Bind(variable, subject, body, merged, statement.span)


def _bound_name(statement: syntax.With, subject: Expression) -> str:
    """What a `with` gives a value: its name, or else the one element that it is over."""
    if statement.name is not None or not isinstance(subject, Read):
        return statement.name or ""
    return str(subject.elements[0])


def _too_deep(span: Span) -> StaticError:
    return StaticError(
        "E606", span, "statements are nested too deeply", f"nest at most {MAX_NESTING} levels"
    )


def _unused(call: syntax.Call) -> StaticError:
    return StaticError(
        "E507",
        call.span,
        f"the result of '{call.function}' is not used",
        f"write 'x.set_to({call.function}(...))'",
    )
