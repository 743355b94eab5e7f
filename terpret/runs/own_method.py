"""A method of one's own as a user gives it: `program_rate=0.05,gumbel=0`, or a TOML file.

What is read is kept by its values, so a file that is edited afterwards changes nothing.
"""

import os
import re
import tomllib
from collections.abc import Mapping

from terpret.errors import InputError
from terpret.language.checked import CheckedModel
from terpret.learning.own_method import Value, changed, differing
from terpret.learning.presets import preset

# What `Method.for_networks_alone` leaves out, and the rate of what is not there.
_OF_PROGRAMS = ("program_rate", "gradient_noise", "entropy", "dirichlet", "gumbel")
# A file of a few fields is no longer; nothing longer is read.
_MOST_BYTES = 100_000
_FORM = "write NAME=VALUE,NAME=VALUE, or give a file that ends with .toml"


def own_method(text: str, name: str) -> dict[str, Value]:
    """What a user's method has other than a preset.

    Args:
      text: fields with values, or a TOML file of them.
      name: of the preset.

    Returns:
      The values that differ from the preset's, by field.

    Raises:
      InputError: there is no such preset or file, or a field or a value is wrong.
    """
    given, place = (_read(text), text) if text.endswith(".toml") else (_parsed(text), "--method")
    return differences(name, given, place)


def differences(name: str, values: Mapping[str, object], place: str = "method") -> dict[str, Value]:
    """What a method has other than a preset, from values that may be the preset's own.

    Args:
      name: of the preset.
      values: by field.
      place: where they are given, for the message.

    Raises:
      InputError: there is no such preset, or a field or a value is wrong.
    """
    known = preset(name)
    try:
        return differing(changed(known, values), known)
    except InputError as error:
        raise InputError(f"{place}: {error}") from None


def idle_fields(values: Mapping[str, Value], model: CheckedModel) -> list[str]:
    """A sentence for each kind of fields that change nothing, whatever values they have.

    Args:
      values: by field.
      model: what is learned.
    """
    shapes = (one.domain for one in model.of_kind("Input") if not isinstance(one.domain, int))
    images = any(len(shape) > 1 for shape in shapes)
    kinds = {
        "reads no image": [] if images else ["shift"],
        "has no network": [] if model.networks else ["network_rate"],
        "has no Param": [] if model.of_kind("Param") else _OF_PROGRAMS,
    }
    found = {why: [name for name in values if name in fields] for why, fields in kinds.items()}
    return [
        f"{' and '.join(names)}: of no effect here, for the model {why}"
        for why, names in found.items()
        if names
    ]


def method_text(values: Mapping[str, object]) -> str:
    """Fields with values as `--method` takes them."""
    shown = ((n, str(v).lower() if isinstance(v, bool) else str(v)) for n, v in values.items())
    return ",".join(f"{name}={value}" for name, value in shown)


def _parsed(text: str) -> dict[str, object]:
    """The values of `program_rate=0.05,gumbel=0`.

    Raises:
      InputError: a part has another form, or a field stands twice.
    """
    values: dict[str, object] = {}
    for part in filter(None, text.split(",")):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not (name and equals and value):
            raise InputError(f"--method has '{part:.80}': {_FORM}")
        if name in values:
            raise InputError(f"--method gives {name} twice: give it once")
        values[name] = _value(value)
    if not values:
        raise InputError(f"--method={text:.80} has no field: {_FORM}")
    return values


def _value(text: str) -> object:
    """The value that a text is: a boolean, a number, or the text itself."""
    if text in ("true", "false"):
        return text == "true"
    if re.fullmatch(r"[+-]?[0-9]{1,30}", text, re.ASCII):
        return int(text)
    # Not all that Python takes for a number: `1_000` and `infinity` are words here.
    number = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,4})?"
    return float(text) if re.fullmatch(number, text, re.ASCII) else text


def _read(path: str) -> dict[str, object]:
    """The values of a TOML file.

    Raises:
      InputError: it cannot be read, is no TOML, or holds no field.
    """
    try:
        with open(os.path.expanduser(path), "rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"--method={path}: cannot read it: {reason}") from None
    if len(data) > _MOST_BYTES:
        raise InputError(f"{path} is larger than {_MOST_BYTES:,} bytes, which is no file of fields")
    try:
        values = tomllib.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise InputError(f"{path} is not UTF-8 text: save it as UTF-8") from None
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        raise InputError(f"{path} is no TOML: {error}; write lines of NAME = VALUE") from None
    if not values:
        raise InputError(f"{path} has no field: write lines of NAME = VALUE")
    return values
