"""A run's results as tables: text for a terminal, Markdown for a page."""

import collections
import dataclasses
import html
import math
import statistics
from collections.abc import Callable, Mapping, Sequence

from terpret.runs.results import Diagnosis, RestartResult, RunResult

# What a table shows of a restart for each of its headings.
Columns = Mapping[str, Callable[[RestartResult], object]]

# Text tables of more restarts than this show the first few correct ones and count the others.
MOST_ROWS = 20
SHOWN_CORRECT = 10
# From this part of the answers on, a program that cannot be verified fits.
FITTING = 0.9


def results_table(results: RunResult, style: str = "text", published_in: str = "") -> str:
    """A run's restarts beside the published number.

    Args:
      results: of the run.
      style: `text`, which sums up more than 20 restarts, or `markdown` or `html`, which show all.
      published_in: what the publication calls the published number.
    """
    restarts, accuracies = results.restarts, _accuracies(results)
    columns = {**_facts(restarts, results.given), **accuracies}
    shown = restarts
    if style == "text" and len(restarts) > MOST_ROWS:
        shown = results.correct_restarts[:SHOWN_CORRECT]
    rows = [{heading: value(one) for heading, value in columns.items()} for one in shown]
    rows += [*_counts(restarts, shown), *_footer(results, accuracies, published_in)]
    cells = [[_cell(row.get(heading, "")) for heading in columns] for row in rows]
    return render([list(columns), *cells], style)


def verified(shares: Mapping[str, float]) -> str:
    """What the best program was verified on, from the part of its answers that are right."""
    if all(share == 1.0 for share in shares.values()):
        return f"that program is verified: right on {' and '.join(shares)}"
    wrong = " and ".join(f"{share:.1%} of {tested}" for tested, share in shares.items())
    return f"that program is wrong: right on {wrong}"


def success(results: RunResult) -> str:
    """k of the n restarts that were ever started, or how well the best one fits what it is told by.

    Either with its 95 % Wilson interval.
    """
    k, n = len(results.correct_restarts), len(results.restarts)
    low, high = wilson(k, n)
    line = f"{k} of {n} restarts hold a correct program (95 % interval {low:.2f} to {high:.2f})"
    if not results.verifiable:
        line = fit(results)
    elif results.given:
        line = _given(results)
    return f"{line}; not finished: {', '.join(results.missing)}" if results.missing else line


def _given(results: RunResult) -> str:
    """Whether the only program of a model is right."""
    right = "right" if results.correct_restarts else "wrong"
    judged = results.judged_on or "what it was tested on"
    return f"the program is given, so none was searched: it is {right} on {judged}"


def fit(results: RunResult) -> str:
    """The part of the examples that the best program and its networks get right."""
    share, n = results.best_restart.discrete_accuracy, results.tested
    low, high = wilson(round(share * n), n)
    line = (
        f"program and networks of restart {results.best_restart.restart} fit {share:.4f} of "
        f"{results.tested_on} (95 % interval {low:.4f} to {high:.4f})"
    )
    if results.best_restart.errors:
        line += "; numbers fit with a mean squared error of at most 0.001 of their mean square"
    if not results.given:
        line += (
            "; without labels of the training images nothing tells whether the program alone is "
            "right"
        )
    return line


def why(results: RunResult) -> str:
    """What a run's diagnosis is of."""
    if results.given:
        return "why not all is right"
    fits = not results.verifiable and results.best_restart.discrete_accuracy >= FITTING
    if results.correct_restarts or fits:
        return "why it is not decided which program is right"
    return "why nothing was found"


def diagnosed(results: RunResult, diagnosis: Diagnosis, style: str) -> str:
    """Why nothing was found, and the next command to try.

    Args:
      results: of the run.
      diagnosis: what is known of that.
      style: `text` or `markdown`.
    """
    reasons = "\n".join(f"- {reason}" for reason in diagnosis.reasons)
    then = "to try next" if diagnosis.changes else "once the data are mended"
    command = f"`{diagnosis.command}`" if style == "markdown" else f"    {diagnosis.command}"
    return f"{why(results)}:\n\n{reasons}\n\n{then}:\n\n{command}"


