"""A loop of a tensor network to one `tf.while_loop`, which computes its body in every round.

Backwards it is a loop, too, of which each round computes its body again from what it was given:
only what rounds pass on is kept, not all that they compute on the way.
"""

import dataclasses
import types
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import tensorflow as tf

from terpret.core.nodes import BATCH, RESTART, Axis, Learned, Rounds, topological

Tensors = list[tf.Tensor]
Arrays = list[tf.TensorArray]
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
    space: types.ModuleType,
) -> Results:
    """Emits a loop.

    What a round passes on is a product of what it was given: an error of its sum, made by rounding,
    would be multiplied in every round, and so would the gradient along it. So marginals whose sum
    is known to be 1 are divided by it.

    Args:
      rounds: the loop.
      inputs: its operands, [axes..., shape...], sliced ones [axes..., rounds, shape...].
      axes: the axes of each.
      body: emits the body from what its operands are in a round; gives its roots by name.
      wanted: which results are read.
      sizes: the open sizes.
      space: the module of the space: `prob` or `log`.
    """
    carried, sliced = sorted(rounds.carried), sorted(rounds.sliced)
    whole = [p for p in range(len(inputs)) if p not in rounds.carried and p not in rounds.sliced]
    passed = _passed(rounds, carried)
    # A root that is not passed on has a last value only where all its values are kept.
    kept = sorted({root for root, every in wanted if every or root not in passed})

    def one(states: Tensors, fixed: Tensors, parts: Tensors) -> tuple[Tensors, Tensors]:
        """What a round passes on, and what is kept of it."""
        given: Tensors = [*inputs]
        for places, tensors in ((carried, states), (whole, fixed), (sliced, parts)):
            for place, tensor in zip(places, tensors, strict=True):
                given[place] = tensor
        roots = body(given)

        def widened(root: str, axes: tuple[Axis, ...]) -> tf.Tensor:
            return _widened(roots[root], rounds.body[root].axes, axes, sizes)

        for root in sorted({rounds.carried[p] for p in carried}.union(kept).intersection(passed)):
            if rounds.body[root].normalised:
                roots[root] = space.renormalised(roots[root])
        after = [widened(rounds.carried[p], rounds.axes[p]) for p in carried]
        after = [tf.ensure_shape(a, s.shape) for a, s in zip(after, states, strict=True)]
        return after, [widened(root, rounds.axes_of(root)) for root in kept]

    states = [_widened(inputs[p], axes[p], rounds.axes[p], sizes) for p in carried]
    fixed = [inputs[p] for p in whole]
    parts = [_first(inputs[p], len(axes[p])) for p in sliced]
    learns = any(isinstance(node, Learned) for node in topological(rounds.body.values()))
    run = _run if learns else _run_again_backwards
    last, every = run(rounds.count, one, states, fixed, parts, len(kept))
    results: Results = {}
    for root, all_rounds in wanted:
        if all_rounds:
            results[root, True] = _at(every[kept.index(root)], len(rounds.axes_of(root)))
        else:
            found = last[passed[root]] if root in passed else every[kept.index(root)][-1]
            results[root, False] = found
    return results


def _passed(rounds: Rounds, carried: Sequence[int]) -> dict[str, int]:
    """Which of the carried operands each root is in the next round, for those that are one."""
    return {
        root: k
        for k, place in reversed([*enumerate(carried)])
        for root, made in rounds.body.items()
        if made is rounds.body[rounds.carried[place]]
    }


One = Callable[[Tensors, Tensors, Tensors], tuple[Tensors, Tensors]]


def _run(
    count: int, one: One, states: Tensors, fixed: Tensors, parts: Tensors, kept: int
) -> tuple[Tensors, Tensors]:
    """What the last round passes on, and what is kept of every round, [rounds, ...]."""
    slices = [_elements(part) for part in parts]
    dtype = [*states, *fixed, *parts][0].dtype
    arrays = [tf.TensorArray(dtype, count) for _ in range(kept)]

    def step(number: tf.Tensor, states: Tensors, arrays: Arrays) -> tuple[Any, ...]:
        after, made = one(states, fixed, [part.read(number) for part in slices])
        arrays = [a.write(number, value) for a, value in zip(arrays, made, strict=True)]
        return number + 1, after, arrays

    _, states, arrays = _while(count, step, (tf.constant(0), states, arrays))
    return states, [array.stack() for array in arrays]


