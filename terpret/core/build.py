"""Checked tree to tensor network, statement by statement; nothing is simplified here.

Takes a checked tree; guarantees a well-formed network (`verify`) with a root for every Output and
observation.
"""

import itertools
from collections.abc import Callable, Hashable, Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from terpret.core.build_loop import build_loop
from terpret.core.nodes import Axis, Label, Node, Outputs, Term, bound_axis, merge_axes, one_hot
from terpret.core.places import ByRound, Moving
from terpret.core.pool import Pool, TooManyNodes
from terpret.core.rounds import Loop, with_loops
from terpret.errors import InputError
from terpret.language import checked
from terpret.language.checked import elements_of, shape_of
from terpret.language.errors import Diagnostic, ModelError

MAX_CONSTANT_NUMBERS = 1 << 24


class _TooLarge(Exception):
    """The constants of the network hold too many numbers."""


class Values(dict[Hashable, Node]):
    """The node of each element that was set; a branch's own values, then those outside.

    Attributes:
      late: what makes the node of an element when it is first read.
    """

    def __init__(self, outer: "Callable[[Hashable], Node] | None" = None):
        super().__init__()
        self.late: dict[Hashable, Callable[[], Node]] = {}
        self._outer = outer

    def __missing__(self, element: Hashable) -> Node:
        if element in self.late:
            self[element] = self.late.pop(element)()
            return self[element]
        if self._outer is None:
            raise KeyError(element)
        return self._outer(element)


def build(
    model: checked.CheckedModel,
    given: frozenset[str] = frozenset(),
    constants: Mapping[str, ArrayLike] | None = None,
    limit: int | None = None,
    shared: bool = False,
    loops: str = "auto",
) -> Outputs:
    """Builds the tensor network of a checked model.

    Args:
      model: the checked model.
      given: networks whose results are given as integers, under the network's own name.
      constants: values (integer arrays) of Params that are no longer learned, by name.
      limit: the largest number of nodes.
      shared: whether all restarts have the same networks.
      loops: which `for` loops are loops of the network: `auto`, those for which it pays; `always`,
        all that can be; `never`, none.

    Returns:
      Its roots: for each declared Output its node, shape dims + (n,) or dims + the tensor's shape;
      after them the observed elements, under the names `observed`.

    Raises:
      ModelError: it has too many nodes, or its constants too many numbers.
      InputError: a given network is not one of images alone.
    """
    pool = Pool(limit) if limit else Pool()
    try:
        return Builder(model, pool, given, constants or {}, shared, loops).outputs()
    except TooManyNodes as error:
        raise too_many_nodes(model, error, limit or len(pool)) from None
    except _TooLarge:
        message = f"the constants hold more than {MAX_CONSTANT_NUMBERS:,} numbers"
        help = "bind fewer values at once, or make the numbers of values smaller"
        found = Diagnostic("E608", pool.span, message, help)
    raise ModelError(model.source, [found])


def observed(observation: checked.Observation) -> str:
    """The name of the root that holds the marginal of an observed element."""
    return f"observed {observation.element}"


