"""Accuracies: of the soft program, of the discretised one, and of each network alone."""

from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from terpret.backends.model import CompiledModel
from terpret.learning.task import Task
from terpret.program import Program

TEST_BATCH = 1000


def test_accuracies(
    model: CompiledModel, programs: list[Program], task: Task
) -> tuple[np.ndarray, np.ndarray]:
    """Accuracies on the task's test examples.

    Args:
      model: the model with its learned parameters.
      programs: the discretised program of each restart.
      task: the task.

    Returns:
      The soft program's accuracy (the most probable output) and the discretised program's (the
      argmax program run on the networks' most probable labels), each [restart].
    """
    soft = np.zeros(model.restarts)
    discrete = np.zeros(model.restarts)
    count = 0
    for batch in task.test(TEST_BATCH):
        answers = batch[task.accuracy_of].numpy()
        inputs = {v.name: batch[v.name] for v in model.checked.of_kind("Input")}
        count += len(answers)
        marginals = model.marginals(inputs)[task.accuracy_of]
        chosen = tf.argmax(marginals, -1).numpy()
        soft += (chosen == answers).reshape(model.restarts, -1).sum(1)
        arrays = {name: value.numpy() for name, value in inputs.items()}
        labels = model.labels(arrays) if model.networks else {}
        for restart, program in enumerate(programs):
            own = {name: value[restart] for name, value in labels.items()}
            given = program.run(arrays, own)[task.accuracy_of]
            discrete[restart] += np.sum(given == answers)
    return soft / count, discrete / count


def network_accuracies(
    model: CompiledModel, images: Mapping[str, tuple[np.ndarray, np.ndarray]]
) -> dict[str, np.ndarray]:
    """The accuracy of each network on labelled images, [restart] by name."""
    result = {}
    for name, (pixels, labels) in images.items():
        if name in model.networks:
            chosen = model.classify(name, pixels)
            result[name] = np.mean(chosen == labels, axis=1)
    return result
