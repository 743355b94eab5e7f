"""The arguments of `terpret.learn`: what is wrong with one is a sentence that names it."""

import contextlib
import os
import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from terpret.errors import DataError, InputError, RunError
from terpret.language.errors import ModelError, Source
from terpret.runs.config import Config
from terpret.runs.setting import Setting, settings_of

# What a flag has before its name.
_FLAG = re.compile(r"(?<![\w-])--(?=[a-z])")


def path_of(name: str, value: object) -> str:
    """The path that an argument is.

    Raises:
      InputError: it is none.
    """
    if not isinstance(value, str | os.PathLike):
        raise InputError(f"{name}={value!r:.60} is no path")
    path = os.fspath(value)
    if not isinstance(path, str) or not path:
        raise InputError(f"{name}={value!r} names nothing: give a path")
    return path


def refuse_other_kinds(**given: object) -> None:
    """Refuses arguments that are no path, or no mapping from names, though they should be.

    Args:
      given: `model`, `workdir` and `init_nets`, paths; `hypers`, `method` and `smallest`, mappings;
        None and an empty mapping are nothing.

    Raises:
      InputError: one is something else.
    """
    for name, value in given.items():
        if value is None:
            continue
        if name in ("hypers", "method", "smallest"):
            if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
                raise InputError(f"{name}={value!r:.60} is no mapping from names to values")
        elif value != "" or name != "init_nets":
            path_of(name, value)


def plain(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of a run, numbers of NumPy as Python's.

    Args:
      settings: the value of each, by its name in `Config`.

    Raises:
      InputError: one is of another type, or outside its range, or says nothing beside another.
    """
    known = settings_of(Config)
    values = {name: _plain(value) for name, value in settings.items()}
    for name, value in values.items():
        if not known[name].allows(value):
            raise InputError(f"{name}={value!r:.60} is not {_asked(known[name])}")
    solved, restarts = values["stop_after_solved"], values["restarts"]
    if solved > restarts:
        raise InputError(f"stop_after_solved={solved}: there are only restarts={restarts}")
    return values


@contextlib.contextmanager
def told_in_python(folder: str) -> Iterator[None]:
    """Has what is refused inside told in Python's words: arguments in place of flags and files.

    Args:
      folder: the folder in which arguments are kept as files.

    Raises:
      ModelError, InputError, DataError, RunError: as inside.
    """
    try:
        yield
    except ModelError as error:
        source = Source(_reworded(folder, error.source.path), error.source.text)
        raise ModelError(source, error.diagnostics) from None
    except (InputError, DataError, RunError) as error:
        raise type(error)(_reworded(folder, str(error))) from None


def _reworded(folder: str, text: str) -> str:
    return _FLAG.sub("", text.replace(os.path.join(folder, ""), ""))


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    return value


def _asked(setting: Setting) -> str:
    """What a setting is to be, in words."""
    if setting.values:
        return f"one of {', '.join(setting.values)}"
    kind = getattr(setting.kind, "__name__", str(setting.kind))
    limits = f" from {setting.least:g} to {setting.most:g}" if kind in ("int", "float") else ""
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}{limits}"
