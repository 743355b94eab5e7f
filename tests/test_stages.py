"""The experiments math and mazes in small: every table is made, and a stopped one goes on."""

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from baselines.sequences import Settings
from experiments.config import ExperimentConfig
from experiments.math import figure_8, report, sequences
from experiments.mazes import figure_9
from experiments.mazes import report as mazes_report
from experiments.stage_results import (
    BaselineResult,
    ClockStageResult,
    RunStageResult,
    StagesResult,
    TimedRun,
)
from experiments.stage_tables import clock_table, programs_table
from terpret import compile_model
from terpret.files.lock import LOCK
from terpret.learning.network_file import save_networks
from terpret.runs import progress as writers
from terpret.runs.config import read_config
from terpret.runs.results import RestartResult, RunResult, best
from terpret.runs.run_folder import claim, writer
from tests.commands import evaluate, train

EMBEDDED = ["--digits=embedded", "--operators=embedded", "--noxla", "--check_every=80"]
SIGNS = ["--signs=embedded", "--noxla", "--check_every=320"]


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Networks that know nothing."""
    path = str(tmp_path_factory.mktemp("networks") / "networks.npz")
    save_networks(path, compile_model("ntpt_models/math_model.py"), 0, {"made": "for this test"})
    return path


@pytest.fixture
def stopping(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Sends SIGTERM as soon as a bar of this title moves."""

    def at(title: str) -> None:
        show = writers.Bar.show

        def shown(bar: writers.Bar, examples: int, text: str) -> None:
            show(bar, examples, text)
            if bar.title == title:
                monkeypatch.setattr(writers.Bar, "show", show)
                os.kill(os.getpid(), signal.SIGTERM)

        monkeypatch.setattr(writers.Bar, "show", shown)

    return at


@pytest.mark.usefixtures("eagerly")
def test_math_in_small_is_stopped_and_goes_on(
    stopping: Callable[[str], None],
    networks: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sequences, "LENGTHS", (1, 2, 6))
    monkeypatch.setattr(sequences, "EXAMPLES", 50)
    workdir = tmp_path / "run"
    flags = [
        "--experiment=math",
        "--learners=lstm-images,robust,clock",
        f"--init_nets={networks}",
        *EMBEDDED,
        "--restarts=1",
        "--examples=160",
        "--lstm_units=8",
        f"--workdir={workdir}",
    ]
    stopping("robust")
    assert train(*flags) == 1
    told = capsys.readouterr().err.splitlines()
    assert told[-1] == f"stopped; the same command continues in {workdir}"
    first = workdir / "stages" / "lstm-images" / "results.json"
    before = first.stat().st_mtime_ns
    assert not (workdir / "stages" / "robust" / "results.json").exists()
    assert evaluate(workdir) == 0
    shown = capsys.readouterr().out
    assert "lstm-images: not the paper's size" in shown and "95 % interval" not in shown

    assert train(*flags) == 0
    told = capsys.readouterr()
    assert first.stat().st_mtime_ns == before and "lstm-images:" not in told.err
    results = json.loads((workdir / "results.json").read_text())
    assert list(results["stages"]) == ["lstm-images", "robust", "clock"]
    run = results["stages"]["robust"]["run"]
    assert run["networks_from"] == {"made": "for this test"}
    assert [entry["examples"] for entry in run["restarts"]] == [160]
    points = results["stages"]["robust"]["accuracy_on_images"]["0"]
    assert [seen for seen, _ in points] == [80, 160]
    (timed,) = results["stages"]["clock"]["runs"]
    assert timed["run"]["verified_after"] > 0 and "lengths" not in timed["run"]["further"]
    assert set(results["data"]) == {"digits", "operators"} and "--restarts=1" in results["command"]
    assert "0 of 1" in told.out and "2 of 100" in told.out
    assert "none found" in told.out and "- (0 of 1 solved)" in told.out

    assert train(*flags) == 0
    assert "is done already" in capsys.readouterr().out
    assert evaluate(workdir, "markdown") == 0
    assert "| stage | correct | 95 % interval |" in capsys.readouterr().out
    assert (workdir / "plots" / "figure-8b.png").stat().st_size > 10_000


