"""What a run found: every restart measured, as `results.json` and `curves.json` hold it."""

import math
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from terpret.runs.described import versions
from terpret.runs.file_task import other_batches
from terpret.runs.tables import power
from terpret.runs.threads import threads
from terpret.learning.measure import network_accuracies, tested
from terpret.language.checked import CheckedModel
from terpret.learning.restarts import Restart, Restarts

if TYPE_CHECKING:
    from terpret.runs.run import Run

Entry = dict[str, object]
# Is told in words what is being done.
Note = Callable[[str], None]


def correct(run: "Run", rows: Iterable[int]) -> dict[int, bool]:
    """Whether the program of each of these rows is correct now."""
    every = run.task.correct_restarts(run.model)
    return {row: every[row] for row in rows}


def measured(
    run: "Run", correct: Mapping[int, bool], restarts: Restarts, note: Note = lambda _: None
) -> list[dict[str, object]]:
    """Measures the restarts of some rows on what the task is tested on.

    Args:
      run: the run, with the parameters as they are now.
      correct: whether each row's program is correct, of the rows that are measured.
      restarts: what is known of the restarts.
      note: is told in words what is being done.

    Returns:
      For each row its entry in `results.json` and its curves in `curves.json`.
    """
    model, task = run.model, run.task
    programs = [model.program(row) for row in range(model.restarts)]
    note(f"testing {len(correct)} restarts on {task.tested_on}")
    soft, discrete, errors = tested(model, programs, task.exam)
    nets = network_accuracies(model, task.images)
    steps = run.learner.steps.numpy()
    result = []
    for row, right in correct.items():
        restart = restarts.rows[row]
        entry = {
            "seed": restart.number,
            "solved": restart.solved_at,
            "correct": right,
            "examples": int(steps[row]) * run.learner.method.batch_size,
            "started": restart.started,
            "stopped": restart.stopped,
            "seconds": round(restarts.seconds, 1),
            "loss": _last_loss(restart),
            "test_accuracy": round(float(soft[row]), 4),
            "discrete_accuracy": round(float(discrete[row]), 4),
            "errors": {name: _error(values[row]) for name, values in errors.items()},
            "nets": {name: round(float(values[row]), 4) for name, values in nets.items()},
            "program": run.scenario.listing.code(programs[row]),
        }
        result.append({"entry": entry, "curves": curves(restart)})
    return result


def results_of(
    run: "Run",
    restarts: Restarts,
    command: str,
    note: Note = lambda _: None,
    started: float | None = None,
) -> dict[str, object]:
    """Measures all restarts, and puts together what `results.json` holds.

    Args:
      run: the run, with the parameters as they are now.
      restarts: what is known of the restarts.
      command: the command line, for the record.
      note: is told in words what is being done.
      started: when the run began, as `time.monotonic` told it; None where it is measured again.
    """
    model, task = run.model, run.task
    note("verifying the programs")
    verified = correct(run, range(model.restarts))
    timed = {} if started is None else {"verified_after": round(time.monotonic() - started, 1)}
    now = [one["entry"] for one in measured(run, verified, restarts, note)]
    # A restart that another has replaced was no solution, and its program is gone.
    chosen = best(now)
    entries = sorted([*(one["entry"] for one in restarts.retired), *now], key=_seed)
    every, distinct = run.space
    note("measuring the best program")
    return {
        "model": name_of(model.checked),
        "task": task.name,
        "preset": run.config.preset,
        "hypers": dict(model.checked.hypers),
        "restarts": entries,
        "best": entries.index(now[chosen]),
        "nets": median_networks(entries),
        "programs": {"assignments": _count(every), "distinct": _count(distinct)},
        "tested_on": task.tested_on,
        "unseen": task.unseen,
        "judged_on": task.judged_on,
        "verification": dict(task.verify(model.program(chosen))),
        "batches": other_batches(run.file, model, chosen) if run.file else {},
        "published": None if run.file else run.scenario.published.get(task.name),
        "data": dict(task.sources),
        "networks_from": dict(run.networks_from),
        "command": command,
        "versions": versions(),
        "threads": threads(),
        "seconds": round(restarts.seconds, 1),
        **timed,
        **(run.study.further(model, chosen) if verified[chosen] else {}),
    }


def name_of(model: CheckedModel) -> str:
    """The name of a model: its file's, without folder and ending."""
    return os.path.splitext(os.path.basename(model.source.path))[0]


def best(entries: Sequence[Entry]) -> int:
    """The place of the best restart: correct, then of the smallest training loss, then the first.

    No test example takes part: what is measured on them afterwards was not chosen by them.
    """

    def worth(place: int) -> tuple[object, ...]:
        entry = entries[place]
        loss = math.inf if entry["loss"] is None else entry["loss"]
        return entry["correct"], -loss, -place

    return max(range(len(entries)), key=worth)


def median_networks(entries: Sequence[Entry]) -> dict[str, float]:
    """The median accuracy of each network over the correct restarts, or over all if none is."""
    chosen = [entry for entry in entries if entry["correct"]] or entries
    names = chosen[0]["nets"]
    return {n: round(float(np.median([e["nets"][n] for e in chosen])), 4) for n in names}


def curves(restart: Restart) -> Mapping[str, object]:
    """A restart's curves: lists of (its examples, value); a loss that is no number is None."""
    return {
        "started": restart.started,
        "loss": [(seen, loss if np.isfinite(loss) else None) for seen, loss in restart.losses],
        "accuracy": list(restart.accuracies),
        "accuracy_on_images": list(restart.on_images),
    }


def all_curves(restarts: Restarts) -> dict[str, object]:
    """The curves of every restart by its number, as `curves.json` holds them."""
    gone = {str(one["entry"]["seed"]): one["curves"] for one in restarts.retired}
    return gone | {str(restart.number): curves(restart) for restart in restarts.rows}


def _last_loss(restart: Restart) -> float | None:
    if not restart.losses or not np.isfinite(restart.losses[-1][1]):
        return None
    return round(restart.losses[-1][1], 6)


def _error(value: float) -> float | None:
    """A mean squared error, which may be of any size, in six digits; None where it is no number."""
    return float(f"{value:.6g}") if np.isfinite(value) else None


def _count(programs: int) -> int | str:
    """A number of programs; as text where JSON's readers would refuse so many digits."""
    return programs if programs < 10**300 else power(programs)


def _seed(entry: Entry) -> int:
    return entry["seed"]
