"""What is measured of the best program of MATH, as text and tables."""

from collections.abc import Mapping

from experiments.scenarios.shares import SHARES, shares
from terpret.runs.tables import render


def lengths_table(further: Mapping[str, object], style: str = "text") -> str:
    """The accuracy of the best program at every number of digits that was measured."""
    headings = ["digits", *SHARES.values()]
    rows = [[str(row["digits"]), *shares(row)] for row in further["lengths"]]
    return render([headings, *rows], style)


def on_images(further: Mapping[str, object]) -> str:
    """How fast the best program runs, compiled with its networks, and how well."""
    found = further["on_images"]
    return (
        f"compiled for {found['digits']} digits: {found['expressions']:,} expressions of images in "
        f"{found['seconds']:.1f} s, accuracy {found['accuracy']:.4f}"
    )


def further_tables(further: Mapping[str, object], style: str) -> str:
    """What was measured of the best program on longer expressions; empty where nothing was."""
    if not further.get("lengths"):
        return ""
    lengths = lengths_table(further, style)
    return f"that program on longer expressions:\n\n{lengths}\n\n{on_images(further)}"
