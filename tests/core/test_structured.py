"""Tables that move values: as many additions as there are values, and what products give."""

import numpy as np
import pytest
import tensorflow as tf

from terpret.backends import log, prob, structured

N = 20
VALUES = np.arange(N)


def table(results: np.ndarray, size: int = N) -> np.ndarray:
    return (results[:, None] == np.arange(size)).astype(float)


MADE_OF_RUNS = {
    "the identity": (table(VALUES), 1),
    "a shift": (table((VALUES + 1) % N), 2),
    "a shift back": (table((VALUES - 3) % N), 2),
    "a shift that stops at the end": (table(np.minimum(VALUES + 1, N - 1)), 2),
    "equality with a known value": (table(np.where(VALUES == 5, 1, 0), 2), 3),
    "a comparison": (table(np.where(VALUES < 7, 0, 1), 2), 2),
    "an embedding": (table(VALUES, N + 9), 1),
    "values that are lost": (table(np.where(VALUES < 4, VALUES, -1)), 1),
}


@pytest.mark.parametrize("name", MADE_OF_RUNS)
def test_a_table_that_moves_values_is_a_few_runs(name: str) -> None:
    found, count = MADE_OF_RUNS[name]
    runs = structured.runs_of(found)
    assert runs is not None and len(runs) == count
    again = np.zeros_like(found)
    for run in runs:
        for k in range(run.length):
            again[run.start + k, run.result + k * run.moves] = 1
    assert (again == found).all()


@pytest.mark.parametrize("results", [(VALUES * 7) % N, VALUES // 2, N - 1 - VALUES])
def test_a_table_that_scatters_values_is_none(results: np.ndarray) -> None:
    assert structured.runs_of(table(results)) is None


def test_what_is_not_a_function_of_values_is_none() -> None:
    assert structured.runs_of(np.ones((N, N))) is None
    assert structured.runs_of(table(VALUES) / 2) is None


def _moves() -> np.ndarray:
    """[position, direction, position]: stay, right, left."""
    return np.stack([table(VALUES), table((VALUES + 1) % N), table((VALUES - 1) % N)], 1)


def _same() -> np.ndarray:
    """[cell, position, 2]: whether they are the same."""
    return np.stack([1 - table(VALUES), table(VALUES)], -1)


CONTRACTIONS = {
    "moves": (_moves(), "pdq", "rbpd", "rbq"),
    "moves by one direction": (_moves()[:, 1], "pq", "brp", "rbq"),
    "cells": (_same(), "mpk", "rbp", "rmbk"),
    "a table with a dimension that stays": (_moves(), "pdq", "rbpd", "rbdq"),
}


@pytest.mark.parametrize("space", [prob, log])
@pytest.mark.parametrize("name", CONTRACTIONS)
def test_values_and_gradients_are_those_of_a_product(name: str, space, monkeypatch) -> None:
    value, own, other, output = CONTRACTIONS[name]
    sizes = {"r": 3, "b": 4, "p": N, "d": 3}
    drawn = np.random.default_rng(0).dirichlet(np.ones(5), [sizes[label] for label in other])[
        ..., 0
    ]
    given = tf.constant(drawn if space is prob else np.log(drawn))

    def result() -> list[np.ndarray]:
        with tf.GradientTape() as tape:
            tape.watch(given)
            found = space.contract(tf.constant(value), own, given, other, output, (True, False))
            total = tf.reduce_sum(space.probabilities(found) ** 2)
        return [found.numpy(), tape.gradient(total, given).numpy()]

    by_runs = result()
    monkeypatch.setattr(structured, "LEAST_VALUES", 10**6)
    by_product = result()
    for one, two in zip(by_runs, by_product, strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-10, atol=1e-10)
