"""Accuracies on examples: of the soft program, of the discretised one, of each network alone."""

from collections.abc import Mapping, Sequence

import numpy as np

from terpret.backends.model import CompiledModel
from terpret.data.test_set import TestSet
from terpret.discrete.answers import right
from terpret.discrete.program import Program
from terpret.learning.cached_predictions import answering, labels_of, predict
from terpret.learning.instances import Instances, accuracies_of

# Examples evaluated at once, over all restarts.
TEST_BATCH = 20_000


def tested(
    model: CompiledModel, programs: Sequence[Program], test_set: TestSet | Instances
) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """What `test_accuracies` gives, and the error of each OutputTensor, [restart] by name."""
    if isinstance(test_set, Instances):
        return accuracies_of(model, programs, test_set)
    return *test_accuracies(model, programs, test_set), {}


def tested_examples(test_set: TestSet | Instances) -> int:
    """How many examples the accuracies are of: those of which something was observed."""
    return len(test_set.counted) if isinstance(test_set, Instances) else len(test_set)


def test_accuracies(
    model: CompiledModel, programs: Sequence[Program], test_set: TestSet
) -> tuple[np.ndarray, np.ndarray]:
    """Accuracies on unseen examples.

    Args:
      model: the model with its learned parameters.
      programs: the discretised program of each restart.
      test_set: the examples.

    Returns:
      The soft program's accuracy (the most probable output) and the discretised program's (the
      argmax program run on the networks' most probable labels), each [restart].
    """
    predictions = predict(model, test_set)
    answers = answering(model, test_set, predictions)
    size = max(50, min(1000, TEST_BATCH // model.restarts))
    hits = [
        right(answers(part), part.answers).sum(1)
        for part in (test_set.part(start, start + size) for start in range(0, len(test_set), size))
    ]
    return np.sum(hits, 0) / len(test_set), _discrete(
        programs, test_set, labels_of(model, test_set, predictions)
    )


def discrete_accuracies(
    model: CompiledModel, programs: Sequence[Program], test_set: TestSet
) -> np.ndarray:
    """The accuracy of each restart's discretised program on unseen examples, [restart]."""
    return _discrete(programs, test_set, labels_of(model, test_set, predict(model, test_set)))


def _discrete(
    programs: Sequence[Program], test_set: TestSet, labels: Mapping[str, np.ndarray]
) -> np.ndarray:
    """The accuracy of each program on its own labels; equal ones on the same labels run once."""
    known: dict[tuple[bytes, int], float] = {}
    result = np.zeros(len(programs))
    for row, program in enumerate(programs):
        own = min(row, max((len(values) for values in labels.values()), default=1) - 1)
        if (program.key, own) not in known:
            read = {name: values[own] for name, values in labels.items()}
            given = program.run(test_set.integers, read)
            known[program.key, own] = float(np.mean(right(given, test_set.answers)))
        result[row] = known[program.key, own]
    return result


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
