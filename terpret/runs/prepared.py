"""A run made ready: what is wrong is refused, then the model is compiled and the data loaded."""

import dataclasses
import glob
import os
from collections.abc import Mapping

from terpret import CompiledModel, Library, check_model, compile_model
from terpret.backends.exact.solver import refuse_missing_solver
from terpret.backends.keras_models import KerasNetwork, keras_network
from terpret.discrete.program import assignments
from terpret.errors import RunError
from terpret.language.checked import CheckedModel
from terpret.language.model_files import model_name, model_path, refuse_missing
from terpret.learning.checkpoints import Checkpoints
from terpret.learning.learner import Learner, Pretrained
from terpret.learning.method import Method
from terpret.learning.network_file import (
    SavedNetworks,
    fitting_layers,
    load_networks,
)
from terpret.learning.old_checkpoints import as_before
from terpret.learning.own_method import changed
from terpret.learning.presets import preset
from terpret.learning.proposals import Exact, Proposals
from terpret.learning.restarts import Restarts, restarts_of
from terpret.learning.task import Task
from terpret.runs.config import Config
from terpret.runs.described import FORMAT, described
from terpret.runs.hyper_notes import hyper_notes
from terpret.runs.own_data import OwnData, open_data, own_task
from terpret.runs.own_method import idle_fields
from terpret.runs.room import refuse_too_large
from terpret.runs.run_folder import (
    kept_data,
    model_copy,
    networks_copy,
    same_data,
)
from terpret.runs.scenario import PLAIN, Scenario, Study, load_needed
from terpret.runs.solving import is_exact, refuse_unsolvable


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
      own: the user's own data, if these are the task.
      networks_from: where the networks that the run starts from come from.
    """

    config: Config
    workdir: str
    scenario: Scenario
    study: Study
    learner: Learner
    examples: int
    own: OwnData | None
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
    def notes(self) -> list[str]:
        """Sentences on the user's own data and method."""
        notes = [*hyper_notes(self.config, self.own), *self.own.notes] if self.own else []
        return notes + idle_fields(self.config.method, self.model.checked)

    @property
    def searches(self) -> bool:
        """Whether programs are searched, and it can be told that one is found."""
        return self.task.verifiable and assignments(self.model.checked) > 1

    @property
    def space(self) -> tuple[int, int]:
        """The number of parameter assignments, and of distinct programs."""
        checked = self.model.checked
        return assignments(checked), self.scenario.listing.distinct(checked)


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
    own = None
    if config.data:
        own = open_data(kept_data(config, workdir), path)
        study, checked = Study(own_task(own)), own.model
    else:
        checked = check_model(path, config.hypers)
        study = study or _study(scenario, config, checked)
    same_data(workdir, study.task.images, begins)
    method, examples = _method(config, own)
    networks = networks_copy(config, workdir)
    # Called as the user gave them: the copy of a run that is refused here is gone afterwards.
    given = (
        dataclasses.replace(load_networks(networks), path=config.init_nets) if networks else None
    )
    freeze = _frozen_examples(scenario, config, examples)
    keras = _keras_networks(config, scenario)
    learner = _learner(config, checked, method, examples, given, freeze, keras)
    source = given.source if given else {}
    return Run(config, workdir, scenario, study, learner, examples, own, source)


def has_begun(run: Run) -> bool:
    """Whether a run folder holds a checkpoint, which `restored` reads."""
    return bool(glob.glob(os.path.join(glob.escape(run.workdir), "checkpoints", "*.index")))


