"""The settings of an experiment of the paper, which is made of many runs."""

import dataclasses
from collections.abc import Collection

from terpret.errors import RunError
from terpret.runs.config import EXAMPLES, SECONDS, Config, StoredConfig
from terpret.runs.setting import declared, like, settings_of

NAMES = ("lifelong", "weak_supervision", "math", "mazes", "mnist_addition", "terpret")


@dataclasses.dataclass(frozen=True)
class TaskConfig(Config):
    """The settings of a run, with those that say which task of the paper it learns.

    Attributes:
      task: the task's name; empty where a data file is the task, or the model has but one.
      distinct_grids: distinct training examples; 0 is no limit.
      digits: auto, mnist or embedded.
      operators: auto, embedded, or a file or folder of operators.
      signs: auto, gtsrb, embedded, or a file or folder of GTSRB.
      data_dir: where tensorflow-datasets keeps its data; None is its default.
    """

    task: str = declared("")
    distinct_grids: int = declared(0, most=EXAMPLES)
    digits: str = declared("auto")
    operators: str = declared("auto", path="file", words=("auto", "embedded"))
    signs: str = declared("auto", path="file", words=("auto", "gtsrb", "embedded"))
    data_dir: str | None = declared(
        None, "Where tensorflow-datasets keeps its data.", path="folder"
    )


# What the config of a single run may be: of the commands here, or of another.
OF_RUNS = (TaskConfig, Config)


@dataclasses.dataclass(frozen=True)
class ExperimentConfig(StoredConfig):
    """The settings of an experiment; those that `TaskConfig` has too are declared there.

    Attributes:
      experiment: its name.
      learners: who takes part, separated by commas; empty for all.
      restarts: how many lives or restarts of each; of stages, at most so many, and 0 is their own
        number.
      examples: training examples of each, of stages at most so many, of `terpret` as many; 0 is the
        experiment's own number.
      batch_size: examples in an update; 0 is each learner's own.
      distinct_grids: distinct training examples of a task; 0 is no limit.
      check_every: examples between tests; 0 is the experiment's own number.
      seed: the root seed.
      xla: whether training steps are compiled by XLA.
      init_nets: a run folder or file whose networks MATH begins with; empty to learn them first.
      baseline_seconds: how long each baseline of MATH is trained.
      lstm_units: the width of its LSTM's layers; 0 is the size for two cores.
      filters: the filters of its Neural GPU; 0 is the size for two cores.
      tasks: the tasks of the TerpreT report, separated by commas; empty for all.
      stage_seconds: how long each stage of that may take.
    """

    parts = ("lives", "stages")

    experiment: str = declared(
        "", "A whole experiment of the paper, instead of a single run.", values=("", *NAMES)
    )
    learners: str = declared("", "Of an experiment: who takes part, like robust,MTNN-2.")
    restarts: int = like(TaskConfig, "restarts", default=0, least=0)
    examples: int = like(TaskConfig, "examples")
    batch_size: int = like(TaskConfig, "batch_size")
    distinct_grids: int = like(TaskConfig, "distinct_grids")
    check_every: int = like(TaskConfig, "check_every", default=0, least=0)
    seed: int = like(TaskConfig, "seed")
    digits: str = like(TaskConfig, "digits")
    operators: str = like(TaskConfig, "operators")
    data_dir: str | None = like(TaskConfig, "data_dir")
    xla: bool = like(TaskConfig, "xla")
    signs: str = like(TaskConfig, "signs", added=True)
    init_nets: str = like(TaskConfig, "init_nets", added=True)
    baseline_seconds: float = declared(
        900.0, "Of math: how long each baseline is trained.", most=SECONDS, added=True
    )
    lstm_units: int = declared(
        0, "Of math: its LSTM's; 0: for two cores, 1024: the paper's.", most=100_000, added=True
    )
    filters: int = declared(
        0, "Of math: its Neural GPU's; 0: for two cores, 512: paper.", most=100_000, added=True
    )
    tasks: str = declared(
        "", "Of terpret: which tasks, like turing_invert; empty: all.", added=True
    )
    stage_seconds: float = declared(
        600.0, "Of terpret: how long each task may take by each method.", most=SECONDS, added=True
    )

    @property
    def of_each_run(self) -> TaskConfig:
        """The settings of a run of the experiment, as far as all its runs have the same."""
        names = settings_of(TaskConfig).keys() & settings_of(ExperimentConfig).keys()
        return TaskConfig(**{name: getattr(self, name) for name in names})

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
