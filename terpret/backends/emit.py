"""Tensor network to TensorFlow operations; each node becomes a tensor [axes..., shape...]."""

import collections
import enum
import types
from collections.abc import Callable, Hashable, Mapping, Sequence

import numpy as np
import tensorflow as tf

from terpret.backends import prob
from terpret.core.nodes import (
    BATCH,
    RESTART,
    Axis,
    Constant,
    Contract,
    Input,
    Learned,
    Node,
    Param,
    Pick,
    Stack,
    topological,
)

Apply = Callable[[Learned, Sequence[tf.Tensor]], tf.Tensor]


class Kind(enum.Enum):
    """What the numbers of a node's tensor are."""

    MARGINAL = "marginals, in the model's space"
    TABLE = "known numbers >= 0, as they are"
    REAL = "the floats of images and of networks with a tensor result, as they are"


def emit(
    outputs: Mapping[str, Node],
    space: types.ModuleType,
    params: Mapping[str, tf.Tensor],
    inputs: Mapping[str, tf.Tensor],
    apply: Apply,
    dtype: tf.DType,
    scope: str,
) -> dict[str, tf.Tensor]:
    """Emits the operations of a planned network.

    Args:
      outputs: its roots by name; no contraction has more than two factors.
      space: the module of the space: `prob` or `log`.
      params: the marginals of each Param in that space, [restart, *dims, n].
      inputs: what is observed in that space, [batch, *dims, n] or [batch, *dims, *shape].
      apply: evaluates a network node on its arguments, marginals among them as probabilities;
        an integer result is in the space.
      dtype: the floating point type.
      scope: the scope of the operations' names, before the lines they come from.

    Returns:
      For each root a tensor [restart, batch, *dims, n]; an axis it does not depend on has size 1.
    """
    # What has no batch axis needs nothing that has one: all weights are made before they are used.
    nodes = sorted(topological(outputs.values()), key=lambda node: BATCH in node.axes)
    emitter = _Emitter(space, params, inputs, apply, dtype, _kinds(nodes))
    readers = collections.Counter(id(operand) for node in nodes for operand in node.operands)
    readers.update(id(node) for node in outputs.values())
    alike = _alike_readings(nodes)
    together = {node.number for group in alike.values() for node in group}
    unstacked = _stacks_never_made([n for n in nodes if n.number not in together], readers)
    tensors: dict[int, tf.Tensor] = {}
    for node in nodes:
        if id(node) in unstacked or node.number in tensors:
            continue
        # With a slash at the end the operations of a line share one scope.
        with tf.name_scope(f"{scope}/line_{node.span.line}/"):
            if node.number in alike:
                tensors.update(emitter.together(alike[node.number], tensors))
            else:
                tensors[node.number] = emitter.tensor(node, tensors, unstacked)
    return {
        name: _both_axes(emitter.in_space(node, tensors), node.axes)
        for name, node in outputs.items()
    }


def _kinds(nodes: Sequence[Node]) -> dict[int, Kind]:
    """The kind of each node, by number; `nodes` come operands first."""
    kinds: dict[int, Kind] = {}
    for node in nodes:
        below = {kinds[operand.number] for operand in node.operands}
        match node:
            case Constant():
                kind = Kind.TABLE
            case Param():
                kind = Kind.MARGINAL
            case Input() | Learned():
                kind = Kind.MARGINAL if node.total else Kind.REAL
            case _ if Kind.REAL in below:
                kind = Kind.REAL
            case _:
                kind = Kind.TABLE if below == {Kind.TABLE} else Kind.MARGINAL
        kinds[node.number] = kind
    return kinds


def _stacks_never_made(nodes: Sequence[Node], readers: collections.Counter) -> set[int]:
    """Stacks whose only reader sums over them: that reader adds up the elements instead."""
    found = set()
    for node in nodes:
        if isinstance(node, Contract):
            for factor, labels in zip(node.factors, node.labels, strict=True):
                if isinstance(factor, Stack) and readers[id(factor)] == 1:
                    if labels[len(factor.axes)] not in node.output and len(node.factors) == 2:
                        found.add(id(factor))
                        break
    return found


