"""A signal at any moment: one line, nothing lost; and what `terpret.learning.signals` does."""

import contextlib
import dataclasses
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest

from terpret.learning import signals
from terpret.learning.signals import Signals, Stopped

ROOT = Path(__file__).resolve().parent.parent
MODEL = """x = Input(10)[2]
y = Output(10)
which = Param(2)
shift = Param(10)


@Runtime([10, 10], 10)
def Add(a, b):
    return (a + b) % 10


with which as w:
    y.set_to(Add(x[w], shift))
"""
SECONDS = 120
BAR = " examples/s"


@dataclasses.dataclass(frozen=True)
class Ended:
    """What a process left: its exit status, and what it said apart from its progress."""

    status: int
    said: list[str]


@pytest.fixture
def flags(tmp_path: Path) -> list[str]:
    """Of a run of a model with two Params, in a folder of its own; without its --workdir."""
    instances = [{"x": [i % 10, i * 7 % 10], "y": (i * 7 + 3) % 10} for i in range(20)]
    batch = {"batch_name": "train", "hypers": "c", "instances": instances}
    (tmp_path / "model.py").write_text(MODEL)
    (tmp_path / "data.json").write_text(json.dumps([batch]))
    files = [f"--model={tmp_path}/model.py", f"--data={tmp_path}/data.json"]
    return [*files, "--restarts=2", "--examples=4000", "--stop_after_solved=-1", "--noxla"]


def start(*arguments: str) -> subprocess.Popen:
    """A command, as soon as it heeds signals."""
    process = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    heeded = 1 << signal.SIGTERM - 1
    while process.poll() is None:
        status = Path(f"/proc/{process.pid}/status").read_text()
        found = re.search(r"SigCgt:\t(\w+)", status)
        if found and int(found[1], 16) & heeded:
            break
        time.sleep(0.001)
    return process


def struck(process: subprocess.Popen, *numbers: int, apart: float = 0.0) -> Ended:
    """Sends signals to a process, some seconds apart, and waits for its end."""
    for number in numbers:
        process.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(apart)
    _, errors = process.communicate(timeout=SECONDS)
    lines = re.split("[\r\n]", errors.decode())
    return Ended(process.returncode, [line for line in lines if line.strip() and BAR not in line])


def done(workdir: Path) -> dict[str, object] | None:
    """The results of a run but for what depends on when it was stopped; None before its end."""
    path = workdir / "results.json"
    if not path.exists():
        return None
    results = json.loads(path.read_text())
    for entry in (results, *results["restarts"]):
        del entry["seconds"]
    return {name: results[name] for name in results if name not in ("command", "verified_after")}


def assert_one_line(ended: Ended, workdir: Path) -> None:
    """A process was stopped with a word, or had come to its end before."""
    promise = f"stopped; the same command continues the run in {workdir}"
    if ended.status:
        assert ended.status == 1
        assert ended.said in (["stopped"], [promise])
    else:
        assert ended.said == []


def strike(flags: list[str], folder: Path, moments: int) -> None:
    """Signals at random moments of train.py and evaluate.py; all runs end in the same results."""
    whole = folder / "whole"
    begun = time.monotonic()
    train = start("train.py", *flags, f"--workdir={whole}")
    assert struck(train) == Ended(0, [])
    middle = time.monotonic()
    assert struck(start("evaluate.py", f"--workdir={whole}", "--plots")) == Ended(0, [])
    durations = middle - begun, time.monotonic() - middle
    results = done(whole)
    folders = [folder / "struck-0"]
    for number in range(moments):
        learns = number % 2 == 0
        if learns:
            script, workdir = ["train.py", *flags], folders[-1]
        else:
            script, workdir = ["evaluate.py", "--plots"], whole
        process = start(*script, f"--workdir={workdir}")
        # The first moments of all are its own kind.
        time.sleep(random.random() ** 1.5 * durations[number % 2])
        kinds = [random.choice([signal.SIGINT, signal.SIGINT, signal.SIGTERM, signal.SIGHUP])]
        kinds += random.choice([[], [signal.SIGINT], [signal.SIGTERM, signal.SIGINT]])
        assert_one_line(struck(process, *kinds, apart=random.uniform(0, 0.5)), workdir)
        if learns and done(workdir):
            folders.append(folder / f"struck-{len(folders)}")
    assert struck(start("train.py", *flags, f"--workdir={folders[-1]}")) == Ended(0, [])
    assert struck(start("evaluate.py", f"--workdir={whole}")) == Ended(0, [])
    assert all(done(one) == results for one in [whole, *folders])
    assert not list(folder.rglob("*.tmp"))


def test_a_signal_at_a_random_moment_is_one_line(flags: list[str], tmp_path: Path) -> None:
    strike(flags, tmp_path, 4)


@pytest.mark.soak
def test_fifty_signals_at_random_moments_are_one_line_each(
    flags: list[str], tmp_path: Path
) -> None:
    strike(flags, tmp_path, 50)
