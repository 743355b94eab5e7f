"""`train(config, workdir)`: one call, one folder; continued, refused, or done."""

import dataclasses
import json
import os
import shutil
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from experiments.config import TaskConfig
from experiments.scenarios.registry import scenario_of
from terpret import InputError, compile_model
from terpret.command.guard import guarded
from terpret.errors import DataError, RunError
from terpret.files.lock import LOCK
from terpret.learning.checkpoints import CheckpointError
from terpret.learning.network_file import save_networks
from terpret.learning.presets import PRESETS
from terpret.runs import run as single
from terpret.runs.config import read_config
from terpret.runs.records import read_curves
from terpret.runs.results import RunResult
from terpret.runs.run import train
from terpret.runs.run_folder import claim, same_data, writer

TURING = "tests/models/data/turing_invert"
CONFIG = TaskConfig(
    model="turing.py",
    data=f"{TURING}_data.json",
    hypers_file=f"{TURING}_hypers.json",
    preset="ntpt",
    restarts=3,
    examples=250,
    stop_after_solved=-1,
    freeze_nets=0,
    digits="embedded",
    operators="embedded",
    signs="embedded",
    check_every=100,
    xla=False,
)


def changed(**settings: object) -> TaskConfig:
    return dataclasses.replace(CONFIG, **settings)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, RunResult]:
    folder = tmp_path_factory.mktemp("runs") / "run"
    return folder, train(CONFIG, str(folder))


@pytest.fixture
def copy(finished: tuple, tmp_path: Path) -> Path:
    """A copy of the finished run without its results: one that was stopped at the last moment."""
    shutil.copytree(finished[0], tmp_path / "copy")
    (tmp_path / "copy" / "results.json").unlink()
    return tmp_path / "copy"


def test_one_update_can_be_made(tmp_path: Path) -> None:
    results = train(changed(examples=5), str(tmp_path / "run"))
    assert [one.examples for one in results.restarts] == [5, 5, 5]


def test_the_same_call_again_gives_the_same_results(finished: tuple) -> None:
    folder, results = finished
    assert train(CONFIG, str(folder)) == results
    assert json.loads((folder / "results.json").read_text()) == results.to_json()
    assert [one.restart for one in results.restarts] == [0, 1, 2]


def test_a_stopped_run_ends_in_the_same_results(finished: tuple, copy: Path) -> None:
    def timeless(results: RunResult) -> RunResult:
        restarts = tuple(dataclasses.replace(one, seconds=0) for one in results.restarts)
        return dataclasses.replace(results, seconds=0, verified_after=0, restarts=restarts)

    assert timeless(train(CONFIG, str(copy))) == timeless(finished[1])


def test_a_run_can_be_stopped_while_it_is_measured(
    finished: tuple, copy: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    def measuring(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(60)

    with monkeypatch.context() as slow:
        slow.setattr(single, "results_of", measuring)
        assert guarded(lambda: bool(train(CONFIG, str(copy)))) == 1
    assert capsys.readouterr().err.splitlines()[-1] == "stopped"
    assert not (copy / "results.json").exists()
    assert train(CONFIG, str(copy)).restarts == finished[1].restarts


@pytest.mark.parametrize(
    "suffix", ["data-00000-of-00001", pytest.param("index", marks=pytest.mark.soak)]
)
def test_a_run_with_a_damaged_checkpoint_is_refused_and_left_alone(copy: Path, suffix: str) -> None:
    for path in (copy / "checkpoints").glob(f"*.{suffix}"):
        path.write_bytes(path.read_bytes()[:10])
    before = {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()}
    with pytest.raises(CheckpointError, match="or train with --overwrite to begin"):
        train(CONFIG, str(copy))
    for path, data in before.items():
        assert path.read_bytes() == data
    assert train(CONFIG, str(copy), afresh=True).task == "turing_invert_data"


def test_checkpoints_without_a_config_are_not_run_over(copy: Path) -> None:
    (copy / "config.json").unlink()
    with pytest.raises(RunError, match="holds checkpoints, but no config.json says of which run"):
        claim(CONFIG, str(copy), afresh=False)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"seed": 1},
            "holds a run with another seed: give another --workdir, or train with --overwrite",
        ),
        ({"restarts": 4, "preset": "robust"}, "holds a run with another preset and other restarts"),
        ({"model": "circuit.py"}, "holds a run with another model"),
    ],
)
def test_another_run_is_refused(copy: Path, settings: dict[str, object], message: str) -> None:
    with pytest.raises(RunError, match=message):
        claim(changed(**settings), str(copy), afresh=False)


