"""What a learner is given: examples to learn from, and the means to judge what it learned."""

import dataclasses
from collections.abc import Callable, Mapping

import numpy as np
import tensorflow as tf

from terpret.program import Labels, Program


@dataclasses.dataclass(frozen=True)
class Symbols:
    """Every symbolic input of a task, or a sample, with the right answers.

    Attributes:
      inputs: the integer Inputs by name, [cases, *dims].
      fillings: the networks' labels by name, integers [cases, *dims]; several fillings differ
        where an image has no label (a digit shown to the network of operators).
      answers: the Outputs by name, [cases, *dims].
    """

    inputs: Mapping[str, np.ndarray]
    fillings: tuple[Labels, ...]
    answers: Mapping[str, np.ndarray]

    def correct(self, program: Program) -> bool:
        """Whether the program gives every answer, whatever stands where there is no label."""
        return all(
            np.array_equal(given, self.answers[name])
            for filling in self.fillings
            for name, given in program.run(self.inputs, filling).items()
        )


@dataclasses.dataclass(frozen=True)
class Task:
    """A task for a model.

    Attributes:
      name: as on the command line.
      batches: the endless training stream of a seed, from an example number on:
        (seed, batch_size, start) -> data set of batches.
      test: unseen examples: (batch_size) -> data set of batches, ending.
      symbols: what a correct program is tested on.
      accuracy_of: the Output that accuracies are about.
      images: for each network that images can test alone: images [n, h, w] and labels [n].
      sources: where the data come from, for the record.
      published: the paper's test accuracy on this task, where there is one.
    """

    name: str
    batches: Callable[[int, int, int], tf.data.Dataset]
    test: Callable[[int], tf.data.Dataset]
    symbols: Symbols
    accuracy_of: str
    images: Mapping[str, tuple[np.ndarray, np.ndarray]]
    sources: Mapping[str, str]
    published: float | None = None
