"""Accuracies on examples: of the soft program, of the discretised one, of each network alone."""

from collections.abc import Mapping, Sequence

import numpy as np

from terpret.backends.model import CompiledModel
from terpret.data.test_set import Exam
from terpret.discrete.answers import right
from terpret.discrete.program import Program
from terpret.learning.cached_predictions import answering, labels_of, look
from terpret.learning.instances import Instances, accuracies_of

# Examples evaluated at once, over all restarts.
TEST_BATCH = 20_000


def tested(
    model: CompiledModel, programs: Sequence[Program], exam: Exam | Instances
) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """What `test_accuracies` gives, and the error of each OutputTensor, [restart] by name."""
    if isinstance(exam, Instances):
        return accuracies_of(model, programs, exam)
    return *test_accuracies(model, programs, exam), {}


def test_accuracies(
    model: CompiledModel, programs: Sequence[Program], exam: Exam
) -> tuple[np.ndarray, np.ndarray]:
    """Accuracies on unseen examples.

    Args:
      model: the model with its learned parameters.
      programs: the discretised program of each restart.
      exam: the examples.

    Returns:
      The soft program's accuracy (the most probable output) and the discretised program's (the
      argmax program run on the networks' most probable labels), each [restart].
    """
    seen = look(model, exam)
    answers = answering(model, exam, seen)
    size = max(50, min(1000, TEST_BATCH // model.restarts))
    hits = [
        right(answers(part), part.answers).sum(1)
        for part in (exam.part(start, start + size) for start in range(0, len(exam), size))
    ]
    return np.sum(hits, 0) / len(exam), _discrete(programs, exam, labels_of(model, exam, seen))


def discrete_accuracies(
    model: CompiledModel, programs: Sequence[Program], exam: Exam
) -> np.ndarray:
    """The accuracy of each restart's discretised program on unseen examples, [restart]."""
    return _discrete(programs, exam, labels_of(model, exam, look(model, exam)))


def _discrete(
    programs: Sequence[Program], exam: Exam, labels: Mapping[str, np.ndarray]
) -> np.ndarray:
    """The accuracy of each program on its own labels; equal ones on the same labels run once."""
    known: dict[tuple[bytes, int], float] = {}
    result = np.zeros(len(programs))
    for row, program in enumerate(programs):
        own = min(row, max((len(values) for values in labels.values()), default=1) - 1)
        if (program.key, own) not in known:
            read = {name: values[own] for name, values in labels.items()}
            given = program.run(exam.integers, read)
            known[program.key, own] = float(np.mean(right(given, exam.answers)))
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
