"""What a run found: the one definition of `results.json` and `curves.json`."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from terpret.files.typed_json import from_json, to_json
from terpret.runs.old_results import renewed_restart, renewed_run

# Of `results.json`; the first had no number, and other keys (`old_results.py`).
FORMAT = 2
# Examples of a restart, and what was measured after them; None where it is no number.
Points = tuple[tuple[int, float | None], ...]


@dataclasses.dataclass(frozen=True, kw_only=True)
class RestartResult:
    """What became of one restart, measured at its end.

    Attributes:
      restart: its number.
      solved_after: the examples after which its program was found right on symbols, to stay so;
        None if it was not.
      correct: whether its program gives every answer, in all tests of the task; None where that
        cannot be told, because networks say what it reads and no label says what they should.
      examples: how many it has seen.
      started: the examples of the stream that had gone by when it began.
      stopped: why it stopped learning before the end: `dead`, `converged`, or empty.
      seconds: how long the run had taken when this was measured.
      loss: the mean loss at last; None where it is no number, or unknown.
      soft_accuracy: of the program as it was learned, on what the run was tested on.
      discrete_accuracy: of the discretised program, on the same.
      errors: the mean squared error of every OutputTensor; None where it is no number.
      network_accuracies: of each network alone, on labelled images.
      program: the source code of the discretised program.
    """

    restart: int
    solved_after: int | None = None
    correct: bool | None
    examples: int = 0
    started: int = 0
    stopped: str = ""
    seconds: float = 0.0
    loss: float | None = None
    soft_accuracy: float
    discrete_accuracy: float
    errors: Mapping[str, float | None] = dataclasses.field(default_factory=dict)
    network_accuracies: Mapping[str, float]
    program: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Curves:
    """How one restart learned, a point for each time it was looked at.

    Attributes:
      started: as in `RestartResult`.
      loss: the mean loss since the point before.
      accuracy: of the discretised program, on validation symbols.
      accuracy_on_images: of the same, on unseen images; of tasks that have examples for that.
    """

    started: int = 0
    loss: Points = ()
    accuracy: Points = ()
    accuracy_on_images: Points = ()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Measured:
    """A restart with its curves."""

    result: RestartResult
    curves: Curves

    def to_json(self) -> dict[str, Any]:
        """As JSON has it."""
        return to_json(self)

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> "Measured":
        """What `to_json` gave, in a checkpoint of an older version too."""
        old = {"result": renewed_restart(record["entry"])} if "entry" in record else {}
        return from_json(cls, {**record, **old})


@dataclasses.dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """Why a run found no program, as far as it can be told.

    Attributes:
      reasons: a sentence each, the first the most likely.
      changes: settings to try next, by the names of `Config`; empty where the data must be mended.
      command: the command that tries them, or that learns the mended data, in a new folder.
    """

    reasons: tuple[str, ...]
    changes: Mapping[str, object] = dataclasses.field(default_factory=dict)
    command: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunResult:
    """What a run, or several shards of one together, found.

    Attributes:
      format: of the file.
      model: the model's name.
      task: the task's name.
      preset: how it learned.
      method: what the method had other than the preset, by field.
      hypers: the model's hypers.
      restarts: every restart that was ever started, in the order of their numbers.
      best: the place among them of the one whose program and networks the run leaves.
      network_accuracies: the median of each network over the correct restarts, or all if none is.
      programs: how many `assignments` of parameters there are, and how many `distinct` programs;
        as texts where they are too large.
      tested_on: what the accuracies are measured on, in words.
      tested: how many examples these are; 0 where an older version did not note it.
      unseen: whether nothing was learned from that.
      judged_on: what instances a correct program is right on, in words; empty for symbols.
      verification: the part of the best program's answers that are right, by what was tested.
      batches: the best program's accuracy on other batches of a data file; None: not measured.
      further: what else a task has measured of the best restart, and what is published of it, as
        JSON values by name.
      data: where the data come from.
      networks_from: where the networks that the run started from come from.
      command: the command line; of shards one a line.
      versions: of the libraries.
      threads: how many worked on it.
      seconds: how long it took, of all processes together.
      verified_after: the seconds from the call to the moment when all programs were verified; None
        where the run was measured again.
      missing: the shards that are not there or not finished.
      diagnosis: why no program was found, or why it is not decided which is right; None where
        neither is so, and in results of earlier versions.
      exact: what a solver has found out, where the preset has one: `status`, `explained`,
        `examples`, `seconds` and `proved`.

    Raises:
      ValueError: there is no best restart.
    """

    format: int = FORMAT
    model: str = ""
    task: str = ""
    preset: str = ""
    method: Mapping[str, bool | int | float | str] = dataclasses.field(default_factory=dict)
    hypers: Mapping[str, int] = dataclasses.field(default_factory=dict)
    restarts: tuple[RestartResult, ...]
    best: int
    network_accuracies: Mapping[str, float] = dataclasses.field(default_factory=dict)
    programs: Mapping[str, int | str] = dataclasses.field(default_factory=dict)
    tested_on: str = ""
    tested: int = 0
    unseen: bool = True
    judged_on: str = ""
    verification: Mapping[str, float] = dataclasses.field(default_factory=dict)
    batches: Mapping[str, float | None] = dataclasses.field(default_factory=dict)
    further: Mapping[str, object] = dataclasses.field(default_factory=dict)
    data: Mapping[str, str]
    networks_from: Mapping[str, str] = dataclasses.field(default_factory=dict)
    command: str
    versions: Mapping[str, str] = dataclasses.field(default_factory=dict)
    threads: Mapping[str, int] = dataclasses.field(default_factory=dict)
    seconds: float
    verified_after: float | None = None
    missing: tuple[str, ...] = ()
    diagnosis: Diagnosis | None = None
    exact: Mapping[str, object] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 0 <= self.best < len(self.restarts):
            raise ValueError(f"there is no restart in place {self.best}")

    @property
    def best_restart(self) -> RestartResult:
        """The restart whose program and networks the run leaves."""
        return self.restarts[self.best]

    @property
    def verifiable(self) -> bool:
        """Whether it can be told that a program is correct."""
        return any(one.correct is not None for one in self.restarts)

    @property
    def given(self) -> bool:
        """Whether the model has one program only, so that none was searched."""
        return self.programs.get("assignments") == 1

    @property
    def correct_restarts(self) -> tuple[RestartResult, ...]:
        """The restarts whose programs are correct."""
        return tuple(one for one in self.restarts if one.correct)

    def to_json(self) -> dict[str, Any]:
        """As `results.json` holds it."""
        return to_json(self)

    @classmethod
    def from_json(cls, record: object) -> "RunResult":
        """What a `results.json` of this format or an older one holds.

        Raises:
          ValueError: it is not whole.
        """
        return from_json(cls, renewed_run(record))


def best(restarts: Sequence[RestartResult]) -> int:
    """The place of the best restart: correct, then of the smallest training loss, then the first.

    No test example takes part: what is measured on them afterwards was not chosen by them.
    """

    def worth(place: int) -> tuple[bool, float, int]:
        loss = restarts[place].loss
        return bool(restarts[place].correct), -math.inf if loss is None else -loss, -place

    return max(range(len(restarts)), key=worth)


def median_networks(restarts: Sequence[RestartResult]) -> dict[str, float]:
    """The median accuracy of each network over the correct restarts, or over all if none is."""
    chosen = [one for one in restarts if one.correct] or restarts
    accuracies = [one.network_accuracies for one in chosen]
    return {n: round(float(np.median([one[n] for one in accuracies])), 4) for n in accuracies[0]}
