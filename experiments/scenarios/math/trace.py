"""What a learned program does with one expression, step by step."""

import dataclasses

import numpy as np

from datasets.composing import composed
from datasets.math import DIGITS, scene
from datasets.operators import OPERATORS
from datasets.pools import ImagePool
from experiments.scenarios.math.symbolic import model_of_length
from experiments.scenarios.unseen import TEST_SEED
from ntpt_models import source_lines
from terpret import CompiledModel, Program, program_of

LENGTH = 5
MOVE = 1


@dataclasses.dataclass(frozen=True)
class Step:
    """One turn of the interpreter.

    Attributes:
      line: the line of source code that it runs.
      tile: the tile that it moves to and reads; None where it does not move.
      written: the register that it writes.
      registers: what the registers hold afterwards.
    """

    line: str
    tile: int | None
    written: int
    registers: tuple[int, ...]


@dataclasses.dataclass(frozen=True, eq=False)
class Trace:
    """A program's way through one expression.

    Attributes:
      images: the tiles, floats [tiles, 28, 28].
      symbols: what they show, as text.
      steps: what the program does.
      halt: the last line of its source code.
      answer: what it returns.
      expected: the right answer.
    """

    images: np.ndarray
    symbols: tuple[str, ...]
    steps: tuple[Step, ...]
    halt: str
    answer: int
    expected: int


def trace_of(model: CompiledModel, row: int, pool: ImagePool, length: int = LENGTH) -> Trace:
    """Follows the discretised program of one restart through an expression, always the same.

    Args:
      model: the model with its learned parameters.
      row: the restart.
      pool: the symbols to compose the expression from.
      length: its number of digits.
    """
    test_set = composed(scene(pool, length), TEST_SEED, 1)
    places = test_set.inputs["tiles"][0]
    images = test_set.images["tiles"][places]
    labels = {name: model.classify(name, images)[row][None] for name in model.networks}
    learned = model.program(row)
    program = program_of(model_of_length(model.checked, length), learned.values)
    return Trace(
        images=images,
        symbols=tuple(_text(symbol) for symbol in pool.labels[places]),
        steps=_steps(program, labels),
        halt=source_lines(program)[-1],
        answer=int(program.run({}, labels)["final_sum"][0]),
        expected=int(test_set.answers["final_sum"][0]),
    )


def _steps(program: Program, labels: dict[str, np.ndarray]) -> tuple[Step, ...]:
    """What the program does until it halts."""
    states = {name: values[0] for name, values in program.trace({}, labels).items()}
    lines, steps = source_lines(program), []
    for t, halted in enumerate(states["ishalted"][:-1]):
        if halted == 1:
            break
        block = int(states["block_ptr"][t])
        moves = program.values["instr"][block] == MOVE
        steps.append(
            Step(
                line=lines[block],
                tile=int(states["pos"][t + 1]) if moves else None,
                written=block,
                registers=tuple(map(int, states["registers"][t + 1])),
            )
        )
    return tuple(steps)


def _text(symbol: int) -> str:
    return str(symbol) if symbol < DIGITS else OPERATORS[symbol - DIGITS]
