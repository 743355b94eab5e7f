"""The two commands: flags in, tables out, every mistake of the user one clear message."""

import contextlib
import os
import shlex
import sys
from collections.abc import Callable, Mapping

import tensorflow as tf
from absl import flags, logging

from datasets.pools import ImageSet
from experiments.experiments import EXPERIMENTS
from experiments.flag_rules import refuse_unheard_by_experiment, refuse_unheard_by_run
from experiments.scenarios.registry import scenario_named, scenario_of
from experiments.setup import Setting
from terpret import InputError, ModelError, output, signals
from terpret.errors import DataError, RunError
from terpret.files import own_files
from terpret.files.asked import write_asked
from terpret.language.errors import parse_hypers
from terpret.learning.checkpoints import CheckpointError
from terpret.runs import run as single
from terpret.runs.config import Config, ExperimentConfig, rooted
from terpret.runs.described import otherwise
from terpret.runs.hyper_notes import hypers_text
from terpret.runs.model_files import model_meant, model_name
from terpret.runs.places import place, refuse_file
from terpret.runs.progress import Bar, RestartsLine
from terpret.runs.records import rendered
from terpret.runs.run_folder import claim, look, refuse_foreign, same_data, writer
from terpret.runs.tables import (
    batch_line,
    heading,
    power,
    results_table,
    success,
    verified,
)
from terpret.signals import Stopped

MISTAKES = (DataError, InputError, RunError, CheckpointError)


def guarded(action: Callable[[], int]) -> int:
    """Runs a command; a mistake of the user, or a signal, is one message and exit status 1."""
    tf.get_logger().setLevel("ERROR")
    logging.set_verbosity(logging.ERROR)
    try:
        return signals.work(action)
    except Stopped:
        output.say(signals.farewell())
    except ModelError as error:
        print(error, file=sys.stderr)
    except MISTAKES as error:
        print(f"error: {error}", file=sys.stderr)
    return 1


def train(values: flags.FlagValues, arguments: list[str]) -> int:
    """`train.py`: learns, and prints what was learned."""
    if values.experiment:
        return guarded(lambda: _experiment(values, arguments))
    return guarded(lambda: _train(values, arguments))


def config_of(values: flags.FlagValues) -> Config:
    """The settings that the flags give.

    Raises:
      RunError: a flag says nothing to a single run.
    """
    named = values.hypers.endswith(".json")
    # The default is ours, whatever lies in the working folder.
    model = model_meant(values.model) if values["model"].present else values.model
    given, scenario = values["distinct_grids"], scenario_named(model_name(model))
    refuse_unheard_by_run(values, model, scenario)
    return Config(
        model=model,
        task="" if values.data or "task" not in scenario.flags else values.task,
        data=values.data,
        hypers={} if named else parse_hypers(values.hypers),
        hypers_file=values.hypers if named else "",
        preset=values.preset,
        restarts=values.restarts,
        shard=values.shard,
        refill=values.refill,
        examples=values.examples,
        batch_size=values.batch_size,
        stop_after_solved=values.stop_after_solved,
        nets_at_least=values.nets_at_least,
        init_nets=values.init_nets,
        freeze_nets=values.freeze_nets,
        distinct_grids=given.value if given.present else scenario.distinct,
        seed=values.seed,
        digits=values.digits,
        operators=values.operators,
        signs=values.signs,
        data_dir=values.data_dir,
        check_every=values.check_every,
        xla=values.xla,
        deterministic=values.deterministic,
        max_nodes=values.max_nodes,
    )


def folder_of(values: flags.FlagValues, config: Config) -> str:
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


def _train(values: flags.FlagValues, arguments: list[str]) -> int:
    save_nets = place("save_nets", values.save_nets) if values.save_nets else ""
    config = rooted(config_of(values))
    workdir = folder_of(values, config)
    if save_nets:
        refuse_file("save_nets", save_nets, config, workdir)
    bars: list[Bar] = []

    def watch(run: single.Run, warnings: list[str]) -> RestartsLine:
        for warning in warnings:
            print(f"warning: {warning}", file=sys.stderr)
        for bar in bars:
            bar.close()
        if run.config != config:
            print(f"\nfirst stage: networks from {model_name(run.config.model)}")
        elif bars:
            print("\nsecond stage: the program")
        _print_header(run)
        bars.append(Bar(run.examples))
        return RestartsLine(bars[-1].show, run.examples)

    command = shlex.join(["python", *arguments])
    signals.promise(workdir, f"{_same_command(values)} continues the run in {workdir}")
    with contextlib.ExitStack() as shown:
        shown.callback(lambda: [bar.close() for bar in bars])
        results = single.train(
            config,
            workdir,
            values.restart,
            command,
            values.checkpoint_seconds,
            watch,
            scenario=scenario_of(config),
        )
    if not bars:
        print(f"{workdir} is done already; {_afresh(workdir)}.")
    path = os.path.join(workdir, "results.json")
    print(rendered(path, lambda: print_results(results), otherwise(workdir)), end="")
    print(f"written to {workdir}: results.json, program.txt, checkpoints/, events/")
    if save_nets:
        _save_networks(workdir, save_nets)
    return 0


