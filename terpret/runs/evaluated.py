"""A learned program and its networks measured on examples of the user's."""

import dataclasses
from collections.abc import Mapping

import numpy as np

from terpret.backends.model import CompiledModel
from terpret.learning.accuracies import network_accuracies
from terpret.learning.instances import Instances, discrete_grades
from terpret.runs.own_data import labelled, labelled_images, reads_images
from terpret.runs.renamed_labels import renamed
from terpret.runs.tables import wilson


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """What a program and its networks get right of some examples.

    Attributes:
      examples: how many there are of which something was observed.
      accuracy: the share of them that program and networks get right.
      low, high: its 95 % Wilson interval.
      correct: whether the program gives every answer of the `labelled` examples, told by labels of
        the images, or by the integers where there are no images; None where neither is given. Of
        few examples it is no proof: other programs may answer these alike.
      labelled: on how many examples `correct` was judged.
      network_accuracies: the share of labelled images that each network names right.
      errors: the mean squared error of each OutputTensor.
      renamed: a sentence on a network that calls images by other labels; empty where none does.
    """

    examples: int
    accuracy: float
    low: float
    high: float
    correct: bool | None
    labelled: int
    network_accuracies: Mapping[str, float]
    errors: Mapping[str, float]
    renamed: str = ""

    def __str__(self) -> str:
        line = (
            f"{self.accuracy:.4f} of {self.examples:,} examples "
            f"(95 % interval {self.low:.4f} to {self.high:.4f})"
        )
        parts = []
        if self.correct is not None:
            judged = "right on all" if self.correct else "wrong on some"
            parts = [f"the program is {judged} of {self.labelled:,} labelled examples"]
        parts += [f"{name} {share:.4f}" for name, share in self.network_accuracies.items()]
        parts += [f"error of {name} {error:.4g}" for name, error in self.errors.items()]
        return "; ".join(filter(None, [line, *parts, self.renamed]))


def evaluated(model: CompiledModel, row: int, instances: Instances) -> Evaluation:
    """Measures a restart's program and networks.

    Args:
      model: the model with the parameters as they were learned.
      row: the restart's.
      instances: the examples; those of which nothing was observed do not count.
    """
    some = instances.part(instances.counted)
    grades = discrete_grades(model, {row: model.program(row)}, some)
    hits, count = int(grades.right[row].sum()), len(some)
    low, high = wilson(hits, count)
    judged = _judged(model, some)
    images = labelled_images(some)
    nets = network_accuracies(model, images)
    return Evaluation(
        examples=count,
        accuracy=hits / count,
        low=low,
        high=high,
        correct=_correct(model, row, judged) if len(judged) else None,
        labelled=len(judged),
        network_accuracies={name: float(values[row]) for name, values in nets.items()},
        errors={name: float(values[row].mean()) for name, values in grades.errors.items()},
        renamed=renamed(model, images, row),
    )


def _judged(model: CompiledModel, instances: Instances) -> Instances:
    """The instances that tell whether a program is right: by labels, or without images."""
    known = labelled(instances)
    if known is not None:
        return known
    return instances.part(np.arange(0)) if reads_images(model.checked) else instances


def _correct(model: CompiledModel, row: int, judged: Instances) -> bool:
    """Whether a program is right on each of the instances that tell it."""
    known = labelled(judged) is not None
    labels = {name: value[None] for name, value in judged.labels.items()} if known else None
    return bool(discrete_grades(model, {row: model.program(row)}, judged, labels).right[row].all())
