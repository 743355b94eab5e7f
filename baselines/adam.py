"""Adam with clipping and noise, as the Neural GPU's authors train it."""

from collections.abc import Sequence

import tensorflow as tf

MOMENTUM, DECAY = 0.9, 0.999


class Adam(tf.Module):
    """Adam (Kingma and Ba, 2015), with the bias correction in the step size.

    Attributes:
      learned: the variables.
      updates: how many updates were made, int64.
    """

    def __init__(self, learned: Sequence[tf.Variable], epsilon: float, clip: float):
        """Makes the slots.

        Args:
          learned: the variables.
          epsilon: is added to the root of the mean square; large is cautious.
          clip: the largest global norm of a gradient.
        """
        super().__init__()
        self.learned = list(learned)
        self.updates = tf.Variable(0, dtype=tf.int64, trainable=False)
        self._means = [tf.Variable(tf.zeros_like(v), trainable=False) for v in self.learned]
        self._squares = [tf.Variable(tf.zeros_like(v), trainable=False) for v in self.learned]
        self._epsilon, self._clip = epsilon, clip

    def update(
        self, gradients: Sequence[tf.Tensor], rate: tf.Tensor, noise: tf.Tensor, key: tf.Tensor
    ) -> None:
        """Makes one update of all variables.

        Args:
          gradients: one for each variable.
          rate: the learning rate.
          noise: the standard deviation of the Gaussian noise on the clipped gradient.
          key: what the noise is drawn from, int32 [2].
        """
        count = tf.cast(self.updates.assign_add(1), tf.float32)
        rate = rate * tf.sqrt(1 - DECAY**count) / (1 - MOMENTUM**count)
        clipped, _ = tf.clip_by_global_norm(gradients, self._clip)
        seeds = tf.random.split(key, len(clipped))
        slots = zip(self.learned, self._means, self._squares, strict=True)
        for (variable, mean, square), gradient, seed in zip(
            slots, clipped, tf.unstack(seeds), strict=True
        ):
            gradient = _noisy(gradient, noise, seed)
            mean.assign(MOMENTUM * mean + (1 - MOMENTUM) * gradient)
            square.assign(DECAY * square + (1 - DECAY) * tf.square(gradient))
            variable.assign_sub(rate * mean / (tf.sqrt(square) + self._epsilon))


def _noisy(gradient: tf.Tensor, noise: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    def with_noise() -> tf.Tensor:
        return gradient + noise * tf.random.stateless_normal(gradient.shape, seed)

    return tf.cond(noise > 0, with_noise, lambda: gradient)
