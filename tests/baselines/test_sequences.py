"""The sequence baselines of MATH: their data, sizes, curriculum, and runs that can be stopped."""

import dataclasses
import os
import signal

import numpy as np
import pytest
import tensorflow as tf

from baselines.curriculum import FIRST_DIGITS, WINDOW, Course, next_digits, noise_scale, noted
from baselines.neural_gpu import NeuralGpu
from baselines.sequence_data import expressions, image_symbols, one_hot_symbols
from baselines.sequences import (
    PAPER,
    TWO_CORES,
    Report,
    Settings,
    accuracy,
    make_model,
    parameters,
    train,
)
from datasets.pools import ImagePool
from terpret.language.errors import InputError
from terpret.signals import Stopped

KINDS = list(PAPER)
TINY = {
    "lstm": Settings(width=8, layers=2, dropout=0.1, examples=64, batch_size=8),
    "neural_gpu": Settings(width=4, relaxation=2, dropout=0.1, examples=64, batch_size=8),
}
SYMBOLS = one_hot_symbols()


def numbers(first: int, end: int) -> tf.Tensor:
    """The numbers of expressions."""
    return tf.range(first, end, dtype=tf.int64)


def evaluated(values: list[int]) -> int:
    """The result of an expression by the paper's rules, in plain Python."""
    result = values[0]
    for operator, b in zip(values[1::2], values[2::2], strict=True):
        quotient = 18 if b == 0 else result // b
        result = [result + b, result - b, result * b, quotient][operator] % 19
    return result


def weights(model: object) -> list[np.ndarray]:
    """The values of all that a model learned."""
    return [variable.numpy() for variable in model.learned]


def silent(_: Report) -> None:
    """Takes a report and says nothing."""


@pytest.mark.parametrize("digits", [1, 2, 5, 16])
def test_expressions_alternate_and_have_the_right_results(digits: int) -> None:
    places, results = expressions(SYMBOLS, 0, numbers(0, 400), digits)
    assert places.shape == [400, 2 * digits - 1]
    assert np.all(places.numpy()[:, 0::2] < 10) and np.all(places.numpy()[:, 1::2] >= 10)
    values = tf.gather(SYMBOLS.values, places).numpy().tolist()
    assert results.numpy().tolist() == [evaluated(row) for row in values]


def test_an_expression_is_a_function_of_seed_and_number() -> None:
    whole, _ = expressions(SYMBOLS, 3, numbers(0, 20), 4)
    part, _ = expressions(SYMBOLS, 3, numbers(7, 20), 4)
    other, _ = expressions(SYMBOLS, 4, numbers(0, 20), 4)
    np.testing.assert_array_equal(whole[7:], part)
    assert not np.array_equal(whole, other)


def test_images_are_shown_as_both_networks_see_them() -> None:
    random = np.random.default_rng(0)

    def pool(count: int, classes: int) -> ImagePool:
        images = random.integers(0, 256, (count, 28, 28), dtype=np.uint8)
        return ImagePool(images, np.arange(count, dtype=np.int32) % classes)

    def layers(classes: int) -> list[tuple[np.ndarray, np.ndarray]]:
        widths = [(784, 6), (6, classes)]
        drawn = [(random.normal(size=w), random.normal(size=w[1])) for w in widths]
        return [(k.astype(np.float32), b.astype(np.float32)) for k, b in drawn]

    digits, operators = pool(30, 10), pool(8, 4)
    networks = {"net_0": layers(10), "net_1": layers(4)}
    symbols = image_symbols(digits, operators, networks)
    assert symbols.shown.shape == [38, 14] and symbols.digits == 30 and symbols.operators == 8
    np.testing.assert_allclose(tf.reduce_sum(symbols.shown[:, :10], -1), 1.0, rtol=1e-5)
    np.testing.assert_allclose(tf.reduce_sum(symbols.shown[:, 10:], -1), 1.0, rtol=1e-5)
    (kernel, bias), (last, last_bias) = networks["net_1"]
    hidden = np.maximum(operators.images[5].reshape(-1) / 255 @ kernel + bias, 0)
    expected = tf.nn.softmax((hidden @ last + last_bias).astype(np.float32))
    np.testing.assert_allclose(symbols.shown[35, 10:], expected, rtol=1e-3, atol=1e-5)
    places, results = expressions(symbols, 0, numbers(0, 50), 3)
    values = tf.gather(symbols.values, places).numpy().tolist()
    assert np.all(places.numpy()[:, 1::2] >= 30)
    assert results.numpy().tolist() == [evaluated(row) for row in values]


