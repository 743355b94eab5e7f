"""Expressions as symbols, not images: what decides whether a program for MATH is correct."""

import itertools

import numpy as np
import tensorflow as tf

from datasets.math import DIGITS, values
from datasets.operators import OPERATORS
from experiments.scenarios.unseen import TEST_SEED
from ntpt_models import source_lines
from terpret import check_model
from terpret.language.checked import CheckedModel
from terpret.learning.task import Symbols
from terpret.learning.verification import Cases, TestCase, Verification

# The most expressions of one length that are all run; of more, a sample is.
LISTED, SAMPLED = 400, 2000
# The numbers of digits that a correct program is tested on, and how many expressions of each.
LONG = (3, 4, 5, 6, 8, 12, 16, 24, 32, 64)
EACH = 1000
# 64 digits take 20 million steps; the bound is there for models that nobody has run before.
MOST_STEPS = 50_000_000


def model_of_length(model: CheckedModel, length: int) -> CheckedModel:
    """The model for expressions of so many digits, with the time and the tape they need."""
    hypers = {**model.hypers, "N_TILES": 2 * length, "T": 3 * length}
    return check_model(model.source, hypers, MOST_STEPS)


def symbols_of_length(length: int, most: int = SAMPLED) -> Symbols:
    """All expressions of so many digits where there are few, else a sample, always the same."""
    count = DIGITS**length * len(OPERATORS) ** (length - 1)
    symbols = _every(length) if count <= LISTED else random_symbols(length, most, TEST_SEED)
    ones = np.ones(len(symbols), np.int32)
    return Symbols(
        inputs={},
        label_assignments=tuple(labels_of(symbols, seed) for seed in (TEST_SEED, TEST_SEED + 1)),
        answers={"final_sum": values(tf.constant(symbols)).numpy(), "halt_at_end": ones},
    )


def labels_of(symbols: np.ndarray, seed: int) -> dict[str, np.ndarray]:
    """What networks that make no mistake read on tapes.

    What a network reads where it has no right answer is random: `net_0` where an operator must be,
    `net_1` where a digit must be, and both on tile 0, whose symbol is of no use.

    Args:
      symbols: the symbol of each tile, [n, tiles].
      seed: of what is random.

    Returns:
      The labels of `net_0` and `net_1`, [n, tiles].
    """
    random = np.random.default_rng(seed)
    digits = random.integers(0, DIGITS, symbols.shape)
    operators = random.integers(0, len(OPERATORS), symbols.shape)
    digits[:, 1::2] = symbols[:, 1::2]
    operators[:, 2::2] = symbols[:, 2::2] - DIGITS
    return {"net_0": digits, "net_1": operators}


def random_symbols(length: int, count: int, seed: int) -> np.ndarray:
    """Random expressions of so many digits, the symbol of each tile, [count, 2 length]."""
    random = np.random.default_rng([seed, length])
    symbols = DIGITS + random.integers(0, len(OPERATORS), (count, 2 * length))
    symbols[:, 1::2] = random.integers(0, DIGITS, (count, length))
    return symbols


def verification(model: CheckedModel) -> Verification:
    """What verifies programs of a model: expressions of many lengths, whatever the model's own."""

    def short() -> Cases:
        return [(model_of_length(model, 2), symbols_of_length(2))]

    def long() -> Cases:
        return [(model_of_length(model, n), symbols_of_length(n, EACH)) for n in LONG]

    many = f"{len(LONG) * EACH:,} random expressions of {LONG[0]} to {LONG[-1]} digits"
    test_cases = TestCase(f"all {LISTED} expressions of 2 digits", short), TestCase(many, long)
    return Verification(test_cases, source_lines)


def _every(length: int) -> np.ndarray:
    """Every expression of so many digits, with a 0 on tile 0, [n, 2 length]."""
    digit, operator = range(DIGITS), range(DIGITS, DIGITS + len(OPERATORS))
    tiles = [(0,), digit, *(operator, digit) * (length - 1)]
    return np.array(list(itertools.product(*tiles)))
