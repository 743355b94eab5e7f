"""Results as text tables."""

import math
from collections.abc import Mapping, Sequence


def results_table(results: Mapping[str, object]) -> str:
    """A run's restarts beside the published number."""
    rows = [["restart", "program", "solved after", "soft", "discrete", *_nets(results)]]
    for entry in results["restarts"]:
        rows.append(
            [
                str(entry["seed"]),
                "correct" if entry["correct"] else "wrong",
                f"{entry['solved']:,}" if entry["solved"] >= 0 else "-",
                f"{entry['test_accuracy']:.4f}",
                f"{entry['discrete_accuracy']:.4f}",
                *(f"{entry['nets'][name]:.4f}" for name in _nets(results)),
            ]
        )
    correct = [entry for entry in results["restarts"] if entry["correct"]]
    if correct:
        rows.append(
            [
                "median",
                "of correct",
                "",
                f"{_median([e['test_accuracy'] for e in correct]):.4f}",
                f"{_median([e['discrete_accuracy'] for e in correct]):.4f}",
                *(f"{_median([e['nets'][n] for e in correct]):.4f}" for n in _nets(results)),
            ]
        )
    if results["published"] is not None:
        blank = [""] * len(_nets(results))
        rows.append(["published", "(Figure 7)", "", f"{results['published']:.2f}", "", *blank])
    return table(rows)


def success(results: Mapping[str, object]) -> str:
    """k of n restarts with their 95 % Wilson interval."""
    entries = results["restarts"]
    k, n = sum(entry["correct"] for entry in entries), len(entries)
    low, high = wilson(k, n)
    return f"{k} of {n} restarts hold a correct program (95 % interval {low:.2f} to {high:.2f})"


def wilson(k: int, n: int, z: float = 1.959964) -> tuple[float, float]:
    """The Wilson score interval of k successes in n trials."""
    if n == 0:
        return 0.0, 1.0
    p, zz = k / n, z * z / n
    centre, half = p + zz / 2, z * math.sqrt(p * (1 - p) / n + zz / (4 * n))
    return max(0.0, (centre - half) / (1 + zz)), min(1.0, (centre + half) / (1 + zz))


def table(rows: Sequence[Sequence[str]]) -> str:
    """Rows of cells as aligned columns; the first row is the heading."""
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    rule = "  ".join("-" * width for width in widths)
    return "\n".join([lines[0], rule, *lines[1:]])


def _nets(results: Mapping[str, object]) -> list[str]:
    return list(results["nets"])


def _median(values: list[float]) -> float:
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
