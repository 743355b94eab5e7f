"""Mazes as symbols, not images: what decides whether a program is correct."""

import dataclasses
import functools

import numpy as np

from datasets.mazes import symbolic
from ntpt_models import source_lines
from terpret import Program, check_model, program_of
from terpret.language.checked import CheckedModel
from terpret.learning.task import Symbols

SEED = 1_000_003
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
    maze = symbolic(width, height, SEED, examples)
    return Symbols(
        inputs={name: maze[name] for name in ("start_X", "start_Y")},
        fillings=({"LOOK": maze["signs"]},),
        answers={name: maze[name] for name in ("path_len", "halt_at_end")},
    )


@dataclasses.dataclass(frozen=True)
class Proof:
    """Runs programs on mazes of many sizes; those of equal source code once.

    Attributes:
      model: the model of the programs, for any size.
    """

    model: CheckedModel

    def __call__(self, program: Program) -> dict[str, float]:
        """The part of the answers that are right, by what is tested.

        Large mazes are run only where all of 3 x 2 are right.
        """
        code = "\n".join(source_lines(program))
        if code not in self._known:
            self._known[code] = self._tested(program)
        return self._known[code]

    @functools.cached_property
    def _known(self) -> dict[str, dict[str, float]]:
        return {}

    @functools.cached_property
    def _large(self) -> list[tuple[CheckedModel, Symbols]]:
        return [(model_of_size(self.model, *s), symbols_of_size(*s, EACH)) for s in SIZES]

    def _tested(self, program: Program) -> dict[str, float]:
        small = program_of(model_of_size(self.model, 3, 2), program.values)
        share = symbols_of_size(3, 2).accuracy(small)
        result = {f"{EXAMPLES:,} mazes of 3 x 2 with every path that fits": share}
        if share == 1.0:
            shares = [s.accuracy(program_of(m, program.values)) for m, s in self._large]
            width, height = SIZES[-1]
            name = f"{len(SIZES) * EACH:,} mazes of {len(SIZES)} sizes up to {width} x {height}"
            result[name] = float(np.mean(shares))
        return result
