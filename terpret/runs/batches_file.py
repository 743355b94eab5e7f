"""Data files in the original TerpreT's format: JSON batches, each under its configuration."""

import collections
import dataclasses
import functools
import sys
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from terpret import CompiledModel, check_model, compile_model, program_of
from terpret.data.json_file import DataBatch, declared_hypers, read_data, read_hypers
from terpret.errors import DataError
from terpret.language.checked import CheckedModel
from terpret.language.errors import Source
from terpret.learning.instances import (
    Instances,
    discrete_grades,
    instances_of,
    right_of,
)

TRAIN, TEST = "train", "test"


@dataclasses.dataclass(frozen=True)
class DataFile:
    """A data file, read with the model under each of its configurations.

    Attributes:
      path: the file.
      batches: its batches.
      models: the checked model of each configuration that the batches name.
      config: the configuration of the training batches.
    """

    path: str
    batches: tuple[DataBatch, ...]
    models: Mapping[str, CheckedModel]
    config: str

    @property
    def model(self) -> CheckedModel:
        """The model that is trained."""
        return self.models[self.config]

    @functools.cached_property
    def training(self) -> Instances:
        """What is learned from: all batches named `train` in the training configuration."""
        return self._together(TRAIN, self.model)

    @functools.cached_property
    def curriculum(self) -> tuple[Instances, ...]:
        """All batches named `train`, together where their hypers are the same."""
        models: dict[frozenset[tuple[str, int]], CheckedModel] = {}
        for batch in self.batches:
            if batch.name == TRAIN:
                model = self.models[batch.hypers]
                models.setdefault(_hypers(model), model)
        return tuple(self._together(TRAIN, model) for model in models.values())

    @functools.cached_property
    def test(self) -> Instances | None:
        """All batches named `test` in the training configuration; None where there is none."""
        return self._together(TEST, self.model) if self._named(TEST, self.model) else None

    @functools.cached_property
    def repeated(self) -> int:
        """How many test instances are training instances as well."""
        if self.test is None:
            return 0
        known = set(_fingerprints(self._named(TRAIN, self.model)))
        return sum(one in known for one in _fingerprints(self._named(TEST, self.model)))

    def of(self, batch: DataBatch) -> Instances:
        """A batch as instances of its model."""
        return instances_of(self.models[batch.hypers], batch.arrays, batch.size)

    @property
    def learned_from(self) -> str:
        """The instances of the batches named `train` that have a label, in words."""
        if len(self.curriculum) == 1:
            return self.described(TRAIN)
        count = sum(len(instances.counted) for instances in self.curriculum)
        several = f"{sum(batch.name == TRAIN for batch in self.batches)} batches '{TRAIN}'"
        return f"the {count:,} training instances of {several} of several hypers"

    def described(self, name: str) -> str:
        """The instances of the batches of a name that have a label, in words."""
        batches = self._named(name, self.model)
        instances = self.training if name == TRAIN else self.test
        assert instances is not None
        count = len(instances.counted)
        words = "training instance" if name == TRAIN else "instance"
        words += "" if count == 1 else "s"
        words += "" if count == len(instances) else " with a label"
        several = f"{len(batches)} batches" if len(batches) > 1 else "batch"
        return f"the {count:,} {words} of {several} '{name}'"

    def _named(self, name: str, model: CheckedModel) -> list[DataBatch]:
        """The batches of a name under the hypers of a model."""
        return [
            batch
            for batch in self.batches
            if batch.name == name and self.models[batch.hypers].hypers == model.hypers
        ]

    def _together(self, name: str, model: CheckedModel) -> Instances:
        batches = self._named(name, model)
        arrays = {
            key: _narrow(np.concatenate([batch.arrays[key] for batch in batches]))
            for key in batches[0].arrays
        }
        return instances_of(model, arrays, sum(batch.size for batch in batches))


def _fingerprints(batches: Sequence[DataBatch]) -> Iterator[bytes]:
    """What tells instances apart: the bytes of all that each has."""
    for batch in batches:
        for number in range(batch.size):
            yield b"".join(array[number].tobytes() for array in batch.arrays.values())


