"""One model learned on one task: from the settings and a folder to the results."""

import contextlib
import dataclasses
import os
import time
from collections.abc import Callable, Mapping

import tensorflow as tf

from terpret.runs.config import Config
from terpret.runs.model_files import model_path
from terpret.runs.named_files import rooted
from terpret.errors import RunError
from terpret.runs.events import EventWriter
from terpret.runs.file_task import DataFile, file_task, open_file
from experiments.scenarios.first_stage import NEEDED, learn_networks, load_needed
from terpret.runs.hyper_notes import hyper_notes
from experiments.scenarios.registry import model_task
from terpret.runs.results import all_curves, correct, measured, results_of
from terpret.runs.room import refuse_too_large
from terpret.runs.run_folder import (
    claim,
    look,
    model_copy,
    networks_copy,
    refuse_foreign,
    same_data,
    writer,
    writing,
)
from terpret.runs.progress import Display, Silent
from ntpt_models import program_space, source_code
from terpret import CompiledModel, Library, check_model, compile_model
from terpret.language.checked import CheckedModel
from terpret.files import own_files
from terpret.learning.checkpoints import Checkpoints
from terpret.learning.learner import Learner, Pretrained
from terpret.learning.method import Method
from terpret.learning.network_file import (
    FILE_NAME,
    SavedNetworks,
    fitting_layers,
    load_networks,
    save_networks,
)
from terpret.learning.presets import preset
from terpret.learning.restarts import Progress, Restarts, restarts_of
from terpret.learning.task import Task
from terpret.learning.train import Budget
from terpret.learning.train import train as train_loop


@dataclasses.dataclass(frozen=True)
class Run:
    """A model and its task, ready to be trained or measured.

    Attributes:
      config: the settings.
      workdir: the run folder.
      task: the task.
      learner: the model and its method.
      examples: the number of examples each restart is to see.
      file: the data file that is the task, if one is.
      networks_from: where the networks that the run starts from come from.
    """

    config: Config
    workdir: str
    task: Task
    learner: Learner
    examples: int
    file: DataFile | None
    networks_from: Mapping[str, str]

    @property
    def model(self) -> CompiledModel:
        """The compiled model."""
        return self.learner.model

    @property
    def space(self) -> tuple[int, int]:
        """The number of parameter assignments, and of distinct programs."""
        return program_space(self.model.checked)


