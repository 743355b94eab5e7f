"""Figure 8: accuracy at every number of digits, on symbols (a) and on images (b)."""

from collections.abc import Mapping

from matplotlib.figure import Figure

from experiments.stage_results import BaselineResult, RunStageResult, StageResult, StagesResult
from terpret.runs import figures
from terpret.runs.results import RunResult

# The stages whose best program stands for NTPT, the first that has a correct one.
BEST = ("trained-on", "cyclic", "robust", "search", "ntpt")
COLOURS = {"NTPT": "#0072b2", "lstm": "#d55e00", "neural_gpu": "#009e73"}
NAMES = {"lstm": "LSTM", "neural_gpu": "Neural GPU"}
# By label: the accuracy at every number of digits, and the lengths that were learned from.
Curves = dict[str, tuple[dict[int, float], range]]
_PART = {"a": False, "b": True}


def best_program(found: Mapping[str, StageResult]) -> RunResult | None:
    """The results of the run whose best program stands for NTPT; None where none is correct."""
    stages = [found[name] for name in BEST if name in found]
    runs = [one.run for one in stages if isinstance(one, RunStageResult)]
    return next((run for run in runs if run.best_restart.correct), None)


def curves(found: Mapping[str, StageResult], part: str) -> Curves:
    """The curves of Figure 8(a) or 8(b), of what has been found so far."""
    result: Curves = {}
    run = best_program(found)
    if run is not None:
        key = {"a": "true_labels", "b": "accuracy"}[part]
        values = {row["digits"]: row[key] for row in run.further["lengths"]}
        result["NTPT, its program"] = values, range(2, 3)
    for one in found.values():
        if isinstance(one, BaselineResult) and one.images is _PART[part]:
            whole = one.settings.width == one.paper_width
            size = f"{one.parameters:,}" + ("" if whole else ", not the paper's size")
            label = f"{NAMES[one.kind]} ({size})"
            result[label] = dict(one.accuracies), range(1, one.settings.digits + 1)
    return result


def plots(results: StagesResult) -> dict[str, Figure]:
    """Both parts by file name; those for which there is something to draw."""
    found = {part: curves(results.stages, part) for part in _PART}
    return {f"figure-8{part}": _figure(part, lines) for part, lines in found.items() if lines}


def _figure(part: str, lines: Curves) -> Figure:
    """A line for each curve; filled dots are lengths that were learned from."""
    figure = figures.blank(5.2, 3.6)
    axes = figure.add_subplot()
    for label, (values, learned) in lines.items():
        colour = next(c for name, c in COLOURS.items() if label.startswith(NAMES.get(name, name)))
        axes.plot(values.keys(), values.values(), color=colour, lw=1.2, label=label)
        for inside, face in ((True, colour), (False, "white")):
            points = [(n, a) for n, a in values.items() if (n in learned) is inside]
            if points:
                axes.plot(*zip(*points, strict=True), "o", ms=4, mec=colour, mfc=face)
    seen = {"a": "symbols", "b": "images"}[part]
    axes.set(xlabel="digits", ylabel=f"accuracy on {seen}", ylim=(-0.02, 1.02), xticks=range(1, 17))
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="0.92")
    axes.legend(frameon=False, fontsize=7, loc="lower left")
    figure.tight_layout()
    return figure
