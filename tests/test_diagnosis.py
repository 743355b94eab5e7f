"""Why a run found nothing, each cause in a tiny model with such data, and what to try next."""

import dataclasses
import json
import re
import shlex
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from terpret.runs import diagnosis
from terpret.runs.config import Config
from terpret.runs.next_command import next_command
from terpret.runs.records import read_results
from terpret.runs.results import Diagnosis, RunResult
from tests.commands import evaluate, run_eagerly, train
from tests.small_runs import MODEL

CONSTANT = "x = Input(3)\ny = Output(3)\np = Param(3)\ny.set_to(p)\n"
GIVEN = "x = Input(3)\ny = Output(3)\nunused = Param(3)[4]\ny.set_to(x)\n"
READS = """img = InputTensor(2)
y = Output(2)


@Learn([Vector(2)], 2, hid_sizes=[4])
def net(a):
    pass


y.set_to(net(img))
"""
NUMBERS = """img = InputTensor(3)
out = OutputTensor(2)


@Learn([Vector(3)], Vector(2), hid_sizes=[4])
def net(a):
    pass


out.set_to(net(img))
"""
RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.random((40, 2)).round(3)
# Updates of so small a model take most of a test's time.
FEW = ("--restarts=2", "--noxla", "--preset=terpret-custom")


def sums(count: int, shift: int = 3) -> list[dict]:
    """What the program `x[1] + shift` gives."""
    return [{"x": [k, 9 - k], "y": (9 - k + shift) % 10} for k in range(count)]


def learned(
    folder: Path, model: str, training: Sequence[dict], *flags: str, test: Sequence[dict] = ()
) -> RunResult:
    """A run on these instances."""
    batches = [{"batch_name": "train", "hypers": "c", "instances": list(training)}]
    if test:
        batches.append({"batch_name": "test", "hypers": "c", "instances": list(test)})
    (folder / "mine.py").write_text(model)
    (folder / "data.json").write_text(json.dumps(batches))
    files = f"--model={folder / 'mine.py'}", f"--data={folder / 'data.json'}"
    with run_eagerly():
        assert train(*FEW, *files, f"--workdir={folder / 'run'}", *flags) == 0
    results = read_results(str(folder / "run" / "results.json"))
    assert results is not None
    return results


@pytest.fixture
def any_length(monkeypatch: pytest.MonkeyPatch) -> None:
    """No run is called short, so that tests need not be long."""
    monkeypatch.setattr(diagnosis, "SHORT", 0)


def reasons(results: RunResult) -> tuple[str, ...]:
    assert results.diagnosis is not None
    return results.diagnosis.reasons


@pytest.mark.usefixtures("any_length")
def test_labels_that_contradict_each_other_are_counted_and_named(tmp_path: Path) -> None:
    training = [*sums(3), {"x": [1, 8], "y": 7}]
    found = learned(tmp_path, MODEL, training, "--examples=40")
    assert reasons(found)[0] == (
        "labels contradict each other in 2 of 4 training instances, so no program gives them all: "
        "instances 1 and 3 have x=[1, 8], and y is 1 and 7 (instances count from 0)"
    )
    assert found.diagnosis is not None and not found.diagnosis.changes


@pytest.mark.usefixtures("any_length")
def test_programs_that_are_stuck_are_held_against_one_answer_and_the_command_can_be_pasted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    training = [{"x": k % 3, "y": k % 3} for k in range(6)]
    found = learned(tmp_path, CONSTANT, training, "--examples=60")
    told = r"programs are stuck: the best gets 0\.3\d of 200 training examples right, and always "
    assert re.match(told + r"saying y=\d gets 0\.3\d$", reasons(found)[0])
    assert found.diagnosis is not None and found.diagnosis.changes == {"preset": "robust"}
    command = (
        "python train.py --model=./mine.py --data=data.json --restarts=2 --examples=60 --noxla "
        "--workdir=run-2"
    )
    printed = capsys.readouterr().out
    for line in ("why nothing was found:", f"- {reasons(found)[0]}", "to try next:", command):
        assert f"{line}\n" in printed
    assert evaluate(tmp_path / "run", "markdown") == 0
    assert f"\n`{command}`\n" in capsys.readouterr().out
    with run_eagerly():
        assert train(*shlex.split(command)[2:]) == 0
    again = read_results("run-2/results.json")
    assert again is not None and again.diagnosis is not None
    assert again.diagnosis.changes == {"preset": "cyclic"}
    assert again.diagnosis.command.endswith("--workdir=run-2-2")


@pytest.mark.usefixtures("any_length")
def test_programs_that_are_right_in_part_are_told_from_stuck_ones(tmp_path: Path) -> None:
    training = [{"x": 0, "y": 0}, {"x": 1, "y": 1}, {"x": 2, "y": 2}, {"x": 3, "y": 2}]
    found = learned(tmp_path, GIVEN.replace("(3)\n", "(4)\n"), training, "--examples=8")
    assert reasons(found) == (
        "the best restart gets 0.75 of 200 training examples right, more than always saying y=2 "
        "(0.50), and none gets all: each has a part of the program, or labels are wrong",
    )