def test_other_data_than_a_run_began_with_are_refused(tmp_path: Path) -> None:
    """`auto` finds other images today than when it began."""
    zeros, ones = ((np.full([5, 28, 28], k), np.arange(5)) for k in (0, 1))
    folder = str(tmp_path)
    claim(CONFIG, folder, afresh=False)
    same_data(folder, {"net_0": zeros})
    same_data(folder, {"net_0": zeros})
    with pytest.raises(RunError, match=f"the run in {folder} began with other data"):
        same_data(folder, {"net_0": ones})
    claim(CONFIG, folder, afresh=True)
    same_data(folder, {"net_0": ones})


def test_data_may_have_moved(copy: Path) -> None:
    assert claim(changed(data_dir="/elsewhere"), str(copy), afresh=False) == (False, [])


@pytest.mark.parametrize("name", ["config.json", "manifest.json"])
def test_a_damaged_description_is_refused(copy: Path, name: str) -> None:
    (copy / name).write_text('{"model": ')
    with pytest.raises(RunError, match=f"{name} is damaged: .*give another --workdir"):
        claim(CONFIG, str(copy), afresh=False)


def test_a_checkpoint_of_another_version_is_refused(copy: Path) -> None:
    manifest = json.loads((copy / "manifest.json").read_text())
    (copy / "manifest.json").write_text(json.dumps(manifest | {"format": 1}))
    with pytest.raises(RunError, match=r"another version of this project \(format 1, this one"):
        claim(CONFIG, str(copy), afresh=False)


def test_other_versions_of_the_libraries_are_a_warning(copy: Path) -> None:
    manifest = json.loads((copy / "manifest.json").read_text())
    manifest["versions"]["tensorflow"] = "1.0"
    (copy / "manifest.json").write_text(json.dumps(manifest))
    _, warnings = claim(CONFIG, str(copy), afresh=False)
    assert len(warnings) == 1
    assert warnings[0].startswith("tensorflow was 1.0 when this run began and is ")


def test_a_library_that_was_not_there_when_a_run_began_is_no_warning(copy: Path) -> None:
    """Only the paper's data need tensorflow-datasets."""
    manifest = json.loads((copy / "manifest.json").read_text())
    del manifest["versions"]["tensorflow-datasets"]
    (copy / "manifest.json").write_text(json.dumps(manifest))
    assert claim(CONFIG, str(copy), afresh=False) == (False, [])


@pytest.mark.parametrize("what", ["model", "data"])
def test_a_changed_model_or_data_file_is_refused(what: str, tmp_path: Path) -> None:
    files = {"model": "ntpt_models/turing.py", "data": CONFIG.data}
    own = {name: str(tmp_path / Path(path).name) for name, path in files.items()}
    for name, path in files.items():
        shutil.copy(path, own[name])
    config = changed(**own)
    folder = str(tmp_path / "run")
    claim(config, folder, afresh=False)
    assert claim(config, folder, afresh=False) == (False, [])
    with open(own[what], "a", encoding="utf-8") as file:
        file.write("\n")
    with pytest.raises(RunError, match="has changed since the run in .* began"):
        claim(config, folder, afresh=False)


def test_a_folder_that_cannot_be_written_is_one_message(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="cannot use .*: Not a directory"):
        train(CONFIG, str(tmp_path / "file" / "run"))


def test_afresh_removes_what_a_run_leaves_and_nothing_else(copy: Path) -> None:
    (copy / "notes.txt").write_text("mine")
    with writer(str(copy)):
        claim(CONFIG, str(copy), afresh=True)
    left = sorted(str(path.relative_to(copy)) for path in copy.rglob("*") if path.is_file())
    own = ["config.json", "files.txt", "manifest.json", "model/turing.py"]
    assert left == [LOCK, *own, "notes.txt"]


