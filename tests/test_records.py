"""A run's own JSON files of wrong values: one sentence that says which is damaged."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.commands import evaluate, train
from tests.small_runs import flags, listing, write_files

DEEP = "[" * 100_000 + "]" * 100_000
BAD = {
    "empty": b"",
    "cut": b'{"a": ',
    "list": b"[]",
    "text": b'"x"',
    "number": b"1e999",
    "null": b"null",
    "object": b"{}",
    "deep": DEEP.encode(),
    "deep inside": b'{"model": ' + DEEP.encode() + b"}",
    "latin": '{"model": "ü"}'.encode("latin-1"),
    "zero": b"\0" * 100,
    "long number": b'{"seed": ' + b"9" * 5000 + b"}",
}
EDITS: list[tuple[str, str, object]] = [
    ("config.json", "restarts", "2"),
    ("config.json", "restarts", 3),
    ("config.json", "restarts", 10**30),
    ("config.json", "model", None),
    ("config.json", "hypers", {"T": "6"}),
    ("config.json", "xla", 1),
    ("config.json", "more", 1),
    ("config.json", "nets_at_least", float("nan")),
    ("manifest.json", "format", "7"),
    ("manifest.json", "hashes", []),
    ("manifest.json", "hashes", {"data": 1}),
    ("manifest.json", "versions", None),
    ("results.json", "restarts", {}),
    ("results.json", "restarts", [1]),
    ("results.json", "restarts", [{"restart": 0}]),
    ("results.json", "best", 99),
    ("results.json", "best", -1),
    ("results.json", "best", "0"),
    ("results.json", "best", True),
    ("results.json", "seconds", "1"),
    ("results.json", "network_accuracies", []),
    ("results.json", "batches", [1]),
    ("results.json", "tested_on", {}),
    ("results.json", "verification", 3),
    ("results.json", "further", 5),
    ("results.json", "further", {"published": "high"}),
]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("base")
    assert train(*flags(*write_files(folder), folder / "run")) == 0
    return folder


@pytest.fixture
def copy(base: Path, tmp_path: Path) -> tuple[Path, list[str]]:
    shutil.copytree(base / "run", tmp_path / "run")
    return tmp_path / "run", flags(base / "mine.py", base / "sums.json", tmp_path / "run")


def assert_damaged(
    action: Callable[[], int], path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = listing(path.parent)
    capsys.readouterr()
    assert action() == 1
    captured = capsys.readouterr()
    lines = captured.err.splitlines()
    assert len(lines) == 1 and lines[0].startswith(f"error: {path} is damaged: "), captured
    assert listing(path.parent) == before


@pytest.mark.parametrize("name", ["config.json", "manifest.json", "results.json"])
@pytest.mark.parametrize("kind", BAD)
def test_what_is_no_record_is_damaged(
    kind: str, name: str, copy: tuple, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, own = copy
    (folder / name).write_bytes(BAD[kind])
    assert_damaged(lambda: train(*own), folder / name, capsys)
    if name == "results.json":
        # The run is measured again; what was measured before is not needed.
        assert evaluate(folder) == 0
    else:
        assert_damaged(lambda: evaluate(folder), folder / name, capsys)


@pytest.mark.parametrize(("name", "key", "value"), EDITS)
def test_a_record_of_wrong_values_is_damaged(
    name: str, key: str, value: object, copy: tuple, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, own = copy
    record = json.loads((folder / name).read_text())
    (folder / name).write_text(json.dumps(record | {key: value}))
    assert_damaged(lambda: train(*own), folder / name, capsys)
    if name != "results.json":
        assert_damaged(lambda: evaluate(folder), folder / name, capsys)


@pytest.mark.parametrize("name", ["config.json", "manifest.json", "results.json", "curves.json"])
@pytest.mark.parametrize("kind", ["list", "deep"])
def test_a_damaged_shard_is_named(
    kind: str, name: str, copy: tuple, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, own = copy
    parent = tmp_path / "parts"
    assert train(*own, f"--workdir={parent}", "--shard=1/1") == 0
    (parent / "shard-1-of-1" / name).write_bytes(BAD[kind])
    assert_damaged(lambda: evaluate(parent), parent / "shard-1-of-1" / name, capsys)


@pytest.mark.parametrize("kind", ["list", "deep", "latin", "object"])
def test_a_damaged_course_is_named(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An experiment whose parts are damaged is shown no further than them."""
    workdir = tmp_path / "run"
    (workdir / "lives" / "ntpt").mkdir(parents=True)
    course = workdir / "lives" / "ntpt" / "course.json"
    course.write_bytes(BAD[kind])
    from experiments.lifelong.results import read_learner
    from terpret.command.guard import guarded

    assert guarded(lambda: bool(read_learner(str(course)))) == 1
    assert "course.json is damaged: remove it" in capsys.readouterr().err
