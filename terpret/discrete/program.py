"""A discrete program: one value for every Param of a model, to be read, run and verified."""

import collections
import dataclasses
import json
import math
from collections.abc import Callable, Iterator, Mapping

import numpy as np

from terpret.discrete.interpreter import interpret, observations, outcome, trace
from terpret.errors import InputError
from terpret.language.checked import CheckedModel, Variable, elements_of
from terpret.language.errors import suggestion
from terpret.language.reads import label_names

Labels = Mapping[str, np.ndarray]
LARGEST = 2**63 - 1


@dataclasses.dataclass(frozen=True)
class Program:
    """The program that the parameters of one restart hold.

    Attributes:
      model: the interpreter it is a program of.
      values: the value of every Param, int64 [*dims]; of a clamped element, the clamp.
      confidence: the probability of each of those values, floats [*dims]; 1 where it is clamped.
      classify: gives each network's labels for a batch with images; None without networks.
    """

    model: CheckedModel
    values: Mapping[str, np.ndarray]
    confidence: Mapping[str, np.ndarray]
    classify: Callable[[Mapping[str, np.ndarray]], Labels] | None = None

    @property
    def key(self) -> bytes:
        """The same for two programs of one model that have the same values, and for no others."""
        return b"".join(values.tobytes() for values in self.values.values())

    def run(
        self, inputs: Mapping[str, np.ndarray], learned: Labels | None = None
    ) -> dict[str, np.ndarray]:
        """Runs the program on integers, in the discrete interpreter.

        Args:
          inputs: the Inputs by name, [examples, *dims]; images are needed only where `learned`
            does not give a network's labels.
          learned: for each network, the label of every image, integers [examples, *dims]; of one
            that reads several InputTensors for each of them, under names like `digit(a)`.

        Returns:
          The Outputs by name, integers [examples, *dims].

        Raises:
          InputError: something is missing, unknown, or has the wrong shape or range.
        """
        return interpret(self.model, self.values, *self._given(inputs, learned))

    def trace(
        self, inputs: Mapping[str, np.ndarray], learned: Labels | None = None
    ) -> dict[str, np.ndarray]:
        """What the program does on the way: the value of every integer Var.

        Args:
          inputs: as in `run`.
          learned: as in `run`.

        Returns:
          The Vars by name, integers [examples, *dims]; -1 where one was never set.
        """
        return trace(self.model, self.values, *self._given(inputs, learned))

    def observations(
        self, inputs: Mapping[str, np.ndarray], learned: Labels | None = None
    ) -> dict[str, np.ndarray]:
        """Which of the model's `observe_value` statements hold when the program runs.

        Args:
          inputs: as in `run`.
          learned: as in `run`.

        Returns:
          For each observation, written `x[1] == 2`, a boolean for each example.
        """
        return observations(self.model, self.values, *self._given(inputs, learned))

    def outcome(
        self, inputs: Mapping[str, np.ndarray], learned: Labels | None = None
    ) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        """What `run` gives, of integer Outputs alone, and what `observations` gives, at once."""
        return outcome(self.model, self.values, *self._given(inputs, learned))

    def _given(
        self, inputs: Mapping[str, np.ndarray], learned: Labels | None
    ) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        labels = dict(learned or {})
        applied = {key: name for key, (name, _) in label_names(self.model).items()}
        missing = [key for key, name in applied.items() if not {key, name} & labels.keys()]
        if missing and self.classify is not None:
            labels = {**self.classify(inputs), **labels}
        elif missing:
            raise InputError(f"give labels for '{missing[0]}', or run a program with networks")
        integers = {}
        for variable in self.model.of_kind("Input"):
            if isinstance(variable.domain, int):
                integers[variable.name] = checked_integers(
                    inputs, variable.name, variable.dims, variable.domain
                )
        arrays = {name: np.asarray(value).astype(np.int64) for name, value in labels.items()}
        return integers, arrays

    def __str__(self) -> str:
        return "\n".join(f"{text}  # {mark}" for text, mark in self.lines())

    def lines(self) -> Iterator[tuple[str, str]]:
        """For each element of each Param its value in words, and how sure it is."""
        for variable in self.model.of_kind("Param"):
            values = self.values[variable.name]
            for element in elements_of(variable):
                confidence = f"{self.confidence[variable.name][element.index]:.2f}"
                mark = "set by the model" if element in self.model.clamps else confidence
                yield f"{element} = {variable.word(int(values[element.index]))}", mark


