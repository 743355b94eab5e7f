"""A run measured at its end: every restart, and the best program further."""

import dataclasses
import time
from collections.abc import Callable, Iterable, Mapping

import numpy as np

from terpret.language.model_files import model_name
from terpret.learning.accuracies import network_accuracies, tested, tested_examples
from terpret.learning.restarts import Restart, Restarts
from terpret.runs.batches_file import other_batches
from terpret.runs.described import versions
from terpret.runs.diagnosis import why_nothing
from terpret.runs.prepared import Run
from terpret.runs.results import Curves, Measured, RestartResult, RunResult, best, median_networks
from terpret.runs.solving import found_exactly, is_exact
from terpret.runs.tables import power
from terpret.runs.threads import threads

# Is told in words what is being done.
Note = Callable[[str], None]


def correct(run: Run, rows: Iterable[int]) -> dict[int, bool | None]:
    """Whether the program of each of these rows is correct now; None where that cannot be told."""
    every = run.task.correct_restarts(run.model)
    return {row: every[row] for row in rows}


def measured(
    run: Run, correct: Mapping[int, bool | None], restarts: Restarts, note: Note = lambda _: None
) -> list[Measured]:
    """Measures the restarts of some rows on what the task is tested on.

    Args:
      run: the run, with the parameters as they are now.
      correct: whether each row's program is correct, of the rows that are measured.
      restarts: what is known of the restarts.
      note: is told in words what is being done.

    Returns:
      The result and the curves of each row.
    """
    model, task = run.model, run.task
    programs = [model.program(row) for row in range(model.restarts)]
    note(f"testing {len(correct)} restarts on {task.tested_on}")
    soft, discrete, errors = tested(model, programs, task.test_set)
    nets = network_accuracies(model, task.images)
    steps = run.learner.steps.numpy()

    def one(row: int, right: bool | None) -> Measured:
        restart = restarts.rows[row]
        result = RestartResult(
            restart=restart.number,
            solved_after=restart.solved_at if restart.solved else None,
            correct=right,
            examples=int(steps[row]) * run.learner.method.batch_size,
            started=restart.started,
            stopped=restart.stopped,
            seconds=round(restarts.seconds, 1),
            loss=_last_loss(restart),
            soft_accuracy=round(float(soft[row]), 4),
            discrete_accuracy=round(float(discrete[row]), 4),
            errors={name: _error(values[row]) for name, values in errors.items()},
            network_accuracies={n: round(float(values[row]), 4) for n, values in nets.items()},
            program=run.scenario.listing.code(programs[row]),
        )
        return Measured(result=result, curves=curves(restart))

    return [one(row, right) for row, right in correct.items()]


def results_of(
    run: Run,
    restarts: Restarts,
    command: str,
    note: Note = lambda _: None,
    started: float | None = None,
) -> RunResult:
    """Measures all restarts, and further the best of them.

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
    verified_after = None if started is None else round(time.monotonic() - started, 1)
    now = [one.result for one in measured(run, verified, restarts, note)]
    # A restart that another has replaced was no solution, and its program is gone.
    gone = [one.result for one in retired(restarts)]
    chosen = best(now)
    entries = sorted([*gone, *now], key=lambda one: one.restart)
    every, distinct = run.space
    note("measuring the best program")
    verification = dict(task.verify(model.program(chosen)))
    file = run.own.batches if run.own else None
    batches = other_batches(file, model, chosen) if file else {}
    known = None if run.own else run.scenario.published.get(task.name)
    published = {} if known is None else {"published": known}
    further = run.study.further(model, chosen) if verified[chosen] else {}
    results = RunResult(
        model=model_name(model.checked.source.path),
        task=task.name,
        preset=run.config.preset,
        method=dict(run.config.method),
        hypers=dict(model.checked.hypers),
        restarts=tuple(entries),
        best=entries.index(now[chosen]),
        network_accuracies=median_networks(entries),
        programs={"assignments": _count(every), "distinct": _count(distinct)},
        tested_on=task.tested_on,
        tested=tested_examples(task.test_set),
        unseen=task.unseen,
        judged_on=task.judged_on,
        verification=verification,
        batches=batches,
        further={**published, **further},
        data=dict(task.sources),
        networks_from=dict(run.networks_from),
        command=command,
        versions=versions(),
        threads=threads(),
        seconds=round(restarts.seconds, 1),
        verified_after=verified_after,
        exact=found_exactly(run.workdir) if is_exact(run.learner.method) else {},
    )
    if results.exact and not run.examples:
        # The solver has said what there is.
        return results
    return dataclasses.replace(results, diagnosis=why_nothing(run, restarts, results))


def retired(restarts: Restarts) -> list[Measured]:
    """The restarts whose rows others have taken, as they were measured before."""
    return [Measured.from_json(one) for one in restarts.retired]


def curves(restart: Restart) -> Curves:
    """A restart's curves; a loss that is no number is None."""
    return Curves(
        started=restart.started,
        loss=tuple((seen, loss if np.isfinite(loss) else None) for seen, loss in restart.losses),
        accuracy=restart.accuracies,
        accuracy_on_images=restart.on_images,
    )


def all_curves(restarts: Restarts) -> dict[int, Curves]:
    """The curves of every restart by its number."""
    gone = {one.result.restart: one.curves for one in retired(restarts)}
    return gone | {restart.number: curves(restart) for restart in restarts.rows}


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
