"""One learned program with its networks: to be read, used, measured, saved and exported."""

import dataclasses
import functools
import html
import os
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from terpret.api.arguments import path_of
from terpret.api.own_networks import remade
from terpret.api.run_folders import best_of_run
from terpret.backends.keras_models import Build
from terpret.backends.model import CompiledModel
from terpret.backends.networks import Library
from terpret.compile import compile_model
from terpret.data.examples import as_examples
from terpret.errors import RunError
from terpret.files import own_files
from terpret.files.asked import write_asked
from terpret.language.checked import CheckedModel
from terpret.learning.accuracies import network_accuracies
from terpret.learning.instances import Instances, Judge, discrete_grades
from terpret.learning.layers import assign_layers
from terpret.learning.network_file import shapes_of
from terpret.learning.program_file import SavedProgram, load_program, program_bytes
from terpret.runs.export import export, served, serving_note, signature_name
from terpret.runs.own_data import instances_from, labelled, labelled_images, reads_images
from terpret.runs.tables import wilson

# Examples that a program is run on at once.
AT_ONCE = 1000


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
    """

    examples: int
    accuracy: float
    low: float
    high: float
    correct: bool | None
    labelled: int
    network_accuracies: Mapping[str, float]
    errors: Mapping[str, float]

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
        return "; ".join([line, *parts])


@dataclasses.dataclass(frozen=True, eq=False)
class Solution:
    """A learned program with its networks.

    Attributes:
      saved: the program, the layers of its networks, and what is known of it.
    """

    saved: SavedProgram

    @property
    def source(self) -> str:
        """The program as source code, with the confidence of each line."""
        return self.saved.listing

    @property
    def values(self) -> Mapping[str, np.ndarray]:
        """The value of every Param, integers [*dims] by name."""
        return self.saved.program.values

    @property
    def about(self) -> Mapping[str, Any]:
        """What was measured of it when it was learned, as `results.json` has it."""
        return self.saved.about

    @property
    def checked(self) -> CheckedModel:
        """The model that it is a program of."""
        return self.saved.program.model

    @functools.cached_property
    def model(self) -> CompiledModel:
        """The model with this program as its constants and these networks, one restart."""
        library = Library(1, keras=self.saved.keras)
        for network in self.checked.networks:
            if network.name in self.saved.layers:
                library.use(network)
        assign_layers(library.weights, self.saved.layers)
        return compile_model(self.checked, constants=self.values, library=library)

    def predict(self, data: Mapping[str, object]) -> dict[str, np.ndarray]:
        """What the program gives, reading each image as its networks do.

        Args:
          data: the Inputs by name, [examples, *dims] of integers, [examples, *dims, *shape] of
            images: integers 0..255 or floats.

        Returns:
          The Outputs by name, integers [examples, *dims]; -1 where a function lost the value.

        Raises:
          InputError: an Input is missing or does not fit the model.
        """
        instances = instances_from(self.checked, as_examples(data, self.checked, answers=False))
        inputs = [variable.name for variable in self.checked.of_kind("Input")]
        parts = []
        for part in instances.parts(AT_ONCE):
            shown = part.shown
            parts.append(self._served(*(shown[name] for name in inputs)))
        return {
            variable.name: np.concatenate([part[signature_name(variable.name)] for part in parts])
            for variable in self.checked.of_kind("Output")
        }

    def evaluate(self, data: object) -> Evaluation:
        """How much of some examples program and networks get right.

        Args:
          data: a mapping of arrays by declared name, a `tf.data.Dataset` of such examples, or a
            path, in any of the forms of `terpret.learn`; of a folder its `test.csv`.

        Raises:
          InputError: they do not fit the model.
        """
        instances = instances_from(self.checked, as_examples(data, self.checked))
        some = instances.part(instances.counted)
        program = self.model.program(0)
        grades = discrete_grades(self.model, {0: program}, some)
        hits, count = int(grades.right[0].sum()), len(some)
        low, high = wilson(hits, count)
        judged = self._judged(some)
        nets = network_accuracies(self.model, labelled_images(some))
        return Evaluation(
            examples=count,
            accuracy=hits / count,
            low=low,
            high=high,
            correct=self._correct(judged) if len(judged) else None,
            labelled=len(judged),
            network_accuracies={name: float(values[0]) for name, values in nets.items()},
            errors={name: float(values[0].mean()) for name, values in grades.errors.items()},
        )

    def save(self, path: str | os.PathLike) -> None:
        """Writes program, model and networks to a file, which `terpret.load` reads.

        Raises:
          InputError: it is no path.
          RunError: it cannot be written, or what is there is a run's own or no plain file.
        """
        target = path_of("path", path)
        plain = os.path.isfile(target) and not os.path.islink(target)
        if os.path.lexists(target) and (not plain or own_files.owns(os.path.realpath(target))):
            raise RunError(f"{target} is a run's own, or no plain file: give another name")
        write_asked(target, program_bytes(self.saved, shapes_of(self.model.library)))

    def export(self, folder: str | os.PathLike) -> None:
        """Writes the program as a TensorFlow SavedModel, which needs no terpret to run.

        Args:
          folder: where; for TensorFlow Serving its name is a version number, as in `served/1`.

        Raises:
          InputError: it is no path, is not empty, or cannot be written.
        """
        target = path_of("folder", folder)
        if note := serving_note(target):
            warnings.warn(note, stacklevel=2)
        logger = tf.get_logger()
        level = logger.level
        logger.setLevel("ERROR")
        try:
            export(self.model, 0, target, self.source, {"about": dict(self.about)})
        finally:
            logger.setLevel(level)

    def __str__(self) -> str:
        return self.source

    def _repr_html_(self) -> str:
        """The program as a notebook shows it."""
        return f"<pre>{html.escape(self.source)}</pre>"

    def _judged(self, instances: Instances) -> Instances:
        """The instances that tell whether the program is right: by labels, or without images."""
        known = labelled(instances)
        if known is not None:
            return known
        return instances.part(np.arange(0)) if reads_images(self.checked) else instances

    def _correct(self, judged: Instances) -> bool:
        """Whether the program is right on each of the instances that tell it."""
        judge = Judge(judged, by_labels=labelled(judged) is not None)
        return judge.accuracies(self.model, [self.model.program(0)]) == [1.0]

    @functools.cached_property
    def _served(self) -> Any:
        """The function of an export, which gives the Outputs in their order."""
        return served(self.model, 0)


def load(path: str | os.PathLike, networks: Mapping[str, Build] | None = None) -> Solution:
    """Reads a program that `Solution.save` wrote, or the best one of a run's folder.

    Args:
      path: the file, or the folder of a finished run of `terpret.learn` or `terpret train`.
      networks: what makes the Keras models that are its networks, by network; needed of those that
        are not made of Keras' own layers alone.

    Raises:
      InputError: the file is not one of a program, or is damaged, or a network cannot be made.
      RunError: the folder holds no finished run, or its data are gone.
    """
    place = path_of("path", path)
    if os.path.isdir(place):
        return Solution(best_of_run(place, networks or {}))
    saved = load_program(place)
    return Solution(
        dataclasses.replace(saved, keras=remade(saved.keras, networks or {}, saved.program.model))
    )
