"""Surface tree to text: `parse` of the text gives the same tree back.

Parentheses stand only where a weaker operator is an operand of a stronger one, or where Python
would group equal ones otherwise.
"""

from terpret.language import syntax

_INDENT = "    "
# A statement that leaves no trace in the tree: where Python wants one and the tree has none.
_NOTHING = '""'

# How tightly an expression holds its parts together, as in Python's own grammar.
_CONDITIONAL, _OR, _AND, _NOT, _COMPARE = range(5)
_BINARY = {"|": 5, "^": 6, "&": 7, "+": 8, "-": 8, "*": 9, "/": 9, "//": 9, "%": 9}
_UNARY, _ATOM = 10, 11


def print_module(module: syntax.Module) -> str:
    """The text of a model."""
    return "".join(f"{line}\n" for line in _block(module.statements, ""))


def print_expression(expression: syntax.Expression) -> str:
    """The text of an expression."""
    return _expression(expression, _CONDITIONAL)


def _block(statements: tuple[syntax.Statement, ...], margin: str) -> list[str]:
    return [margin + line for statement in statements for line in _statement(statement)]


def _body(statements: tuple[syntax.Statement, ...]) -> list[str]:
    return _block(statements, _INDENT) or [_INDENT + _NOTHING]


def _statement(statement: syntax.Statement) -> list[str]:
    match statement:
        case syntax.Assign(target, value):
            return [f"{print_expression(target)} = {print_expression(value)}"]
        case syntax.SetTo(method, target, value):
            # The dot of '3.set_to' would belong to the number.
            least = _ATOM + isinstance(target, syntax.Number)
            return [f"{_expression(target, least)}.{method}({print_expression(value)})"]
        case syntax.If(branches, orelse):
            lines = []
            for place, (test, body) in enumerate(branches):
                word = "elif" if place else "if"
                lines += [f"{word} {print_expression(test)}:", *_body(body)]
            if orelse is not None:
                # An 'if' alone in an 'else' would read as one more 'elif'.
                alone = len(orelse) == 1 and isinstance(orelse[0], syntax.If)
                lines += ["else:", *([_INDENT + _NOTHING] if alone else []), *_body(orelse)]
            return lines
        case syntax.With(subject, name, body):
            bound = f" as {name}" if name is not None else ""
            return [f"with {print_expression(subject)}{bound}:", *_body(body)]
        case syntax.For(name, iterable, body):
            return [f"for {name} in {print_expression(iterable)}:", *_body(body)]
        case syntax.Function(name, parameters, decorator, body):
            head = f"def {name}({', '.join(parameters)}):"
            return [f"@{print_expression(decorator)}", head, *_body(body)]
        case syntax.CallStatement(call):
            return [print_expression(call)]
        case syntax.Return(value):
            return [f"return {print_expression(value)}"]
        case syntax.Pass():
            return ["pass"]
    raise AssertionError(statement)


def _expression(expression: syntax.Expression, least: int) -> str:
    """The text, in parentheses when it holds together less tightly than `least`."""
    strength, text = _text(expression)
    return f"({text})" if strength < least else text


def _list(expressions: tuple[syntax.Expression, ...]) -> str:
    return ", ".join(map(print_expression, expressions))


def _text(expression: syntax.Expression) -> tuple[int, str]:
    """How tightly an expression holds together, and its text."""
    match expression:
        case syntax.Number(value):
            return _ATOM, str(value)
        case syntax.Text(value):
            return _ATOM, repr(value)
        case syntax.Name(name):
            return _ATOM, name
        case syntax.Subscript(base, index):
            return _ATOM, f"{_expression(base, _ATOM)}[{_list(index) or '()'}]"
        case syntax.Call(function, arguments, keywords):
            named = [f"{name}={print_expression(value)}" for name, value in keywords]
            return _ATOM, f"{function}({', '.join([*map(print_expression, arguments), *named])})"
        case syntax.ListDisplay(items):
            return _ATOM, f"[{_list(items)}]"
        case syntax.Comprehension(element, name, iterable, tests):
            # In a comprehension a bare conditional would take the 'if' of the tests for its own.
            conditions = "".join(f" if {_expression(test, _OR)}" for test in tests)
            source = _expression(iterable, _OR)
            return _ATOM, f"[{print_expression(element)} for {name} in {source}{conditions}]"
        case syntax.Unary("not", operand):
            return _NOT, f"not {_expression(operand, _NOT)}"
        case syntax.Unary(operator, operand):
            return _UNARY, f"{operator}{_expression(operand, _UNARY)}"
        case syntax.Binary(operator, left, right):
            strength = _BINARY[operator]
            first, second = _expression(left, strength), _expression(right, strength + 1)
            return strength, f"{first} {operator} {second}"
        case syntax.Compare(left, operators, comparators):
            pairs = zip(operators, comparators, strict=True)
            rest = "".join(f" {name} {_expression(part, _COMPARE + 1)}" for name, part in pairs)
            return _COMPARE, f"{_expression(left, _COMPARE + 1)}{rest}"
        case syntax.Logical(operator, operands):
            strength = _OR if operator == "or" else _AND
            parts = [_expression(part, strength + 1) for part in operands]
            return strength, f" {operator} ".join(parts)
        case syntax.Conditional(test, body, orelse):
            yes, which = _expression(body, _OR), _expression(test, _OR)
            return _CONDITIONAL, f"{yes} if {which} else {_expression(orelse, _CONDITIONAL)}"
    raise AssertionError(expression)