class Builder:
    """Makes the nodes of statements.

    Attributes:
      pool: where they are made.
      loops: as in `build`.
    """

    def __init__(
        self,
        model: checked.CheckedModel,
        pool: Pool,
        given: frozenset[str],
        constants: Mapping[str, ArrayLike],
        shared: bool,
        loops: str,
    ):
        self._model = model
        self._shared = shared
        self.pool, self.loops = pool, loops
        self._given, self._values_of = given, constants
        self._numbers = 0
        # How many nodes the network around had when this one was begun.
        self._around = 0
        self._one_hots: dict[tuple[tuple[int, ...], tuple[int, ...], int], Node] = {}
        self._tables: dict[checked.Table, Node] = {}
        self._leaves: dict[checked.Variable, Node] = {}
        for variable in model.variables:
            if variable.kind == "Param" and variable.name in constants:
                self._leaves[variable] = self.constant(constants[variable.name], variable.size)
            elif variable.kind == "Param":
                self._leaves[variable] = pool.param(variable.name, variable.dims, variable.size)
            elif variable.kind == "Input":
                integer = isinstance(variable.domain, int)
                shape = (*variable.dims, *shape_of(variable.domain))
                self._leaves[variable] = pool.input(variable.name, shape, integer)

    def outputs(self) -> Outputs:
        values = Values()
        rolled = self.loops != "never"
        statements = self._model.statements
        self.block(with_loops(statements) if rolled else statements, values)
        outputs = {}
        for variable in self._model.of_kind("Output"):
            nodes = [values[element] for element in elements_of(variable)]
            outputs[variable.name] = self._output(variable, nodes)
        for observation in self._model.observations:
            self.pool.span = observation.span
            outputs[observed(observation)] = self.element(observation.element, values)
        return outputs

    def inner(self) -> "Builder":
        """A builder of the same model with a pool of its own, for the body of a loop."""
        pool = Pool(self.pool.limit - len(self.pool))
        pool.span = self.pool.span
        known = self._model, pool, self._given, self._values_of, self._shared, self.loops
        made = Builder(*known)
        made._numbers += self._numbers
        made._around = len(self.pool)
        return made

    def keep(self, inner: "Builder") -> None:
        """Counts what the builder of a loop's body made as made here: there is one limit."""
        self.pool.limit = inner._around + inner.pool.limit - len(inner.pool)
        self._numbers = inner._numbers

    def constant(self, values: ArrayLike, domain: int) -> Node:
        self._numbers += np.size(values) * domain
        if self._numbers > MAX_CONSTANT_NUMBERS:
            raise _TooLarge
        return self.pool.constant(one_hot(values, domain))

    def _output(self, variable: checked.Variable, nodes: list[Node]) -> Node:
        if nodes:
            return self.array(nodes, variable.dims)
        return self.pool.constant(np.zeros((*variable.dims, *shape_of(variable.domain))))

    def block(self, statements: Sequence[checked.Statement], values: Values) -> None:
        """Sets what statements set.

        Args:
          statements: the statements.
          values: what was set before, to which it is added.
        """
        for statement in statements:
            self.pool.span = statement.span
            match statement:
                case checked.Set(element, value):
                    values[element] = self._value(value, values)
                case checked.Switch():
                    self._switch(statement, values)
                case checked.Bind():
                    self._bind(statement, values)
                case Loop():
                    build_loop(self, statement, values)
                case checked.Repeat(bodies):
                    for body in bodies:
                        self.block(body, values)

    def _switch(self, switch: checked.Switch, values: Values) -> None:
        subject = self._value(switch.subject, values)
        branches: dict[int, Values] = {}
        for case in switch.cases:
            inner = Values(values.__getitem__)
            self.block(case.body, inner)
            branches.update(dict.fromkeys(case.values, inner))
        self.pool.span = switch.span
        for element in switch.merged:
            stack = self.pool.stack([branches[v][element] for v in sorted(branches)])
            # The branches' dimension gets the subject's label: no axis needs a name for it.
            self._mix(subject, stack, "case", element, values)

    def _bind(self, bind: checked.Bind, values: Values) -> None:
        subject = self._value(bind.subject, values)
        inner = Values(values.__getitem__)
        self.block(bind.body, inner)
        self.pool.span = bind.span
        axis = bound_axis(bind.variable.depth, bind.variable.size)
        for element in bind.merged:
            self._mix(subject, inner[element], axis, element, values)

    def _mix(
        self, weights: Node, body: Node, summed: Label, element: checked.Element, values: Values
    ) -> None:
        """Sets `element` to the sum over `summed` of weights times body."""
        inner = range(len(body.shape) - (summed == "case"))
        body_labels = (*body.axes, *(["case"] if summed == "case" else []), *inner)
        axes = [axis for axis in merge_axes([weights, body]) if axis != summed]
        values[element] = self.pool.contract(
            [Term(weights, (*weights.axes, summed)), Term(body, body_labels)],
            [(axis, axis) for axis in axes],
            list(inner),
            weights.normalised and body.normalised,
        )

    def array(self, nodes: list[Node], dims: tuple[int, ...]) -> Node:
        """An array of nodes, the last index varying fastest, as one node."""
        for size in reversed(dims):
            nodes = [self.pool.stack(nodes[k : k + size]) for k in range(0, len(nodes), size)]
        return nodes[0]

    def _axes(self, bound: tuple[checked.BoundVariable, ...]) -> list[Axis]:
        return [bound_axis(variable.depth, variable.size) for variable in bound]

    def _value(self, expression: checked.Expression, values: Values) -> Node:
        match expression:
            case ByRound(bound):
                return self.pool.open(values[expression], self._axes(bound))
            case checked.Known(bound, known, domain):
                sizes = tuple(variable.size for variable in bound)
                key = (sizes, known, domain)
                if key not in self._one_hots:
                    self._one_hots[key] = self.constant(np.reshape(known, sizes), domain)
                return self.pool.open(self._one_hots[key], self._axes(bound))
            case checked.Read(bound, elements):
                axes = self._axes(bound)
                sizes = tuple(variable.size for variable in bound)
                places = itertools.product(*map(range, sizes))
                nodes = [
                    self._at(self.element(element, values), axes, place)
                    for element, place in zip(elements, places, strict=True)
                ]
                return self.pool.open(self.array(nodes, sizes), axes)
            case checked.Apply(table, arguments):
                nodes = [self._value(argument, values) for argument in arguments]
                return self._apply(table, nodes)
            case checked.Learned(network, arguments):
                if network.name in self._given:
                    return self._label(expression, values)
                nodes = [self._value(argument, values) for argument in arguments]
                return self.pool.learned(network, nodes, shared=self._shared)

    def element(self, element: checked.Element, values: Values) -> Node:
        """The node of an element."""
        if isinstance(element, Moving):
            return values[element]
        if element in self._model.clamps:
            clamp = checked.Known((), (self._model.clamps[element],), element.variable.size)
            return self._value(clamp, values)
        leaf = self._leaves.get(element.variable)
        return values[element] if leaf is None else self.pool.pick(leaf, element.index)

    def _at(self, node: Node, axes: list[Axis], place: tuple[int, ...]) -> Node:
        """The node where each of `axes` that it has takes its value of `place`.

        What the body of a `with` set is read by the bound variable: both mean the same value of
        it, and the axis is there only once.
        """
        for axis, value in zip(axes, place, strict=True):
            if axis in node.axes:
                inner = range(len(node.shape))
                place_of_one = self.pool.constant(one_hot(value, axis.size))
                node = self.pool.contract(
                    [Term(place_of_one, (axis,)), Term(node, (*node.axes, *inner))],
                    [(kept, kept) for kept in node.axes if kept != axis],
                    list(inner),
                    node.normalised,
                )
        return node

    def _apply(self, table: checked.Table, arguments: list[Node]) -> Node:
        if table not in self._tables:
            self._tables[table] = self.constant(table.values, table.domain)
        indicator = self._tables[table]
        return self.pool.contract(
            [
                Term(indicator, (*range(len(arguments)), "out")),
                *(Term(argument, (*argument.axes, k)) for k, argument in enumerate(arguments)),
            ],
            [(axis, axis) for axis in merge_axes(arguments)],
            ["out"],
            indicator.normalised and all(argument.normalised for argument in arguments),
        )

    def _label(self, call: checked.Learned, values: Values) -> Node:
        read = label_read(call)
        nodes = [self.label_of(call.network, element, values) for element in read.elements]
        sizes = tuple(bound.size for bound in read.bound)
        return self.pool.open(self.array(nodes, sizes), self._axes(read.bound))

    def label_of(self, network: checked.Network, element: checked.Element, values: Values) -> Node:
        """The node of what is given as a network's result for an image."""
        if isinstance(element, Moving):
            return values[network, element]
        dims = (*element.variable.dims, *shape_of(network.output))
        return self.pool.pick(self.pool.input(network.name, dims, True), element.index)


def label_read(call: checked.Learned) -> checked.Read:
    """The read of an input tensor whose label stands for the network's result.

    Raises:
      InputError: the network is not a classifier of one input tensor.
    """
    if len(call.arguments) == 1 and isinstance(call.network.output, int):
        argument = call.arguments[0]
        if isinstance(argument, checked.Read):
            variable = argument.elements[0].variable
            if variable.kind == "Input" and not isinstance(variable.domain, int):
                return argument
    raise InputError(
        f"the results of '{call.network.name}' cannot be given (line {call.span.line}): labels "
        "stand only for a network from one InputTensor element to an integer"
    )


def too_many_nodes(model: checked.CheckedModel, error: TooManyNodes, limit: int) -> ModelError:
    """The located error for a network that outgrew its limit in any pass."""
    message = f"the tensor network has more than {limit:,} nodes"
    help = "make its loops or its hypers smaller, or raise --max_nodes"
    return ModelError(model.source, [Diagnostic("E607", error.span, message, help)])
