"""MNIST-addition: pairs of images used once, programs verified on symbols, and the experiment."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from datasets.digits import load_digits
from datasets.mnist_addition import additions, sums_of
from datasets.pools import ImagePool
from experiments.config import ExperimentConfig
from experiments.mnist_addition import experiment
from experiments.mnist_addition.report import tables
from experiments.scenarios.mnist_addition.task import addition_study
from ntpt_models import shipped_path, source_lines
from terpret import check_model, compile_model, program_of
from terpret.discrete.program import Program
from terpret.errors import DataError
from terpret.runs.records import read_results
from tests.commands import evaluate, train

RIGHT = {
    "first_op": 0,
    "first_arg": 0,
    "second_arg": 1,
    "second_op": 0,
    "third_arg": 2,
    "written": 0,
    "handed_on": 1,
    "start": 0,
    "before_last": 2,
}


@pytest.fixture(scope="module")
def pool() -> ImagePool:
    return load_digits("embedded").train


def learned(**other: int) -> Program:
    model = check_model(shipped_path("mnist_addition_learned"), {"N": 2})
    return program_of(model, {**RIGHT, **other})


def test_sums_carry_from_digit_to_digit() -> None:
    numbers = np.array([[[9, 9, 0], [1, 0, 0]], [[5, 4, 3], [5, 5, 6]]])
    assert sums_of(numbers).tolist() == [[0, 0, 1, 0], [0, 0, 0, 1]]


def test_every_image_is_in_one_pair_alone(pool: ImagePool) -> None:
    found = additions(pool, 2, seed=3)
    used = np.concatenate([found["a_index"].ravel(), found["b_index"].ravel()])
    assert len(used) == len(np.unique(used)) == len(pool) // 4 * 4
    digits = np.stack([pool.labels[found[f"{name}_index"]] for name in "ab"], 1)
    assert (sums_of(digits) == found["total"]).all()
    with pytest.raises(DataError, match="do not make two numbers of 800 digits"):
        additions(pool, 800, seed=0)


def test_a_learned_program_reads_as_source_code() -> None:
    assert source_lines(learned()) == [
        "HANDED = 0",
        "# each column, the lowest first:",
        "FIRST = ADD(LEFT, RIGHT)",
        "SECOND = ADD(FIRST, HANDED)",
        "write LOW(SECOND)",
        "HANDED = HIGH(SECOND)",
        "# after the last column:",
        "write HANDED",
    ]


@pytest.mark.parametrize(
    ("other", "right"),
    [
        ({}, True),
        ({"first_arg": 1, "second_arg": 0}, True),
        ({"start": 1}, False),
        ({"handed_on": 2}, False),
        ({"before_last": 0}, False),
        ({"second_arg": 0}, False),
    ],
)
def test_a_program_is_correct_when_it_adds_numbers_of_any_length(
    other: dict[str, int], right: bool
) -> None:
    program = learned(**other)
    study = addition_study(program.model, load_digits("embedded"), seed=0)
    shares = study.task.verify(program)
    assert all(share == 1.0 for share in shares.values()) == right
    assert len(shares) == (2 if right else 1)


def test_the_model_is_compiled_for_any_number_of_sums() -> None:
    model = compile_model(shipped_path("mnist_addition_learned"), {"N": 2})
    images = {name: tf.TensorSpec([None, 2, 28, 28], tf.float32) for name in "ab"}
    traced = tf.function(model.emit_marginals).get_concrete_function(images)
    assert traced.structured_outputs["total"].shape.as_list() == [1, None, 3, 10]


@pytest.mark.usefixtures("eagerly")
def test_the_experiment_ends_in_the_table_of_the_field(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    flags = ["--experiment=mnist_addition", "--digits=embedded", "--noxla", "--restarts=2"]
    flags += ["--examples=16", "--learners=given-4,learned-2", f"--workdir={tmp_path}/run"]
    assert train(*flags) == 0
    shown = capsys.readouterr().out
    assert "A-NeSI" in shown and "here, program given" in shown and "2 of 2" in shown
    assert train(*flags) == 0 and "is done already" in capsys.readouterr().out
    assert evaluate(tmp_path / "run", "markdown") == 0
    assert "| DeepStochLog | 97.9±0.1 | 96.4±0.1 | 92.7±0.6 | timeout |" in capsys.readouterr().out
    config = ExperimentConfig(
        "mnist_addition", restarts=2, examples=16, learners="given-4,learned-2"
    )
    found = experiment.results_of(config, str(tmp_path / "run"))
    assert [one.root_seed for one in found.stages["given-4"].runs] == [0, 1]
    assert "N=15" in tables(found, "text")
    (one, other), folder = found.stages["learned-2"].runs, tmp_path / "run/stages/learned-2"
    assert one.run.networks_from["task"] == other.run.networks_from["task"] == "addition"
    first = read_results(str(folder / "seed-0-first/results.json"))
    assert first is not None and len(first.restarts) == 16 and one.run.seconds > first.seconds
