"""A run's results as tables: text for a terminal, Markdown for a page."""

import collections
import math
import statistics
from collections.abc import Callable, Mapping, Sequence

Entry = Mapping[str, object]
# The value of a restart's entry for each heading of the table.
Columns = Mapping[str, Callable[[Entry], object]]

# Text tables of more restarts than this show the first few correct ones and count the others.
MOST_ROWS = 20
SHOWN_CORRECT = 10


def results_table(
    results: Mapping[str, object], style: str = "text", published_in: str = ""
) -> str:
    """A run's restarts beside the published number.

    Args:
      results: as in `results.json`; every restart that was ever started has an entry.
      style: `text`, which sums up more than 20 restarts, or `markdown`, which shows all.
      published_in: what the publication calls the published number.
    """
    entries, accuracies = results["restarts"], _accuracies(results)
    columns = {**_facts(results), **accuracies}
    shown = list(entries)
    if style == "text" and len(entries) > MOST_ROWS:
        shown = _correct(entries)[:SHOWN_CORRECT]
    rows = [{heading: value(entry) for heading, value in columns.items()} for entry in shown]
    rows += [*_counts(entries, shown), *_footer(results, accuracies, published_in)]
    cells = [[_cell(row.get(heading, "")) for heading in columns] for row in rows]
    return render([list(columns), *cells], style)


def verified(results: Mapping[str, object]) -> str:
    """What the best program was verified on."""
    shares = results["verification"]
    if all(share == 1.0 for share in shares.values()):
        return f"that program is verified: right on {' and '.join(shares)}"
    wrong = " and ".join(f"{share:.1%} of {tested}" for tested, share in shares.items())
    return f"that program is wrong: right on {wrong}"


def success(results: Mapping[str, object]) -> str:
    """k of the n restarts that were ever started, with their 95 % Wilson interval."""
    entries = results["restarts"]
    k, n = len(_correct(entries)), len(entries)
    low, high = wilson(k, n)
    line = f"{k} of {n} restarts hold a correct program (95 % interval {low:.2f} to {high:.2f})"
    missing = results.get("missing")
    return f"{line}; not finished: {', '.join(missing)}" if missing else line


def heading(results: Mapping[str, object]) -> str:
    """What the table of a run's restarts shows; older results are all of unseen examples."""
    test = "test " if results.get("unseen", True) else ""
    line = f"{test}accuracy on {results['tested_on']}"
    judged = results.get("judged_on")
    if not judged:
        return line
    if judged.startswith(results["tested_on"]):
        judged = judged.replace(results["tested_on"], "all of them", 1)
    return f"{line}; correct: right on {judged}"


def power(count: int) -> str:
    """A count as a number between 1 and 10 times a power of ten, however large it is."""
    if count < 10**300:
        return f"{count:.1e}"
    exponent = math.floor(math.log10(count))
    return f"{10 ** (math.log10(count) - exponent):.1f}e+{exponent}"


def batch_line(batch: str, accuracy: float | None) -> str:
    """How the best program does on a batch of a data file."""
    if accuracy is None:
        return f"that program on batch {batch}: not measured (no label, or other Params)"
    return f"that program on batch {batch}: {accuracy:.4f}"


def wilson(k: int, n: int, z: float = 1.959964) -> tuple[float, float]:
    """The Wilson score interval of k successes in n trials."""
    if n == 0:
        return 0.0, 1.0
    p, zz = k / n, z * z / n
    centre, half = p + zz / 2, z * math.sqrt(p * (1 - p) / n + zz / (4 * n))
    return max(0.0, (centre - half) / (1 + zz)), min(1.0, (centre + half) / (1 + zz))


def render(rows: Sequence[Sequence[str]], style: str) -> str:
    """Rows of cells as a table, `text` or `markdown`; the first row is the heading."""
    return {"text": table, "markdown": _markdown}[style](rows)


def table(rows: Sequence[Sequence[str]]) -> str:
    """Rows of cells as aligned columns; the first row is the heading."""
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    rule = "  ".join("-" * width for width in widths)
    return "\n".join([lines[0], rule, *lines[1:]])


