"""The columns of tables that show a program's accuracy at every length or size."""

from collections.abc import Mapping

# What is measured of a program at every length and size, and what it is called.
SHARES = {
    "accuracy": "accuracy",
    "simulated": "simulated from confusions",
    "true_labels": "true labels",
}


def shares(row: Mapping[str, float]) -> list[str]:
    """The parts of the answers that are right, as cells; 1 only where all are."""
    return ["1" if row[key] == 1.0 else f"{min(row[key], 0.9999):.4f}" for key in SHARES]
