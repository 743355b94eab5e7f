"""Examples that are given in Python, as arrays by name: what is wrong with them is said at once."""

from collections.abc import Iterable, Mapping

import numpy as np

from terpret.data.faults import MOST, Faults
from terpret.errors import InputError
from terpret.free_memory import available_bytes

Given = Mapping[str, object] | Iterable[Mapping[str, object]]
"""Examples in Python: arrays by name, or an iterable of examples, such as a `tf.data.Dataset`."""

# What an array in memory takes besides its numbers.
_HELD = 128
# What a `tf.data.Dataset` says of its size where it has no end.
ENDLESS = -1


def as_arrays(data: object, name: str = "data") -> dict[str, np.ndarray]:
    """Arrays by name of what is given in Python.

    Args:
      data: arrays, or what can be made one, by name; or an iterable of examples, each such a
        mapping, like a `tf.data.Dataset`.
      name: what they are called in messages.

    Raises:
      InputError: they are no such thing; with all that is wrong with them, a line each.
    """
    faults = Faults()
    if isinstance(data, Mapping):
        arrays = _arrays(data, name, faults)
        faults.raise_found()
        return arrays
    if isinstance(data, str | bytes | np.ndarray) or not isinstance(data, Iterable):
        raise InputError(f"{name}: data are arrays by declared name, not {type(data).__name__}")
    cardinality = getattr(data, "cardinality", None)
    if cardinality is not None and int(cardinality()) == ENDLESS:
        raise InputError(
            f"{name}: the data set has no end: take as many of its examples as are needed"
        )
    columns = _columns(data, name, faults)
    faults.raise_found()
    if not columns:
        raise InputError(f"{name}: there are no examples")
    return {key: _stacked(column) for key, column in columns.items()}


def _columns(examples: Iterable[object], name: str, faults: Faults) -> dict[str, list[np.ndarray]]:
    """What each example has of each name; an example that is faulty is left out.

    Raises:
      InputError: they take too much memory.
    """
    columns: dict[str, list[np.ndarray]] = {}
    first, taken, most = 0, 0, available_bytes() // 2
    for number, example in enumerate(examples):
        place, before = f"{name}: example {number}", len(faults)
        values = _values(example, place, faults)
        if not columns and len(faults) == before:
            first = number
            columns = {key: [] for key in values}
        if len(faults) == before:
            _compare(values, columns, place, first, faults)
        # There may be no end of faulty ones.
        if len(faults) >= MOST:
            break
        if len(faults) > before:
            continue
        for key, value in values.items():
            columns[key].append(value)
            taken += value.nbytes + _HELD
        if taken > most:
            raise InputError(
                f"{place}: the examples up to here take {taken / 1e9:.2g} GB, more than half of "
                "the memory that was free: give fewer, or an .npz file, which large arrays stay in"
            )
    return columns


def _values(example: object, place: str, faults: Faults) -> dict[str, np.ndarray]:
    """What one example has, by name."""
    if isinstance(example, Mapping):
        return _arrays(example, place, faults)
    kind = type(example).__name__
    faults.add(f"{place} is of type {kind}, not a mapping of values by declared name")
    return {}


def _compare(
    values: Mapping[str, np.ndarray],
    columns: Mapping[str, list[np.ndarray]],
    place: str,
    first: int,
    faults: Faults,
) -> None:
    """Records what an example has otherwise than the first one."""
    for odd in sorted(values.keys() ^ columns.keys()):
        faults.add(f"{place} has other names than example {first}: '{odd}' is not in both")
    for key in values.keys() & columns.keys():
        shape = columns[key][0].shape if columns[key] else values[key].shape
        if values[key].shape != shape:
            shapes = f"{values[key].shape}, in example {first} {shape}"
            faults.add(f"{place}: '{key}' has the shape {shapes}")


def _arrays(given: Mapping[object, object], place: str, faults: Faults) -> dict[str, np.ndarray]:
    """Arrays by declared name; what is no name, or cannot be made an array, is a fault."""
    arrays = {}
    for key, value in given.items():
        if not isinstance(key, str):
            faults.add(f"{place}: {key!r:.40} is not a declared name")
            continue
        try:
            arrays[key] = _array(value)
        except (TypeError, ValueError, RuntimeError) as error:
            reason = str(error).splitlines()[0][:100] if str(error) else type(error).__name__
            faults.add(f"{place}: '{key}' cannot be made an array: {reason}")
    return arrays


def _array(value: object) -> np.ndarray:
    return value if isinstance(value, np.ma.MaskedArray) else np.asarray(value)


def _stacked(rows: list[np.ndarray]) -> np.ndarray:
    masked = any(isinstance(row, np.ma.MaskedArray) for row in rows)
    return np.ma.stack(rows) if masked else np.stack(rows)
