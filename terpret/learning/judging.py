"""How attempts are judged: their programs and networks, on training examples."""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
import tensorflow as tf

from terpret.backends.model import CompiledModel
from terpret.language.reads import label_names
from terpret.learning.instances import Arrays, Instances, discrete_grades, instances_of

# The part of all images that a network gives one label, from which on it has collapsed.
COLLAPSED = 0.9


@dataclasses.dataclass(frozen=True, eq=False)
class Judgement:
    """How restarts do on training examples.

    Attributes:
      accuracies: the part of the answers that each discretised program gives, [restart]; 1 of those
        that are not judged, and where no example has an answer.
      collapsed: whether a network says the same of nearly all images, bool [restart].
      examples: on which they are judged; None where it does not matter which.
      labels: what networks say of their images, [restart or 1, examples, *dims] by name.
    """

    accuracies: np.ndarray
    collapsed: np.ndarray
    examples: Instances | None = None
    labels: Arrays = dataclasses.field(default_factory=dict)


def judged(model: CompiledModel, rows: Sequence[int], batch: Mapping[str, tf.Tensor]) -> Judgement:
    """How the restarts of some rows do on training examples.

    Args:
      model: the model with the parameters as they are now.
      rows: the rows.
      batch: the examples; of a network whose labels are given, these.
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
    return Judgement(accuracies, collapsed, examples, labels)
