"""A run done or gone on with, and what was learned in print."""

import contextlib
import os
import shlex
import sys
from collections.abc import Sequence

from absl import flags

from terpret import signals
from terpret.backends.exact.outcome import UNDECIDED
from terpret.command.advice import done_already, same_command
from terpret.errors import RunError
from terpret.files.asked import write_asked
from terpret.language.model_files import model_name
from terpret.runs import run as single
from terpret.runs.config import Config
from terpret.runs.described import otherwise
from terpret.runs.places import place, refuse_file, refuse_workdir
from terpret.runs.prepared import Run
from terpret.runs.printing import print_header, print_results
from terpret.runs.progress import Bar, RestartsLine
from terpret.runs.records import rendered
from terpret.runs.scenario import Scenario
from terpret.runs.solving import Unsolved


def train_run(
    config: Config, task: str, scenario: Scenario, values: flags.FlagValues, command: list[str]
) -> int:
    """Does a run, or goes on with it; the exit status.

    Args:
      config: its settings.
      task: the task's name, for that of the run folder.
      scenario: what is known of the model.
      values: the flags.
      command: the command line, for the record.

    Raises:
      ModelError, InputError, DataError, RunError, CheckpointError: with what is wrong.
      Stopped: by a signal.
    """
    save_nets = place("save_nets", values.save_nets) if values.save_nets else ""
    workdir = _folder_of(values, config, task)
    refuse_workdir(workdir)
    if save_nets:
        refuse_file("save_nets", save_nets, config, workdir)
    bars = list[Bar]()

    def watch(run: Run, warnings: list[str]) -> RestartsLine:
        for warning in warnings:
            print(f"warning: {warning}", file=sys.stderr)
        _close(bars)
        if run.config != config:
            print(f"\nfirst stage: networks from {model_name(run.config.model)}")
        elif bars:
            print("\nsecond stage: the program")
        print_header(run)
        bars.append(Bar(run.examples))
        return RestartsLine(bars[-1].show, run.examples, run.searches)

    signals.promise(workdir, f"{same_command(values)} continues the run in {workdir}")
    with contextlib.ExitStack() as shown:
        shown.callback(lambda: _close(bars))
        try:
            results = single.train(
                config,
                workdir,
                values.overwrite,
                shlex.join(command),
                values.checkpoint_seconds,
                watch,
                scenario=scenario,
            )
        except Unsolved as unsolved:
            return _unsolved(unsolved, bars)
    if not bars:
        print(done_already(workdir))
    path = os.path.join(workdir, "results.json")
    print(rendered(path, lambda: print_results(results, scenario), otherwise(workdir)), end="")
    print(f"written to {workdir}: results.json, program.txt, checkpoints/, events/")
    if save_nets:
        _save_networks(workdir, save_nets)
    return 0


def _unsolved(unsolved: Unsolved, bars: Sequence[Bar]) -> int:
    """Says that there is no program, or that none was found in time; the exit status."""
    _close(bars)
    print(unsolved)
    if unsolved.status != UNDECIDED:
        return 0
    print("the same command goes on with the search, also with more --seconds or --memory")
    return 1


def _close(bars: Sequence[Bar]) -> None:
    for bar in bars:
        bar.close()


def _folder_of(values: flags.FlagValues, config: Config, task: str) -> str:
    """The run folder: --workdir or one named after the settings, and in it the shard's."""
    name = model_name(config.model).removesuffix("_model")
    task = task or os.path.splitext(os.path.basename(config.data))[0]
    parts = (name, task, config.preset, str(config.seed))
    workdir = os.path.join("runs", "-".join(filter(None, parts)))
    if values.workdir:
        workdir = place("workdir", values.workdir)
    if not config.shard:
        return workdir
    return os.path.join(workdir, "shard-{}-of-{}".format(*config.part))


def _save_networks(workdir: str, path: str) -> None:
    """Copies the networks of a finished run to a file."""
    try:
        with open(os.path.join(workdir, "networks.npz"), "rb") as file:
            networks = file.read()
    except FileNotFoundError:
        raise RunError("--save_nets: the model has no networks") from None
    except OSError as error:
        raise RunError(f"cannot read the networks in {workdir}: {error.strerror}") from None
    write_asked(path, networks)
    print(f"networks written to {path}")
