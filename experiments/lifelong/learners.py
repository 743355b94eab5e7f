"""Those who live through the eight tasks: NTPT and the neural baselines, all lives at once."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Protocol

import numpy as np
import tensorflow as tf

from baselines import BASELINES
from baselines.labelled import LabelledDigits
from experiments.lifelong.schedule import LIFE, TASKS
from ntpt_models import source_code
from terpret import CompiledModel, Library, Program, compile_model
from terpret.backends.batches import Batch
from terpret.data.test_set import TestSet
from terpret.language.model_files import model_path
from terpret.learning.cached_predictions import Memory, labels_of, predict
from terpret.learning.judging import judged
from terpret.learning.learner import Learner, SharedNetworks, Slots
from terpret.learning.method import Method
from terpret.learning.presets import PRESETS

ANSWER = "final_sum"
# A seed of each task's own, or all tasks would begin with one program.
SEEDS_A_LIFE = len(TASKS)
# The task with which each network is introduced: one untrained network at a time (section 4.1).
INTRODUCED = {"net_0": "add2x2-top", "net_1": "apply2x2-top"}
# `robust`: a network's rate falls over so many examples of its own, in a life of LIFE examples, to
# this part of it, and is no more than that before it is introduced. The operators are soon learned,
# and wrong programs of the last tasks, the hardest, would teach them wrong things.
MATURE = {"net_0": 165_000, "net_1": 60_000}
LEAST_MULTIPLIER = 0.003
# What forward transfer is compared with takes as long as what it is the forward transfer of.
ALONE_LIVES = 3


class Lives(Protocol):
    """What lives: every life is a row of its variables.

    Attributes:
      networks_shared: whether it has networks for all tasks that can be tested by themselves, by
        `classify(network, images)`.
    """

    networks_shared: bool

    def step(self, task: str, batch: Batch) -> tf.Tensor:
        """Learns from a batch of one task; the loss of each life, [life]."""

    def answers(self, test_sets: Mapping[str, TestSet]) -> dict[str, np.ndarray]:
        """The answers to each task's grids, integers [life, grid] by task."""

    def taught_by(self, task: str) -> frozenset[str]:
        """The tasks whose examples change what a task is answered by, once it has met some."""


@dataclasses.dataclass(frozen=True)
class Settings:
    """What the lives of all learners have in common.

    Attributes:
      lives: how many there are.
      seed: the root seed.
      batch_size: examples in an update.
      examples: how many examples of each task a life meets, by name, in the order of the tasks.
      xla: whether steps are compiled by XLA.
    """

    lives: int
    seed: int
    batch_size: int
    examples: Mapping[str, int]
    xla: bool


