"""Models in the language, and how each prints its learned program."""

from ntpt_models.printing import has_listing, program_space, source_code, source_lines
from ntpt_models.shipped import model_name, shipped_name, shipped_path

__all__ = [
    "has_listing",
    "model_name",
    "program_space",
    "shipped_name",
    "shipped_path",
    "source_code",
    "source_lines",
]
