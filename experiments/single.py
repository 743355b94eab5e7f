"""One model learned on one task: the run folder, from the command's settings to the results."""

import dataclasses
import glob
import os
import platform
import sys
import time
from collections.abc import Callable
from importlib import metadata

import numpy as np

from datasets.digits import load_digits
from experiments.file_task import (
    TRAIN,
    DataFile,
    file_task,
    instances,
    open_file,
    other_batches,
)
from experiments.tasks import add2x2_task
from experiments.writers import EventWriter
from ntpt_models import model_name, program_space, source_code
from terpret import CompiledModel, check_model, compile_model
from terpret.learning.checkpoints import Checkpoints
from terpret.learning.files import read_json, write_json, write_text
from terpret.learning.learner import Learner
from terpret.learning.measure import network_accuracies, test_accuracies
from terpret.learning.method import PRESETS
from terpret.learning.task import Task
from terpret.learning.train import Progress, train

MODELS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "ntpt_models")
TASKED = ("add2x2_model",)


@dataclasses.dataclass(frozen=True)
class Config:
    """The settings of a run; two runs with equal ones give equal results.

    Attributes:
      model: a model file, or a name in ntpt_models/.
      task: the task's name; empty where a data file is the task.
      data: a data file in the original TerpreT's format; empty for none.
      hypers: values for the model's hypers.
      hypers_file: configurations of hypers for the data file's batches; empty for none.
      preset: how to learn, a name in `PRESETS`.
      restarts: how many independent starts are trained side by side.
      examples: training examples for each restart.
      batch_size: examples in an update; 0 is the preset's.
      distinct_grids: distinct training examples; 0 is no limit.
      seed: the root seed.
      digits: auto, mnist or embedded.
      data_dir: where tensorflow-datasets keeps its data; None is its default.
      check_every: examples between checks of the discretised programs.
      xla: whether the training step is compiled by XLA.
      max_nodes: the largest tensor network that is accepted.
    """

    model: str
    task: str
    data: str
    hypers: dict[str, int]
    hypers_file: str
    preset: str
    restarts: int
    examples: int
    batch_size: int
    distinct_grids: int
    seed: int
    digits: str
    data_dir: str | None
    check_every: int
    xla: bool
    max_nodes: int


class RunError(Exception):
    """A run cannot go on; the message is one sentence for the user."""


def model_path(name: str) -> str:
    """The file of a model given as a path, or as a name in ntpt_models/."""
    inside = os.path.join(MODELS, os.path.basename(name).removesuffix(".py") + ".py")
    if os.path.exists(name) or os.sep in name or not os.path.exists(inside):
        return name
    return inside


@dataclasses.dataclass(frozen=True)
class Run:
    """A model and its task, ready to be trained or measured.

    Attributes:
      config: the settings.
      workdir: the run folder.
      task: the task.
      learner: the model and its method.
      file: the data file that is the task, if one is.
    """

    config: Config
    workdir: str
    task: Task
    learner: Learner
    file: DataFile | None

    @property
    def model(self) -> CompiledModel:
        """The compiled model."""
        return self.learner.model

    @property
    def space(self) -> tuple[int, int]:
        """The number of parameter assignments, and of distinct programs."""
        return program_space(self.model.checked)


def prepare(config: Config, workdir: str) -> Run:
    """Compiles the model and loads the data.

    Raises:
      ModelError, InputError, DataError, RunError: with what is wrong.
    """
    path = os.path.join(workdir, "model", os.path.basename(model_path(config.model)))
    if not os.path.exists(path):
        path = model_path(config.model)
    method = PRESETS[config.preset]
    file = None
    if config.data:
        file = open_file(config.data, path, config.hypers, config.hypers_file)
        task = file_task(file)
        # As the original's trainers: every update sees the whole batch.
        method = dataclasses.replace(method, batch_size=instances(file.named(TRAIN)))
        checked = file.model
    else:
        digits = load_digits(config.digits, config.data_dir)
        task = add2x2_task(config.task, digits, config.distinct_grids)
        checked = check_model(path, config.hypers)
    model = compile_model(
        checked, restarts=config.restarts, seed=config.seed, max_nodes=config.max_nodes
    )
    if config.batch_size:
        method = dataclasses.replace(method, batch_size=config.batch_size)
    learner = Learner(model, method, config.seed, config.examples, config.xla)
    return Run(config, workdir, task, learner, file)


def refuse_unready(config: Config) -> None:
    """Refuses a model that is wrong, or that no task is made for, before anything is written.

    Raises:
      ModelError, InputError, RunError: with what is wrong.
    """
    path = model_path(config.model)
    if config.data:
        open_file(config.data, path, config.hypers, config.hypers_file)
        return
    name = model_name(check_model(path, config.hypers))
    if name not in TASKED:
        raise RunError(
            f"train.py has no task for {name}: give --data=FILE.json, or train {TASKED[0]}"
        )


def read_config(stored: dict[str, object], data_dir: str | None) -> Config:
    """The config of a run folder, with the data perhaps in another place.

    Raises:
      RunError: it is not the config of a run.
    """
    try:
        config = Config(**stored)
    except TypeError:
        raise RunError("config.json is not the configuration of a run") from None
    return dataclasses.replace(config, data_dir=data_dir) if data_dir else config