def open_batches(
    path: str,
    model: str | Source,
    hypers: Mapping[str, int],
    hypers_file: str,
    several: bool = False,
) -> DataFile:
    """Reads a data file.

    Args:
      path: the data file.
      model: the model file, or its text.
      hypers: hypers for all batches, where there is no hypers file.
      hypers_file: a file of configurations; empty for none.
      several: whether what is learned from may be under several configurations.

    Raises:
      ModelError, InputError, DataError: with what is wrong.
    """
    if hypers_file:
        configs = read_hypers(hypers_file)
        models = {
            name: check_model(model, {**declared_hypers(model, values), **hypers})
            for name, values in configs.items()
        }
        batches = tuple(read_data(path, models))
    else:
        only = check_model(model, hypers)
        batches = tuple(read_data(path, only))
        models = {batch.hypers: only for batch in batches}
    file = DataFile(path, batches, models, _training_configuration(path, batches, models, several))
    training = [(TRAIN, one) for one in file.curriculum]
    for name, instances in (*training, (TEST, file.test)):
        if instances is not None and not len(instances.counted):
            raise DataError(
                f"{path}: no instance of batch '{name}' has a label: give a value of an Output"
            )
    return file


def _training_configuration(
    path: str, batches: Sequence[DataBatch], models: Mapping[str, CheckedModel], several: bool
) -> str:
    """The configuration of all batches to learn from, or of the first."""
    found = list(dict.fromkeys(batch.hypers for batch in batches if batch.name == TRAIN))
    if not found:
        names = ", ".join(batch.name for batch in batches)
        case = " (small letters)" * (TRAIN in names.lower().split(", "))
        raise DataError(f"{path} has no batch named '{TRAIN}'{case}; it has: {names}")
    if not several and any(models[name].hypers != models[found[0]].hypers for name in found):
        names = " and ".join(f"'{name}'" for name in found)
        raise DataError(
            f"{path}: batches named '{TRAIN}' are there under the configurations {names}: a run "
            "learns under one, but for --preset=exact, so give the others another name"
        )
    return found[0]


def other_batches(file: DataFile, model: CompiledModel, row: int) -> dict[str, float | None]:
    """The part of each batch that a row's program gets right, under the batch's configuration.

    None of a batch without a label, or whose configuration gives the model other Params.
    """
    compiled = {_hypers(file.model): model}
    result: dict[str, float | None] = {}
    times = collections.Counter[str]()
    for batch in file.batches:
        name = f"{batch.name} ({batch.hypers})"
        times[name] += 1
        instances = file.of(batch)
        some = instances.part(instances.counted)
        right = None
        if len(some) and _params(some.model) == _params(file.model):
            if some.model.networks or some.squares:
                hypers = _hypers(some.model)
                if hypers not in compiled:
                    compiled[hypers] = _under(some.model, model)
                found = compiled[hypers]
                right = discrete_grades(found, {row: found.program(row)}, some).right[row]
            else:
                right = right_of(program_of(some.model, model.program(row).values), some)
        numbered = f"{name} #{times[name]}" if times[name] > 1 else name
        result[numbered] = None if right is None else float(np.mean(right))
    return result


def _under(checked: CheckedModel, model: CompiledModel) -> CompiledModel:
    """A model of other hypers with the Params and networks of one."""
    return compile_model(
        checked,
        restarts=model.restarts,
        space=model.space_name,
        dtype=model.dtype,
        library=model.library,
        params_of=model,
        max_nodes=sys.maxsize,
    )


def _hypers(model: CheckedModel) -> frozenset[tuple[str, int]]:
    return frozenset(model.hypers.items())


def _params(model: CheckedModel) -> dict[str, object]:
    """What must be alike for a program of one model to be one of another."""
    return {v.name: (v.dims, v.domain) for v in model.of_kind("Param")}


def _narrow(array: np.ndarray) -> np.ndarray:
    integer = np.issubdtype(array.dtype, np.integer)
    return array.astype(np.int32 if integer else np.float32)
