"""What the experiments of lives found."""

import dataclasses
from collections.abc import Collection, Mapping

from experiments.experiment_result import REMEDY, ExperimentResult
from experiments.lifelong.life import Course
from terpret.files.typed_json import from_json
from terpret.runs.records import read_typed


@dataclasses.dataclass(frozen=True, kw_only=True)
class LearnerResult:
    """What became of the lives of one learner, as its `course.json` holds it.

    Attributes:
      course: how they went.
      programs: the source code of every life's program, by task; none of a baseline.
      parameters: how many a baseline has.
    """

    course: Course
    programs: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    parameters: int | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class LivesResult(ExperimentResult):
    """What an experiment of lives found.

    Attributes:
      learners: what became of each learner that has finished, by name.
    """

    learners: Mapping[str, LearnerResult]

    @property
    def parts(self) -> Collection[str]:
        """The learners that have finished."""
        return self.learners.keys()

    @property
    def courses(self) -> dict[str, Course]:
        """The courses of the learners that have finished."""
        return {name: one.course for name, one in self.learners.items()}


@dataclasses.dataclass(frozen=True, kw_only=True)
class LifelongResult(LivesResult):
    """What the experiment `lifelong` found.

    Attributes:
      lives: how many lives every learner lives.
      life: the examples of each.
      distinct_grids: of each task; 0 is no limit.
    """

    lives: int
    life: int
    distinct_grids: int


def read_learner(path: str) -> LearnerResult | None:
    """What a learner has left; None before it has finished.

    Raises:
      RunError: it is damaged.
    """
    return read_typed(path, lambda record: from_json(LearnerResult, record), REMEDY)
