"""A run that is killed at any moment goes on, and ends in the same bits."""

import dataclasses
import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from terpret import check_model
from terpret.compile import tensor_network
from terpret.core.nodes import Repeated, topological
from tests.commands import train

ROOT = Path(__file__).resolve().parent.parent
DATA = "tests/models/data"
LONG = "numTimesteps=12"
COMMON = ["--checkpoint_seconds=0.2"]
SECONDS = 300


@dataclasses.dataclass(frozen=True)
class Job:
    """A run to be killed.

    Attributes:
      flags: of train.py, for a run of seconds.
      longer: more of them, where a run is killed twenty times.
    """

    flags: tuple[str, ...]
    longer: tuple[str, ...]

    def line(self, *others: str) -> list[str]:
        """The flags, but for those that others stand for: a flag may be given once."""
        named = {flag.partition("=")[0].replace("--no", "--"): flag for flag in self.flags}
        named |= {flag.partition("=")[0].replace("--no", "--"): flag for flag in others}
        return list(named.values())


JOBS = {
    "pictures": Job(
        (f"--model={DATA}/pictures_model.py", f"--data={DATA}/pictures_data.json",
         "--restarts=4", "--stop_after_solved=-1", "--examples=5000", "--check_every=500",
         "--noxla"),
        ("--restarts=8", "--examples=40000"),
    ),
    # Each of four processes would compile with XLA for longer than it learns.
    "add2x2": Job(
        ("--digits=embedded", "--restarts=2", "--examples=1920", "--check_every=640", "--noxla"),
        ("--restarts=8", "--examples=12800", "--xla"),
    ),
    "turing": Job(
        ("--model=turing.py", f"--data={DATA}/turing_invert_data.json",
         f"--hypers={DATA}/turing_invert_hypers.json",
         "--restarts=8", "--preset=terpret-custom", "--stop_after_solved=-1", "--examples=5000"),
        ("--examples=40000",),
    ),
    # Its loop is a loop of the graph.
    "long turing": Job(
        ("--model=turing.py", f"--data={DATA}/turing_invert_data.json", f"--hypers={LONG}",
         "--restarts=4", "--preset=robust", "--stop_after_solved=-1", "--examples=5000",
         "--batch_size=5", "--check_every=500"),
        ("--restarts=8", "--examples=40000"),
    ),
}  # fmt: skip


def start(job: Job, workdir: Path, longer: bool) -> subprocess.Popen:
    flags = [*COMMON, *job.line(*(job.longer if longer else ())), f"--workdir={workdir}"]
    return subprocess.Popen(
        [sys.executable, "train.py", *flags],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(job: Job, workdir: Path) -> float:
    """Lets a longer run come to its end; the seconds it took."""
    started = time.monotonic()
    process = start(job, workdir, longer=True)
    output, _ = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, output
    return time.monotonic() - started


def wait_for_checkpoint(process: subprocess.Popen, workdir: Path) -> None:
    """Waits until the process has written a checkpoint that was not there."""
    before = set(workdir.glob("checkpoints/*.index"))
    deadline = time.monotonic() + SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        if set(workdir.glob("checkpoints/*.index")) - before:
            return
        time.sleep(0.01)


def end_state(workdir: Path) -> dict[str, object]:
    """All that must not depend on kills: every tensor, the restarts' histories, the results."""
    newest = max(workdir.glob("checkpoints/*.index")).with_suffix("")
    reader = tf.train.load_checkpoint(str(newest))
    state: dict[str, object] = {}
    for name in reader.get_variable_to_shape_map():
        if name.startswith("text/"):
            state[name] = json.loads(reader.get_tensor(name)) | {"seconds": 0}
        elif not name.startswith(("save_counter", "_CHECKPOINTABLE")):
            state[name] = reader.get_tensor(name)
    results = json.loads((workdir / "results.json").read_text())
    for entry in [results, *results["restarts"]]:
        entry.pop("seconds")
    # The diagnosis names the folder of the next command.
    for name in ("command", "verified_after", "diagnosis"):
        results.pop(name)
    program = (workdir / "program.json").read_text(), (workdir / "program.txt").read_text()
    curves = json.loads((workdir / "curves.json").read_text())
    return state | {"results": results, "program": program, "curves": curves}


def assert_same(first: dict[str, object], second: dict[str, object]) -> None:
    assert first.keys() == second.keys()
    assert sum(isinstance(value, np.ndarray) for value in first.values()) >= 10
    for name, value in first.items():
        if isinstance(value, np.ndarray):
            np.testing.assert_array_equal(value, second[name], err_msg=name)
        else:
            assert value == second[name], name


def test_a_long_turing_machine_has_a_loop() -> None:
    """What is killed has rounds that are computed again and again."""
    checked = check_model(ROOT / "ntpt_models" / "turing.py", {"numTimesteps": 12})
    nodes = topological(tensor_network(checked, restarts=1).values())
    assert {node.rounds.count for node in nodes if isinstance(node, Repeated)} == {11}


@pytest.mark.parametrize(
    "name",
    [
        "pictures",
        "long turing",
        *(pytest.param(name, marks=pytest.mark.soak) for name in ("add2x2", "turing")),
    ],
)
def test_killed_and_continued_it_ends_in_the_same_bits(name: str, tmp_path: Path) -> None:
    """SIGKILL soon after a checkpoint of its own, SIGTERM, then to the end."""
    job, whole, killed = JOBS[name], tmp_path / "whole", tmp_path / "killed"
    # What comes to its end does so here: a process takes longer to begin than to learn.
    assert train(*COMMON, *job.flags, f"--workdir={whole}") == 0
    process = start(job, killed, longer=False)
    wait_for_checkpoint(process, killed)
    time.sleep(random.uniform(0, 0.5))
    process.kill()
    process.communicate()
    assert not (killed / "results.json").exists()
    process = start(job, killed, longer=False)
    wait_for_checkpoint(process, killed)
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=SECONDS)
    if process.returncode:
        assert process.returncode == 1
        assert output.splitlines()[-1] == (
            f"stopped; the same command continues the run in {killed}"
        )
        assert "Traceback" not in output
    assert train(*COMMON, *job.flags, f"--workdir={killed}") == 0
    assert_same(end_state(whole), end_state(killed))


@pytest.mark.soak
@pytest.mark.parametrize("name", JOBS)
def test_twenty_kills_at_random_moments_change_nothing(name: str, tmp_path: Path) -> None:
    """Any moment: before the first checkpoint, while one is written, while results are."""
    job, whole = JOBS[name], tmp_path / "whole"
    seconds = finish(job, whole)
    expected, kills, folders = end_state(whole), 0, 0
    while kills < 20:
        folder = tmp_path / f"killed_{folders}"
        folders += 1
        while kills < 20:
            process = start(job, folder, longer=True)
            moment = random.uniform(0.1, 1.0) * seconds
            try:
                process.communicate(timeout=moment)
                assert process.returncode == 0
                break
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
                kills += 1
        finish(job, folder)
        assert_same(expected, end_state(folder))
    print(f"{name}: {kills} kills in {folders} runs of {seconds:.0f} s", flush=True)
