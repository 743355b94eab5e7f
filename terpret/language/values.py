"""Expressions of the checked tree: reads, calls and known values, with their domains checked."""

import dataclasses

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
from terpret.language.errors import Diagnostics, Span, suggestion
from terpret.language.scope import Binding, NotStatic, Pieces, Scope
from terpret.language.static import StaticError


@dataclasses.dataclass(frozen=True)
class Test:
    """A test of a variable: the values for which it holds."""

    subject: Expression
    values: tuple[int, ...]


class Values:
    """Turns surface expressions into checked ones.

    Attributes:
      read: the variables that were read so far.
    """

    def __init__(self, diagnostics: Diagnostics):
        self._diagnostics = diagnostics
        self.read: set[Variable] = set()

    def alias(self, expression: syntax.Expression, scope: Scope) -> Binding:
        """What a name assigned to `expression` stands for: a variable's element or a static value."""
        if isinstance(expression, syntax.Name):
            binding = scope.binding(expression.id, expression.span)
            if isinstance(binding, Variable | Pieces | Element | BoundVariable):
                return binding
        if isinstance(expression, syntax.Subscript) and isinstance(expression.base, syntax.Name):
            binding = scope.binding(expression.base.id, expression.span)
            if isinstance(binding, Variable | Pieces):
                return self.target(expression, scope)
        self._warn_division(expression)
        return static.evaluate(expression, scope)

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
        binding = scope.binding(name, expression.span)
        position = tuple(self._index(part, scope) for part in index)
        return self._element(name, binding, position, expression.span)

    def _index(self, expression: syntax.Expression, scope: Scope) -> int:
        self._warn_division(expression)
        value = static.evaluate(expression, scope)
        if not isinstance(value, int):
            raise StaticError("E301", expression.span, "an index is an integer", "write 'x[i]'")
        return int(value)

    def _element(
        self, name: str, binding: Binding, index: tuple[int, ...], span: Span
    ) -> Element:
        if isinstance(binding, Element) and not index:
            return binding
        if isinstance(binding, Pieces):
            if index in binding:
                return Element(binding[index], ())
            raise StaticError(
                "E304",
                span,
                f"'{name}[{', '.join(map(str, index))}]' is not declared",
                f"'{name}' has {len(binding)} elements, declared one by one",
            )
        if not isinstance(binding, Variable):
            raise StaticError("E211", span, f"'{name}' is not a variable", "use a declared one")
        if len(index) != len(binding.dims):
            shape = f"[{', '.join(map(str, binding.dims))}]" if binding.dims else "no index"
            raise StaticError(
                "E308",
                span,
                f"'{name}' takes {len(binding.dims)} indices, not {len(index)}",
                f"it was declared with {shape}",
            )
        for position, size in zip(index, binding.dims, strict=True):
            if not 0 <= position < size:
                raise StaticError(
                    "E304",
                    span,
                    f"index {position} is out of range: '{name}' has {size} elements there",
                    f"use an index from 0 to {size - 1}",
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
                f"{describe(result)} {_ranges(result.domain)}, but {target} "
                f"{_ranges(expected)}",
                "declare both alike, or convert with a @Runtime function",
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
                    return Known((binding,), tuple(range(binding.size)), binding.size)
                if isinstance(binding, Variable | Element | Pieces):
                    return self._read(expression, scope, frame)
            case syntax.Subscript(syntax.Name(name)):
                if isinstance(scope.binding(name, span), Variable | Pieces):
                    return self._read(expression, scope, frame)
            case syntax.Call(name) if name not in static.BUILTINS:
                return self._call(expression, scope, frame)
        return None

    def _read(self, expression: syntax.Expression, scope: Scope, frame: Frame) -> Expression:
        bound, elements = scope.over_bound(lambda: self.target(expression, scope))
        if not bound and elements[0] in scope.bound_reads:
            known = scope.bound_reads[elements[0]]
            size = elements[0].variable.domain
            if isinstance(known, BoundVariable):
                return Known((known,), tuple(range(size)), size)
            return Known((), (known,), size)
        for element in elements:
            self.read.add(element.variable)
            if element.variable.kind in ("Input", "Param") or frame.where_set(element):
                continue
            partial = frame.where_partial(element)
            when = f" when {partial[1]} (line {partial[0].line})" if partial else ""
            raise StaticError(
                "E404",
                expression.span,
                f"'{element}' is read but not set{when or ' before'}",
                "set it on every path before it is read",
            )
        domains = {element.variable.domain for element in elements}
        if len(domains) > 1:
            raise StaticError(
                "E307",
                expression.span,
                f"the elements that '{expression.base.id}' can mean here differ in size",
                "declare them alike",
            )
        return Read(bound, tuple(elements), expression.span)

    def _call(self, call: syntax.Call, scope: Scope, frame: Frame) -> Expression | None:
        function = self._function(call, scope)
        if isinstance(function, Table):
            domains: tuple[Domain, ...] = function.values.shape
        else:
            domains = function.inputs
        if len(call.arguments) != len(domains) or call.keywords:
            raise StaticError(
                "E506",
                call.span,
                f"'{call.function}' takes {len(domains)} arguments, not {len(call.arguments)}",
                f"see its declaration in line {function.span.line}",
            )
        arguments = tuple(
            self.value(
                argument, scope, frame, domain, f"argument {number} of '{call.function}'"
            )
            for number, (argument, domain) in enumerate(
                zip(call.arguments, domains, strict=True), 1
            )
        )
        if isinstance(function, Table):
            return Apply(function, arguments, call.span)
        return Learned(function, arguments, call.span)

    def _function(self, call: syntax.Call, scope: Scope) -> Table | Network:
        names = scope.names
        function = names.get(call.function)
        if isinstance(function, Table | Network):
            return function
        if function is None:
            functions = [n for n, b in names.items() if isinstance(b, Table | Network)]
            raise StaticError(
                "E201",
                call.span,
                f"the function '{call.function}' is not declared",
                suggestion(call.function, functions)
                or "declare it with @Runtime or @Learn before it is used",
            )
        if isinstance(function, syntax.Function):
            raise StaticError(
                "E507",
                call.span,
                f"the @Inline function '{call.function}' has no value",
                "call it in a statement of its own",
            )
        raise StaticError(
            "E203", call.span, f"'{call.function}' is not a function", "call functions only"
        )

    def _known(
        self, expression: syntax.Expression, scope: Scope, expected: Domain | None, target: str
    ) -> Known:
        self._warn_division(expression)
        try:
            bound, values = scope.over_bound(lambda: static.evaluate(expression, scope))
        except NotStatic as error:
            raise NotStatic(
                "E309",
                error.span,
                f"{error.message}, so it cannot be calculated with here",
                "declare a @Runtime function and call it",
            ) from None
        for value in values:
            if not isinstance(value, int):
                raise StaticError("E301", expression.span, "this is a list", "use an integer")
            if isinstance(expected, tuple):
                raise StaticError(
                    "E307",
                    expression.span,
                    f"{int(value)} is an integer, but {target} {_ranges(expected)}",
                    "use a tensor",
                )
            if value < 0 or (expected is not None and value >= expected):
                raise StaticError(
                    "E310",
                    expression.span,
                    f"the value {int(value)} is out of range: {target} "
                    f"{_ranges(expected or 1)}",
                    f"use a value from 0 to {(expected or 1) - 1}",
                )
        size = expected if expected is not None else max(values) + 1
        return Known(bound, tuple(map(int, values)), size)

    def test(self, expression: syntax.Expression, scope: Scope, frame: Frame) -> bool | Test:
        """A test as a static boolean, or as the values of one variable for which it holds.

        Raises:
          StaticError: it is neither.
        """
        self._warn_division(expression)
        try:
            return bool(static.evaluate(expression, scope))
        except NotStatic:
            subjects = list(_subjects(expression, scope))
        checked = [self.value(subject, scope, frame) for subject in subjects]
        first = checked[0]
        for subject, other in zip(subjects, checked, strict=True):
            if other != first:
                raise StaticError(
                    "E305",
                    subject.span,
                    f"this test compares {describe(first)} with {describe(other)}",
                    "compare with a constant; bind one of them by 'with ... as v:'",
                )
        if not isinstance(first.domain, int):
            raise StaticError("E307", expression.span, "a tensor cannot be tested", "test integers")
        holds = tuple(
            value
            for value in range(first.domain)
            if static.evaluate(_replace(expression, subjects, value), scope)
        )
        return Test(first, holds)

    def _warn_division(self, expression: syntax.Expression) -> None:
        for node in _walk(expression):
            if isinstance(node, syntax.Binary) and node.operator == "/":
                warn_division(self._diagnostics, node.span)


def warn_division(diagnostics: Diagnostics, span: Span) -> None:
    """Warns of `/`, which divides integers as in Python 2."""
    diagnostics.add("W102", span, "'/' divides integers here, rounding down", "write '//'")


def describe(expression: Expression) -> str:
    """How a message names a checked expression."""
    match expression:
        case Read(bound, elements):
            if not bound:
                return f"'{elements[0]}'"
            return f"'{elements[0].variable.name}[...]'"
        case Apply(table):
            return f"'{table.name}(...)'"
        case Learned(network):
            return f"'{network.name}(...)'"
        case Known(bound, values):
            return f"'{bound[0].name}'" if bound else str(values[0])


def _ranges(domain: Domain) -> str:
    if isinstance(domain, int):
        return f"ranges over 0..{domain - 1}"
    return f"is a tensor of shape ({', '.join(map(str, domain))})"


def _children(node: syntax.Expression) -> list[syntax.Expression]:
    found = []
    for field in dataclasses.fields(node):
        value = getattr(node, field.name)
        for part in value if isinstance(value, tuple) else (value,):
            part = part[1] if isinstance(part, tuple) else part
            if isinstance(part, syntax.Expression):
                found.append(part)
    return found


def _walk(node: syntax.Expression) -> list[syntax.Expression]:
    nodes = [node]
    for child in nodes:
        nodes.extend(_children(child))
    return nodes


def _subjects(node: syntax.Expression, scope: Scope) -> list[syntax.Expression]:
    """The outermost parts of a test that depend on a variable."""
    is_variable = False
    match node:
        case syntax.Name(name):
            is_variable = isinstance(scope.names.get(name), Variable | Element)
        case syntax.Subscript(syntax.Name(name)):
            is_variable = isinstance(scope.names.get(name), Variable | Pieces)
        case syntax.Call(name):
            is_variable = isinstance(scope.names.get(name), Table | Network)
    if is_variable:
        try:
            static.evaluate(node, scope)
        except NotStatic:
            return [node]
        except StaticError:
            return [node]
    return [found for child in _children(node) for found in _subjects(child, scope)]


def _replace(
    node: syntax.Expression, subjects: list[syntax.Expression], value: int
) -> syntax.Expression:
    """`node` with every subject replaced by a number."""
    if any(node is subject for subject in subjects):
        return syntax.Number(value, node.span)
    changes = {}
    for field in dataclasses.fields(node):
        old = getattr(node, field.name)
        if isinstance(old, syntax.Expression):
            changes[field.name] = _replace(old, subjects, value)
        elif isinstance(old, tuple) and old and isinstance(old[0], syntax.Expression):
            changes[field.name] = tuple(_replace(part, subjects, value) for part in old)
    return dataclasses.replace(node, **changes)