def claim(config: Config, workdir: str, afresh: bool) -> dict[str, object] | None:
    """Makes the run folder the config's own.

    Args:
      config: the settings.
      workdir: the run folder.
      afresh: forget what the folder holds.

    Returns:
      The results, if the folder holds those of a finished run with the same settings.

    Raises:
      RunError: the folder holds another run, or cannot be written.
    """
    path = os.path.join(workdir, "config.json")
    wanted = dataclasses.asdict(config)
    try:
        os.makedirs(workdir, exist_ok=True)
        if afresh:
            _forget(workdir)
        there = read_json(path)
        if there is None and os.path.exists(path):
            raise RunError(f"{path} is damaged: give another --workdir, or --restart")
        if isinstance(there, dict) and there != wanted:
            differing = [key for key in wanted if there.get(key) != wanted[key]]
            raise RunError(
                f"{workdir} holds a run with another {' and '.join(differing)}: "
                "give another --workdir, or --restart to begin afresh there"
            )
        source = model_path(config.model)
        copy = os.path.join(workdir, "model", os.path.basename(source))
        if there is None:
            with open(source, encoding="utf-8") as file:
                write_text(copy, file.read())
            write_json(path, wanted)
        elif os.path.exists(source) and _text(source) != _text(copy):
            raise RunError(
                f"{source} has changed since the run in {workdir} began: "
                "give another --workdir, or --restart to begin afresh there"
            )
    except OSError as error:
        raise RunError(f"cannot use {workdir}: {error.strerror or error}") from None
    results = read_json(os.path.join(workdir, "results.json"))
    return results if isinstance(results, dict) else None


def _text(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read()


def _forget(workdir: str) -> None:
    """Removes what a run leaves in its folder, and nothing else."""
    for folder, _, names in os.walk(workdir, topdown=False):
        for name in names:
            known = name in (
                "config.json",
                "results.json",
                "program.txt",
                "program.json",
            )
            if known or name.startswith(("ckpt-", "events.out.")):
                os.unlink(os.path.join(folder, name))
    for path in glob.glob(os.path.join(workdir, "model", "*.py")):
        os.unlink(path)


def run(
    ready: Run, report: Callable[[Run, Progress], None], command: str = ""
) -> dict[str, object]:
    """Trains, measures and writes the results; continues what the folder holds.

    Args:
      ready: the run; its folder was claimed before.
      report: is told of the progress.
      command: the command line, for the record.

    Returns:
      The results as written to `results.json` (design, section 5).
    """
    config, workdir = ready.config, ready.workdir
    events = EventWriter(ready)

    def tell(progress: Progress) -> None:
        events.write(progress)
        report(ready, progress)

    started = time.time()
    train(
        ready.learner,
        ready.task,
        config.examples,
        config.seed,
        config.check_every,
        os.path.join(workdir, "checkpoints"),
        tell,
    )
    results = measure(ready, time.time() - started, command)
    events.finish(results)
    best = results["best"]
    program = ready.model.program(best)
    write_text(os.path.join(workdir, "program.txt"), source_code(program) + "\n")
    values = {name: value.tolist() for name, value in program.values.items()}
    write_json(os.path.join(workdir, "program.json"), values)
    write_json(os.path.join(workdir, "results.json"), results)
    return results


def restore(ready: Run) -> int:
    """Restores the learned parameters of a run folder; the number of examples they have seen.

    Raises:
      RunError: the folder holds no checkpoint.
      CheckpointError: it holds none that is whole.
    """
    folder = os.path.join(ready.workdir, "checkpoints")
    seen = Checkpoints(folder, 1, model=ready.model, learner=ready.learner).restore()
    if seen is None:
        raise RunError(f"{ready.workdir} holds no checkpoint: train first")
    return seen


def measure(ready: Run, seconds: float, command: str) -> dict[str, object]:
    """Measures every restart on test data and symbols, as `results.json` holds it."""
    model, task = ready.model, ready.task
    programs = [model.program(restart) for restart in range(model.restarts)]
    soft, discrete = test_accuracies(model, programs, task)
    nets = network_accuracies(model, task.images)
    correct = [task.symbols.correct(program) for program in programs]
    solved_at = ready.learner.solved_at.numpy()
    steps = ready.learner.steps.numpy()
    restarts = [
        {
            "seed": k,
            "solved": int(solved_at[k]),
            "correct": bool(correct[k]),
            "examples": int(steps[k]) * ready.learner.method.batch_size,
            "seconds": round(seconds, 1),
            "test_accuracy": round(float(soft[k]), 4),
            "discrete_accuracy": round(float(discrete[k]), 4),
            "nets": {name: round(float(values[k]), 4) for name, values in nets.items()},
            "program": source_code(programs[k]),
        }
        for k in range(model.restarts)
    ]
    chosen = [k for k in range(model.restarts) if correct[k]] or list(range(model.restarts))
    best = max(chosen, key=lambda k: (discrete[k], soft[k], -k))
    every, distinct = program_space(model.checked)
    return {
        "model": model_name(model.checked),
        "task": task.name,
        "preset": ready.config.preset,
        "restarts": restarts,
        "best": best,
        "nets": {name: round(float(np.median(values[chosen])), 4) for name, values in nets.items()},
        "programs": {"assignments": every, "distinct": distinct},
        "tested_on": task.tested_on,
        "batches": other_batches(ready.file, programs[best]) if ready.file else {},
        "published": task.published,
        "data": dict(task.sources),
        "command": command,
        "versions": _versions(),
        "seconds": round(seconds, 1),
    }


def _versions() -> dict[str, str]:
    names = ("tensorflow", "tensorflow-datasets", "numpy")
    versions = {name: metadata.version(name) for name in names}
    return {"python": platform.python_version(), **versions, "platform": sys.platform}
