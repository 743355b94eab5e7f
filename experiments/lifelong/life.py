"""The course of many lives at once: batches as the schedule draws them, tests, checkpoints."""

import collections
import dataclasses
import json
import math
import time
from collections.abc import Callable, Mapping

import numpy as np

from experiments.lifelong.learners import ANSWER, Lives, Ntpt
from terpret.data.test_set import Exam
from terpret.learning.checkpoints import Checkpoints
from terpret.learning.task import Task
from terpret.learning.train import JUDGED
from terpret.signals import Signals, Stopped

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
    exams: Mapping[str, Exam],
    plan: Plan,
    folder: str,
    report: Callable[[int, Course], None],
) -> Course:
    """Lives through a plan, or goes on where it was stopped.

    Args:
      lives: who learns.
      tasks: the tasks by name, in the order of their numbers.
      exams: the unseen grids of each.
      plan: how long.
      folder: where checkpoints are kept.
      report: is told the number of examples and the course so far.

    Returns:
      The whole course.

    Raises:
      Stopped: by a signal, after a checkpoint was written.
      CheckpointError: the folder holds checkpoints that cannot be restored, or takes no new one.
    """
    names, order = list(tasks), plan.order
    tests = {round(len(order) * (k + 1) / plan.tests) for k in range(plan.tests)}
    checkpoints = Checkpoints(folder, KEPT_CHECKPOINTS, lives=lives)
    stored = checkpoints.restore()
    done, course = 0, Course(batch_size=plan.batch_size)
    if stored is not None:
        done, course = stored[0], Course(**json.loads(stored[1]))
    gone = collections.Counter(order[:done].tolist())
    tested = max((test for test in tests if test <= done), default=0)
    seeds = {name: plan.seed * len(names) + k for k, name in enumerate(names)}
    streams = {
        name: iter(
            tasks[name].batches(seeds[name], plan.batch_size, gone[k] * plan.batch_size, plan.shift)
        )
        for k, name in enumerate(names)
    }
    started = time.monotonic()
    # The first step is followed by a checkpoint.
    saved = -math.inf if stored is None else started
    with Signals() as signals:
        while done < len(order):
            number = int(order[done])
            name = names[number]
            lives.step(name, next(streams[name]))
            done += 1
            gone[number] += 1
            if isinstance(lives, Ntpt) and lives.to_be_judged(name):
                start = gone[number] * plan.batch_size
                lives.judge(name, next(iter(tasks[name].batches(seeds[name], JUDGED, start, 0))))
            if done in tests:
                taught = {names[k] for k in np.unique(order[tested:done])}
                asked = {
                    name: exam
                    for k, (name, exam) in enumerate(exams.items())
                    if not course.examples or gone[k] and lives.taught_by(name) & taught
                }
                _test(lives, tasks, exams, asked, course, done * plan.batch_size)
                tested = done
            if done in tests or done % REPORTED == 0:
                report(done * plan.batch_size, course)
            now, stopping = time.monotonic(), signals.caught
            if now - saved > plan.checkpoint_seconds or done == len(order) or stopping:
                course.seconds += now - started
                saved = started = now
                checkpoints.save(done, json.dumps(dataclasses.asdict(course)))
            if stopping:
                raise Stopped
    return course


def _test(
    lives: Lives,
    tasks: Mapping[str, Task],
    exams: Mapping[str, Exam],
    asked: Mapping[str, Exam],
    course: Course,
    examples: int,
) -> None:
    """Adds the accuracies of this moment to the course.

    A task that is not asked, because nothing that it is answered by was taught since the last test,
    or because it has met no example yet, has those of that test.
    """
    answers = lives.answers(asked)
    course.examples.append(examples)
    for name, exam in exams.items():
        known = course.accuracies.setdefault(name, [])
        if name in asked:
            accuracies = (answers[name] == exam.answers[ANSWER]).mean(1)
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