def test_the_sizes_are_those_of_the_layers() -> None:
    units, filters = 8, 4
    cells = 4 * units * (14 + units + 1) + 4 * units * (2 * units + 1)
    assert parameters(make_model("lstm", TINY["lstm"])) == cells + 19 * (units + 1)
    units_of_two_sets = 2 * 2 * 3 * (9 * filters * filters + filters)
    ends = 14 * filters + filters * (filters + 1) + 19 * (filters + 1)
    assert parameters(make_model("neural_gpu", TINY["neural_gpu"])) == units_of_two_sets + ends


def test_the_papers_sizes_are_a_setting_away() -> None:
    assert (PAPER["lstm"].width, PAPER["lstm"].layers, PAPER["lstm"].digits) == (1024, 3, 5)
    assert PAPER["neural_gpu"].width == 512
    for kind in KINDS:
        assert TWO_CORES[kind].width < PAPER[kind].width


def test_the_neural_gpu_without_dropout_ignores_the_key_and_sees_every_symbol() -> None:
    model = NeuralGpu(filters=4, dropout=0.0, relaxation=1, seed=0)
    places, _ = expressions(SYMBOLS, 0, numbers(0, 6), 3)
    shown = tf.gather(SYMBOLS.shown, places)
    with tf.GradientTape() as tape:
        tape.watch(shown)
        logits = model.logits(shown, tf.constant([0, 1]))
        value = tf.reduce_sum(tf.square(logits))
    np.testing.assert_array_equal(logits, model.logits(shown, None))
    assert np.all(tf.norm(tape.gradient(value, shown), axis=[0, 2]) > 0)


def test_relaxed_weights_are_pulled_together_and_averaged() -> None:
    model = NeuralGpu(filters=4, dropout=0.0, relaxation=3, seed=0)
    assert model.distance() > 0
    mean = tf.reduce_mean(model.units[0].gates, 0)
    model.average()
    np.testing.assert_allclose(model.units[0].gates[2], mean, rtol=1e-6)
    np.testing.assert_allclose(model.distance(), 0.0, atol=1e-9)


def after_window(course: Course, loss: float, wrong: float) -> Course:
    """The course after a whole window of the same losses, with up to five digits."""
    for _ in range(WINDOW):
        course = noted(course, 5, 1, loss, wrong)
    return course


def test_expressions_grow_once_they_are_answered() -> None:
    course = after_window(Course(), 2.0, 0.5)
    assert course.digits == FIRST_DIGITS and course.wrong == pytest.approx(0.5)
    course = after_window(course, 0.1, 0.1)
    assert course.digits == FIRST_DIGITS + 1 and course.losses == ()
    for _ in range(10):
        course = after_window(course, 0.1, 0.1)
    assert course.digits == 5


def test_longer_expressions_than_practised_are_not_judged() -> None:
    course = noted(Course(), 5, 5, 9.0, 1.0)
    assert course.updates == 1 and course.counted == 0


def test_the_rate_falls_when_the_loss_is_worse_than_lately() -> None:
    course = Course()
    for loss in (1.0, 1.2, 1.1):
        course = after_window(course, loss, 0.5)
    assert course.pace == 1.0
    assert after_window(course, 1.15, 0.5).pace == 1.0
    assert after_window(course, 1.3, 0.5).pace == pytest.approx(0.98)


