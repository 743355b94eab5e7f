"""Expressions of the checked tree: reads, calls and known values, with their domains checked."""

from collections.abc import Callable

from terpret.language import static, syntax
from terpret.language.assignment import Frame
from terpret.language.checked import (
    Apply,
    BoundVariable,
    Domain,
    Element,
    Expression,
    Known,
    Learned,
    Network,
    Read,
    Table,
    Variable,
)
from terpret.language.describe import describe, flat, ranges
from terpret.language.errors import Span, suggestion
from terpret.language.scope import (
    LOOKUP_STEPS,
    Binding,
    Broken,
    Choice,
    Inline,
    NotStatic,
    Pieces,
    Scope,
    Unbound,
    Unreported,
)
from terpret.language.static import Value
from terpret.language.static_error import StaticError

TARGET_STEPS = 30
# As `static.evaluate` counts it.
NAME_STEPS = 1 + LOOKUP_STEPS


class Values:
    """Turns surface expressions into checked ones.

    Attributes:
      read: the variables that were read so far.
      params: where each element of a Param was read first.
    """

    def __init__(self) -> None:
        self.read: set[Variable] = set()
        self.params: dict[Element, Span] = {}
        # Of each variable, by index: loops name the same elements again and again.
        self._elements: dict[Variable, dict[tuple[int, ...], Element]] = {}

    def alias(self, expression: syntax.Expression, scope: Scope) -> Binding:
        """What a name assigned to `expression` stands for: an element, or a static value.

        Raises:
          StaticError: it is neither.
        """
        if isinstance(expression, syntax.Name):
            binding = scope.binding(expression.id, expression.span)
            if isinstance(binding, Variable | Pieces | Element | BoundVariable | Choice):
                return binding
        if isinstance(expression, syntax.Subscript) and isinstance(expression.base, syntax.Name):
            binding = scope.binding(expression.base.id, expression.span)
            if isinstance(binding, Variable | Pieces):
                return self._chosen(lambda: self.target(expression, scope), scope, expression.span)
        return self._chosen(lambda: static.evaluate(expression, scope), scope, expression.span)

    def _chosen(self, function: Callable[[], Element | Value], scope: Scope, span: Span) -> Binding:
        bound, options = scope.over_bound(function, span)
        return Choice(bound, tuple(options)) if bound else options[0]

    def target(self, expression: syntax.Expression, scope: Scope) -> Element:
        """The element that `x` or `x[i]` names; its index must be static.

        Raises:
          StaticError: it is no variable, or the index is out of range.
        """
        if isinstance(expression, syntax.Subscript) and isinstance(expression.base, syntax.Name):
            name, index = expression.base.id, expression.index
        elif isinstance(expression, syntax.Name):
            name, index = expression.id, ()
        else:
            raise StaticError(
                "E211", expression.span, "this is not a variable", "write a name or 'x[i]'"
            )
        scope.burn(TARGET_STEPS, expression.span)
        binding = scope.binding(name, expression.span)
        position = tuple([self._index(part, scope) for part in index])
        if not isinstance(binding, Variable):
            return self._element(name, binding, position, expression.span, scope)
        known = self._elements.setdefault(binding, {})
        if position not in known:
            known[position] = self._element(name, binding, position, expression.span, scope)
        return known[position]

    def _index(self, expression: syntax.Expression, scope: Scope) -> int:
        if isinstance(expression, syntax.Name):
            # The usual index: the name of a loop.
            known = scope.names.get(expression.id)
            if type(known) is int:
                scope.burn(NAME_STEPS, expression.span)
                return known
        value = static.evaluate(expression, scope)
        if not isinstance(value, int):
            raise StaticError("E301", expression.span, "an index is one integer", "write 'x[i]'")
        return int(value)

    def _element(
        self, name: str, binding: Binding, index: tuple[int, ...], span: Span, scope: Scope
    ) -> Element:
        if isinstance(binding, Choice):
            binding = scope.chosen(binding)
        if isinstance(binding, Element) and not index:
            return binding
        if isinstance(binding, Element):
            raise StaticError(
                "E308", span, f"'{name}' stands for '{binding}', one element", f"write '{name}'"
            )
        if isinstance(binding, Pieces):
            if index in binding:
                return Element(binding[index], ())
            raise StaticError(
                "E304" if index else "E308",
                span,
                f"'{flat(name, index)}' is not declared"
                if index
                else f"'{name}' is an array: it has no value of its own",
                f"'{name}' has {len(binding)} elements, declared one by one",
            )
        if not isinstance(binding, Variable):
            raise StaticError(
                "E211", span, f"'{name}' is not a variable", f"declare it: '{name} = Var(n)'"
            )
        if len(index) != len(binding.dims):
            raise StaticError(
                "E308",
                span,
                f"'{name}' takes {_indices(len(binding.dims))}, not {len(index)}",
                f"it was declared with [{', '.join(map(str, binding.dims))}]"
                if binding.dims
                else f"write '{name}' alone",
            )
        for position, size in zip(index, binding.dims, strict=True):
            if not 0 <= position < size:
                raise StaticError(
                    "E304",
                    span,
                    f"index {position} is out of range: '{name}' has {size} elements there",
                    f"use an index from 0 to {size - 1}" if size else "it has no elements",
                )
        return Element(binding, index)

    def value(
        self,
        expression: syntax.Expression,
        scope: Scope,
        frame: Frame,
        expected: Domain | None = None,
        target: str = "",
    ) -> Expression:
        """The checked form of an expression whose value is used.

        Args:
          expression: a variable, a call of a function, or a static expression.
          scope: the names.
          frame: what is set.
          expected: the domain it must have, if there is one; a static value needs it.
          target: how a message names what it is used for.

        Raises:
          StaticError: with what is wrong.
        """
        result = self._variable_or_call(expression, scope, frame)
        if result is None:
            return self._known(expression, scope, expected, target)
        if expected is not None and result.domain != expected:
            if isinstance(result, Known):
                return self._known(expression, scope, expected, target)
            raise StaticError(
                "E307",
                expression.span,
                f"{describe(result)} {ranges(result.domain)}, but {target} {ranges(expected)}",
                "declare both alike, or convert with a @Runtime function"
                if isinstance(result.domain, int) and isinstance(expected, int)
                else "declare both alike, or convert with a @Learn function",
            )
        return result

    def _variable_or_call(
        self, expression: syntax.Expression, scope: Scope, frame: Frame
    ) -> Expression | None:
        span = expression.span
        match expression:
            case syntax.Name(name):
                binding = scope.binding(name, span)
                if isinstance(binding, BoundVariable):
                    scope.burn(binding.size, span)
                    return Known((binding,), tuple(range(binding.size)), binding.size)
                if isinstance(binding, Choice) and isinstance(binding.options[0], Element):
                    return self._read(expression, scope, frame)
                if isinstance(binding, Variable | Element | Pieces):
                    return self._read(expression, scope, frame)
            case syntax.Subscript(syntax.Name(name)):
                if isinstance(scope.binding(name, span), Variable | Pieces | Element):
                    return self._read(expression, scope, frame)
            case syntax.Call(name) if name not in static.BUILTINS:
                return self._call(expression, scope, frame)
        return None

    def _read(self, expression: syntax.Expression, scope: Scope, frame: Frame) -> Expression:
        span = expression.span
        bound, elements = scope.over_bound(lambda: self.target(expression, scope), span)
        if scope.bound_reads:
            known = scope.bound_reads.get(elements[0])
            if bound and any(element in scope.bound_reads for element in elements):
                raise Unbound(bound[-1])
            if known is not None and not bound:
                size = elements[0].variable.size
                scope.burn(size, span)
                if isinstance(known, BoundVariable):
                    return Known((known,), tuple(range(size)), size)
                return Known((), (known,), size)
        if len({element.variable.domain for element in elements}) > 1:
            # Elements of unlike sizes have no common axis: one copy of the body for each.
            raise Unbound(bound[-1])
        for element in elements:
            self.read.add(element.variable)
            if element.variable.kind == "Param":
                self.params.setdefault(element, span)
            elif element.variable.kind == "Input" or frame.where_set(element) or frame.unsure:
                continue
            else:
                raise self._unset(element, frame, span)
        return Read(bound, tuple(elements), span)

    def _unset(self, element: Element, frame: Frame, span: Span) -> StaticError:
        partial = frame.where_partial(element)
        if partial is None:
            return StaticError(
                "E404",
                span,
                f"'{element}' is read before it is set",
                "set it above, on every path that leads here",
            )
        return StaticError(
            "E404",
            span,
            f"'{element}' is read but not set when {partial[1]} (line {partial[0].line})",
            "set it in every branch, or read it inside the branch that sets it",
        )

    def _call(self, call: syntax.Call, scope: Scope, frame: Frame) -> Expression:
        function = self._function(call, scope)
        if isinstance(function, Table):
            domains: tuple[Domain, ...] = function.values.shape
        else:
            domains = function.inputs
        if len(call.arguments) != len(domains) or call.keywords:
            raise StaticError(
                "E506",
                call.span,
                f"'{call.function}' takes {_arguments(len(domains))}, not {len(call.arguments)}"
                if not call.keywords
                else f"'{call.function}' takes no keywords",
                f"see its declaration in line {function.span.line}",
            )
        arguments = tuple(
            self.value(argument, scope, frame, domain, f"argument {number} of '{call.function}'")
            for number, (argument, domain) in enumerate(
                zip(call.arguments, domains, strict=True), 1
            )
        )
        if isinstance(function, Table):
            return Apply(function, arguments, call.span)
        return Learned(function, arguments, call.span)

    def _function(self, call: syntax.Call, scope: Scope) -> Table | Network:
        name = call.function
        function = scope.names.get(name)
        if isinstance(function, Table | Network):
            return function
        if function is None:
            functions = [n for n, b in scope.names.items() if isinstance(b, Table | Network)]
            raise StaticError(
                "E201",
                call.span,
                f"the function '{name}' is not declared",
                suggestion(name, functions)
                or "declare it with @Runtime or @Learn before it is used",
            )
        if isinstance(function, Broken):
            raise Unreported("E201", call.span, f"the declaration of '{name}' was refused")
        if isinstance(function, Inline):
            raise StaticError(
                "E507",
                call.span,
                f"the @Inline function '{name}' has no value",
                "call it in a statement of its own",
            )
        raise StaticError(
            "E203", call.span, f"'{name}' is not a function", f"write '{name}' without '(...)'"
        )

    def _known(
        self, expression: syntax.Expression, scope: Scope, expected: Domain | None, target: str
    ) -> Known:
        span = expression.span
        try:
            bound, values = scope.over_bound(lambda: static.evaluate(expression, scope), span)
        except NotStatic as error:
            raise StaticError(
                "E309",
                error.span,
                f"{error.message}, so it cannot be calculated with here",
                "declare a @Runtime function and call it",
            ) from None
        numbers = []
        for value in values:
            if not isinstance(value, int):
                raise StaticError("E301", span, "this is a list, not an integer", "use an integer")
            if isinstance(expected, tuple):
                raise StaticError(
                    "E307",
                    span,
                    f"{int(value)} is an integer, but {target} {ranges(expected)}",
                    "use a tensor",
                )
            if value < 0 or (expected is not None and value >= expected):
                raise StaticError(
                    "E310",
                    span,
                    f"the value {int(value)} is out of range: {target} {ranges(expected)}"
                    if expected is not None
                    else f"the value {int(value)} is negative",
                    f"use a value from 0 to {expected - 1}"
                    if expected is not None
                    else "values start at 0",
                )
            numbers.append(int(value))
        size = expected if isinstance(expected, int) else max(numbers) + 1
        return Known(bound, tuple(numbers), size)


def _indices(count: int) -> str:
    return "no index" if count == 0 else "1 index" if count == 1 else f"{count} indices"


def _arguments(count: int) -> str:
    return "1 argument" if count == 1 else f"{count} arguments"
