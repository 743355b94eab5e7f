"""A run, or its shards, measured again: tables, plots and exports."""

import contextlib
import dataclasses
import json
import os
import sys

from absl import flags

from terpret.command.plots import plot, plots_folder
from terpret.data.examples import as_examples
from terpret.errors import DataError, RunError
from terpret.files.replacing import is_aside
from terpret.files.typed_json import to_json
from terpret.language.model_files import model_name
from terpret.learning.restarts import Restarts
from terpret.runs import shards
from terpret.runs.config import Config
from terpret.runs.contents import flags_of_files, gone_files
from terpret.runs.described import Described, described
from terpret.runs.evaluated import Evaluation, evaluated
from terpret.runs.export import export, serving_note
from terpret.runs.hyper_notes import hypers_text
from terpret.runs.measured import all_curves, results_of
from terpret.runs.named_files import folders_of, rooted
from terpret.runs.own_data import instances_from
from terpret.runs.places import new_folder, place
from terpret.runs.prepared import Run, prepare, restored
from terpret.runs.printing import print_results
from terpret.runs.records import read_curves, read_results, rendered
from terpret.runs.results import RunResult
from terpret.runs.run import finished_results
from terpret.runs.run_folder import OtherData, using, writer
from terpret.runs.scenario import Known

_NEEDED = (
    "--plots, --export and --new_data need what the run learned from, and {}: say by the flag that "
    "names it where it is now"
)


def asked_folder(values: flags.FlagValues) -> str:
    """The folder that --workdir names.

    Raises:
      RunError: it names none, or a file.
    """
    if not values.workdir:
        raise RunError("say which run it is: --workdir=RUN")
    workdir = place("workdir", values.workdir)
    if os.path.isfile(workdir):
        raise RunError(f"--workdir={workdir} is a file, and no run folder")
    return workdir


def evaluate_run(values: flags.FlagValues, workdir: str, known: Known) -> int:
    """Measures a run, or its shards, again, and shows what was found; the exit status.

    Args:
      values: the flags.
      workdir: the run folder, or one with shards.
      known: what is known of models.

    Raises:
      RunError, DataError, InputError, ModelError, CheckpointError: with what is wrong.
    """
    target = new_folder("export", values.export) if values.export else ""
    folders = shards.folders(workdir)
    path = os.path.join(workdir, "results.json")
    shown: tuple[Run, Restarts, int] | None
    if folders:
        results, shown = shards.join(workdir), None
        for folder in folders:
            _tell(_checked(_described(folder, known), folder, values, known)[1])
        parts = [read_curves(os.path.join(folder, "curves.json")) for folder in folders]
        curves = {number: one for part in parts for number, one in part.items()}
    else:
        shown, missing = _measured(workdir, values, known)
        if shown is not None:
            _tell_damage(path)
            run, restarts, seen = shown
            results, curves = results_of(run, restarts, _command(path)), all_curves(restarts)
            if values.format == "text":
                print(f"model: {run.config.model}, task {run.task.name}, after {seen:,} examples")
                if hypers := run.model.checked.hypers:
                    print(f"hypers: {hypers_text(hypers)}")
        elif values.plots or values.export or values.new_data:
            raise RunError(_NEEDED.format(missing))
        else:
            _tell([missing])
            results, curves = finished_results(workdir), {}
    if not (values.plots or values.export or values.new_data):
        _show(results, path, values, known)
        return 0
    best = results.best_restart
    if folders:
        shown, missing = _measured(_holder(folders, best.restart), values, known)
    if shown is None:
        raise RunError(_NEEDED.format(missing))
    run, restarts, _ = shown
    row = [restart.number for restart in restarts.rows].index(best.restart)
    new = _on_new_data(values, run, row) if values.new_data else None
    _show(results, path, values, known, new)
    if values.plots:
        plots = plots_folder(workdir)
        plot(plots, results, curves, run, row)
        note(values, f"plots written to {plots}")
    if values.export:
        about = {"source": workdir, "restart": to_json(best), "data": dict(results.data)}
        code = run.scenario.listing.code(run.model.program(row))
        export(run.model, row, target, code, about)
        note(values, f"SavedModel written to {target}")
        if serving := serving_note(target):
            print(f"warning: {serving}", file=sys.stderr)
    return 0


def _on_new_data(values: flags.FlagValues, run: Run, row: int) -> Evaluation:
    """What a restart's program and networks get right of the examples that --new_data names.

    Raises:
      InputError, DataError: they do not fit the model.
    """
    model = run.model
    examples = as_examples(place("new_data", values.new_data), model.checked)
    return evaluated(model, row, instances_from(model.checked, examples))