def test_the_pull_grows_until_relaxed_weights_are_averaged() -> None:
    course = Course()
    windows = 0
    while not course.averaged:
        course = after_window(course, 0.1, 0.1)
        windows += 1
    assert windows == 31 and course.pull >= 0.1


def test_practised_lengths_prevail_and_all_occur() -> None:
    drawn = [next_digits(Course(digits=3), 5, 0, update) for update in range(1000)]
    assert set(drawn) == {1, 2, 3, 4, 5}
    assert 50 < sum(digits > 3 for digits in drawn) < 150
    assert sum(digits == 3 for digits in drawn) > 350


def test_gradients_get_less_noise_with_time_and_none_when_answers_are_right() -> None:
    assert noise_scale(Course(wrong=0.5), 0) > noise_scale(Course(wrong=0.5), 100) > 0
    assert noise_scale(Course(wrong=0.01), 0) == 0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.usefixtures("eagerly")
def test_a_stopped_run_ends_in_the_same_bits(kind: str, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("baselines.curriculum.WINDOW", 3)
    settings = dataclasses.replace(TINY[kind], gradient_noise=0.1, digits=2)
    told: list[Report] = []
    whole = train(kind, SYMBOLS, settings, str(tmp_path / "whole"), told.append)
    assert [report.examples for report in told] == [24, 48]
    assert whole.examples == 64 and whole.seconds > 0

    def interrupt(_: Report) -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    stopped = str(tmp_path / "stopped")
    with pytest.raises(Stopped):
        train(kind, SYMBOLS, settings, stopped, interrupt)
    continued = train(kind, SYMBOLS, settings, stopped, silent)
    for one, other in zip(weights(whole.model), weights(continued.model), strict=True):
        np.testing.assert_array_equal(one, other)
    again = train(kind, SYMBOLS, settings, stopped, lambda _: pytest.fail("there was no update"))
    assert again.examples == 64


@pytest.mark.usefixtures("eagerly")
def test_the_first_update_is_followed_by_a_checkpoint(tmp_path, saved: list[int]) -> None:
    train("lstm", SYMBOLS, TINY["lstm"], str(tmp_path), silent)
    assert saved == [8, 64]


@pytest.mark.usefixtures("eagerly")
def test_time_ends_a_run(tmp_path) -> None:
    settings = dataclasses.replace(TINY["neural_gpu"], seconds=0.01, digits=1)
    assert train("neural_gpu", SYMBOLS, settings, str(tmp_path), silent).examples == 8


def test_accuracy_counts_right_answers() -> None:
    class Knows(tf.Module):
        """Answers with the last digit."""

        learned: list[tf.Variable] = []

        def logits(self, shown: tf.Tensor, key: tf.Tensor | None) -> tf.Tensor:
            return tf.pad(shown[:, -1, :10], [[0, 0], [0, 9]])

    assert accuracy(Knows(), SYMBOLS, 1, examples=700) == 1.0
    places, results = expressions(SYMBOLS, -1, numbers(0, 700), 2)
    share = float(np.mean(places.numpy()[:, -1] == results.numpy()))
    assert accuracy(Knows(), SYMBOLS, 2, examples=700) == pytest.approx(share)


@pytest.mark.parametrize(
    "change", [{"width": 0}, {"batch_size": 0}, {"dropout": 1.0}, {"relaxation": 0}]
)
def test_impossible_settings_are_refused(change: dict[str, float]) -> None:
    with pytest.raises(InputError, match=next(iter(change))):
        dataclasses.replace(PAPER["lstm"], **change)


def test_an_unknown_baseline_is_refused() -> None:
    with pytest.raises(InputError, match="there is no baseline 'gru'"):
        make_model("gru", TINY["lstm"])
