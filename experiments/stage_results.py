"""What the stages of an experiment found."""

import dataclasses
from collections.abc import Collection, Mapping
from typing import Literal

from baselines.sequences import Settings
from experiments.experiment_result import ExperimentResult
from experiments.terpret_tasks.measure import Measured
from terpret.runs.results import Points, RunResult


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunStageResult:
    """A single run to the end of its examples.

    Attributes:
      stage: the kind of the stage.
      run: what it found.
      accuracy_on_images: the accuracy of every restart's discretised program on unseen images, by
        the restart's number.
    """

    stage: Literal["run"] = "run"
    run: RunResult
    accuracy_on_images: Mapping[int, Points]

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.run.seconds


@dataclasses.dataclass(frozen=True, kw_only=True)
class TimedRun:
    """A run whose time counts.

    Attributes:
      root_seed: its seed.
      run: what it found.
    """

    root_seed: int
    run: RunResult


@dataclasses.dataclass(frozen=True, kw_only=True)
class ClockStageResult:
    """Several runs that differ in their seeds, each for the time that it took.

    Attributes:
      stage: the kind of the stage.
      runs: what they found.
    """

    stage: Literal["clock"] = "clock"
    runs: tuple[TimedRun, ...]

    @property
    def seconds(self) -> float:
        """How long all of them took."""
        return sum(one.run.seconds for one in self.runs)


@dataclasses.dataclass(frozen=True, kw_only=True)
class BaselineResult:
    """A neural baseline of MATH.

    Attributes:
      stage: the kind of the stage.
      kind: "lstm" or "neural_gpu".
      images: whether it saw what networks make of images, else the symbols themselves.
      parameters: how many it has.
      settings: how it was trained.
      paper_width: its width in the paper.
      examples: how many expressions it learned from.
      seconds: how long it was trained.
      digits: the length that its curriculum reached.
      accuracies: by number of digits.
      tested_on: what they are measured on, in words.
      data: where the images come from.
      networks_from: where the networks come from that read them.
      command: the command line.
      versions: of the libraries.
    """

    stage: Literal["baseline"] = "baseline"
    kind: str
    images: bool
    parameters: int
    settings: Settings
    paper_width: int
    examples: int
    seconds: float
    digits: int
    accuracies: Mapping[int, float]
    tested_on: str = ""
    data: Mapping[str, str] = dataclasses.field(default_factory=dict)
    networks_from: Mapping[str, str] = dataclasses.field(default_factory=dict)
    command: str = ""
    versions: Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, kw_only=True)
class SeedsStageResult:
    """Several runs that differ in their seeds, each to the end of its examples.

    Attributes:
      stage: the kind of the stage.
      runs: those that have finished.
      wanted: how many there will be.
    """

    stage: Literal["seeds"] = "seeds"
    runs: tuple[TimedRun, ...]
    wanted: int

    @property
    def seconds(self) -> float:
        """How long all of them took."""
        return sum(one.run.seconds for one in self.runs)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ExactStageResult:
    """A task of the TerpreT report, solved exactly.

    Attributes:
      stage: the kind of the stage.
      measured: what came out.
      command: the command line.
      versions: of the libraries.
    """

    stage: Literal["exact"] = "exact"
    measured: Measured
    command: str = ""
    versions: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """How long both searches took."""
        return self.measured.seconds + self.measured.impossible_seconds


@dataclasses.dataclass(frozen=True, kw_only=True)
class CutStageResult:
    """A run that was ended when its time was over.

    Attributes:
      stage: the kind of the stage.
      seconds: that it was given.
      restarts: how many there were.
      examples: how many each restart had seen.
      wanted: how many it would have seen; 0 where learning had not begun.
      told: how well it went.
    """

    stage: Literal["cut"] = "cut"
    seconds: float
    restarts: int
    examples: int
    wanted: int
    told: str


StageResult = (
    RunStageResult
    | ClockStageResult
    | SeedsStageResult
    | BaselineResult
    | ExactStageResult
    | CutStageResult
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class StagesResult(ExperimentResult):
    """What an experiment made of stages found.

    Attributes:
      seconds: how long all that was trained took.
      stages: what each stage that has finished found, by name.
    """

    seconds: float
    stages: Mapping[str, StageResult]

    @property
    def parts(self) -> Collection[str]:
        """The stages that have finished."""
        return self.stages.keys()
