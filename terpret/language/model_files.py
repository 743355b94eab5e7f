"""Which file a model is: a built-in one, meant by its bare name, or any other, by its path."""

import filecmp
import functools
import glob
import os
import pathlib
import re

import terpret
from terpret.errors import RunError
from terpret.language.errors import suggestion

# The built-in models lie beside the library.
FOLDER = os.path.join(os.path.dirname(os.path.dirname(terpret.__file__)), "ntpt_models")
_SHORT = os.path.basename(FOLDER)
# What a model begins with, and none of the modules beside it does.
_MODEL = re.compile("^from terpret.names import ", re.MULTILINE)


@functools.cache
def built_in_names() -> tuple[str, ...]:
    """The names of the built-in models."""
    files = sorted(pathlib.Path(FOLDER).glob("*.py"))
    return tuple(file.stem for file in files if _MODEL.search(file.read_text(encoding="utf-8")))


def built_in_path(name: str) -> str:
    """The file of a built-in model."""
    return os.path.join(FOLDER, f"{name}.py")


def model_name(model: str) -> str:
    """The name of a model given as a path or a name."""
    return os.path.basename(model).removesuffix(".py")


def model_path(model: str) -> str:
    """The file of a config's model: of the bare name of a built-in one that, else the path itself.

    So a file of that name in the working folder is never taken for it: `./turing.py` is that file.
    """
    name = _built_in(model)
    return built_in_path(name) if name else model


def model_meant(given: str) -> str:
    """The model that a user means, as a config keeps it: see `model_path`.

    Raises:
      RunError: a file of the working folder may be meant as well.
    """
    name = _built_in(given)
    if not name:
        base = model_name(given)
        return f"{base}.py" if base in built_in_names() and _same(given, base) else given
    if not os.path.dirname(given):
        for here in (given, f"{name}.py"):
            if os.path.isfile(here) and not filecmp.cmp(here, built_in_path(name), shallow=False):
                folder = _SHORT if is_built_in(os.path.join(_SHORT, name)) else FOLDER
                raise RunError(
                    f"--model={given} is a file here and another one in {_SHORT}/: write "
                    f"--model={os.path.join(os.curdir, here)} for the one, "
                    f"--model={os.path.join(folder, name)}.py for the other"
                )
    return f"{name}.py"


def refuse_missing(model: str) -> None:
    """Refuses a model file that is not there, and says which may be meant.

    Raises:
      RunError: there is none.
    """
    path = model_path(model)
    if os.path.exists(path):
        return
    folder, base = os.path.split(path)
    there = glob.glob(os.path.join(glob.escape(folder), "*.py"))
    known = [*map(os.path.basename, there), *(f"{name}.py" for name in built_in_names())]
    hint = suggestion(base if base.endswith(".py") else f"{base}.py", known)
    raise RunError(f"there is no model file {model}; {hint or 'give the path of one by --model'}")


def is_built_in(model: str) -> bool:
    """Whether a model is written as a built-in one: see `model_path`."""
    return bool(_built_in(model))


def _built_in(model: str) -> str:
    """The name of a built-in model that is written `turing` or `ntpt_models/turing`.

    Where the working folder has such a path, that is meant; empty for what is not built in.
    """
    folder, base = os.path.split(model)
    name = base.removesuffix(".py")
    if folder not in ("", _SHORT) or name not in built_in_names():
        return ""
    there = os.path.join(folder, f"{name}.py")
    return "" if folder and os.path.exists(there) and not _same(there, name) else name


def _same(path: str, name: str) -> bool:
    return os.path.isfile(path) and os.path.samefile(path, built_in_path(name))