def _markdown(rows: Sequence[Sequence[str]]) -> str:
    def line(cells: Sequence[str]) -> str:
        safe = (cell.replace("|", "\\|").replace("\n", " ") for cell in cells)
        return f"| {' | '.join(safe)} |"

    return "\n".join([line(rows[0]), line(["---"] * len(rows[0])), *map(line, rows[1:])])


def _facts(results: Mapping[str, object]) -> Columns:
    entries = results["restarts"]
    columns: dict[str, Callable[[Entry], object]] = {
        "restart": lambda entry: str(entry["seed"]),
        "program": lambda entry: _word(entry["correct"]),
    }
    # Runs that refill no row and stop no restart, or know of neither, have no such columns.
    if any(entry.get("started") for entry in entries):
        columns["started at"] = lambda entry: entry["started"]
    if any(entry.get("stopped") for entry in entries):
        columns["stopped"] = lambda entry: entry["stopped"]
    columns["solved after"] = lambda entry: entry["solved"] if entry["solved"] >= 0 else "-"
    return columns


def _accuracies(results: Mapping[str, object]) -> Columns:
    columns: dict[str, Callable[[Entry], object]] = {
        "soft": lambda entry: entry["test_accuracy"],
        "discrete": lambda entry: entry["discrete_accuracy"],
    }
    for name in results["restarts"][0].get("errors", {}):
        columns[f"error of {name}"] = lambda entry, name=name: _error(entry["errors"][name])
    for name in results["nets"]:
        columns[name] = lambda entry, name=name: entry["nets"][name]
    return columns


def _cell(value: object) -> str:
    match value:
        case float():
            return f"{value:.4f}"
        case int():
            return f"{value:,}"
        case _:
            return str(value)


def _error(value: float | None) -> str:
    """A mean squared error, which may be of any size."""
    return "no number" if value is None else f"{value:.4g}"


def _counts(entries: Sequence[Entry], shown: Sequence[Entry]) -> list[dict[str, object]]:
    """How many restarts of each kind are not among those shown, the correct ones first."""
    numbers = {entry["seed"] for entry in shown}
    counted = collections.Counter(
        (not entry["correct"], entry.get("stopped", ""))
        for entry in entries
        if entry["seed"] not in numbers
    )
    return [
        {"restart": f"{count} more", "program": _word(not wrong), "stopped": stopped}
        for (wrong, stopped), count in sorted(counted.items())
    ]


def _footer(
    results: Mapping[str, object], accuracies: Columns, published_in: str
) -> list[dict[str, object]]:
    """The medians of the correct restarts and the published number, where there are any."""
    rows: list[dict[str, object]] = []
    if _correct(results["restarts"]):
        medians = _medians(results)
        numbers = {heading: value(medians) for heading, value in accuracies.items()}
        rows.append({"restart": "median", "program": "of correct", **numbers})
    if results["published"] is not None:
        published = f"{results['published']:.2f}"
        where = f"({published_in})" if published_in else ""
        rows.append({"restart": "published", "program": where, "soft": published})
    return rows


def _medians(results: Mapping[str, object]) -> Entry:
    """The medians of the accuracies of the correct restarts, in the form of an entry."""
    correct = _correct(results["restarts"])

    def median(value: Callable[[Entry], float]) -> float:
        return round(statistics.median(map(value, correct)), 4)

    def error(name: str) -> float | None:
        known = [e["errors"][name] for e in correct if e["errors"][name] is not None]
        return statistics.median(known) if known else None

    return {
        "test_accuracy": median(lambda entry: entry["test_accuracy"]),
        "discrete_accuracy": median(lambda entry: entry["discrete_accuracy"]),
        "errors": {name: error(name) for name in correct[0].get("errors", {})},
        "nets": {n: median(lambda entry, n=n: entry["nets"][n]) for n in results["nets"]},
    }


def _correct(entries: Sequence[Entry]) -> list[Entry]:
    return [entry for entry in entries if entry["correct"]]


def _word(correct: bool) -> str:
    return "correct" if correct else "wrong"
