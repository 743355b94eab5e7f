"""What is measured of the best program of the mazes, as a table."""

from collections.abc import Mapping

from experiments.scenarios.shares import SHARES, shares
from terpret.runs.tables import render


def sizes_table(further: Mapping[str, object], style: str = "text") -> str:
    """The accuracy of the best program at every size of mazes that was measured."""
    headings = ["size", "looks", *SHARES.values()]
    rows = [
        [f"{row['width']} x {row['height']}", f"{row['looks']:.1f}", *shares(row)]
        for row in further["sizes"]
    ]
    return render([headings, *rows], style)


def further_tables(further: Mapping[str, object], style: str) -> str:
    """What was measured of the best program on mazes of other sizes; empty where nothing was."""
    if not further.get("sizes"):
        return ""
    return f"that program on mazes of other sizes:\n\n{sizes_table(further, style)}"
