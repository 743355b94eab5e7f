"""What a learner is given: examples to learn from, and the means to judge what it learned."""

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import tensorflow as tf

from terpret.backends.model import CompiledModel
from terpret.data.test_set import TestSet
from terpret.discrete.answers import right
from terpret.discrete.program import Labels, Program
from terpret.learning.instances import SAMPLE, Instances, Judge


@dataclasses.dataclass(frozen=True)
class Symbols:
    """Every symbolic input of a task, or a sample, with the right answers.

    Attributes:
      inputs: the integer Inputs by name, [cases, *dims].
      label_assignments: the networks' labels by name, integers [cases, *dims]; they differ
        where an image has no label of a network (it shows what the network is not there for).
      answers: the Outputs by name, [cases, *dims]; -1 where nothing was observed.
    """

    inputs: Mapping[str, np.ndarray]
    label_assignments: tuple[Labels, ...]
    answers: Mapping[str, np.ndarray]

    def correct(self, program: Program) -> bool:
        """Whether the program gives every answer, whatever stands where there is no label."""
        return self.accuracy(program) == 1.0

    def accuracies(self, _: CompiledModel, programs: Sequence[Program]) -> list[float]:
        """The accuracy of each restart's program, whatever its networks say of images."""
        return [self.accuracy(program) for program in programs]

    def accuracy(self, program: Program) -> float:
        """The part of the answers that the program gives, whatever stands where there is no label.

        A program that is wrong on some of `SAMPLE` cases is measured on these alone. Equal programs
        run once.
        """
        if program.key not in self._known:
            self._known[program.key] = self._measured(program)
        return self._known[program.key]

    @functools.cached_property
    def _known(self) -> dict[bytes, float]:
        return {}

    def _measured(self, program: Program) -> float:
        count = len(next(iter(self.answers.values())))
        some = np.linspace(0, count - 1, min(count, SAMPLE)).astype(int)
        on_some = self._right(program, some)
        return on_some if on_some < 1.0 or count <= SAMPLE else self._right(program, slice(None))

    def _right(self, program: Program, cases: np.ndarray | slice) -> float:
        """The part of some cases whose answers are right with every assignment, all run at once."""
        answers = {name: values[cases] for name, values in self.answers.items()}
        times = len(self.label_assignments)
        inputs = {name: np.concatenate([v[cases]] * times) for name, v in self.inputs.items()}
        labels = {
            name: np.concatenate([assigned[name][cases] for assigned in self.label_assignments])
            for name in self.label_assignments[0]
        }
        given = {
            name: values.reshape(times, -1, *values.shape[1:])
            for name, values in program.run(inputs, labels).items()
        }
        return float(np.mean(right(given, answers).all(0)))


@dataclasses.dataclass(frozen=True)
class Task:
    """A task for a model.

    Attributes:
      name: as on the command line.
      batches: the training stream of a seed, from an example number on, with images moved by
        `shift` pixels at most: (seed, batch_size, start, shift) -> data set of batches. It ends
        nowhere, unless its data cannot be read any more.
      test_set: unseen examples; of a data file without a test batch, what was learned from.
      tested_on: what they are, in words.
      symbols: what a correct program is tested on; of a data file, the training instances.
      images: for each network that images can test alone: images [n, h, w] and labels [n].
      sources: where the data come from, for the record.
      unseen: whether nothing was learned from the test set.
      judged_on: what instances a correct program is right on, in words; empty for symbols.
      verifiable: whether it can be told that a program is correct: it can where a program is run on
        symbols, or on instances whose images have labels, and not where networks say what it reads.
      watched: unseen examples on which the discretised programs are tried at every check, for
        learning curves; None for none.
      verify: further tests of a correct program, too slow for every check: the part of the answers
        that are right, by what is tested, in words.
      refuse_changed: raises `DataError` where data that lie in files are not what they were.
    """

    name: str
    batches: Callable[[int, int, int, int], tf.data.Dataset]
    test_set: TestSet | Instances
    tested_on: str
    symbols: Symbols | Judge
    images: Mapping[str, tuple[np.ndarray, np.ndarray]]
    sources: Mapping[str, str]
    unseen: bool = True
    judged_on: str = ""
    verifiable: bool = True
    watched: TestSet | None = None
    verify: Callable[[Program], Mapping[str, float]] = lambda _: {}
    refuse_changed: Callable[[], None] = lambda: None

    def correct_restarts(self, model: CompiledModel) -> list[bool | None]:
        """Whether the program of each restart gives every answer, in the tests of `verify` too.

        None where that cannot be told.
        """
        if not self.verifiable:
            return [None] * model.restarts
        programs = [model.program(row) for row in range(model.restarts)]
        accuracies = self.symbols.accuracies(model, programs)
        return [
            accuracy == 1.0 and self._verified(program)
            for accuracy, program in zip(accuracies, programs, strict=True)
        ]

    def correct(self, program: Program) -> bool:
        """Whether a program gives every answer on symbols, in the tests of `verify` too."""
        assert isinstance(self.symbols, Symbols)
        return self.symbols.correct(program) and self._verified(program)

    def _verified(self, program: Program) -> bool:
        return all(share == 1.0 for share in self.verify(program).values())
