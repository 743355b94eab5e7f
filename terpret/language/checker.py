"""Surface tree to checked tree: loops are unrolled, names resolved, every rule enforced.

A `with x as v` is first tried whole, with `v` an axis. Where the body needs the value of `v` to
decide something static (which element is set, a loop's range, a test), `Unbound` comes back and
the body is unrolled over the values instead. Both forms mean the same.
"""

import dataclasses

from terpret.language import declarations, runtime, static, syntax
from terpret.language.assignment import Frame
from terpret.language.checked import (
    Bind,
    BoundVariable,
    Case,
    CheckedModel,
    Element,
    Expression,
    Known,
    Network,
    Read,
    Set,
    Statement,
    Switch,
    Table,
    Variable,
)
from terpret.language.errors import Diagnostics, InputError, Source, Span, suggestion
from terpret.language.scope import Pieces, Scope, Unbound
from terpret.language.static import StaticError, Value
from terpret.language.values import Values, describe

MAX_STATEMENTS = 200_000
MAX_INLINE_DEPTH = 32


class _TooLarge(Exception):
    """The model has too many statements once its loops are unrolled."""


@dataclasses.dataclass(frozen=True)
class _Place:
    """Where the checker stands: names, assignments, the loop values, the depth of axes."""

    scope: Scope
    frame: Frame
    loops: tuple[tuple[str, int], ...] = ()
    depth: int = 0
    inline: int = 0
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
        if isinstance(value, bool) or not isinstance(value, int):
            raise InputError(f"the hyper '{name}' is {value!r}: give an integer")
    return _Checker(source, hypers).model(module)


