"""Those who live through the eight tasks: NTPT and the four neural baselines, all lives at once."""

import dataclasses
from collections.abc import Mapping
from typing import Protocol

import numpy as np
import tensorflow as tf

from baselines import BASELINES
from experiments.config import model_path
from experiments.lifelong.schedule import TASKS
from ntpt_models import source_code
from terpret import CompiledModel, Library, Program, compile_model
from terpret.learning.learner import Batch, Learner, Slots
from terpret.learning.measure import split
from terpret.learning.method import Method

NTPT = "NTPT"
LEARNERS = (NTPT, *BASELINES)
# A seed of each task's own, or all tasks would begin with one program.
SEEDS_A_LIFE = len(TASKS)


class Lives(Protocol):
    """What lives: every life is a row of its variables."""

    def step(self, task: str, batch: Batch) -> tf.Tensor:
        """Learns from a batch of one task; the loss of each life, [life]."""

    def predict(self, task: str, batch: Batch) -> np.ndarray:
        """The answers, integers [life, batch]."""


@dataclasses.dataclass(frozen=True)
class Settings:
    """What the lives have in common.

    Attributes:
      lives: how many there are.
      seed: the root seed.
      method: how programs and networks learn.
      examples: how many examples of each task a life meets, by name.
      xla: whether steps are compiled by XLA.
    """

    lives: int
    seed: int
    method: Method
    examples: Mapping[str, int]
    xla: bool


class Ntpt(tf.Module):
    """A program for each task, and two networks for all of them (paper, section 4.1).

    The very first task sees `net_0` alone, which breaks the symmetry of the two.

    Attributes:
      models: by task.
      learners: by task.
    """

    def __init__(self, settings: Settings):
        super().__init__(name="ntpt")
        library = Library(settings.lives, settings.seed)
        slots: Slots = {}
        self.models: dict[str, CompiledModel] = {}
        self.learners: dict[str, Learner] = {}
        for place, task in enumerate(TASKS):
            self.models[task] = compile_model(
                model_path(f"{task.split('-')[0]}_model.py"),
                {"NUM_NETS": 1 if place == 0 else 2},
                restarts=settings.lives,
                library=library,
            )
            self.learners[task] = Learner(
                self.models[task],
                settings.method,
                settings.seed * SEEDS_A_LIFE + place,
                settings.examples[task],
                settings.xla,
                slots=slots,
            )

    def step(self, task: str, batch: Batch) -> tf.Tensor:
        """Learns from a batch of one task; the loss of each life, [life]."""
        return self.learners[task].step(batch)

    def predict(self, task: str, batch: Batch) -> np.ndarray:
        """The answers of the discretised programs to the networks' labels, [life, batch]."""
        model = self.models[task]
        inputs, _ = split(model, batch)
        labels = model.labels(inputs)
        return np.stack(
            [
                program.run(inputs, {name: value[life] for name, value in labels.items()})[
                    "final_sum"
                ]
                for life, program in enumerate(self.programs(task))
            ]
        )

    def programs(self, task: str) -> list[Program]:
        """The discretised program of each life."""
        return [self.models[task].program(life) for life in range(self.models[task].restarts)]

    def sources(self, task: str) -> list[str]:
        """The source code of each life's program."""
        return [source_code(program) for program in self.programs(task)]

    def classify(self, network: str, images: np.ndarray) -> np.ndarray:
        """A network's labels, integers [life, n]."""
        # The last task's model has both networks.
        return self.models[TASKS[-1]].classify(network, images)


def lives_of(name: str, settings: Settings) -> Lives:
    """The lives of a learner: `NTPT`, or a baseline by its name in Figure 7."""
    if name == NTPT:
        return Ntpt(settings)
    return BASELINES[name](TASKS, range(settings.lives), settings.seed)
