"""Python's tree to the surface tree, one rule a construct; what has no rule is refused."""

import ast

from terpret.language import syntax
from terpret.language.errors import Diagnostics, Source, Span, suggestion
from terpret.language.static import MAX_MAGNITUDE, TOO_LARGE

DECORATORS = ("Runtime", "CompileMe", "Learn", "Inline")
SET_METHODS = ("set_to", "set_to_constant", "observe_value")

_BINARY: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.BitAnd: "&",
    ast.BitOr: "|",
    ast.BitXor: "^",
}
_UNARY: dict[type[ast.unaryop], str] = {
    ast.USub: "-",
    ast.UAdd: "+",
    ast.Invert: "~",
    ast.Not: "not",
}
_COMPARE: dict[type[ast.cmpop], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.In: "in",
    ast.NotIn: "not in",
}
_INSTEAD = {
    ast.While: ("a while loop", "write 'for t in range(T):'"),
    ast.AugAssign: ("an augmented assignment", "write 'x = x + 1' in full"),
    ast.AnnAssign: ("an annotated assignment", "leave the annotation out"),
    ast.ClassDef: ("a class", "a model is declarations, functions and statements"),
    ast.AsyncFunctionDef: ("an async function", "write 'def'"),
    ast.Lambda: ("a lambda", "declare a function with @Runtime"),
    ast.Break: ("'break'", "end the loop by its range"),
    ast.Continue: ("'continue'", "use 'if' around the rest of the loop's body"),
    ast.Try: ("'try'", "a model cannot fail while it runs; leave it out"),
    ast.Raise: ("'raise'", "leave it out"),
    ast.Assert: ("'assert'", "observe an Output instead"),
    ast.Delete: ("'del'", "leave it out"),
    ast.Global: ("'global'", "constants of the model are visible in every function"),
    ast.Pow: ("the operator '**'", "write the multiplication in full"),
    ast.LShift: ("the operator '<<'", "multiply by a power of two"),
    ast.RShift: ("the operator '>>'", "divide by a power of two with '//'"),
    ast.MatMult: ("the operator '@'", "use integer operators"),
    ast.Is: ("'is'", "write '=='"),
    ast.IsNot: ("'is not'", "write '!='"),
    ast.Dict: ("a dictionary", "use if/elif"),
    ast.Set: ("a set", "write a list"),
    ast.Slice: ("a slice", "index one element at a time"),
    ast.Starred: ("'*'", "write the elements out"),
    ast.GeneratorExp: ("a generator", "write a list: '[i for i in range(n)]'"),
    ast.SetComp: ("a set", "write a list"),
    ast.DictComp: ("a dictionary", "use if/elif"),
    ast.ListComp: ("a list over several names", "write '[... for i in range(n)]'"),
    ast.Match: ("'match'", "use if/elif"),
    ast.Nonlocal: ("'nonlocal'", "constants of the model are visible in every function"),
    ast.JoinedStr: ("a formatted string", "models have no strings"),
    ast.NamedExpr: ("':='", "assign in a statement of its own"),
    ast.Attribute: ("a dotted name", "names have no dots: write an underscore"),
}


class _Refused(Exception):
    """A construct was refused; the message is already recorded."""


