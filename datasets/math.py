"""The MATH scenario: handwritten expressions of alternating digits and operators.

An expression is worked out from left to right whatever its operators are, with every result modulo
19, and 18 for a division by zero (paper, footnotes 1 and 3). One of N digits has 2N tiles: '3 + 4'
lies on tiles 1 to 3, and tile 0, where the head begins and the tape ends, shows a symbol that means
nothing, a digit or an operator.
"""

import numpy as np
import tensorflow as tf

from datasets.apply2x2 import apply
from datasets.composing import PLACES, Scene
from datasets.pools import ImagePool
from terpret.data.streams import Tensors, draws
from terpret.errors import DataError

# Symbols 0..9 are the digits, 10..13 the operators + - * /.
DIGITS = 10
# An example's words from here on say how its tiles are moved, and which images they show.
_MOVES, _SYMBOLS = 16, 1 << 20


def symbol_pool(digits: ImagePool, operators: ImagePool) -> ImagePool:
    """The pool of all symbols, the digits first: labels 0..9, and 10..13 for + - * /."""
    return ImagePool(
        np.concatenate([digits.images, operators.images]),
        np.concatenate([digits.labels, operators.labels + np.int32(DIGITS)]),
    )


def scene(pool: ImagePool, length: int) -> Scene:
    """Expressions: {"tiles": [2 length] images, "final_sum", "halt_at_end", which is always 1}.

    Args:
      pool: the symbols to compose from, a `symbol_pool`.
      length: the number of digits of each expression, from 1.

    Raises:
      DataError: the length is not positive.
    """
    if length < 1:
        raise DataError(f"An expression must have at least one digit, not {length}.")
    labels = pool.tensors[1]
    digits = int(np.sum(pool.labels < DIGITS))

    def places(seed: int, grids: tf.Tensor) -> tf.Tensor:
        """A digit for every odd tile, an operator for every other, and either for tile 0."""
        of_digits = draws(seed, grids, length + 1, digits, _SYMBOLS)
        first = _SYMBOLS + length + 1
        of_operators = digits + draws(seed, grids, length, len(pool) - digits, first)
        is_digit = draws(seed, grids, 1, 2, first + length) == 0
        at_end = tf.where(is_digit, of_digits[:, :1], of_operators[:, :1])
        even = tf.concat([at_end, of_operators[:, 1:]], 1)
        return tf.reshape(tf.stack([even, of_digits[:, 1:]], 2), [-1, 2 * length])

    def compose(seed: int, _: tf.Tensor, grids: tf.Tensor) -> Tensors:
        chosen = places(seed, grids)
        result = values(tf.ensure_shape(tf.gather(labels, chosen), [None, 2 * length]))
        return {PLACES: chosen, "final_sum": result, "halt_at_end": tf.ones_like(result)}

    return Scene(pool, "tiles", (2 * length,), compose, ("final_sum", "halt_at_end"), _MOVES)


def values(symbols: tf.Tensor) -> tf.Tensor:
    """Works out expressions.

    Args:
      symbols: the symbol of each tile, integers [n, 2 length]; that of tile 0 is ignored.

    Returns:
      int32 [n], in 0..18.
    """
    symbols = tf.cast(symbols, tf.int32)
    result = symbols[:, 1]
    for place in range(2, symbols.shape[1], 2):
        result = apply(symbols[:, place] - DIGITS, result, symbols[:, place + 1])
    return result
