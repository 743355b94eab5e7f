"""Models in the language, and how each prints its learned program."""

from ntpt_models.printing import (
    LISTING,
    distinct_programs,
    has_listing,
    source_code,
    source_lines,
)
from ntpt_models.shipped import shipped_name
from terpret.language.model_files import built_in_path as shipped_path

__all__ = [
    "LISTING",
    "distinct_programs",
    "has_listing",
    "shipped_name",
    "shipped_path",
    "source_code",
    "source_lines",
]
