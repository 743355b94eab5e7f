"""What Python gives to be learned, as the files that a run is made of."""

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from terpret.compile import check_model
from terpret.data.array_values import filled
from terpret.data.examples import Given, as_arrays, examples_of
from terpret.files.temporary import placing
from terpret.language.model_files import model_path

# What a model that is given as a text is called in messages and in the run folder.
MODEL = "model.py"


def model_file(model: str | os.PathLike, folder: str) -> str:
    """The file of a model that is given as one, or as its text.

    Args:
      model: the path, or the text, which has more than one line.
      folder: where a text is written.

    Raises:
      RunError: it cannot be written there.
    """
    if not isinstance(model, str) or "\n" not in model:
        return os.fspath(model)
    path = os.path.join(folder, MODEL)
    with placing(), open(path, "w", encoding="utf-8") as file:
        file.write(model)
    return path


def data_file(
    data: Given | str | os.PathLike | None,
    name: str,
    model: str,
    hypers: Mapping[str, int] | None,
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
        return os.fspath(data), False
    arrays = as_arrays(data, name)
    # What is wrong is said of the arrays, and not of the file.
    examples_of(arrays, check_model(model_path(model), hypers), name)
    path = os.path.join(folder, f"{name}.npz")
    entries: dict[str, Any] = {key: filled(value) for key, value in arrays.items()}
    with placing():
        np.savez(path, **entries)
    return path, True
