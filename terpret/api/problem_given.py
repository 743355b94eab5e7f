"""What Python gives to be solved, as one problem."""

import os
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from terpret.api.arguments import as_python, place_of, refuse_other_kinds, told_in_python
from terpret.api.given import examples_given, model_file
from terpret.backends.exact.encode import refuse_tensors
from terpret.backends.exact.problem import Group, Problem, refuse_other_params
from terpret.compile import check_model
from terpret.data.example_set import Examples
from terpret.data.examples import is_batches
from terpret.data.given_arrays import as_arrays
from terpret.discrete.program import checked_integers
from terpret.errors import InputError
from terpret.files.temporary import temporary_folder
from terpret.language.checked import CheckedModel, size_of
from terpret.language.errors import Source, read_source, suggestion
from terpret.language.model_files import model_path
from terpret.language.reads import label_names
from terpret.runs.batches_file import DataFile, open_batches


def problem_given(
    given: str | os.PathLike | CheckedModel,
    data: Any,
    labels: Mapping[str, object] | None,
    hypers: Mapping[str, int] | str | os.PathLike | None,
) -> Problem:
    """A model and its examples; arguments as of `terpret.solve`.

    Raises:
      ModelError, InputError, DataError: one is wrong, or the model computes with tensors.
    """
    with temporary_folder() as folder, told_in_python(folder):
        file = place_of("hypers", hypers) if isinstance(hypers, str | os.PathLike) else ""
        if not file:
            refuse_other_kinds(hypers=hypers)
        own = given.hypers if isinstance(given, CheckedModel) else {}
        values = {} if file else {**own, **as_python(hypers or {})}
        source = _source(given, folder)
        if isinstance(data, str | os.PathLike) and is_batches(place_of("data", data)):
            if labels is not None:
                raise InputError("labels: only beside arrays, not beside a file of batches")
            return _of_batches(
                open_batches(place_of("data", data), source, values, file, several=True)
            )
        if file:
            raise InputError(f"hypers={file}: configurations are for a file of batches")
        model = given if isinstance(given, CheckedModel) else None
        if model is None or values != own:
            model = check_model(source, values)
        return Problem((_group(model, data, labels),))


def _source(given: str | os.PathLike | CheckedModel, folder: str) -> Source:
    """The text of a model, under the name that messages have of it.

    Raises:
      InputError: there is none.
    """
    if isinstance(given, CheckedModel):
        return given.source
    refuse_other_kinds(model=given)
    source = read_source(model_path(model_file(given, folder)))
    place, name = os.path.split(source.path)
    # Where a text was written is gone afterwards.
    return Source(name, source.text) if place == folder else source


def _of_batches(file: DataFile) -> Problem:
    """All batches to learn from, each under its hypers.

    Raises:
      InputError: they have no program in common, or show images.
    """
    models = [instances.model for instances in file.curriculum]
    for model in models:
        refuse_tensors(model)
        if model.networks and label_names(model):
            raise InputError(
                f"{file.path}: a solver reads no images, and a file of batches says of none what "
                "it shows: give arrays and labels="
            )
    refuse_other_params(models)
    return Problem(
        tuple(
            Group(one.model, one.integers_given, one.integers, {}, len(one))
            for one in file.curriculum
        )
    )


def _group(model: CheckedModel, data: Any, labels: Mapping[str, object] | None) -> Group:
    refuse_tensors(model)
    inputs = [v for v in model.of_kind("Input") if isinstance(v.domain, int)]
    outputs = model.of_kind("Output")
    if labels is None:
        examples = examples_given(data, model)
        arrays, said = examples.arrays, _labels(model, examples)
        size = examples.size
    else:
        arrays, told = as_arrays(data), as_arrays(labels, "labels")
        _refuse_unknown(told, label_names(model))
        said = {
            name: checked_integers(told, name, image.dims, _answers(model, network))
            for name, (network, image) in label_names(model).items()
        }
        for variable in inputs:
            checked_integers(arrays, variable.name, variable.dims, variable.size)
        for variable in outputs:
            checked_integers(arrays, variable.name, variable.dims, variable.size, -1)
        sizes = {len(v) for v in (*said.values(), *(arrays[v.name] for v in (*inputs, *outputs)))}
        if len(sizes) > 1:
            raise InputError(f"data and labels differ in their number of examples: {sorted(sizes)}")
        size = sizes.pop() if sizes else 0
    if not size:
        raise InputError("data: there are no examples")
    return Group(
        model,
        {variable.name: np.asarray(arrays[variable.name]) for variable in inputs},
        {variable.name: np.asarray(arrays[variable.name]) for variable in outputs},
        said,
        size,
    )


def _refuse_unknown(told: Collection[str], names: Collection[str]) -> None:
    """Refuses labels that nobody asks for.

    Raises:
      InputError: there are such labels.
    """
    for name in told:
        if name not in names:
            hint = suggestion(name, names) or f"there are: {', '.join(names) or 'none'}"
            raise InputError(f"labels: the model asks for none of '{name}'; {hint}")


def _labels(model: CheckedModel, examples: Examples) -> dict[str, np.ndarray]:
    """The labels of all images, under the names of `label_names`.

    Raises:
      InputError: some are not known.
    """
    said = {}
    for name, (network, image) in label_names(model).items():
        known = examples.labels.get(network, {}).get(image.name)
        if known is None or (known < 0).any():
            raise InputError(
                f"{examples.source}: a solver reads no images: give what '{network}' says of each "
                f"one of '{image.name}' ({image.name}_{network}), or labels="
            )
        said[name] = known
    return said


def _answers(model: CheckedModel, name: str) -> int:
    """How many labels a network has."""
    return size_of(next(one.output for one in model.networks if one.name == name))
