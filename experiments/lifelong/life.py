"""The course of many lives at once: batches as the schedule draws them, tests, checkpoints."""

import collections
import dataclasses
import functools
import json
import time
from collections.abc import Callable, Iterator, Mapping

import numpy as np

from experiments.lifelong.learners import ANSWER, Lives, Ntpt
from terpret.backends.batches import Batch
from terpret.data.test_set import TestSet
from terpret.learning import resumable
from terpret.learning.checkpoints import Checkpoints
from terpret.learning.task import Task
from terpret.learning.train import JUDGED

KEPT_CHECKPOINTS = 2
REPORTED = 20


@dataclasses.dataclass(frozen=True)
class Plan:
    """How long the lives are, and when they are tested.

    Attributes:
      seed: of all streams of examples.
      batch_size: examples in an update.
      order: the number of the task of every update, [updates].
      tests: how many tests there are over a life, evenly spread, the last at its end.
      checkpoint_seconds: the time between checkpoints.
      shift: the pixels by which training images are moved at most.
    """

    seed: int
    batch_size: int
    order: np.ndarray
    tests: int
    checkpoint_seconds: float = 60.0
    shift: int = 0


@dataclasses.dataclass
class Course:
    """What is known of the lives so far; it goes into checkpoints as text.

    Attributes:
      examples: after how many examples of the whole life each test was.
      accuracies: by task, the accuracy of every life at each test, [test][life].
      correct: by task, whether every life's program was correct at each test; none of a baseline.
      networks: by network, the accuracy of every life's on labelled images; none of a baseline,
        nor where each task has its own.
      seconds: how long it took, tests included.
      batch_size: examples in an update.
    """

    examples: list[int] = dataclasses.field(default_factory=list)
    accuracies: dict[str, list[list[float]]] = dataclasses.field(default_factory=dict)
    correct: dict[str, list[list[bool]]] = dataclasses.field(default_factory=dict)
    networks: dict[str, list[list[float]]] = dataclasses.field(default_factory=dict)
    seconds: float = 0.0
    batch_size: int = 32


def live(
    lives: Lives,
    tasks: Mapping[str, Task],
    test_sets: Mapping[str, TestSet],
    plan: Plan,
    folder: str,
    report: Callable[[int, Course], None],
) -> Course:
    """Lives through a plan, or goes on where it was stopped.

    Args:
      lives: who learns.
      tasks: the tasks by name, in the order of their numbers.
      test_sets: the unseen grids of each.
      plan: how long.
      folder: where checkpoints are kept.
      report: is told the number of examples and the course so far.

    Returns:
      The whole course.

    Raises:
      Stopped: by a signal, after a checkpoint was written.
      CheckpointError: the folder holds checkpoints that cannot be restored, or takes no new one.
    """
    life = _Life(lives, tasks, test_sets, plan, report)
    checkpoints = Checkpoints(folder, KEPT_CHECKPOINTS, lives=lives)
    resumable.do(life, checkpoints, plan.checkpoint_seconds)
    return life.course


class _Life:
    """The lives, an update after another.

    Attributes:
      course: what is known of them.
    """

    def __init__(
        self,
        lives: Lives,
        tasks: Mapping[str, Task],
        test_sets: Mapping[str, TestSet],
        plan: Plan,
        report: Callable[[int, Course], None],
    ):
        self._lives, self._tasks, self._test_sets = lives, tasks, test_sets
        self._plan, self._report = plan, report
        self._names, updates = list(tasks), len(plan.order)
        self._seeds = {
            name: plan.seed * len(tasks) + place for place, name in enumerate(self._names)
        }
        self._tests = {round(updates * (k + 1) / plan.tests) for k in range(plan.tests)}
        self._begin(0, Course(batch_size=plan.batch_size))

    def _begin(self, done: int, course: Course) -> None:
        """Goes on after so many updates."""
        self._done, self.course = done, course
        self._started = time.monotonic()
        self._gone = collections.Counter(self._plan.order[:done].tolist())
        self._tested = max((test for test in self._tests if test <= done), default=0)

    @functools.cached_property
    def _streams(self) -> dict[str, Iterator[Batch]]:
        """The stream of each task, from where the lives stand when they begin."""
        size, shift = self._plan.batch_size, self._plan.shift
        return {
            name: iter(
                self._tasks[name].batches(self._seeds[name], size, self._gone[k] * size, shift)
            )
            for k, name in enumerate(self._names)
        }

    def restore(self, examples: int, text: str) -> None:
        """See `resumable.Work`; updates are counted here, not examples."""
        self._begin(examples, Course(**json.loads(text)))

    def finished(self) -> bool:
        """Whether the lives are at their end."""
        return self._done == len(self._plan.order)

    def advance(self) -> None:
        """Makes an update, and what comes after it: a judgement, a test, a report."""
        lives, size = self._lives, self._plan.batch_size
        number = int(self._plan.order[self._done])
        name = self._names[number]
        lives.step(name, next(self._streams[name]))
        self._done += 1
        self._gone[number] += 1
        if isinstance(lives, Ntpt) and lives.to_be_judged(name):
            start, task = self._gone[number] * size, self._tasks[name]
            lives.judge(name, next(iter(task.batches(self._seeds[name], JUDGED, start, 0))))
        if self._done in self._tests:
            asked = self._to_be_asked()
            _test(lives, self._tasks, self._test_sets, asked, self.course, self._done * size)
            self._tested = self._done
        if self._done in self._tests or self._done % REPORTED == 0:
            self._report(self._done * size, self.course)

    def _to_be_asked(self) -> dict[str, TestSet]:
        """The tasks whose answers may have changed since the last test."""
        since = np.unique(self._plan.order[self._tested : self._done])
        taught = {self._names[k] for k in since}
        return {
            name: test_set
            for k, (name, test_set) in enumerate(self._test_sets.items())
            if not self.course.examples or self._gone[k] and self._lives.taught_by(name) & taught
        }

    def saved(self) -> tuple[int, str]:
        """See `resumable.Work`."""
        now = time.monotonic()
        self.course.seconds += now - self._started
        self._started = now
        return self._done, json.dumps(dataclasses.asdict(self.course))


def _test(
    lives: Lives,
    tasks: Mapping[str, Task],
    test_sets: Mapping[str, TestSet],
    asked: Mapping[str, TestSet],
    course: Course,
    examples: int,
) -> None:
    """Adds the accuracies of this moment to the course.

    A task that is not asked, because nothing that it is answered by was taught since the last test,
    or because it has met no example yet, has those of that test.
    """
    answers = lives.answers(asked)
    course.examples.append(examples)
    for name, test_set in test_sets.items():
        known = course.accuracies.setdefault(name, [])
        if name in asked:
            accuracies = (answers[name] == test_set.answers[ANSWER]).mean(1)
            known.append(accuracies.round(4).tolist())
        else:
            known.append(known[-1])
    if isinstance(lives, Ntpt):
        for name, task in tasks.items():
            correct = [task.symbols.correct(program) for program in lives.programs(name)]
            course.correct.setdefault(name, []).append(correct)
    if not lives.networks_shared:
        return
    for network, (images, labels) in _labelled(tasks).items():
        accuracies = (lives.classify(network, images) == labels).mean(1)
        course.networks.setdefault(network, []).append(accuracies.round(4).tolist())


def _labelled(tasks: Mapping[str, Task]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """The labelled images of every network, from the tasks that have them."""
    return {network: pair for task in tasks.values() for network, pair in task.images.items()}
