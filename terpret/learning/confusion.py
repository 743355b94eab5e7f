"""Which labels a network takes for which, and labels as it would give them."""

import numpy as np


def confusion_counts(true: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """How often each label was taken for each: counts [true labels, predicted labels].

    Args:
      true: labels [n].
      predicted: labels [n].
    """
    size = int(max(true.max(), predicted.max())) + 1
    counts = np.zeros((size, size), int)
    np.add.at(counts, (true, predicted), 1)
    return counts


def confused(true: np.ndarray, counts: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Labels as a network of a confusion matrix would give them, independent of each other.

    Args:
      true: labels, any shape.
      counts: [true labels, predicted labels].
      random: what they are drawn from.
    """
    risen = np.cumsum(counts, 1)[true]
    return np.argmax(risen > random.integers(0, risen[..., -1:]), -1)
