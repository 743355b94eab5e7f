"""How attempts are judged: their programs and networks, on training examples."""

from collections.abc import Mapping, Sequence

import numpy as np
import tensorflow as tf

from terpret.backends.model import CompiledModel
from terpret.language.reads import label_names
from terpret.learning.instances import discrete_grades, instances_of

# The part of all images that a network gives one label, from which on it has collapsed.
COLLAPSED = 0.9


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