class Translator:
    """One method a construct; every method returns a node of `syntax`."""

    def __init__(self, source: Source, diagnostics: Diagnostics):
        self._source = source
        self._diagnostics = diagnostics

    def _span(self, node: ast.stmt | ast.expr) -> Span:
        # What was parsed has an end.
        assert node.end_lineno is not None and node.end_col_offset is not None
        return Span(
            node.lineno,
            self._source.column(node.lineno, node.col_offset),
            node.end_lineno,
            self._source.column(node.end_lineno, node.end_col_offset),
        )

    def _header(self, node: ast.stmt) -> Span:
        """The first line of a compound statement."""
        span = self._span(node)
        text = self._source.line(span.line).rstrip()
        return Span(span.line, span.column, span.line, max(span.column + 1, len(text) + 1))

    def _refuse(self, span: Span, message: str, help: str, code: str = "E112") -> _Refused:
        self._diagnostics.add(code, span, message, help)
        return _Refused()

    def _unknown(self, node: ast.AST, span: Span) -> _Refused:
        what, instead = _INSTEAD.get(
            type(node), (f"'{type(node).__name__}'", "see docs/language.md for what there is")
        )
        if isinstance(node, ast.Attribute):
            dotted = ast.unparse(node)
            if len(dotted) < 80:
                what = f"the dotted name '{dotted}'"
                instead = f"names have no dots: write '{dotted.replace('.', '_')}'"
        return self._refuse(span, f"{what} is not in the language", instead)

    # Statements.

    def block(self, nodes: list[ast.stmt]) -> tuple[syntax.Statement, ...]:
        statements: list[syntax.Statement] = []
        for node in nodes:
            try:
                statements.extend(self._statement(node))
            except _Refused:
                continue
        return tuple(statements)

    def _statement(self, node: ast.stmt) -> tuple[syntax.Statement, ...]:
        span = self._span(node)
        match node:
            case ast.Import() | ast.ImportFrom():
                return ()
            case ast.Expr(value=ast.Constant(value=str())):
                return ()
            case ast.Assign(targets=[target], value=value):
                return (syntax.Assign(self._target(target), self.expression(value), span),)
            case ast.Assign():
                raise self._refuse(
                    span, "one statement assigns one name", "write an assignment for each name"
                )
            case ast.Expr(value=ast.Call(func=ast.Attribute() as method) as call):
                return (self._set_to(call, method, span),)
            case ast.Expr(value=ast.Call() as call):
                return (syntax.CallStatement(self._call(call), span),)
            case ast.If():
                return (self._if(node),)
            case ast.With():
                return (self._with(node),)
            case ast.For(orelse=[], target=ast.Name(id=name)):
                iterable = self.expression(node.iter)
                return (syntax.For(name, iterable, self.block(node.body), self._header(node)),)
            case ast.For():
                raise self._refuse(
                    self._header(node),
                    "'for' takes one name and no 'else'",
                    "write 'for t in range(T):'",
                )
            case ast.FunctionDef():
                return (self._function(node),)
            case ast.Return(value=value) if value is not None:
                return (syntax.Return(self.expression(value), span),)
            case ast.Return():
                raise self._refuse(span, "this 'return' has no value", "return an integer")
            case ast.Pass():
                return (syntax.Pass(span),)
            case ast.Expr():
                raise self._refuse(
                    span, "an expression alone does nothing", "write 'x.set_to(...)' or remove it"
                )
        raise self._unknown(node, self._header(node))

    def _target(self, node: ast.expr) -> syntax.Name | syntax.Subscript:
        target = self.expression(node)
        if isinstance(target, syntax.Name):
            return target
        if isinstance(target, syntax.Subscript) and isinstance(target.base, syntax.Name):
            return target
        raise self._refuse(
            self._span(node), "this cannot be assigned to", "assign to a name or an array element"
        )

    def _set_to(self, node: ast.Call, function: ast.Attribute, span: Span) -> syntax.SetTo:
        end = self._span(function)
        start = self._span(function.value)
        method = Span(start.end_line, start.end_column + 1, end.end_line, end.end_column)
        if function.attr not in SET_METHODS:
            raise self._refuse(
                method,
                f"there is no method '{function.attr}'",
                suggestion(function.attr, SET_METHODS) or "write 'x.set_to(value)'",
            )
        if len(node.args) != 1 or node.keywords:
            raise self._refuse(
                span, f"'{function.attr}' takes one value", f"write 'x.{function.attr}(value)'"
            )
        target = self.expression(function.value)
        return syntax.SetTo(function.attr, target, self.expression(node.args[0]), span)

    def _if(self, node: ast.If) -> syntax.If:
        branches = []
        span = self._header(node)
        while True:
            branches.append((self.expression(node.test), self.block(node.body)))
            if len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If):
                node = node.orelse[0]
                continue
            orelse = self.block(node.orelse) if node.orelse else None
            return syntax.If(tuple(branches), orelse, span)

    def _with(self, node: ast.With) -> syntax.With:
        body = self.block(node.body)
        for item in reversed(node.items):
            name = None
            if item.optional_vars is not None:
                if not isinstance(item.optional_vars, ast.Name):
                    raise self._refuse(
                        self._span(item.optional_vars),
                        "'as' takes a name",
                        "write 'with x as v:'",
                    )
                name = item.optional_vars.id
            subject = self.expression(item.context_expr)
            statement = syntax.With(subject, name, body, self._header(node))
            body = (statement,)
        return statement

    def _function(self, node: ast.FunctionDef) -> syntax.Function:
        span = self._header(node)
        forms = ", ".join(f"@{name}" for name in DECORATORS if name != "CompileMe")
        if len(node.decorator_list) != 1:
            raise self._refuse(
                span,
                f"the function '{node.name}' needs one decorator",
                f"put one of {forms} before it",
            )
        decorator = node.decorator_list[0]
        if isinstance(decorator, ast.Name):
            call = syntax.Call(decorator.id, (), (), self._span(decorator))
        elif isinstance(decorator, ast.Call):
            call = self._call(decorator)
        else:
            raise self._unknown(decorator, self._span(decorator))
        if call.function not in DECORATORS:
            raise self._refuse(
                call.span,
                f"there is no decorator '@{call.function}'",
                suggestion(call.function, DECORATORS) or f"use one of {forms}",
            )
        arguments = node.args
        if (
            arguments.defaults
            or arguments.vararg
            or arguments.kwarg
            or arguments.kwonlyargs
            or arguments.posonlyargs
        ):
            raise self._refuse(
                span,
                f"the parameters of '{node.name}' are not plain names",
                f"write 'def {node.name}(a, b):'",
            )
        names = tuple(argument.arg for argument in arguments.args)
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise self._refuse(
                span, f"'{node.name}' has two parameters '{twice}'", "give each its own name"
            )
        return syntax.Function(node.name, names, call, self.block(node.body), span)

    # Expressions.

    def expression(self, node: ast.expr) -> syntax.Expression:
        span = self._span(node)
        match node:
            case ast.Constant(value=int(number)) if abs(number) > MAX_MAGNITUDE:
                raise self._refuse(span, *TOO_LARGE, code="E302")
            case ast.Constant(value=int(number)):
                return syntax.Number(number, span)
            case ast.Constant(value=str(text)):
                return syntax.Text(text, span)
            case ast.Constant(value=other):
                raise self._refuse(
                    span, f"{other!r:.40} is not an integer", "use integers and booleans"
                )
            case ast.Name():
                return syntax.Name(node.id, span)
            case ast.Subscript():
                index = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
                base = self.expression(node.value)
                return syntax.Subscript(base, tuple(map(self.expression, index)), span)
            case ast.Call():
                return self._call(node)
            case ast.UnaryOp(op=operator) if type(operator) in _UNARY:
                operand = self.expression(node.operand)
                return syntax.Unary(_UNARY[type(operator)], operand, span)
            case ast.BinOp(op=operator) if type(operator) in _BINARY:
                left, right = self.expression(node.left), self.expression(node.right)
                return syntax.Binary(_BINARY[type(operator)], left, right, span)
            case ast.BinOp(op=operator):
                raise self._unknown(operator, span)
            case ast.BoolOp(op=operator):
                name = "and" if isinstance(operator, ast.And) else "or"
                return syntax.Logical(name, tuple(map(self.expression, node.values)), span)
            case ast.Compare(ops=operators):
                for compared in operators:
                    if type(compared) not in _COMPARE:
                        raise self._unknown(compared, span)
                return syntax.Compare(
                    self.expression(node.left),
                    tuple(_COMPARE[type(compared)] for compared in operators),
                    tuple(map(self.expression, node.comparators)),
                    span,
                )
            case ast.IfExp():
                return syntax.Conditional(
                    self.expression(node.test),
                    self.expression(node.body),
                    self.expression(node.orelse),
                    span,
                )
            case ast.List() | ast.Tuple():
                return syntax.ListDisplay(tuple(map(self.expression, node.elts)), span)
            case ast.ListComp(generators=[ast.comprehension(target=ast.Name(id=name)) as over]):
                return syntax.Comprehension(
                    self.expression(node.elt),
                    name,
                    self.expression(over.iter),
                    tuple(map(self.expression, over.ifs)),
                    span,
                )
        raise self._unknown(node, span)

    def _call(self, node: ast.Call) -> syntax.Call:
        span = self._span(node)
        if not isinstance(node.func, ast.Name):
            raise self._unknown(node.func, self._span(node.func))
        named = [(keyword.arg, keyword.value) for keyword in node.keywords if keyword.arg]
        if len(named) < len(node.keywords):
            raise self._refuse(span, "'**' is not in the language", "write the arguments out")
        keywords = [name for name, _ in named]
        if len(set(keywords)) < len(keywords):
            twice = next(name for name in keywords if keywords.count(name) > 1)
            raise self._refuse(span, f"the keyword '{twice}' stands twice", "write it once")
        return syntax.Call(
            node.func.id,
            tuple(map(self.expression, node.args)),
            tuple((name, self.expression(value)) for name, value in named),
            span,
        )