class Ntpt(tf.Module):
    """A program for each task, and two networks for all of them (paper, section 4.1).

    The very first task sees `net_0` alone, which breaks the symmetry of the two.

    Attributes:
      models: by task.
      learners: by task.
      ages: how many examples taught each network, since it was introduced, where they mature.
      networks_shared: whether the tasks share their networks.
    """

    def __init__(self, method: Method, settings: Settings, alone: bool, matures: bool):
        """Begins the lives.

        Args:
          method: how programs and networks learn.
          settings: of the lives.
          alone: whether each task has networks of its own, which no other task teaches.
          matures: whether networks learn more slowly as they get older.
        """
        super().__init__(name="ntpt")
        method = dataclasses.replace(method, batch_size=settings.batch_size)
        library, slots = Library(settings.lives, settings.seed), Slots()
        self.networks_shared, self._batch_size = not alone, settings.batch_size
        life = sum(settings.examples.values()) / LIFE
        self._mature = {name: examples * life for name, examples in MATURE.items()}
        self.ages = {n: tf.Variable(0, dtype=tf.int64, name=f"{n}/age") for n in INTRODUCED}
        self._multipliers = {
            n: tf.Variable(tf.ones([settings.lives])) for n in INTRODUCED if matures
        }
        self.models: dict[str, CompiledModel] = {}
        self.learners: dict[str, Learner] = {}
        for place, (task, examples) in enumerate(settings.examples.items()):
            if alone:
                library, slots = Library(settings.lives, settings.seed), Slots()
            self.models[task] = compile_model(
                model_path(f"{task.split('-')[0]}_model.py"),
                {"NUM_NETS": 1 if place == 0 else 2},
                restarts=settings.lives,
                library=library,
            )
            self.learners[task] = Learner(
                self.models[task],
                method,
                settings.seed * SEEDS_A_LIFE + place,
                examples,
                xla=settings.xla,
                shared=SharedNetworks(
                    slots, self._multipliers, [] if alone else _introduced_before(task)
                ),
            )

    def step(self, task: str, batch: Batch) -> tf.Tensor:
        """Learns from a batch of one task; the loss of each life, [life]."""
        learner = self.learners[task]
        for name, multiplier in self._multipliers.items():
            if name in self.models[task].networks:
                multiplier.assign(tf.fill(multiplier.shape, self._multiplier(name, task)))
        return learner.step(batch)

    def to_be_judged(self, task: str) -> bool:
        """Whether a life has ended an attempt at a task's program (`Learner.attempts_ended`)."""
        return bool(self.learners[task].attempts_ended.any())

    def judge(self, task: str, batch: Batch) -> None:
        """Lets the lives whose program of a task is stuck retry, by some training examples."""
        learner = self.learners[task]
        rows = np.flatnonzero(learner.attempts_ended)
        learner.judge(judged(learner.model, rows, batch))

    def _multiplier(self, name: str, task: str) -> float:
        """What a network's learning rate is multiplied by in the next update."""
        if task != INTRODUCED[name] and name not in _introduced_before(task):
            return LEAST_MULTIPLIER
        self.ages[name].assign_add(self._batch_size)
        return max(1.0 - int(self.ages[name]) / self._mature[name], LEAST_MULTIPLIER)

    def answers(self, test_sets: Mapping[str, TestSet]) -> dict[str, np.ndarray]:
        """The answers of the discretised programs to the networks' labels, [life, grid] by task."""
        # Tasks that show the same images ask the same of the networks.
        memory: Memory[np.ndarray] = {}
        return {task: self._answers(task, test_set, memory) for task, test_set in test_sets.items()}

    def _answers(self, task: str, test_set: TestSet, memory: Memory[np.ndarray]) -> np.ndarray:
        model = self.models[task]
        labels = labels_of(model, test_set, predict(model, test_set, memory))
        runs = [
            program.run(test_set.integers, {name: values[life] for name, values in labels.items()})
            for life, program in enumerate(self.programs(task))
        ]
        return np.stack([run[ANSWER] for run in runs])

    def taught_by(self, task: str) -> frozenset[str]:
        """See `Lives`."""
        return frozenset(self.models if self.networks_shared else [task])

    def programs(self, task: str) -> list[Program]:
        """The discretised program of each life."""
        return [self.models[task].program(life) for life in range(self.models[task].restarts)]

    def sources(self, task: str) -> list[str]:
        """The source code of each life's program."""
        return [source_code(program) for program in self.programs(task)]

    def classify(self, network: str, images: np.ndarray) -> np.ndarray:
        """A network's labels, integers [life, n]."""
        # The last task's model has all networks.
        return list(self.models.values())[-1].classify(network, images)


def _introduced_before(task: str) -> list[str]:
    """The networks that an earlier task introduced."""
    place = TASKS.index(task)
    return [name for name, first in INTRODUCED.items() if TASKS.index(first) < place]


@dataclasses.dataclass(frozen=True)
class Kind:
    """A kind of learner.

    Attributes:
      begin: makes its lives.
      shift: the pixels by which its training images are moved at most.
      batch_size: examples in an update.
      lives: how many lives it has at most; 0 is no limit.
    """

    begin: Callable[[Settings], Lives]
    shift: int = 0
    batch_size: int = 32
    lives: int = 0


def ntpt(preset: str, alone: bool = False, matures: bool = False) -> Kind:
    """NTPT by a preset; the flags are those of `Ntpt`."""
    method = PRESETS[preset]
    # An attempt is so many updates: in small batches there is time for many.
    size = 16 if method.strategy.retries else 32
    lives = ALONE_LIVES if alone else 0
    return Kind(lambda settings: Ntpt(method, settings, alone, matures), method.shift, size, lives)


def _baseline(name: str) -> Kind:
    def begin(settings: Settings) -> Lives:
        lives, tasks = range(settings.lives), tuple(settings.examples)
        return BASELINES[name](tasks, lives, settings.seed, xla=settings.xla)

    return Kind(begin)


# By name. Those `alone` show what is learned faster because others were learned before.
LEARNERS: dict[str, Kind] = {
    "robust": ntpt("robust", matures=True),
    "ntpt": ntpt("ntpt"),
    **{name: _baseline(name) for name in BASELINES},
    "robust-alone": ntpt("robust", alone=True),
}
# `net_0` by itself, taught by labels, for the comparison of weak and strong supervision.
LABELLED = Kind(
    lambda settings: LabelledDigits(range(settings.lives), settings.seed, xla=settings.xla),
    PRESETS["robust"].shift,
)
