"""What is right: what a program gives, beside the labels of a data file's instances."""

from collections.abc import Mapping

import numpy as np

# The label of an integer Output that was not observed.
UNOBSERVED = -1


def right(given: Mapping[str, np.ndarray], answers: Mapping[str, np.ndarray]) -> np.ndarray:
    """Which examples are right in every Output that was observed.

    Args:
      given: integers [..., examples, *dims] by name.
      answers: integers [examples, *dims] by name; -1 where nothing was observed.

    Returns:
      Booleans [..., examples].
    """
    result: np.ndarray | np.bool_ = np.True_
    for name, answer in answers.items():
        same = (given[name] == answer) | (answer < 0)
        lead = same.ndim - answer.ndim + 1
        result = result & same.reshape(*same.shape[:lead], -1).all(-1)
    return np.asarray(result)


def labelled(answers: Mapping[str, np.ndarray], examples: int) -> np.ndarray:
    """Which examples have a label at all: a number, or an integer that is not -1.

    Args:
      answers: integers or floats [examples, ...] by name.
      examples: how many there are.
    """
    result = np.zeros(examples, bool)
    for answer in answers.values():
        known = answer >= 0 if np.issubdtype(answer.dtype, np.integer) else np.ones_like(answer)
        result |= known.reshape(examples, -1).any(1)
    return result
