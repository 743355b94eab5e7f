"""Tensor network to TensorFlow operations; each node becomes a tensor [axes..., shape...]."""

import collections
import types
from collections.abc import Callable, Mapping, Sequence

import tensorflow as tf

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


def emit(
    outputs: Mapping[str, Node],
    space: types.ModuleType,
    params: Mapping[str, tf.Tensor],
    inputs: Mapping[str, tf.Tensor],
    apply: Apply,
    dtype: tf.DType,
) -> dict[str, tf.Tensor]:
    """Emits the operations of a planned network.

    Args:
      outputs: its roots by name; no contraction has more than two factors.
      space: the module of the space: `prob` or `log`.
      params: the marginals of each Param in that space, [restart, *dims, n].
      inputs: what is observed in that space, [batch, *dims, n] or [batch, *dims, *shape].
      apply: evaluates a network node on its arguments.
      dtype: the floating point type.

    Returns:
      For each root a tensor [restart, batch, *dims, n]; an axis it does not depend on has size 1.
    """
    emitter = _Emitter(space, params, inputs, apply, dtype)
    nodes = topological(outputs.values())
    readers = collections.Counter(id(operand) for node in nodes for operand in node.operands)
    readers.update(id(node) for node in outputs.values())
    unstacked = _stacks_never_made(nodes, readers)
    tensors: dict[int, tf.Tensor] = {}
    for node in nodes:
        if id(node) not in unstacked:
            with tf.name_scope(f"line_{node.span.line}"):
                tensors[node.number] = emitter.tensor(node, tensors, unstacked)
    return {
        name: _both_axes(tensors[node.number], node.axes) for name, node in outputs.items()
    }


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
    ):
        self._space, self._params, self._inputs = space, params, inputs
        self._apply, self._dtype = apply, dtype

    def tensor(self, node: Node, made: dict[int, tf.Tensor], unstacked: set[int]) -> tf.Tensor:
        match node:
            case Param(name=name):
                return self._params[name]
            case Input(name=name):
                return self._inputs[name]
            case Constant(value=value):
                return self._space.constant(tf.constant(value, self._dtype))
            case Pick(operand=operand, index=index):
                return _pick(made[operand.number], len(operand.axes), index)
            case Stack(elements=elements):
                return self._stack(node, [made[element.number] for element in elements])
            case Learned(arguments=arguments):
                return self._apply(node, [made[argument.number] for argument in arguments])
            case Contract():
                return self._contract(node, made, unstacked)
        raise AssertionError(node)

    def _stack(self, node: Stack, elements: list[tf.Tensor]) -> tf.Tensor:
        position = len(node.axes)
        rank = len(node.shape) - 1
        aligned = []
        for element, tensor in zip(node.elements, elements, strict=True):
            labels = [*element.axes, *range(rank)]
            aligned.append(self._space.align(tensor, labels, [*node.axes, *range(rank)]))
        shapes = {tuple(tensor.shape) for tensor in aligned}
        if len(shapes) > 1:
            largest = tf.broadcast_dynamic_shape
            shape = tf.shape(aligned[0])
            for tensor in aligned[1:]:
                shape = largest(shape, tf.shape(tensor))
            aligned = [tf.broadcast_to(tensor, shape) for tensor in aligned]
        return tf.stack(aligned, position)

    def _contract(
        self, node: Contract, made: dict[int, tf.Tensor], unstacked: set[int]
    ) -> tf.Tensor:
        if len(node.factors) == 1:
            return self._space.reduce(made[node.factors[0].number], node.labels[0], node.output)
        for k in (0, 1):
            if id(node.factors[k]) in unstacked:
                return self._weighted_sum(node, k, made)
        (first, second), (a, b) = node.factors, node.labels
        return self._space.contract(made[first.number], a, made[second.number], b, node.output)

    def _weighted_sum(self, node: Contract, k: int, made: dict[int, tf.Tensor]) -> tf.Tensor:
        stack, labels = node.factors[k], node.labels[k]
        weights, weight_labels = made[node.factors[1 - k].number], node.labels[1 - k]
        position = len(stack.axes)
        label = labels[position]
        axis_label = dict(zip(stack.axes, labels, strict=False))
        inner = labels[position + 1 :]
        where = weight_labels.index(label)
        rest = weight_labels[:where] + weight_labels[where + 1 :]
        parts = tf.unstack(weights, len(stack.elements), where)
        # Terms that lack an axis are added up before they meet those that have it.
        groups: dict[tuple[int, ...], list[tf.Tensor]] = {}
        for part, element in zip(parts, stack.elements, strict=True):
            own = (*(axis_label[axis] for axis in element.axes), *inner)
            output = tuple(label for label in node.output if label in own or label in rest)
            term = self._space.contract(part, rest, made[element.number], own, output)
            groups.setdefault(output, []).append(term)
        sums = [
            self._space.align(self._space.add(terms), output, node.output)
            for output, terms in sorted(groups.items(), key=lambda group: len(group[0]))
        ]
        return self._space.add(sums)


def _pick(tensor: tf.Tensor, axes: int, index: tuple[int, ...]) -> tf.Tensor:
    for position in index:
        tensor = tf.gather(tensor, position, axis=axes)
    return tensor
