"""Instances with labels, and what a model's programs get right of them, whatever the model has.

An instance is right where a program gives every integer that was observed of it, where every
`observe_value` of the model holds, and where it gives every OutputTensor with a small error. Shares
are of the instances of which something was observed. Images may be kept once, in a pool, however
many instances show them.
"""

import dataclasses
import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from terpret.backends.model import CompiledModel
from terpret.core.build import observed
from terpret.data.file_array import Values
from terpret.discrete.answers import labelled, right
from terpret.discrete.program import Program
from terpret.language.checked import CheckedModel
from terpret.language.reads import labels_suffice

# Instances run at once, over all restarts, and of one restart.
AT_ONCE, LEAST, MOST = 20_000, 50, 1000
# A program that is wrong on some of so many instances is not run on the others at a check.
SAMPLE = 1000
# An OutputTensor is right where the mean square of its errors is no larger than this part of the
# mean square of its labels.
TOLERANCE = 1e-3
LOST = -1
# An image of integers is of 0..255, and shown to a model as 0..1.
WHITE = 255

Arrays = Mapping[str, np.ndarray]
Pools = Mapping[str, Values]


@dataclasses.dataclass(frozen=True, eq=False)
class Instances:
    """Instances of a model with their labels.

    Attributes:
      model: the model.
      inputs: the Inputs by name, [instances, *dims]; of an InputTensor the images themselves, or
        the numbers of those in its pool.
      answers: the Outputs by name, [instances, *dims]; an integer is -1 where it was not observed.
      size: how many instances there are.
      squares: the mean square of the labels of each OutputTensor, by which its errors are judged.
      pools: the images of InputTensors by name, [images, *shape].
      labels: what networks should say of the images, [instances, *dims] by the names of
        `label_names`; -1 where that is not known. Empty where it is of none.
    """

    model: CheckedModel
    inputs: Arrays
    answers: Arrays
    size: int
    squares: Mapping[str, float]
    pools: Pools = dataclasses.field(default_factory=dict)
    labels: Arrays = dataclasses.field(default_factory=dict)

    def __len__(self) -> int:
        """The number of instances."""
        return self.size

    @functools.cached_property
    def counted(self) -> np.ndarray:
        """The places of the instances of which something was observed."""
        if self.model.observations:
            return np.arange(self.size)
        return np.flatnonzero(labelled(self.answers, self.size))

    @property
    def integers(self) -> Arrays:
        """The answers that are integers."""
        return {name: v for name, v in self.answers.items() if name not in self.squares}

    @property
    def integers_given(self) -> Arrays:
        """The Inputs but for images in pools."""
        return {name: v for name, v in self.inputs.items() if name not in self.pools}

    @property
    def shown(self) -> Arrays:
        """The Inputs as a model takes them: in place of numbers of images, these."""
        return {
            name: pixels(self.pools[name][values]) if name in self.pools else values
            for name, values in self.inputs.items()
        }

    def part(self, chosen: np.ndarray) -> "Instances":
        """Some of the instances, by their places."""

        def some(arrays: Arrays) -> Arrays:
            return {name: values[chosen] for name, values in arrays.items()}

        return dataclasses.replace(
            self,
            inputs=some(self.inputs),
            answers=some(self.answers),
            size=len(chosen),
            labels=some(self.labels),
        )

    def parts(self, size: int) -> Iterator["Instances"]:
        """The instances, at most `size` at once; where there are none, one empty part."""
        for start in range(0, max(1, len(self)), size):
            yield self.part(np.arange(start, min(start + size, len(self))))


def pixels(images: np.ndarray) -> np.ndarray:
    """Images as a model takes them: integers 0..255 are 0..1, other numbers what they are."""
    return images / np.float32(WHITE) if np.issubdtype(images.dtype, np.integer) else images


