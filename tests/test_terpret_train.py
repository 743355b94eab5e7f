"""`terpret train` and `terpret evaluate`: any model on data of one's own, by command."""

import json
from pathlib import Path

import numpy as np
import pytest

from terpret.command.terpret import main
from tests.commands import evaluate, train
from tests.test_learn import SHIFT, shifted

QUICK = ["--preset=terpret-fp", "--restarts=2", "--examples=800", "--noxla"]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder outside the repository with a model and its examples."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(SHIFT)
    np.savez(tmp_path / "pairs.npz", **shifted())
    return tmp_path


def test_a_model_is_learned_measured_and_exported(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "--model=mine.py", "--data=pairs.npz", *QUICK]) == 0
    shown = capsys.readouterr()
    assert "which = 1" in shown.out and "held out" in shown.err
    run = here / "runs" / "mine-pairs-terpret-fp-0"
    results = json.loads((run / "results.json").read_text())
    assert results["command"].startswith("terpret train --model=mine.py")
    assert main(["evaluate", f"--workdir={run}", "--plots", "--export=served/1"]) == 0
    shown = capsys.readouterr()
    assert "held-out" in shown.out and "version number" not in shown.err
    assert (here / "served" / "1" / "saved_model.pb").exists()
    assert (run / "plots" / "loss.png").exists()
    (here / "pairs.npz").rename(here / "moved.npz")
    assert main(["evaluate", f"--workdir={run}", "--data=moved.npz", "--export=elsewhere"]) == 0
    assert "whose name is a version number" in capsys.readouterr().err


def test_a_run_is_measured_on_new_data(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--model=mine.py", "--data=pairs.npz", "--workdir=run", *QUICK]) == 0
    before = {path: path.read_bytes() for path in here.rglob("*") if path.is_file()}
    (here / "new.csv").write_text("x[0],x[1],y\n0,1,0\n2,2,1\n3,3,1\n1,1,\n")
    capsys.readouterr()
    flags = ["evaluate", "--workdir=run", "--new_data=new.csv"]
    assert main(flags) == 0
    shown = capsys.readouterr().out
    assert "on new.csv: 0.6667 of 3 examples (95 % interval 0.2077 to 0.9385)" in shown
    assert "the program is wrong on some of 3 labelled examples" in shown
    assert main([*flags, "--format=json"]) == 0
    assert json.loads(capsys.readouterr().out)["new_data"]["examples"] == 3
    assert {path: path.read_bytes() for path in before} == before
    assert main(["evaluate", "--workdir=run", "--data=new.csv"]) == 1
    assert "or measure other examples by --new_data=" in capsys.readouterr().err
    (here / "new.csv").write_text("x[0],y\n0,7\n")
    assert main(flags) == 1
    assert "new.csv" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flags", "status", "said"),
    [
        ([], 1, "error: say which model is to be learned: --model=FILE.py"),
        (["--model=mine.py"], 1, "error: say what it is to be learned from: --data=FILE.npz"),
        (["--model=mine.py", "--data=none.npz"], 1, "none.npz"),
        (["--model=mine.py", "--data=pairs.npz", "--split=2"], 2, "--split"),
        (["--model=mine.py", "--data=pairs.npz", "--rate=2"], 2, "rate"),
        (["--model=mine.py", "--data=pairs.npz", "--digits=mnist"], 2, "digits"),
        (["--model=mine.py", "--data=pairs.npz", "--freeze_nets=2"], 1, "has no networks"),
        (
            ["--model=mine.py", "--data=pairs.npz", "--test_data=pairs.npz", "--split=0.5"],
            1,
            "--split: nothing is held out where --test_data is given",
        ),
    ],
)
def test_a_mistake_is_one_message(
    flags: list[str], status: int, said: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", *flags]) == status
    shown = capsys.readouterr()
    assert said in shown.err and "Traceback" not in shown.err and not shown.out
    assert sorted(path.name for path in here.iterdir()) == ["mine.py", "pairs.npz"]


def test_help_lists_the_flags(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--help"]) == 0
    shown = capsys.readouterr().out
    assert "--data" in shown and "--method" in shown and "--signs" not in shown
    assert "the repository" in shown.lower().replace("\n", " ")


def test_a_run_of_train_py_is_shown_by_its_own_command(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train("--model=mine.py", "--data=pairs.npz", "--workdir=run", *QUICK) == 0
    capsys.readouterr()
    assert main(["evaluate", "--workdir=run"]) == 1
    assert "run holds a run of train.py: use evaluate.py of the" in capsys.readouterr().err
    assert main(["train", "--model=mine.py", "--data=pairs.npz", "--workdir=run", *QUICK]) == 1
    assert "run holds a run with another" in capsys.readouterr().err
    # The other way round all is known.
    assert main(["train", "--model=mine.py", "--data=pairs.npz", "--workdir=mine", *QUICK]) == 0
    capsys.readouterr()
    assert evaluate(here / "mine") == 0 and "which = 1" in capsys.readouterr().out
