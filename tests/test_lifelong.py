"""The schedule of a life, and that lives go on where they were stopped."""

import os
import signal
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from experiments.lifelong.life import Course, Plan, live
from experiments.lifelong.schedule import LIFE, SCHEDULE, TASKS, drawn, shares
from terpret.data.test_set import TestSet
from terpret.learning.task import Symbols, Task
from terpret.signals import Stopped


def test_shares_are_probabilities_and_old_tasks_stop() -> None:
    moments = np.arange(0, LIFE, 500)
    table = shares(moments, LIFE)
    np.testing.assert_allclose(table.sum(1), 1)
    assert table.min() >= 0
    np.testing.assert_array_equal(table[0], np.eye(len(TASKS))[0])
    for k, window in enumerate(SCHEDULE):
        outside = (moments < window.begins) | (moments >= window.ends)
        assert not table[outside, k].any()
        assert (table[:, k] == 1).any()


def test_each_task_begins_when_the_one_before_has_taught_its_network() -> None:
    """At most one network is untrained at a time, and the first task has the life to itself."""
    begins = [window.begins for window in SCHEDULE]
    assert begins == sorted(begins)
    assert [task.split("-")[0] for task in TASKS] == ["add2x2"] * 4 + ["apply2x2"] * 4
    assert SCHEDULE[1].begins >= SCHEDULE[0].fades


def test_a_shorter_life_is_the_same_in_small() -> None:
    long, short = drawn(0, 32, LIFE), drawn(0, 32, LIFE // 10)
    assert (len(long), len(short)) == (-(-LIFE // 32), -(-LIFE // 320))
    parts = [np.bincount(order, minlength=8) / len(order) for order in (long, short)]
    np.testing.assert_allclose(*parts, atol=0.02)
    np.testing.assert_array_equal(long, drawn(0, 32, LIFE))
    assert np.any(long != drawn(1, 32, LIFE))


class Sums(tf.Module):
    """Two lives that remember how many examples of each task they met, and which were the last."""

    networks_shared = False

    def __init__(self) -> None:
        super().__init__()
        self.met = {task: tf.Variable(tf.zeros([2, 2], tf.int64)) for task in TASKS}
        self.kill_at = -1
        self.steps = 0
        self.asked = ()

    def step(self, task: str, batch: dict[str, tf.Tensor]) -> tf.Tensor:
        news = tf.stack([tf.size(batch["final_sum"], tf.int64), batch["number"][-1]])
        self.met[task].assign(tf.stack([self.met[task][:, 0] + news[0], news[1] + [0, 0]], 1))
        self.steps += 1
        if self.steps == self.kill_at:
            os.kill(os.getpid(), signal.SIGTERM)
        return tf.zeros([2])

    def taught_by(self, task: str) -> frozenset[str]:
        return frozenset([task])

    def answers(self, test_sets: dict[str, TestSet]) -> dict[str, np.ndarray]:
        self.asked = (*self.asked, " ".join(test_sets))
        return {
            task: np.tile(np.minimum(self.met[task].numpy()[:, :1], 5), (1, len(test_set)))
            for task, test_set in test_sets.items()
        }


def tasks() -> dict[str, Task]:
    def batches(seed: int, size: int, start: int, shift: int) -> tf.data.Dataset:
        numbers = tf.data.Dataset.counter(start, dtype=tf.int64).batch(size)
        return numbers.map(lambda n: {"number": n, "final_sum": tf.cast(n, tf.int32)})

    return {name: Task(name, batches, None, "", Symbols({}, (), {}), {}, {}) for name in TASKS}


EXAM = TestSet(
    {"tiles": np.zeros([4, 4], int)}, {"final_sum": np.full(4, 5)}, {"tiles": np.zeros([1, 28, 28])}
)


def run(folder: Path, kill_at: int = -1) -> tuple[Course, Sums]:
    lives = Sums()
    lives.kill_at = kill_at
    plan = Plan(seed=3, batch_size=4, order=drawn(3, 4, 2000), tests=5)
    return live(
        lives, tasks(), dict.fromkeys(TASKS, EXAM), plan, str(folder), lambda examples, course: None
    ), lives


def test_the_first_step_is_followed_by_a_checkpoint(tmp_path: Path, saved: list[int]) -> None:
    run(tmp_path)
    assert saved == [1, 500]


def test_a_stopped_life_goes_on_to_the_same_end(tmp_path: Path) -> None:
    course, lives = run(tmp_path / "whole")
    assert course.examples == [400, 800, 1200, 1600, 2000]
    assert sum(int(met[0, 0]) for met in lives.met.values()) == 2000
    for met in lives.met.values():
        assert int(met[0, 1]) == int(met[0, 0]) - 1
    assert course.accuracies["add2x2-top"][0] == [1, 1]
    assert course.accuracies["apply2x2-right"][0] == [0, 0]
    # After the first test only what has met an example since the last.
    assert lives.asked[0] == " ".join(TASKS)
    assert lives.asked[-1] == "apply2x2-bottom apply2x2-right"
    assert course.accuracies["add2x2-top"] == [[1, 1]] * 5
    for moment in (1, 137, 200, 500):
        folder = tmp_path / str(moment)
        with pytest.raises(Stopped):
            run(folder, moment)
        again, resumed = run(folder)
        assert resumed.steps == 500 - moment
        assert again.accuracies == course.accuracies and again.examples == course.examples
        for task in TASKS:
            np.testing.assert_array_equal(lives.met[task], resumed.met[task])
