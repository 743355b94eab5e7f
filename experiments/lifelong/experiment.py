"""The experiment `lifelong`: many lives of every learner, each in a folder of its own."""

import dataclasses
import os
from collections.abc import Callable, Mapping

import numpy as np
import tensorflow as tf

from datasets.digits import load_digits
from datasets.operators import load_operators
from datasets.pools import ImageSet
from experiments.config import ExperimentConfig
from experiments.lifelong.learners import LEARNERS, Kind, Lives, Ntpt, Settings
from experiments.lifelong.life import Course, Plan, live
from experiments.lifelong.schedule import LIFE, drawn
from experiments.lifelong.tasks import life_exams, life_tasks
from experiments.setup import Setting
from terpret.data.test_set import Exam
from terpret.files import own_files
from terpret.learning.task import Task
from terpret.runs.records import damaged, read_record
from terpret.runs.run_folder import finished, writing

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


def run(setting: Setting) -> dict[str, object]:
    """Lives all lives, or goes on where they were stopped.

    Returns:
      The results as in `results.json`.

    Raises:
      DataError, RunError, CheckpointError: with what is wrong.
      Stopped: by a signal, after a checkpoint was written.
    """
    config = setting.config
    digits, operators = setting.data["digits"], setting.data["operators"]
    tasks = life_tasks(digits, operators, config.distinct_grids)
    exams = life_exams(digits, operators)

    def order(batch_size: int) -> np.ndarray:
        return drawn(config.seed, batch_size, config.examples or LIFE)

    for name in config.chosen(LEARNERS):
        folder = os.path.join(setting.workdir, "lives", name)
        lived(LEARNERS[name], name, tasks, exams, order, setting, folder)
    results = results_of(config, setting.workdir)
    return finished(setting.workdir, results, setting.sources, setting.command)


def lived(
    kind: Kind,
    name: str,
    tasks: Mapping[str, Task],
    exams: Mapping[str, Exam],
    order: Callable[[int], np.ndarray],
    setting: Setting,
    folder: str,
) -> None:
    """Lives the lives of one learner in a folder, unless that is done already.

    Args:
      kind: the learner.
      name: its name, for the report.
      tasks: the tasks by name.
      exams: the unseen grids of each.
      order: the number of the task of every update, [updates], for a batch size.
      setting: of the experiment.
      folder: where its checkpoints are kept, and `course.json` in the end.
    """
    config = setting.config
    path, size = os.path.join(folder, "course.json"), config.batch_size or kind.batch_size
    if read_course(path) is not None:
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

    course = live(lives, tasks, exams, plan, os.path.join(folder, "checkpoints"), told)
    with writing(folder):
        own_files.write_json(path, {"course": dataclasses.asdict(course), **_about(lives)})
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


def results_of(config: ExperimentConfig, workdir: str) -> dict[str, object]:
    """What is known of the learners that have finished."""
    found = {
        name: read_course(os.path.join(workdir, "lives", name, "course.json"))
        for name in config.chosen(LEARNERS)
    }
    return {
        "experiment": config.experiment,
        "lives": config.restarts,
        "seed": config.seed,
        "life": config.examples or LIFE,
        "distinct_grids": config.distinct_grids,
        "learners": {name: one for name, one in found.items() if one is not None},
    }


def read_course(path: str) -> dict[str, object] | None:
    """What a learner has left, its course among it; None before it has finished.

    Raises:
      RunError: it is damaged.
    """
    remedy = "remove it, and the command of the experiment puts it together again"
    found = read_record(path, remedy)
    if found is not None and not _whole(found.get("course")):
        raise damaged(path, remedy)
    return found


def _whole(course: object) -> bool:
    fields = {field.name: field for field in dataclasses.fields(Course)}
    if not isinstance(course, dict) or not course.keys() <= fields.keys():
        return False
    kinds = {"examples": list, "seconds": float | int, "batch_size": int}
    return all(isinstance(one, kinds.get(name, dict)) for name, one in course.items())


def _about(lives: Lives) -> dict[str, object]:
    """What a learner leaves besides its course: its size, or its programs."""
    if isinstance(lives, Ntpt):
        return {"programs": {task: lives.sources(task) for task in lives.models}}
    return {"parameters": lives.parameters}


def courses(results: Mapping[str, object]) -> dict[str, Course]:
    """The courses of the learners that have finished."""
    return {name: Course(**one["course"]) for name, one in results["learners"].items()}
