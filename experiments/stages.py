"""Experiments made of stages, which are done one after another, each in a folder of its own.

An experiment says what its stages are as data. A stage that has finished is not done again; one
that was stopped goes on from its checkpoint.
"""

import dataclasses
import os
from collections.abc import Iterator, Mapping
from typing import Protocol

import tensorflow as tf

from experiments.config import ExperimentConfig, TaskConfig
from experiments.scenarios.registry import scenario_of
from experiments.setup import Setting
from experiments.stage_results import (
    ClockStageResult,
    RunStageResult,
    SeedsStageResult,
    StageResult,
    StagesResult,
    TimedRun,
)
from terpret.runs import run as single
from terpret.runs.prepared import Run
from terpret.runs.progress import RestartsLine
from terpret.runs.records import read_curves, read_results
from terpret.runs.results import RunResult

FOLDER = "stages"


class Stage(Protocol):
    """A part of an experiment."""

    def do(self, name: str, folder: str, setting: Setting) -> None:
        """Does the stage in its folder, or goes on with it.

        Raises:
          DataError, RunError, CheckpointError: with what is wrong.
          Stopped: by a signal, after a checkpoint was written.
        """

    def found(self, folder: str, config: ExperimentConfig) -> StageResult | None:
        """What the stage has found; None before there is something to show."""

    def finished(self, folder: str, config: ExperimentConfig) -> bool:
        """Whether nothing is left to do."""


@dataclasses.dataclass(frozen=True)
class Runs:
    """A single run, or several that differ in their seeds, each for the time that it takes.

    Attributes:
      model: a name in ntpt_models/.
      preset: how to learn.
      restarts: how many starts, unless the user wants fewer.
      examples: how many examples for each of them, unless the user wants fewer.
      batch_size: examples in an update; 0 is the preset's.
      clock: how many runs whose time counts, unless the user wants fewer: each stops at its first
        program, and measures no more than it must; 0 is one run to the end of its examples.
      freeze: the examples before the networks that the run is given begin to learn; -1: half of
        those of the run, where its model must be given networks.
      nets_at_least: the accuracy that networks must have for a program to count.
      check_every: examples between checks of the discretised programs.
    """

    model: str
    preset: str
    restarts: int
    examples: int
    batch_size: int = 0
    clock: int = 0
    freeze: int = -1
    nets_at_least: float = 0.0
    check_every: int = 2000

    def do(self, name: str, folder: str, setting: Setting) -> None:
        """Does the runs, or goes on with them; one whose time counts begins again."""
        for place, seed in self._parts(folder, setting.config):
            if _results(place) is None:
                title = f"{name}, seed {seed}" if self.clock else name
                again = bool(self.clock)
                train(self.config(setting, seed), place, title, setting, again, not self.clock)

    def found(self, folder: str, config: ExperimentConfig) -> StageResult | None:
        """What the run found, or all runs of a clock; None before all of them have finished."""
        runs = []
        for place, seed in self._parts(folder, config):
            run = _results(place)
            if run is None:
                return None
            runs.append(TimedRun(root_seed=seed, run=run))
        if self.clock:
            return ClockStageResult(runs=tuple(runs))
        curves = read_curves(os.path.join(folder, "curves.json"))
        on_images = {number: one.accuracy_on_images for number, one in curves.items()}
        return RunStageResult(run=runs[0].run, accuracy_on_images=on_images)

    def finished(self, folder: str, config: ExperimentConfig) -> bool:
        """Whether nothing is left to do."""
        return self.found(folder, config) is not None

    def config(self, setting: Setting, seed: int) -> TaskConfig:
        """The settings of the run of one seed."""
        given = setting.config
        examples = at_most(given.examples, self.examples)
        return dataclasses.replace(
            given.of_each_run,
            model=self.model,
            preset=self.preset,
            restarts=at_most(given.restarts, self.restarts),
            examples=examples,
            batch_size=given.batch_size or self.batch_size,
            stop_after_solved=1 if self.clock else -1,
            nets_at_least=self.nets_at_least,
            init_nets=setting.networks,
            freeze_nets=min(self.freeze, examples),
            seed=seed,
            check_every=given.check_every or self.check_every,
        )

    def _parts(self, folder: str, config: ExperimentConfig) -> Iterator[tuple[str, int]]:
        """The folder and the seed of each run."""
        if not self.clock:
            yield folder, config.seed
        for seed in range(config.seed, config.seed + at_most(config.restarts, self.clock)):
            yield _seed_folder(folder, seed), seed


