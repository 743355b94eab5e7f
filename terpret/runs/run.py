"""One model learned on one task: from the settings and a folder to the results."""

import contextlib
import dataclasses
import os
import time
from collections.abc import Callable, Mapping

import tensorflow as tf

from terpret import CompiledModel, Library, check_model, compile_model
from terpret.discrete.program import assignments
from terpret.errors import RunError
from terpret.files import own_files
from terpret.files.typed_json import to_json
from terpret.language.checked import CheckedModel
from terpret.language.model_files import model_path, refuse_missing
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
from terpret.learning.old_checkpoints import as_before
from terpret.learning.presets import preset
from terpret.learning.restarts import Progress, Restarts, restarts_of
from terpret.learning.task import Task
from terpret.learning.train import Budget
from terpret.learning.train import train as train_loop
from terpret.runs.config import Config
from terpret.runs.described import FORMAT, described
from terpret.runs.events import EventWriter
from terpret.runs.file_task import DataFile, file_task, open_file
from terpret.runs.hyper_notes import hyper_notes
from terpret.runs.measured import all_curves, correct, measured, name_of, results_of
from terpret.runs.named_files import rooted
from terpret.runs.progress import Display, Silent
from terpret.runs.records import read_results
from terpret.runs.results import RunResult
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
from terpret.runs.scenario import PLAIN, Scenario, Study, load_needed


@dataclasses.dataclass(frozen=True)
class Run:
    """A model and its task, ready to be trained or measured.

    Attributes:
      config: the settings.
      workdir: the run folder.
      scenario: what is known of the model.
      study: the task, and what else is measured and drawn.
      learner: the model and its method.
      examples: the number of examples each restart is to see.
      file: the data file that is the task, if one is.
      networks_from: where the networks that the run starts from come from.
    """

    config: Config
    workdir: str
    scenario: Scenario
    study: Study
    learner: Learner
    examples: int
    file: DataFile | None
    networks_from: Mapping[str, str]

    @property
    def task(self) -> Task:
        """The task."""
        return self.study.task

    @property
    def model(self) -> CompiledModel:
        """The compiled model."""
        return self.learner.model

    @property
    def space(self) -> tuple[int, int]:
        """The number of parameter assignments, and of distinct programs."""
        checked = self.model.checked
        return assignments(checked), self.scenario.listing.distinct(checked)


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
        notes = [*hyper_notes(config, run.file), *_repeated(run.file)] if run.file else []
        display = watch(run, [*warnings, *notes]) if watch else Silent()
        return _learned(run, command, checkpoint_seconds, display, started)


def _repeated(file: DataFile) -> list[str]:
    """A sentence for test instances that are not unseen."""
    if file.test is None or not file.repeated:
        return []
    return [
        f"{file.repeated:,} of the {len(file.test):,} test instances of {file.path} are training "
        "instances as well, so they are not unseen"
    ]


def prepare(
    config: Config,
    workdir: str,
    study: Study | None = None,
    begins: bool = True,
    scenario: Scenario = PLAIN,
) -> Run:
    """Compiles the model and loads the data.

    Args:
      config: the settings.
      workdir: the run folder.
      study: the task and what is measured, where they are known already.
      begins: whether the folder takes a note of the data where it has none.
      scenario: what is known of the model.

    Raises:
      ModelError, InputError, DataError, RunError: with what is wrong.
    """
    path = model_copy(config, workdir)
    file = None
    if config.data:
        file = open_file(config.data, path, config.hypers, config.hypers_file)
        study, checked = Study(file_task(file)), file.model
    else:
        checked = check_model(path, config.hypers)
        study = study or _study(scenario, config, checked)
    same_data(workdir, study.task.images, begins)
    method, examples = _method(config, file)
    networks = networks_copy(config, workdir)
    given = load_networks(networks) if networks else None
    freeze = _frozen_examples(scenario, config, examples)
    learner = _learner(config, checked, method, examples, given, freeze)
    source = given.source if given else {}
    return Run(config, workdir, scenario, study, learner, examples, file, source)


def restored(run: Run) -> tuple[int, Restarts]:
    """Restores the learned parameters of a run folder.

    Returns:
      The number of examples of the stream they have seen, and what is known of the restarts.

    Raises:
      RunError: the folder holds no checkpoint.
      CheckpointError: it holds none that is whole.
    """
    folder = os.path.join(run.workdir, "checkpoints")
    old = described(run.workdir)
    learner = as_before(run.learner) if old and old.format < FORMAT else run.learner
    stored = Checkpoints(folder, 1, model=run.model, learner=learner).restore()
    if stored is None:
        raise RunError(f"{run.workdir} holds no checkpoint: train first")
    return stored[0], restarts_of(stored[1])


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


def ready_study(
    config: Config, workdir: str, afresh: bool = False, scenario: Scenario = PLAIN
) -> Study | None:
    """Refuses settings that cannot work, before anything is written.

    Args:
      config: the settings.
      workdir: the run folder, which may hold the run already.
      afresh: whether what it holds is to be forgotten.
      scenario: what is known of the model.

    Returns:
      The task of a run that begins, and what is measured; None where one goes on, or where a data
      file is the task.

    Raises:
      ModelError, InputError, DataError, RunError: with what is wrong.
    """
    refuse_missing(config.model)
    path = model_path(config.model)
    _ = config.numbers
    needed = _needed_networks(scenario, config)
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
        _refuse_nothing_to_learn(scenario, config, file.model, file)
        if not begun:
            refuse_too_large(config, file.model, len(file.training))
        return None
    checked = check_model(path, config.hypers)
    _refuse_nothing_to_learn(scenario, config, checked, None)
    if begun:
        return None
    refuse_too_large(config, checked)
    return _study(scenario, config, checked)


def _study(scenario: Scenario, config: Config, checked: CheckedModel) -> Study:
    """The task of a model that learns from no data file, and what is measured.

    Raises:
      RunError: there is none.
    """
    if scenario.study is None:
        name = name_of(checked)
        raise RunError(f"train.py has no task for {name}: {scenario.remedy}")
    return scenario.study(config, checked)


def _refuse_nothing_to_learn(
    scenario: Scenario, config: Config, checked: CheckedModel, file: DataFile | None
) -> None:
    """Refuses a model without Params in which no network learns either.

    Raises:
      ModelError: it has too many nodes.
      RunError: there is nothing to learn.
    """
    if checked.of_kind("Param"):
        return
    _, examples = _method(config, file)
    if _frozen_examples(scenario, config, examples) >= examples:
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


def _needed_networks(scenario: Scenario, config: Config) -> tuple[str, ...]:
    """The networks that the model must be given."""
    return () if config.data else scenario.needs


def _frozen_examples(scenario: Scenario, config: Config, examples: int) -> int:
    """The number of examples before networks begin to learn."""
    if config.freeze_nets >= 0:
        return config.freeze_nets
    return 0 if config.data else int(scenario.frozen * examples)


def _learner(
    config: Config,
    checked: CheckedModel,
    method: Method,
    examples: int,
    given: SavedNetworks | None,
    freeze: int,
) -> Learner:
    """The learner, its networks shared by all restarts for as long as they are frozen."""
    rows = len(config.numbers)
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
    return {
        "preset": run.config.preset,
        "task": run.task.name,
        "batch size": method.batch_size,
        "program rate": method.program_rate,
        "network rate": method.network_rate,
    }
