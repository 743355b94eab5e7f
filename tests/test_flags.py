"""Flags of train.py and evaluate.py: what would be ignored, and what is no value, is refused."""

import dataclasses
import json
from pathlib import Path

import pytest
from absl import flags
from absl.testing import flagsaver

import train as train_script
from experiments.command.rules import refuse_unread_data_dir
from experiments.config import ExperimentConfig, TaskConfig
from terpret.command import arguments
from terpret.errors import RunError
from terpret.runs.config import read_config
from tests.commands import evaluate, run, train

XY = "x = Input(3)\ny = Output(3)\np = Param(3)\ny.set_to(p)\n"
INSTANCES = [{"x": 1, "y": 2}] * 4
TINY = ["--restarts=2", "--examples=40", "--batch_size=4", "--noxla"]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "xy.py").write_text(XY)
    batch = {"batch_name": "train", "hypers": "T2_L5", "instances": INSTANCES}
    (tmp_path / "xy.json").write_text(json.dumps([batch]))
    return tmp_path


OWN = ["--model=xy.py", "--data=xy.json", "--workdir=run"]
DATA = "not with --data, which is the task"
NONE = "whose task has none"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([*OWN, "--task=top"], f"--task: {DATA}"),
        ([*OWN, "--task=top", "--digits=auto"], f"--task and --digits: {DATA}"),
        ([*OWN, "--operators=embedded"], f"--operators: {DATA}"),
        ([*OWN, "--signs=embedded"], f"--signs: {DATA}"),
        ([*OWN, "--data_dir=."], f"--data_dir: {DATA}"),
        ([*OWN, "--distinct_grids=5"], f"--distinct_grids: {DATA}"),
        ([*OWN, "--nets_at_least=0.5"], f"--nets_at_least: {DATA}"),
        ([*OWN, "--freeze_nets=0"], "--freeze_nets: xy.py has no networks"),
        ([*OWN, "--init_nets=run"], "--init_nets: xy.py has no networks"),
        ([*OWN, "--save_nets=nets.npz"], "--save_nets: xy.py has no networks"),
        ([*OWN, "--learners=robust"], "--learners: only with --experiment"),
        (
            [*OWN, "--restarts=2", "--stop_after_solved=3"],
            "--stop_after_solved=3: there are only --restarts=2, and without --refill no more "
            "begin",
        ),
        (
            ["--model=maze_model.py", "--digits=mnist", "--task=top"],
            f"--task and --digits: not with --model=maze_model.py, {NONE}",
        ),
        (["--signs=gtsrb"], f"--signs: not with --model=add2x2_model.py, {NONE}"),
        (["--operators=auto"], f"--operators: not with --model=add2x2_model.py, {NONE}"),
        (
            ["--model=math_model.py", "--task=top"],
            f"--task: not with --model=math_model.py, {NONE}",
        ),
        (["--nets_at_least=0.9"], "--nets_at_least: only with --stop_after_solved=1 or more"),
        (
            ["--hypers=hypers.json"],
            "--hypers=hypers.json is for the batches of a data file: give it by --data, or write "
            "--hypers=NAME=INTEGER",
        ),
        (
            ["--digits=embedded", "--data_dir=."],
            "--data_dir: nothing is read there with --digits=embedded",
        ),
        (
            ["--experiment=mazes", "--signs=embedded", "--data_dir=."],
            "--data_dir: nothing is read there with --signs=embedded",
        ),
        (
            ["--experiment=math", "--learners=robust,lstm-images", "--filters=8"],
            "--filters: not with --learners=robust,lstm-images",
        ),
        (["--experiment=mazes", "--digits=mnist"], "--digits: not with --experiment=mazes"),
        (["--hypers=T=5,T=6"], "--hypers gives 'T' twice: give it once"),
        (["--hypers=T=6.0"], "--hypers has 'T=6.0': write NAME=INTEGER,NAME=INTEGER"),
        (["--hypers=T=1e3"], "--hypers has 'T=1e3': write NAME=INTEGER,NAME=INTEGER"),
        (["--hypers=T="], "--hypers has 'T=': write NAME=INTEGER,NAME=INTEGER"),
        (["--hypers==5"], "--hypers has '=5': write NAME=INTEGER,NAME=INTEGER"),
        (["--hypers=T"], "--hypers has 'T': write NAME=INTEGER,NAME=INTEGER"),
        (["--hypers=T=6;NUM_NETS=1"], "--hypers has 'T=6;NUM_NETS=1': write NAME=INTEGER,"),
        (["--hypers=T=1_000"], "--hypers has 'T=1_000': write NAME=INTEGER,NAME=INTEGER"),
        (["--hypers=t=6"], "has no hyper 't'; did you mean 'T'?"),
    ],
)
def test_what_would_be_ignored_is_refused(
    here: Path, given: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(*given) == 1
    told = capsys.readouterr().err
    assert message in told
    assert told.startswith("error: ") and told.count("\n") == 1
    assert sorted(path.name for path in here.iterdir()) == ["xy.json", "xy.py"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["--seed=1", "--seed=2"], "--seed is given as 1 and as 2: give it once"),
        (["--seed", "1", "-seed", "3"], "--seed is given as 1 and as 3: give it once"),
        (["--xla", "--noxla"], "--xla is given as true and as false: give it once"),
        (["--task=top", "--task=left"], "--task is given as top and as left: give it once"),
        (["--data="], "--data is empty: give it a value, or leave it out"),
        (["--workdir", ""], "--workdir is empty: give it a value, or leave it out"),
        (["--seed=-1"], "flag --seed=-1: this is not an integer from 0 to 9,007,199,254,740,992"),
        (["--seed=2**70"], "flag --seed=2**70: this is not an integer from 0 to 9,007,"),
        (["--seed=1180591620717411303424"], "this is not an integer from 0 to 9,007,199,254,"),
        (["--restarts=10001"], "flag --restarts=10001: this is not an integer from 1 to 10,000"),
        (["--restarts=1e2"], "flag --restarts=1e2: this is not an integer from 1 to 10,000"),
        (["--examples=1000000000000000000"], "is not an integer from 0 to 1,000,000,000,000"),
        (["--batch_size=1000000000"], "this is not an integer from 0 to 1,000,000"),
        (["--max_nodes=0"], "flag --max_nodes=0: this is not an integer from 1 to 1,000,000,000"),
        (["--check_every=0"], "flag --check_every=0: this is not an integer from 1 to 1,000,"),
        (["--checkpoint_seconds=nan"], "this is not a number from 0 to 1,000,000,000"),
        (["--checkpoint_seconds=-0.0"], "this is not a number from 0 to 1,000,000,000"),
        (["--baseline_seconds=inf"], "this is not a number from 0 to 1,000,000,000"),
        (["--nets_at_least=nan"], "flag --nets_at_least=nan: this is not a number from 0 to 1"),
    ],
)
def test_what_is_no_value_is_refused_with_status_2(
    given: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with flagsaver.flagsaver():
        assert arguments.called(lambda _: 0, ["train.py", *given]) == 2
    told, help = capsys.readouterr().err.splitlines()
    assert message in told and told.startswith("error: ")
    assert help == "help: train.py --help lists the flags"


def test_the_same_value_twice_is_no_mistake() -> None:
    with flagsaver.flagsaver():
        line = ["train.py", "--seed=1", "--seed=1", "--checkpoint_seconds=0"]
        assert arguments.called(lambda _: 0, line) == 0
        assert train_script.FLAGS.seed == 1


@pytest.mark.parametrize(
    ("given", "means"),
    [
        (["--restart"], True),
        (["-restart", "--restart"], True),
        (["--restart=true"], True),
        (["--norestart"], False),
        (["--restart=false", "--nooverwrite"], False),
    ],
)
def test_the_old_name_of_a_flag_works_and_says_the_new_one(
    given: list[str], means: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    with flagsaver.flagsaver():
        assert arguments.called(lambda _: 0, ["train.py", *given]) == 0
        assert train_script.FLAGS.overwrite is means
        assert train_script.FLAGS["overwrite"].present
    told = capsys.readouterr()
    assert told.err == "warning: --restart is called --overwrite now: write that\n"
    assert told.out == ""


def test_a_switch_with_another_value_is_refused_in_words(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with flagsaver.flagsaver():
        assert arguments.called(lambda _: 0, ["train.py", "--xla=3"]) == 2
    assert capsys.readouterr().err.startswith(
        "error: flag --xla=3: this is neither true nor false\n"
    )


def test_a_script_without_the_flag_knows_no_old_name_of_it() -> None:
    done = run("evaluate.py", "--restart")
    assert done.returncode == 2
    assert done.stderr.startswith("error: Unknown command line flag 'restart'")


def test_the_new_name_of_a_flag_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with flagsaver.flagsaver():
        line = ["train.py", "--overwrite", "--restarts=3", "--workdir=--restart"]
        assert arguments.called(lambda _: 0, line) == 0
        assert train_script.FLAGS.overwrite and train_script.FLAGS.restarts == 3
        assert train_script.FLAGS.workdir == "--restart"
    assert capsys.readouterr().err == ""


def test_an_old_name_that_says_the_opposite_of_the_new_one_is_refused(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with flagsaver.flagsaver():
        line = ["train.py", "--restart", "--nooverwrite"]
        assert arguments.called(lambda _: 0, line) == 2
    assert "--overwrite is given as true and as false" in capsys.readouterr().err


def test_a_flag_reaches_the_setting_of_its_name() -> None:
    """Whatever a config is made of: its flags' defaults are values that it may have."""
    from experiments.command.experiment import experiment_config_of
    from experiments.command.training import config_of

    with flagsaver.flagsaver():
        train_script.FLAGS(["train.py", "--restarts=3", "--max_nodes=77", "--seed=9"])
        config = config_of(train_script.FLAGS)
    assert (config.restarts, config.max_nodes, config.seed) == (3, 77, 9)
    assert config == TaskConfig(
        model="add2x2_model.py", task="right", restarts=3, max_nodes=77, seed=9
    )
    assert read_config(dataclasses.asdict(config), [TaskConfig]) == config
    with flagsaver.flagsaver():
        train_script.FLAGS(["train.py", "--experiment=mazes", "--seed=9", "--noxla"])
        config = experiment_config_of(train_script.FLAGS)
    wanted = ExperimentConfig("mazes", distinct_grids=10_000, seed=9, xla=False)
    assert config == wanted
    stored = dataclasses.asdict(config)
    assert read_config(stored, [TaskConfig, ExperimentConfig]) == config
    # As it was stored before MATH was there.
    older = {name: stored[name] for name in stored if name not in ("filters", "signs")}
    assert read_config(older, [ExperimentConfig]) == config
    for name, value in (("experiment", "nobody"), ("restarts", -1), ("xla", 0), ("signs", None)):
        with pytest.raises(RunError):
            read_config({**stored, name: value}, [ExperimentConfig])


def test_every_flag_is_thought_of() -> None:
    """A flag that is added to train.py is one that always says something, or one of the tables."""
    from experiments.command import rules

    always = {
        "experiment",
        "restarts",
        "examples",
        "batch_size",
        "seed",
        "workdir",
        "check_every",
        "checkpoint_seconds",
        "xla",
        "cache",
        "overwrite",
        "data_dir",
    }
    tables = {*rules.SINGLE, *rules.SOME, *rules.EXPERIMENT}
    of_train = {flag.name for flag in flags.FLAGS.get_key_flags_for_module("train")}
    assert of_train == always | tables


def test_evaluate_refuses_a_data_dir_that_nothing_is_read_from(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(*OWN, *TINY) == 0
    capsys.readouterr()
    config = read_config(json.loads((here / "run" / "config.json").read_text()), [TaskConfig])
    with pytest.raises(RunError, match="--data_dir: the run learned from a data file"):
        refuse_unread_data_dir(config, measured=True)
    with pytest.raises(RunError, match="--data_dir: nothing is measured again"):
        refuse_unread_data_dir(config, measured=False)
    assert evaluate(here / "run") == 0


def test_the_hypers_in_force_are_shown(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "t.py").write_text(XY.replace("x = ", "T = Hyper(2)\nL = Hyper(5)\nx = "))
    own = ["--model=t.py", "--data=xy.json", "--workdir=run", *TINY]
    assert train(*own, "--hypers=T=4") == 0
    told = capsys.readouterr()
    assert "hypers: T=4,L=5\n" in told.out
    assert (
        f"warning: {here / 'xy.json'} names T2_L5, but no hypers file says what that is: T=4,L=5 "
        "holds for all batches\n"
    ) in told.err
    assert json.loads((here / "run" / "results.json").read_text())["hypers"] == {"T": 4, "L": 5}
    assert evaluate(here / "run") == 0
    assert "hypers: T=4,L=5\n" in capsys.readouterr().out


def test_hypers_of_a_file_that_a_model_does_not_declare(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "t.py").write_text(XY.replace("x = ", "T = Hyper(2)\nnumCells = Hyper(5)\nx = "))
    own = ["--model=t.py", "--data=xy.json", "--hypers=h.json", *TINY]
    for wrong, right in (("t", "T"), ("numCell", "numCells"), ("NUMCELLS", "numCells")):
        (here / "h.json").write_text(json.dumps({"T2_L5": {wrong: 3}}))
        assert train(*own, "--workdir=wrong") == 1
        assert capsys.readouterr().err == (
            f"error: {here / 't.py'} has no hyper '{wrong}'; did you mean '{right}'?\n"
        )
    assert not (here / "wrong").exists()
    (here / "h.json").write_text(json.dumps({"T2_L5": {"T": 3, "speed": 1, "colour": 2}}))
    assert train(*own, "--workdir=run") == 0
    told = capsys.readouterr()
    surplus = f"warning: {here / 'h.json'} gives speed, colour, which the model does not declare\n"
    assert surplus in told.err
    assert "hypers: T=3,numCells=5\n" in told.out
