"""train.py and evaluate.py as a user runs them: results, continuation, and clear mistakes."""

import json
import resource
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from tests.commands import evaluate, run, train
from tests.small_runs import flags, write_files

SMALL = ["--digits=embedded", "--restarts=2", "--examples=1280", "--check_every=640", "--noxla"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess]:
    workdir = tmp_path_factory.mktemp("run") / "add"
    return workdir, run("train.py", *SMALL, f"--workdir={workdir}")


def test_a_run_folder_holds_everything(finished: tuple) -> None:
    workdir, done = finished
    assert done.returncode == 0, done.stderr
    assert "R0 = READ" in done.stdout
    assert "embedded digits" in done.stdout
    results = json.loads((workdir / "results.json").read_text())
    assert [entry["restart"] for entry in results["restarts"]] == [0, 1]
    for entry in results["restarts"]:
        assert entry["examples"] == 1280
        assert 0 <= entry["discrete_accuracy"] <= 1
        assert entry["program"].splitlines()[-1].startswith("return R")
    assert results["data"]["digits"].startswith("embedded digits")
    assert "train.py" in results["command"]
    assert (workdir / "program.txt").read_text().startswith("# READ and MOVE apply net_")
    assert json.loads((workdir / "config.json").read_text())["examples"] == 1280
    assert (workdir / "model" / "add2x2_model.py").exists()
    assert (workdir / "networks.npz").exists()
    for name in ("median", "restart_000", "restart_001"):
        assert list((workdir / "events" / name).glob("events.out.tfevents.*"))


def test_the_same_command_again_returns_at_once(
    finished: tuple, capsys: pytest.CaptureFixture[str]
) -> None:
    workdir, done = finished
    assert train(*SMALL, f"--workdir={workdir}") == 0
    again = capsys.readouterr().out
    assert "is done already" in again
    assert done.stdout[done.stdout.index("learned program") :] in again


def test_evaluate_measures_the_same_draws_and_exports(
    finished: tuple, capsys: pytest.CaptureFixture[str]
) -> None:
    workdir, done = finished
    exported = workdir.parent / "exported"
    assert evaluate(workdir, plots=True, export=str(exported)) == 0
    measured = capsys.readouterr().out
    rows = [line for line in done.stdout.splitlines() if line.startswith(("0  ", "1  "))]
    assert len(rows) == 2
    for row in rows:
        assert row in measured
    assert "published" in measured
    drawn = sorted(path.name for path in (workdir / "plots").iterdir())
    pictures = ("accuracy", "loss", "marginals", "net_0-confusion")
    assert drawn == sorted(f"{p}.{kind}" for p in pictures for kind in ("png", "svg"))
    assert (exported / "saved_model.pb").exists()
    assert (exported / "program.txt").read_text() == (workdir / "program.txt").read_text()


def test_evaluate_prints_json(finished: tuple, capsys: pytest.CaptureFixture[str]) -> None:
    workdir, _ = finished
    assert evaluate(workdir, "json") == 0
    results = json.loads(capsys.readouterr().out)
    written = json.loads((workdir / "results.json").read_text())
    assert results["restarts"] == written["restarts"]
    assert results["network_accuracies"] == written["network_accuracies"]


