"""The tables of the experiment `mazes`."""

from experiments.mazes.experiment import READS
from experiments.scenarios.mazes.tables import sizes_table
from experiments.stage_results import ClockStageResult, RunStageResult, StagesResult
from experiments.stage_tables import clock_table, programs_table
from terpret.runs.tables import render

# Appendix A: "2% of random restarts".
PUBLISHED = "2 %"
OURS = "The paper prints no listing of its model; this one is ours, so its 2 % are another model's."


def tables(results: StagesResult, style: str) -> str:
    """All tables of what has been found so far, each under its heading.

    Args:
      results: of the experiment.
      style: `text` or `markdown`.
    """
    found = results.stages
    texts = []
    programs = programs_table(found, PUBLISHED, READS)
    if programs:
        heading = "restarts that end with a correct program; medians of the correct ones"
        texts.append(f"{heading}:\n\n{render(programs, style)}\n\n{OURS}")
    clock = found.get("clock")
    if isinstance(clock, ClockStageResult):
        heading = f"from nothing to a verified program with LOOK at {READS}, in seconds"
        rows = clock_table(clock.runs, READS)
        texts.append(f"{heading}:\n\n{render(rows, style)}")
    for name, one in found.items():
        if isinstance(one, RunStageResult) and "sizes" in one.run.further:
            heading = f"the best program of {name} on mazes of other sizes"
            texts.append(f"{heading}:\n\n{sizes_table(one.run.further, style)}")
    return "\n\n".join(texts)
