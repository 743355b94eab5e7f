"""Update rules, each restart for itself: every variable's first axis is the restart."""

from collections.abc import Callable, Sequence

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


# Each rule with the values its slots start from.
OPTIMISERS: dict[str, tuple[Rule, tuple[float, ...]]] = {
    "adam": (adam, (0.0, 0.0)),
    "rmsprop": (rmsprop, (1.0,)),
}


def clip_by_restart(gradients: Sequence[tf.Tensor], norm: float) -> list[tf.Tensor]:
    """Scales each restart's gradient so that its global norm is at most `norm`."""
    squares = [
        tf.reduce_sum(tf.square(g), list(range(1, len(g.shape)))) if len(g.shape) > 1 else g**2
        for g in gradients
    ]
    scale = norm / tf.maximum(tf.sqrt(tf.add_n(squares)), norm)
    return [g * by_restart(scale, g) for g in gradients]


def by_restart(values: tf.Tensor, like: tf.Tensor) -> tf.Tensor:
    """Values [restart], shaped to multiply a tensor [restart, ...]."""
    return tf.reshape(values, [-1] + [1] * (len(like.shape) - 1))
