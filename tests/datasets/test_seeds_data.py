"""The stateless draws, held against the same hash written with plain integers, and their spread."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from terpret.data.streams import draws, shuffled_epochs

MASK = 2**64 - 1


def mix(word: int) -> int:
    """One step of splitmix64 in plain integers."""
    word = (word + 0x9E3779B97F4A7C15) & MASK
    word = ((word ^ (word >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    word = ((word ^ (word >> 27)) * 0x94D049BB133111EB) & MASK
    return word ^ (word >> 31)


def test_reference_is_splitmix64() -> None:
    # The first outputs of the published generator for the seed 1234567.
    states = [(1234567 + step * 0x9E3779B97F4A7C15) & MASK for step in range(2)]
    assert [mix(state) for state in states] == [6457827717110365317, 3203168211198807973]


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(-(2**70), 2**70),
    number=st.integers(0, 2**62),
    below=st.integers(1, 2**40),
)
def test_draws_equal_the_plain_hash(seed: int, number: int, below: int) -> None:
    example = mix((mix(mix(seed & MASK)) + number) & MASK)
    expected = [mix((example + place) & MASK) % below for place in range(3)]
    numbers = tf.constant([number, 5], tf.int64)
    assert draws(seed, numbers, 3, below)[0].numpy().tolist() == expected


def test_draws_never_change() -> None:
    """Results on record name a seed: these very integers must come out for ever."""
    drawn = draws(7, tf.constant([0, 1, 10**12], tf.int64), 4, 60000)
    assert drawn.numpy().tolist() == [
        [43406, 39699, 27623, 26464],
        [796, 42731, 10490, 30469],
        [14166, 34111, 59210, 8203],
    ]


def test_draws_are_uniform_and_independent() -> None:
    drawn = draws(1, tf.range(50_000, dtype=tf.int64), 4, 10).numpy()
    cells = drawn * 10 + np.roll(drawn, 1, axis=1)
    pairs = np.bincount(cells.ravel(), minlength=100)
    # Chi-squared with 99 degrees of freedom: 160 is passed once in 10,000 times.
    assert np.sum((pairs - pairs.mean()) ** 2 / pairs.mean()) < 160
    neighbours = np.bincount((drawn[1:] * 10 + drawn[:-1]).ravel(), minlength=100)
    assert np.sum((neighbours - neighbours.mean()) ** 2 / neighbours.mean()) < 160


@pytest.mark.parametrize("distinct", [1, 2, 3, 10, 257, 1000])
def test_each_epoch_is_a_permutation(distinct: int) -> None:
    numbers = tf.range(6 * distinct, dtype=tf.int64)
    epochs = shuffled_epochs(3, numbers, distinct).numpy().reshape(6, distinct)
    assert epochs[0].tolist() == list(range(distinct))
    assert all(sorted(epoch) == list(range(distinct)) for epoch in epochs)


def test_epochs_are_well_shuffled() -> None:
    epochs = shuffled_epochs(3, tf.range(201 * 100, dtype=tf.int64), 100).numpy()
    epochs = epochs.reshape(201, 100)[1:]
    counts = np.zeros((100, 100))
    np.add.at(counts, (np.arange(100)[None], epochs), 1)
    # Each example in each place twice on average; about 9,801 degrees of freedom, so +-140 a sigma.
    assert 9100 < np.sum((counts - 2) ** 2 / 2) < 10500
    steps = np.bincount(np.diff(epochs, axis=1).ravel() % 100, minlength=100)[1:]
    assert np.sum((steps - steps.mean()) ** 2 / steps.mean()) < 160


def test_no_limit_leaves_the_numbers() -> None:
    numbers = tf.constant([0, 5, 2**60], tf.int64)
    assert shuffled_epochs(1, numbers, 0) is numbers
