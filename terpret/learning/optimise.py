"""Update rules, clipping and the entropy bonus, each restart for itself: the first axis of every
variable is the restart."""

from collections.abc import Callable, Iterable, Sequence

import tensorflow as tf

from terpret.learning.method import Method

Slots = list[tf.Tensor]
Rule = Callable[[tf.Tensor, Slots, tf.Tensor, tf.Tensor, Method], tuple[tf.Tensor, Slots]]

ADAM_MOMENTUM = 0.9
ADAM_EPSILON = 1e-7
RMSPROP_EPSILON = 1e-10


def adam(
    gradient: tf.Tensor, slots: Slots, step: tf.Tensor, rate: tf.Tensor, method: Method
) -> tuple[tf.Tensor, Slots]:
    """Adam (Kingma and Ba, 2015), with the bias correction in the step size.

    Args:
      gradient: [restart, ...].
      slots: the moving averages of the gradient and of its square.
      step: the number of this update for each restart, from 1, broadcastable to `gradient`.
      rate: the learning rate of each restart, broadcastable to `gradient`.
      method: `decay` is the second moment's.

    Returns:
      What to subtract from the variable, and the new slots.
    """
    mean = ADAM_MOMENTUM * slots[0] + (1 - ADAM_MOMENTUM) * gradient
    square = method.decay * slots[1] + (1 - method.decay) * tf.square(gradient)
    corrected = rate * tf.sqrt(1 - method.decay**step) / (1 - ADAM_MOMENTUM**step)
    return corrected * mean / (tf.sqrt(square) + ADAM_EPSILON), [mean, square]


def rmsprop(
    gradient: tf.Tensor, slots: Slots, step: tf.Tensor, rate: tf.Tensor, method: Method
) -> tuple[tf.Tensor, Slots]:
    """RMSProp as in TensorFlow 0.12: the mean square starts at 1, epsilon is inside the root."""
    square = method.decay * slots[0] + (1 - method.decay) * tf.square(gradient)
    return rate * gradient / tf.sqrt(square + RMSPROP_EPSILON), [square]


def sgd(
    gradient: tf.Tensor, slots: Slots, step: tf.Tensor, rate: tf.Tensor, method: Method
) -> tuple[tf.Tensor, Slots]:
    """Gradient descent."""
    return rate * gradient, []


def momentum(
    gradient: tf.Tensor, slots: Slots, step: tf.Tensor, rate: tf.Tensor, method: Method
) -> tuple[tf.Tensor, Slots]:
    """Gradient descent with momentum: the sum of past gradients decays by `method.momentum`."""
    total = method.momentum * slots[0] + gradient
    return rate * total, [total]


# Each rule with the values its slots start from.
OPTIMISERS: dict[str, tuple[Rule, tuple[float, ...]]] = {
    "adam": (adam, (0.0, 0.0)),
    "rmsprop": (rmsprop, (1.0,)),
    "sgd": (sgd, ()),
    "momentum": (momentum, (0.0,)),
}


def fresh_slots(optimiser: str, variable: tf.Variable) -> list[tf.Variable]:
    """The slots of a variable before its first update.

    Returns:
      How many updates each restart's have had, [restart], and the rule's moving averages, of the
      variable's shape.
    """
    count = tf.Variable(tf.zeros(variable.shape[:1], variable.dtype))
    starts = [tf.cast(start, variable.dtype) for start in OPTIMISERS[optimiser][1]]
    return [count, *(tf.Variable(tf.fill(variable.shape, start)) for start in starts)]


def reset_slots(optimiser: str, several: Iterable[Sequence[tf.Variable]], row: int) -> None:
    """Makes a row's slots of several variables those of before its first update."""
    for slots in several:
        for slot, start in zip(slots, (0.0, *OPTIMISERS[optimiser][1]), strict=True):
            slot[row].assign(tf.fill(slot.shape[1:], tf.cast(start, slot.dtype)))


def descend(
    rule: Rule,
    variable: tf.Variable,
    gradient: tf.Tensor,
    slots: Sequence[tf.Variable],
    rate: tf.Tensor,
    learning: tf.Tensor,
    method: Method,
) -> None:
    """Updates a variable and its slots.

    Args:
      rule: the update rule.
      variable: what is learned, [restart, ...].
      gradient: of the objective, [restart, ...].
      slots: as `fresh_slots` makes them.
      rate: the learning rate of each restart, [restart].
      learning: the restarts whose values change, bool [restart].
      method: the settings of the rule.
    """
    count, *averages = slots
    number = by_restart(count.assign_add(tf.cast(learning, count.dtype)), gradient)
    change, values = rule(gradient, averages, number, by_restart(rate, gradient), method)
    for slot, value in zip(averages, values, strict=True):
        slot.assign(value)
    kept = tf.zeros_like(change)
    variable.assign_sub(tf.where(by_restart(learning, change), change, kept))


def clip_by_restart(gradients: Sequence[tf.Tensor], norm: float) -> list[tf.Tensor]:
    """Scales each restart's gradient so that its global norm is at most `norm`."""
    if not gradients:
        return []
    squares = [_sum_by_restart(tf.square(gradient)) for gradient in gradients]
    scale = norm / tf.maximum(tf.sqrt(tf.add_n(squares)), norm)
    return [gradient * by_restart(scale, gradient) for gradient in gradients]


def entropies(logits: Iterable[tf.Tensor]) -> tf.Tensor:
    """The summed entropy of the marginals, softmax over the last axis, of each restart: [restart].

    The original took -sum m exp(m) of the raw logits m, which is the entropy only while they happen
    to be normalised; here it is the softmax's.
    """
    logs = [tf.nn.log_softmax(value) for value in logits]
    return tf.add_n([-_sum_by_restart(tf.exp(log) * log) for log in logs])


def by_restart(values: tf.Tensor, like: tf.Tensor) -> tf.Tensor:
    """Values [restart], shaped to multiply a tensor [restart, ...]."""
    return tf.reshape(values, [-1] + [1] * (len(like.shape) - 1))


def _sum_by_restart(values: tf.Tensor) -> tf.Tensor:
    return tf.reduce_sum(values, list(range(1, len(values.shape))))