def assignments(model: CheckedModel) -> int:
    """The number of ways to give every Param a value; clamped elements have theirs."""
    clamped = collections.Counter(element.variable for element in model.clamps)
    return math.prod(v.size ** (v.elements - clamped[v]) for v in model.of_kind("Param"))


def with_clamps(model: CheckedModel, name: str, array: np.ndarray, clamp: object) -> np.ndarray:
    """A copy of an array [*dims] of one Param with its clamped elements replaced.

    Args:
      model: the model.
      name: the Param.
      array: a number for each of its elements.
      clamp: the number of a clamped element, or None for the value it is clamped to.
    """
    result = np.array(array)
    for element, value in model.clamps.items():
        if element.variable.name == name:
            result[element.index] = value if clamp is None else clamp
    return result


def program_of(model: CheckedModel, values: Mapping[str, np.ndarray]) -> Program:
    """A program from given values, each with confidence 1; the model's clamps stay.

    Raises:
      InputError: a Param is missing, unknown, or out of its range.
    """
    known = {variable.name: variable for variable in model.of_kind("Param")}
    for name in values:
        if name not in known:
            hint = suggestion(name, known) or f"there are: {', '.join(known) or 'none'}"
            raise InputError(f"there is no Param '{name}'; {hint}")
    arrays = {}
    for name, variable in known.items():
        if name not in values:
            raise InputError(f"the program gives no value for the Param '{name}'")
        array = _integers(values[name], variable)
        if array.shape != variable.dims:
            raise InputError(
                f"the Param '{name}' has shape {list(variable.dims)}, the program's "
                f"{list(array.shape)}"
            )
        if array.size and not (0 <= array.min() and array.max() < variable.size):
            raise InputError(f"the Param '{name}' ranges over 0..{variable.size - 1}")
        arrays[name] = with_clamps(model, name, array.astype(np.int64), None)
    return Program(model, arrays, {name: np.ones(a.shape) for name, a in arrays.items()})


def _integers(value: object, variable: Variable) -> np.ndarray:
    """The values of a Param as an array, as they are given.

    Raises:
      InputError: one of them is no integer, or lists of one level differ in their lengths.
    """
    name, plain = variable.name, value.tolist() if isinstance(value, np.ndarray) else value
    places = [(name, plain)]
    for place, one in places:
        if isinstance(one, list | tuple):
            places += [(f"{place}[{k}]", item) for k, item in enumerate(one)]
        elif isinstance(one, bool | np.bool_) or not isinstance(one, int | np.integer):
            text = json.dumps(one, default=str)
            shown = text if len(text) <= 40 else f"{text[:37]}..."
            raise InputError(f"the Param '{place}' is {shown}, not an integer")
        elif not -LARGEST <= one <= LARGEST:
            raise InputError(f"the Param '{place}' ranges over 0..{variable.size - 1}")
    try:
        array = np.array(plain)
    except ValueError:
        raise InputError(f"the Param '{name}' is no array: its lists differ in length") from None
    # A list without elements does not tell the sizes of the other dimensions.
    return array if array.size or variable.elements else np.zeros(variable.dims, np.int64)


def checked_integers(
    batch: Mapping[str, np.ndarray], name: str, dims: tuple[int, ...], size: int, least: int = 0
) -> np.ndarray:
    """The integers of a batch under `name`, [examples, *dims], each in least..size-1.

    Raises:
      InputError: they are missing, or have the wrong shape or range.
    """
    if name not in batch:
        raise InputError(f"the batch lacks '{name}'; {suggestion(name, batch)}".rstrip("; "))
    array = np.asarray(batch[name])
    if array.ndim != len(dims) + 1 or array.shape[1:] != dims:
        raise InputError(
            f"'{name}' has shape {list(array.shape)}, not [examples, {', '.join(map(str, dims))}]"
            if dims
            else f"'{name}' has shape {list(array.shape)}, not [examples]"
        )
    if not np.issubdtype(array.dtype, np.integer):
        raise InputError(f"'{name}' holds {array.dtype}, not integers")
    outside = np.argwhere((array < least) | (array >= size))
    if len(outside):
        first = tuple(outside[0])
        raise InputError(
            f"'{name}' is {array[first]} in example {first[0]}, outside {least}..{size - 1}"
        )
    return array
