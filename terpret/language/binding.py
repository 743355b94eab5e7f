"""Statements that bind names: `=`, declarations and decorated functions."""

from terpret.language import declarations, functions, runtime, static, syntax
from terpret.language.checked import Network, Variable
from terpret.language.errors import Span, suggestion
from terpret.language.place import Place
from terpret.language.scope import Inline, NotStatic, Scope, Unreported
from terpret.language.static import Value
from terpret.language.static_error import StaticError
from terpret.language.step_limit import Fuel
from terpret.language.values import Values


class Bindings:
    """What a model declares.

    Attributes:
      hypers: the value of each hyper.
      variables: the variables, in the order of the text.
      networks: the `@Learn` functions, in the order of the text.
    """

    def __init__(self, given: dict[str, int], values: Values, fuel: Fuel):
        self.hypers: dict[str, int] = {}
        self.variables: list[Variable] = []
        self.networks: list[Network] = []
        self._given, self._values, self._fuel = given, values, fuel
        self._bodies: dict[str, tuple[syntax.Function, runtime.Body, Scope]] = {}
        self._refused: set[str] = set()

    def assign(self, statement: syntax.Assign, place: Place) -> None:
        """Declares a hyper or a variable, or names a constant or an element.

        Raises:
          StaticError: with what is wrong; the name then counts as declared.
        """
        target, value, scope = statement.target, statement.value, place.scope
        call = declarations.declared_kind(value)
        try:
            if call is not None:
                self._declared_here(call.function, statement.span, place)
            if call is not None and call.function == "Hyper":
                name, number = declarations.hyper(target, call, scope, self._given, value)
                self.hypers[name] = number
                scope.bind(name, number)
            elif call is not None:
                self.variables.append(declarations.declare(target, value, scope))
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

    def _declared_here(self, what: str, span: Span, place: Place) -> None:
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

    def function(self, function: syntax.Function, place: Place) -> None:
        """Declares a function.

        Raises:
          StaticError: with what is wrong; the name then counts as declared.
        """
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
                    self.networks.append(network)
                case "Inline":
                    scope.bind(function.name, Inline(function, scope))
        except StaticError:
            declarations.broken(syntax.Name(function.name), scope)
            self._refused.add(function.name)
            raise

    def call(self, name: str, arguments: tuple[Value, ...], span: Span) -> Value:
        """The value of a `@Runtime` function for static arguments.

        Raises:
          StaticError: there is no such function, or it has no value there.
        """
        if name not in self._bodies:
            if name in self._refused:
                raise Unreported("E201", span, f"the declaration of '{name}' was refused")
            if any(network.name == name for network in self.networks):
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
                suggestion(name, [*self._bodies, *declarations.RESERVED])
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
