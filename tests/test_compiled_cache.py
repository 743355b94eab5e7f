"""What was compiled once is not compiled again, and a cache that is no good harms no run."""

import collections
import os
import subprocess
import sys
from pathlib import Path

import pytest
import tensorflow as tf

from terpret.backends import compiled_cache
from terpret.errors import RunError
from tests.commands import ROOT, run
from tests.small_runs import write_files

# A model whose loop stays one, and one update of it.
UPDATE = """
import terpret.quiet
from terpret.backends import compiled_cache
compiled_cache.keep()
import tensorflow as tf
from benchmarks.peers.problems import drawn_batch, problem
from benchmarks.peers.step_ours import METHOD, compiled
from terpret.learning.learner import Learner
small = problem("turing:4x10x2")
model = compiled(small)
batch = model.checked_batch(drawn_batch(small), outputs=True)
losses = Learner(model, METHOD, 0, 10**9).run(iter(tf.data.Dataset.from_tensors(batch)), 1)
print(losses.numpy().tobytes().hex())
"""


def begun(cache: Path, **more: str) -> subprocess.Popen:
    """A process that makes one update, and prints the bits of the losses."""
    environment = {**os.environ, "TERPRET_CACHE": str(cache), **more}
    command = [sys.executable, "-c", UPDATE]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, cwd=ROOT, env=environment, text=True, **pipes)


def losses(process: subprocess.Popen) -> str:
    """The bits that it prints."""
    out, told = process.communicate(timeout=300)
    assert process.returncode == 0, told
    assert not told
    return out


def entries(cache: Path) -> dict[Path, int]:
    """Each entry with the moment it was written."""
    return {path: path.stat().st_mtime_ns for path in cache.rglob("*.pb")}


def test_what_was_compiled_is_read_by_every_later_process(tmp_path: Path) -> None:
    first = losses(begun(tmp_path, PYTHONHASHSEED="1"))
    kept = entries(tmp_path)
    assert len(kept) == 1
    assert losses(begun(tmp_path, PYTHONHASHSEED="2")) == first, "to the bit"
    assert entries(tmp_path) == kept, "the second process compiled nothing"


@pytest.mark.soak
def test_damaged_entries_and_processes_side_by_side_do_no_harm(tmp_path: Path) -> None:
    first = losses(begun(tmp_path))
    (entry,) = entries(tmp_path)
    whole = entry.read_bytes()
    middle = len(whole) // 2
    damaged = (whole[:middle], whole[:middle] + b"damage" + whole[middle + 6 :])
    for data in damaged:
        entry.write_bytes(data)
        both = [begun(tmp_path), begun(tmp_path)]
        assert [losses(process) for process in both] == [first, first]
    assert set(entries(tmp_path)) == {entry}
    assert entry.read_bytes() not in damaged, "compiled again"


@pytest.mark.soak
def test_a_run_keeps_what_it_compiles_unless_it_is_told_not_to(tmp_path: Path) -> None:
    model, data = write_files(tmp_path / "files")
    flags = [f"--model={model}", f"--data={data}", "--restarts=2", "--examples=100"]
    flags.append("--preset=terpret-custom")
    environment = {**os.environ, "TERPRET_CACHE": str(tmp_path / "cache")}
    for workdir, more, kept in (("one", ["--nocache"], 0), ("two", [], 1), ("three", [], 1)):
        place = f"--workdir={tmp_path / workdir}"
        made = run("train.py", *flags, place, *more, env=environment)
        assert made.returncode == 0, made.stderr
        assert len(entries(tmp_path / "cache")) == kept


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder for this process, as if nothing had been kept yet."""
    monkeypatch.setattr(compiled_cache, "_folder", None)
    monkeypatch.setenv("TERPRET_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TF_XLA_FLAGS", "")
    return tmp_path / "cache"


def test_nothing_is_kept_where_it_cannot_be(fresh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = collections.namedtuple("usage", "free")
    with monkeypatch.context() as full:
        full.setattr(compiled_cache.shutil, "disk_usage", lambda _: usage(10**6))
        assert not compiled_cache.keep()
    for place in ("", str(fresh / "two words")):
        monkeypatch.setenv("TERPRET_CACHE", place)
        assert not compiled_cache.keep()
    (fresh.parent / "file").write_text("somebody's")
    monkeypatch.setenv("TERPRET_CACHE", str(fresh.parent / "file"))
    assert not compiled_cache.keep()
    assert os.environ["TF_XLA_FLAGS"] == "", "TensorFlow is told nothing"


def test_a_cache_that_the_user_has_told_tensorflow_of_is_left_to_it(
    fresh: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TF_XLA_FLAGS", "--tf_xla_persistent_cache_directory=/mine")
    assert not compiled_cache.keep()
    assert not fresh.exists()


def test_what_was_made_longest_ago_makes_room(fresh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert compiled_cache.keep()
    folder = next((fresh / "xla").iterdir())
    with compiled_cache.sealing():
        for age, name in enumerate(("new.pb", "old.pb", "oldest.pb")):
            (folder / name).write_bytes(b"compiled")
            os.utime(folder / name, (10**9 - age, 10**9 - age))
    (folder / "unsealed.pb").write_bytes(b"compiled")
    monkeypatch.setattr(compiled_cache, "_folder", None)
    monkeypatch.setenv("TF_XLA_FLAGS", "")
    monkeypatch.setattr(compiled_cache, "MOST_KEPT", 20)
    assert compiled_cache.keep()
    assert {path.name for path in entries(fresh)} == {"new.pb", "old.pb"}


def test_an_entry_that_cannot_be_written_is_said_in_one_sentence(fresh: Path) -> None:
    assert compiled_cache.keep()
    folder = next((fresh / "xla").iterdir())
    message = f"{folder}/xla_compile_cache.pb; No space left on device [Op:__inference_loop_9]"
    with pytest.raises(RunError, match="no space left on device: make room there, or set the"):
        with compiled_cache.sealing():
            raise tf.errors.ResourceExhaustedError(None, None, message)
    with pytest.raises(tf.errors.OpError, match="of another kind"):
        with compiled_cache.sealing():
            raise tf.errors.InternalError(None, None, "of another kind")
