"""TerpreT and Neural TerpreT on TensorFlow 2: learn programs and networks by gradient descent.

What is named here is imported at its first use, so that checking a model needs no TensorFlow.
"""

import importlib

# The one place that says it; pyproject.toml reads it here.
__version__ = "0.1.0"

# What `typing` calls so; its import would take longer than all that comes before a command's
# handlers of signals.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from terpret import examples
    from terpret.api.learn import Learned, learn
    from terpret.api.solution import Solution, load
    from terpret.api.solve import alternatives, solve
    from terpret.backends.model import CompiledModel
    from terpret.backends.networks import Library
    from terpret.compile import check_model, compile_model
    from terpret.discrete.program import Program, program_of
    from terpret.errors import DataError, InputError, RunError
    from terpret.language.errors import Diagnostic, ModelError

_HOMES = {
    "CompiledModel": "terpret.backends.model",
    "Library": "terpret.backends.networks",
    "check_model": "terpret.compile",
    "compile_model": "terpret.compile",
    "Learned": "terpret.api.learn",
    "Solution": "terpret.api.solution",
    "learn": "terpret.api.learn",
    "load": "terpret.api.solution",
    "alternatives": "terpret.api.solve",
    "solve": "terpret.api.solve",
    "Diagnostic": "terpret.language.errors",
    "DataError": "terpret.errors",
    "InputError": "terpret.errors",
    "ModelError": "terpret.language.errors",
    "RunError": "terpret.errors",
    "Program": "terpret.discrete.program",
    "program_of": "terpret.discrete.program",
}

_NEED_TENSORFLOW = ("terpret.api", "terpret.backends", "terpret.compile")

__all__ = [
    "CompiledModel",
    "DataError",
    "Diagnostic",
    "InputError",
    "Learned",
    "Library",
    "ModelError",
    "Program",
    "RunError",
    "Solution",
    "__version__",
    "alternatives",
    "check_model",
    "compile_model",
    "examples",
    "learn",
    "load",
    "program_of",
    "solve",
]

# Parts of the library that are named without an import of their own.
_PARTS = ("examples",)


def __getattr__(name: str) -> object:
    if name in _PARTS:
        return importlib.import_module(f"terpret.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module 'terpret' has no attribute '{name}'")
    if _HOMES[name].startswith(_NEED_TENSORFLOW):
        # Whose start-up lines nobody asked for.
        importlib.import_module("terpret.quiet")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
