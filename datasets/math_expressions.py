"""The MATH scenario: handwritten expressions of alternating digits and operators.

An expression is worked out from left to right whatever its operators are, with every result modulo
19, and 18 for a division by zero (paper, footnotes 1 and 3). One of N digits has 2N tiles: '3 + 4'
lies on tiles 1 to 3, and tile 0, where the head begins and the tape ends, shows a symbol that means
nothing, a digit or an operator.
"""

import numpy as np
import tensorflow as tf

from datasets.apply2x2 import apply
from datasets.grids import Answer, Composition, Place, tile_composition, tile_stream
from datasets.pools import DataError, ImagePool
from datasets.seeds import Tensors, draws

# Symbols 0..9 are the digits, 10..13 the operators + - * /.
DIGITS = 10
# An example's words from here on say which images it shows; those before, how they are moved.
_SYMBOLS = 1 << 20


def symbol_pool(digits: ImagePool, operators: ImagePool) -> ImagePool:
    """The pool of all symbols, the digits first: labels 0..9, and 10..13 for + - * /."""
    return ImagePool(
        np.concatenate([digits.images, operators.images]),
        np.concatenate([digits.labels, operators.labels + np.int32(DIGITS)]),
    )


def expressions(
    pool: ImagePool,
    length: int,
    seed: int,
    batch_size: int,
    start: int = 0,
    examples: int | None = None,
    distinct: int = 0,
    shift: int = 0,
) -> tf.data.Dataset:
    """Gives expressions as a learner may see them.

    Args:
      pool: the symbols to compose from, a `symbol_pool`.
      length: the number of digits of each expression, from 1.
      seed: the stream; example i is a function of (seed, i), however the stream is cut.
      batch_size: examples in a batch.
      start: number of the first example.
      examples: how many examples there are in all; None is without end.
      distinct: how many distinct examples there are: the first of the unlimited stream, in order in
        the first pass and in a new order in each later one; 0 is no limit.
      shift: how many pixels each tile is moved at most, drawn for every example.

    Returns:
      A data set of {"tiles": float32 [batch, 2 length, 28, 28] in 0..1, "final_sum": int32 [batch],
      "halt_at_end": int32 [batch], all 1}; the last batch may be smaller.

    Raises:
      DataError: a number is out of range.
    """
    return _expressions(pool, length, seed, batch_size, start, examples, distinct, shift, False)


def labelled_expressions(
    pool: ImagePool,
    length: int,
    seed: int,
    batch_size: int,
    start: int = 0,
    examples: int | None = None,
    distinct: int = 0,
    shift: int = 0,
) -> tf.data.Dataset:
    """Gives the examples of `expressions` with the symbol of each tile, for tests and evaluation.

    Args:
      pool: as for `expressions`, and so are the other arguments.
      length: the number of digits of each expression.
      seed: the stream.
      batch_size: examples in a batch.
      start: number of the first example.
      examples: how many examples there are in all; None is without end.
      distinct: how many distinct examples there are; 0 is no limit.
      shift: how many pixels each tile is moved at most, drawn for every example.

    Returns:
      A data set as of `expressions`, with "labels": int32 [batch, 2 length].

    Raises:
      DataError: a number is out of range.
    """
    return _expressions(pool, length, seed, batch_size, start, examples, distinct, shift, True)


def composed(pool: ImagePool, length: int, seed: int, examples: int) -> Composition:
    """The first examples of the unlimited stream of `expressions`, each image once.

    Raises:
      DataError: the length is not positive.
    """
    return tile_composition(pool, _place(pool, length, seed), _answer(length), examples)


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


def _expressions(
    pool: ImagePool,
    length: int,
    seed: int,
    batch_size: int,
    start: int,
    examples: int | None,
    distinct: int,
    shift: int,
    labelled: bool,
) -> tf.data.Dataset:
    """Composes the batches of `expressions` and `labelled_expressions`."""
    place, answer = _place(pool, length, seed), _answer(length)
    return tile_stream(
        pool,
        place,
        2 * length,
        answer,
        seed,
        batch_size,
        start,
        examples,
        distinct,
        shift,
        labelled,
    )


def _place(pool: ImagePool, length: int, seed: int) -> Place:
    """What chooses a digit for every odd tile, an operator for every other, and either for tile 0.

    Raises:
      DataError: the length is not positive.
    """
    if length < 1:
        raise DataError(f"An expression must have at least one digit, not {length}.")
    digits = int(np.sum(pool.labels < DIGITS))

    def place(numbers: tf.Tensor) -> tf.Tensor:
        of_digits = draws(seed, numbers, length + 1, digits, _SYMBOLS)
        first = _SYMBOLS + length + 1
        of_operators = digits + draws(seed, numbers, length, len(pool) - digits, first)
        is_digit = draws(seed, numbers, 1, 2, first + length) == 0
        at_end = tf.where(is_digit, of_digits[:, :1], of_operators[:, :1])
        even = tf.concat([at_end, of_operators[:, 1:]], 1)
        return tf.reshape(tf.stack([even, of_digits[:, 1:]], 2), [-1, 2 * length])

    return place


def _answer(length: int) -> Answer:
    """What makes the answers to expressions of so many digits."""

    def answers(_: tf.Tensor, symbols: tf.Tensor) -> Tensors:
        result = values(tf.ensure_shape(symbols, [None, 2 * length]))
        return {"final_sum": result, "halt_at_end": tf.ones_like(result)}

    return answers