def instances_of(
    model: CheckedModel,
    arrays: Arrays,
    size: int,
    pools: Pools | None = None,
    labels: Arrays | None = None,
) -> Instances:
    """Instances from the values of a model's Inputs and Outputs by name; see `Instances`.

    Outputs may be missing where nothing is to be judged.
    """
    outputs = {v.name: v for v in model.of_kind("Output")}
    inputs = {v.name: arrays[v.name] for v in model.of_kind("Input") if v.name in arrays}
    answers = {name: arrays[name] for name in outputs if name in arrays}
    tensors = [name for name in answers if not isinstance(outputs[name].domain, int)]
    squares = {name: _mean_square(answers[name]) for name in tensors}
    return Instances(model, inputs, answers, size, squares, pools or {}, labels or {})


@dataclasses.dataclass(frozen=True)
class Grades:
    """What is right of some instances.

    Attributes:
      right: which instances each restart's program gets right, bool [restart, instances].
      errors: the mean square of the errors of each OutputTensor, [restart, instances] by name.
    """

    right: np.ndarray
    errors: Arrays


@dataclasses.dataclass(frozen=True, eq=False)
class Judge:
    """Tells by instances whether programs are correct.

    Attributes:
      instances: the instances.
      by_labels: whether a program is given the labels of their images, or what networks say now.
    """

    instances: Instances
    by_labels: bool = False

    def accuracies(self, model: CompiledModel, programs: Sequence[Program]) -> list[float]:
        """The part of the instances that each restart's discretised program gets right.

        A program that is wrong on some of `SAMPLE` instances is measured on these alone, and one
        that is wrong on some of the others on as many as show it.

        Args:
          model: the model with the parameters as they are now.
          programs: the discretised program of each restart.
        """
        fresh = {row: p for row, p in enumerate(programs) if p.key not in self._known}
        found = self._measured(model, fresh) if fresh else {}
        if model.networks and not self.by_labels:
            return [found[row] for row in range(len(programs))]
        # Nothing but its Params decides what such a program does.
        self._known.update({fresh[row].key: accuracy for row, accuracy in found.items()})
        return [self._known[program.key] for program in programs]

    def _measured(self, model: CompiledModel, programs: Mapping[int, Program]) -> dict[int, float]:
        counted = self.instances.counted
        some = np.unique(np.linspace(0, len(counted) - 1, min(len(counted), SAMPLE)).astype(int))
        rest = np.delete(counted, some)
        hits, seen = np.zeros(model.restarts), np.zeros(model.restarts)
        perfect = dict(programs)
        for places in (counted[some], *(rest[k : k + MOST] for k in range(0, len(rest), MOST))):
            part = self.instances.part(places)
            labels = {n: v[None] for n, v in part.labels.items()} if self.by_labels else None
            found = discrete_grades(model, perfect, part, labels).right
            rows = list(perfect)
            hits[rows] += found[rows].sum(1)
            seen[rows] += len(places)
            perfect = {row: programs[row] for row in rows if hits[row] == seen[row]}
            if not perfect:
                break
        return {row: float(hits[row] / seen[row]) for row in programs}

    @functools.cached_property
    def _known(self) -> dict[bytes, float]:
        return {}


def accuracies_of(
    model: CompiledModel, programs: Sequence[Program], instances: Instances
) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """Accuracies on instances.

    Returns:
      The soft program's accuracy (the most probable outputs) and the discretised program's, each
      [restart], of the instances of which something was observed; and the mean square of the
      latter's errors of each OutputTensor, [restart] by name.
    """
    instances = instances.part(instances.counted)
    soft = soft_grades(model, instances)
    discrete = discrete_grades(model, dict(enumerate(programs)), instances)
    errors = {name: values.mean(1) for name, values in discrete.errors.items()}
    return soft.right.mean(1), discrete.right.mean(1), errors


def soft_grades(model: CompiledModel, instances: Instances) -> Grades:
    """What is right of the most probable outputs of each restart."""
    return _grades(model, instances, False)


