"""Stateless streams: example number i of stream `seed` is a function of (seed, i) and nothing else.

Random words come from a counter-based hash, computed for thousands of
example numbers at once, so a stream can be cut into batches anywhere, resumed at any number, and is
the same on every machine.
"""

from collections.abc import Callable

import tensorflow as tf

from terpret.errors import DataError
from terpret.hashing import hashed

Tensors = dict[str, tf.Tensor]

# Draws of different purpose start from different words, or one would foretell the other.
_DRAWS, _SHUFFLE = 0, 1
_SHUFFLE_ROUNDS = 24
# Numbers hashed in one go: enough for the cost of starting an operation to vanish.
_BLOCK = 4096
_PREFETCHED_BATCHES = 8


def draws(seed: int, numbers: tf.Tensor, count: int, below: int, first: int = 0) -> tf.Tensor:
    """Draws integers for examples, uniform and independent of each other.

    Args:
      seed: the stream; any integer, taken modulo 2**64.
      numbers: int64 [n], example numbers.
      count: how many integers an example needs.
      below: they lie in 0..below-1.
      first: the place of the first of them among an example's words; draws that must not foretell
        each other are of different words.

    Returns:
      int64 [n, count]; row r is a function of (seed, numbers[r]) alone.
    """
    examples = hashed(_stream_word(seed, _DRAWS) + tf.cast(numbers, tf.uint64))
    places = tf.cast(first + tf.range(count, dtype=tf.int64), tf.uint64)
    words = hashed(examples[:, None] + places)
    # The remainder favours small integers by less than below / 2**64.
    return tf.cast(words % tf.constant(below, tf.uint64), tf.int64)


def shuffled_epochs(seed: int, numbers: tf.Tensor, distinct: int) -> tf.Tensor:
    """Turns the numbers of an endless stream into passes over its first `distinct` examples.

    The first pass is in order, so that a stream of few distinct examples begins like the unlimited
    one; every later pass is a new permutation, so that, unlike under draws with replacement, each
    example is seen equally often, and in other company each time.

    Args:
      seed: the stream.
      numbers: int64 [n], example numbers.
      distinct: how many distinct examples there are; 0 leaves the numbers as they are.

    Returns:
      int64 [n], values in 0..distinct-1.
    """
    if distinct == 0:
        return numbers
    size = tf.constant(distinct, tf.int64)
    epochs, places = numbers // size, numbers % size
    keys = hashed(_stream_word(seed, _SHUFFLE) + tf.cast(epochs, tf.uint64))

    def swap_or_not(turn: tf.Tensor, shuffled: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        key = hashed(keys + turn)
        partner = (tf.cast(key % tf.cast(size, tf.uint64), tf.int64) - shuffled) % size
        pair = tf.cast(tf.maximum(shuffled, partner), tf.uint64)
        swap = tf.bitwise.right_shift(hashed(key + pair), tf.constant(63, tf.uint64))
        return turn + 1, tf.where(tf.cast(swap, tf.bool), partner, shuffled)

    # Each round pairs the places up and swaps each pair or not: a permutation of a range of any
    # size, worked out place by place, without a table to be made for each pass. A loop in the graph
    # starts far sooner than the rounds written out one by one.
    _, shuffled = tf.while_loop(
        lambda turn, _: turn < _SHUFFLE_ROUNDS, swap_or_not, (tf.constant(0, tf.uint64), places)
    )
    return tf.where(epochs == 0, places, shuffled)


def stream(
    compose: Callable[[tf.Tensor], Tensors],
    batch_size: int,
    start: int = 0,
    examples: int | None = None,
) -> tf.data.Dataset:
    """Cuts a stream of examples into batches.

    Args:
      compose: makes the examples of the given numbers, int64 [n] -> tensors [n, ...], by TensorFlow
        operations; it is called for many batches at once, so it should return indices into pools
        rather than images.
      batch_size: examples in a batch.
      start: number of the first example.
      examples: how many examples there are in all, the last batch being smaller where they do not
        divide; None is without end.

    Returns:
      A data set of dicts of tensors [batch, ...].

    Raises:
      DataError: the batch size is not positive, or a number is negative.
    """
    if batch_size < 1:
        raise DataError(f"The batch size must be at least 1, not {batch_size}.")
    if start < 0 or (examples is not None and examples < 0):
        raise DataError("The first example and the number of examples must not be negative.")
    per_block = max(1, _BLOCK // batch_size)

    def block(index: tf.Tensor) -> Tensors:
        size = per_block * batch_size
        tensors = compose(start + index * size + tf.range(size, dtype=tf.int64))
        return {
            name: tf.reshape(value, [per_block, batch_size, *value.shape[1:]])
            for name, value in tensors.items()
        }

    batches = tf.data.Dataset.counter(dtype=tf.int64).map(block).unbatch()
    if examples is None:
        return batches
    whole, rest = divmod(examples, batch_size)
    batches = batches.take(whole)
    if rest == 0:
        return batches
    first = start + whole * batch_size

    def last(index: tf.Tensor) -> Tensors:
        return compose(first + index + tf.range(rest, dtype=tf.int64))

    return batches.concatenate(tf.data.Dataset.range(1).map(last))


def served(batches: tf.data.Dataset) -> tf.data.Dataset:
    """Returns a data set that composes its batches ahead of their use, in order, on one thread.

    Args:
      batches: a data set made from `stream`, with its images filled in.

    Returns:
      A data set of the same batches.
    """
    options = tf.data.Options()
    options.deterministic = True
    # More threads, and measuring how to use them, would take more from training than they save.
    options.autotune.enabled = False
    options.threading.max_intra_op_parallelism = 1
    options.threading.private_threadpool_size = 1
    return batches.prefetch(_PREFETCHED_BATCHES).with_options(options)


def _stream_word(seed: int, purpose: int) -> tf.Tensor:
    """Returns the uint64 word that a stream's draws of one purpose start from."""
    return hashed(
        hashed(tf.constant(int(seed) % 2**64, tf.uint64)) + tf.constant(purpose, tf.uint64)
    )
