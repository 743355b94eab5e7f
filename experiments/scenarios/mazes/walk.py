"""What a learned program does in one maze, step by step."""

import dataclasses

import numpy as np

from datasets.composing import composed
from datasets.mazes import scene
from datasets.pools import ImagePool
from experiments.scenarios.mazes.symbolic import model_of_size
from experiments.scenarios.unseen import TEST_SEED
from ntpt_models import source_lines
from terpret import CompiledModel, Program, program_of

WIDTH, HEIGHT = 6, 4
# Of so many mazes, the one with the longest path is shown.
_CANDIDATES = 200


@dataclasses.dataclass(frozen=True)
class Step:
    """One turn of the interpreter.

    Attributes:
      block: the line of source code that it runs.
      place: where the agent is afterwards, (column, row).
      sign: what it read last.
      register: what it has counted.
      halted: whether it has halted.
    """

    block: int
    place: tuple[int, int]
    sign: int
    register: int
    halted: bool


@dataclasses.dataclass(frozen=True, eq=False)
class Walk:
    """A program's way through one maze.

    Attributes:
      images: the signs, floats [height, width, 28, 28].
      start: where the agent begins, (column, row).
      lines: the source code.
      steps: what the program does, until it halts or its time is up.
      expected: the length of the path.
    """

    images: np.ndarray
    start: tuple[int, int]
    lines: tuple[str, ...]
    steps: tuple[Step, ...]
    expected: int

    @property
    def right(self) -> bool:
        """Whether the program halted with the length of the path."""
        return self.steps[-1].halted and self.steps[-1].register == self.expected

    def places(self, steps: int) -> list[tuple[int, int]]:
        """The squares that the agent has been to after so many steps, in order."""
        result = [self.start]
        for step in self.steps[:steps]:
            if step.place != result[-1]:
                result.append(step.place)
        return result


def walk_of(
    model: CompiledModel, row: int, pool: ImagePool, width: int = WIDTH, height: int = HEIGHT
) -> Walk:
    """Follows the discretised program of one restart through a maze, always the same.

    Args:
      model: the model with its learned parameters.
      row: the restart.
      pool: the signs to compose the maze from.
      width: its squares in a row.
      height: its squares in a column.
    """
    test_set = composed(scene(pool, width, height), TEST_SEED, _CANDIDATES)
    chosen = int(test_set.answers["path_len"].argmax())
    one = {name: values[[chosen]] for name, values in test_set.integers.items()}
    images = test_set.images["img_grid"][test_set.inputs["img_grid"][chosen]]
    read = model.classify("LOOK", images.reshape(-1, *images.shape[2:]))[row]
    labels = {"LOOK": read.reshape(1, height, width)}
    program = program_of(model_of_size(model.checked, width, height), model.program(row).values)
    return Walk(
        images=images,
        start=(int(one["start_X"][0]), int(one["start_Y"][0])),
        lines=tuple(source_lines(program)),
        steps=_steps(program, one, labels),
        expected=int(test_set.answers["path_len"][chosen]),
    )


def _steps(
    program: Program, inputs: dict[str, np.ndarray], labels: dict[str, np.ndarray]
) -> tuple[Step, ...]:
    """What the program does until it halts."""
    states = {name: values[0] for name, values in program.trace(inputs, labels).items()}
    steps = []
    for t, halted in enumerate(states["ishalted"][1:], 1):
        steps.append(
            Step(
                block=int(states["block_ptr"][t - 1]),
                place=(int(states["X"][t]), int(states["Y"][t])),
                sign=int(states["dir"][t]),
                register=int(states["reg"][t]),
                halted=bool(halted),
            )
        )
        if halted:
            break
    return tuple(steps)