def test_shards_are_the_restarts_of_the_whole(finished: tuple, tmp_path: Path) -> None:
    parts = [
        train(changed(shard=f"{k}/2"), str(tmp_path / f"shard-{k}-of-2")).restarts for k in (1, 2)
    ]
    whole = finished[1].restarts
    assert [one.restart for part in parts for one in part] == [0, 1, 2]
    for one, other in zip(whole, [one for part in parts for one in part], strict=True):
        assert one.correct == other.correct
        assert one.loss == pytest.approx(other.loss, rel=1e-3)


@pytest.mark.parametrize("shard", ["0/2", "3/2", "1", "a/b", "1/9"])
def test_a_wrong_shard_is_one_message(shard: str, tmp_path: Path) -> None:
    with pytest.raises(RunError, match=f"--shard={shard} "):
        train(changed(shard=shard), str(tmp_path / "run"))
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"refill": True, "preset": "robust"}, RunError, "--refill has nothing to refill"),
        ({"freeze_nets": 10}, RunError, "--freeze_nets keeps networks as they are: say which"),
        ({"init_nets": "/nowhere/nets.npz"}, InputError, "cannot read the networks in /nowhere"),
        (
            {"data": "", "task": "top", "model": "add2x2_model.py", "preset": "terpret-custom"},
            RunError,
            "preset terpret-custom wants --batch_size where there is no --data",
        ),
        (
            {"data": "", "model": "maze_model.py", "preset": "robust", "signs": "/nowhere.tar"},
            DataError,
            "There is no file /nowhere.tar",
        ),
        (
            {"data": "", "model": "maze_model.py", "preset": "robust", "hypers": {"T": 15}},
            RunError,
            "T=15 fits no mazes",
        ),
    ],
)
def test_settings_that_do_not_fit_write_nothing(
    settings: dict[str, object], error: type[Exception], message: str, tmp_path: Path
) -> None:
    config = changed(**settings)
    with pytest.raises(error, match=message):
        train(config, str(tmp_path / "run"), scenario=scenario_of(config))
    assert not (tmp_path / "run").exists()


def test_networks_that_nobody_has_taught_are_not_frozen(tmp_path: Path) -> None:
    path = str(tmp_path / "one.npz")
    save_networks(path, compile_model("ntpt_models/add2x2_model.py", {"NUM_NETS": 1}), 0, {})
    settings = {"data": "", "hypers_file": "", "task": "top", "model": "apply2x2_model.py"}
    config = changed(**settings, init_nets=path, freeze_nets=10)
    with pytest.raises(RunError, match="--freeze_nets: nobody has taught net_1"):
        train(config, str(tmp_path / "run"), scenario=scenario_of(config))


def test_a_refilled_run_counts_every_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nobody loses twice its loss: all that are not solved at a rung are dropped.
    strict = dataclasses.replace(PRESETS["ntpt"], first_rung=100, plateau=2.0)
    monkeypatch.setitem(PRESETS, "ntpt", strict)
    results = train(changed(refill=True, examples=1_000, restarts=2), str(tmp_path / "run"))
    numbers = list(range(len(results.restarts)))
    assert len(numbers) > 2 and [one.restart for one in results.restarts] == numbers
    curves = read_curves(str(tmp_path / "run" / "curves.json"))
    assert sorted(curves) == numbers
    for one in results.restarts:
        points = curves[one.restart].loss
        assert points[-1][0] == one.examples
        assert np.all(np.diff([seen for seen, _ in points]) > 0)


def test_read_config_refuses_what_is_no_config() -> None:
    assert read_config(dataclasses.asdict(CONFIG), [TaskConfig]) == CONFIG
    assert read_config({"experiment": "mazes"}, [TaskConfig]) is None
    with pytest.raises(RunError, match="config.json is not the configuration of a run"):
        read_config({"model": "x"}, [TaskConfig])