def _show(
    results: RunResult,
    path: str,
    values: flags.FlagValues,
    known: Known,
    new: Evaluation | None = None,
) -> None:
    """Prints what was found, and what of new data is right, if it was measured."""
    if values.format == "json":
        more = {"new_data": to_json(new)} if new else {}
        print(json.dumps({**results.to_json(), **more}, indent=2))
        return
    remedy = "remove it, and the command of the run measures again"
    scenario = known.scenario(results.model)
    print(rendered(path, lambda: print_results(results, scenario, values.format), remedy), end="")
    if new:
        print(f"\nrestart {results.best_restart.restart} on {values.new_data}: {new}")


def _command(path: str) -> str:
    """The command line that a run's results were written by; empty where that is not known."""
    with contextlib.suppress(RunError):
        known = read_results(path)
        return known.command if known else ""
    return ""


def put_back(workdir: str) -> None:
    """Finds a run again that stood aside when another, which was to replace it, was killed.

    Raises:
      RunError: another process is about to replace it, or the folder cannot be written.
    """
    if is_aside(workdir):
        with writer(workdir):
            pass


def _tell_damage(path: str) -> None:
    """Says that the recorded results are damaged, where the run is measured again."""
    try:
        read_results(path)
    except RunError as error:
        print(f"warning: {str(error).partition(':')[0]}; this is measured anew", file=sys.stderr)


def _tell(missing: list[str]) -> None:
    """Says that something is gone, and what the numbers are then."""
    for one in missing:
        print(f"warning: {one}; these are the numbers measured when the run ended", file=sys.stderr)


def _described(workdir: str, known: Known) -> Described:
    """What the folder of a single run says of it.

    Raises:
      RunError: it is no run folder, or damaged.
    """
    there = described(workdir, known.kinds)
    if there is not None and there.config is None:
        raise RunError(f"{workdir} holds a run of train.py: use evaluate.py of the repository")
    if there is None or not isinstance(there.config, Config):
        path = os.path.join(workdir, "config.json")
        raise RunError(f"{workdir} is no run folder: {path} is missing or damaged")
    return there


def _checked(
    there: Described, workdir: str, values: flags.FlagValues, known: Known
) -> tuple[Config, list[str]]:
    """The config of a run with its files where the flags say that they are; and which are gone.

    Raises:
      RunError: one of them is not the one that the run began with.
    """
    assert isinstance(there.config, Config)
    flag_of = flags_of_files(type(there.config))
    now = {setting: getattr(values, flag) for setting, flag in flag_of.items()}
    named = {flag for kind in known.kinds for flag in flags_of_files(kind).values()}
    for flag in sorted(named - set(flag_of.values())):
        if getattr(values, flag, ""):
            raise RunError(f"--{flag}: the run in {workdir} began with no such file")
    for setting, path in now.items():
        if path and setting not in there.hashes:
            raise RunError(f"--{flag_of[setting]}: the run in {workdir} began with no such file")
        if path and not os.path.exists(os.path.expanduser(path)):
            raise RunError(f"--{flag_of[setting]}={path}: there is no such file")
    now |= {name: getattr(values, name, "") for name in folders_of(type(there.config))}
    config = dataclasses.replace(there.config, **{name: to for name, to in now.items() if to})
    config = rooted(config)
    with using(workdir):
        gone = gone_files(config, workdir, there.hashes)
    return config, [f"{path} is gone" for path in gone]


def _measured(
    workdir: str, values: flags.FlagValues, known: Known
) -> tuple[tuple[Run, Restarts, int] | None, str]:
    """The run of a folder with its learned parameters, and the examples that they have seen.

    Returns:
      These; or None and what is gone, of a run that has finished.

    Raises:
      RunError, DataError: with what is wrong.
    """
    config, gone = _checked(_described(workdir, known), workdir, values, known)
    done = os.path.lexists(os.path.join(workdir, "results.json"))
    if gone and not done:
        flags_ = ", ".join(f"--{flag}" for flag in flags_of_files(type(config)).values())
        raise RunError(f"{gone[0]}, and the run has not finished: say by {flags_} where it is")
    if gone:
        return None, gone[0]
    try:
        run = prepare(
            config, workdir, begins=False, scenario=known.scenario(model_name(config.model))
        )
    except (DataError, OtherData) as error:
        if not done:
            raise
        return None, str(error).rstrip(".")
    seen, restarts = restored(run)
    return (run, restarts, seen), ""


def note(values: flags.FlagValues, text: str) -> None:
    if values.format == "text":
        print(text)


def _holder(folders: list[str], number: int) -> str:
    """The shard that a restart is of."""
    for folder in folders:
        results = read_results(os.path.join(folder, "results.json"))
        if results and any(one.restart == number for one in results.restarts):
            return folder
    raise RunError(f"none of the shards holds restart {number}")
