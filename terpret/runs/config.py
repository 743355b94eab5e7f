"""The settings of a run: each is declared here, and nowhere else."""

import dataclasses
import re
from collections.abc import Iterator, Sequence
from typing import ClassVar, TypeVar

from terpret.core.pool import MAX_NODES
from terpret.errors import RunError
from terpret.runs.setting import declared, settings_of

# What no run comes near: numbers beyond it are slips of the keyboard.
EXAMPLES = 10**12
SECONDS = 10**9
# Presets all of whose restarts have one program: unless more are asked for, there is one.
ONE_START = ("exact",)
# The setting that tells what is made of many runs from a single one.
_OF_MANY = "experiment"


@dataclasses.dataclass(frozen=True)
class StoredConfig:
    """What a `config.json` keeps: the settings of a run, or of an experiment of many runs.

    Attributes:
      parts: the folders inside its run folder that hold runs of which it is made.
    """

    parts: ClassVar[tuple[str, ...]] = ()


@dataclasses.dataclass(frozen=True)
class Config(StoredConfig):
    """The settings of a run; two runs with equal ones give equal results.

    Attributes:
      model: a model file, or the name of a built-in one.
      data: the user's own data, in one of the forms of `terpret.data.examples`, or in the original
        TerpreT's; empty for none.
      test_data: what is tested on; empty where that is held out of `data`.
      keep_data: whether the run folder keeps a copy of the data, for they are in no other file.
      keep_only: which of `data` and `test_data` that is, where the other is a file of the user's.
      split: the part of `data` that is learned from where nothing is given to test on.
      hypers: values for the model's hypers.
      hypers_file: configurations of hypers for the data file's batches; empty for none.
      preset: how to learn, a name in `PRESETS`.
      seconds: what the solver of preset `exact` may take.
      memory: the memory that it may take, like "4GB"; empty for half of what is left.
      networks: the networks that Keras models are, each as `KerasNetwork.text` describes it.
      method: what the method has other than its preset: values by the names of the fields of
        `Method` and of its strategy, without those that are the preset's own.
      restarts: how many independent starts are trained side by side, over all shards.
      shard: "i/n": this run does the i-th of n parts of the restarts; empty for all of them.
      refill: whether a fresh restart takes the row of a dead one.
      examples: training examples for each restart; 0 is the preset's number of updates.
      batch_size: examples in an update; 0 is the preset's.
      stop_after_solved, nets_at_least: see `terpret.learning.train.Budget`.
      init_nets: a run folder or file whose networks this run starts from; empty for none.
      freeze_nets: the number of examples before a restart's networks begin to learn; -1: half of
        them for a model that needs networks that have learned already, else none.
      seed: the root seed.
      check_every: examples between checks of the discretised programs.
      xla: whether the training step is compiled by XLA.
      deterministic: whether TensorFlow is held to operations that give the same bits every time.
      max_nodes: the largest tensor network that is accepted.
    """

    model: str = declared("", "A model file, or the name of a built-in one.", path="model")
    data: str = declared(
        "", "Your own examples: .npz, a folder with train.csv, .csv, .json or .jsonl.", path="file"
    )
    test_data: str = declared(
        "", "Examples to test on; else the last of --data are held out.", path="file", added=True
    )
    keep_data: bool = declared(False, added=True)
    keep_only: str = declared("", values=("", "data", "test_data"), added=True)
    split: float = declared(
        0.9, "The part of --data to learn from, without --test_data.", most=1, added=True
    )
    hypers: dict[str, int] = declared(
        {}, "The model's hypers: T=6,N_TILES=4, or a JSON file of TerpreT's."
    )
    hypers_file: str = declared("", path="file", flag="hypers")
    preset: str = declared(
        "robust",
        "How to learn: robust, cyclic, search, hybrid, exact, ntpt, terpret, terpret-custom or "
        "terpret-fp.",
    )
    restarts: int = declared(10, "Independent starts, trained side by side.", least=1, most=10_000)
    shard: str = declared("", "i/n: do the i-th of n parts of the restarts, in a subfolder.")
    refill: bool = declared(False, "Give the row of a dead restart to a fresh one.")
    examples: int = declared(
        0, "Training examples for each restart; 0: the preset's.", most=EXAMPLES
    )
    batch_size: int = declared(0, "Examples in an update; 0: the preset's.", most=1_000_000)
    stop_after_solved: int = declared(
        0,
        "Stop when so many restarts are solved; 0: when all are, if no network learns; -1: never.",
        least=-1,
        most=1_000_000,
    )
    init_nets: str = declared("", "A run folder or file: start from its networks.", path="networks")
    freeze_nets: int = declared(
        -1,
        "Examples before the networks begin to learn; -1: none, or half if they are needed.",
        least=-1,
        most=EXAMPLES,
    )
    seed: int = declared(0, "The root seed.", most=2**53)
    check_every: int = declared(
        2000, "Examples between checks of the programs.", least=1, most=EXAMPLES
    )
    xla: bool = declared(True, "Compile the training step by XLA.")
    deterministic: bool = declared(
        False, "Only operations that give the same bits every time, with as many threads."
    )
    max_nodes: int = declared(
        MAX_NODES, "The largest tensor network that is accepted.", least=1, most=10**9
    )
    nets_at_least: float = declared(
        0.0,
        "Of --stop_after_solved: the accuracy that a restart's networks must have to count.",
        most=1,
        added=True,
    )
    method: dict[str, bool | int | float | str] = declared(
        {}, "Other values in the preset's fields: gumbel=0,attempt=200, or a TOML file.", added=True
    )

    networks: dict[str, str] = declared({}, added=True)
    seconds: float = declared(
        600.0, "For the solver of --preset=exact.", least=1, most=SECONDS, added=True
    )
    memory: str = declared(
        "", "For it too: 4GB, 512MB; 4 is GB. Else half of what is left.", added=True
    )

    @property
    def part(self) -> tuple[int, int]:
        """Which part of the restarts this run does: (i, n), i from 1.

        Raises:
          RunError: the shard is no such part, or there are more shards than restarts.
        """
        if not self.shard:
            return 1, 1
        first, _, second = self.shard.partition("/")
        numbers = re.fullmatch(r"([0-9]{1,5})/([0-9]{1,5})", self.shard)
        if not numbers or not 1 <= int(first) <= int(second):
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


Kind = TypeVar("Kind", bound=StoredConfig)


def read_config(stored: object, kinds: Sequence[type[Kind]]) -> Kind | None:
    """The config of a run folder.

    Args:
      stored: what its `config.json` holds.
      kinds: of configs, of which it may be one.

    Returns:
      The config; None where it is one, but of no such kind.

    Raises:
      RunError: it is not the config of a run.
    """
    if isinstance(stored, dict):
        alike = [kind for kind in kinds if _names(stored, kind)]
        for kind in alike:
            if all(settings_of(kind)[name].allows(value) for name, value in stored.items()):
                return kind(**stored)
        if not alike and (_OF_MANY in stored or stored.keys() > settings_of(Config).keys()):
            return None
    raise RunError("config.json is not the configuration of a run")


def _names(stored: dict[str, object], kind: type[StoredConfig]) -> bool:
    """Whether these are the names of a kind's settings."""
    known = settings_of(kind)
    needed = {name for name, setting in known.items() if not setting.added}
    return needed <= stored.keys() <= known.keys()


def every_kind(kind: type[StoredConfig] = StoredConfig) -> Iterator[type[StoredConfig]]:
    """The kinds of configs that this process knows."""
    yield kind
    for one in kind.__subclasses__():
        yield from every_kind(one)