def train(
    config: Config,
    workdir: str,
    afresh: bool = False,
    command: str = "",
    checkpoint_seconds: float = 60.0,
    watch: Callable[[Run, list[str]], Display] | None = None,
    thorough: bool = True,
    part_of: str = "",
) -> dict[str, object]:
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

    Returns:
      The results as in `results.json` (design, section 5). Their `verified_after` is the seconds
      from the call to the moment when all programs were verified.

    Raises:
      ModelError, InputError, DataError, RunError, CheckpointError: with what is wrong.
      Stopped: by a signal, after a checkpoint was written.
    """
    started = time.monotonic()
    config = rooted(config)
    known = None if afresh else look(config, workdir)
    if known is not None and known[0] is not None:
        return known[0]
    # What is wrong is refused before anything is written or moved.
    task = ready_task(config, workdir, afresh)
    refuse_foreign(config, workdir, afresh)
    with writer(workdir, part_of):
        results, warnings = claim(config, workdir, afresh, part_of)
        if results is not None:
            return results
        if config.deterministic:
            tf.config.experimental.enable_op_determinism()
        if _needed_networks(config) and not config.init_nets:
            learn_networks(
                config,
                workdir,
                lambda mine, folder: train(
                    mine,
                    folder,
                    command=command,
                    checkpoint_seconds=checkpoint_seconds,
                    watch=watch,
                    part_of=workdir,
                ),
            )
        run = prepare(config, workdir, task)
        if not thorough:
            task = dataclasses.replace(run.task, watched=None, further=lambda _, row: {})
            run = dataclasses.replace(run, task=task)
        notes = hyper_notes(config, run.file) if run.file else []
        display = watch(run, [*warnings, *notes]) if watch else Silent()
        return _learned(run, command, checkpoint_seconds, display, started)


def prepare(config: Config, workdir: str, task: Task | None = None, begins: bool = True) -> Run:
    """Compiles the model and loads the data.

    Args:
      config: the settings.
      workdir: the run folder.
      task: the task, where it is known already.
      begins: whether the folder takes a note of the data where it has none.

    Raises:
      ModelError, InputError, DataError, RunError: with what is wrong.
    """
    path = model_copy(config, workdir)
    file = None
    if config.data:
        file = open_file(config.data, path, config.hypers, config.hypers_file)
        task, checked = file_task(file), file.model
    else:
        checked = check_model(path, config.hypers)
        task = task or model_task(config, checked)
    same_data(workdir, task.images, begins)
    method, examples = _method(config, file)
    networks = networks_copy(config, workdir)
    given = load_networks(networks) if networks else None
    learner = _learner(config, checked, method, examples, given)
    source = given.source if given else {}
    return Run(config, workdir, task, learner, examples, file, source)


def restored(run: Run) -> tuple[int, Restarts]:
    """Restores the learned parameters of a run folder.

    Returns:
      The number of examples of the stream they have seen, and what is known of the restarts.

    Raises:
      RunError: the folder holds no checkpoint.
      CheckpointError: it holds none that is whole.
    """
    folder = os.path.join(run.workdir, "checkpoints")
    stored = Checkpoints(folder, 1, model=run.model, learner=run.learner).restore()
    if stored is None:
        raise RunError(f"{run.workdir} holds no checkpoint: train first")
    return stored[0], restarts_of(stored[1])


def _learned(
    run: Run, command: str, checkpoint_seconds: float, display: Display, started: float
) -> dict[str, object]:
    """Trains a run to its end, and writes what it leaves; the results."""
    folder = run.workdir
    events = EventWriter(os.path.join(folder, "events"), run.model, run.task, _hparams(run))

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
            lambda rows, restarts: measured(run, correct(run, rows), restarts),
        )
        results = results_of(run, restarts, command, display.note, started)
        with writing(folder):
            events.finish(results)
            _write(run, restarts, results)
    return results


def ready_task(config: Config, workdir: str, afresh: bool = False) -> Task | None:
    """Refuses settings that cannot work, before anything is written.

    Args:
      config: the settings.
      workdir: the run folder, which may hold the run already.
      afresh: whether what it holds is to be forgotten.

    Returns:
      The task of a run that begins; None where one goes on, or where a data file is the task.

    Raises:
      ModelError, InputError, DataError, RunError: with what is wrong.
    """
    path = model_path(config.model)
    _ = config.numbers
    needed = _needed_networks(config)
    if config.init_nets:
        load_needed(needed, config.init_nets if afresh else networks_copy(config, workdir))
    elif config.freeze_nets > 0 and not needed:
        raise RunError("--freeze_nets keeps networks as they are: say which by --init_nets")
    method = preset(config.preset)
    if config.refill and not method.first_rung:
        raise RunError(f"--refill has nothing to refill: preset {config.preset} drops no restart")
    if not (config.data or config.batch_size or method.batch_size):
        raise RunError(f"preset {config.preset} wants --batch_size where there is no --data")
    begun = not afresh and os.path.exists(os.path.join(workdir, "config.json"))
    if config.data:
        file = open_file(config.data, path, config.hypers, config.hypers_file)
        _refuse_nothing_to_learn(config, file.model, file)
        if not begun:
            refuse_too_large(config, file.model, len(file.training))
        return None
    checked = check_model(path, config.hypers)
    _refuse_nothing_to_learn(config, checked, None)
    if begun:
        return None
    refuse_too_large(config, checked)
    return model_task(config, checked)


def _refuse_nothing_to_learn(config: Config, checked: CheckedModel, file: DataFile | None) -> None:
    """Refuses a model without Params in which no network learns either.

    Raises:
      ModelError: it has too many nodes.
      RunError: there is nothing to learn.
    """
    if checked.of_kind("Param"):
        return
    _, examples = _method(config, file)
    if _frozen_examples(config, examples) >= examples:
        why = "--freeze_nets keeps its networks as they are"
    elif not compile_model(checked, max_nodes=config.max_nodes).networks:
        why = "no network decides what it gives"
    else:
        return
    raise RunError(f"{config.model} leaves nothing to learn: it declares no Param, and {why}")


def _method(config: Config, file: DataFile | None) -> tuple[Method, int]:
    """The method with its batch size, and the number of examples each restart is to see."""
    method = preset(config.preset)
    count = len(file.training) if file else method.batch_size
    size = config.batch_size or min(method.batch_size or count, count)
    method = dataclasses.replace(method, batch_size=size)
    return method, config.examples or method.updates * size


def _needed_networks(config: Config) -> tuple[str, ...]:
    """The networks that the model must be given."""
    name = os.path.basename(config.model).removesuffix(".py")
    return () if config.data else NEEDED.get(name, ())


def _frozen_examples(config: Config, examples: int) -> int:
    """The number of examples before networks begin to learn."""
    if config.freeze_nets >= 0:
        return config.freeze_nets
    return examples // 2 if _needed_networks(config) else 0


def _learner(
    config: Config,
    checked: CheckedModel,
    method: Method,
    examples: int,
    given: SavedNetworks | None,
) -> Learner:
    """The learner, its networks shared by all restarts for as long as they are frozen."""
    rows = len(config.numbers)
    freeze = _frozen_examples(config, examples)
    always = freeze >= examples

    def compiled(shared: bool, of: CompiledModel | None = None) -> CompiledModel:
        return compile_model(
            checked,
            restarts=rows,
            library=Library(1, config.seed) if shared else None,
            params_of=of,
            seed=config.seed,
            max_nodes=config.max_nodes,
        )

    model = compiled(shared=always)
    frozen = None
    if freeze and model.networks:
        unknown = [name for name in model.networks if not given or name not in given.layers]
        if unknown:
            raise RunError(
                f"--freeze_nets: nobody has taught {unknown[0]}, so it must learn at once"
            )
        frozen = model if always else compiled(shared=True, of=model)
    layers = fitting_layers(given, model) if given else {}
    return Learner(
        model,
        method,
        config.seed,
        examples,
        xla=config.xla,
        numbers=config.numbers,
        pretrained=Pretrained(layers, freeze, frozen),
    )


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


def _write(run: Run, restarts: Restarts, results: dict[str, object]) -> None:
    """Writes what a finished run leaves; `results.json`, which says that it is done, last."""

    def path(name: str) -> str:
        return os.path.join(run.workdir, name)

    entry = results["restarts"][results["best"]]
    row = [restart.number for restart in restarts.rows].index(entry["seed"])
    program = run.model.program(row)
    if run.model.networks:
        source = {
            "model": results["model"],
            "task": results["task"],
            "restart": str(entry["seed"]),
            **results["data"],
            **{f"accuracy of {name}": str(value) for name, value in entry["nets"].items()},
        }
        own_files.add(path(FILE_NAME))
        save_networks(path(FILE_NAME), run.model, row, source)
    own_files.write_text(path("program.txt"), source_code(program) + "\n")
    own_files.write_json(path("program.json"), {n: v.tolist() for n, v in program.values.items()})
    own_files.write_json(path("curves.json"), all_curves(restarts))
    own_files.write_json(path("results.json"), results)


def _hparams(run: Run) -> dict[str, object]:
    """What tells runs apart on TensorBoard's page of hyperparameters."""
    method = run.learner.method
    return {
        "preset": run.config.preset,
        "task": run.task.name,
        "batch size": method.batch_size,
        "program rate": method.program_rate,
        "network rate": method.network_rate,
    }
