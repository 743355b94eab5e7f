"""Surface tree to checked tree: loops are unrolled, names resolved, every rule enforced.

A `with x as v` is first tried whole, with `v` an axis. Where the body needs the value of `v` to
decide something static (which element is set, a loop's range, a test), `Unbound` comes back and
the body is unrolled over the values instead. Both forms mean the same.
"""

import dataclasses

from terpret.language import declarations, finish, functions, runtime, static, syntax
from terpret.language.assignment import Frame
from terpret.language.chains import decide
from terpret.language.checked import (
    Bind,
    BoundVariable,
    Case,
    CheckedModel,
    Element,
    Expression,
    Known,
    Network,
    Observation,
    Read,
    Set,
    Statement,
    Switch,
    Variable,
)
from terpret.language.describe import when
from terpret.language.errors import Diagnostics, InputError, Source, Span, suggestion
from terpret.language.scope import Inline, NotStatic, Scope, Unbound, Unreported
from terpret.language.static import Fuel, OutOfFuel, StaticError, Value
from terpret.language.values import Values

MAX_NESTING = 64
MAX_AXES = 6
STATEMENT_STEPS = 300
ERROR_STEPS = 300
ROUND_STEPS = 20


class _OutOfFuel(Exception):
    """Checking was given up; the message is recorded."""


@dataclasses.dataclass(frozen=True)
class _Place:
    """Where the checker stands.

    Attributes:
      scope: the names.
      frame: what is set.
      loops: the values of loops and unrolled `with`s around it, for messages.
      depth: how many axes are bound.
      level: how deeply statements are nested, inlined ones included.
      inline: whether it is the body of an `@Inline` function.
      static: whether it is on every path.
    """

    scope: Scope
    frame: Frame
    loops: tuple[tuple[str, int], ...] = ()
    depth: int = 0
    level: int = 0
    inline: bool = False
    static: bool = True

    def branch(self, **changes: object) -> "_Place":
        return dataclasses.replace(
            self, scope=self.scope.branch(), frame=Frame(self.frame), static=False, **changes
        )


def check(source: Source, module: syntax.Module, hypers: dict[str, int]) -> CheckedModel:
    """Checks a model.

    Args:
      source: the text, for messages.
      module: its surface tree.
      hypers: values for the model's `Hyper`s.

    Returns:
      The checked tree.

    Raises:
      ModelError: with every error, sorted by place.
      InputError: `hypers` names what the model does not declare, or is not made of integers.
    """
    for name, value in hypers.items():
        if not declarations.usable_hyper(value):
            raise InputError(f"the hyper '{name}' is {value!r:.40}: give an integer below 2**53")
    return _Checker(source, hypers).model(module)


