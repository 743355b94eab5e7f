"""TerpreT and Neural TerpreT on TensorFlow 2: learn programs and networks by gradient descent."""

from terpret.backends.model import CompiledModel
from terpret.backends.networks import Library
from terpret.compile import check_model, compile_model
from terpret.language.errors import Diagnostic, InputError, ModelError
from terpret.program import Program, program_of

__all__ = [
    "CompiledModel",
    "Diagnostic",
    "InputError",
    "Library",
    "ModelError",
    "Program",
    "check_model",
    "compile_model",
    "program_of",
]
