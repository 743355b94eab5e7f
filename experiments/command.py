"""The two commands: flags in, tables out, every mistake of the user one clear message."""

import os
import shlex
import sys
from collections.abc import Callable

import tensorflow as tf
from absl import flags, logging

from datasets.pools import DataError
from experiments import single
from experiments.tables import results_table, success
from experiments.writers import Bar
from terpret import InputError, ModelError
from terpret.language.errors import parse_hypers
from terpret.learning.checkpoints import CheckpointError
from terpret.learning.files import read_json
from terpret.learning.train import Progress, Stopped

MISTAKES = (DataError, InputError, single.RunError, CheckpointError)


def guarded(action: Callable[[], int]) -> int:
    """Runs a command; a mistake of the user is one message and exit status 1."""
    tf.get_logger().setLevel("ERROR")
    logging.set_verbosity(logging.ERROR)
    try:
        return action()
    except ModelError as error:
        print(error, file=sys.stderr)
    except MISTAKES as error:
        print(f"error: {error}", file=sys.stderr)
    return 1


def train(values: flags.FlagValues, arguments: list[str]) -> int:
    """`train.py`: learns, and prints what was learned."""
    return guarded(lambda: _train(values, arguments))


def _train(values: flags.FlagValues, arguments: list[str]) -> int:
    config = single.Config(
        model=values.model,
        task="" if values.data else values.task,
        data=values.data,
        hypers={} if values.hypers.endswith(".json") else parse_hypers(values.hypers),
        hypers_file=values.hypers if values.hypers.endswith(".json") else "",
        preset=values.preset,
        restarts=values.restarts,
        examples=values.examples,
        batch_size=values.batch_size,
        distinct_grids=values.distinct_grids,
        seed=values.seed,
        digits=values.digits,
        data_dir=values.data_dir,
        check_every=values.check_every,
        xla=values.xla,
        max_nodes=values.max_nodes,
    )
    # A model that is wrong is refused before anything is written.
    single.refuse_unready(config)
    name = os.path.basename(config.model).removesuffix(".py").removesuffix("_model")
    task = config.task or os.path.basename(config.data).removesuffix(".json")
    default = f"runs/{name}-{task}-{config.preset}-{config.seed}"
    workdir = values.workdir or default
    results = single.claim(config, workdir, values.restart)
    if results is not None:
        print(f"{workdir} is done already; --restart begins afresh.")
    else:
        results = _run(config, workdir, shlex.join(["python", *arguments]))
        if results is None:
            return 1
    _print_results(results, workdir)
    return 0


def _run(config: single.Config, workdir: str, command: str) -> dict[str, object] | None:
    ready = single.prepare(config, workdir)
    every, distinct = ready.space
    print(f"model: {config.model}, task {ready.task.name}, preset {config.preset}")
    print(f"programs: {every:.1e} parameter assignments, {distinct:.1e} distinct programs")
    for kind, source in ready.task.sources.items():
        print(f"{kind}: {source}")
    print(f"run folder: {workdir} (tensorboard --logdir={os.path.dirname(workdir) or '.'})")
    print("compiling the training step ...", flush=True)
    bar: list[Bar] = []

    def report(run: single.Run, progress: Progress) -> None:
        if not bar:
            bar.append(Bar(config.examples))
        bar[0].update(run, progress)

    try:
        return single.run(ready, report, command)
    except Stopped:
        print(f"\nstopped; the same command continues the run in {workdir}", file=sys.stderr)
        return None
    finally:
        for shown in bar:
            shown.close()


def _print_results(results: dict[str, object], workdir: str) -> None:
    _print_program(results)
    _print_accuracies(results)
    print(f"written to {workdir}: results.json, program.txt, checkpoints/, events/")


def evaluate(values: flags.FlagValues) -> int:
    """`evaluate.py`: measures a run folder again and prints the tables."""
    return guarded(lambda: _evaluate(values))


def _evaluate(values: flags.FlagValues) -> int:
    path = os.path.join(values.workdir, "config.json")
    stored = read_json(path)
    if not isinstance(stored, dict):
        raise single.RunError(f"{values.workdir} is no run folder: {path} is missing or damaged")
    config = single.read_config(stored, values.data_dir)
    ready = single.prepare(config, values.workdir)
    seen = single.restore(ready)
    results = single.measure(ready, 0.0, "")
    print(f"model: {config.model}, task {ready.task.name}, after {seen:,} examples")
    for kind, source in ready.task.sources.items():
        print(f"{kind}: {source}")
    _print_program(results)
    _print_accuracies(results)
    return 0


def _print_program(results: dict[str, object]) -> None:
    best = results["restarts"][results["best"]]
    print(f"\nlearned program of restart {best['seed']} (confidence of each line):\n")
    print(best["program"])


def _print_accuracies(results: dict[str, object]) -> None:
    print(f"\ntest accuracy on {results['tested_on']}:\n")
    print(results_table(results))
    for batch, accuracy in results["batches"].items():
        print(f"that program on batch {batch}: {accuracy:.4f}")
    print(f"\n{success(results)}")
