"""The TerpreT report's tasks as an experiment: one table, by a solver and by gradient, in small."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from experiments.config import ExperimentConfig, TaskConfig
from experiments.in_time import Cut
from experiments.stage_results import (
    CutStageResult,
    ExactStageResult,
    RunStageResult,
    StagesResult,
)
from experiments.terpret import methods
from experiments.terpret.experiment import METHODS, RESTARTS, stages
from experiments.terpret.report import general, tables
from experiments.terpret_tasks.files import data_text
from experiments.terpret_tasks.measure import Measured
from experiments.terpret_tasks.task import Task
from experiments.terpret_tasks.tasks import TASKS
from terpret import check_model
from terpret.data.json_file import read_data
from terpret.files import own_files
from terpret.language.model_files import built_in_path
from terpret.runs import progress as writers
from terpret.runs.results import RestartResult, RunResult
from tests.commands import ROOT, evaluate, run, train

FLAGS = ["--experiment=terpret", "--noxla", "--restarts=2", "--examples=300", "--check_every=100"]


def restart(number: int, correct: bool, held_out: float) -> RestartResult:
    return RestartResult(
        restart=number,
        correct=correct,
        examples=1_875,
        soft_accuracy=held_out,
        discrete_accuracy=held_out,
        network_accuracies={},
    )


def run_of(*restarts: RestartResult, unseen: bool = True) -> RunResult:
    return RunResult(
        restarts=restarts, best=0, data={}, command="", seconds=7.0, unseen=unseen, preset="robust"
    )


def table(**stages: ExactStageResult | RunStageResult | CutStageResult) -> list[str]:
    named = {name.replace("__", "-"): one for name, one in stages.items()}
    results = StagesResult(experiment="terpret", root_seed=0, seconds=1.0, stages=named)
    return tables(results, "markdown").splitlines()


def row(lines: list[str], name: str) -> list[str]:
    line = next(line for line in lines if line.startswith(f"| {name} "))
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_experiment_is_stopped_goes_on_and_ends_in_one_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    workdir, show = tmp_path / "run", writers.Bar.show
    flags = [*FLAGS, "--tasks=circuit_full_adder", "--learners=exact,robust"]
    flags.append(f"--workdir={workdir}")

    def shown(bar: writers.Bar, examples: int, text: str) -> None:
        show(bar, examples, text)
        if bar.title == "circuit_full_adder-robust":
            os.kill(os.getpid(), signal.SIGTERM)

    with monkeypatch.context() as stopping:
        stopping.setattr(writers.Bar, "show", shown)
        assert train(*flags) == 1
    told = capsys.readouterr().err.splitlines()
    assert told[-1] == f"stopped; the same command continues in {workdir}"
    solved = workdir / "stages" / "circuit_full_adder-exact" / "results.json"
    before = solved.stat().st_mtime_ns
    assert evaluate(workdir) == 0
    assert "not run" in capsys.readouterr().out

    assert train(*flags) == 0
    told = capsys.readouterr().out
    assert solved.stat().st_mtime_ns == before and "0 of 2" in told and "no other exists" in told
    results = json.loads((workdir / "results.json").read_text())
    run = results["stages"]["circuit_full_adder-robust"]["run"]
    assert [one["examples"] for one in run["restarts"]] == [304, 304]
    assert train(*flags) == 0
    assert "is done already" in capsys.readouterr().out
    assert evaluate(workdir, "markdown") == 0
    told = capsys.readouterr().out.splitlines()
    assert row(told, "circuit_full_adder")[-2:] == ["0 of 2", "Sketch; FMGD 0 of 2,400"]
    assert row(told, "assembly_list_k")[3:] == ["not run", "", "", "not run", "Sketch"]


def test_a_stage_whose_time_is_over_says_so_and_is_not_repeated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = [*FLAGS, "--tasks=turing_invert", "--learners=robust", "--stage_seconds=0.1"]
    flags.append(f"--workdir={tmp_path}/run")
    assert train(*flags) == 0
    told = capsys.readouterr().out
    assert "not in 0.1 s" in told and "out of time: compiling" in told
    assert train(*flags) == 0 and "is done already" in capsys.readouterr().out


def test_a_run_that_finishes_as_its_time_ends_has_finished(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def just(config: TaskConfig, folder: str, *_: object) -> Cut:
        os.makedirs(folder)
        found = run_of(restart(0, True, 1.0))
        own_files.write_json(os.path.join(folder, "results.json"), found.to_json())
        return Cut(300, 300)

    monkeypatch.setattr(methods, "trained_in_time", just)
    flags = [*FLAGS, "--tasks=turing_invert", "--learners=robust", f"--workdir={tmp_path}/run"]
    assert train(*flags) == 0
    assert "1 of 1" in capsys.readouterr().out
    assert not list(tmp_path.rglob("out_of_time.json"))


@pytest.mark.soak
def test_where_it_is_killed_nothing_goes_on_and_the_same_command_does(tmp_path: Path) -> None:
    stages = tmp_path / "run" / "stages"
    flags = ["train.py", "--experiment=terpret", "--noxla", "--restarts=2", "--examples=3000"]
    flags += ["--tasks=turing_decrement", "--learners=terpret", "--checkpoint_seconds=0"]
    flags.append(f"--workdir={tmp_path}/run")
    process = subprocess.Popen([sys.executable, *flags], cwd=ROOT, stderr=subprocess.DEVNULL)
    while process.poll() is None and not list(stages.glob("*/checkpoints/*.index")):
        time.sleep(0.1)
    children = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.wait()
    assert children and not psutil.wait_procs(children, timeout=30)[1]
    assert not list(stages.glob("*/results.json"))
    done = run(*flags)
    assert done.returncode == 0 and "0 of 2" in done.stdout
    (learned,) = stages.glob("*/results.json")
    entries = json.loads(learned.read_text())["restarts"]
    assert [one["examples"] for one in entries] == [3000, 3000]


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--tasks=turing_add"], "there is no task 'turing_add'; the tasks are turing_invert,"),
        (["--learners=hybrid"], "there is no learner 'hybrid'; the learners are exact,"),
        (["--stage_seconds=0"], "--stage_seconds must be more than 0"),
        (["--digits=embedded"], "--digits: not with --experiment=terpret"),
        (["--preset=robust"], "--preset: not with --experiment=terpret"),
        (["--experiment=mazes", "--tasks=parity_chain"], "--tasks: not with --experiment=mazes"),
        (["--experiment=", "--stage_seconds=9"], "--stage_seconds: only with --experiment"),
    ],
)
def test_a_mistake_is_one_message_and_writes_nothing(
    flags: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    workdir = tmp_path / "run"
    assert train("--experiment=terpret", *flags, f"--workdir={workdir}") == 1
    told = capsys.readouterr().err
    assert told.startswith(f"error: {message}") and len(told.splitlines()) == 1
    assert not workdir.exists()


def test_other_instances_than_it_began_with_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = [*FLAGS, "--tasks=turing_invert", "--learners=robust", "--stage_seconds=0.1"]
    flags.append(f"--workdir={tmp_path}/run")
    assert train(*flags) == 0
    stages = tmp_path / "run" / "stages"
    (stages / "turing_invert.json").write_text("[]")
    (stages / "turing_invert-robust" / "out_of_time.json").unlink()
    (tmp_path / "run" / "results.json").unlink()
    capsys.readouterr()
    assert train(*flags) == 1
    assert "holds other instances than the task has now" in capsys.readouterr().err


def test_of_every_method_there_are_all_thirteen_tasks() -> None:
    every = stages(ExperimentConfig("terpret"))
    assert len(TASKS) == 13 and len(every) == 13 * 5
    assert {name.rpartition("-")[2] for name in every} == {
        *("exact", "terpret", "robust", "cyclic", "search")
    }
    chosen = stages(ExperimentConfig("terpret", learners=",".join(METHODS), tasks="parity_chain"))
    assert list(chosen) == [f"parity_chain-{method}" for method in METHODS]
    assert every["turing_invert-robust"].restarts == RESTARTS == 100


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_a_gradient_has_the_instances_of_the_solver(task: Task, tmp_path: Path) -> None:
    (tmp_path / "data.json").write_text(data_text(task))
    batches = read_data(tmp_path / "data.json", check_model(built_in_path(task.model), task.hypers))
    sizes = {batch.name: len(next(iter(batch.arrays.values()))) for batch in batches}
    held_out = {"test": len(task.held_out())} if task.held_out() else {}
    assert sizes == {"train": len(task.training), **held_out}


def test_a_restart_counts_that_is_right_on_all_instances() -> None:
    run = run_of(restart(0, True, 1.0), restart(1, True, 0.999), restart(2, False, 0.0))
    assert [one.restart for one in general(run)] == [0]
    alone = run_of(restart(0, True, 0.5), unseen=False)
    assert len(general(alone)) == 1
    lines = table(turing_invert__robust=RunStageResult(run=run, accuracy_on_images={}))
    assert row(lines, "turing_invert")[6:] == ["1 of 3", "Sketch"]
    assert row(lines, "turing_invert-robust")[1:4] == ["1 of 3", "0.06 to 0.79", "2 of 3"]


def test_the_table_says_what_was_proved_and_what_was_not_found_in_time() -> None:
    shift = Measured("circuit_shift", "found", 0.104, 1, 1, "none", 0.02)
    adder = Measured("circuit_two_bit_adder", "undecided", 600.2, 0, 5, "undecided", 600.1)
    lines = table(
        circuit_shift__exact=ExactStageResult(measured=shift),
        circuit_two_bit_adder__exact=ExactStageResult(measured=adder),
        circuit_shift__search=CutStageResult(
            seconds=600.0, restarts=20, examples=70, wanted=700, told="solved 3/20"
        ),
    )
    wanted = ["0.10", "1 of 1", "0.02", "not in 600 s", "Sketch; FMGD 0 of 2,400"]
    assert row(lines, "circuit_shift")[3:] == wanted
    wanted = ["undecided in 600 s", "", "undecided in 600 s", "not run", "Sketch"]
    assert row(lines, "circuit_two_bit_adder")[3:] == wanted
    told = row(lines, "circuit_shift-search")
    assert told[4:] == ["70 of 700", "600", "out of time: of 20 restarts solved 3/20"]
