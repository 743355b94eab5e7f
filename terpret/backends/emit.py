"""Tensor network to TensorFlow operations; each node becomes a tensor [axes..., shape...]."""

import functools
import types
from collections.abc import Callable, Mapping, Sequence

import tensorflow as tf

from terpret.backends import emit_loop, prob
from terpret.core.nodes import (
    BATCH,
    RESTART,
    Axis,
    Constant,
    Contract,
    Given,
    Input,
    Learned,
    Node,
    Param,
    Pick,
    Repeated,
    Stack,
)
from terpret.core.schedule import Kind, Schedule

Apply = Callable[[Learned, Sequence[tf.Tensor]], tf.Tensor]


def emit(
    made: Schedule,
    space: types.ModuleType,
    params: Mapping[str, tf.Tensor],
    inputs: Mapping[str, tf.Tensor],
    apply: Apply,
    dtype: tf.DType,
    scope: str,
    restarts: int = 1,
) -> dict[str, tf.Tensor]:
    """Emits the operations of a scheduled network.

    Args:
      made: the schedule.
      space: the module of the space: `prob` or `log`.
      params: the marginals of each Param in that space, [restart, *dims, n].
      inputs: what is observed in that space, [batch, *dims, n] or [batch, *dims, *shape].
      apply: evaluates a network node on its arguments, marginals among them as probabilities;
        an integer result is in the space.
      dtype: the floating point type.
      scope: the scope of the operations' names, before the lines they come from.
      restarts: the number of restarts.

    Returns:
      For each root a tensor [restart, batch, *dims, n]; an axis it does not depend on has size 1.
    """
    emitter = _Emitter(space, params, inputs, apply, dtype, made, scope, restarts)
    tensors = emitter.tensors()
    return {name: _both_axes(tensors[name], node.axes) for name, node in made.outputs.items()}


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
        made: Schedule,
        scope: str,
        restarts: int,
        given: Sequence[tf.Tensor] = (),
    ):
        self._space, self._params, self._inputs = space, params, inputs
        self._apply, self._dtype, self._schedule = apply, dtype, made
        self._scope, self._restarts, self._given = scope, restarts, given
        self._elements: dict[tuple[int, tuple[int, ...]], list[tf.Tensor]] = {}
        self._loops: dict[tuple[object, ...], emit_loop.Results] = {}

    def tensors(self) -> dict[str, tf.Tensor]:
        """Every root's tensor [axes..., shape...], in the space, by name."""
        made: dict[int, tf.Tensor] = {}
        for step in self._schedule.steps:
            # With a slash at the end the operations of a line share one scope.
            with tf.name_scope(f"{self._scope}/line_{step[0].span.line}/"):
                if len(step) > 1:
                    group = [node for node in step if isinstance(node, Contract)]
                    made.update(self.together(group, made))
                else:
                    made[step[0].number] = self.tensor(step[0], made)
        return {name: self.in_space(node, made) for name, node in self._schedule.outputs.items()}

    def in_space(self, node: Node, made: Mapping[int, tf.Tensor]) -> tf.Tensor:
        """The node's tensor with marginals and tables in the space."""
        tensor = made[node.number]
        return self._space.constant(tensor) if self._is(node, Kind.TABLE) else tensor

    def _as_numbers(self, node: Node, made: Mapping[int, tf.Tensor]) -> tf.Tensor:
        """The node's tensor with marginals and tables as probabilities."""
        tensor = made[node.number]
        return self._space.probabilities(tensor) if self._is(node, Kind.MARGINAL) else tensor

    def _is(self, node: Node, kind: Kind) -> bool:
        return self._schedule.kinds[node.number] is kind

    def tensor(self, node: Node, made: Mapping[int, tf.Tensor]) -> tf.Tensor:
        """The tensor of a node whose operands are made, but for stacks that never are."""
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
            case Given(place=place):
                return self._given[place]
            case Repeated():
                return self._repeated(node, made)
            case Learned(arguments=arguments):
                return self._apply(node, [self._as_numbers(a, made) for a in arguments])
            case Contract():
                return self._contract(node, made)
        raise AssertionError(f"no kind of node that is known: {type(node).__name__}")

    def _pick(self, number: int, tensor: tf.Tensor, axes: int, index: tuple[int, ...]) -> tf.Tensor:
        # All elements come from one operation, whose gradient is one operation too.
        for depth, position in enumerate(index):
            key = (number, index[:depth])
            if key not in self._elements:
                self._elements[key] = tf.unstack(tensor, axis=axes)
            tensor = self._elements[key][position]
        return tensor

    def _repeated(self, node: Repeated, made: Mapping[int, tf.Tensor]) -> tf.Tensor:
        rounds = node.rounds
        key = rounds, *(one.number for one in node.inputs)
        if key not in self._loops:
            every = (one for step in self._schedule.steps for one in step)
            alike = [one for one in every if isinstance(one, Repeated) and one.rounds is rounds]
            # In an order that is the same in every process.
            same = [one for one in alike if one.inputs == node.inputs]
            wanted = sorted({(one.root, one.every) for one in same})
            inputs = [self.in_space(one, made) for one in node.inputs]
            axes = [one.axes for one in node.inputs]
            sizes = emit_loop.Sizes(self._restarts, self._inputs)

            def body(given: Sequence[tf.Tensor]) -> dict[str, tf.Tensor]:
                return self._of_body(self._schedule.bodies[rounds], given).tensors()

            self._loops[key] = emit_loop.repeat(
                rounds, inputs, axes, body, wanted, sizes, self._space
            )
        return self._loops[key][node.root, node.every]

    def _of_body(self, made: Schedule, given: Sequence[tf.Tensor]) -> "_Emitter":
        known = self._space, self._params, self._inputs, self._apply, self._dtype
        return _Emitter(*known, made, self._scope, self._restarts, given)

    def _contract(self, node: Contract, made: Mapping[int, tf.Tensor]) -> tf.Tensor:
        space = self._space if self._is(node, Kind.MARGINAL) else prob
        if len(node.terms) == 1:
            factor, labels = node.terms[0]
            return space.reduce(made[factor.number], labels, node.output)
        for k in (0, 1):
            if node.terms[k].node.number in self._schedule.unmade:
                return self._weighted_sum(node, k, made)
        (first, a), (second, b) = node.terms
        tables = self._is(first, Kind.TABLE), self._is(second, Kind.TABLE)
        operands = self._factor(node, first, made), self._factor(node, second, made)
        return space.contract(operands[0], a, operands[1], b, node.output, tables)

    def together(
        self, group: Sequence[Contract], made: Mapping[int, tf.Tensor]
    ) -> dict[int, tf.Tensor]:
        """The tensors of contractions of one array with alike weights, by number."""
        first, array = group[0], group[0].terms[1].node
        values, (a, b), which = self._factor(first, array, made), first.labels, -1
        sizes = {which: len(group), **prob.sizes(made[first.terms[0].node.number], a)}
        if not prob.large(sizes, prob.sizes(values, b), (which, *first.output)):
            return {node.number: self._contract(node, made) for node in group}
        marginal = self._is(first, Kind.MARGINAL)
        space, take = (self._space, self.in_space) if marginal else (prob, self._as_numbers)
        weights = tf.stack([take(node.terms[0].node, made) for node in group])
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

    def _weighted_sum(self, node: Contract, k: int, made: Mapping[int, tf.Tensor]) -> tf.Tensor:
        space = self._space if self._is(node, Kind.MARGINAL) else prob
        stack, axis_label = node.terms[k].node, node.terms[k].by_axis
        assert isinstance(stack, Stack)
        label, *inner = node.terms[k].shape_labels
        weights, weight_labels = node.terms[1 - k]
        where = weight_labels.index(label)
        rest = weight_labels[:where] + weight_labels[where + 1 :]
        parts = tf.unstack(self._factor(node, weights, made), len(stack.elements), where)
        # Terms that lack an axis are added up before they are added to those that have it.
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
        # What is known of it, and what only the batch will say.
        known = functools.reduce(tf.broadcast_static_shape, [one.shape for one in aligned])
        shape: tf.TensorShape | tf.Tensor = known
        if not known.is_fully_defined():
            shape = functools.reduce(tf.broadcast_dynamic_shape, map(tf.shape, aligned))
        aligned = [tf.ensure_shape(tf.broadcast_to(one, shape), known) for one in aligned]
    return tf.stack(aligned, len(node.axes))
