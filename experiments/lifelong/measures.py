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

    Returns:
      Floats [life], not negative; of the last task, whose examples never stop, 0.
    """
    after = _after(course, task)
    return np.max(after[:1] - after, axis=0)


def reverse_transfer(course: Course, task: str) -> np.ndarray:
    """How much a task gained, from the last of its examples to the end of life, [life]."""
    after = _after(course, task)
    return after[-1] - after[0]


def needed(course: Course, task: str, seed: int) -> np.ndarray:
    """How many examples of a task came before its accuracy was 0.8.

    Returns:
      Floats [life], infinite where it never was. They are as fine as the tests were.
    """
    size = course.batch_size
    order = drawn(seed, size, _life(course))
    gone = np.cumsum(order == TASKS.index(task)) * size
    reached = np.array(course.accuracies[task]) >= LEARNED
    first = reached.argmax(0)
    examples = gone[np.array(course.examples) // size - 1][first]
    return np.where(reached.any(0), examples, np.inf)


def _after(course: Course, task: str) -> np.ndarray:
    """A task's accuracies from the end of its examples on, [test, life]."""
    ends = SCHEDULE[TASKS.index(task)].ends * _life(course) / LIFE
    first = int(np.searchsorted(course.examples, min(ends, course.examples[-1])))
    return np.array(course.accuracies[task][first:])


def _life(course: Course) -> int:
    """The length of the life, which is tested at its end."""
    return course.examples[-1]
