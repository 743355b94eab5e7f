"""Data directories: what is meant by their names, and that one process at a time prepares there."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import tensorflow as tf

from datasets.digits import load_digits
from datasets.folders import alone, data_folder, expanded, meant, prepared, preparing
from datasets.operators import load_operators
from datasets.signs import load_signs
from terpret.errors import DataError
from tests.datasets.nobody import nobody, open_folder

HOLD = """
import sys, time, filelock
with filelock.FileLock(sys.argv[1]):
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""


def test_what_was_meant_is_found_wherever_the_mistake_is(tmp_path: Path) -> None:
    right = tmp_path / "data" / "tensorflow_datasets" / "mnist"
    right.mkdir(parents=True)
    for wrong in ("data/tensorflow_dataset/mnist", "dat/tensorflow_datasets/mnist"):
        assert meant(tmp_path / wrong) == f" (did you mean {right}?)"
    assert meant(right.parent / "MNST") == f" (did you mean {right}?)"
    assert meant(tmp_path / "nothing" / "like") == ""
    assert meant(Path("embeded"), "auto", "embedded") == " (did you mean embedded?)"


def test_a_version_is_found_from_the_data_directory_down(tmp_path: Path) -> None:
    for version in ("3.0.1", "3.0.10", "incomplete.ABC_3.0.1", "notes"):
        (tmp_path / "mnist" / version).mkdir(parents=True)
    newest = tmp_path / "mnist" / "3.0.10"
    (newest / "dataset_info.json").write_text(json.dumps({"name": "mnist"}))
    for named in (tmp_path, tmp_path / "mnist", newest):
        assert prepared(named, "mnist") == newest
    assert prepared(newest, "gtsrb") is None
    assert prepared(tmp_path / "nowhere", "mnist") is None


def test_a_data_directory_that_is_none(tmp_path: Path) -> None:
    file = tmp_path / "mnist.npz"
    file.touch()
    for load in (load_digits, load_operators, load_signs):
        with pytest.raises(DataError, match=f"{file} is a file; name the folder that it lies in"):
            load("auto", str(file))
        with pytest.raises(DataError, match="gs://bucket/data is not on this machine"):
            load("auto", "gs://bucket/data")
    with pytest.raises(DataError, match="no home directory for the '~nobody_of_this_name'"):
        data_folder("~nobody_of_this_name/data")
    assert expanded("~") == Path.home()


def test_a_misspelt_data_directory_is_never_passed_over_in_silence(tmp_path: Path) -> None:
    right = tmp_path / "tensorflow_datasets"
    right.mkdir()
    wrong = str(tmp_path / "tensorflow_dataset")
    for load in (load_digits, load_operators, load_signs):
        assert f"(did you mean {right}?)" in load("auto", wrong).source
    with pytest.raises(DataError, match=f"does not exist .did you mean {right}"):
        load_signs("gtsrb", wrong)


@pytest.mark.parametrize("closed", ["", "downloads/manual"])
def test_a_folder_that_may_not_be_read(closed: str) -> None:
    with open_folder() as folder:
        data = folder / "data"
        (data / "downloads" / "manual").mkdir(parents=True)
        (data / closed).chmod(0o000)
        with nobody():
            for load in (load_digits, load_operators, load_signs):
                with pytest.raises(
                    DataError, match=r"cannot be read \(Permission denied\)"
                ) as caught:
                    load("auto", str(data))
                assert str(data / closed) in str(caught.value)


def test_a_folder_that_may_not_be_written() -> None:
    with open_folder() as folder:
        folder.chmod(0o555)
        with nobody():
            with pytest.raises(DataError, match=r"prepared in .* \(Permission denied\); name ano"):
                with preparing(folder, "gtsrb"):
                    raise AssertionError("nothing can be prepared here")


def test_the_second_process_waits_for_the_first_and_says_so(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    arguments = [sys.executable, "-c", HOLD, str(tmp_path / ".mnist.lock"), "1.0"]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout.readline() == "held\n"
        begun = time.monotonic()
        with alone(tmp_path, "mnist"):
            assert time.monotonic() - begun > 0.5
    assert capfd.readouterr().err == (
        f"waiting for another process, which prepares mnist in {tmp_path}\n"
    )


def test_a_lock_ends_with_its_process(tmp_path: Path) -> None:
    arguments = [sys.executable, "-c", HOLD, str(tmp_path / ".mnist.lock"), "60"]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout.readline() == "held\n"
        first.kill()
    begun = time.monotonic()
    with alone(tmp_path, "mnist"):
        assert time.monotonic() - begun < 5


def test_only_what_was_abandoned_long_ago_is_removed(tmp_path: Path) -> None:
    old, new = (tmp_path / "mnist" / f"incomplete.{name}_3.0.1" for name in ("OLD", "NEW"))
    for path in (old, new):
        path.mkdir(parents=True)
        (path / "mnist-train.tfrecord").touch()
    os.utime(old, (0, 0))
    with alone(tmp_path, "mnist"):
        assert new.exists() and not old.exists()


def test_whatever_a_preparation_fails_of_is_said(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught, preparing(tmp_path, "gtsrb"):
        raise tf.errors.ResourceExhaustedError(None, None, "No space left on device\nmore")
    assert str(caught.value) == (
        f"gtsrb could not be prepared in {tmp_path} (No space left on device); name another data "
        "directory, one that can be written."
    )
    with pytest.raises(KeyboardInterrupt), preparing(tmp_path, "gtsrb"):
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt as stop:
            raise RuntimeError("extraction failed") from stop