def _alike_readings(nodes: Sequence[Node]) -> dict[int, list[Contract]]:
    """Contractions of one array with weights that differ in their values only.

    Returns:
      The groups of more than one, by the number of their first.
    """
    groups: dict[Hashable, list[Contract]] = {}
    for node in nodes:
        if not isinstance(node, Contract) or len(node.factors) != 2:
            continue
        weights, array = node.factors
        if isinstance(weights, Constant) or BATCH in weights.axes or BATCH not in array.axes:
            continue
        form = (array.number, weights.axes, weights.shape, node.labels, node.axes, node.output)
        groups.setdefault(form, []).append(node)
    return {group[0].number: group for group in groups.values() if len(group) > 1}


def _both_axes(tensor: tf.Tensor, axes: tuple[Axis, ...]) -> tf.Tensor:
    if RESTART not in axes:
        tensor = tensor[None]
    return tensor if BATCH in axes else tensor[:, None]


class _Emitter:
    def __init__(
        self,
        space: types.ModuleType,
        params: Mapping[str, tf.Tensor],
        inputs: Mapping[str, tf.Tensor],
        apply: Apply,
        dtype: tf.DType,
        kinds: Mapping[int, Kind],
    ):
        self._space, self._params, self._inputs = space, params, inputs
        self._apply, self._dtype, self._kinds = apply, dtype, kinds
        self._elements: dict[tuple[int, tuple[int, ...]], list[tf.Tensor]] = {}

    def in_space(self, node: Node, made: Mapping[int, tf.Tensor]) -> tf.Tensor:
        """The node's tensor with marginals and tables in the space."""
        tensor = made[node.number]
        return self._space.constant(tensor) if self._is(node, Kind.TABLE) else tensor

    def _as_numbers(self, node: Node, made: Mapping[int, tf.Tensor]) -> tf.Tensor:
        """The node's tensor with marginals and tables as probabilities."""
        tensor = made[node.number]
        return self._space.probabilities(tensor) if self._is(node, Kind.MARGINAL) else tensor

    def _is(self, node: Node, kind: Kind) -> bool:
        return self._kinds[node.number] is kind

    def tensor(self, node: Node, made: dict[int, tf.Tensor], unstacked: set[int]) -> tf.Tensor:
        """The tensor of a node whose operands are made; those in `unstacked` are not needed."""
        match node:
            case Param(name=name):
                return self._params[name]
            case Input(name=name):
                return self._inputs[name]
            case Constant(value=value):
                return tf.constant(value, self._dtype)
            case Pick(operand=operand, index=index):
                return self._pick(operand.number, made[operand.number], len(operand.axes), index)
            case Stack(elements=elements):
                marginal = self._is(node, Kind.MARGINAL)
                take = self.in_space if marginal else self._as_numbers
                return _stack(node, [take(element, made) for element in elements])
            case Learned(arguments=arguments):
                return self._apply(node, [self._as_numbers(a, made) for a in arguments])
            case Contract():
                return self._contract(node, made, unstacked)
        raise AssertionError(node)

    def _pick(self, number: int, tensor: tf.Tensor, axes: int, index: tuple[int, ...]) -> tf.Tensor:
        # All elements come from one operation, whose gradient is one operation too.
        for depth, position in enumerate(index):
            key = (number, index[:depth])
            if key not in self._elements:
                self._elements[key] = tf.unstack(tensor, axis=axes)
            tensor = self._elements[key][position]
        return tensor

    def _contract(
        self, node: Contract, made: dict[int, tf.Tensor], unstacked: set[int]
    ) -> tf.Tensor:
        space = self._space if self._is(node, Kind.MARGINAL) else prob
        if len(node.factors) == 1:
            return space.reduce(made[node.factors[0].number], node.labels[0], node.output)
        for k in (0, 1):
            if id(node.factors[k]) in unstacked:
                return self._weighted_sum(node, k, made)
        (first, second), (a, b) = node.factors, node.labels
        tables = self._is(first, Kind.TABLE), self._is(second, Kind.TABLE)
        operands = self._factor(node, first, made), self._factor(node, second, made)
        return space.contract(operands[0], a, operands[1], b, node.output, tables)

    def together(
        self, group: Sequence[Contract], made: Mapping[int, tf.Tensor]
    ) -> dict[int, tf.Tensor]:
        """The tensors of contractions of one array with alike weights, by number."""
        first, array = group[0], group[0].factors[1]
        values, (a, b), which = self._factor(first, array, made), first.labels, -1
        sizes = {which: len(group), **prob.sizes(made[first.factors[0].number], a)}
        if not prob.large(sizes, prob.sizes(values, b), (which, *first.output)):
            return {node.number: self._contract(node, made, set()) for node in group}
        marginal = self._is(first, Kind.MARGINAL)
        space, take = (self._space, self.in_space) if marginal else (prob, self._as_numbers)
        weights = tf.stack([take(node.factors[0], made) for node in group])
        # After the labels that both have, as the rows of a matrix product are.
        place = next(k for k, label in enumerate(first.output) if label not in a or label not in b)
        output = [*first.output[:place], which, *first.output[place:]]
        tables = (False, self._is(array, Kind.TABLE))
        whole = space.contract(weights, [which, *a], values, b, output, tables)
        parts = tf.unstack(whole, len(group), place)
        return {node.number: part for node, part in zip(group, parts, strict=True)}

    def _factor(self, node: Contract, factor: Node, made: Mapping[int, tf.Tensor]) -> tf.Tensor:
        # An expectation of floats is linear in probabilities, whatever the space.
        marginal = self._is(node, Kind.MARGINAL)
        return made[factor.number] if marginal else self._as_numbers(factor, made)

    def _weighted_sum(self, node: Contract, k: int, made: dict[int, tf.Tensor]) -> tf.Tensor:
        space = self._space if self._is(node, Kind.MARGINAL) else prob
        stack, labels = node.factors[k], node.labels[k]
        weights, weight_labels = node.factors[1 - k], node.labels[1 - k]
        position = len(stack.axes)
        label = labels[position]
        axis_label = dict(zip(stack.axes, labels, strict=False))
        inner = labels[position + 1 :]
        where = weight_labels.index(label)
        rest = weight_labels[:where] + weight_labels[where + 1 :]
        parts = tf.unstack(self._factor(node, weights, made), len(stack.elements), where)
        # Terms that lack an axis are added up before they meet those that have it.
        groups: dict[tuple[int, ...], list[tf.Tensor]] = {}
        for part, element in zip(parts, stack.elements, strict=True):
            own = (*(axis_label[axis] for axis in element.axes), *inner)
            output = tuple(label for label in node.output if label in own or label in rest)
            tables = self._is(weights, Kind.TABLE), self._is(element, Kind.TABLE)
            tensor = self._factor(node, element, made)
            term = space.contract(part, rest, tensor, own, output, tables)
            groups.setdefault(output, []).append(term)
        sums = [
            space.align(space.add(terms), output, node.output)
            for output, terms in sorted(groups.items(), key=lambda group: len(group[0]))
        ]
        return space.add(sums)


def _stack(node: Stack, elements: list[tf.Tensor]) -> tf.Tensor:
    rank = len(node.shape) - 1
    aligned = []
    for element, tensor in zip(node.elements, elements, strict=True):
        labels = [*element.axes, *range(rank)]
        aligned.append(prob.align(tensor, labels, [*node.axes, *range(rank)]))
    shapes = {tuple(tensor.shape) for tensor in aligned}
    if len(shapes) > 1:
        if all(tensor.shape.is_fully_defined() for tensor in aligned):
            shape = np.broadcast_shapes(*shapes)
        else:
            shape = tf.shape(aligned[0])
            for tensor in aligned[1:]:
                shape = tf.broadcast_dynamic_shape(shape, tf.shape(tensor))
        aligned = [tf.broadcast_to(tensor, shape) for tensor in aligned]
    return tf.stack(aligned, len(node.axes))
