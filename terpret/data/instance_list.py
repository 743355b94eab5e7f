"""Examples as a plain list of instances in JSON, or as JSON Lines: one instance a line."""

import itertools
import json
from collections.abc import Iterator

import numpy as np

from terpret.data.array_values import WHITE
from terpret.data.declared import Elements, keys_of, labels_of, lead_of, unknown
from terpret.data.faults import Faults
from terpret.data.json_file import NotStrict, read_json, strict_json
from terpret.data.json_values import labels_at, values_of
from terpret.errors import InputError
from terpret.language.checked import CheckedModel

# The longest line of JSON Lines: an instance of many images.
MAX_LINE = 64 * 1024**2


def read_instances(
    path: str, model: CheckedModel, faults: Faults, answers: bool = True
) -> dict[str, np.ndarray]:
    """The arrays of a JSON file that is a list of instances, as `examples_from` takes them.

    Args:
      path: the file.
      model: the model.
      faults: where what is wrong is recorded, by instance and key.
      answers: whether the Outputs must be there.

    Raises:
      InputError: the file is not JSON.
    """
    content = read_json(path)
    if not isinstance(content, list):
        faults.add(f"{path}: a data file is a list of instances, like {_form(model)}")
        return {}
    places = ((f"{path}: instance {number}", one) for number, one in enumerate(content))
    return _arrays(places, path, model, faults, answers)


def read_lines(
    path: str, model: CheckedModel, faults: Faults, answers: bool = True
) -> dict[str, np.ndarray]:
    """The arrays of a file of JSON Lines; see `read_instances`."""
    return _arrays(_lines(path, faults), path, model, faults, answers)


def _lines(path: str, faults: Faults) -> Iterator[tuple[str, object]]:
    """The place and the value of each line that is not empty."""
    try:
        with open(path, "rb") as file:
            for number in itertools.count(1):
                line, place = file.readline(MAX_LINE + 1), f"{path}:{number}"
                if not line:
                    return
                if len(line) > MAX_LINE:
                    faults.add(f"{place}: the line is longer than {MAX_LINE:,} bytes")
                    return
                if line.strip():
                    try:
                        yield place, _value(line, place)
                    except InputError as error:
                        faults.add(str(error))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "this is not a path"
        faults.add(f"{path}: cannot read the file: {reason.lower()}")


def _value(line: bytes, place: str) -> object:
    try:
        return strict_json(line.strip().decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise InputError(f"{place}: the line is not UTF-8 text") from None
    except json.JSONDecodeError as error:
        raise InputError(
            f"{place}:{error.colno}: this is not JSON: {error.msg.lower()}: a line is one instance"
        ) from None
    except RecursionError:
        raise InputError(f"{place}: the line is nested too deeply") from None
    except ValueError as error:
        reason = str(error) if isinstance(error, NotStrict) else "a number is too large"
        raise InputError(f"{place}: {reason}") from None


def _arrays(
    instances: Iterator[tuple[str, object]],
    path: str,
    model: CheckedModel,
    faults: Faults,
    answers: bool,
) -> dict[str, np.ndarray]:
    keys, labels = keys_of(model), labels_of(model)
    known = [*keys, *labels]
    columns: dict[str, list[np.ndarray]] = {}
    seen, count = set[str](), 0
    for place, instance in instances:
        count += 1
        if not isinstance(instance, dict):
            faults.add(f"{place} is not an object like {_form(model)[1:-1]}")
            continue
        for name in sorted(instance.keys() - known):
            faults.add(f"{place}: {unknown(name, known)}")
        for name, elements in keys.items():
            if name in instance or answers or _inputs(elements):
                try:
                    arrays = values_of(instance, name, elements, place)
                except InputError as error:
                    faults.add(str(error))
                    continue
                for variable, array in arrays.items():
                    columns.setdefault(variable, []).append(_small(array))
        for name, one in labels.items():
            if name in instance:
                dims = (*lead_of(one.images), *next(iter(one.images.values())).dims)
                try:
                    array = labels_at(instance[name], one.size, dims, f"{place}: '{name}'")
                except InputError as error:
                    faults.add(str(error))
                    continue
                columns.setdefault(name, []).append(array)
                seen.add(name)
    for name in seen:
        if len(columns[name]) < count and not faults:
            faults.add(f"{path}: '{name}' is not given in every instance: null is not known")
    if not count and not faults:
        faults.add(f"{path}: there are no examples: give a list of instances, like {_form(model)}")
    if faults:
        return {}
    return {name: np.stack(column) for name, column in columns.items()}


def _inputs(elements: Elements) -> bool:
    return any(variable.kind == "Input" for variable in elements.values())


def _small(array: np.ndarray) -> np.ndarray:
    """The same numbers in less memory, where they are those of images."""
    if array.dtype == np.float64:
        return array.astype(np.float32)
    small = array.ndim >= 2 and array.size and 0 <= array.min() and array.max() <= WHITE
    # Of 16 bits, because uint8 alone would say of a vector that it is to be divided.
    return array.astype(np.int16) if small else array


def _form(model: CheckedModel) -> str:
    """What a file looks like, in short."""
    names = [f'"{name}": ...' for name in keys_of(model)]
    return "[{" + ", ".join(names[:3]) + ", ..." * (len(names) > 3) + "}]"