class _Checker:
    """One method a statement; expressions are in `values.Values`."""

    def __init__(self, source: Source, hypers: dict[str, int]):
        self._source = source
        self._given = hypers
        self._diagnostics = Diagnostics(source)
        self._fuel = Fuel(static.MAX_STEPS)
        self._values = Values()
        self._hypers: dict[str, int] = {}
        self._variables: list[Variable] = []
        self._networks: list[Network] = []
        self._clamps: dict[Element, int] = {}
        self._observations: list[Observation] = []
        self._bodies: dict[str, tuple[syntax.Function, runtime.Body, Scope]] = {}
        self._refused: set[str] = set()
        self._unrolled: set[int] = set()

    def model(self, module: syntax.Module) -> CheckedModel:
        finish.warn_divisions(module, self._diagnostics)
        place = _Place(Scope({}, self._call_runtime, self._fuel), Frame())
        try:
            statements = self._block(module.statements, place)
        except _OutOfFuel:
            statements = ()
        if not self._diagnostics.sorted("E"):
            observed = bool(self._observations)
            finish.outputs_set(self._variables, observed, place.frame, self._diagnostics)
        self._diagnostics.raise_errors()
        unknown = [name for name in self._given if name not in self._hypers]
        if unknown:
            known = ", ".join(self._hypers) or "none"
            hint = suggestion(unknown[0], self._hypers) or f"it has: {known}"
            raise InputError(f"{self._source.path} has no hyper '{unknown[0]}'; {hint}")
        finish.warn_unused(self._variables, self._values.read, self._diagnostics)
        return CheckedModel(
            source=self._source,
            hypers=self._hypers,
            variables=tuple(self._variables),
            statements=statements,
            networks=tuple(self._networks),
            warnings=tuple(self._diagnostics.sorted("W")),
            clamps=self._clamps,
            observations=tuple(self._observations),
        )

    def _call_runtime(self, name: str, arguments: tuple[Value, ...], span: Span) -> Value:
        if name not in self._bodies:
            if name in self._refused:
                raise Unreported("E201", span, f"the declaration of '{name}' was refused")
            if any(network.name == name for network in self._networks):
                raise NotStatic(
                    "E204",
                    span,
                    f"the value of '{name}(...)' is not known when the model is compiled",
                    "use 'with ... as v:' and 'v' here, or a constant",
                )
            raise StaticError(
                "E201",
                span,
                f"there is no function '{name}' to call here",
                suggestion(name, [*self._bodies, *static.BUILTINS])
                or "declare it with @Runtime before it is used",
            )
        function, run, scope = self._bodies[name]
        if len(arguments) != len(function.parameters):
            raise StaticError(
                "E506",
                span,
                f"'{name}' takes {len(function.parameters)} arguments, not {len(arguments)}",
                f"write {name}({', '.join(function.parameters)})",
            )
        values = tuple(static.integer(argument, span) for argument in arguments)
        return run(values, scope, self._fuel)[0]

    # Statements.

    def _block(self, statements: tuple[syntax.Statement, ...], place: _Place) -> tuple:
        result: list[Statement] = []
        for statement in statements:
            try:
                self._fuel.spend(STATEMENT_STEPS, statement.span)
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

    def _report(self, error: StaticError, place: _Place) -> None:
        self._fuel.left -= ERROR_STEPS
        if isinstance(error, Unreported):
            return
        where = ", ".join(f"{name} = {value}" for name, value in place.loops)
        message = f"{error.message} (where {where})" if where else error.message
        self._diagnostics.add(error.code, error.span, message, error.help)

    def _statement(self, statement: syntax.Statement, place: _Place) -> tuple[Statement, ...]:
        if place.level > MAX_NESTING:
            raise _too_deep(statement.span)
        match statement:
            case syntax.Assign():
                self._assign(statement, place)
                return ()
            case syntax.SetTo(method="observe_value"):
                self._observe(statement, place)
                return ()
            case syntax.SetTo():
                return self._set_to(statement, place)
            case syntax.If():
                return self._if(statement, place)
            case syntax.With():
                return self._with(statement, place)
            case syntax.For():
                return self._for(statement, place)
            case syntax.Function():
                self._function(statement, place)
                return ()
            case syntax.CallStatement(call):
                return self._inline(call, place)
            case syntax.Pass():
                return ()
        raise StaticError("E112", statement.span, "'return' stands outside a function", "remove it")

    def _assign(self, statement: syntax.Assign, place: _Place) -> None:
        target, value, scope = statement.target, statement.value, place.scope
        call = declarations.declared_kind(value)
        try:
            if call is not None:
                self._declared_here(call.function, statement.span, place)
            if call is not None and call.function == "Hyper":
                name, number = declarations.hyper(target, call, scope, self._given, value)
                self._hypers[name] = number
                scope.bind(name, number)
            elif call is not None:
                self._variables.append(declarations.declare(target, value, scope))
            elif isinstance(target, syntax.Name):
                declarations.free(target.id, target.span, scope)
                scope.bind(target.id, self._values.alias(value, scope))
            else:
                raise StaticError(
                    "E206",
                    statement.span,
                    "an array element is a variable, which '=' cannot set",
                    "write 'x[i].set_to(...)'",
                )
        except NotStatic as error:
            declarations.broken(target, scope)
            if call is not None:
                raise
            raise StaticError(
                "E213",
                value.span,
                f"'=' names what is known when the model is compiled: {error.message}",
                "declare a Var and write 'x.set_to(...)'",
            ) from None
        except StaticError:
            declarations.broken(target, scope)
            raise

    def _declared_here(self, what: str, span: Span, place: _Place) -> None:
        if not place.static:
            raise StaticError(
                "E209",
                span,
                "this declaration is inside a branch that depends on a variable",
                "declare it before the branch",
            )
        if place.inline and what != "Var":
            raise StaticError(
                "E209",
                span,
                "an @Inline function can declare nothing but a Var",
                "declare it before the function",
            )

    def _function(self, function: syntax.Function, place: _Place) -> None:
        scope = place.scope
        try:
            declarations.free(function.name, function.span, scope)
            self._declared_here(function.decorator.function, function.span, place)
            match function.decorator.function:
                case "Runtime" | "CompileMe":
                    run, seen = runtime.body(function), scope.branch()
                    table = functions.table(function, run, seen, self._fuel)
                    scope.bind(function.name, table)
                    self._bodies[function.name] = (function, run, seen)
                case "Learn":
                    network = functions.network(function, scope)
                    scope.bind(function.name, network)
                    self._networks.append(network)
                case "Inline":
                    scope.bind(function.name, Inline(function, scope))
        except StaticError:
            declarations.broken(syntax.Name(function.name), scope)
            self._refused.add(function.name)
            raise

    def _set_to(self, statement: syntax.SetTo, place: _Place) -> tuple[Statement, ...]:
        element = self._values.target(statement.target, place.scope)
        variable, span = element.variable, statement.span
        if variable.kind == "Param":
            self._clamp(element, statement, place)
            return ()
        if variable.kind == "Input":
            raise StaticError(
                "E403", span, f"'{element}' is an Input, which is given", "set a Var or an Output"
            )
        try:
            value = self._values.value(
                statement.value, place.scope, place.frame, variable.domain, f"'{element}'"
            )
            if statement.method == "set_to_constant" and not isinstance(value, Known):
                raise StaticError(
                    "E405", statement.value.span, "this is not a constant", "write 'set_to'"
                )
            self._once(element, span, place.frame)
        except OutOfFuel:
            raise
        except StaticError as error:
            # Taken as set all the same, so that one slip gives one message.
            place.frame.set.setdefault(element, span)
            self._report(error, place)
            return ()
        place.frame.set[element] = span
        return (Set(element, value, span),)

    def _once(self, element: Element, span: Span, frame: Frame) -> None:
        first = frame.where_set(element)
        partial = frame.where_partial(element)
        if first is None and partial is None:
            return
        line = first.line if first else partial[0].line
        some = "" if first else "in some branches "
        raise StaticError(
            "E401",
            span,
            f"'{element}' is set twice: it was set {some}in line {line}",
            "set every element once on every path; use another Var for a new value",
        )

    def _clamp(self, element: Element, statement: syntax.SetTo, place: _Place) -> None:
        span = statement.span
        if not place.static:
            raise StaticError(
                "E403",
                span,
                f"'{element}' is a Param, which a branch cannot set",
                "set a Var, or clamp the Param outside the branches",
            )
        value = self._values.value(
            statement.value, place.scope, place.frame, element.variable.domain, f"'{element}'"
        )
        if not isinstance(value, Known):
            raise StaticError(
                "E403",
                span,
                f"'{element}' is a Param, which can be set to a constant alone",
                "set a Var, or clamp the Param to an integer",
            )
        if element in self._values.params:
            raise StaticError(
                "E406",
                span,
                f"'{element}' is clamped after it was read in line "
                f"{self._values.params[element].line}",
                "clamp a Param before anything reads it",
            )
        self._once(element, span, place.frame)
        place.frame.set[element] = span
        self._clamps[element] = value.values[0]

    def _observe(self, statement: syntax.SetTo, place: _Place) -> None:
        element = self._values.target(statement.target, place.scope)
        if not place.static:
            raise StaticError(
                "E407",
                statement.span,
                "this observation is inside a branch",
                "observe after the branches: a Var that they set",
            )
        seen = self._values.value(statement.target, place.scope, place.frame)
        if element.variable.kind == "Input" or not isinstance(seen, Read):
            raise StaticError(
                "E407", statement.span, f"'{element}' is given", "observe a Var or an Output"
            )
        value = self._values.value(
            statement.value, place.scope, place.frame, seen.domain, f"'{element}'"
        )
        if not isinstance(value, Known):
            raise StaticError(
                "E405",
                statement.value.span,
                "this is not a constant",
                "observe an integer; labels that differ are given to an Output",
            )
        self._observations.append(Observation(element, value.values[0], statement.span))

    def _for(self, statement: syntax.For, place: _Place) -> tuple[Statement, ...]:
        values = static.evaluate(statement.iterable, place.scope)
        if not isinstance(values, tuple | range):
            raise StaticError(
                "E301", statement.iterable.span, "this is not a range", "write 'range(T)'"
            )
        declarations.free(statement.name, statement.span, place.scope)
        result: list[Statement] = []
        deeper = dataclasses.replace(place, level=place.level + 1)
        for value in values:
            self._fuel.spend(ROUND_STEPS, statement.span)
            place.scope.bind(statement.name, value)
            loops = (*place.loops, (statement.name, value))
            inner = dataclasses.replace(deeper, loops=loops)
            result.extend(self._block(statement.body, inner))
        return tuple(result)

    def _inline(self, call: syntax.Call, place: _Place) -> tuple[Statement, ...]:
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

    def _if(self, statement: syntax.If, place: _Place) -> tuple[Statement, ...]:
        chain = decide(statement, self._values, place.scope, place.frame)
        if chain.subject is None:
            inner = dataclasses.replace(place, level=place.level + 1)
            return self._block(chain.static, inner)
        cases, branches = [], []
        for values, body in chain.branches:
            branch = place.branch(level=place.level + 1)
            cases.append(Case(values, self._block(body, branch)))
            branches.append(branch)
        return (self._merged(statement, place, chain.subject, cases, branches, chain.remaining),)

    def _merged(
        self,
        statement: syntax.If | syntax.With,
        place: _Place,
        subject: Expression,
        cases: list[Case],
        branches: list[_Place],
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

    def _with(self, statement: syntax.With, place: _Place) -> tuple[Statement, ...]:
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
        if statement.name is None and not isinstance(subject, Read):
            raise StaticError(
                "E210", statement.span, "this 'with' binds no name", "write 'with ... as v:'"
            )
        if statement.name is None and subject.bound:
            raise Unbound(subject.bound[-1])
        if id(statement) not in self._unrolled and place.depth < MAX_AXES:
            mark = self._diagnostics.mark()
            name = statement.name or str(subject.elements[0])
            variable = BoundVariable(name, subject.domain, place.depth)
            try:
                return (self._bind(variable, subject, statement, place),)
            except Unbound as unbound:
                if unbound.variable is not variable:
                    raise
                self._unrolled.add(id(statement))
                self._diagnostics.rewind(mark)
        cases, branches = [], []
        for value in range(subject.domain):
            branch = self._bound(value, subject, statement, place)
            cases.append(Case((value,), self._block(statement.body, branch)))
            branches.append(branch)
        return (self._merged(statement, place, subject, cases, branches, ()),)

    def _known(self, statement: syntax.With, place: _Place) -> tuple[Statement, ...]:
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
        place: _Place,
    ) -> _Place:
        """The body of a `with`, where its name, or the element itself, stands for `value`."""
        changes: dict[str, object] = {"level": place.level + 1}
        if isinstance(value, BoundVariable):
            changes["depth"] = place.depth + 1
        else:
            name = statement.name or str(subject.elements[0])
            changes["loops"] = (*place.loops, (name, value))
        inner = place.branch(**changes)
        if statement.name is not None:
            inner.scope.bind(statement.name, value)
        else:
            inner.scope.bound_reads[subject.elements[0]] = value
        return inner

    def _bind(
        self,
        variable: BoundVariable,
        subject: Expression,
        statement: syntax.With,
        place: _Place,
    ) -> Bind:
        inner = self._bound(variable, subject, statement, place)
        body = self._block(statement.body, inner)
        merged = place.frame.merge([inner.frame], [()], (), str, statement.span)
        bound = statement.name or ""
        place.scope.join([inner.scope], statement.span, closed=variable, bound=bound)
        return Bind(variable, subject, body, merged, statement.span)


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


__all__ = ["check"]
