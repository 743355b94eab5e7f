"""The LSTM of the paper's MATH baselines (section 5.2): Keras' layers, dropout between them."""

import keras
import tensorflow as tf
from keras.initializers import GlorotUniform, Orthogonal

from baselines.dropout import dropped
from baselines.sequence_data import SHOWN
from baselines.shapes import ANSWERS
from terpret.hashing import seed_of


class Lstm(tf.Module):
    """Layers of LSTM cells; the answer is read from the last layer after the last symbol.

    Attributes:
      learned: the variables.
    """

    def __init__(self, units: int, layers: int, dropout: float, seed: int):
        """Makes the layers.

        Args:
          units: the cells of each layer; 1,024 in the paper.
          layers: how many layers; 3 in the paper.
          dropout: the part of a layer's outputs that the next does not see in training.
          seed: what the first weights are drawn from.
        """
        super().__init__()
        self._dropout = dropout
        self._layers = [
            keras.layers.LSTM(
                units,
                return_sequences=True,
                kernel_initializer=GlorotUniform(seed=_seed(seed, "kernel", layer)),
                recurrent_initializer=Orthogonal(seed=_seed(seed, "recurrent", layer)),
            )
            for layer in range(layers)
        ]
        answer = GlorotUniform(seed=_seed(seed, "answer", 0))
        self._answer = keras.layers.Dense(ANSWERS, kernel_initializer=answer)
        self._answer(self._layers_on(tf.zeros([1, 1, SHOWN]), None)[:, -1])
        parts = [*self._layers, self._answer]
        self.learned = [v.value for part in parts for v in part.trainable_variables]

    def logits(self, shown: tf.Tensor, key: tf.Tensor | None) -> tf.Tensor:
        """Answers expressions.

        Args:
          shown: the symbols, [batch, length, 14].
          key: what dropout is drawn from, int32 [2]; None is without dropout.

        Returns:
          The logits of the answers, [batch, 19].
        """
        return self._answer(self._layers_on(shown, key)[:, -1])

    def _layers_on(self, hidden: tf.Tensor, key: tf.Tensor | None) -> tf.Tensor:
        """What the last layer says after each symbol, [batch, length, units]."""
        for number, layer in enumerate(self._layers):
            if number > 0:
                hidden = dropped(hidden, self._dropout, key, number)
            hidden = layer(hidden)
        return hidden


def _seed(seed: int, purpose: str, layer: int) -> int:
    return seed_of(seed, purpose, layer)[0]
