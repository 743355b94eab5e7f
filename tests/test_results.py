"""Results as files hold them: written, read back, those of older versions too, or refused."""

import dataclasses
import json
from pathlib import Path

import pytest

from experiments.experiments import EXPERIMENTS
from terpret.errors import RunError
from terpret.files.typed_json import from_json, to_json
from terpret.runs.records import read_results
from terpret.runs.results import FORMAT, Curves, Measured, RestartResult, RunResult

OLD = Path("tests/data/old_results.json")
COMMITTED = sorted(Path("results").glob("*.json"))


def restart(number: int, **changes: object) -> RestartResult:
    measured = {"soft_accuracy": 0.5, "discrete_accuracy": 0.25, "network_accuracies": {"net": 1}}
    return RestartResult(**{"restart": number, "correct": False, **measured, **changes})


def test_what_is_written_is_read_back() -> None:
    results = RunResult(
        restarts=(restart(3, solved_after=640, correct=True, errors={"out": None}), restart(5)),
        best=0,
        data={"digits": "embedded"},
        command="python train.py",
        seconds=1.5,
        further={"lengths": [{"digits": 2, "accuracy": 1.0}]},
        missing=("shard-1-of-2",),
    )
    record = json.loads(json.dumps(results.to_json()))
    assert record == results.to_json() and record["format"] == FORMAT
    assert RunResult.from_json(record) == results
    assert results.best_restart.restart == 3 and results.correct_restarts == results.restarts[:1]
    curves = Curves(loss=((64, 0.5), (128, None)))
    assert from_json(Curves, json.loads(json.dumps(to_json(curves)))) == curves


def test_results_of_the_first_format_are_read_under_the_keys_of_today() -> None:
    old = json.loads(OLD.read_text())
    results = read_results(str(OLD))
    solved, wrong = results.restarts
    assert [one["seed"] for one in old["restarts"]] == [solved.restart, wrong.restart] == [0, 2]
    assert solved.solved_after == 6400 and wrong.solved_after is None
    assert solved.soft_accuracy == 0.9536 and solved.network_accuracies == {"net_0": 0.9784}
    assert results.best_restart is solved and results.network_accuracies == {"net_0": 0.9784}
    assert results.unseen and results.missing == () and results.verified_after == 180.5
    assert results.further == {
        "published": 0.86,
        "lengths": [{"digits": 2, "accuracy": 0.9, "simulated": 0.9, "true_labels": 1.0}],
    }
    assert RunResult.from_json(results.to_json()) == results


def test_what_an_older_checkpoint_knows_of_a_restart_is_read() -> None:
    entry = json.loads(OLD.read_text())["restarts"][1]
    curves = {"started": 0, "loss": [[64, 0.5]], "accuracy": [], "accuracy_on_images": []}
    measured = Measured.from_json({"entry": entry, "curves": curves})
    assert measured.result.restart == 2 and measured.curves.loss == ((64, 0.5),)
    assert Measured.from_json(json.loads(json.dumps(measured.to_json()))) == measured


@pytest.mark.parametrize("path", COMMITTED, ids=lambda path: path.stem)
def test_committed_results_are_read(path: Path) -> None:
    record = json.loads(path.read_text())
    if "experiment" not in record:
        results = RunResult.from_json(record)
        assert len(results.restarts) == len(record["restarts"])
        return
    experiment = EXPERIMENTS[record["experiment"]]
    results = experiment.kind.from_json(record)
    assert list(results.parts) == list(record.get("learners", record.get("stages")))
    assert experiment.tables(results, "text")
    assert all(figure.axes for figure in experiment.plots(results).values())
    assert experiment.kind.from_json(json.loads(json.dumps(results.to_json()))) == results


def test_results_of_a_newer_version_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_text(json.dumps({"format": FORMAT + 1}))
    with pytest.raises(RunError) as raised:
        read_results(str(path))
    assert str(raised.value) == (
        f"{path} was written by a newer version of this project (format {FORMAT + 1}, this one "
        f"reads up to {FORMAT})"
    )


@dataclasses.dataclass(frozen=True)
class Sample:
    """A field of every kind."""

    whole: int
    real: float
    several: tuple[int, ...] = ()
    pair: tuple[int, str] = (0, "")
    either: int | None = None
    named: dict[int, bool] = dataclasses.field(default_factory=dict)
    anything: object = None


@pytest.mark.parametrize(
    "change",
    [
        {"whole": 1.0},
        {"whole": True},
        {"real": "1"},
        {"several": 3},
        {"several": [1, "2"]},
        {"pair": [1]},
        {"pair": [1, 2]},
        {"either": "1"},
        {"named": []},
        {"named": {"x": True}},
        {"named": {"1": 1}},
    ],
    ids=str,
)
def test_what_is_of_another_type_is_refused(change: dict[str, object]) -> None:
    record = {"whole": 1, "real": 2, "pair": [1, "a"], "named": {"7": True}, "more": 3}
    assert from_json(Sample, record) == Sample(1, 2, pair=(1, "a"), named={7: True})
    with pytest.raises(ValueError):
        from_json(Sample, {**record, **change})
    with pytest.raises(ValueError, match="no real and whole"):
        from_json(Sample, {})
