"""The same run twice is the same run, and a restart is the same alone and among others."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.test_kill import JOBS, assert_same, end_state

ROOT = Path(__file__).resolve().parent.parent


def train(workdir: Path, *flags: str) -> list[dict[str, object]]:
    """Runs train.py; the restarts of its results."""
    command = [sys.executable, "train.py", *flags, f"--workdir={workdir}"]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=600)
    found = next(workdir.glob("**/results.json"))
    return json.loads(found.read_text())["restarts"]


@pytest.mark.parametrize(
    "name",
    ["pictures", *(pytest.param(name, marks=pytest.mark.soak) for name in ("add2x2", "turing"))],
)
def test_two_deterministic_runs_are_equal_to_the_bit(name: str, tmp_path: Path) -> None:
    flags = JOBS[name].line("--restarts=4", "--deterministic")
    for folder in ("a", "b"):
        train(tmp_path / folder, *flags)
    assert_same(end_state(tmp_path / "a"), end_state(tmp_path / "b"))


@pytest.mark.soak
def test_over_a_whole_add2x2_run_the_same_restarts_are_correct(tmp_path: Path) -> None:
    """Four restarts in one graph, and each in a graph of its own."""
    flags = ["--digits=embedded", "--examples=30000", "--restarts=4"]
    together = train(tmp_path / "together", *flags)
    alone = [train(tmp_path / f"alone{k}", *flags, f"--shard={k}/4")[0] for k in range(1, 5)]
    assert [one["restart"] for one in alone] == [0, 1, 2, 3]
    assert [one["correct"] for one in alone] == [one["correct"] for one in together]
    assert sum(one["correct"] for one in together) >= 3
