"""What a machine cannot do is refused before anything starts: too little memory, other threads."""

import json
from pathlib import Path

import pytest
import tensorflow as tf

from ntpt_models import shipped_path
from terpret import check_model
from terpret.backends.memory import update_bytes
from terpret.compile import tensor_network
from terpret.free_memory import available_bytes
from terpret.runs import room, threads
from tests.commands import train

GIGABYTE = 10**9
XY = "x = Input(3)\ny = Output(3)\nq = Param(3)[9]\nwith x as v:\n    y.set_to(q[v])\n"
TURING = Path(__file__).parent / "models" / "data" / "turing_invert"
DATA = [f"--data={TURING}_data.json", f"--hypers={TURING}_hypers.json"]


def least(model: str, restarts: int, batch: int) -> int:
    checked = check_model(shipped_path(model))
    return update_bytes(tensor_network(checked, restarts), restarts, batch)


@pytest.mark.parametrize(
    ("model", "restarts", "batch"),
    [("math_model", 100, 32), ("add2x2_model", 100, 32), ("turing", 1000, 32)],
)
def test_what_is_usual_is_a_small_part_of_a_usual_machine(
    model: str, restarts: int, batch: int
) -> None:
    assert 0 < least(model, restarts, batch) < 2 * GIGABYTE


def test_memory_grows_with_restarts_and_batch() -> None:
    assert least("turing", 1000, 1024) < 1983e6, "measured: the estimate is a lower bound"
    assert least("turing", 1000, 1024) > 0.5 * 1983e6
    assert least("math_model", 100, 512) < 3546e6
    assert least("add2x2_model", 10_000, 1) > 60 * GIGABYTE, "the networks alone"
    checked = check_model(shipped_path("add2x2_model"))
    outputs = tensor_network(checked, 10_000, shared=True)
    assert update_bytes(outputs, 10_000, 1, shared=True) < 10 * GIGABYTE
    assert available_bytes() > 0


@pytest.fixture
def tiny(tmp_path: Path) -> list[str]:
    """Flags of a run that is soon done."""
    (tmp_path / "xy.py").write_text(XY)
    batch = {"batch_name": "train", "hypers": "", "instances": [{"x": 1, "y": 2}] * 4}
    (tmp_path / "xy.json").write_text(json.dumps([batch]))
    model, data = f"--model={tmp_path / 'xy.py'}", f"--data={tmp_path / 'xy.json'}"
    return [model, data, "--restarts=2", "--noxla"]


@pytest.mark.parametrize(
    ("flags", "advice"),
    [
        (["--model=turing.py", *DATA, "--batch_size=1000000"], "--batch_size="),
        (["--digits=embedded", "--batch_size=200000", "--restarts=100"], "--batch_size="),
        (["--digits=embedded", "--restarts=10000"], "take fewer --restarts or smaller --hypers"),
    ],
)
def test_what_memory_cannot_hold_is_refused(
    flags: list[str],
    advice: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(room, "available_bytes", lambda: 2 * GIGABYTE)
    assert train(*flags, f"--workdir={tmp_path / 'run'}") == 1
    told = capsys.readouterr().err
    assert told.startswith("error: an update of ") and told.count("\n") == 1
    assert f"of memory at least, and 2.0 GB are free: {advice}" in told
    assert not (tmp_path / "run").exists()


def test_a_batch_that_is_said_to_fit_fits(
    tiny: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(room, "available_bytes", lambda: 1_000_000)
    flags = [*tiny, f"--workdir={tmp_path / 'run'}"]
    assert train(*flags, "--batch_size=900000") == 1
    (size,) = (word for word in capsys.readouterr().err.split() if word.startswith("--batch_size="))
    assert train(*flags, size, f"--examples={size.partition('=')[2]}") == 0


def test_a_deterministic_run_goes_on_with_as_many_threads_alone(
    tiny: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def begun(workdir: Path, *more: str) -> list[str]:
        """A run that was stopped before it had results."""
        flags = [*tiny, "--examples=20", *more, f"--workdir={workdir}"]
        assert train(*flags) == 0
        results = json.loads((workdir / "results.json").read_text())
        assert results["threads"] == threads.threads()
        assert json.loads((workdir / "manifest.json").read_text())["threads"] == threads.threads()
        return flags

    now = {name: number + 3 for name, number in threads.threads().items()}
    plain = begun(tmp_path / "plain")
    # Operations that give the same bits would be asked for in this whole process.
    monkeypatch.setattr(tf.config.experimental, "enable_op_determinism", lambda: None)
    strict = begun(tmp_path / "strict", "--deterministic")
    monkeypatch.setattr(threads, "threads", lambda: now)
    capsys.readouterr()
    # What is done is shown, whatever works on it now.
    assert train(*strict) == 0
    assert "is done already" in capsys.readouterr().out
    for workdir in (tmp_path / "plain", tmp_path / "strict"):
        (workdir / "results.json").unlink()
    assert train(*plain) == 0
    assert "what follows may differ in the last bits" in capsys.readouterr().err
    assert train(*strict) == 1
    told = capsys.readouterr().err
    assert told.startswith("error: --deterministic needs as many threads as the run in ")
    processors = now["processors"]
    assert f"now it has processors {processors} instead of {processors - 3}, intra-op" in told