@pytest.mark.usefixtures("eagerly")
def test_mazes_in_small(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    workdir = tmp_path / "run"
    flags = ["--experiment=mazes", "--learners=robust", *SIGNS, "--restarts=2", "--examples=640"]
    flags.append(f"--workdir={workdir}")
    assert train(*flags) == 0
    shown = capsys.readouterr().out
    assert "of these LOOK at 0.95" in shown and "2 %" in shown and mazes_report.OURS in shown
    results = json.loads((workdir / "results.json").read_text())
    robust = results["stages"]["robust"]
    curves = robust["accuracy_on_images"]
    assert [[seen for seen, _ in points] for points in curves.values()] == [[320, 640]] * 2
    last = [entry["discrete_accuracy"] for entry in robust["run"]["restarts"]]
    # The curves are of all test mazes, as the table is.
    np.testing.assert_allclose([points[-1][1] for points in curves.values()], last, atol=1e-4)
    assert evaluate(workdir) == 0
    assert (workdir / "plots" / "figure-9-robust.svg").exists()
    config = read_config(json.loads((workdir / "config.json").read_text()), [ExperimentConfig])
    with writer(str(workdir)):
        claim(config, str(workdir), afresh=True)
    left = {path.relative_to(workdir).parts[0] for path in workdir.rglob("*") if path.is_file()}
    assert left == {"config.json", "files.txt", "manifest.json", LOCK}


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (
            ["--experiment=mazes", "--learners=robust,lstm"],
            "there is no learner 'lstm'; the",
        ),
        (["--experiment=mazes", "--lstm_units=8"], "--lstm_units: not with --experiment=mazes"),
        (["--experiment=mazes", "--signs=nowhere.tar"], "There is no file nowhere.tar"),
        (["--experiment=math", "--signs=embedded"], "--signs: not with --experiment=math"),
        (
            ["--experiment=weak_supervision", "--distinct_grids=50"],
            "--distinct_grids: not with --experiment=weak_supervision",
        ),
        (["--learners=robust", "--filters=8"], "--learners and --filters: only with --experiment"),
        (["--experiment=math", "--baseline_seconds=0"], "--baseline_seconds must be more than 0"),
        (["--experiment=math", "--init_nets=/nowhere.npz"], "cannot read the networks in /nowhere"),
    ],
)
def test_a_mistake_is_one_message_and_writes_nothing(
    flags: list[str],
    message: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    workdir = tmp_path / "run"
    assert train(*flags, f"--workdir={workdir}") == 1
    told = capsys.readouterr().err
    assert told.startswith(f"error: {message}") and len(told.splitlines()) == 1
    assert not workdir.exists()


def entry(number: int, correct: bool, look: float) -> RestartResult:
    return RestartResult(
        restart=number,
        correct=correct,
        examples=640,
        soft_accuracy=0.9,
        discrete_accuracy=0.9 + 0.01 * number,
        network_accuracies={"LOOK": look},
    )


def run_of(*restarts: RestartResult, **more: object) -> RunResult:
    networks = {"network_accuracies": {"LOOK": 0.9}}
    known = {"data": {}, "command": "", "seconds": 7.2, **networks, **more}
    return RunResult(restarts=restarts, best=best(restarts), **known)


def test_correct_restarts_whose_networks_read_are_counted_beside_the_others() -> None:
    run = run_of(entry(0, True, 0.97), entry(1, True, 0.94), entry(2, False, 0.99))
    clock = {"clock": ClockStageResult(runs=())}
    robust = {"robust": RunStageResult(run=run, accuracy_on_images={})}
    headings, row = programs_table({**robust, **clock}, "2 %", 0.95)
    named = dict(zip(headings, row, strict=True))
    assert named["correct"] == "2 of 3" and named["of these LOOK at 0.95"] == "1"
    assert named["published"] == "2 %" and named["accuracy"] == "0.9050"
    assert programs_table(clock, "2 %") == []


def test_the_clock_counts_runs_that_found_what_was_asked_for() -> None:
    runs = [
        run_of(entry(0, True, 0.97), verified_after=31.0),
        run_of(entry(0, True, 0.90), verified_after=22.0),
        run_of(entry(0, False, 0.99), verified_after=80.0),
        run_of(entry(0, True, 0.94), entry(1, True, 0.96), verified_after=41.0),
    ]
    rows = clock_table([TimedRun(root_seed=k, run=run) for k, run in enumerate(runs, 5)], 0.95)
    assert [row[0] for row in rows[1:]] == ["5", "6", "7", "8", "median"]
    assert rows[4][-1] == "0.9600", "of the restart that stopped the clock"
    assert [row[2] for row in rows[1:]] == [
        "31.0",
        "none found",
        "none found",
        "41.0",
        "36.0 (2 of 4 solved)",
    ]


def math_results() -> StagesResult:
    lengths = [
        {"digits": n, "accuracy": 0.97 - n / 100, "simulated": 0.96, "true_labels": 1.0}
        for n in range(2, 17)
    ]
    images = {"digits": 16, "expressions": 100, "seconds": 1.0, "accuracy": 0.8}
    right = run_of(entry(0, True, 0.97), further={"lengths": lengths, "on_images": images})
    runs = {"robust": run_of(entry(0, False, 0.5)), "trained-on": right}

    def baseline(kind: str, images: bool) -> BaselineResult:
        return BaselineResult(
            kind=kind,
            images=images,
            parameters=1234,
            settings=Settings(width=1024, digits=5),
            paper_width=1024,
            seconds=60.0,
            examples=6400,
            digits=4,
            accuracies={n: max(0.05, 1.1 - n / 10) for n in range(1, 17)},
        )

    stages = {
        **{name: RunStageResult(run=run, accuracy_on_images={}) for name, run in runs.items()},
        "lstm-symbols": baseline("lstm", images=False),
        "neural_gpu-symbols": baseline("neural_gpu", images=False),
        "lstm-images": baseline("lstm", images=True),
    }
    return StagesResult(experiment="math", root_seed=0, seconds=1.0, stages=stages)


def test_figure_8_sets_the_program_beside_the_baselines() -> None:
    results = math_results()
    text = report.tables(results, "text")
    assert "not the paper's size" not in text and "up to 4 of 5" in text
    lines = text.splitlines()
    a, b = (next(k for k, x in enumerate(lines) if x.startswith(f"Figure 8({p})")) for p in "ab")
    assert lines[a + 2].split("  ")[0] == "digits" and "Neural GPU (1,234)" in lines[a + 2]
    assert lines[a + 5].split() == ["2", "1.0000", "0.9000", "0.9000"]
    assert lines[b + 5].split() == ["2", "0.9500", "0.9000"]
    drawn = figure_8.plots(results)
    assert set(drawn) == {"figure-8a", "figure-8b"}
    (axes,) = drawn["figure-8a"].axes
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == ["NTPT, its program", "LSTM (1,234)", "Neural GPU (1,234)"]
    # Filled dots are the lengths that were learned from: 2 digits, and 1 to 5.
    filled = [x for x in axes.lines if x.get_marker() == "o" and x.get_markerfacecolor() != "white"]
    assert [list(line.get_xdata()) for line in filled] == [[2], [1, 2, 3, 4, 5], [1, 2, 3, 4, 5]]


def test_figure_9_shows_two_of_each_kind_before_all_others() -> None:
    entries = [entry(k, k in (1, 4, 5), 0.9) for k in range(7)]
    curves = {k: ((100, 0.1 * k), (200, 0.12 * k)) for k in range(7)}
    stage = RunStageResult(run=run_of(*entries), accuracy_on_images=curves)
    figure = figure_9.figure_9("robust", stage)
    (axes,) = figure.axes
    bold = [line for line in axes.lines if line.get_linewidth() > 1]
    assert [line.get_color() for line in bold] == ["#c1121f"] * 2 + ["#0072b2"] * 2
    np.testing.assert_allclose([line.get_ydata()[0] for line in bold], [0.1, 0.4, 0.0, 0.2])
    assert len(axes.lines) == 7 + 4
