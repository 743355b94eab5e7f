"""The tables of the experiment `math`."""

from collections.abc import Mapping

from experiments.math.figure_8 import best_program, curves
from experiments.scenarios.math.tables import lengths_table, on_images
from experiments.stage_results import (
    BaselineResult,
    ClockStageResult,
    StageResult,
    StagesResult,
)
from experiments.stage_tables import Rows, clock_table, programs_table
from terpret.runs.tables import render

# Section 6.2.
PUBLISHED = "2 of 100"


def tables(results: StagesResult, style: str) -> str:
    """All tables of what has been found so far, each under its heading.

    Args:
      results: of the experiment.
      style: `text` or `markdown`.
    """
    found = results.stages
    parts = [
        (
            "restarts that end with a correct program; medians of the correct ones",
            programs_table(found, PUBLISHED),
        ),
        ("size and training of the baselines", _baselines_table(found)),
        ("Figure 8(a): accuracy on symbols", _figure_table(found, "a")),
        ("Figure 8(b): accuracy on images", _figure_table(found, "b")),
    ]
    texts = [f"{heading}:\n\n{render(rows, style)}" for heading, rows in parts if rows]
    clock = found.get("clock")
    if isinstance(clock, ClockStageResult):
        rows = render(clock_table(clock.runs), style)
        texts.insert(1, f"from given networks to a verified program, in seconds:\n\n{rows}")
    run = best_program(found)
    if run is not None:
        lengths = f"{lengths_table(run.further, style)}\n\n{on_images(run.further)}"
        texts.insert(1, f"the best program with its networks, at every length:\n\n{lengths}")
    return "\n\n".join(texts)


def _baselines_table(found: Mapping[str, StageResult]) -> Rows:
    """The size of each baseline, and whether it is the paper's."""
    rows = [["stage", "parameters", "width", "paper's width", "seconds", "expressions", "digits"]]
    for name, one in found.items():
        if isinstance(one, BaselineResult):
            width, paper = one.settings.width, one.paper_width
            note = "" if width == paper else ": not the paper's size"
            rows.append(
                [
                    f"{name}{note}",
                    f"{one.parameters:,}",
                    f"{width:,}",
                    f"{paper:,}",
                    f"{one.seconds:,.0f}",
                    f"{one.examples:,}",
                    f"up to {one.digits} of {one.settings.digits}",
                ]
            )
    return rows if len(rows) > 1 else []


def _figure_table(found: Mapping[str, StageResult], part: str) -> Rows:
    """Figure 8 as a table: a line for each number of digits."""
    lines = curves(found, part)
    lengths = sorted({length for values, _ in lines.values() for length in values})
    return [["digits", *lines]] * bool(lines) + [
        [str(n), *(f"{values[n]:.4f}" if n in values else "" for values, _ in lines.values())]
        for n in lengths
    ]