def _same_command(values: flags.FlagValues) -> str:
    """What is typed to go on with a run that was stopped."""
    if not values.restart:
        return "the same command"
    given = values["restart"].present
    return f"the same command {'without --restart' if given else 'with --norestart'}"


def experiment_config_of(values: flags.FlagValues) -> ExperimentConfig:
    """The settings of an experiment that the flags give.

    Raises:
      RunError: a flag says nothing to an experiment.
    """
    experiment = EXPERIMENTS[values.experiment]
    refuse_unheard_by_experiment(values, experiment.flags)

    def given(name: str, otherwise: int) -> int:
        own = experiment.own.get(name, otherwise)
        return values[name].value if values[name].present else own

    return ExperimentConfig(
        experiment=values.experiment,
        learners=values.learners,
        restarts=given("restarts", values.restarts),
        examples=values.examples,
        batch_size=values.batch_size,
        distinct_grids=given("distinct_grids", 0),
        check_every=given("check_every", 0),
        seed=values.seed,
        digits=values.digits,
        operators=values.operators,
        signs=values.signs,
        data_dir=values.data_dir,
        xla=values.xla,
        init_nets=values.init_nets,
        baseline_seconds=values.baseline_seconds,
        lstm_units=values.lstm_units,
        filters=values.filters,
    )


def _experiment(values: flags.FlagValues, arguments: list[str]) -> int:
    config = rooted(experiment_config_of(values))
    experiment = EXPERIMENTS[config.experiment]
    workdir = f"runs/{config.experiment}-{config.seed}"
    if values.workdir:
        workdir = place("workdir", values.workdir)
    known = None if values.restart else look(config, workdir)
    if known is not None and known[0] is not None:
        results = known[0]
        print(f"{workdir} is done already; {_afresh(workdir)}.")
    else:
        data = experiment.ready(config)
        refuse_foreign(config, workdir, values.restart)
        signals.promise(workdir, f"{_same_command(values)} continues in {workdir}")
        with writer(workdir):
            results = _done(values, arguments, config, workdir, data)
    path = os.path.join(workdir, "results.json")
    text = rendered(path, lambda: print(experiment.tables(results, "text")), otherwise(workdir))
    print(f"\n{text}")
    print(f"written to {workdir}; python evaluate.py --workdir={workdir} draws the figures")
    return 0


def _done(
    values: flags.FlagValues,
    arguments: list[str],
    config: ExperimentConfig,
    workdir: str,
    data: Mapping[str, ImageSet],
) -> dict[str, object]:
    """Does an experiment, or goes on with it; its results."""
    results, warnings = claim(config, workdir, values.restart)
    for warning in warnings:
        print(f"warning: {warning}", file=sys.stderr)
    if results is not None:
        return results
    images = {kind: (one.test.images, one.test.labels) for kind, one in data.items()}
    same_data(workdir, images)
    print(f"experiment: {config.experiment}; run folder: {workdir}")
    bars: dict[str, Bar] = {}

    def report(title: str, total: int, done: int, text: str, unit: str = "examples") -> None:
        if title not in bars:
            for bar in bars.values():
                bar.close()
            bars[title] = Bar(total, title, unit)
        bars[title].show(done, text)

    command = shlex.join(["python", *arguments])
    setting = Setting(config, data, workdir, command, values.checkpoint_seconds, report)
    for kind, source in setting.sources.items():
        print(f"{kind}: {source}", flush=True)
    with contextlib.ExitStack() as shown:
        shown.callback(lambda: [bar.close() for bar in bars.values()])
        return EXPERIMENTS[config.experiment].run(setting)


def _afresh(workdir: str) -> str:
    """What begins a run afresh that is done already."""
    ours = own_files.is_ours(workdir)
    return "--restart begins afresh" if ours else "another --workdir begins afresh"


def _print_header(run: single.Run) -> None:
    config, (every, distinct) = run.config, run.space
    print(f"model: {config.model}, task {run.task.name}, preset {config.preset}")
    if hypers := run.model.checked.hypers:
        print(f"hypers: {hypers_text(hypers)}")
    print(f"programs: {power(every)} parameter assignments, {power(distinct)} distinct programs")
    for kind, source in run.task.sources.items():
        print(f"{kind}: {source}")
    for kind, source in run.networks_from.items():
        print(f"networks from {kind}: {source}")
    logdir = os.path.dirname(run.workdir) or "."
    print(f"run folder: {run.workdir} (tensorboard --logdir={logdir})")
    print("compiling the training step ...", flush=True)


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


def print_results(results: Mapping[str, object], style: str = "text") -> None:
    """Prints the learned program and the accuracies of all restarts, as text or Markdown."""
    best = results["restarts"][results["best"]]
    fence = "```\n" if style == "markdown" else ""
    print(f"\nlearned program of restart {best['seed']} (confidence of each line):\n")
    print(f"{fence}{best['program']}\n{fence}".rstrip())
    print(f"\n{heading(results)}:\n")
    scenario = scenario_named(results.get("model", ""))
    print(results_table(results, style, scenario.published_in))
    for batch, accuracy in results["batches"].items():
        print(batch_line(batch, accuracy))
    if further := scenario.tables(results, style):
        print(f"\n{further}")
    if results.get("verification"):
        print(f"\n{verified(results)}")
    print(f"\n{success(results)}")
