"""What is measured of the best program of MNIST-addition, as a table."""

from collections.abc import Mapping

from terpret.runs.tables import render


def further_tables(further: Mapping[str, object], style: str) -> str:
    """The accuracy of program and networks on numbers of every length; empty where none was."""
    rows = further.get("lengths")
    if not rows:
        return ""
    cells = [[str(row["digits"]), f"{row['examples']:,}", f"{row['accuracy']:.4f}"] for row in rows]
    table = render([["digits", "sums", "accuracy"], *cells], style)
    return f"that program and its networks on numbers of other lengths:\n\n{table}"
