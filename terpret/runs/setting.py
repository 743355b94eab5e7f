"""What is known of a setting, said once: where its field of a config is declared.

Flags are made from it, and a stored config is held against it.
"""

import dataclasses
import math
import types
import typing
from collections.abc import Mapping
from typing import Any

# What no integer in a config is beyond: 64 bits hold it.
_LARGEST = 2**63 - 1


@dataclasses.dataclass(frozen=True)
class Setting:
    """What is known of a setting.

    Attributes:
      name: the name of its field.
      kind: the type of its values.
      default: its value where nobody gives one.
      help: what it is, in a line for the user.
      least, most: the range of a number.
      values: what it may be; empty for all of its type.
      path: what it names, if that is a file or a folder: "file", "model", "networks" or "folder".
      words: what a setting that names a file may say in place of one.
      added: whether configs that were stored before it was thought of lack it.
      flag: the name of its flag.
    """

    name: str
    kind: Any
    default: Any
    help: str = ""
    least: float = 0
    most: float = _LARGEST
    values: tuple[str, ...] = ()
    path: str = ""
    words: tuple[str, ...] = ()
    added: bool = False
    flag: str = ""

    def allows(self, value: object) -> bool:
        """Whether this is a value of its type, in its range or among its values."""
        if not _is(value, self.kind) or (self.values and value not in self.values):
            return False
        if isinstance(value, bool) or not isinstance(value, int | float):
            return True
        return self.least <= value <= self.most


def declared(default: Any, help: str = "", **known: Any) -> Any:
    """A field of a config with all that is known of the setting: see `Setting`."""
    about = {"help": help, **known}
    if isinstance(default, dict):
        return dataclasses.field(default_factory=lambda: dict(default), metadata=about)
    return dataclasses.field(default=default, metadata=about)


def like(config: type, name: str, **otherwise: Any) -> Any:
    """A field that is declared as the one of another config, but for what is given."""
    field = {one.name: one for one in dataclasses.fields(config)}[name]
    return declared(**{"default": field.default, **field.metadata, **otherwise})


def settings_of(config: type) -> Mapping[str, Setting]:
    """What is known of every setting of a config, by name."""
    kinds = typing.get_type_hints(config)
    return {
        field.name: Setting(
            field.name,
            kinds[field.name],
            _default(field),
            **{"flag": field.name, **field.metadata},
        )
        for field in dataclasses.fields(config)
    }


def _default(field: dataclasses.Field) -> Any:
    made = field.default_factory
    return field.default if made is dataclasses.MISSING else made()


def _is(value: object, kind: Any) -> bool:
    if isinstance(kind, types.UnionType):
        return any(_is(value, one) for one in typing.get_args(kind))
    if typing.get_origin(kind) is dict:
        of_key, of_value = typing.get_args(kind)
        return type(value) is dict and all(
            _is(key, of_key) and _is(one, of_value) for key, one in value.items()
        )
    if kind is float:
        return type(value) is int or (type(value) is float and not math.isnan(value))
    return type(value) is kind
