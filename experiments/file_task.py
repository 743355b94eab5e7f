"""Tasks from data files in the original TerpreT's format (JSON batches and hypers)."""

import dataclasses
import math
import os
from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from datasets.pools import DataError
from datasets.seeds import shuffled_epochs
from terpret import Program, check_model, program_of
from terpret.data import DataBatch, declared_hypers, read_data, read_hypers
from terpret.language.checked import CheckedModel
from terpret.learning.exam import Exam
from terpret.learning.task import Symbols, Task, right

TRAIN, TEST = "train", "test"


@dataclasses.dataclass(frozen=True)
class DataFile:
    """A data file, read with the model under each of its configurations.

    Attributes:
      path: the file.
      batches: its batches.
      models: the checked model of each configuration that the batches name.
      config: the configuration of the training batch.
    """

    path: str
    batches: tuple[DataBatch, ...]
    models: Mapping[str, CheckedModel]
    config: str

    @property
    def model(self) -> CheckedModel:
        """The model that is trained."""
        return self.models[self.config]

    def named(self, name: str) -> DataBatch | None:
        """The batch of a name in the training configuration."""
        mine = [b for b in self.batches if b.hypers == self.config and b.name == name]
        return mine[0] if mine else None


def open_file(path: str, model: str, hypers: Mapping[str, int], hypers_file: str) -> DataFile:
    """Reads a data file.

    Args:
      path: the data file.
      model: the model file.
      hypers: hypers for all batches, where there is no hypers file.
      hypers_file: a file of configurations; empty for none.

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
    training = [batch for batch in batches if batch.name == TRAIN]
    if not training:
        names = ", ".join(batch.name for batch in batches)
        raise DataError(f"{path} has no batch named '{TRAIN}'; it has: {names}")
    return DataFile(path, batches, models, training[0].hypers)


def file_task(file: DataFile) -> Task:
    """The task of learning a data file's training batch."""
    training = file.named(TRAIN)
    test = file.named(TEST) or training
    arrays = {name: _narrow(value) for name, value in training.arrays.items()}

    def batches(seed: int, batch_size: int, start: int, _: int) -> tf.data.Dataset:
        # The numbers of a file are what they are: none is moved.
        def batch(number: tf.Tensor) -> dict[str, tf.Tensor]:
            numbers = start + number * batch_size + tf.range(batch_size, dtype=tf.int64)
            chosen = shuffled_epochs(seed, numbers, instances(training))
            return {name: tf.gather(value, chosen) for name, value in arrays.items()}

        return tf.data.Dataset.counter(dtype=tf.int64).map(batch).prefetch(8)

    inputs, answers = _split(file.model, training, test)
    return Task(
        name=os.path.splitext(os.path.basename(file.path))[0],
        batches=batches,
        exam=_exam(file.model, test),
        tested_on=f"the {instances(test)} instances of batch '{test.name}'",
        symbols=Symbols(inputs=inputs, fillings=({},), answers=answers),
        images={},
        sources={"data": file.path},
    )


def other_batches(file: DataFile, program: Program) -> dict[str, float]:
    """The part of each batch that a program gets right, under the batch's own configuration."""
    result = {}
    for batch in file.batches:
        model = file.models[batch.hypers]
        clamped = {element.variable.name for element in model.clamps}
        values = {name: v for name, v in program.values.items() if name not in clamped}
        inputs, answers = _split(model, batch)
        if set(values) | clamped == set(program.values):
            given = program_of(model, program.values).run(inputs)
            result[f"{batch.name} ({batch.hypers})"] = float(np.mean(right(given, answers)))
    return result


def instances(batch: DataBatch) -> int:
    """The number of instances of a batch."""
    return len(next(iter(batch.arrays.values())))


def _exam(model: CheckedModel, batch: DataBatch) -> Exam:
    """A batch as an exam; every image of it comes once."""
    inputs, answers = _split(model, batch)
    images = {}
    for variable in model.of_kind("Input"):
        if not isinstance(variable.domain, int):
            shape = inputs[variable.name].shape[: 1 + len(variable.dims)]
            images[variable.name] = _narrow(inputs[variable.name]).reshape(-1, *variable.domain)
            inputs[variable.name] = np.arange(math.prod(shape)).reshape(shape)
    return Exam(inputs, answers, images)


def _split(
    model: CheckedModel, *batches: DataBatch
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    every = {
        name: np.concatenate([batch.arrays[name] for batch in batches])
        for name in batches[0].arrays
    }
    outputs = {variable.name for variable in model.of_kind("Output")}
    inputs = {name: value for name, value in every.items() if name not in outputs}
    return inputs, {name: value for name, value in every.items() if name in outputs}


def _narrow(array: np.ndarray) -> np.ndarray:
    integer = np.issubdtype(array.dtype, np.integer)
    return array.astype(np.int32 if integer else np.float32)
