"""What a run is measured on is what it began with, known by content wherever it lies."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from terpret.runs.contents import changed_since, content
from tests.commands import evaluate, train
from tests.own_images import SUMS, arrays_of, as_csv
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
    assert f"{mine / 'sums.json'} has changed since the run" in told(capsys)
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


def tables(folder: Path) -> Path:
    """A folder of data: six images, of which a training table names four and a test table two."""
    (folder / "images").mkdir(parents=True)
    for k in range(6):
        (folder / "images" / f"{k}.png").write_text(str(k))
    for name, some in (("train", (0, 1, 2, 3)), ("test", (4, 5))):
        rows = "".join(f"images/{k}.png,{k}\n" for k in some)
        (folder / f"{name}.csv").write_text(f"a,y\n{rows}")
    return folder


def test_a_folder_is_known_by_its_tables_and_the_images_they_name(tmp_path: Path) -> None:
    folder = tables(tmp_path / "mine")
    began = content(str(folder))
    write_files(folder / "b")
    for name in ("README", "images/9.png", "other.csv"):
        (folder / name).write_text("nothing that is read")
    assert content(str(folder)) == began == content(str(tables(tmp_path / "copy")))
    assert content(str(folder / "train.csv")) != content(str(folder / "test.csv"))
    assert content(str(folder / "b" / "sums.json")) == content(str(folder / "b" / "sums.json"))
    assert content(str(tmp_path / "nowhere")) is None


def changes(*names: str) -> Callable[[Path], None]:
    """Writes other text into files of a folder, or removes those named with a minus."""

    def change(folder: Path) -> None:
        for name in names:
            path = folder / name.removeprefix("-")
            path.unlink() if name.startswith("-") else path.write_text(path.read_text() + " ")

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (changes("images/2.png"), "images/2.png has changed since"),
        (
            changes("images/5.png", "images/1.png"),
            "images/1.png and 1 more file have changed since",
        ),
        (changes(*(f"images/{k}.png" for k in range(6))), "0.png and 5 more files have changed"),
        (changes("-images/3.png"), "images/3.png has been removed since"),
        (changes("images/0.png", "test.csv"), "test.csv has changed since"),
        (changes("-test.csv"), "test.csv has been removed since"),
    ],
)
def test_of_a_folder_the_files_that_changed_are_named(
    change: Callable[[Path], None], message: str, tmp_path: Path
) -> None:
    folder = tables(tmp_path / "mine")
    began = content(str(folder))
    change(folder)
    assert began is not None and content(str(folder)) != began
    assert message in changed_since(str(folder), began, "run")


def test_the_note_of_an_earlier_version_tells_nothing_of_a_folder(tmp_path: Path) -> None:
    folder = tables(tmp_path / "mine")
    assert changed_since(str(folder), "0" * 64, "run") == (
        f"the run in run was begun by an earlier version, whose note of {folder} does not tell "
        "whether it has changed"
    )


@pytest.mark.usefixtures("eagerly")
def test_a_changed_image_is_named_and_other_files_do_not_count(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine").mkdir()
    data, model = as_csv(tmp_path / "mine" / "train.csv", arrays_of()), tmp_path / "mine.py"
    model.write_text(SUMS)
    own = [*flags(model, data.parent, tmp_path / "run"), "--preset=robust", "--examples=8"]
    assert train(*own) == 0
    (data.parent / "README").write_text("what this is")
    assert train(*own) == 0
    image = data.parent / "train" / "b3-1.png"
    shutil.copy(data.parent / "train" / "b3-0.png", image)
    capsys.readouterr()
    assert train(*own) == 1
    assert f"{image} has changed since the run in {tmp_path / 'run'} began: " in told(capsys)
    assert evaluate(tmp_path / "run") == 1
    assert f"{image} has changed since the run in" in told(capsys)