def heading(results: RunResult) -> str:
    """What the table of a run's restarts shows."""
    test = "test " if results.unseen else ""
    line = f"{test}accuracy on {results.tested_on}"
    judged = results.judged_on
    if not judged or not results.verifiable or results.given:
        return line
    if judged.startswith(results.tested_on):
        judged = judged.replace(results.tested_on, "all of them", 1)
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
    """Rows of cells as a table, `text`, `markdown` or `html`; the first row is the heading."""
    return {"text": table, "markdown": _markdown, "html": _html}[style](rows)


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


def _html(rows: Sequence[Sequence[str]]) -> str:
    def line(cells: Sequence[str], tag: str) -> str:
        return f"<tr>{''.join(f'<{tag}>{html.escape(cell)}</{tag}>' for cell in cells)}</tr>"

    head, *body = rows
    lines = [line(head, "th"), *(line(cells, "td") for cells in body)]
    return "\n".join(["<table>", *lines, "</table>"])


def _facts(restarts: Sequence[RestartResult], given: bool) -> Columns:
    columns: dict[str, Callable[[RestartResult], object]] = {
        "restart": lambda one: str(one.restart),
    }
    # Runs whose programs are given or cannot be verified, that refill no row or stop no restart
    # have no such columns.
    if not given and any(one.correct is not None for one in restarts):
        columns["program"] = lambda one: _word(one.correct)
    if any(one.started for one in restarts):
        columns["started at"] = lambda one: one.started
    if any(one.stopped for one in restarts):
        columns["stopped"] = lambda one: one.stopped
    if "program" in columns:
        columns["solved after"] = lambda one: "-" if one.solved_after is None else one.solved_after
    return columns


def _accuracies(results: RunResult) -> Columns:
    columns: dict[str, Callable[[RestartResult], object]] = {
        "soft": lambda one: one.soft_accuracy,
        "discrete": lambda one: one.discrete_accuracy,
    }
    for name in results.restarts[0].errors:
        columns[f"error of {name}"] = _error_of(name)
    for name in results.network_accuracies:
        columns[name] = _network(name)
    return columns


def _error_of(name: str) -> Callable[[RestartResult], str]:
    return lambda one: _error(one.errors[name])


def _network(name: str) -> Callable[[RestartResult], float]:
    return lambda one: one.network_accuracies[name]


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


def _counts(
    restarts: Sequence[RestartResult], shown: Sequence[RestartResult]
) -> list[dict[str, object]]:
    """How many restarts of each kind are not among those shown, the correct ones first."""
    numbers = {one.restart for one in shown}
    counted = collections.Counter(
        (not one.correct, one.stopped) for one in restarts if one.restart not in numbers
    )
    return [
        {"restart": f"{count} more", "program": _word(not wrong), "stopped": stopped}
        for (wrong, stopped), count in sorted(counted.items())
    ]


def _footer(results: RunResult, accuracies: Columns, published_in: str) -> list[dict[str, object]]:
    """The medians of the correct restarts and the published number, where there are any."""
    rows: list[dict[str, object]] = []
    if results.correct_restarts:
        medians = _medians(results)
        numbers = {heading: value(medians) for heading, value in accuracies.items()}
        rows.append({"restart": "median", "program": "of correct", **numbers})
    published = results.further.get("published")
    if published is not None:
        where = f"({published_in})" if published_in else ""
        rows.append({"restart": "published", "program": where, "soft": f"{published:.2f}"})
    return rows


def _medians(results: RunResult) -> RestartResult:
    """The medians of the accuracies of the correct restarts, in the form of one of them."""
    correct = results.correct_restarts

    def median(value: Callable[[RestartResult], float]) -> float:
        return round(statistics.median(map(value, correct)), 4)

    def error(name: str) -> float | None:
        known = [e for e in (one.errors[name] for one in correct) if e is not None]
        return statistics.median(known) if known else None

    return dataclasses.replace(
        correct[0],
        soft_accuracy=median(lambda one: one.soft_accuracy),
        discrete_accuracy=median(lambda one: one.discrete_accuracy),
        errors={name: error(name) for name in correct[0].errors},
        network_accuracies={name: median(_network(name)) for name in results.network_accuracies},
    )


def _word(correct: bool | None) -> str:
    return "correct" if correct else "wrong"
