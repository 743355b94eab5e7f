"""The settings of an experiment of the paper, which is made of many runs."""

import dataclasses
from collections.abc import Collection

from terpret.errors import RunError
from terpret.runs.config import SECONDS, Config, StoredConfig
from terpret.runs.setting import declared, like, settings_of

NAMES = ("lifelong", "weak_supervision", "math", "mazes")


@dataclasses.dataclass(frozen=True)
class ExperimentConfig(StoredConfig):
    """The settings of an experiment; those that `Config` has too are declared there.

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

    experiment: str = declared(
        "", "A whole experiment of the paper, instead of a single run.", values=("", *NAMES)
    )
    learners: str = declared("", "Of an experiment: who takes part, like robust,MTNN-2.")
    restarts: int = like(Config, "restarts", default=0, least=0)
    examples: int = like(Config, "examples")
    batch_size: int = like(Config, "batch_size")
    distinct_grids: int = like(Config, "distinct_grids")
    check_every: int = like(Config, "check_every", default=0, least=0)
    seed: int = like(Config, "seed")
    digits: str = like(Config, "digits")
    operators: str = like(Config, "operators")
    data_dir: str | None = like(Config, "data_dir")
    xla: bool = like(Config, "xla")
    signs: str = like(Config, "signs", added=True)
    init_nets: str = like(Config, "init_nets", added=True)
    baseline_seconds: float = declared(
        900.0, "Of math: how long each baseline is trained.", most=SECONDS, added=True
    )
    lstm_units: int = declared(
        0, "Of math: its LSTM's; 0: for two cores, 1024: the paper's.", most=100_000, added=True
    )
    filters: int = declared(
        0, "Of math: its Neural GPU's; 0: for two cores, 512: paper.", most=100_000, added=True
    )

    @property
    def of_each_run(self) -> Config:
        """The settings of a run of the experiment, as far as all its runs have the same."""
        names = settings_of(Config).keys() & settings_of(ExperimentConfig).keys()
        return Config(**{name: getattr(self, name) for name in names})

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
