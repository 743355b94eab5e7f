"""Accuracies: of the soft program, of the discretised one, and of each network alone."""

from collections.abc import Mapping, Sequence

import numpy as np
import tensorflow as tf

from terpret.backends.model import CompiledModel
from terpret.data.test_set import Exam
from terpret.discrete.answers import right
from terpret.discrete.program import Program
from terpret.language.reads import label_names
from terpret.learning.cached_predictions import answering, labels_of, look
from terpret.learning.instances import Instances, accuracies_of, discrete_grades, instances_of

# Examples evaluated at once, over all restarts.
TEST_BATCH = 20_000
# The part of all images that a network gives one label, from which on it has collapsed.
COLLAPSED = 0.9


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


def split(
    model: CompiledModel, batch: Mapping[str, tf.Tensor]
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """The Inputs and the Outputs of a batch."""
    inputs = {
        v.name: batch[v.name].numpy() for v in model.checked.of_kind("Input") if v.name in batch
    }
    answers = {v.name: batch[v.name].numpy() for v in model.checked.of_kind("Output")}
    return inputs, answers


def judged(
    model: CompiledModel, rows: Sequence[int], batch: Mapping[str, tf.Tensor]
) -> tuple[np.ndarray, np.ndarray]:
    """How the restarts of some rows do on training examples.

    Args:
      model: the model with the parameters as they are now.
      rows: the rows.
      batch: the examples; of a network whose labels are given, these.

    Returns:
      The part of the answers that the discretised program gives, [model's rows], 1 in other rows
      and where no example has an answer; and whether a network says the same of nearly all images,
      [model's rows].
    """
    arrays = {name: value.numpy() for name, value in batch.items()}
    examples = instances_of(model.checked, arrays, len(next(iter(arrays.values()))))
    given = {name: arrays[entry][None] for name, entry in model.given_labels.items()}
    labels = given or model.labels(examples.inputs)
    programs = {int(row): model.program(row) for row in rows}
    hits = discrete_grades(model, programs, examples, labels).right[:, examples.counted]
    accuracies, collapsed = np.ones(model.restarts), np.zeros(model.restarts, bool)
    names = label_names(model.checked)
    said = [v for n, v in labels.items() if n in names and names[n][0] in model.networks]
    for row in rows:
        accuracies[row] = np.mean(hits[row]) if hits.size else 1.0
        read = [values[min(row, len(values) - 1)].ravel() for values in said]
        collapsed[row] = any(np.bincount(v).max() > COLLAPSED * v.size for v in read)
    return accuracies, collapsed


def most_probable(model: CompiledModel, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The most probable value of every Output, [restart, batch, *dims]."""
    return {name: tf.argmax(m, -1).numpy() for name, m in model.marginals(inputs).items()}


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
