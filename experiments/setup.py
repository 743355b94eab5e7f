"""What an experiment is run with."""

import dataclasses
from collections.abc import Mapping

from datasets.pools import ImageSet
from experiments.config import ExperimentConfig
from terpret.runs.progress import Report


@dataclasses.dataclass(frozen=True)
class Setting:
    """What an experiment is run with, and what all its parts have in common.

    Attributes:
      config: the experiment's settings.
      data: by what they show.
      workdir: its run folder.
      command: the command line, for the record.
      checkpoint_seconds: the time between checkpoints.
      report: is told of the progress.
      networks: a file of networks that its parts begin with; empty for none.
    """

    config: ExperimentConfig
    data: Mapping[str, ImageSet]
    workdir: str
    command: str
    checkpoint_seconds: float
    report: Report
    networks: str = ""

    @property
    def sources(self) -> dict[str, str]:
        """Where the data come from, in words."""
        return {kind: one.source for kind, one in self.data.items()}
