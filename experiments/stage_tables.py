"""Tables of the stages of an experiment: the programs that were found, and how long it took."""

import statistics
from collections.abc import Iterable, Mapping, Sequence

from experiments.stage_results import RunStageResult, StageResult, TimedRun
from terpret.runs.results import RestartResult
from terpret.runs.tables import wilson

Rows = list[list[str]]


def programs_table(found: Mapping[str, StageResult], published: str, least: float = 0.0) -> Rows:
    """How many restarts of every stage hold a correct program.

    Args:
      found: what the stages have found, by name.
      published: k of the n restarts of the paper.
      least: the accuracy that networks must have; with it, correct restarts that have such networks
        are counted beside the others.
    """
    runs = {name: one.run for name, one in found.items() if isinstance(one, RunStageResult)}
    if not runs:
        return []
    networks = list(next(iter(runs.values())).network_accuracies)
    reading = [f"of these {' and '.join(networks)} at {least}"] if least else []
    headings = ["stage", "correct", "95 % interval", *reading, "published", "accuracy", *networks]
    rows = [[*headings, "examples", "seconds"]]
    for name, run in runs.items():
        restarts, correct = run.restarts, run.correct_restarts
        count = [str(len(_reading(correct, least)))] if least else []
        rows.append(
            [
                name,
                f"{len(correct)} of {len(restarts)}",
                "{:.2f} to {:.2f}".format(*wilson(len(correct), len(restarts))),
                *count,
                published,
                _median(one.discrete_accuracy for one in correct),
                *(_median(one.network_accuracies[n] for one in correct) for n in networks),
                f"{max(one.examples for one in restarts):,}",
                f"{run.seconds:,.0f}",
            ]
        )
    return rows


def clock_table(runs: Sequence[TimedRun], least: float = 0.0) -> Rows:
    """The time that every run took to a verified program, with networks at `least`."""
    networks = list(runs[0].run.network_accuracies)
    rows = [["seed", "restarts", "seconds to a verified program", "examples", *networks]]
    times = []
    for timed in runs:
        run = timed.run
        # It is the first such restart that has stopped the clock, be it the run's best or not.
        solved = _reading(run.correct_restarts, least)
        one = solved[0] if solved else run.best_restart
        times += [run.verified_after] if solved else []
        rows.append(
            [
                str(timed.root_seed),
                str(len(run.restarts)),
                f"{run.verified_after:.1f}" if solved else "none found",
                f"{one.examples:,}",
                *(f"{one.network_accuracies[name]:.4f}" for name in networks),
            ]
        )
    middle = f"{statistics.median(times):.1f}" if times else "-"
    summary = ["median", "", f"{middle} ({len(times)} of {len(runs)} solved)"]
    return [*rows, [*summary, *[""] * (1 + len(networks))]]


def _reading(restarts: Sequence[RestartResult], least: float) -> list[RestartResult]:
    """Those with networks of this accuracy."""
    return [
        one for one in restarts if all(value >= least for value in one.network_accuracies.values())
    ]


def _median(values: Iterable[float]) -> str:
    known = list(values)
    return f"{statistics.median(known):.4f}" if known else "-"