@dataclasses.dataclass(frozen=True)
class Seeds:
    """Runs that differ in their seeds alone, each to the end of its examples; all of them count.

    Attributes:
      model: a name in ntpt_models/.
      hypers: of the model.
      seeds: how many runs, unless the user wants fewer.
      examples: how many examples in each, unless the user wants fewer.
      batch_size: examples in an update, unless the user says.
      restarts: how many starts in each.
      preset: how to learn.
      method: the fields of the preset that have other values.
      begins_with: a short run of many starts, from whose best networks each run begins; its time
        is part of the run's.
    """

    model: str
    hypers: Mapping[str, int]
    seeds: int
    examples: int
    batch_size: int
    restarts: int = 1
    preset: str = "robust"
    method: Mapping[str, object] = dataclasses.field(default_factory=dict)
    begins_with: "Seeds | None" = None

    def do(self, name: str, folder: str, setting: Setting) -> None:
        """Does the runs that have not finished."""
        for seed in self._seeds(setting.config):
            place = _seed_folder(folder, seed)
            if _results(place) is not None:
                continue
            config = self._config(setting.config, seed)
            if self.begins_with:
                first = _first_folder(folder, seed)
                if _results(first) is None:
                    short = self.begins_with._config(setting.config, seed)
                    train(short, first, f"{name}, seed {seed}, many starts", setting)
                config = dataclasses.replace(config, init_nets=first, freeze_nets=0)
            train(config, place, f"{name}, seed {seed}", setting)

    def found(self, folder: str, config: ExperimentConfig) -> SeedsStageResult | None:
        """What the runs have found that have finished; None before the first has."""
        runs = []
        for seed in self._seeds(config):
            run, first = _results(_seed_folder(folder, seed)), _results(_first_folder(folder, seed))
            if run is not None:
                seconds = run.seconds + (first.seconds if first else 0.0)
                timed = dataclasses.replace(run, seconds=round(seconds, 1))
                runs.append(TimedRun(root_seed=seed, run=timed))
        wanted = len(self._seeds(config))
        return SeedsStageResult(runs=tuple(runs), wanted=wanted) if runs else None

    def finished(self, folder: str, config: ExperimentConfig) -> bool:
        """Whether nothing is left to do."""
        found = self.found(folder, config)
        return found is not None and len(found.runs) == found.wanted

    def _seeds(self, config: ExperimentConfig) -> range:
        return range(config.seed, config.seed + at_most(config.restarts, self.seeds))

    def _config(self, given: ExperimentConfig, seed: int) -> TaskConfig:
        return dataclasses.replace(
            given.of_each_run,
            model=self.model,
            hypers=dict(self.hypers),
            preset=self.preset,
            method=dict(self.method),
            restarts=self.restarts,
            examples=at_most(given.examples, self.examples),
            batch_size=given.batch_size or self.batch_size,
            stop_after_solved=-1,
            seed=seed,
            check_every=given.check_every or self.examples // 20,
        )


def train(
    config: TaskConfig,
    folder: str,
    title: str,
    setting: Setting,
    again: bool = False,
    thorough: bool = True,
) -> RunResult:
    """Does a single run inside an experiment, or goes on with it; its results.

    Args:
      config: its settings.
      folder: its folder.
      title: what it is called while it goes on.
      setting: of the experiment.
      again: whether it begins afresh where it has been stopped.
      thorough: as in `single.train`.
    """

    def watch(run: Run, _: list[str]) -> RestartsLine:
        def show(examples: int, text: str) -> None:
            setting.report(title, run.examples, examples, text)

        return RestartsLine(show, run.examples)

    seconds = setting.checkpoint_seconds
    results = single.train(
        config,
        folder,
        again,
        setting.command,
        seconds,
        watch,
        thorough,
        setting.workdir,
        scenario_of(config),
    )
    # The graphs of one run are of no use to the next.
    tf.keras.backend.clear_session()
    return results


def chosen(stages: Mapping[str, Stage], config: ExperimentConfig) -> dict[str, Stage]:
    """Those of some stages that the user wants.

    Raises:
      RunError: there is no stage of a name.
    """
    return {name: stages[name] for name in config.chosen(stages)}


def do_all(stages: Mapping[str, Stage], setting: Setting) -> None:
    """Does the stages that have not finished.

    Raises:
      DataError, RunError, CheckpointError: with what is wrong.
      Stopped: by a signal, after a checkpoint was written.
    """
    for name, stage in stages.items():
        folder = _folder(setting.workdir, name)
        if not stage.finished(folder, setting.config):
            stage.do(name, folder, setting)


def found_so_far(
    stages: Mapping[str, Stage], config: ExperimentConfig, workdir: str
) -> StagesResult:
    """The results of an experiment: what those of its stages that have finished have found."""
    found = {name: one.found(_folder(workdir, name), config) for name, one in stages.items()}
    finished = {name: one for name, one in found.items() if one is not None}
    return StagesResult(
        experiment=config.experiment,
        root_seed=config.seed,
        seconds=round(sum(one.seconds for one in finished.values()), 1),
        stages=finished,
    )


def at_most(wanted: int, own: int) -> int:
    """A stage's own number, or the user's, if that is smaller; 0 is no wish."""
    return min(wanted, own) if wanted else own


def _folder(workdir: str, name: str) -> str:
    return os.path.join(workdir, FOLDER, name)


def _seed_folder(folder: str, seed: int) -> str:
    return os.path.join(folder, f"seed-{seed}")


def _first_folder(folder: str, seed: int) -> str:
    return f"{_seed_folder(folder, seed)}-first"


def _results(folder: str) -> RunResult | None:
    return read_results(os.path.join(folder, "results.json"))