def _run_again_backwards(
    count: int, one: One, states: Tensors, fixed: Tensors, parts: Tensors, kept: int
) -> tuple[Tensors, Tensors]:
    """As `_run`; a gradient computes each round again."""
    ends = len(states), len(states) + len(fixed)

    @tf.custom_gradient
    def run(*given: tf.Tensor) -> tuple[tuple[tf.Tensor, ...], Callable[..., Tensors]]:
        states, fixed, parts = _divided(given, ends)

        def with_states(states: Tensors, fixed: Tensors, parts: Tensors) -> tuple[Tensors, Tensors]:
            after, made = one(states, fixed, parts)
            return after, [*made, *states]

        last, every = _run(count, with_states, states, fixed, parts, kept + len(states))
        before = every[kept:]

        def gradient(*upstream: tf.Tensor) -> Tensors:
            own, more = list(upstream[: len(states)]), list(upstream[len(states) :])
            return _backwards(count, one, before, fixed, parts, own, more)

        return (*last, *every[:kept]), gradient

    found = list(run(*states, *fixed, *parts))
    return found[: len(states)], found[len(states) :]


def _backwards(
    count: int,
    one: One,
    before: Tensors,
    fixed: Tensors,
    parts: Tensors,
    upstream: Tensors,
    kept: Tensors,
) -> Tensors:
    """The gradient of all that a loop was given.

    Args:
      count: the number of rounds.
      one: a round.
      before: what each round was passed, [rounds, ...].
      fixed: what is alike in all rounds.
      parts: what rounds have a part of, [rounds, ...].
      upstream: the gradient of what the last round passes on.
      kept: the gradient of what is kept of every round, [rounds, ...].
    """
    old, slices, more = ([_elements(t) for t in many] for many in (before, parts, kept))
    arrays = [tf.TensorArray(part.dtype, count) for part in parts]
    total = [tf.zeros_like(tensor) for tensor in fixed]

    def step(number: tf.Tensor, own: Tensors, total: Tensors, arrays: Arrays) -> tuple[Any, ...]:
        place = count - 1 - number
        states = [array.read(place) for array in old]
        given = [*states, *fixed, *(part.read(place) for part in slices)]
        with tf.GradientTape() as tape:
            for tensor in given:
                tape.watch(tensor)
            states, same, own_parts = _divided(given, (len(states), len(states) + len(fixed)))
            after, made = one(states, same, own_parts)
        gradients = tape.gradient(
            [*after, *made],
            given,
            [*own, *(array.read(place) for array in more)],
            unconnected_gradients=tf.UnconnectedGradients.ZERO,
        )
        own, fresh, of_parts = _divided(gradients, (len(states), len(states) + len(fixed)))
        total = [a + b for a, b in zip(total, fresh, strict=True)]
        arrays = [a.write(place, value) for a, value in zip(arrays, of_parts, strict=True)]
        return number + 1, own, total, arrays

    _, own, total, arrays = _while(count, step, (tf.constant(0), upstream, total, arrays))
    return [*own, *total, *(array.stack() for array in arrays)]


def _while(count: int, step: Callable[..., Any], start: tuple[Any, ...]) -> tuple[Any, ...]:
    return tf.while_loop(lambda number, *_: number < count, step, start, maximum_iterations=count)


def _divided(
    tensors: Sequence[tf.Tensor], ends: tuple[int, int]
) -> tuple[Tensors, Tensors, Tensors]:
    first, second = ends
    return [*tensors[:first]], [*tensors[first:second]], [*tensors[second:]]


def _elements(tensor: tf.Tensor) -> tf.TensorArray:
    array = tf.TensorArray(tensor.dtype, tensor.shape[0], element_shape=tensor.shape[1:])
    return array.unstack(tensor)


def _widened(
    tensor: tf.Tensor, have: Sequence[Axis], wanted: Sequence[Axis], sizes: Sizes
) -> tf.Tensor:
    """The tensor with all wanted axes."""
    if tuple(have) == tuple(wanted):
        return tensor
    known = {axis: tensor.shape[place] for place, axis in enumerate(have)}
    inner = tensor.shape[len(have) :]
    lengths = [known.get(axis) or sizes.of(axis) for axis in wanted]
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
