"""The curriculum of the Neural GPU's authors: longer expressions once the shorter are answered.

After every 200 updates the part of wrong answers decides: below 0.15, expressions grow by a digit
and the pull that holds relaxed weights together grows; where the loss is worse than in the last
three windows, the learning rate falls. What is known of a run is one small value, `Course`.
"""

import dataclasses

import numpy as np

WINDOW = 200
FIRST_DIGITS = 2
LEAST_WRONG = 0.15
_PREFER_LONG, _ANY_LENGTH = 0.6, 0.25
_RATE_FACTOR = 0.98
_REMEMBERED = 3
_PULL, _PULL_FACTOR, _PULL_ENOUGH = 0.0005, 1.2, 0.1
# Gradients get no noise where fewer answers are wrong.
_NO_NOISE_WRONG = 0.02
_NOISE_DECAY = 0.55


@dataclasses.dataclass(frozen=True)
class Course:
    """Where a run stands.

    Attributes:
      digits: the length up to which expressions are practised.
      pace: what multiplies the learning rate.
      pull: the weight of the distance between relaxed weights.
      loss: the mean loss in the last window.
      wrong: the part of wrong answers in the last window.
      losses: the losses of the last windows at this length.
      averaged: whether the last window ends with the relaxed weights being averaged.
      updates: the updates of the present window.
      counted: those of them with expressions of the practised lengths, which alone are judged.
      sum_loss: their losses' sum.
      sum_wrong: the sum of their parts of wrong answers.
    """

    digits: int = FIRST_DIGITS
    pace: float = 1.0
    pull: float = _PULL
    loss: float = 0.0
    wrong: float = 1.0
    losses: tuple[float, ...] = ()
    averaged: bool = False
    updates: int = 0
    counted: int = 0
    sum_loss: float = 0.0
    sum_wrong: float = 0.0


def next_digits(course: Course, most: int, seed: int, update: int) -> int:
    """Draws how many digits the expressions of an update have.

    Args:
      course: where the run stands.
      most: the largest number of digits with supervision.
      seed: the root seed.
      update: the number of the update.
    """
    random = np.random.default_rng([seed, update])
    practised = min(course.digits, most)
    digits, other = random.integers(1, practised + 1, 2)
    longer = random.integers(1, most + 1)
    if random.random() < _PREFER_LONG:
        digits = max(digits, other)
    if random.random() < _ANY_LENGTH:
        digits = max(digits, longer)
    return int(digits)


def noise_scale(course: Course, update: int) -> float:
    """The standard deviation of the gradients' noise at an update, for a scale of 1."""
    return (max(0.0, course.wrong - _NO_NOISE_WRONG) * (update + 1) ** -_NOISE_DECAY) ** 0.5


def noted(course: Course, most: int, digits: int, loss: float, wrong: float) -> Course:
    """The course after one more update.

    Args:
      course: the course before it.
      most: the largest number of digits with supervision.
      digits: the number of digits of its expressions.
      loss: the mean loss of its batch.
      wrong: the part of its answers that were wrong.
    """
    course = dataclasses.replace(course, updates=course.updates + 1, averaged=False)
    if digits <= course.digits:
        course = dataclasses.replace(
            course,
            counted=course.counted + 1,
            sum_loss=course.sum_loss + loss,
            sum_wrong=course.sum_wrong + wrong,
        )
    return _judged(course, most) if course.updates == WINDOW else course


def _judged(course: Course, most: int) -> Course:
    """The course at the end of a window."""
    counted = max(1, course.counted)
    loss, wrong = course.sum_loss / counted, course.sum_wrong / counted
    worse = len(course.losses) == _REMEMBERED and loss > max(course.losses)
    pace = course.pace * (_RATE_FACTOR if worse else 1.0)
    following = Course(
        digits=course.digits,
        pace=pace,
        pull=course.pull,
        loss=loss,
        wrong=wrong,
        losses=(*course.losses, loss)[-_REMEMBERED:],
    )
    return _advanced(following, most) if wrong < LEAST_WRONG else following


def _advanced(course: Course, most: int) -> Course:
    """The course after a window with few wrong answers."""
    if course.digits < most:
        course = dataclasses.replace(course, digits=course.digits + 1, losses=())
    if course.pull < _PULL_ENOUGH:
        return dataclasses.replace(course, pull=course.pull * _PULL_FACTOR)
    slower = _RATE_FACTOR if course.wrong < LEAST_WRONG / 3 else 1.0
    return dataclasses.replace(course, averaged=True, pace=course.pace * slower)
