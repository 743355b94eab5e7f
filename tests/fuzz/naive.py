"""What a model means, taken literally: a walk of the surface tree with plain marginals.

Nothing is shared with the checker or the compiler: every loop and every `with` is unrolled into
copies, every branch is executed, and what all of them set is merged with the weights of the
switch. Only well-typed models are understood.
"""

import dataclasses
import itertools
from collections.abc import Iterator, Mapping

import numpy as np

from terpret.language import syntax
from tests.fuzz.numbers import Layers, Value, holds, network

KINDS = ("Param", "Var", "Input", "Output")

Place = tuple[str, tuple[int, ...]]


@dataclasses.dataclass(frozen=True)
class _Declared:
    kind: str
    name: str
    domain: int
    dims: tuple[int, ...]


@dataclasses.dataclass(frozen=True)
class _Alias:
    """An `@Inline` parameter that stands for a variable's element."""

    place: Place


@dataclasses.dataclass(frozen=True)
class _World:
    """What holds at one point: names, the marginals that can be read, values of `with s:`."""

    names: dict[str, object]
    values: dict[Place, np.ndarray]
    bound: dict[Place, int]

    def branch(self) -> "_World":
        return _World(dict(self.names), dict(self.values), dict(self.bound))

    def call(self) -> "_World":
        return _World(dict(self.names), self.values, dict(self.bound))


def marginals(
    module: syntax.Module,
    params: Mapping[str, np.ndarray],
    inputs: Mapping[str, np.ndarray],
    networks: Mapping[str, Layers],
) -> dict[str, np.ndarray]:
    """The marginals of every Output.

    Args:
      module: a well-typed model.
      params: the marginals of every Param, [*dims, n].
      inputs: every Input, integers [batch, *dims]; at least one.
      networks: kernels [inputs, outputs] and biases [outputs] of every learned function.

    Returns:
      For each Output, [batch, *dims, n].
    """
    return _Walk(params, inputs, networks).outputs(module)


