"""One process writes in a run folder; who reads asks nobody."""

import contextlib
import errno
import fcntl
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from terpret.errors import RunError
from terpret.files import own_files
from terpret.files.lock import LOCK, writing_alone
from tests.commands import ROOT, evaluate, train
from tests.small_runs import flags, listing, write_files

# What takes a lock needs no TensorFlow, whose import takes longer than all the rest.
LIGHT = """
import sys, types
terpret, network_file = types.ModuleType("terpret"), types.ModuleType("network_file")
terpret.__path__, network_file.FILE_NAME = ["terpret"], "networks.npz"
sys.modules |= {"terpret": terpret, "terpret.learning.network_file": network_file}
"""
# Both wait for the same moment, take the folder, and note in turn what they find in it.
CONTENDER = """
import time
from terpret.errors import RunError
from terpret.files.lock import writing_alone
folder, name, moment = sys.argv[1:]
for k in range(10):
    time.sleep(max(0, float(moment) + k * 0.4 - time.time()))
    place = f"{folder}/new-{k}"
    try:
        with writing_alone(place):
            with open(f"{place}/run.txt", "a") as file:
                file.write(name)
                file.flush()
                time.sleep(0.2)
                file.write(name)
        print("wrote")
    except RunError as error:
        print(error)
"""
HOLDER = """
from terpret.files.lock import writing_alone
with writing_alone(sys.argv[1]):
    print("taken", flush=True)
    sys.stdin.read()
"""
# The writer starts a process that writes in a part of its folder, and has the folder still.
PARENT = """
import multiprocessing
from terpret.files.lock import WRITER, writing_alone
def write(folder):
    with writing_alone(folder + "/stages/one", folder):
        print("wrote", flush=True)
if __name__ == "__main__":
    folder = sys.argv[1]
    with writing_alone(folder):
        child = multiprocessing.get_context("spawn").Process(target=write, args=(folder,))
        child.start()
        child.join()
        assert open(f"{folder}/{WRITER}").read()
        sys.stdin.read()
"""


def start(text: str, *arguments: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", LIGHT + text, *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@contextlib.contextmanager
def held(folder: Path) -> subprocess.Popen:
    """A folder in which another process writes."""
    process = start(HOLDER, str(folder))
    assert process.stdout.readline() == "taken\n"
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_of_two_at_once_one_writes_ten_times(tmp_path: Path) -> None:
    moment = str(time.time() + 4)
    pair = [start(CONTENDER, str(tmp_path), name, moment) for name in "ab"]
    told = [process.communicate(timeout=60)[0].splitlines() for process in pair]
    for k in range(10):
        texts = sorted(lines[k] for lines in told)
        assert [text for text in texts if text != "wrote"], texts
        assert (tmp_path / f"new-{k}" / "run.txt").read_text() in ("aa", "bb"), told
        assert "writes in" in texts[0] and texts[1] == "wrote"


def test_the_second_writer_is_told_who_the_first_is_and_readers_ask_nobody(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, data = write_files(tmp_path)
    own = flags(model, data, tmp_path / "run")
    assert train(*own) == 0
    capsys.readouterr()
    before = listing(tmp_path)
    with held(tmp_path / "run") as process:
        for more in (["--overwrite"], ["--seed=1", "--overwrite"]):
            assert train(*own, *more) == 1
            lines = capsys.readouterr().err.splitlines()
            assert len(lines) == 1
            assert f"process {process.pid} on {os.uname().nodename}, since " in lines[0]
            assert "wait until it has ended, or give another --workdir" in lines[0]
        assert train(*own) == 0 and "is done already" in capsys.readouterr().out
        assert evaluate(tmp_path / "run") == 0
    assert listing(tmp_path) == before
    # The lock of a process that was killed is none.
    assert train(*own, "--overwrite") == 0


def test_shards_run_at_once_and_parts_are_their_wholes(tmp_path: Path) -> None:
    with held(tmp_path / "run" / "shard-1-of-2"), writing_alone(str(tmp_path / "run/shard-2-of-2")):
        pass
    whole, part = tmp_path / "whole", tmp_path / "whole" / "stages" / "one"
    own_files.begin(str(whole))
    own_files.begin(str(part), part_of=str(whole))
    own_files.begin(str(tmp_path / "whole" / "apart"))
    with held(whole):
        with (
            pytest.raises(RunError, match=f"process .* writes in {whole}"),
            writing_alone(str(part)),
        ):
            pass
        with writing_alone(str(whole / "apart")):
            pass
    with writing_alone(str(whole)), writing_alone(str(part)):
        pass


def test_a_process_that_the_writer_has_started_writes_too_and_no_other(tmp_path: Path) -> None:
    script, folder = tmp_path / "parent.py", tmp_path / "run"
    script.write_text(LIGHT + PARENT)
    process = subprocess.Popen(
        [sys.executable, script, folder],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "wrote\n"
    with pytest.raises(RunError, match="writes in"), writing_alone(str(folder)):
        pass
    process.communicate()
    assert process.returncode == 0


def test_a_folder_is_one_however_it_is_reached(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "run")
    with held(tmp_path / "run"), pytest.raises(RunError), writing_alone(str(tmp_path / "link")):
        pass


def test_without_locks_of_the_file_system_a_dead_writer_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on some shared file systems: the file's presence is the lock, and names its process."""
    none = "import fcntl, errno\ndef no(*_): raise OSError(errno.ENOSYS, '')\nfcntl.flock = no\n"

    def no(*_: object) -> None:
        raise OSError(errno.ENOSYS, "")

    monkeypatch.setattr(fcntl, "flock", no)
    process = start(none + HOLDER, str(tmp_path))
    assert process.stdout.readline() == "taken\n"
    with pytest.raises(RunError, match=f"process {process.pid} on "), writing_alone(str(tmp_path)):
        pass
    process.kill()
    process.communicate()
    assert (tmp_path / LOCK).exists()
    with writing_alone(str(tmp_path)):
        pass


@pytest.mark.soak
def test_of_two_commands_at_once_one_run_is_left(tmp_path: Path) -> None:
    """Two processes of train.py that differ in a setting, in a folder that is not there."""
    model, data = write_files(tmp_path)
    pair = [
        subprocess.Popen(
            [sys.executable, "train.py", *flags(model, data, tmp_path / "run"), f"--seed={seed}"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for seed in (0, 1)
    ]
    told = [process.communicate(timeout=120) for process in pair]
    codes = [process.returncode for process in pair]
    assert sorted(codes) == [0, 1], told
    winner = codes.index(0)
    lines = told[1 - winner][1].splitlines()
    assert len(lines) == 1 and ("writes in" in lines[0] or "another seed" in lines[0]), lines
    assert json.loads((tmp_path / "run" / "config.json").read_text())["seed"] == winner
