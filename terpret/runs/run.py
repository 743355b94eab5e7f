"""One model learned on one task: from the settings and a folder to the results."""

import contextlib
import dataclasses
import os
import time
from collections.abc import Callable

import tensorflow as tf

from terpret.files import own_files
from terpret.files.typed_json import to_json
from terpret.learning.network_file import (
    FILE_NAME,
    save_networks,
)
from terpret.learning.restarts import Progress, Restarts
from terpret.learning.train import Budget
from terpret.learning.train import train as train_loop
from terpret.runs.config import Config
from terpret.runs.events import EventWriter
from terpret.runs.measured import all_curves, correct, measured, results_of
from terpret.runs.named_files import rooted
from terpret.runs.prepared import Run, prepare, ready_study
from terpret.runs.progress import Display, Silent
from terpret.runs.records import read_results
from terpret.runs.results import RunResult
from terpret.runs.run_folder import (
    claim,
    look,
    refuse_foreign,
    writer,
    writing,
)
from terpret.runs.scenario import PLAIN, Scenario
from terpret.runs.solving import is_exact, solve_first


def train(
    config: Config,
    workdir: str,
    afresh: bool = False,
    command: str = "",
    checkpoint_seconds: float = 60.0,
    watch: Callable[[Run, list[str]], Display] | None = None,
    thorough: bool = True,
    part_of: str = "",
    scenario: Scenario = PLAIN,
) -> RunResult:
    """Trains a model as `config` says, or continues to; returns the results when all is done.

    Args:
      config: the settings.
      workdir: the run folder, which becomes this run's own.
      afresh: forget what the folder holds.
      command: the command line, for the record.
      checkpoint_seconds: the time between checkpoints.
      watch: is told of the run when it is ready, with warnings, and gives what shows its progress.
      thorough: whether all is measured that the task has to measure; else only what every restart's
        entry in the results needs, for a run whose time counts.
      part_of: the run folder around it whose part this run is; empty for none.
      scenario: what is known of the model.

    Returns:
      What was found, as `results.json` holds it.

    Raises:
      ModelError, InputError, DataError, RunError, CheckpointError: with what is wrong.
      Stopped: by a signal, after a checkpoint was written.
    """
    started = time.monotonic()
    config = rooted(config)
    known = None if afresh else look(config, workdir)
    if known is not None and known[0]:
        return finished_results(workdir)
    # What is wrong is refused before anything is written or moved.
    study = ready_study(config, workdir, afresh, scenario)
    refuse_foreign(config, workdir, afresh)
    with writer(workdir, part_of):
        done, warnings = claim(config, workdir, afresh, part_of)
        if done:
            return finished_results(workdir)
        if config.deterministic:
            tf.config.experimental.enable_op_determinism()
        if scenario.learn_needed and not (config.data or config.init_nets):
            scenario.learn_needed(
                config,
                workdir,
                lambda mine, folder, its_scenario: train(
                    mine,
                    folder,
                    command=command,
                    checkpoint_seconds=checkpoint_seconds,
                    watch=watch,
                    part_of=workdir,
                    scenario=its_scenario,
                ),
            )
        run = prepare(config, workdir, study, scenario=scenario)
        if not thorough:
            run = dataclasses.replace(run, study=run.study.briefly())
        display = watch(run, [*warnings, *run.notes]) if watch else Silent()
        if is_exact(run.learner.method):
            solve_first(
                config, workdir, run.learner, run.task, run.own, scenario.no_op, display.note
            )
        return _learned(run, command, checkpoint_seconds, display, started)


def finished_results(workdir: str) -> RunResult:
    """What a run has found that has finished."""
    results = read_results(os.path.join(workdir, "results.json"))
    assert results is not None
    return results


def _learned(
    run: Run, command: str, checkpoint_seconds: float, display: Display, started: float
) -> RunResult:
    """Trains a run to its end, and writes what it leaves; the results."""
    folder = run.workdir
    events = EventWriter(
        os.path.join(folder, "events"),
        run.model,
        run.task,
        _hparams(run),
        run.scenario.listing.code,
    )

    def report(progress: Progress) -> None:
        with writing(folder):
            events.write(progress)
        display.update(progress)

    with contextlib.closing(events):
        restarts = train_loop(
            run.learner,
            run.task,
            _budget(run, checkpoint_seconds),
            os.path.join(folder, "checkpoints"),
            report,
            lambda rows, restarts: [
                one.to_json() for one in measured(run, correct(run, rows), restarts)
            ],
        )
        results = results_of(run, restarts, command, display.note, started)
        with writing(folder):
            events.finish(results.restarts, results.unseen)
            _write(run, restarts, results)
    return results


def _budget(run: Run, checkpoint_seconds: float) -> Budget:
    config = run.config
    part, parts = config.part
    return Budget(
        examples=run.examples,
        numbers=config.numbers,
        check_every=config.check_every,
        stop_after_solved=config.stop_after_solved,
        nets_at_least=config.nets_at_least,
        refill=config.refill,
        fresh=config.restarts + part - 1,
        stride=parts,
        checkpoint_seconds=checkpoint_seconds,
    )


def _write(run: Run, restarts: Restarts, results: RunResult) -> None:
    """Writes what a finished run leaves; `results.json`, which says that it is done, last."""

    def path(name: str) -> str:
        return os.path.join(run.workdir, name)

    best = results.best_restart
    row = [restart.number for restart in restarts.rows].index(best.restart)
    program = run.model.program(row)
    if run.model.networks:
        source = {
            "model": results.model,
            "task": results.task,
            "restart": str(best.restart),
            **results.data,
            **{f"accuracy of {n}": str(value) for n, value in best.network_accuracies.items()},
        }
        own_files.add(path(FILE_NAME))
        save_networks(path(FILE_NAME), run.model, row, source)
    own_files.write_text(path("program.txt"), run.scenario.listing.code(program) + "\n")
    own_files.write_json(path("program.json"), {n: v.tolist() for n, v in program.values.items()})
    own_files.write_json(path("curves.json"), to_json(all_curves(restarts)))
    own_files.write_json(path("results.json"), results.to_json())


def _hparams(run: Run) -> dict[str, object]:
    """What tells runs apart on TensorBoard's page of hyperparameters."""
    method = run.learner.method
    own = {name.replace("_", " "): value for name, value in run.config.method.items()}
    return {
        "preset": run.config.preset,
        "task": run.task.name,
        "batch size": method.batch_size,
        "program rate": method.program_rate,
        "network rate": method.network_rate,
        **own,
    }
