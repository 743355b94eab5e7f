"""Expressions as sequences of symbols, for the baselines of MATH (paper, sections 5.2 and 6.2).

An expression of n digits is 2n - 1 symbols, digits and operators in turn. It is evaluated from left
to right, every result modulo 19, a division by zero being 18. A model sees 14 numbers of a symbol:
a one-hot vector (Figure 8(a)), or what `net_0` and `net_1` make of its image (Figure 8(b)).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from baselines.shapes import DIGITS, OPERATORS
from datasets.apply2x2 import RESULTS
from datasets.pools import ImagePool
from terpret.data.streams import draws

SHOWN = DIGITS + OPERATORS

# An expression's words for its operators; those before are for its digits.
_OPERATOR_WORDS = 1000
_IMAGES_AT_ONCE = 10_000


@dataclass(frozen=True, eq=False)
class Symbols:
    """What expressions are composed of: the digits, and after them the operators.

    Attributes:
      shown: what a model sees of each symbol, float32 [symbol, 14].
      values: the digit 0..9 or the operator 0..3 that each is, int32 [symbol].
      digits: how many of the symbols are digits.
    """

    shown: tf.Tensor
    values: tf.Tensor
    digits: int

    @property
    def operators(self) -> int:
        """How many of the symbols are operators."""
        return len(self.values) - self.digits


def one_hot_symbols() -> Symbols:
    """The fourteen symbols themselves, without perception (Figure 8(a))."""
    values = [*range(DIGITS), *range(OPERATORS)]
    return Symbols(tf.eye(SHOWN), tf.constant(values, tf.int32), DIGITS)


def image_symbols(
    digits: ImagePool,
    operators: ImagePool,
    networks: Mapping[str, Sequence[tuple[np.ndarray, ...]]],
) -> Symbols:
    """Images as `net_0` and `net_1` see them (Figure 8(b)).

    Both networks look at every image, so that a model must find out which of them to believe. They
    look once, beforehand, and stay as they are; the paper goes on to train them with the LSTM.

    Args:
      digits: the digits to compose from.
      operators: the operators to compose from.
      networks: the kernel [in, out] and bias [out] of each layer of `net_0` and `net_1`, as
        `terpret.learning.network_file.load_networks(path).layers` holds them.
    """
    images = np.concatenate([digits.images, operators.images])
    values = np.concatenate([digits.labels, operators.labels])
    parts = [
        tf.concat([_seen(networks[name], part) for name in ("net_0", "net_1")], -1)
        for part in np.split(images, range(_IMAGES_AT_ONCE, len(images), _IMAGES_AT_ONCE))
    ]
    return Symbols(tf.concat(parts, 0), tf.constant(values), len(digits))


def expressions(
    symbols: Symbols, seed: int, numbers: tf.Tensor, digits: int
) -> tuple[tf.Tensor, tf.Tensor]:
    """Composes expressions of one length; nothing need be padded.

    Args:
      symbols: what to compose from.
      seed: the stream.
      numbers: int64 [n], the numbers of the expressions in the stream; an expression is a function
        of (seed, number), and the same number's longer expressions begin with it.
      digits: how many digits each expression has.

    Returns:
      The expressions as places in `symbols`, int64 [n, 2 digits - 1], and their results,
      int32 [n] in 0..18.
    """
    operands = draws(seed, numbers, digits, symbols.digits)
    operators = draws(seed, numbers, digits, symbols.operators, _OPERATOR_WORDS)
    pairs = tf.stack([operands, symbols.digits + operators], -1)
    # Nothing follows the operator after the last digit.
    places = tf.reshape(pairs, [-1, 2 * digits])[:, :-1]
    return places, _results(tf.gather(symbols.values, places))


def _results(values: tf.Tensor) -> tf.Tensor:
    """Evaluates expressions given as digits and operators, int32 [n, 2 digits - 1]."""
    result = values[:, 0]
    for place in range(1, values.shape[1], 2):
        step = tf.stack([values[:, place], result, values[:, place + 1]], -1)
        result = tf.gather_nd(tf.constant(RESULTS), step)
    return result


def _seen(layers: Sequence[tuple[np.ndarray, ...]], images: np.ndarray) -> tf.Tensor:
    """The probabilities that a network gives to the classes of images, float32 [image, class]."""
    hidden = tf.constant(images.reshape(len(images), -1) / np.float32(255))
    for kernel, bias in layers[:-1]:
        hidden = tf.nn.relu(hidden @ kernel + bias)
    kernel, bias = layers[-1]
    return tf.nn.softmax(hidden @ kernel + bias)
