"""Which file a model is: a built-in one, meant by its bare name, or any other, by its path."""

import filecmp
import os

from ntpt_models.shipped import FOLDER, NAMES, shipped_path
from terpret.errors import RunError

_SHORT = os.path.basename(FOLDER)


def model_name(model: str) -> str:
    """The name of a model given as a path or a name."""
    return os.path.basename(model).removesuffix(".py")


def model_path(model: str) -> str:
    """The file of a config's model: of a bare name in ntpt_models/ that one, else the path itself.

    So a file of that name in the working folder is never taken for it: `./turing.py` is that file.
    """
    name = _ours(model)
    return shipped_path(name) if name else model


def model_meant(given: str) -> str:
    """The model that a user means, as a config keeps it: see `model_path`.

    Raises:
      RunError: a file of the working folder may be meant as well.
    """
    name = _ours(given)
    if not name:
        base = os.path.basename(given).removesuffix(".py")
        return f"{base}.py" if base in NAMES and _same(given, base) else given
    if not os.path.dirname(given):
        for here in (given, f"{name}.py"):
            if os.path.isfile(here) and not filecmp.cmp(here, shipped_path(name), shallow=False):
                folder = _SHORT if _ours(os.path.join(_SHORT, name)) else FOLDER
                raise RunError(
                    f"--model={given} is a file here and another one in ntpt_models/: write "
                    f"--model={os.path.join(os.curdir, here)} for the one, "
                    f"--model={os.path.join(folder, name)}.py for the other"
                )
    return f"{name}.py"


def is_built_in(model: str) -> bool:
    """Whether a model is written as a built-in one: see `model_path`."""
    return bool(_ours(model))


def _ours(model: str) -> str:
    """The name of a model in ntpt_models/ that is written `turing` or `ntpt_models/turing`.

    Where the working folder has such a path, that is meant; empty for what is none of ours.
    """
    folder, base = os.path.split(model)
    name = base.removesuffix(".py")
    if name not in NAMES or folder not in ("", _SHORT):
        return ""
    there = os.path.join(folder, f"{name}.py")
    return "" if folder and os.path.exists(there) and not _same(there, name) else name


def _same(path: str, name: str) -> bool:
    return os.path.isfile(path) and os.path.samefile(path, shipped_path(name))
