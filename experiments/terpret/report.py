"""The tables of the experiment `terpret`: the report's tasks, and what is published of them."""

from collections.abc import Iterable, Mapping, Sequence

from experiments.stage_results import (
    CutStageResult,
    ExactStageResult,
    RunStageResult,
    StageResult,
    StagesResult,
)
from experiments.terpret.experiment import EXACT, METHODS, stage_name
from experiments.terpret_tasks.measure import Measured
from experiments.terpret_tasks.task import Task
from experiments.terpret_tasks.tasks import TASKS
from terpret.runs.results import RestartResult, RunResult
from terpret.runs.tables import render, wilson

# What the report says in its text. FMGD is its gradient descent: 120 settings of 20 restarts each
# where a number of 2,400 is given. The seconds of its table could not be had.
_SKETCH = "Sketch"
PUBLISHED: Mapping[str, str] = {
    **dict.fromkeys(TASKS, _SKETCH),
    "circuit_shift": f"{_SKETCH}; FMGD 0 of 2,400",
    "circuit_full_adder": f"{_SKETCH}; FMGD 0 of 2,400",
    "basic_block_decrement": f"{_SKETCH}; FMGD",
    "assembly_decrement": f"{_SKETCH}; FMGD not",
    "parity_chain": "FMGD never",
}
# What an interpreter counts its steps by, by the name of its hyper.
STEPS = {"numTimesteps": "", "numGates": " gates", "K": " sums"}
NOT_RUN = "not run"
JUDGED = (
    "k of n: restarts whose discretised program is right on all instances, those that taught it "
    "and those held out. A solver and the gradient have the same instances of both. Published is "
    "which back ends of the TerpreT report solve a task, as far as its text says so."
)


def tables(results: StagesResult, style: str) -> str:
    """All tables of what has been found so far, each under its heading.

    Args:
      results: of the experiment.
      style: `text` or `markdown`.
    """
    found = results.stages
    presets = [
        method
        for method in METHODS
        if method != EXACT and any(stage_name(task, method) in found for task in TASKS)
    ]
    headings = ["task", "steps", "instances", EXACT, "right", "none proved", *presets, "published"]
    rows = [headings, *(_row(task, found, presets) for task in TASKS.values())]
    heading = "the TerpreT report's tasks; seconds where a solver has searched"
    texts = [f"{heading}:\n\n{render(rows, style)}\n\n{JUDGED}"]
    learned = [
        _details(name, one)
        for name, one in found.items()
        if isinstance(one, RunStageResult | CutStageResult)
    ]
    if learned:
        headings = ["stage", "right on all", "95 % interval", "on what taught", "examples"]
        rows = [[*headings, "seconds", ""], *learned]
        texts.append(f"by gradient:\n\n{render(rows, style)}")
    return "\n\n".join(texts)


def general(run: RunResult) -> list[RestartResult]:
    """The restarts whose programs are right on held-out instances too, where there are any."""
    return [one for one in run.correct_restarts if not run.unseen or one.discrete_accuracy == 1.0]


def _row(task: Task, found: Mapping[str, StageResult], presets: Iterable[str]) -> list[str]:
    stage = found.get(stage_name(task.name, EXACT))
    exact = stage.measured if isinstance(stage, ExactStageResult) else None
    return [
        task.name,
        _steps(task),
        str(len(task.training)),
        *_exact(exact),
        *(_learned(found.get(stage_name(task.name, one))) for one in presets),
        PUBLISHED[task.name],
    ]


def _steps(task: Task) -> str:
    return next(f"{task.hypers[name]}{unit}" for name, unit in STEPS.items() if name in task.hypers)


def _exact(measured: Measured | None) -> Sequence[str]:
    """What a solver has found, what of it is right, and what it proved of the impossible."""
    if measured is None:
        return NOT_RUN, "", ""
    found = measured.status == "found"
    right = f"{measured.right} of {measured.held_out}" if found and measured.held_out else ""
    return (
        _answered(measured.status, "found", measured.seconds),
        right or ("no other exists" if found else ""),
        _answered(measured.impossible, "none", measured.impossible_seconds),
    )


def _answered(status: str, wanted: str, seconds: float) -> str:
    """The seconds to the answer that is the right one, or which other one there was."""
    return f"{seconds:.2f}" if status == wanted else f"{status} in {seconds:.0f} s"


def _learned(stage: StageResult | None) -> str:
    match stage:
        case RunStageResult(run=run):
            return f"{len(general(run))} of {len(run.restarts)}"
        case CutStageResult(seconds=seconds):
            return f"not in {seconds:,g} s"
    return NOT_RUN


def _details(name: str, stage: RunStageResult | CutStageResult) -> list[str]:
    if isinstance(stage, CutStageResult):
        examples = f"{stage.examples:,} of {stage.wanted:,}" if stage.wanted else "none"
        told = f"of {stage.restarts} restarts {stage.told}" if stage.told else "compiling"
        return [name, "", "", "", examples, f"{stage.seconds:,g}", f"out of time: {told}"]
    run = stage.run
    k, n = len(general(run)), len(run.restarts)
    return [
        name,
        f"{k} of {n}",
        "{:.2f} to {:.2f}".format(*wilson(k, n)),
        f"{len(run.correct_restarts)} of {n}",
        f"{max(one.examples for one in run.restarts):,}",
        f"{run.seconds:,.0f}",
        "",
    ]
