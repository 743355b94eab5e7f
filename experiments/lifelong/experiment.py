"""The experiment `lifelong`: many lives of every learner, each in a folder of its own."""

import os
from collections.abc import Callable, Mapping

import numpy as np
import tensorflow as tf

from datasets.digits import load_digits
from datasets.operators import load_operators
from datasets.pools import ImageSet
from experiments.config import ExperimentConfig
from experiments.experiment_result import finished
from experiments.lifelong.learners import LEARNERS, Kind, Lives, Ntpt, Settings
from experiments.lifelong.life import Course, Plan, live
from experiments.lifelong.results import LearnerResult, LifelongResult, read_learner
from experiments.lifelong.schedule import LIFE, drawn
from experiments.lifelong.tasks import life_tasks, life_test_sets
from experiments.setup import Setting
from terpret.data.test_set import TestSet
from terpret.files import own_files
from terpret.files.typed_json import to_json
from terpret.learning.task import Task
from terpret.runs.run_folder import writing

# Tests over a life, evenly spread.
TESTS = 50


def ready(config: ExperimentConfig) -> dict[str, ImageSet]:
    """Refuses settings that cannot work, before anything is written; gives the data.

    Raises:
      RunError, DataError: with what is wrong.
    """
    config.chosen(LEARNERS)
    operators = load_operators(config.operators, config.data_dir)
    return {"digits": load_digits(config.digits, config.data_dir), "operators": operators}


def run(setting: Setting) -> LifelongResult:
    """Lives all lives, or goes on where they were stopped; what they found.

    Raises:
      DataError, RunError, CheckpointError: with what is wrong.
      Stopped: by a signal, after a checkpoint was written.
    """
    config = setting.config
    digits, operators = setting.data["digits"], setting.data["operators"]
    tasks = life_tasks(digits, operators, config.distinct_grids)
    test_sets = life_test_sets(digits, operators)

    def order(batch_size: int) -> np.ndarray:
        return drawn(config.seed, batch_size, config.examples or LIFE)

    for name in config.chosen(LEARNERS):
        folder = os.path.join(setting.workdir, "lives", name)
        lived(LEARNERS[name], name, tasks, test_sets, order, setting, folder)
    results = results_of(config, setting.workdir)
    return finished(setting.workdir, results, setting.sources, setting.command)


def lived(
    kind: Kind,
    name: str,
    tasks: Mapping[str, Task],
    test_sets: Mapping[str, TestSet],
    order: Callable[[int], np.ndarray],
    setting: Setting,
    folder: str,
) -> None:
    """Lives the lives of one learner in a folder, unless that is done already.

    Args:
      kind: the learner.
      name: its name, for the report.
      tasks: the tasks by name.
      test_sets: the unseen grids of each.
      order: the number of the task of every update, [updates], for a batch size.
      setting: of the experiment.
      folder: where its checkpoints are kept, and `course.json` in the end.
    """
    config = setting.config
    path, size = os.path.join(folder, "course.json"), config.batch_size or kind.batch_size
    if read_learner(path) is not None:
        return
    updates = order(size)
    counts = np.bincount(updates, minlength=len(tasks)) * size
    met = {task: int(count) for task, count in zip(tasks, counts, strict=True)}
    count = min(config.restarts, kind.lives or config.restarts)
    lives = kind.begin(Settings(count, config.seed, size, met, config.xla))
    examples = len(updates) * size
    tests = max(1, examples // config.check_every) if config.check_every else TESTS
    plan = Plan(config.seed, size, updates, tests, setting.checkpoint_seconds, kind.shift)

    def told(done: int, course: Course) -> None:
        setting.report(name, examples, done, _state(course))

    course = live(lives, tasks, test_sets, plan, os.path.join(folder, "checkpoints"), told)
    with writing(folder):
        own_files.write_json(path, to_json(_left(lives, course)))
    # The graphs of one learner are of no use to the next.
    tf.keras.backend.clear_session()


def _state(course: Course) -> str:
    """How well it goes, in a few words."""
    if not course.examples:
        return ""
    accuracy = np.mean([values[-1] for values in course.accuracies.values()])
    text = f"accuracy over all tasks {accuracy:.2f}"
    if course.correct:
        last = np.array([values[-1] for values in course.correct.values()])
        text += f", correct programs {last.sum()}/{last.size}"
    return text


def results_of(config: ExperimentConfig, workdir: str) -> LifelongResult:
    """What is known of the learners that have finished."""
    found = {
        name: read_learner(os.path.join(workdir, "lives", name, "course.json"))
        for name in config.chosen(LEARNERS)
    }
    return LifelongResult(
        experiment=config.experiment,
        root_seed=config.seed,
        lives=config.restarts,
        life=config.examples or LIFE,
        distinct_grids=config.distinct_grids,
        learners={name: one for name, one in found.items() if one is not None},
    )


def _left(lives: Lives, course: Course) -> LearnerResult:
    """What a learner leaves: its course, and its programs or its size."""
    if isinstance(lives, Ntpt):
        programs = {task: tuple(lives.sources(task)) for task in lives.models}
        return LearnerResult(course=course, programs=programs)
    return LearnerResult(course=course, parameters=lives.parameters)
