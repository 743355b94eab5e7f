"""The settings of a run or an experiment, as flags give them and as `config.json` keeps them."""

import dataclasses
import os
import types
import typing
from collections.abc import Collection

from terpret.errors import RunError
from terpret.learning.network_file import FILE_NAME
from terpret.runs.model_files import is_built_in, model_path

INIT_NETWORKS = "init_networks.npz"
# Settings that name a file or a folder, and what they may say in place of one.
WORDS = {
    "data": (),
    "hypers_file": (),
    "operators": ("auto", "embedded"),
    "signs": ("auto", "gtsrb", "embedded"),
    "init_nets": (),
    "data_dir": (),
}
# The least and the greatest number that a setting may be; others are numbers from 0 on.
_LEAST = {"restarts": 0, "check_every": 0, "max_nodes": 1, "stop_after_solved": -1}
_LEAST |= {"freeze_nets": -1}
_GREATEST = {"restarts": 10_000, "nets_at_least": 1.0}
_ANY_GREATEST = 2**63 - 1


@dataclasses.dataclass(frozen=True)
class Config:
    """The settings of a run; two runs with equal ones give equal results.

    Attributes:
      model: a model file, or the name of a built-in one.
      task: the task's name; empty where a data file is the task, or the model has but one.
      data: a data file in the original TerpreT's format; empty for none.
      hypers: values for the model's hypers.
      hypers_file: configurations of hypers for the data file's batches; empty for none.
      preset: how to learn, a name in `PRESETS`.
      restarts: how many independent starts are trained side by side, over all shards.
      shard: "i/n": this run does the i-th of n parts of the restarts; empty for all of them.
      refill: whether a fresh restart takes the row of a dead one.
      examples: training examples for each restart; 0 is the preset's number of updates.
      batch_size: examples in an update; 0 is the preset's.
      stop_after_solved, nets_at_least: see `terpret.learning.train.Budget`.
      init_nets: a run folder or file whose networks this run starts from; empty for none.
      freeze_nets: the number of examples before a restart's networks begin to learn; -1: half of
        them for a model that needs networks that have learned already, else none.
      distinct_grids: distinct training examples; 0 is no limit.
      seed: the root seed.
      digits: auto, mnist or embedded.
      operators: auto, embedded, or a file or folder of operators.
      signs: auto, gtsrb, embedded, or a file or folder of GTSRB.
      data_dir: where tensorflow-datasets keeps its data; None is its default.
      check_every: examples between checks of the discretised programs.
      xla: whether the training step is compiled by XLA.
      deterministic: whether TensorFlow is held to operations that give the same bits every time.
      max_nodes: the largest tensor network that is accepted.
    """

    model: str
    task: str
    data: str
    hypers: dict[str, int]
    hypers_file: str
    preset: str
    restarts: int
    shard: str
    refill: bool
    examples: int
    batch_size: int
    stop_after_solved: int
    init_nets: str
    freeze_nets: int
    distinct_grids: int
    seed: int
    digits: str
    operators: str
    signs: str
    data_dir: str | None
    check_every: int
    xla: bool
    deterministic: bool
    max_nodes: int
    nets_at_least: float = 0.0

    @property
    def part(self) -> tuple[int, int]:
        """Which part of the restarts this run does: (i, n), i from 1.

        Raises:
          RunError: the shard is no such part, or there are more shards than restarts.
        """
        if not self.shard:
            return 1, 1
        first, slash, second = self.shard.partition("/")
        if not (slash and first.isdigit() and second.isdigit() and 1 <= int(first) <= int(second)):
            raise RunError(f"--shard={self.shard} is no part: write --shard=1/4 to --shard=4/4")
        if int(second) > self.restarts:
            raise RunError(f"--shard={self.shard} asks for more parts than restarts")
        return int(first), int(second)

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers of the restarts that this run begins with."""
        part, parts = self.part
        low, high = ((k * self.restarts) // parts for k in (part - 1, part))
        return tuple(range(low, high))

    @property
    def files(self) -> dict[str, str]:
        """The files that the settings name, by setting; "" or a folder where there is none."""
        return {
            "model": model_path(self.model),
            "data": self.data,
            "hypers_file": self.hypers_file,
            "operators": self.operators,
            "signs": self.signs,
            "init_nets": _networks_file(self.init_nets),
        }

    @property
    def copies(self) -> dict[str, str]:
        """The files that the run folder keeps a copy of, by their place there."""
        model = self.files["model"]
        networks = {INIT_NETWORKS: self.files["init_nets"]} if self.init_nets else {}
        return {os.path.join("model", os.path.basename(model)): model, **networks}


@dataclasses.dataclass(frozen=True)
class ExperimentConfig:
    """The settings of an experiment of many runs.

    Attributes:
      experiment: its name.
      learners: who takes part, separated by commas; empty for all.
      restarts: how many lives or restarts of each; of stages, at most so many, and 0 is their own
        number.
      examples: training examples of each, of stages at most so many; 0 is the experiment's own
        number.
      batch_size: examples in an update; 0 is each learner's own.
      distinct_grids: distinct training examples of a task; 0 is no limit.
      check_every: examples between tests; 0 is the experiment's own number.
      seed: the root seed.
      digits: auto, mnist or embedded.
      operators: auto, embedded, or a file or folder of operators.
      data_dir: where tensorflow-datasets keeps its data; None is its default.
      xla: whether training steps are compiled by XLA.
      signs: auto, gtsrb, embedded, or a file or folder of GTSRB.
      init_nets: a run folder or file whose networks MATH begins with; empty to learn them first.
      baseline_seconds: how long each baseline of MATH is trained.
      lstm_units: the width of its LSTM's layers; 0 is the size for two cores.
      filters: the filters of its Neural GPU; 0 is the size for two cores.
    """

    experiment: str
    learners: str
    restarts: int
    examples: int
    batch_size: int
    distinct_grids: int
    check_every: int
    seed: int
    digits: str
    operators: str
    data_dir: str | None
    xla: bool
    signs: str = "auto"
    init_nets: str = ""
    baseline_seconds: float = 900.0
    lstm_units: int = 0
    filters: int = 0

    def chosen(self, names: Collection[str]) -> tuple[str, ...]:
        """Which of these learners take part.

        Raises:
          RunError: one that the settings name is not among them.
        """
        wanted = tuple(name for name in self.learners.split(",") if name)
        for name in wanted:
            if name not in names:
                raise RunError(f"there is no learner '{name}'; the learners are {', '.join(names)}")
        return wanted or tuple(names)

    @property
    def files(self) -> dict[str, str]:
        """The files that the settings name, by setting; a word where there is none."""
        named = {"operators": self.operators, "signs": self.signs}
        return {**named, "init_nets": _networks_file(self.init_nets)}

    @property
    def copies(self) -> dict[str, str]:
        """The files that the run folder keeps a copy of, by their place there."""
        return {INIT_NETWORKS: self.files["init_nets"]} if self.init_nets else {}


def read_config(stored: object, data_dir: str | None) -> Config | ExperimentConfig:
    """The config of a run folder, with the data perhaps in another place.

    Raises:
      RunError: it is not the config of a run.
    """
    try:
        made = ExperimentConfig if "experiment" in stored else Config
        config = made(**stored)
    except TypeError:
        config = None
    if config is None or not _whole(config):
        raise RunError("config.json is not the configuration of a run")
    return dataclasses.replace(config, data_dir=data_dir) if data_dir else config


def rooted(config: Config | ExperimentConfig) -> Config | ExperimentConfig:
    """The config with whole paths of all files that are there, the same from any folder."""
    named = named_paths(config)
    places = {name: _rooted(value) for name, value in named.items()}
    if "data_dir" in named and "://" not in named["data_dir"]:
        # It may be made later.
        places["data_dir"] = _whole_path(named["data_dir"])
    return dataclasses.replace(config, **places)


def named_paths(config: Config | ExperimentConfig) -> dict[str, str]:
    """The settings that name a file or a folder, as they name it."""
    named = {name: getattr(config, name, None) for name in WORDS}
    paths = {name: path for name, path in named.items() if path and path not in WORDS[name]}
    model = getattr(config, "model", "")
    if model and not is_built_in(model):
        paths["model"] = model
    return paths


def same_place(first: str, second: str) -> bool:
    """Whether two paths name one place, which need not be there."""
    return _whole_path(first) == _whole_path(second)


def _rooted(path: str) -> str:
    whole = _whole_path(path)
    # What is not there is named as the user names it.
    return whole if os.path.exists(whole) else path


def _whole_path(path: str) -> str:
    return os.path.abspath(os.path.expanduser(path))


def _whole(config: Config | ExperimentConfig) -> bool:
    """Whether every setting has a value of its type, and within its bounds."""
    kinds = typing.get_type_hints(type(config))
    return all(_fits(name, getattr(config, name), kind) for name, kind in kinds.items())


def _fits(name: str, value: object, kind: object) -> bool:
    if isinstance(kind, types.UnionType):
        return any(_fits(name, value, one) for one in typing.get_args(kind))
    if typing.get_origin(kind) is dict:
        return type(value) is dict and all(
            type(key) is str and type(one) is int for key, one in value.items()
        )
    if kind in (int, float):
        numbers = (int,) if kind is int else (int, float)
        greatest = _GREATEST.get(name, _ANY_GREATEST)
        return type(value) in numbers and _LEAST.get(name, 0) <= value <= greatest
    return type(value) is kind


def _networks_file(given: str) -> str:
    """The file of networks given as a file or as a run folder."""
    return os.path.join(given, FILE_NAME) if os.path.isdir(given) else given
