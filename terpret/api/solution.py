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

from terpret.api.arguments import place_of
from terpret.api.given import examples_given
from terpret.api.own_networks import refuse_no_builders, remade
from terpret.api.run_folders import best_of_run
from terpret.backends.keras_models import Build
from terpret.backends.model import CompiledModel
from terpret.backends.networks import Library
from terpret.compile import compile_model
from terpret.errors import InputError, RunError
from terpret.files import own_files
from terpret.files.asked import write_asked
from terpret.language.checked import CheckedModel
from terpret.learning.layers import assign_layers
from terpret.learning.network_file import shapes_of
from terpret.learning.program_file import SavedProgram, load_program, program_bytes
from terpret.runs.evaluated import Evaluation, evaluated
from terpret.runs.export import export, served, serving_note, signature_name
from terpret.runs.own_data import instances_from
from terpret.runs.places import new_folder

# Examples that a program is run on at once.
AT_ONCE = 1000


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
        instances = instances_from(self.checked, examples_given(data, self.checked, answers=False))
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
        examples = examples_given(data, self.checked)
        return evaluated(self.model, 0, instances_from(self.checked, examples))

    def save(self, path: str | os.PathLike) -> None:
        """Writes program, model and networks to a file, which `terpret.load` reads.

        Raises:
          InputError: it is no path of a file.
          RunError: it cannot be written, for its folder is not there, or what is there is a run's
            own or no plain file.
        """
        target = place_of("path", path)
        if os.fspath(path).endswith(os.sep):
            raise InputError(f"path={path!r:.60} is a folder: give a file in it")
        folder = os.path.dirname(target)
        if folder and not os.path.isdir(folder):
            raise RunError(f"cannot write {target}: there is no folder {folder}: make it first")
        plain = os.path.isfile(target) and not os.path.islink(target)
        if os.path.lexists(target) and (not plain or own_files.owns(os.path.realpath(target))):
            raise RunError(f"{target} is a run's own, or no plain file: give another name")
        write_asked(target, program_bytes(self.saved, shapes_of(self.model.library)))

    def export(self, folder: str | os.PathLike) -> None:
        """Writes the program as a TensorFlow SavedModel, which needs no terpret to run.

        Args:
          folder: where; for TensorFlow Serving its name is a version number, as in `served/1`.

        Raises:
          InputError: it is no path, is not empty, is a run's own, or cannot be written, or
            TensorFlow could not read it.
        """
        target = place_of("folder", folder, new_folder)
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
    place, builders = place_of("path", path), {} if networks is None else networks
    refuse_no_builders(builders)
    if os.path.isdir(place):
        return Solution(best_of_run(place, builders))
    saved = load_program(place)
    return Solution(
        dataclasses.replace(saved, keras=remade(saved.keras, builders, saved.program.model))
    )
