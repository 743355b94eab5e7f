"""Mazes as symbols, not images: what decides whether a program is correct."""

from datasets.mazes import symbolic
from experiments.scenarios.unseen import TEST_SEED
from ntpt_models import source_lines
from terpret import check_model
from terpret.language.checked import CheckedModel
from terpret.learning.task import Symbols
from terpret.learning.verification import Cases, TestCase, Verification

# So many mazes of 3 x 2 have every path that fits, 104 in all, many times.
EXAMPLES = 5_000
# The widths and heights that a correct program is tested on, and how many mazes of each.
SIZES = ((1, 1), (3, 2), (2, 3), (7, 1), (4, 4), (6, 3), (5, 8), (8, 8), (10, 10))
EACH = 300
# 10 x 10 squares take 3 million steps; the bound is there for models that nobody has run before.
MOST_STEPS = 50_000_000


def model_of_size(model: CheckedModel, width: int, height: int) -> CheckedModel:
    """The model for mazes of this size, with the time that the longest path needs."""
    hypers = {**model.hypers, "W": width, "H": height, "T": 3 * width * height}
    return check_model(model.source, hypers, MOST_STEPS)


def symbols_of_size(width: int, height: int, examples: int = EXAMPLES) -> Symbols:
    """Random mazes of a size with true labels, always the same, and the lengths of their paths.

    Raises:
      DataError: there is no maze of this size.
    """
    maze = symbolic(width, height, TEST_SEED, examples)
    return Symbols(
        inputs={name: maze[name] for name in ("start_X", "start_Y")},
        label_assignments=({"LOOK": maze["signs"]},),
        answers={name: maze[name] for name in ("path_len", "halt_at_end")},
    )


def verification(model: CheckedModel) -> Verification:
    """What verifies programs of a model: mazes of many sizes, whatever the model's own."""

    def small() -> Cases:
        return [(model_of_size(model, 3, 2), symbols_of_size(3, 2))]

    def large() -> Cases:
        return [(model_of_size(model, *s), symbols_of_size(*s, EACH)) for s in SIZES]

    width, height = SIZES[-1]
    every = f"{EXAMPLES:,} mazes of 3 x 2 with every path that fits"
    many = f"{len(SIZES) * EACH:,} mazes of {len(SIZES)} sizes up to {width} x {height}"
    return Verification((TestCase(every, small), TestCase(many, large)), source_lines)
