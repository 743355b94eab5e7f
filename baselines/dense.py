"""Fully connected layers, with weights of their own for every life."""

from collections.abc import Sequence
from dataclasses import dataclass

import tensorflow as tf

from terpret.backends.initial_values import initial_kernels
from terpret.backends.networks import layers


@dataclass(frozen=True)
class Start:
    """What all first values are drawn from; a life is the same whatever lives beside it.

    Attributes:
      lives: the numbers of the lives.
      seed: the root seed.
      dtype: the floating point type.
    """

    lives: Sequence[int]
    seed: int
    dtype: tf.DType


class Perceptron(tf.Module):
    """Fully connected layers with ReLU between them and none after the last.

    Attributes:
      outputs: the width of the last layer.
      kernels: one variable [life, inputs, outputs] a layer, Glorot uniform at first.
      biases: one variable [life, outputs] a layer, zero at first.
    """

    def __init__(self, name: str, widths: Sequence[int], start: Start):
        """Makes the layers.

        Args:
          name: what the network is, unlike any other's of the same baseline.
          widths: the number of inputs, of the neurons of each hidden layer, and of outputs.
          start: what the weights are drawn from.
        """
        super().__init__()
        self.outputs = widths[-1]
        self.kernels, self.biases = [], []
        for layer, shape in enumerate(zip(widths[:-1], widths[1:], strict=True)):
            place = f"{name}/{layer}"
            values = initial_kernels(shape, start.lives, (start.seed, place), start.dtype)
            self.kernels.append(tf.Variable(values, name=f"{place}/kernel"))
            zeros = tf.zeros([len(start.lives), shape[1]], start.dtype)
            self.biases.append(tf.Variable(zeros, name=f"{place}/bias"))

    def __call__(self, hidden: tf.Tensor) -> tf.Tensor:
        """Applies each life's layers to its own vectors.

        Args:
          hidden: [life, ..., inputs].

        Returns:
          Tensor [life, ..., outputs].
        """
        return layers(self, hidden, True, self.outputs)

    def on_images(self, pixels: tf.Tensor) -> tf.Tensor:
        """Applies each life's layers to images, which are the same for all lives.

        Args:
          pixels: [image, inputs].

        Returns:
          Tensor [life, image, outputs].
        """
        return layers(self, pixels, False, self.outputs)