@pytest.mark.usefixtures("any_length")
def test_instances_that_do_not_decide_are_seen_by_the_test(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    training, test = [{"x": 0, "y": 0}, {"x": 1, "y": 1}] * 2, [{"x": 2, "y": 0}] * 2
    found = learned(tmp_path, GIVEN, training, "--examples=8", test=test)
    assert len(found.correct_restarts) == 2
    assert reasons(found)[0].endswith(
        "of 2 restarts give all of 2 distinct training instances, and the best gives 0.00 of the "
        "test's: the training instances do not decide; they are too few, for their labels are 3 "
        "bits at most, and there are 8.1e+01 programs, which take 6; give more of them"
    )
    printed = capsys.readouterr().out
    assert "why it is not decided which program is right:\n" in printed
    assert "once the data are mended:\n" in printed
    test = [{"x": 2, "y": 2}]
    right = learned(tmp_path, GIVEN, training, "--examples=8", "--overwrite", test=test)
    assert len(right.correct_restarts) == 2 and right.diagnosis is None
    assert "why " not in capsys.readouterr().out


@pytest.mark.usefixtures("any_length")
def test_networks_that_say_the_same_of_all_images_are_told(tmp_path: Path) -> None:
    training = [{"img": i.tolist(), "y": int(k == 7)} for k, i in enumerate(IMAGES)]
    found = learned(tmp_path, READS, training, "--examples=400", "--method=network_rate=0.1")
    assert reasons(found)[-1] == (
        "in 2 of 2 restarts a network says the same of more than 90% of the images, so programs "
        "have nothing to go by"
    )
    assert found.diagnosis is not None
    assert found.diagnosis.changes == {"preset": "robust", "method": {}}
    assert "--method" not in found.diagnosis.command


@pytest.mark.usefixtures("any_length")
def test_networks_that_learn_still_are_given_more_examples(tmp_path: Path) -> None:
    # One label is wrong, so that they cannot be done.
    sides = [(k % 2, [1 + k, 0] if k % 2 else [0, 1 + k]) for k in range(24)]
    training = [{"img": i, "y": y if k else 1 - y} for k, (y, i) in enumerate(sides)]
    training = [{**one, "img": [v / 24 for v in one["img"]]} for one in training]
    flags = "--examples=960", "--method=network_rate=0.02"
    found = learned(tmp_path, READS, training, *flags)
    assert reasons(found)[0] == "the loss was falling still when the examples were used up"
    assert found.diagnosis is not None and found.diagnosis.changes == {"examples": 1920}
    assert "--method=network_rate=0.02" in found.diagnosis.command


def test_few_updates_and_few_images_are_told(tmp_path: Path) -> None:
    training = [{"img": i.tolist(), "y": k % 2} for k, i in enumerate(IMAGES[:6])]
    found = learned(tmp_path, READS, training, "--examples=12")
    assert reasons(found)[:2] == (
        "12 examples are 2 updates for each restart, and preset terpret-custom is made for 1,000",
        "networks learn from 6 images of 6 training instances: to tell 2 labels apart takes 20 at "
        "least",
    )
    assert found.diagnosis is not None and found.diagnosis.changes == {"examples": 6000}


def test_a_loss_that_is_no_number_is_answered_by_lower_rates(tmp_path: Path) -> None:
    training = [{"img": [k, 1, 0], "out": [k, 2]} for k in range(3)]
    own = "--method=network_rate=1000,clip=0,optimiser=sgd"
    found = learned(tmp_path, NUMBERS, training, "--examples=60", own)
    assert reasons(found) == (
        "the loss of 2 of 2 restarts is no number: the rates are too high, or numbers in the data "
        "far too large",
    )
    assert found.diagnosis is not None
    assert "network_rate=100.0," in found.diagnosis.command


def test_a_command_has_the_settings_that_are_not_as_everywhere() -> None:
    config = Config(
        model="mine.py",
        data="two words.json",
        hypers={"T": 3},
        restarts=5,
        shard="2/4",
        refill=True,
        stop_after_solved=9,
        method={"gumbel": 0.0, "anneal": False},
    )
    given = next_command(config, {"examples": 80}, "run/shard-2-of-4", "terpret train --restarts=5")
    assert shlex.split(given) == [
        *("terpret", "train", "--model=mine.py", "--data=two words.json", "--hypers=T=3"),
        *("--restarts=5", "--shard=2/4", "--refill", "--examples=80", "--stop_after_solved=9"),
        *("--method=gumbel=0.0,anneal=false", "--workdir=run-2"),
    ]
    # Without refilling no more begin than are asked for.
    assert "--restarts=9" in next_command(config, {"refill": False}, "run/shard-2-of-4")


def test_a_diagnosis_is_read_back_and_older_results_have_none(tmp_path: Path) -> None:
    old = json.loads(Path("tests/data/old_results.json").read_text())
    results = RunResult.from_json(old)
    assert results.diagnosis is None
    told = Diagnosis(reasons=("a",), changes={"restarts": 40}, command="python train.py")
    results = dataclasses.replace(results, diagnosis=told)
    assert RunResult.from_json(json.loads(json.dumps(results.to_json()))) == results


@pytest.mark.usefixtures("any_length")
def test_too_few_images_are_told_by_the_test(tmp_path: Path) -> None:
    """What is right of the training examples alone was learned by heart."""
    training = [{"img": IMAGES[k].tolist(), "y": k % 2} for k in range(2)]
    test = [{"img": IMAGES[k].tolist(), "y": 1 - k % 2} for k in range(2)]
    quick = "--method=network_rate=0.05"
    found = learned(tmp_path, READS, training, "--examples=160", quick, test=test)
    assert found.best_restart.discrete_accuracy == 0.0
    assert any("2 distinct training examples are too few" in one for one in reasons(found))
