"""What an experiment is run with."""

import dataclasses

from experiments.config import ExperimentConfig
from experiments.writers import Report


@dataclasses.dataclass(frozen=True)
class Setting:
    """What an experiment is run with, and what all its parts have in common.

    Attributes:
      config: the experiment's settings.
      workdir: its run folder.
      command: the command line, for the record.
      checkpoint_seconds: the time between checkpoints.
      report: is told of the progress.
      networks: a file of networks that its parts begin with; empty for none.
    """

    config: ExperimentConfig
    workdir: str
    command: str
    checkpoint_seconds: float
    report: Report
    networks: str = ""
