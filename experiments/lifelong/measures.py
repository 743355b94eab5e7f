"""What Figures 6 and 7 and the claims of section 6.1 are about, worked out from lives."""

import numpy as np

from experiments.lifelong.life import Course
from experiments.lifelong.schedule import LIFE, SCHEDULE, TASKS, drawn

# Figure 7: final accuracies at the end of lifelong learning.
PUBLISHED = {
    "indep": (0.35, 0.32, 0.34, 0.32, 0.38, 0.39, 0.39, 0.39),
    "PNN": (0.35, 0.36, 0.33, 0.35, 0.39, 0.51, 0.48, 0.51),
    "MTNN-1": (0.26, 0.38, 0.40, 0.44, 0.40, 0.41, 0.41, 0.42),
    "MTNN-2": (0.24, 0.47, 0.56, 0.60, 0.38, 0.39, 0.40, 0.37),
    "NTPT": (0.87, 0.87, 0.86, 0.86, 0.98, 1.00, 1.00, 1.00),
}
# Figure 6 and section 6.1: `net_0` on labelled digits at the end of a life.
PUBLISHED_NET_0 = 0.93
LEARNED = 0.8


def final(course: Course, task: str) -> np.ndarray:
    """A task's accuracies at the end of every life, [life]."""
    return np.array(course.accuracies[task][-1])


def forgetting(course: Course, task: str) -> np.ndarray:
    """How far a task's accuracy fell, after its examples had stopped, below what it was then.

    What it was then is the higher one of the tests before and after that moment: by the second, the
    next task may have taught for thousands of examples.

    Returns:
      Floats [life], not negative; of the last task, whose examples never stop, 0.
    """
    accuracies, first = np.array(course.accuracies[task]), _first_after(course, task)
    if first == len(accuracies) - 1:
        return np.zeros(accuracies.shape[1])
    then = accuracies[max(0, first - 1) : first + 1].max(0)
    return np.maximum(then - accuracies[first:].min(0), 0.0)


def reverse_transfer(course: Course, task: str) -> np.ndarray:
    """How much a task gained, from the first test after its examples to the end of life, [life]."""
    accuracies = np.array(course.accuracies[task])
    return accuracies[-1] - accuracies[_first_after(course, task)]


def needed(course: Course, task: str, seed: int, life: int) -> np.ndarray:
    """How many examples of a task had come by the first test at which its accuracy was 0.8.

    Args:
      course: the lives.
      task: the task.
      seed: of the schedule.
      life: the examples of a life, for which the schedule was drawn.

    Returns:
      Floats [life], infinite where it never was.
    """
    size = course.batch_size
    order = drawn(seed, size, life)
    gone = np.cumsum(order == TASKS.index(task)) * size
    reached = np.array(course.accuracies[task]) >= LEARNED
    first = reached.argmax(0)
    examples = gone[np.array(course.examples) // size - 1][first]
    return np.where(reached.any(0), examples, np.inf)


def _first_after(course: Course, task: str) -> int:
    """The place of the first test after the end of a task's examples, at most the last test's."""
    life = course.examples[-1]
    ends = SCHEDULE[TASKS.index(task)].ends * life / LIFE
    return int(np.searchsorted(course.examples, min(ends, life)))
