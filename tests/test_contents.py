"""What a run is measured on is what it began with, known by content wherever it lies."""

import json
import os
import shutil
from pathlib import Path

import pytest

from terpret.runs.contents import content
from tests.commands import evaluate, train
from tests.small_runs import flags, listing, write_files


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model, data, hypers and a finished run that was given relative paths."""
    folder = tmp_path_factory.mktemp("base")
    write_all(folder)
    before = os.getcwd()
    os.chdir(folder)
    assert train(*flags("mine.py", "sums.json", "run"), "--hypers=hypers.json") == 0
    os.chdir(before)
    return folder


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of a folder `mine` with all that, whose config names the files in `mine`."""
    folder = tmp_path_factory.mktemp("place") / "mine"
    write_all(folder)
    assert train(*own(folder)) == 0
    return shutil.copytree(folder, folder.with_name("kept"))


@pytest.fixture
def mine(kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """That folder as it was: a config names its files by their places."""
    folder = kept.with_name("mine")
    shutil.rmtree(folder)
    shutil.copytree(kept, folder)
    monkeypatch.chdir(tmp_path)
    return folder


def write_all(folder: Path) -> None:
    write_files(folder)
    (folder / "hypers.json").write_text(json.dumps({"c": {}}))


def own(folder: Path) -> list[str]:
    given = flags(folder / "mine.py", folder / "sums.json", folder / "run")
    return [*given, f"--hypers={folder / 'hypers.json'}"]


def told(capsys: pytest.CaptureFixture[str]) -> str:
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1, lines
    return lines[0]


def change(path: Path) -> None:
    path.write_text(path.read_text().replace("9", "8") + "\n")


def test_relative_paths_mean_the_same_from_another_folder(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    # Another file under the same relative name is not measured.
    (tmp_path / "sums.json").write_text("[]")
    assert evaluate(base / "run") == 0
    config = json.loads((base / "run" / "config.json").read_text())
    assert config["data"] == str(base / "sums.json") and config["model"] == str(base / "mine.py")
    assert config["hypers_file"] == str(base / "hypers.json") and config["signs"] == "auto"


@pytest.mark.parametrize("name", ["sums.json", "hypers.json", "run/model/mine.py"])
def test_a_changed_file_is_named_and_never_measured(
    name: str, mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change(mine / name)
    before = listing(mine)
    for command in (lambda: evaluate(mine / "run"), lambda: train(*own(mine))):
        capsys.readouterr()
        assert command() == 1
        message = told(capsys)
        assert str(mine / name) in message and "began" in message
        assert listing(mine) == before
    if "model" not in name:
        assert "or another lies in its place" in (evaluate(mine / "run"), told(capsys))[1]


@pytest.mark.parametrize("name", ["sums.json", "hypers.json"])
def test_files_may_be_moved_and_are_found_by_a_flag(
    name: str, mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (mine / name).rename(mine / "moved.json")
    flag = {"sums.json": "data", "hypers.json": "hypers"}[name]
    assert evaluate(mine / "run", **{flag: str(mine / "moved.json")}) == 0
    captured = capsys.readouterr()
    assert "after 100 examples" in captured.out and not captured.err
    moved = [one.replace(str(mine / name), str(mine / "moved.json")) for one in own(mine)]
    assert train(*moved) == 0 and "is done already" in capsys.readouterr().out
    (mine / "run" / "results.json").unlink()
    assert train(*moved) == 0


@pytest.mark.parametrize(
    "names", [["sums.json"], ["hypers.json"], ["mine.py", "run/model/mine.py"]]
)
def test_a_finished_run_without_a_file_shows_its_results(
    names: list[str], mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = (mine / "run" / "results.json").read_text()
    for name in names:
        (mine / name).unlink()
    capsys.readouterr()
    assert train(*own(mine)) == 0
    assert "of 2 restarts hold a correct program" in capsys.readouterr().out
    assert evaluate(mine / "run", "json") == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out) == json.loads(results)
    assert len(captured.err.splitlines()) == 1
    assert f"{mine / names[0]} is gone; these are the numbers measured when" in captured.err
    assert evaluate(mine / "run", plots=True) == 1
    assert f"{mine / names[0]} is gone" in told(capsys)
    (mine / "run" / "results.json").unlink()
    assert evaluate(mine / "run") == 1
    assert f"{mine / names[0]} is gone, and the run has not finished" in told(capsys)


def test_shards_are_compared_too(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    parent = [one.replace("/run", "/parts") for one in own(mine)]
    assert train(*parent, "--shard=1/2") == 0
    change(mine / "sums.json")
    capsys.readouterr()
    assert evaluate(mine / "parts") == 1
    assert f"{mine / 'sums.json'} is not what the run" in told(capsys)
    (mine / "sums.json").unlink()
    assert evaluate(mine / "parts") == 0
    assert "sums.json is gone; these are the numbers" in told(capsys)


@pytest.mark.usefixtures("eagerly")
def test_data_sets_that_are_gone_leave_the_results(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = sorted(Path("../shared/data/operators").glob("*.npz"))
    if not source:
        pytest.skip("no file of operators")
    operators = tmp_path / "operators.npz"
    shutil.copy(source[0], operators)
    small = ["--model=apply2x2_model.py", "--task=top", "--restarts=2", "--examples=64"]
    small += ["--noxla", f"--workdir={tmp_path / 'run'}", f"--operators={operators}"]
    assert train(*small) == 0
    operators.unlink()
    capsys.readouterr()
    assert evaluate(tmp_path / "run") == 0
    assert "operators.npz is gone; these are the numbers" in told(capsys)
    assert train(*small) == 0


def test_folders_are_known_by_what_they_hold_but_for_runs(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "one.png").write_text("1")
    first = content(str(tmp_path))
    write_files(tmp_path / "b")
    changed = content(str(tmp_path))
    assert train(*flags(tmp_path / "b/mine.py", tmp_path / "b/sums.json", tmp_path / "run")) == 0
    assert first != changed == content(str(tmp_path))
    (tmp_path / "a" / "one.png").write_text("2")
    assert content(str(tmp_path)) != changed
    assert content(str(tmp_path / "nowhere")) is None
