"""The values of an instance in JSON, as arrays of what the model declares."""

import itertools
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from terpret.data.declared import Elements, lead_of, shape_within
from terpret.discrete.answers import UNOBSERVED
from terpret.errors import InputError
from terpret.language.checked import Variable

# The largest magnitude of a number in a tensor: an optimiser makes the square of the square of an
# error, which float32 can still hold.
LARGEST = 4e9


def at(value: object, index: tuple[int, ...], place: str) -> object:
    """What an array whose elements were declared one by one has at `index`.

    Raises:
      InputError: it has nothing there; the message begins with `place`.
    """
    for position in index:
        if not isinstance(value, list):
            raise InputError(f"{place} is {shown(value)}, not a list")
        if position >= len(value):
            raise InputError(f"{place} is a list of {len(value)}, and more elements are declared")
        value = value[position]
    return value


def no_more(value: object, elements: Elements, place: str) -> None:
    """Refuses an array with more elements than were declared one by one.

    Raises:
      InputError: it has; the message begins with `place`.
    """
    lead = lead_of(elements)
    if lead and isinstance(value, list) and len(value) > lead[0]:
        raise InputError(f"{place} is a list of {len(value)}, not of {lead[0]}")


def array_of(value: object, variable: Variable, place: str) -> np.ndarray:
    """The values of a variable in one instance.

    Returns:
      Integers [*dims], -1 for the `null` of an Output; of a tensor [*dims, *shape], int64 where
      JSON has nothing but integers, else float64.

    Raises:
      InputError: it does not fit; the message begins with `place`.
    """
    shape = shape_within(variable)
    flat = None if isinstance(variable.domain, int) else _numbers(value, shape)
    if flat is None:
        flat = []
        _flatten(value, shape, variable, place, flat)
    whole = all(type(one) is int for one in flat)
    return np.array(flat, np.int64 if whole and len(flat) else np.float64).reshape(shape)


def _numbers(value: object, shape: tuple[int, ...]) -> list | None:
    """The numbers of nested lists, if they are of this shape and right; it is quick for images."""
    flat: list[Any] = [value]
    for size in shape:
        if not all(isinstance(one, list) and len(one) == size for one in flat):
            return None
        flat = list(itertools.chain.from_iterable(flat))
    right = set(map(type, flat)) <= {int, float}
    return flat if right and flat and -LARGEST <= min(flat) <= max(flat) <= LARGEST else None


def _flatten(
    value: object, shape: tuple[int, ...], variable: Variable, place: str, flat: list
) -> None:
    if shape:
        if not isinstance(value, list):
            raise InputError(f"{place} is {shown(value)}, not a list of {shape[0]}")
        if len(value) != shape[0]:
            raise InputError(f"{place} is a list of {len(value)}, not of {shape[0]}")
        for position, item in enumerate(value):
            _flatten(item, shape[1:], variable, f"{place}[{position}]", flat)
        return
    if not isinstance(variable.domain, int):
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InputError(f"{place} is {shown(value)}, not a number")
        if not -LARGEST <= value <= LARGEST:
            limits = f"-{LARGEST:g}..{LARGEST:g}"
            raise InputError(f"{place} is {shown(value)}, outside {limits}: scale its numbers")
        flat.append(value)
        return
    flat.append(integer(value, variable.domain, variable.kind == "Output", place))


def integer(value: object, size: int, may_lack: bool, place: str) -> int:
    """An integer 0..size-1; -1 for `null`, where it may be that.

    Raises:
      InputError: it is another value; the message begins with `place`.
    """
    if value is None and may_lack:
        return UNOBSERVED
    if value is None:
        raise InputError(f"{place} is null: only an Output can be left unobserved")
    if isinstance(value, bool) or not isinstance(value, int):
        raise InputError(f"{place} is {shown(value)}, not an integer")
    if not 0 <= value < size:
        raise InputError(f"{place} is {shown(value)}, outside 0..{size - 1}")
    return value


def labels_at(value: object, size: int, dims: tuple[int, ...], place: str) -> np.ndarray:
    """Labels of images [*dims], -1 for `null`: not known.

    Raises:
      InputError: they do not fit; the message begins with `place`.
    """
    if not dims:
        return np.asarray(integer(value, size, True, place), np.int32)
    if not isinstance(value, list) or len(value) != dims[0]:
        raise InputError(f"{place} is {shown(value)}, not a list of {dims[0]}")
    parts = [labels_at(one, size, dims[1:], f"{place}[{k}]") for k, one in enumerate(value)]
    return np.array(parts, np.int32).reshape(dims)


def shown(value: object) -> str:
    """A value of JSON as a message shows it."""
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "an object"
    text = json.dumps(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def values_of(
    instance: Mapping[str, object], name: str, elements: Elements, place: str
) -> dict[str, np.ndarray]:
    """The arrays that one key of an instance gives, by variable.

    Raises:
      InputError: the instance lacks it, or it does not fit; the message begins with `place`.
    """
    if name not in instance:
        raise InputError(f"{place} lacks '{name}'")
    value, place = instance[name], f"{place}: '{name}'"
    arrays = {
        variable.name: array_of(at(value, index, place), variable, place)
        for index, variable in elements.items()
    }
    no_more(value, elements, place)
    return arrays
