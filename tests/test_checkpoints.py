"""The newest whole checkpoint is found, whatever happened to the others."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import tensorflow as tf

from terpret.learning.checkpoints import CheckpointError, Checkpoints


class State(tf.Module):
    """Two tensors, large enough for damage to hit them."""

    def __init__(self) -> None:
        super().__init__()
        self.weights = tf.Variable(tf.zeros([1000]))
        self.step = tf.Variable(0)


def three_checkpoints(folder: Path) -> None:
    state = State()
    checkpoints = Checkpoints(str(folder), 5, state=state)
    for examples in (10, 20, 30):
        state.weights.assign(tf.fill([1000], float(examples)))
        state.step.assign(examples)
        checkpoints.save(examples, f"after {examples}")


def restored(folder: Path) -> tuple[tuple[int, str] | None, State]:
    state = State()
    return Checkpoints(str(folder), 5, state=state).restore(), state


def remove(path: Path) -> None:
    path.unlink()


def empty(path: Path) -> None:
    path.write_bytes(b"")


def halve(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip_a_bit(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


def overwrite(path: Path) -> None:
    path.write_bytes(os.urandom(path.stat().st_size))


DAMAGES = [remove, empty, halve, flip_a_bit, overwrite]


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("part", [".index", ".data-00000-of-00001"])
def test_a_damaged_newest_checkpoint_is_passed_over(
    part: str, damage: Callable[[Path], None], tmp_path: Path
) -> None:
    three_checkpoints(tmp_path)
    damage(tmp_path / f"ckpt-000000000030{part}")
    found, state = restored(tmp_path)
    assert found == (20, "after 20")
    assert float(state.weights[0]) == float(state.weights[-1]) == 20
    assert int(state.step) == 20


def test_two_damaged_checkpoints_leave_the_third(tmp_path: Path) -> None:
    three_checkpoints(tmp_path)
    halve(tmp_path / "ckpt-000000000030.data-00000-of-00001")
    remove(tmp_path / "ckpt-000000000020.index")
    assert restored(tmp_path)[0] == (10, "after 10")


def test_a_state_file_is_not_needed_and_not_believed(tmp_path: Path) -> None:
    three_checkpoints(tmp_path)
    (tmp_path / "checkpoint").write_text('model_checkpoint_path: "nowhere"\n')
    assert restored(tmp_path)[0] == (30, "after 30")


def test_what_a_killed_save_left_does_no_harm(tmp_path: Path) -> None:
    three_checkpoints(tmp_path)
    part = tmp_path / "ckpt-000000000040_temp"
    part.mkdir()
    (part / "part-00000-of-00001.data-00000-of-00001").write_bytes(b"half")
    (tmp_path / "ckpt-000000000040.data-00000-of-00001").write_bytes(b"half")
    assert restored(tmp_path)[0] == (30, "after 30")


def test_starting_afresh_is_refused_where_all_are_damaged(tmp_path: Path) -> None:
    three_checkpoints(tmp_path)
    for path in tmp_path.glob("*.index"):
        remove(path)
    with pytest.raises(CheckpointError, match="none of the 3 checkpoints .*; give another folder$"):
        restored(tmp_path)


def test_checkpoints_of_other_shapes_are_refused(tmp_path: Path) -> None:
    three_checkpoints(tmp_path)
    state = State()
    state.weights = tf.Variable(tf.zeros([999]))
    with pytest.raises(CheckpointError, match="none of the 3 checkpoints"):
        Checkpoints(str(tmp_path), 5, state=state).restore()


def test_an_empty_folder_begins(tmp_path: Path) -> None:
    assert restored(tmp_path)[0] is None


def test_old_checkpoints_make_room(tmp_path: Path) -> None:
    state = State()
    checkpoints = Checkpoints(str(tmp_path), 2, state=state)
    for examples in range(1, 6):
        checkpoints.save(examples, "")
    assert sorted(path.name for path in tmp_path.glob("*.index")) == [
        "ckpt-000000000004.index",
        "ckpt-000000000005.index",
    ]


def test_a_checkpoint_that_cannot_be_written_leaves_the_others(tmp_path: Path) -> None:
    """A file stands where the folder should be: as a read-only disk does, for root too."""
    three_checkpoints(tmp_path / "good")
    (tmp_path / "file").write_text("")
    with pytest.raises(CheckpointError, match="cannot write a checkpoint in .*: Not a directory"):
        Checkpoints(str(tmp_path / "file" / "folder"), 5, state=State()).save(40, "")
    assert restored(tmp_path / "good")[0] == (30, "after 30")