class _Walk:
    def __init__(
        self,
        params: Mapping[str, np.ndarray],
        inputs: Mapping[str, np.ndarray],
        networks: Mapping[str, Layers],
    ):
        self._params, self._inputs, self._networks = params, inputs, networks
        self._batch = len(next(iter(inputs.values())))
        self._declared: list[_Declared] = []

    def outputs(self, module: syntax.Module) -> dict[str, np.ndarray]:
        world = _World({}, {}, {})
        self._block(module.statements, world)
        result = {}
        for variable in self._declared:
            if variable.kind == "Output":
                indices = itertools.product(*map(range, variable.dims))
                rows = [world.values[variable.name, index] for index in indices]
                shape = (self._batch, *variable.dims, variable.domain)
                result[variable.name] = np.stack(rows, 1).reshape(shape)
        return result

    # Statements.

    def _block(self, statements: tuple[syntax.Statement, ...], world: _World) -> None:
        for statement in statements:
            self._statement(statement, world)

    def _statement(self, statement: syntax.Statement, world: _World) -> None:
        match statement:
            case syntax.Assign(syntax.Name(name), value):
                self._assign(name, value, world)
            case syntax.Function(name):
                world.names[name] = statement
            case syntax.SetTo(target=target, value=value):
                place = self._place(target, world)
                world.values[place] = self._marginal(value, world, self._domain(target, world))
            case syntax.For(name, iterable, body):
                for value in self._static(iterable, world):
                    world.names[name] = value
                    self._block(body, world)
            case syntax.If():
                self._if(statement, world)
            case syntax.With():
                self._with(statement, world)
            case syntax.CallStatement(call):
                function = world.names[call.function]
                inner = world.call()
                for parameter, argument in zip(function.parameters, call.arguments, strict=True):
                    place = self._place(argument, world)
                    inner.names[parameter] = (
                        _Alias(place) if place else self._static(argument, world)
                    )
                self._block(function.body, inner)

    def _assign(self, name: str, value: syntax.Expression, world: _World) -> None:
        call = value.base if isinstance(value, syntax.Subscript) else value
        if isinstance(call, syntax.Call) and call.function == "Hyper":
            world.names[name] = self._static(call.arguments[0], world)
        elif isinstance(call, syntax.Call) and call.function in KINDS:
            sizes = value.index if isinstance(value, syntax.Subscript) else ()
            dims = tuple(self._static(size, world) for size in sizes)
            domain = self._static(call.arguments[0], world)
            world.names[name] = _Declared(call.function, name, domain, dims)
            self._declared.append(world.names[name])
        else:
            world.names[name] = self._static(value, world)

    def _if(self, statement: syntax.If, world: _World) -> None:
        subject, remaining, taken = None, [], []
        otherwise = statement.orelse
        for test, body in statement.branches:
            found = next(self._subjects(test, world), None)
            if found is None:
                if self._static(test, world):
                    otherwise = body
                    break
                continue
            if subject is None:
                subject = found
                remaining = list(range(self._domain(subject, world)))
            values = [v for v in remaining if self._static(test, world, {found: v})]
            remaining = [v for v in remaining if v not in values]
            taken += [(v, body) for v in values]
        if subject is None:
            self._block(otherwise or (), world)
            return
        if otherwise is not None:
            taken += [(v, otherwise) for v in remaining]
            remaining = []
        weights = self._marginal(subject, world, self._domain(subject, world))
        branches = []
        for value, body in taken:
            inner = world.branch()
            self._block(body, inner)
            branches.append((weights[:, value], inner))
        if not remaining:
            self._merge(branches, world)

    def _with(self, statement: syntax.With, world: _World) -> None:
        subject, name, body = statement.subject, statement.name, statement.body
        known = next(self._subjects(subject, world), None) is None
        if known and not isinstance(subject, syntax.Call):
            inner = world.call()
            inner.names[name] = self._static(subject, world)
            self._block(body, inner)
            return
        weights = self._marginal(subject, world, self._domain(subject, world))
        branches = []
        for value in range(weights.shape[1]):
            inner = world.branch()
            if name is None:
                inner.bound[self._place(subject, world)] = value
            else:
                inner.names[name] = value
            self._block(body, inner)
            branches.append((weights[:, value], inner))
        self._merge(branches, world)

    def _merge(self, branches: list[tuple[np.ndarray, _World]], world: _World) -> None:
        everywhere = set.intersection(*(set(inner.values) for _, inner in branches))
        for place in everywhere - set(world.values):
            world.values[place] = sum(w[:, None] * inner.values[place] for w, inner in branches)

    # Expressions.

    def _place(self, expression: syntax.Expression, world: _World) -> Place | None:
        """The element that an expression names, or None when it names none."""
        if isinstance(expression, syntax.Name):
            named = world.names.get(expression.id)
            if isinstance(named, _Alias):
                return named.place
            return (expression.id, ()) if isinstance(named, _Declared) else None
        if isinstance(expression, syntax.Subscript) and isinstance(expression.base, syntax.Name):
            name = expression.base.id
            if isinstance(world.names.get(name), _Declared):
                return name, tuple(self._static(part, world) for part in expression.index)
        return None

    def _domain(self, expression: syntax.Expression, world: _World) -> int:
        if isinstance(expression, syntax.Call):
            return self._static(world.names[expression.function].decorator.arguments[1], world)
        return world.names[self._place(expression, world)[0]].domain

    def _marginal(self, expression: syntax.Expression, world: _World, domain: int) -> np.ndarray:
        """The marginal of an expression, [batch, domain]."""
        if isinstance(expression, syntax.Call):
            return self._applied(expression, world, domain)
        if next(self._subjects(expression, world), None) is None:
            value = self._static(expression, world)
            return np.tile((np.arange(domain) == value).astype(float), (self._batch, 1))
        place = self._place(expression, world)
        name, index = place
        variable = world.names[name]
        if variable.kind == "Param":
            return np.tile(self._params[name][index], (self._batch, 1))
        if variable.kind == "Input":
            column = self._inputs[name][(slice(None), *index)]
            return (column[:, None] == np.arange(domain)).astype(float)
        return world.values[place]

    def _applied(self, call: syntax.Call, world: _World, domain: int) -> np.ndarray:
        sizes = self._static(world.names[call.function].decorator.arguments[0], world)
        arguments = [
            self._marginal(argument, world, size)
            for argument, size in zip(call.arguments, sizes, strict=True)
        ]
        if call.function in self._networks:
            return network(np.concatenate(arguments, -1), *self._networks[call.function])
        result = np.zeros((self._batch, domain))
        for values in itertools.product(*map(range, sizes)):
            out = self._run(world.names[call.function], values, world)
            if 0 <= out < domain:
                weight = np.ones(self._batch)
                for argument, value in zip(arguments, values, strict=True):
                    weight = weight * argument[:, value]
                result[:, out] += weight
        return result

    def _subjects(self, node: object, world: _World) -> Iterator[syntax.Expression]:
        """The outermost parts of an expression whose value is not known."""
        place = self._place(node, world) if isinstance(node, syntax.Expression) else None
        if place is not None:
            if place not in world.bound:
                yield node
            return
        inner = [part for child in _children(node) for part in self._subjects(child, world)]
        called = node.function if isinstance(node, syntax.Call) else None
        whole = called in self._networks or (inner and called in world.names)
        yield from [node] if whole else inner

    # What is known.

    def _static(
        self,
        node: syntax.Expression,
        world: _World,
        known: Mapping[syntax.Expression, int] | None = None,
    ) -> Value:
        if known and node in known:
            return known[node]

        def static(part: syntax.Expression) -> Value:
            return self._static(part, world, known)

        match node:
            case syntax.Number(value):
                return value
            case syntax.Name() | syntax.Subscript() if place := self._place(node, world):
                return world.bound[place]
            case syntax.Name(name):
                return world.names[name]
            case syntax.Subscript(base, index):
                value = static(base)
                for part in index:
                    value = value[static(part)]
                return value
            case syntax.Unary(operator, operand):
                return not static(operand) if operator == "not" else -static(operand)
            case syntax.Binary(operator, left, right):
                a, b = static(left), static(right)
                return {"+": a + b, "-": a - b, "*": a * b, "%": a % b if b else 0}[operator]
            case syntax.Compare(left, operators, comparators):
                parts = [left, *comparators]
                pairs = zip(parts[:-1], operators, parts[1:], strict=True)
                return all(holds(static(a), operator, static(b)) for a, operator, b in pairs)
            case syntax.Logical(operator, operands):
                return (all if operator == "and" else any)(static(part) for part in operands)
            case syntax.Conditional(test, body, orelse):
                return static(body) if static(test) else static(orelse)
            case syntax.ListDisplay(items):
                return tuple(static(item) for item in items)
            case syntax.Call("range", arguments):
                return range(*map(static, arguments))
            case syntax.Call(function, arguments):
                values = tuple(map(static, arguments))
                return self._run(world.names[function], values, world)
        raise AssertionError(node)

    def _run(self, function: syntax.Function, values: tuple[int, ...], world: _World) -> int:
        """A `@Runtime` function on integers."""
        inner = world.call()
        inner.names.update(zip(function.parameters, values, strict=True))
        return self._returned(function.body, inner)

    def _returned(self, body: tuple[syntax.Statement, ...], world: _World) -> int | None:
        for statement in body:
            match statement:
                case syntax.Return(value):
                    return self._static(value, world)
                case syntax.Assign(syntax.Name(name), value):
                    world.names[name] = self._static(value, world)
                case syntax.If(((test, inner),), orelse):
                    chosen = inner if self._static(test, world) else orelse or ()
                    result = self._returned(chosen, world)
                    if result is not None:
                        return result
        return None


def _children(node: object) -> Iterator[object]:
    """The expressions and tuples right below a node or a tuple."""
    parts = node if isinstance(node, tuple) else vars(node).values()
    for part in parts:
        if isinstance(part, syntax.Expression | tuple):
            yield part
