"""The weights of a network that a Keras model is, for all restarts."""

import math
from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from terpret.backends.keras_models import KerasNetwork


class KerasWeights(tf.Module):
    """The weights of one Keras model for all restarts.

    Attributes:
      network: what is kept of the model.
      values: one variable [restart, *shape] a weight, in the order of Keras.
    """

    def __init__(self, name: str, network: KerasNetwork, restarts: int, seed: int, dtype: tf.DType):
        super().__init__(name=name)
        self.network, self._network_name = network, name
        self.values = [
            tf.Variable(value, name=f"{name}/{place}")
            for place, (value,) in enumerate(self.drawn(range(restarts), seed, dtype))
        ]
        model = network.made(name)
        dtypes = [weight.dtype for weight in model.trainable_variables]

        # TensorFlow would keep a model in every checkpoint that is kept here by itself.
        def apply(weights: Sequence[tf.Tensor], images: tf.Tensor) -> tf.Tensor:
            given = [tf.cast(one, of) for one, of in zip(weights, dtypes, strict=True)]
            result, _ = model.stateless_call(given, [], tf.cast(images, dtypes[0]))
            return tf.cast(result, dtype)

        self._apply = apply

    @property
    def restarts(self) -> int:
        """The number of restarts."""
        return self.values[0].shape[0]

    @property
    def by_layer(self) -> list[tuple[tf.Variable, ...]]:
        """The variables, each as a layer of its own."""
        return [(value,) for value in self.values]

    def drawn(
        self, restarts: Sequence[int], seed: int, dtype: tf.DType
    ) -> list[tuple[tf.Tensor, ...]]:
        """The values that restarts begin with, as `by_layer`: each as its own model has them.

        Args:
          restarts: their numbers.
          seed: the root seed.
          dtype: the floating point type.

        Raises:
          InputError: the model cannot be made, or is another than it was.
        """
        # No more than one model at a time.
        each = [
            [
                tf.cast(weight.value, dtype)
                for weight in self.network.made(self._network_name, (seed, k)).trainable_variables
            ]
            for k in restarts
        ]
        return [(tf.stack(values),) for values in zip(*each, strict=True)]

    def applied(self, rows: tf.Tensor, per_restart: bool) -> tf.Tensor:
        """The model's results.

        Args:
          rows: what it is shown, [restart, n, numbers] or, without `per_restart`, [n, numbers].
          per_restart: whether each restart has values of its own.

        Returns:
          Tensor [restart, n, results].
        """
        own: list[Any] = tf.unstack(rows) if per_restart else [rows] * self.restarts
        # Unlike that of a slice, the gradient of `unstack` is no larger than the variable.
        weights = zip(*(tf.unstack(value) for value in self.values), strict=True)
        results = []
        for images, mine in zip(own, weights, strict=True):
            result = self._apply(mine, tf.reshape(images, [-1, *self.network.shape]))
            results.append(tf.reshape(result, [-1, math.prod(result.shape[1:])]))
        return tf.stack(results)
