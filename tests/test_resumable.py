"""Work that is stopped and continued: what is restored, when it is saved, what a signal does."""

import os
import signal
from pathlib import Path

import pytest
import tensorflow as tf

from terpret.learning import resumable
from terpret.learning.checkpoints import Checkpoints
from terpret.signals import Stopped


class Counting:
    """Counts to 4, in a tensor and in its text; a signal comes after some counts."""

    def __init__(self, signal_after: int = 0):
        self.tensors = tf.Module()
        self.tensors.count = tf.Variable(0)
        self.text, self._signal_after = "", signal_after

    def restore(self, examples: int, text: str) -> None:
        assert examples == 10 * len(text)
        self.text = text

    def finished(self) -> bool:
        return len(self.text) == 4

    def advance(self) -> None:
        self.text += "x"
        self.tensors.count.assign_add(1)
        if len(self.text) == self._signal_after:
            os.kill(os.getpid(), signal.SIGTERM)

    def saved(self) -> tuple[int, str]:
        return 10 * len(self.text), self.text


def do(work: Counting, folder: Path, seconds: float = 1000.0) -> None:
    resumable.do(work, Checkpoints(str(folder), 2, work=work.tensors), seconds)


def test_the_first_stretch_and_the_last_are_saved(tmp_path: Path, saved: list[int]) -> None:
    do(Counting(), tmp_path)
    assert saved == [10, 40]


def test_every_stretch_is_saved_where_no_time_may_pass(tmp_path: Path, saved: list[int]) -> None:
    do(Counting(), tmp_path, -1.0)
    assert saved == [10, 20, 30, 40]


def test_what_a_signal_stops_goes_on_where_it_was(tmp_path: Path, saved: list[int]) -> None:
    with pytest.raises(Stopped):
        do(Counting(signal_after=2), tmp_path)
    again = Counting()
    do(again, tmp_path)
    assert saved == [10, 20, 40]
    assert again.text == "xxxx" and int(again.tensors.count) == 4


def test_finished_work_is_restored_and_not_done_again(tmp_path: Path, saved: list[int]) -> None:
    do(Counting(), tmp_path)
    again = Counting()
    do(again, tmp_path)
    assert saved == [10, 40]
    assert again.text == "xxxx" and int(again.tensors.count) == 4