def test_the_networks_of_one_run_start_another(
    finished: tuple, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Frozen and shared for the whole run, they are the same to the bit at its end."""
    workdir, _ = finished
    other, file = tmp_path / "run", tmp_path / "nets.npz"
    given = [f"--init_nets={workdir}", "--freeze_nets=1280", f"--save_nets={file}"]
    assert train(*SMALL, *given, f"--workdir={other}") == 0
    told = capsys.readouterr().out
    assert "networks from task: right" in told
    assert f"networks written to {file}" in told
    before, after = (np.load(path) for path in (workdir / "networks.npz", file))
    for name in before.files:
        if name != "about":
            np.testing.assert_array_equal(before[name], after[name])
    shutil.move(workdir / "networks.npz", workdir / "elsewhere.npz")
    measured = evaluate(other)
    shutil.move(workdir / "elsewhere.npz", workdir / "networks.npz")
    assert measured == 0
    results = json.loads((other / "results.json").read_text())
    assert results["networks_from"]["task"] == "right"
    assert len({entry["network_accuracies"]["net_0"] for entry in results["restarts"]}) == 1


def test_a_full_disk_is_one_message_and_loses_nothing(tmp_path: Path) -> None:
    """Files may grow to 400 kB here: model and settings fit, a checkpoint does not."""
    workdir = tmp_path / "run"
    limit = 400_000

    def full() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    done = run("train.py", *SMALL, f"--workdir={workdir}", preexec_fn=full)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        f"error: cannot write a checkpoint in {workdir}/checkpoints: File too large; when that is "
        "mended, the same command continues"
    )
    assert "Traceback" not in done.stderr
    assert list((workdir / "checkpoints").iterdir()) == []
    assert json.loads((workdir / "config.json").read_text())["restarts"] == 2
    assert not (workdir / "results.json").exists()


def test_shards_are_joined(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    workdir = tmp_path / "run"
    own = [*flags(*write_files(tmp_path), workdir), "--restarts=5"]
    for part in (1, 2):
        assert train(*own, f"--shard={part}/3") == 0
    capsys.readouterr()
    assert evaluate(workdir, "markdown", plots=True) == 0
    joined = capsys.readouterr().out
    rows = [line for line in joined.splitlines() if line.startswith("| ")]
    assert [row.split()[1] for row in rows if row.split()[1].isdigit()] == ["0", "1", "2"]
    assert "of 3 restarts hold a correct program" in joined
    assert "not finished: shard-3-of-3" in joined
    assert (workdir / "plots" / "loss.svg").exists()


def test_a_folder_of_another_run_is_refused(
    finished: tuple, capsys: pytest.CaptureFixture[str]
) -> None:
    workdir, _ = finished
    assert train(*SMALL, f"--workdir={workdir}", "--seed=5") == 1
    assert capsys.readouterr().err.strip() == (
        f"error: {workdir} holds a run with another seed: give another --workdir, or train "
        "with --overwrite to begin afresh there"
    )
    assert json.loads((workdir / "config.json").read_text())["seed"] == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--model=nowhere/none_model.py"],
            "error: there is no model file nowhere/none_model.py; did you mean 'maze_model.py'?",
        ),
        (["--hypers=T=x"], "error: --hypers has 'T=x': write NAME=INTEGER"),
        (
            ["--hypers=N=4"],
            "has no hyper 'N'; it has: T, NUM_NETS",
        ),
    ],
)
def test_a_mistake_is_one_message_and_status_1(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(*arguments, f"--workdir={tmp_path / 'run'}") == 1
    assert message in capsys.readouterr().err


def test_a_wrong_flag_has_status_2(tmp_path: Path) -> None:
    done = run("train.py", "--restart_count=3", f"--workdir={tmp_path}")
    assert done.returncode == 2
    assert done.stderr == (
        "error: Unknown command line flag 'restart_count'. Did you mean: restarts ?\n"
        "help: train.py --help lists the flags\n"
    )
    done = run("train.py", "--restarts=0")
    assert done.returncode == 2
    assert done.stderr.startswith("error: flag --restarts=0: ")
    assert "Traceback" not in done.stderr


def test_a_wrong_model_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = tmp_path / "wrong.py"
    model.write_text("y = Output(2)\ny.set_to(z)\n")
    workdir = tmp_path / "run"
    assert train(f"--model={model}", f"--workdir={workdir}") == 1
    assert capsys.readouterr().err.startswith(f"{model}:2:10: error[E201]: ")
    assert not workdir.exists()


def test_evaluate_wants_a_run_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate(tmp_path) == 1
    assert capsys.readouterr().err.strip() == (
        f"error: {tmp_path} is no run folder: {tmp_path}/config.json is missing or damaged"
    )


def test_a_data_file_of_the_original_is_a_task(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Turing machine 'invert': learned from the original's own files, printed as a table."""
    workdir = tmp_path / "run"
    data = "tests/models/data/turing_invert"
    given = ["--model=turing.py", f"--data={data}_data.json", f"--hypers={data}_hypers.json"]
    given += ["--restarts=4", "--examples=5000", "--check_every=1000", "--noxla"]
    assert train(*given, f"--workdir={workdir}") == 0
    assert "state 1, read 0: write 1, right, state 1" in capsys.readouterr().out
    results = json.loads((workdir / "results.json").read_text())
    assert sum(entry["correct"] for entry in results["restarts"]) >= 3
    assert list(results["batches"].values()) == [1.0]
    program = json.loads((workdir / "program.json").read_text())
    assert program["write"][1][:2] == [1, 0]


def test_a_data_file_without_a_training_batch_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "data.json"
    data.write_text('[{"batch_name": "test", "hypers": "h", "instances": [{"x": 1, "y": 1}]}]')
    model = tmp_path / "copy.py"
    model.write_text("x = Input(2)\ny = Output(2)\ny.set_to(x)\n")
    assert train(f"--model={model}", f"--data={data}") == 1
    told = capsys.readouterr().err
    assert told == f"error: {data} has no batch named 'train'; it has: test\n"
