"""What is measured: a model at a size, with logits and a batch that every implementation gets.

Needs numpy alone, because JAX and TensorFlow run in environments of their own.
"""

import dataclasses
import re

import numpy as np

from benchmarks.peers.math_tables import MAX_INT, N_BLOCK, NETWORK_OUTPUTS

N_SYMBOLS, N_STATES, N_DIRECTIONS = 3, 4, 3
RATE, MOMENTUM, DECAY, ADAM_EPSILON = 0.1, 0.9, 0.999, 1e-7
# Of the loss: -log((p_y + e) / sum_i (p_i + e)).
EPSILON = 1e-10

Arrays = dict[str, np.ndarray]


@dataclasses.dataclass(frozen=True)
class Problem:
    """A model at a size.

    Attributes:
      model: `turing`, the Turing machine of 3 symbols and 4 states, or `math`, MATH with its
        networks' results given as labels.
      cells: the length of the tape, or the number of tiles.
      steps: the model's hyper of that meaning, `numTimesteps` or `T`. A Turing machine acts once
        less: its first step is what it is given.
      restarts: restarts in the graph.
      batch: examples in a batch.
    """

    model: str
    cells: int
    steps: int
    restarts: int
    batch: int = 16

    def __str__(self) -> str:
        return f"{self.model}:{self.cells}x{self.steps}x{self.restarts}"


def problem(text: str) -> Problem:
    """The problem that a text such as `turing:20x60x10` names: model, cells, steps, restarts.

    Raises:
      ValueError: it names none.
    """
    found = re.fullmatch(r"(turing|math):([1-9]\d*)x([1-9]\d*)x([1-9]\d*)", text)
    if not found or int(found[2]) < 2 or int(found[3]) < 2:
        raise ValueError(
            f"'{text}' is no row: write MODEL:CELLSxSTEPSxRESTARTS, such as turing:20x60x10 or "
            "math:32x50x10, with two cells and steps at least"
        )
    return Problem(found[1], *(int(found[k]) for k in (2, 3, 4)))


def param_shapes(given: Problem) -> dict[str, tuple[int, ...]]:
    """The shape of each Param's logits, [restart, *dims, n]."""
    if given.model == "turing":
        table = (given.restarts, N_STATES, N_SYMBOLS)
        sizes = {"write": N_SYMBOLS, "dir": N_DIRECTIONS, "newState": N_STATES}
        return {name: (*table, size) for name, size in sizes.items()}
    sizes = {"instr": 2, "args1": N_BLOCK, "args2": N_BLOCK, "args3": N_BLOCK}
    sizes |= {"net_choice": 2, "goto_block": N_BLOCK}
    shapes = {name: (given.restarts, N_BLOCK, size) for name, size in sizes.items()}
    return shapes | {"return_reg": (given.restarts, N_BLOCK)}


def drawn_logits(given: Problem) -> Arrays:
    """Normal logits by Param, float32 [restart, *dims, n]."""
    random = np.random.default_rng(0)
    shapes = param_shapes(given)
    return {name: random.normal(size=s).astype(np.float32) for name, s in shapes.items()}


def drawn_batch(given: Problem) -> Arrays:
    """Inputs and labels, int32 [batch, *dims] by the model's names of them."""
    random = np.random.default_rng(1)

    def integers(size: int, *dims: int) -> np.ndarray:
        return random.integers(0, size, (given.batch, *dims), np.int32)

    if given.model == "turing":
        return {
            "initial_tape": integers(N_SYMBOLS, given.cells),
            "final_is_halted": integers(2),
            "final_tape": integers(N_SYMBOLS, given.cells),
        }
    labels = {name: integers(size, given.cells) for name, size in NETWORK_OUTPUTS.items()}
    return labels | {"final_sum": integers(MAX_INT), "halt_at_end": integers(2)}