def restored(run: Run) -> tuple[int, Restarts]:
    """Restores the learned parameters of a run folder.

    Returns:
      The number of examples of the stream they have seen, and what is known of the restarts.

    Raises:
      RunError: the folder holds no checkpoint.
      CheckpointError: it holds none that is whole.
    """
    folder = os.path.join(run.workdir, "checkpoints")
    old = described(run.workdir, [type(run.config)])
    learner = as_before(run.learner) if old and old.format < FORMAT else run.learner
    stored = Checkpoints(folder, 1, model=run.model, learner=learner).restore()
    if stored is None:
        raise RunError(f"{run.workdir} holds no checkpoint: train first")
    return stored[0], restarts_of(stored[1])


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
    method = _preset(config)
    if isinstance(method.strategy, Exact | Proposals):
        refuse_missing_solver()
    if config.memory and not is_exact(method):
        raise RunError(f"--memory is for a solver: preset {config.preset} has none that takes it")
    if config.refill and not method.first_rung:
        raise RunError(f"--refill has nothing to refill: preset {config.preset} drops no restart")
    if "first_rung" in config.method and not config.refill:
        raise RunError("--method=first_rung says when restarts are dropped: only with --refill")
    if not (config.data or config.batch_size or method.batch_size):
        raise RunError(f"preset {config.preset} wants --batch_size where there is no --data")
    begun = not afresh and os.path.exists(os.path.join(workdir, "config.json"))
    if config.data:
        own = open_data(config, path)
        if is_exact(method):
            refuse_unsolvable(config, own.model, own, scenario.no_op)
        _refuse_nothing_to_learn(scenario, config, own.model, own)
        if not begun:
            refuse_too_large(config, own.model, len(own.training))
        return None
    checked = check_model(path, config.hypers)
    if is_exact(method):
        refuse_unsolvable(config, checked, None, scenario.no_op)
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
        name = model_name(checked.source.path)
        raise RunError(f"train.py has no task for {name}: {scenario.remedy}")
    return scenario.study(config, checked)


def _refuse_nothing_to_learn(
    scenario: Scenario, config: Config, checked: CheckedModel, own: OwnData | None
) -> None:
    """Refuses a model without Params in which no network learns either.

    Raises:
      ModelError: it has too many nodes.
      RunError: there is nothing to learn.
    """
    if checked.of_kind("Param"):
        return
    _, examples = _method(config, own)
    if _frozen_examples(scenario, config, examples) >= examples:
        why = "--freeze_nets keeps its networks as they are"
    elif not compile_model(checked, max_nodes=config.max_nodes).networks:
        why = "no network decides what it gives"
    else:
        return
    raise RunError(f"{config.model} leaves nothing to learn: it declares no Param, and {why}")


def _preset(config: Config) -> Method:
    """The preset, with the user's own values.

    Raises:
      InputError: there is none of this name, or a value is wrong.
    """
    return changed(preset(config.preset), config.method)


def _method(config: Config, own: OwnData | None) -> tuple[Method, int]:
    """The method with its batch size, and the number of examples each restart is to see."""
    method = _preset(config)
    count = len(own.training) if own else method.batch_size
    size = config.batch_size or min(method.batch_size or count, count)
    method = dataclasses.replace(method, batch_size=size)
    if is_exact(method) and not config.examples and not (own and own.model.networks):
        return method, 0
    return method, config.examples or method.updates * size


def _needed_networks(scenario: Scenario, config: Config) -> tuple[str, ...]:
    """The networks that the model must be given."""
    return () if config.data else scenario.needs


def _frozen_examples(scenario: Scenario, config: Config, examples: int) -> int:
    """The number of examples before networks begin to learn."""
    if config.freeze_nets >= 0:
        return config.freeze_nets
    return 0 if config.data else int(scenario.frozen * examples)


def _keras_networks(config: Config, scenario: Scenario) -> dict[str, KerasNetwork]:
    """The networks that Keras models are, made by the user's functions where these are known.

    Raises:
      RunError: they are not described as such.
    """
    try:
        kept = {name: keras_network(text) for name, text in config.networks.items()}
    except ValueError:
        raise RunError("config.json is not the configuration of a run") from None
    return {
        name: dataclasses.replace(network, build=scenario.builders.get(name))
        for name, network in kept.items()
    }


def _learner(
    config: Config,
    checked: CheckedModel,
    method: Method,
    examples: int,
    given: SavedNetworks | None,
    freeze: int,
    keras: Mapping[str, KerasNetwork],
) -> Learner:
    """The learner, its networks shared by all restarts for as long as they are frozen."""
    rows = len(config.numbers)
    always = freeze >= examples

    def compiled(shared: bool, of: CompiledModel | None = None) -> CompiledModel:
        return compile_model(
            checked,
            restarts=rows,
            library=Library(1 if shared else rows, config.seed, keras=keras),
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
        xla=config.xla and all(network.by_xla for network in keras.values()),
        numbers=config.numbers,
        pretrained=Pretrained(layers, freeze, frozen),
    )
