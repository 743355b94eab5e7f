"""A loop of a tensor network to one `tf.while_loop`, which computes its body in every round."""

import dataclasses
from collections.abc import Callable, Collection, Mapping, Sequence

import tensorflow as tf

from terpret.core.nodes import BATCH, RESTART, Axis, Rounds

Body = Callable[[Sequence[tf.Tensor]], dict[str, tf.Tensor]]
# By root, and whether of every round, [axes..., rounds, shape...], or of the last.
Results = dict[tuple[str, bool], tf.Tensor]


@dataclasses.dataclass(frozen=True)
class Sizes:
    """The open sizes.

    Attributes:
      restarts: the number of restarts.
      inputs: what is observed, [batch, ...] by name.
    """

    restarts: int
    inputs: Mapping[str, tf.Tensor]

    def of(self, axis: Axis) -> tf.Tensor | int:
        """The number of values of an axis."""
        if axis == RESTART:
            return self.restarts
        if axis != BATCH:
            return axis.size
        one = next(iter(self.inputs.values()))
        return tf.shape(one)[0] if one.shape[0] is None else one.shape[0]


def repeat(
    rounds: Rounds,
    inputs: Sequence[tf.Tensor],
    axes: Sequence[tuple[Axis, ...]],
    body: Body,
    wanted: Collection[tuple[str, bool]],
    sizes: Sizes,
) -> Results:
    """Emits a loop.

    Args:
      rounds: the loop.
      inputs: its operands, [axes..., shape...], sliced ones [axes..., rounds, shape...].
      axes: the axes of each.
      body: emits the body from what its operands are in a round; gives its roots by name.
      wanted: which results are read.
      sizes: the open sizes.
    """
    carried = sorted(rounds.carried)
    states = [_widened(inputs[p], axes[p], rounds.axes[p], sizes) for p in carried]
    # A root that is not passed on has a last value only where all its values are kept.
    passed = {root: k for k, root in reversed([*enumerate(rounds.carried[p] for p in carried)])}
    kept = sorted({root for root, every in wanted if every or root not in passed})
    slices = {
        p: tf.TensorArray(
            inputs[p].dtype, rounds.count, element_shape=_without(inputs[p].shape, len(axes[p]))
        ).unstack(_first(inputs[p], len(axes[p])))
        for p in rounds.sliced
    }
    arrays = [tf.TensorArray(inputs[0].dtype, rounds.count) for _ in kept]

    def step(number: tf.Tensor, states: list[tf.Tensor], arrays: list[tf.TensorArray]):
        given = list(inputs)
        for place, state in zip(carried, states, strict=True):
            given[place] = state
        for place, elements in slices.items():
            given[place] = elements.read(number)
        roots = body(given)
        own = {root: rounds.body[root].axes for root in roots}
        after = [
            _widened(roots[rounds.carried[p]], own[rounds.carried[p]], rounds.axes[p], sizes)
            for p in carried
        ]
        made = [
            array.write(number, _widened(roots[root], own[root], rounds.axes_of(root), sizes))
            for root, array in zip(kept, arrays, strict=True)
        ]
        after = [
            tf.ensure_shape(one, state.shape) for one, state in zip(after, states, strict=True)
        ]
        return number + 1, after, made

    _, states, arrays = tf.while_loop(
        lambda number, *_: number < rounds.count,
        step,
        (tf.constant(0), states, arrays),
        maximum_iterations=rounds.count,
    )
    every = {root: array.stack() for root, array in zip(kept, arrays, strict=True)}
    results: Results = {}
    for root, all_rounds in wanted:
        where = len(rounds.axes_of(root))
        if all_rounds:
            results[root, True] = _at(every[root], where)
        else:
            last = states[passed[root]] if root in passed else every[root][-1]
            results[root, False] = last
    return results


def _widened(
    tensor: tf.Tensor, have: Sequence[Axis], wanted: Sequence[Axis], sizes: Sizes
) -> tf.Tensor:
    """The tensor with all wanted axes."""
    if tuple(have) == tuple(wanted):
        return tensor
    known = dict(zip(have, range(len(have)), strict=True))
    inner = tensor.shape[len(have) :]
    lengths = [
        sizes.of(axis)
        if axis not in known or tensor.shape[known[axis]] is None
        else tensor.shape[known[axis]]
        for axis in wanted
    ]
    for place, axis in enumerate(wanted):
        if axis not in known:
            tensor = tf.expand_dims(tensor, place)
    static = [length if isinstance(length, int) else None for length in lengths]
    return tf.ensure_shape(tf.broadcast_to(tensor, [*lengths, *inner]), [*static, *inner])


def _first(tensor: tf.Tensor, axis: int) -> tf.Tensor:
    """The tensor with one dimension before all others."""
    order = [axis, *range(axis), *range(axis + 1, len(tensor.shape))]
    return tensor if axis == 0 else tf.transpose(tensor, order)


def _at(tensor: tf.Tensor, axis: int) -> tf.Tensor:
    """The tensor with its first dimension at another place."""
    order = [*range(1, axis + 1), 0, *range(axis + 1, len(tensor.shape))]
    return tensor if axis == 0 else tf.transpose(tensor, order)


def _without(shape: tf.TensorShape, axis: int) -> tf.TensorShape:
    return shape[:axis].concatenate(shape[axis + 1 :])
