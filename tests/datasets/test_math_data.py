"""The streams of expressions: right answers, each symbol in its place, (seed, number) alone."""

import numpy as np
import pytest
import tensorflow as tf

from datasets.composing import Stream, batches, composed
from datasets.digits import load_digits
from datasets.math import (
    scene,
    symbol_pool,
    values,
)
from datasets.operators import load_operators
from datasets.pools import ImagePool
from terpret.errors import DataError
from tests.datasets.streams import assert_equal, collect, collected, places

SIGNS = "+-*/"


@pytest.fixture(scope="module")
def pool() -> ImagePool:
    """The embedded training symbols."""
    return symbol_pool(load_digits("embedded").train, load_operators("embedded").train)


@pytest.fixture(scope="module")
def numbered() -> ImagePool:
    """200 images, each of which shows its own number: 120 digits, then 80 operators."""
    images = np.zeros((200, 28, 28), np.uint8)
    images[:, 0, 0] = np.arange(200)
    labels = np.concatenate([np.arange(120) % 10, 10 + np.arange(80) % 4]).astype(np.int32)
    return ImagePool(images, labels)


def worked_out(symbols: list[int]) -> int:
    """What a person finds, going from left to right."""
    result = symbols[1]
    for operator, digit in zip(symbols[2::2], symbols[3::2], strict=True):
        sign = SIGNS[operator - 10]
        if sign == "/" and digit == 0:
            result = 18
        else:
            result = eval(f"{result} {sign.replace('/', '//')} {digit}") % 19
    return result


def test_batches_hold_tiles_and_answers_only(pool: ImagePool) -> None:
    assert batches(scene(pool, 3), Stream(1, 64)).element_spec == {
        "tiles": tf.TensorSpec([64, 6, 28, 28], tf.float32),
        "final_sum": tf.TensorSpec([64], tf.int32),
        "halt_at_end": tf.TensorSpec([64], tf.int32),
    }


@pytest.mark.parametrize("length", [1, 2, 5, 16])
def test_answers_are_right_and_symbols_in_their_places(length: int, numbered: ImagePool) -> None:
    examples = collected(scene(numbered, length), 5, 100, examples=300, labelled=True)
    labels = examples["labels"]
    np.testing.assert_array_equal(labels, numbered.labels[places(examples)])
    assert np.all(labels[:, 1::2] < 10) and np.all(labels[:, 2::2] >= 10)
    assert examples["final_sum"].tolist() == [worked_out(row) for row in labels.tolist()]
    assert np.all(examples["halt_at_end"] == 1)


def test_division_by_zero_gives_18_and_all_results_are_modulo_19() -> None:
    rows = [[0, 7, 13, 0], [0, 3, 11, 9], [0, 9, 12, 9], [10, 9, 13, 2]]
    assert values(tf.constant(rows)).numpy().tolist() == [18, 13, 5, 4]


def test_symbols_are_uniform_and_independent(numbered: ImagePool) -> None:
    labels = collected(scene(numbered, 2), 3, 1000, examples=20_000, labelled=True)["labels"]
    assert abs(np.mean(labels[:, 0] < 10) - 0.5) < 0.02
    for column, first, count in ((1, 0, 10), (2, 10, 4), (3, 0, 10)):
        shares = np.bincount(labels[:, column] - first, minlength=count) / len(labels)
        assert np.abs(shares - 1 / count).max() < 0.02
    shown = collected(scene(numbered, 2), 3, 1000, examples=20_000)
    correlations = np.corrcoef(places(shown).T) - np.eye(4)
    assert np.abs(correlations).max() < 0.03


@pytest.mark.parametrize(("batch_size", "distinct"), [(7, 0), (500, 37)])
def test_independent_of_batch_size_and_start(
    batch_size: int, distinct: int, numbered: ImagePool
) -> None:
    whole = collected(scene(numbered, 3), 11, 100, examples=300, distinct=distinct)
    data = batches(
        scene(numbered, 3), Stream(11, batch_size, start=13, examples=201, distinct=distinct)
    )
    assert_equal(collect(data), {name: value[13:214] for name, value in whole.items()})


def test_the_composed_form_is_the_same_stream(numbered: ImagePool) -> None:
    test_set = composed(scene(numbered, 4), 9, 50)
    stream = collected(scene(numbered, 4), 9, 50, examples=50)
    np.testing.assert_allclose(test_set.shown()["tiles"], stream["tiles"], atol=1e-6)
    for name in ("final_sum", "halt_at_end"):
        np.testing.assert_array_equal(test_set.answers[name], stream[name])


def test_moved_tiles_show_the_same_symbols(pool: ImagePool) -> None:
    still = collected(scene(pool, 16), 2, 20, examples=20, labelled=True)
    moved = collected(scene(pool, 16), 2, 20, examples=20, shift=2, labelled=True)
    np.testing.assert_array_equal(still["labels"], moved["labels"])
    assert np.any(still["tiles"] != moved["tiles"])


def test_an_expression_has_a_digit(pool: ImagePool) -> None:
    with pytest.raises(DataError, match="must have at least one digit, not 0"):
        batches(scene(pool, 0), Stream(1, 64))
