"""Folders of every name: written, continued and read, or refused before anything is written."""

import os
import shutil
from pathlib import Path

import pytest

from tests.commands import evaluate, train
from tests.small_runs import flags, listing, write_files

NAMES = [
    # All that the others have.
    "-[!a]*?\\\n{b,c} ü字%20x:y ",
    *(
        pytest.param(name, marks=pytest.mark.soak)
        for name in (
            "a[b]",
            "[!x]",
            "a]b",
            "a\\b",
            "a*b",
            "a?b",
            " a b ",
            "a\nb",
            "ü 字",
            "-a",
            "{a,b}",
            "a%20b",
            "x:y",
        )
    ),
]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return write_files(tmp_path_factory.mktemp("files"))


@pytest.fixture(scope="module")
def finished(files: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run."""
    folder = tmp_path_factory.mktemp("finished") / "run"
    assert train(*flags(*files, folder)) == 0
    return folder


@pytest.mark.parametrize("name", NAMES)
def test_a_run_is_continued_in_a_folder_of_any_name(
    name: str, files: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = flags(*files, tmp_path / name)
    own[-1] += "/"
    assert train(*own) == 0
    results = tmp_path / name / "results.json"
    before = results.read_bytes()
    results.unlink()
    assert train(*own) == 0
    assert len(results.read_bytes()) > len(before) / 2
    capsys.readouterr()
    assert evaluate(tmp_path / name) == 0
    assert "after 100 examples" in capsys.readouterr().out
    assert {path.name for path in tmp_path.iterdir()} == {name}
    assert os.listdir(tmp_path / name / "checkpoints")


def test_a_folder_of_brackets_needs_a_place_for_a_link(
    files: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    own = flags(*files, tmp_path / "a[b]")
    assert train(*own) == 0
    (tmp_path / "a[b]" / "results.json").unlink()
    (tmp_path / "[t]").mkdir()
    for place in (tmp_path / "[t]", tmp_path / "a[b]" / "config.json"):
        capsys.readouterr()
        monkeypatch.setattr("tempfile.tempdir", str(place))
        assert train(*own) == 1
        assert "there is no place for a link to it" in capsys.readouterr().err


def test_a_pattern_does_not_read_a_neighbours_checkpoint(
    files: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(*flags(*files, tmp_path / "axb")) == 0
    assert train(*flags(*files, tmp_path / "a?b"), "--seed=1") == 0
    (tmp_path / "a?b" / "results.json").unlink()
    assert train(*flags(*files, tmp_path / "a?b"), "--seed=1") == 0


def test_the_home_folder_has_a_short_name(
    files: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "here").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path / "here")
    for path in files:
        (tmp_path / "home" / path.name).write_bytes(path.read_bytes())
    assert train(*flags("~/mine.py", "~/sums.json", "~/runs/one")) == 0
    assert evaluate(Path("~/runs/one")) == 0
    assert (tmp_path / "home" / "runs" / "one" / "results.json").exists()
    capsys.readouterr()
    assert train(*flags(*files, "~nobody-of-this-name/run")) == 1
    assert "there is no such home folder" in capsys.readouterr().err
    assert list((tmp_path / "here").iterdir()) == []


@pytest.mark.parametrize(
    "place", ["gs://bucket/run", "gs:run", "file:///tmp/run", "file:run", "s3://b/r", "hdfs://h/r"]
)
@pytest.mark.parametrize("flag", ["workdir", "save_nets"])
def test_an_address_is_no_folder(
    flag: str,
    place: str,
    files: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert train(*flags(*files, "run"), f"--{flag}={place}") == 1
    assert f"error: --{flag}={place} is an address" in capsys.readouterr().err
    if flag == "workdir":
        assert evaluate(Path(place)) == 1 or "//" in place
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("gs://b/served", "is an address"),
        ("served[1]", "TensorFlow reads nothing in a folder with ["),
        ("run/networks", "is a run's own place"),
        ("run/results.json", "is a run's own place"),
    ],
)
def test_a_program_is_not_exported_to_where_it_cannot_be(
    name: str,
    message: str,
    finished: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(finished, "run")
    before = listing(tmp_path)
    capsys.readouterr()
    assert evaluate(Path("run"), export=name) == 1
    captured = capsys.readouterr()
    assert message in captured.err and not captured.out
    assert listing(tmp_path) == before


def test_a_name_that_is_no_text_is_refused(
    files: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(*flags(*files, str(tmp_path / "a\udcffb"))) == 1
    assert "not in the encoding of this machine's file names" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("inside", ["", "/run", "/a/b"])
def test_a_file_is_no_folder(
    inside: str, files: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("theirs")
    for more in ([], ["--overwrite"]):
        assert train(*flags(*files, f"{tmp_path / 'file'}{inside}"), *more) == 1
        lines = capsys.readouterr().err.splitlines()
        assert len(lines) == 1 and lines[0].startswith("error: "), lines
        assert "is a file" in lines[0] or "cannot use" in lines[0]
    assert listing(tmp_path) == {"file": b"theirs"}
