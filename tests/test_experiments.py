"""The experiments as a user runs them, in small: every table is made, and what is wrong refused."""

import contextlib
import io
import json
import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from experiments.lifelong import figure_6, report
from experiments.lifelong.life import Course
from experiments.lifelong.measures import final, forgetting, needed, reverse_transfer
from experiments.lifelong.results import LearnerResult, LifelongResult
from experiments.lifelong.schedule import LIFE, SCHEDULE, TASKS, drawn
from tests.commands import evaluate, run_eagerly, train

SMALL = ["--digits=embedded", "--operators=embedded", "--restarts=1", "--batch_size=16", "--noxla"]
LIFELONG = ["--experiment=lifelong", *SMALL, "--examples=320", "--check_every=160"]


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """One short life of NTPT and of a baseline, and what was told of it."""
    workdir, told = tmp_path_factory.mktemp("lifelong") / "run", io.StringIO()
    with run_eagerly(), contextlib.redirect_stdout(told):
        assert train(*LIFELONG, "--learners=robust,MTNN-2", f"--workdir={workdir}") == 0
    return workdir, told.getvalue()


def test_a_life_ends_in_figure_7(lived: tuple) -> None:
    workdir, told = lived
    assert "digits: embedded digits" in told
    lines = told.splitlines()
    heading = next(k for k, line in enumerate(lines) if line.startswith("Figure 7"))
    assert "NTPT robust" in lines[heading + 2] and "MTNN-2" in lines[heading + 2]
    results = json.loads((workdir / "results.json").read_text())
    courses = LifelongResult.from_json(results).courses
    for k, task in enumerate(TASKS):
        row = lines[heading + 4 + k].split()
        assert row[0] == task
        assert row[1::2] == [f"{courses[n].accuracies[task][-1][0]:.3f}" for n in courses]
    assert courses["robust"].examples == [160, 320]
    assert set(courses["robust"].networks) == {"net_0", "net_1"}
    assert not courses["MTNN-2"].correct
    assert results["learners"]["MTNN-2"]["parameters"] > 500_000
    assert "return R" in results["learners"]["robust"]["programs"]["apply2x2-left"][0]
    assert results["data"]["operators"].startswith("embedded operators")


def test_the_same_command_again_returns_at_once(
    lived: tuple, capsys: pytest.CaptureFixture[str]
) -> None:
    workdir, told = lived
    assert train(*LIFELONG, "--learners=robust,MTNN-2", f"--workdir={workdir}") == 0
    again = capsys.readouterr().out
    assert "is done already" in again
    assert told[told.index("Figure 7") :] in again


def test_evaluate_draws_figure_6(lived: tuple, capsys: pytest.CaptureFixture[str]) -> None:
    workdir, _ = lived
    assert evaluate(workdir, "markdown") == 0
    assert "| task | NTPT robust | MTNN-2 |" in capsys.readouterr().out
    for part in "abc":
        assert (workdir / "plots" / f"figure-6{part}.png").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--learners=robust,mtnn"], "there is no learner 'mtnn'; the learners are robust, ntpt,"),
        (["--preset=ntpt"], "--preset: not with --experiment"),
        (["--operators=nowhere.npz"], "There are no operators 'nowhere.npz'"),
    ],
)
def test_a_mistake_is_one_message_and_writes_nothing(
    flags: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    workdir = tmp_path / "run"
    assert train(*LIFELONG, *flags, f"--workdir={workdir}") == 1
    told = capsys.readouterr().err
    assert told.startswith(f"error: {message}") and len(told.splitlines()) == 1
    assert not os.path.exists(workdir)


def course_of(curves: Mapping[str, list[float]]) -> Course:
    """A course of two lives: the second's accuracies are half the first's."""
    tests = len(next(iter(curves.values())))
    examples = [LIFE * (k + 1) // tests for k in range(tests)]
    accuracies = {t: [[a, a / 2] for a in curves.get(t, [0.1] * tests)] for t in TASKS}
    return Course(examples, accuracies)


def test_forgetting_and_reverse_transfer_begin_where_a_tasks_examples_stop() -> None:
    tests = 100
    moments = np.arange(1, tests + 1) * LIFE / tests
    stop = SCHEDULE[0].ends
    # It rises while it is taught, falls to 0.5 after that, and ends at 0.7.
    curve = np.where(moments < stop, 0.1, np.where(moments < LIFE / 2, 0.8, 0.5))
    curve[-1] = 0.7
    course = course_of({TASKS[0]: curve.tolist()})
    np.testing.assert_allclose(forgetting(course, TASKS[0]), [0.3, 0.15])
    np.testing.assert_allclose(reverse_transfer(course, TASKS[0]), [-0.1, -0.05])
    np.testing.assert_allclose(final(course, TASKS[0]), [0.7, 0.35])
    np.testing.assert_array_equal(forgetting(course, TASKS[-1]), [0, 0])


def test_what_is_forgotten_before_the_first_test_without_examples_is_forgotten() -> None:
    tests = 10
    stop = SCHEDULE[3].ends / LIFE * tests
    assert stop % 1, "the examples stop between two tests"
    curve = [0.8 if k + 1 < stop else 0.3 for k in range(tests)]
    np.testing.assert_allclose(forgetting(course_of({TASKS[3]: curve}), TASKS[3]), [0.5, 0.25])


def test_forward_transfer_counts_the_examples_of_the_task_alone() -> None:
    course = course_of({TASKS[1]: [0.1] * 10 + [0.85] * 40})
    batch, seed = 32, 0
    gone = np.sum(drawn(seed, batch, LIFE)[: course.examples[10] // batch] == 1) * batch
    assert needed(course, TASKS[1], seed, LIFE).tolist() == [gone, np.inf]


def test_tables_and_figures_show_whoever_has_finished() -> None:
    course = course_of({task: list(np.linspace(0.1, 0.9, 50)) for task in TASKS})
    results = LifelongResult(
        experiment="lifelong",
        root_seed=0,
        lives=2,
        life=LIFE,
        distinct_grids=1000,
        learners={"PNN": LearnerResult(course=course)},
    )
    text = report.tables(results, "text")
    assert "0.675 (0.35)" in text and "correct program" not in text
    assert set(figure_6.plots(results)) == {"figure-6a", "figure-6b", "figure-6c"}


@pytest.mark.usefixtures("eagerly")
def test_weak_and_strong_supervision_in_small(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = [flag for flag in SMALL if not flag.startswith("--operators")]
    flags += ["--examples=32", "--check_every=32", f"--workdir={tmp_path / 'run'}"]
    assert train("--experiment=weak_supervision", *flags) == 0
    lines = capsys.readouterr().out.splitlines()
    for name in ("robust", "ntpt", "MTNN-2", "labelled digits"):
        assert sum(line.startswith(name) for line in lines) == 2