class _Checker:
    """One method a statement; expressions are in `values.Values`."""

    def __init__(self, source: Source, hypers: dict[str, int]):
        self._source = source
        self._given = hypers
        self._diagnostics = Diagnostics(source)
        self._hypers: dict[str, int] = {}
        self._variables: list[Variable] = []
        self._networks: list[Network] = []
        self._bodies: dict[str, object] = {}
        self._fuel = [runtime.FUEL]
        self._statements = 0
        self._unrolled: set[int] = set()
        self._values = Values(self._diagnostics)

    def model(self, module: syntax.Module) -> CheckedModel:
        place = _Place(Scope({}, self._call_runtime), Frame())
        try:
            statements = self._block(module.statements, place)
        except _TooLarge:
            statements = ()
        unknown = [name for name in self._given if name not in self._hypers]
        if not self._diagnostics.sorted("E"):
            self._outputs_set(place.frame)
        self._diagnostics.raise_errors()
        if unknown:
            known = ", ".join(self._hypers) or "none"
            hint = suggestion(unknown[0], self._hypers) or f"it has: {known}"
            raise InputError(f"{self._source.path} has no hyper '{unknown[0]}'; {hint}")
        self._warn_unused()
        return CheckedModel(
            source=self._source,
            hypers=self._hypers,
            variables=tuple(self._variables),
            statements=statements,
            networks=tuple(self._networks),
            warnings=tuple(self._diagnostics.sorted("W")),
        )

    def _call_runtime(self, name: str, arguments: tuple[Value, ...], span: Span) -> Value:
        if name not in self._bodies:
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
        return run(arguments, scope, self._fuel)[0]

    # Statements.

    def _block(self, statements: tuple[syntax.Statement, ...], place: _Place) -> tuple:
        result: list[Statement] = []
        for statement in statements:
            self._statements += 1
            if self._statements > MAX_STATEMENTS:
                self._diagnostics.add(
                    "E605",
                    statement.span,
                    f"the model has more than {MAX_STATEMENTS:,} statements once unrolled",
                    "make its loops or its hypers smaller",
                )
                raise _TooLarge
            try:
                result.extend(self._statement(statement, place))
            except StaticError as error:
                self._report(error, place)
        return tuple(result)

    def _report(self, error: StaticError, place: _Place) -> None:
        where = ", ".join(f"{name} = {value}" for name, value in place.loops)
        message = f"{error.message} (where {where})" if where else error.message
        self._diagnostics.add(error.code, error.span, message, error.help)

    def _statement(self, statement: syntax.Statement, place: _Place) -> tuple[Statement, ...]:
        match statement:
            case syntax.Assign():
                self._assign(statement, place)
                return ()
            case syntax.SetTo():
                return (self._set_to(statement, place),)
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
        raise StaticError("E112", statement.span, "'return' outside a function", "remove it")

    def _assign(self, statement: syntax.Assign, place: _Place) -> None:
        target, value, scope = statement.target, statement.value, place.scope
        call = declarations.declared_kind(value)
        if call is not None:
            if not place.static:
                raise StaticError(
                    "E209",
                    statement.span,
                    "a declaration inside a branch that depends on a variable",
                    "declare it before the branch",
                )
            if call.function != "Hyper":
                self._variables.append(declarations.declare(target, value, scope))
                return
            if not isinstance(target, syntax.Name):
                raise StaticError(
                    "E206", target.span, "a hyper is one integer", "write 'T = Hyper(5)'"
                )
            number = declarations.hyper(target.id, call, scope, self._given, value)
            scope.names[target.id] = self._hypers[target.id] = number
            return
        if not isinstance(target, syntax.Name):
            raise StaticError(
                "E206", statement.span, "an element holds no constant", "write 'x.set_to(...)'"
            )
        declarations.free(target.id, target.span, scope)
        scope.names[target.id] = self._values.alias(value, scope)

    def _function(self, function: syntax.Function, place: _Place) -> None:
        scope = place.scope
        declarations.free(function.name, function.span, scope)
        match function.decorator.function:
            case "Runtime" | "CompileMe":
                table = declarations.table(function, scope, self._fuel)
                scope.names[function.name] = table
                self._bodies[function.name] = (function, runtime.body(function), scope)
            case "Learn":
                network = declarations.network(function, scope)
                scope.names[function.name] = network
                self._networks.append(network)
            case "Inline":
                scope.names[function.name] = function

    def _set_to(self, statement: syntax.SetTo, place: _Place) -> Set:
        element = self._values.target(statement.target, place.scope)
        variable = element.variable
        if variable.kind in ("Input", "Param"):
            raise StaticError(
                "E403",
                statement.span,
                f"'{element}' is {'an' if variable.kind == 'Input' else 'a'} {variable.kind}, "
                "which cannot be set",
                "set a Var or an Output",
            )
        try:
            value = self._values.value(
                statement.value, place.scope, place.frame, variable.domain, f"'{element}'"
            )
            self._once(element, statement.span, place.frame)
        finally:
            # Taken as set even after an error, so that one slip gives one message.
            place.frame.set.setdefault(element, statement.span)
        return Set(element, value, statement.span)

    def _once(self, element: Element, span: Span, frame: Frame) -> None:
        first = frame.where_set(element)
        partial = frame.where_partial(element)
        if first is None and partial is None:
            return
        line = first.line if first else partial[0].line
        when = "" if first else "in some branches "
        raise StaticError(
            "E401",
            span,
            f"'{element}' is set twice: it was set {when}in line {line}",
            "set every element once on every path; use another Var for a new value",
        )

    def _for(self, statement: syntax.For, place: _Place) -> tuple[Statement, ...]:
        values = static.evaluate(statement.iterable, place.scope)
        if not isinstance(values, tuple | range):
            raise StaticError(
                "E301", statement.iterable.span, "this is not a range", "write 'range(T)'"
            )
        declarations.free(statement.name, statement.span, place.scope)
        result: list[Statement] = []
        for value in values:
            place.scope.names[statement.name] = value
            loops = (*place.loops, (statement.name, value))
            result.extend(self._block(statement.body, dataclasses.replace(place, loops=loops)))
        return tuple(result)

    def _inline(self, call: syntax.Call, place: _Place) -> tuple[Statement, ...]:
        function = place.scope.binding(call.function, call.span)
        if not isinstance(function, syntax.Function):
            raise StaticError(
                "E507",
                call.span,
                f"the result of '{call.function}' is not used",
                f"write 'x.set_to({call.function}(...))'",
            )
        if len(call.arguments) != len(function.parameters) or call.keywords:
            raise StaticError(
                "E506",
                call.span,
                f"'{function.name}' takes {len(function.parameters)} arguments, "
                f"not {len(call.arguments)}",
                f"write {function.name}({', '.join(function.parameters)})",
            )
        if place.inline >= MAX_INLINE_DEPTH:
            raise StaticError(
                "E606", call.span, f"'{function.name}' calls itself", "write a loop instead"
            )
        scope = place.scope.branch()
        for parameter, argument in zip(function.parameters, call.arguments, strict=True):
            scope.names[parameter] = self._values.alias(argument, place.scope)
        inner = dataclasses.replace(place, scope=scope, inline=place.inline + 1)
        return self._block(function.body, inner)

    def _if(self, statement: syntax.If, place: _Place) -> tuple[Statement, ...]:
        subject: Expression | None = None
        remaining: list[int] = []
        chosen: list[tuple[tuple[int, ...], tuple[syntax.Statement, ...]]] = []
        otherwise = statement.orelse
        for test, body in statement.branches:
            found = self._values.test(test, place.scope, place.frame)
            if isinstance(found, bool):
                if not found:
                    continue
                otherwise = body
                break
            if subject is None:
                subject, remaining = found.subject, list(range(found.subject.domain))
            elif subject != found.subject:
                raise StaticError(
                    "E305",
                    test.span,
                    f"this chain tests {describe(subject)} and {describe(found.subject)}",
                    "test one variable in a chain; nest a second 'if' in the branch",
                )
            values = tuple(v for v in found.values if v in remaining)
            if not values:
                why = "are handled above" if found.values else "do not exist"
                raise StaticError(
                    "E306",
                    test.span,
                    f"this branch is never taken: its values of {describe(subject)} {why}",
                    f"test values from 0 to {subject.domain - 1}, each once",
                )
            remaining = [v for v in remaining if v not in values]
            chosen.append((values, body))
        if subject is None:
            return self._block(otherwise or (), place)
        if otherwise is not None and remaining:
            chosen.append((tuple(remaining), otherwise))
            remaining = []
        return (self._switch(subject, chosen, remaining, statement.span, place),)

    def _switch(
        self,
        subject: Expression,
        chosen: list[tuple[tuple[int, ...], tuple[syntax.Statement, ...]]],
        remaining: list[int],
        span: Span,
        place: _Place,
        bind: str | Element | None = None,
    ) -> Switch:
        cases, branches = [], []
        for values, body in chosen:
            branch = place.branch()
            if isinstance(bind, str):
                branch.scope.names[bind] = values[0]
                branch = dataclasses.replace(branch, loops=(*place.loops, (bind, values[0])))
            elif bind is not None:
                branch.scope.bound_reads[bind] = values[0]
            cases.append(Case(values, self._block(body, branch)))
            branches.append(branch)
        merged = place.frame.merge(
            [branch.frame for branch in branches],
            [_when(subject, values) for values, _ in chosen],
            _when(subject, tuple(remaining)) if remaining else "",
            span,
        )
        if not remaining and not bind:
            place.scope.join([branch.scope for branch in branches], span)
        return Switch(subject, tuple(cases), merged, span)

    def _with(self, statement: syntax.With, place: _Place) -> tuple[Statement, ...]:
        subject = self._values.value(statement.subject, place.scope, place.frame)
        bind: str | Element
        if statement.name is not None:
            declarations.free(statement.name, statement.span, place.scope)
            bind = statement.name
        elif isinstance(subject, Read) and not subject.bound:
            bind = subject.elements[0]
        else:
            raise StaticError(
                "E210", statement.span, "this 'with' binds no name", "write 'with ... as v:'"
            )
        if not isinstance(subject.domain, int):
            raise StaticError(
                "E307", statement.subject.span, "a tensor has no values to bind", "bind an integer"
            )
        if isinstance(subject, Known):
            inner = place.scope.branch()
            inner.names[bind] = self._values.alias(statement.subject, place.scope)
            return self._block(statement.body, dataclasses.replace(place, scope=inner))
        if id(statement) not in self._unrolled:
            mark, counted = self._diagnostics.mark(), self._statements
            variable = BoundVariable(str(bind), subject.domain, place.depth)
            try:
                return (self._bind(variable, bind, subject, statement, place),)
            except Unbound as unbound:
                if unbound.variable is not variable:
                    raise
                self._unrolled.add(id(statement))
                self._diagnostics.rewind(mark)
                self._statements = counted
        every = [((value,), statement.body) for value in range(subject.domain)]
        return (self._switch(subject, every, [], statement.span, place, bind),)

    def _bind(
        self,
        variable: BoundVariable,
        bind: str | Element,
        subject: Expression,
        statement: syntax.With,
        place: _Place,
    ) -> Bind:
        inner = place.branch(depth=place.depth + 1)
        if isinstance(bind, str):
            inner.scope.names[bind] = variable
        else:
            inner.scope.bound_reads[bind] = variable
        body = self._block(statement.body, inner)
        merged = place.frame.merge([inner.frame], [""], "", statement.span)
        return Bind(variable, subject, body, merged, statement.span)

    # The end of the model.

    def _outputs_set(self, frame: Frame) -> None:
        outputs = [v for v in self._variables if v.kind == "Output"]
        if not outputs:
            end = self._source.text.rstrip().count("\n") + 1
            self._diagnostics.add(
                "E402",
                Span(end, 1, end, 2),
                "the model has no Output",
                "declare what is observed: 'y = Output(n)'",
            )
        for variable in outputs:
            for element in elements_of(variable):
                if frame.where_set(element) is not None:
                    continue
                partial = frame.where_partial(element)
                when = f" when {partial[1]} (line {partial[0].line})" if partial else ""
                self._diagnostics.add(
                    "E402",
                    variable.span,
                    f"the Output '{element}' is not set{when}",
                    "set it on every path",
                )

    def _warn_unused(self) -> None:
        for variable in self._variables:
            if variable.kind != "Output" and variable not in self._values.read:
                self._diagnostics.add(
                    "W101",
                    variable.span,
                    f"'{variable.name}' is never read",
                    "remove it, or read it",
                )


def elements_of(variable: Variable) -> list[Element]:
    """Every element of a variable, the last index varying fastest."""
    indices: list[tuple[int, ...]] = [()]
    for size in variable.dims:
        indices = [(*index, i) for index in indices for i in range(size)]
    return [Element(variable, index) for index in indices]


def _when(subject: Expression, values: tuple[int, ...]) -> str:
    listed = " or ".join(map(str, values[:4])) + (" or more" if len(values) > 4 else "")
    return f"{describe(subject)} is {listed}"


__all__ = ["check", "elements_of", "Pieces", "Table"]
