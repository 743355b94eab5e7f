"""The arguments of `terpret.learn`: what is wrong with one is a sentence that names it."""

import contextlib
import os
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from terpret.errors import DataError, InputError, RunError
from terpret.language.errors import ModelError, Source
from terpret.runs.config import Config
from terpret.runs.places import place
from terpret.runs.run_folder import CONTINUES
from terpret.runs.setting import Setting, settings_of

# What a flag has before its name.
_FLAG = re.compile(r"(?<![\w-])--(?=[a-z])")
# A flag, and the argument that stands for it.
_EITHER = re.compile(r"--\w+ \(in Python: (\w+=)\)")


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
    try:
        whole = b"\0" not in os.fsencode(path)
    except UnicodeEncodeError:
        whole = False
    if not whole:
        raise InputError(f"{name}={path!a:.60} has a character that no path has")
    return path


def place_of(name: str, value: object, find: Callable[[str, str], str] = place) -> str:
    """The place on this machine that an argument is, `~` replaced.

    Args:
      name: of the argument.
      value: its value.
      find: finds it as the place that a flag gives.

    Raises:
      InputError: it is none.
    """
    try:
        return find(name, path_of(name, value))
    except RunError as error:
        raise InputError(_FLAG.sub("", str(error))) from None


def refuse_other_kinds(**given: object) -> None:
    """Refuses arguments that are no path, or no mapping from names, though they should be.

    Args:
      given: `model`, a path or a text; `workdir` and `init_nets`, paths; `hypers`, `method` and
        `smallest`, mappings; None and an empty mapping are nothing, but for the model.

    Raises:
      InputError: one is something else.
    """
    for name, value in given.items():
        if (value is None and name != "model") or _is_text(name, value):
            continue
        if name in ("hypers", "method", "smallest"):
            if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
                raise InputError(f"{name}={value!r:.60} is no mapping from names to values")
        elif value != "" or name != "init_nets":
            path_of(name, value)


def _is_text(name: str, value: object) -> bool:
    """Whether an argument is the text of a model, which has more than one line."""
    return name == "model" and isinstance(value, str) and "\n" in value


def refuse_no_booleans(**given: object) -> None:
    """Refuses arguments that are neither True nor False.

    Raises:
      InputError: one is neither.
    """
    for name, value in given.items():
        if not isinstance(value, bool | np.bool_):
            raise InputError(f"{name}={value!r:.60} is not a bool")


def as_python(value: Any) -> Any:
    """A value, or a mapping of values, with numbers of NumPy as Python's."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Mapping):
        return {name: as_python(one) for name, one in value.items()}
    return value


def plain(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of a run, numbers of NumPy as Python's.

    Args:
      settings: the value of each, by its name in `Config`.

    Raises:
      InputError: one is of another type, or outside its range, or says nothing beside another.
    """
    known = settings_of(Config)
    values = {name: as_python(value) for name, value in settings.items()}
    for name, value in values.items():
        if not known[name].allows(value):
            raise InputError(f"{name}={value!r:.60} is not {_asked(known[name])}")
    solved, restarts = values["stop_after_solved"], values["restarts"]
    if solved > restarts:
        raise InputError(f"stop_after_solved={solved}: there are only restarts={restarts}")
    return values


@contextlib.contextmanager
def told_in_python(folder: str, run: str = "") -> Iterator[None]:
    """Has what is refused inside told in Python's words: arguments in place of flags and files.

    Args:
      folder: the folder in which arguments are kept as files.
      run: the run folder, if it is a temporary one.

    Raises:
      ModelError, InputError, DataError, RunError: as inside.
    """
    try:
        yield
    except ModelError as error:
        source = Source(_reworded(error.source.path, folder, run), error.source.text)
        raise ModelError(source, error.diagnostics) from None
    except (InputError, DataError, RunError) as error:
        raise type(error)(_reworded(str(error), folder, run)) from None


def _reworded(text: str, folder: str, run: str) -> str:
    if run and run in text:
        text = text.replace(run, f"temporary files in {os.path.dirname(os.path.dirname(run))}")
        text = text.replace(f"; {CONTINUES}", "") + ": make room there, or give a workdir"
    for name in ("data", "test"):
        text = text.replace(os.path.join(folder, f"{name}.npz"), name)
    text = _EITHER.sub(r"\1", text.replace(CONTINUES, CONTINUES.replace("command", "call")))
    return _FLAG.sub("", text.replace(os.path.join(folder, ""), ""))


def _asked(setting: Setting) -> str:
    """What a setting is to be, in words."""
    if setting.values:
        return f"one of {', '.join(setting.values)}"
    kind = getattr(setting.kind, "__name__", str(setting.kind))
    as_number = {"int": ",.0f", "float": "g"}.get(kind)
    least, most = (format(one, as_number or "") for one in (setting.least, setting.most))
    limits = f" from {least} to {most}" if as_number else ""
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}{limits}"
