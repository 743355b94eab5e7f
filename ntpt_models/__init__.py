"""Models in the language, and how each prints its learned program."""

from ntpt_models.printing import model_name, program_space, source_code, source_lines

__all__ = ["model_name", "program_space", "source_code", "source_lines"]
