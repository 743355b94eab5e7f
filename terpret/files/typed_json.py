"""Frozen dataclasses to JSON and back: the types of their fields are what a file must hold."""

import collections.abc
import contextlib
import dataclasses
import functools
import types
import typing
from typing import Any, TypeVar

T = TypeVar("T")


def to_json(value: object) -> Any:
    """A dataclass, and whatever it holds, as JSON has it; the keys of an object are texts."""
    if dataclasses.is_dataclass(value):
        return {f.name: to_json(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, collections.abc.Mapping):
        return {str(key): to_json(one) for key, one in value.items()}
    return [to_json(one) for one in value] if isinstance(value, tuple | list) else value


def from_json(kind: type[T], value: object) -> T:
    """The dataclass of this kind that `to_json` made `value` of.

    Fields that are not there have their defaults, and what is no field is left out. An integer is a
    float too. Of a union the first member that fits is taken.

    Raises:
      ValueError: a field is missing or of another type, or the dataclass refuses its values.
    """
    return _value(kind, value)


def _value(kind: Any, value: object) -> Any:
    origin, inside = typing.get_origin(kind), typing.get_args(kind)
    if kind is object:
        return value
    if dataclasses.is_dataclass(kind):
        return _record(kind, value)
    if origin in (types.UnionType, typing.Union):
        for one in inside:
            with contextlib.suppress(ValueError):
                return _value(one, value)
    elif origin is typing.Literal:
        if isinstance(value, str) and value in inside:
            return value
    elif origin in (collections.abc.Mapping, dict):
        if isinstance(value, dict):
            return {_key(inside[0], key): _value(inside[1], one) for key, one in value.items()}
    elif origin in (tuple, list):
        if isinstance(value, list):
            return _values(origin, inside, value)
    elif type(value) is kind or (kind is float and type(value) is int):
        return value
    raise ValueError(f"no {kind}: {value!r:.40}")


def _record(kind: Any, value: object) -> Any:
    if not isinstance(value, dict):
        raise ValueError(f"no object: {value!r:.40}")
    given = {
        name: _value(field, value[name]) for name, field in _fields(kind).items() if name in value
    }
    missing = _required(kind) - given.keys()
    if missing:
        raise ValueError(f"no {' and '.join(sorted(missing))}")
    return kind(**given)


def _values(origin: type, inside: tuple[Any, ...], value: list[object]) -> Any:
    if origin is list or inside[-1] is Ellipsis:
        return origin(_value(inside[0], one) for one in value)
    if len(value) != len(inside):
        raise ValueError(f"not {len(inside)} values: {value!r:.40}")
    return tuple(_value(one, part) for one, part in zip(inside, value, strict=True))


def _key(kind: Any, key: str) -> Any:
    if kind is int and not key.isdecimal():
        raise ValueError(f"no number: {key!r:.40}")
    return kind(key)


@functools.cache
def _fields(kind: Any) -> dict[str, Any]:
    """The types of a dataclass's fields by name."""
    hints = typing.get_type_hints(kind)
    return {field.name: hints[field.name] for field in dataclasses.fields(kind)}


@functools.cache
def _required(kind: Any) -> frozenset[str]:
    """The fields that have no default."""
    none = dataclasses.MISSING
    return frozenset(
        field.name
        for field in dataclasses.fields(kind)
        if field.default is none and field.default_factory is none
    )
