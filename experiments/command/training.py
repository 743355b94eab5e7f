"""`train.py`: flags in, a run or an experiment done, and what was learned in print."""

import contextlib
import os
import shlex
import sys

from absl import flags

from experiments.command.advice import done_already, same_command
from experiments.command.experiment import run_experiment
from experiments.command.flags import config_from
from experiments.command.guard import guarded
from experiments.command.rules import refuse_unheard_by_run
from experiments.config import TaskConfig
from experiments.scenarios.registry import scenario_named, scenario_of
from terpret import signals
from terpret.errors import RunError
from terpret.files.asked import write_asked
from terpret.language.errors import parse_hypers
from terpret.language.model_files import model_meant, model_name
from terpret.runs import run as single
from terpret.runs.described import otherwise
from terpret.runs.named_files import rooted
from terpret.runs.own_method import own_method
from terpret.runs.places import place, refuse_file, refuse_workdir
from terpret.runs.prepared import Run
from terpret.runs.printing import print_header, print_results
from terpret.runs.progress import Bar, RestartsLine
from terpret.runs.records import rendered


def train(values: flags.FlagValues, arguments: list[str]) -> int:
    """`train.py`: learns, and prints what was learned."""
    work = run_experiment if values.experiment else run_single
    return guarded(lambda: work(values, arguments))


def run_single(values: flags.FlagValues, arguments: list[str]) -> int:
    """Does a single run, or goes on with it; the exit status.

    Raises:
      ModelError, InputError, DataError, RunError, CheckpointError: with what is wrong.
      Stopped: by a signal.
    """
    save_nets = place("save_nets", values.save_nets) if values.save_nets else ""
    config = rooted(config_of(values))
    workdir = folder_of(values, config)
    refuse_workdir(workdir)
    if save_nets:
        refuse_file("save_nets", save_nets, config, workdir)
    scenario, bars = scenario_of(config), list[Bar]()

    def watch(run: Run, warnings: list[str]) -> RestartsLine:
        for warning in warnings:
            print(f"warning: {warning}", file=sys.stderr)
        for bar in bars:
            bar.close()
        if run.config != config:
            print(f"\nfirst stage: networks from {model_name(run.config.model)}")
        elif bars:
            print("\nsecond stage: the program")
        print_header(run)
        bars.append(Bar(run.examples))
        return RestartsLine(bars[-1].show, run.examples)

    command = shlex.join(["python", *arguments])
    signals.promise(workdir, f"{same_command(values)} continues the run in {workdir}")
    with contextlib.ExitStack() as shown:
        shown.callback(lambda: [bar.close() for bar in bars])
        results = single.train(
            config,
            workdir,
            values.overwrite,
            command,
            values.checkpoint_seconds,
            watch,
            scenario=scenario,
        )
    if not bars:
        print(done_already(workdir))
    path = os.path.join(workdir, "results.json")
    print(rendered(path, lambda: print_results(results, scenario), otherwise(workdir)), end="")
    print(f"written to {workdir}: results.json, program.txt, checkpoints/, events/")
    if save_nets:
        _save_networks(workdir, save_nets)
    return 0


def config_of(values: flags.FlagValues) -> TaskConfig:
    """The settings that the flags give.

    Raises:
      RunError: a flag says nothing to a single run.
    """
    # The default is ours, whatever lies in the working folder.
    model = model_meant(values.model) if values["model"].present else values.model
    given, scenario = values["distinct_grids"], scenario_named(model_name(model))
    refuse_unheard_by_run(values, model, scenario)
    in_file = values.hypers.endswith(".json")
    return config_from(
        values,
        TaskConfig,
        model=model,
        task="" if values.data or "task" not in scenario.flags else values.task,
        hypers={} if in_file else parse_hypers(values.hypers),
        hypers_file=values.hypers if in_file else "",
        method=own_method(values.method, values.preset) if values.method else {},
        distinct_grids=given.value if given.present else scenario.distinct,
    )


def folder_of(values: flags.FlagValues, config: TaskConfig) -> str:
    """The run folder: --workdir or one named after the settings, and in it the shard's."""
    name = model_name(config.model).removesuffix("_model")
    task = config.task or os.path.basename(config.data).removesuffix(".json")
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
