"""A scenario from outside is registered, then trained, printed, drawn and evaluated like ours."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from matplotlib.figure import Figure

from experiments.config import TaskConfig
from experiments.scenarios import registry
from experiments.scenarios.registry import register, scenario_named
from terpret import CompiledModel, Program
from terpret.data.streams import draws
from terpret.data.test_set import TestSet
from terpret.discrete.listing import Listing
from terpret.language.checked import CheckedModel
from terpret.learning.task import Symbols, Task
from terpret.runs.scenario import PLAIN, Scenario, Study
from tests.commands import evaluate, train

# Which of two numbers, and how much is added to it.
MODEL = """x = Input(4)[2]
y = Output(4)
which = Param(2)
shift = Param(4)


@Runtime([4, 4], 4)
def Add(a, b):
    return (a + b) % 4

with which as w:
    y.set_to(Add(x[w], shift))
"""
SHIFT = 3


def answers(x: np.ndarray) -> np.ndarray:
    return (x[..., 1] + SHIFT) % 4


def toy_study(config: TaskConfig, checked: CheckedModel) -> Study:
    every = np.array([(a, b) for a in range(4) for b in range(4)], np.int32)
    labels = {"y": answers(every)}

    def batches(seed: int, size: int, start: int, _: int) -> tf.data.Dataset:
        def batch(number: tf.Tensor) -> dict[str, tf.Tensor]:
            numbers = start + number * size + tf.range(size, dtype=tf.int64)
            x = tf.cast(draws(seed, numbers, 2, 4), tf.int32)
            return {"x": x, "y": (x[:, 1] + SHIFT) % 4}

        return tf.data.Dataset.counter(dtype=tf.int64).map(batch)

    task = Task(
        name="shifted",
        batches=batches,
        test_set=TestSet({"x": every}, labels, {}),
        tested_on="all 16 pairs",
        symbols=Symbols({"x": every}, ({},), labels),
        images={},
        sources={"pairs": "made for this test"},
    )

    def further(model: CompiledModel, row: int) -> dict[str, object]:
        return {"shift": int(model.program(row).values["shift"])}

    def pictures(model: CompiledModel, row: int) -> dict[str, Figure]:
        return {"toy": Figure((1, 1))}

    def films(model: CompiledModel, row: int) -> dict[str, Iterator[Figure]]:
        return {"toy": (Figure((1, 1)) for _ in range(2))}

    return Study(task, further, pictures, films)


def toy_code(program: Program) -> str:
    return f"y = x[{program.values['which']}] + {program.values['shift']}"


TOY = Scenario(
    name="toy",
    listing=Listing(code=toy_code, lines=lambda program: [toy_code(program)], distinct=lambda _: 4),
    study=toy_study,
    published={"shifted": 0.5},
    published_in="Figure 0",
    tables=lambda further, style: f"it adds {further['shift']}" if "shift" in further else "",
)


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(registry, "SCENARIOS", dict(registry.SCENARIOS))
    register(TOY)
    path = tmp_path / "toy.py"
    path.write_text(MODEL)
    return f"--model={path}"


def test_a_scenario_from_outside_is_trained_printed_drawn_and_evaluated(
    model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    workdir = tmp_path / "run"
    small = ("--restarts=3", "--examples=2000", "--batch_size=20", "--noxla")
    assert train(model, *small, f"--workdir={workdir}", "--check_every=500") == 0
    told = capsys.readouterr().out
    assert "8.0e+00 parameter assignments, 4.0e+00 distinct programs" in told
    assert "task shifted" in told and "pairs: made for this test" in told
    assert "y = x[1] + 3" in told and "it adds 3" in told
    assert "published  (Figure 0)" in told and "test accuracy on all 16 pairs" in told
    assert (workdir / "program.txt").read_text() == "y = x[1] + 3\n"
    results = json.loads((workdir / "results.json").read_text())
    assert results["further"] == {"shift": 3, "published": 0.5}

    assert evaluate(workdir, plots=True) == 0
    again = capsys.readouterr().out
    assert "y = x[1] + 3" in again and "it adds 3" in again and "(Figure 0)" in again
    drawn = {path.name for path in (workdir / "plots").iterdir()}
    assert {"loss.png", "toy.png", "toy.gif"} <= drawn


def test_flags_that_say_nothing_to_it_are_refused(
    model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(model, "--digits=embedded", f"--workdir={tmp_path / 'run'}") == 1
    assert "--digits: not with --model" in capsys.readouterr().err


def test_what_has_no_task_is_told_which_have_one(model: str) -> None:
    assert scenario_named("toy").name == "toy"
    remedy = scenario_named("turing").remedy
    assert remedy.startswith("give --data=FILE.json, or train add2x2_model or ")
    assert remedy.endswith(" or toy")
    assert scenario_named("nobody").study is None is PLAIN.study
