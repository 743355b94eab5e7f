"""What an experiment found: what the results of all experiments have in common."""

import dataclasses
import os
from collections.abc import Collection, Mapping
from typing import Any, TypeVar

from experiments.old_results import renewed_experiment
from terpret.files import own_files
from terpret.files.typed_json import from_json, to_json
from terpret.runs.described import versions
from terpret.runs.records import read_typed
from terpret.runs.results import FORMAT
from terpret.runs.run_folder import writing
from terpret.runs.threads import threads

Kind = TypeVar("Kind", bound="ExperimentResult")
REMEDY = "remove it, and the command of the experiment puts it together again"


@dataclasses.dataclass(frozen=True, kw_only=True)
class ExperimentResult:
    """What an experiment found, as its `results.json` holds it; each kind adds what it measures.

    Attributes:
      format: of the file.
      experiment: its name.
      root_seed: the seed of all that was drawn.
      data: where the data come from.
      command: the command line.
      versions: of the libraries.
      threads: how many worked on it.
    """

    format: int = FORMAT
    experiment: str
    root_seed: int
    data: Mapping[str, str] = dataclasses.field(default_factory=dict)
    command: str = ""
    versions: Mapping[str, str] = dataclasses.field(default_factory=dict)
    threads: Mapping[str, int] = dataclasses.field(default_factory=dict)

    @property
    def parts(self) -> Collection[str]:
        """The names of its parts that have finished."""
        raise NotImplementedError

    def to_json(self) -> dict[str, Any]:
        """As `results.json` holds it."""
        return to_json(self)

    @classmethod
    def from_json(cls: type[Kind], record: object) -> Kind:
        """What a `results.json` of this format or an older one holds.

        Raises:
          ValueError: it is not whole.
        """
        return from_json(cls, renewed_experiment(record))


def read_experiment(path: str, kind: type[Kind]) -> Kind | None:
    """The `results.json` of an experiment; None before it has finished.

    Raises:
      RunError: it is damaged, or of a newer version.
    """
    return read_typed(path, kind.from_json, REMEDY)


def finished(workdir: str, results: Kind, sources: Mapping[str, str], command: str) -> Kind:
    """Writes the results of a finished experiment with where they come from; returns both."""
    whole = dataclasses.replace(
        results, data=dict(sources), command=command, versions=versions(), threads=threads()
    )
    with writing(workdir):
        own_files.write_json(os.path.join(workdir, "results.json"), whole.to_json())
    return whole