def discrete_grades(
    model: CompiledModel,
    programs: Mapping[int, Program],
    instances: Instances,
    labels: Arrays | None = None,
) -> Grades:
    """What is right of the discretised programs of some restarts, and nothing of the others.

    A program reads its networks' most probable labels. Where these depend on more than an image,
    the compiled model runs in place of the interpreter, with its Params and networks decided.

    Args:
      model: the model.
      programs: the discretised program of each of these restarts.
      instances: the instances.
      labels: the networks' labels, [restart or 1, instances, *dims] by name, where they are known.
    """
    if not labels_suffice(model.checked):
        return _grades(model, instances, True)
    parts = [instances] if labels is not None else instances.parts(MOST)
    hits = np.concatenate([_run(model, programs, part, labels) for part in parts], 1)
    if not instances.squares:
        return Grades(hits, {})
    errors = _grades(model, instances, True).errors
    return Grades(hits & _small(errors, instances.squares), errors)


def right_of(program: Program, instances: Instances, labels: Arrays | None = None) -> np.ndarray:
    """Which instances a program gets right in integers and observations, bool [instances].

    Args:
      program: the program.
      instances: the instances.
      labels: its networks' labels, [instances, *dims] by name.
    """
    given, holds = program.outcome(instances.integers_given, labels or {})
    hits = right(given, instances.integers) & _all(holds.values())
    return np.broadcast_to(hits, len(instances))


def _run(
    model: CompiledModel,
    programs: Mapping[int, Program],
    instances: Instances,
    labels: Arrays | None,
) -> np.ndarray:
    """What programs get right in the discrete interpreter; equal ones run once."""
    labels = model.labels(instances.shown) if labels is None else labels
    alone = model.library.restarts == 1 or not labels
    known: dict[tuple[bytes, int], np.ndarray] = {}
    result = np.zeros((model.restarts, len(instances)), bool)
    for row, program in programs.items():
        key = program.key, 0 if alone else row
        if key not in known:
            read = {name: values[min(row, len(values) - 1)] for name, values in labels.items()}
            known[key] = right_of(program, instances, read)
        result[row] = known[key]
    return result


def _graded(model: CompiledModel, instances: Instances, discrete: bool) -> Grades:
    """What is right of the most probable outputs, of marginal or of discrete Params."""
    found = model.outcomes(instances.shown, discrete)
    shape = model.restarts, len(instances)
    integers = instances.integers
    hits = right({name: _most_probable(found[name]) for name in integers}, integers)
    for observation in model.checked.observations:
        hits = hits & (_most_probable(found[observed(observation)]) == observation.value)
    errors = {
        name: np.broadcast_to(_mean_squares(found[name] - instances.answers[name]), shape)
        for name in instances.squares
    }
    return Grades(np.broadcast_to(hits, shape) & _small(errors, instances.squares), errors)


def _small(errors: Arrays, squares: Mapping[str, float]) -> np.ndarray:
    """Where the errors of all OutputTensors are within the tolerance."""
    return _all(errors[name] <= TOLERANCE * square for name, square in squares.items())


def _all(parts: Iterable[np.ndarray]) -> np.ndarray:
    return functools.reduce(np.logical_and, parts, np.asarray(True))


def _most_probable(marginals: np.ndarray) -> np.ndarray:
    """The most probable value, -1 where none is left."""
    return np.where(marginals.sum(-1) > 0, marginals.argmax(-1), LOST)


def _mean_squares(differences: np.ndarray) -> np.ndarray:
    """The mean square of what follows the restart and the instance, [restart, instances]."""
    return np.square(differences.astype(np.float64)).reshape(*differences.shape[:2], -1).mean(-1)


def _mean_square(values: np.ndarray) -> float:
    """The mean square of some labels; 1 where all are 0, because no error is a part of that."""
    return float(np.mean(np.square(values.astype(np.float64)))) if values.any() else 1.0


def _grades(model: CompiledModel, instances: Instances, discrete: bool) -> Grades:
    """What is right of the most probable outputs, part by part of the instances."""
    size = max(LEAST, min(MOST, AT_ONCE // model.restarts))
    grades = [_graded(model, part, discrete) for part in instances.parts(size)]
    names = grades[0].errors
    errors = {n: np.concatenate([g.errors[n] for g in grades], 1) for n in names}
    return Grades(np.concatenate([g.right for g in grades], 1), errors)
