"""The stages of the experiment `terpret`: a task of the report by one method."""

import dataclasses
import os

from experiments.config import ExperimentConfig, TaskConfig
from experiments.in_time import trained_in_time
from experiments.setup import Setting
from experiments.stage_results import CutStageResult, ExactStageResult, RunStageResult
from experiments.stages import at_most
from experiments.terpret_tasks.files import data_text, hypers_text
from experiments.terpret_tasks.measure import Limits, measured
from experiments.terpret_tasks.task import Task
from terpret.errors import RunError
from terpret.files import own_files
from terpret.files.typed_json import from_json, to_json
from terpret.runs.described import versions
from terpret.runs.records import read_results, read_typed
from terpret.runs.run_folder import writing

# What a stage leaves whose time was over.
CUT = "out_of_time.json"


@dataclasses.dataclass(frozen=True)
class Exactly:
    """A task by a solver, and once more with an impossible instance: two searches, each in time.

    Where it was stopped both begin again, since a time with a pause in it says nothing.

    Attributes:
      task: the task.
    """

    task: Task

    def do(self, name: str, folder: str, setting: Setting) -> None:
        """Solves the task, and writes what came out."""
        config = setting.config
        setting.report(name, 1, 0, "searching", "tasks")
        found = measured(self.task, Limits(config.stage_seconds, seed=config.seed))
        result = ExactStageResult(measured=found, command=setting.command, versions=versions())
        with writing(folder):
            os.makedirs(folder, exist_ok=True)
            own_files.write_json(os.path.join(folder, "results.json"), to_json(result))
        setting.report(name, 1, 1, f"{found.status} in {found.seconds:.1f} s", "tasks")

    def found(self, folder: str, _: ExperimentConfig) -> ExactStageResult | None:
        """What the solver said; None before it has said it."""
        path = os.path.join(folder, "results.json")
        remedy = "remove it, and the command of the experiment solves this task again"
        return read_typed(path, lambda record: from_json(ExactStageResult, record), remedy)

    def finished(self, folder: str, config: ExperimentConfig) -> bool:
        """Whether it has been solved."""
        return self.found(folder, config) is not None


@dataclasses.dataclass(frozen=True)
class Learned:
    """A task by a preset, in a run folder: from its training instances alone.

    Its time is that of one command: a run that was stopped has as much again.

    Attributes:
      task: the task.
      preset: how to learn.
      restarts: how many starts, unless the user wants fewer.
    """

    task: Task
    preset: str
    restarts: int

    def do(self, name: str, folder: str, setting: Setting) -> None:
        """Learns the task, or goes on with it, as long as there is time."""
        data, hypers = self._files(folder, setting)
        config = self.config(setting.config, data, hypers)
        seconds = setting.config.stage_seconds
        cut = trained_in_time(config, folder, name, setting, seconds)
        # What is at its end already, in the time for a last checkpoint, may have finished.
        if cut is None or self.finished(folder, setting.config):
            return
        result = CutStageResult(
            seconds=seconds,
            restarts=config.restarts,
            examples=cut.examples,
            wanted=cut.wanted,
            told=cut.told,
        )
        with writing(folder):
            os.makedirs(folder, exist_ok=True)
            own_files.write_json(os.path.join(folder, CUT), to_json(result))

    def found(self, folder: str, _: ExperimentConfig) -> RunStageResult | CutStageResult | None:
        """What the run found, or where it was ended; None where it is not done."""
        run = read_results(os.path.join(folder, "results.json"))
        if run is not None:
            return RunStageResult(run=run, accuracy_on_images={})
        path = os.path.join(folder, CUT)
        remedy = "remove it, and the command of the experiment goes on with this stage"
        return read_typed(path, lambda record: from_json(CutStageResult, record), remedy)

    def finished(self, folder: str, config: ExperimentConfig) -> bool:
        """Whether it has ended, or its time has."""
        return self.found(folder, config) is not None

    def config(self, given: ExperimentConfig, data: str, hypers: str) -> TaskConfig:
        """The settings of the run.

        Args:
          given: of the experiment.
          data: the file of the task's instances.
          hypers: the file of its hypers.
        """
        every = given.check_every or TaskConfig().check_every
        return dataclasses.replace(
            given.of_each_run,
            model=f"{self.task.model}.py",
            data=data,
            hypers_file=hypers,
            preset=self.preset,
            restarts=at_most(given.restarts, self.restarts),
            examples=given.examples,
            batch_size=given.batch_size,
            check_every=every,
        )

    def _files(self, folder: str, setting: Setting) -> tuple[str, str]:
        """The files of the task's data and hypers, beside the folders of the stages.

        Raises:
          RunError: the experiment began with other data.
        """
        place = os.path.join(os.path.dirname(folder), self.task.name)
        texts = {
            f"{place}.json": data_text(self.task, setting.config.seed),
            f"{place}_hypers.json": hypers_text(self.task),
        }
        with writing(setting.workdir):
            os.makedirs(os.path.dirname(folder), exist_ok=True)
            for path, text in texts.items():
                if own_files.owns(path) and _differs(path, text):
                    raise RunError(
                        f"{path} holds other instances than the task has now: give another "
                        "--workdir, or --overwrite"
                    )
                own_files.write_text(path, text)
        data, hypers = texts
        return data, hypers


def _differs(path: str, text: str) -> bool:
    """Whether a file that is there holds another text."""
    if not os.path.exists(path):
        return False
    with open(path, encoding="utf-8") as file:
        return file.read() != text
