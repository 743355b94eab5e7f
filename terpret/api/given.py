"""What Python gives to be learned, as the files that a run is made of."""

import dataclasses
import os
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np

from terpret.api.arguments import path_of, place_of
from terpret.compile import check_model
from terpret.data.array_values import filled
from terpret.data.examples import Examples, as_examples, examples_of
from terpret.data.given_arrays import Given, as_arrays
from terpret.errors import InputError
from terpret.files.temporary import placing
from terpret.language.checked import CheckedModel
from terpret.language.errors import Source
from terpret.language.model_files import model_path

# What a model that is given as a text is called in messages and in the run folder.
MODEL = "model.py"


def model_file(model: str | os.PathLike, folder: str) -> str:
    """The file of a model that is given as one, or as its text.

    Args:
      model: the path, or the text, which has more than one line.
      folder: where a text is written.

    Raises:
      InputError: the text is none.
      RunError: it cannot be written there.
    """
    if not isinstance(model, str) or "\n" not in model:
        return os.fspath(model)
    path = os.path.join(folder, MODEL)
    try:
        text = model.encode()
    except UnicodeEncodeError as error:
        raise InputError(
            f"model: {error.object[error.start]!r} is no character of a text"
        ) from None
    with placing(), open(path, "wb") as file:
        file.write(text)
    return path


def without_folder(model: CheckedModel) -> CheckedModel:
    """A model that is called by the name of its file alone, as a saved one."""
    name = os.path.basename(model.source.path)
    return dataclasses.replace(model, source=Source(name, model.source.text))


def examples_given(data: object, model: CheckedModel, answers: bool = True) -> Examples:
    """Examples that are given as a path or in Python; see `as_examples`."""
    given = place_of("data", data) if isinstance(data, str | os.PathLike) else data
    return as_examples(given, model, answers)


def data_files(
    data: Given | str | os.PathLike,
    test: Given | str | os.PathLike | None,
    model: str,
    hypers: Mapping[str, int],
    folder: str,
) -> dict[str, Any]:
    """The settings of a run that name its examples; arrays are written into files.

    Args:
      data: what is learned from: a path, arrays by name, a `tf.data.Dataset` of examples.
      test: what is tested on, in any of these forms, or nothing.
      model: the model's file.
      hypers: its hypers.
      folder: where arrays are written.

    Raises:
      ModelError, InputError: the model or the arrays are wrong, all of them at once.
      RunError: they cannot be written there.
    """
    wrong, files = list[str](), dict[str, tuple[str, bool]]()
    for setting, name, given in (("data", "data", data), ("test_data", "test", test)):
        try:
            files[setting] = _data_file(given, name, model, hypers, folder)
        except InputError as error:
            wrong.append(str(error))
    if wrong:
        raise InputError("\n".join(wrong))
    kept = [setting for setting, (_, written) in files.items() if written]
    beside = len(kept) == 1 and test is not None
    return {
        **{setting: path for setting, (path, _) in files.items()},
        "keep_data": bool(kept),
        "keep_only": kept[0] if beside else "",
    }


def _data_file(
    data: Given | str | os.PathLike | None,
    name: str,
    model: str,
    hypers: Mapping[str, int],
    folder: str,
) -> tuple[str, bool]:
    """The file of examples that are given as one, or as arrays.

    Args:
      data: a path, arrays by name, a `tf.data.Dataset` of examples, or nothing.
      name: what they are called in messages.
      model: the model's file.
      hypers: its hypers.
      folder: where arrays are written.

    Returns:
      The path, empty for nothing; and whether the arrays were written there.

    Raises:
      ModelError, InputError: the model or the arrays are wrong.
      RunError: they cannot be written there.
    """
    if data is None:
        return "", False
    if isinstance(data, str | os.PathLike):
        return path_of(name, data), False
    arrays = as_arrays(data, name)
    # What is wrong is said of the arrays, and not of the file.
    examples_of(arrays, check_model(model_path(model), hypers), name)
    path = os.path.join(folder, f"{name}.npz")
    with placing():
        _write(path, arrays)
    return path, True


def _write(path: str, arrays: Mapping[str, np.ndarray]) -> None:
    """Writes arrays to the bit as `np.savez`, which takes none of the names of its own arguments.

    Raises:
      OSError: they cannot be written.
    """
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as entry:
                np.lib.format.write_array(entry, filled(array), allow_pickle=False)
