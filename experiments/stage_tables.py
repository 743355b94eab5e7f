"""Tables of the stages of an experiment: the programs that were found, and how long it took."""

import statistics
from collections.abc import Mapping, Sequence

from experiments.stages import Found
from terpret.runs.tables import wilson

Entry = Mapping[str, object]
Rows = list[list[str]]


def programs_table(found: Mapping[str, Found], published: str, least: float = 0.0) -> Rows:
    """How many restarts of every stage hold a correct program.

    Args:
      found: what the stages have found, by name.
      published: k of the n restarts of the paper.
      least: the accuracy that networks must have; with it, correct restarts that have such networks
        are counted beside the others.
    """
    runs = {name: one["run"] for name, one in found.items() if "run" in one}
    if not runs:
        return []
    networks = list(next(iter(runs.values()))["nets"])
    reading = [f"of these {' and '.join(networks)} at {least}"] if least else []
    headings = ["stage", "correct", "95 % interval", *reading, "published", "accuracy", *networks]
    rows = [[*headings, "examples", "seconds"]]
    for name, run in runs.items():
        entries = run["restarts"]
        correct = [entry for entry in entries if entry["correct"]]
        count = [str(len(_reading(correct, least)))] if least else []
        rows.append(
            [
                name,
                f"{len(correct)} of {len(entries)}",
                "{:.2f} to {:.2f}".format(*wilson(len(correct), len(entries))),
                *count,
                published,
                _median(entry["discrete_accuracy"] for entry in correct),
                *(_median(entry["nets"][n] for entry in correct) for n in networks),
                f"{max(entry['examples'] for entry in entries):,}",
                f"{run['seconds']:,.0f}",
            ]
        )
    return rows


def clock_table(runs: Sequence[Found], least: float = 0.0) -> Rows:
    """The time that every run took to a verified program, with networks at `least`."""
    networks = list(runs[0]["nets"])
    rows = [["seed", "restarts", "seconds to a verified program", "examples", *networks]]
    times = []
    for run in runs:
        correct = [entry for entry in run["restarts"] if entry["correct"]]
        # It is the first such restart that has stopped the clock, be it the run's best or not.
        solved = _reading(correct, least)
        entry = solved[0] if solved else run["restarts"][run["best"]]
        times += [run["verified_after"]] if solved else []
        rows.append(
            [
                str(run["root_seed"]),
                str(len(run["restarts"])),
                f"{run['verified_after']:.1f}" if solved else "none found",
                f"{entry['examples']:,}",
                *(f"{entry['nets'][name]:.4f}" for name in networks),
            ]
        )
    middle = f"{statistics.median(times):.1f}" if times else "-"
    summary = ["median", "", f"{middle} ({len(times)} of {len(runs)} solved)"]
    return [*rows, [*summary, *[""] * (1 + len(networks))]]


def _reading(entries: Sequence[Entry], least: float) -> list[Entry]:
    """Those with networks of this accuracy."""
    return [entry for entry in entries if all(value >= least for value in entry["nets"].values())]


def _median(values: object) -> str:
    known = list(values)
    return f"{statistics.median(known):.4f}" if known else "-"
