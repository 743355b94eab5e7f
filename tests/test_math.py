"""MATH: what is verified, how accuracy falls with length, traces, and the first stage."""

import dataclasses
import functools
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from matplotlib.figure import Figure

from datasets.composing import Stream, batches
from datasets.digits import load_digits
from datasets.math import scene, symbol_pool
from datasets.operators import load_operators
from datasets.pools import ImagePool
from experiments.config import TaskConfig
from experiments.scenarios.math import first_stage, symbolic
from experiments.scenarios.math.lengths import (
    accuracy_by_length,
    measured_on_images,
    program_on_images,
)
from experiments.scenarios.math.scenario import MATH as SCENARIO
from experiments.scenarios.math.symbolic import (
    labels_of,
    model_of_length,
    random_symbols,
    symbols_of_length,
    verification,
)
from experiments.scenarios.math.tables import lengths_table
from experiments.scenarios.math.task import length_of, math_task
from experiments.scenarios.math.trace import trace_of
from experiments.scenarios.math.trace_figure import trace_figure
from terpret import CompiledModel, ModelError, Program, check_model, compile_model, program_of
from terpret.core.nodes import Contract, topological
from terpret.errors import RunError
from terpret.files import own_files
from terpret.files.lock import LOCK
from terpret.learning.network_file import load_networks, save_networks
from terpret.runs import run_folder
from terpret.runs.prepared import ready_study
from terpret.runs.results import RestartResult, RunResult
from terpret.runs.scenario import Scenario, Train
from terpret.runs.tables import verified
from tests.test_runs import CONFIG

MODEL = "ntpt_models/math_model.py"
LOOP = {
    "instr": [1, 1, 0],
    "args1": [0, 0, 2],
    "args2": [0, 0, 0],
    "args3": [0, 0, 1],
    "net_choice": [0, 1, 0],
    "goto_block": [2, 0, 1],
    "return_reg": 2,
}
# The same loop but for the order of what APPLY meets: right as long as nothing is subtracted.
SWAPPED = {**LOOP, "args1": [0, 0, 0], "args2": [0, 0, 2]}


def program(values: dict[str, object], length: int = 2) -> Program:
    hypers = {"N_TILES": 2 * length, "T": 3 * length}
    return program_of(check_model(MODEL, hypers), values)


@functools.cache
def test_pool() -> ImagePool:
    return symbol_pool(load_digits("embedded").test, load_operators("embedded").test)


test_pool.__test__ = False


@pytest.fixture(scope="module")
def learned() -> CompiledModel:
    """Two restarts with the loop and networks that know only what brightness tells."""
    model = compile_model(MODEL, restarts=2, seed=1)
    for name, value in LOOP.items():
        logits = model.param_logits[name]
        one_hot = 1000.0 * tf.one_hot(value, logits.shape[-1])
        logits.assign(tf.broadcast_to(one_hot, logits.shape))
    return model


def test_the_loop_is_verified_and_others_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(symbolic, "LONG", (3, 24))
    verify = verification(check_model(MODEL))
    found = verify(program(LOOP))
    assert found == {
        "all 400 expressions of 2 digits": 1.0,
        "2,000 random expressions of 3 to 24 digits": 1.0,
    }
    assert verify(program(LOOP)) is found
    wrong = verify(program(SWAPPED))
    assert list(wrong) == ["all 400 expressions of 2 digits"]
    assert 0 < wrong["all 400 expressions of 2 digits"] < 1
    # A longer model's program is the same program.
    assert verify(program(LOOP, 3)) is found


def test_all_400_expressions_of_two_digits_are_checked() -> None:
    symbols = symbols_of_length(2)
    assert len(symbols.answers["final_sum"]) == 400
    digits, operators = (symbols.label_assignments[0][name] for name in ("net_0", "net_1"))
    triples = zip(digits[:, 1], operators[:, 2], digits[:, 3], strict=True)
    assert len(set(triples)) == 400
    assert symbols.correct(program(LOOP))


@pytest.mark.parametrize(
    "change",
    [
        # Reads operators by the network of digits, and digits by that of operators.
        {"net_choice": [0, 0, 0]},
        {"net_choice": [1, 1, 0]},
        {"args3": [0, 0, 0]},
        {"return_reg": 0},
    ],
)
def test_labels_without_meaning_help_no_program(change: dict[str, object]) -> None:
    assert not symbols_of_length(2).correct(program({**LOOP, **change}))
    assert symbols_of_length(3).accuracy(program({**LOOP, **change}, 3)) < 1


def test_labels_are_right_where_they_mean_something_and_vary_elsewhere() -> None:
    symbols = random_symbols(5, 200, 0)
    first, second = (labels_of(symbols, seed) for seed in (1, 2))
    for labels in (first, second):
        np.testing.assert_array_equal(labels["net_0"][:, 1::2], symbols[:, 1::2])
        np.testing.assert_array_equal(labels["net_1"][:, 2::2], symbols[:, 2::2] - 10)
    assert np.mean(first["net_0"][:, ::2] == second["net_0"][:, ::2]) < 0.2
    assert np.mean(first["net_1"][:, 1::2] == second["net_1"][:, 1::2]) < 0.4
    assert np.mean(first["net_1"][:, 0] == second["net_1"][:, 0]) < 0.4


def test_hypers_that_fit_no_expression_are_refused() -> None:
    assert length_of(check_model(MODEL, {"N_TILES": 10, "T": 15})) == 5
    with pytest.raises(RunError, match="N_TILES=4,T=5 fits no expression"):
        length_of(check_model(MODEL, {"T": 5}))
    with pytest.raises(RunError, match="N digits need N_TILES=2N and T=3N"):
        length_of(check_model(MODEL, {"N_TILES": 5, "T": 9}))


def test_checking_may_take_more_steps_where_the_caller_says_so() -> None:
    with pytest.raises(ModelError, match="takes more than 1,000 steps to check"):
        check_model(MODEL, max_steps=1000)
    assert model_of_length(check_model(MODEL), 3).hypers["T"] == 9


def test_accuracy_at_every_length(learned: CompiledModel) -> None:
    rows = accuracy_by_length(learned, 1, test_pool(), [2, 7], 3000)
    assert [row["digits"] for row in rows] == [2, 7]
    for row in rows:
        assert row["true_labels"] == 1.0
        assert row["accuracy"] < 0.5
        assert abs(row["accuracy"] - row["simulated"]) < 0.05
    text = lengths_table({"lengths": rows})
    assert text.splitlines()[0].split() == [
        "digits",
        "accuracy",
        "simulated",
        "from",
        "confusions",
        "true",
        "labels",
    ]


@pytest.mark.parametrize("length", [2, 9])
def test_the_compiled_program_reads_images_at_any_length(
    length: int, learned: CompiledModel
) -> None:
    """It gives what the interpreter gives, where the networks are sure of their labels."""
    certain = compile_model(MODEL, restarts=1, seed=1)
    for name, logits in certain.param_logits.items():
        logits.assign(learned.param_logits[name][:1])
    for weights in certain.networks.values():
        weights.kernels[-1].assign(1e6 * weights.kernels[-1])
    compiled = program_on_images(certain, 0, length)
    assert compiled.param_logits == {}
    batch = next(iter(batches(scene(test_pool(), length), Stream(4, 50))))
    tiles = batch["tiles"].numpy()
    chosen = tf.argmax(compiled.marginals({"tiles": tiles})["final_sum"][0], -1)
    images = tiles.reshape(-1, 28, 28)
    labels = {
        name: certain.classify(name, images)[0].reshape(50, 2 * length) for name in certain.networks
    }
    np.testing.assert_array_equal(chosen, program(LOOP, length).run({}, labels)["final_sum"])


def test_a_long_program_is_a_line_of_small_tensors(learned: CompiledModel) -> None:
    """No product of its tables is made: 16 digits cost 16 times one, not thousands."""
    nodes = topological(program_on_images(learned, 0, 16).outputs.values())
    contractions = [node for node in nodes if isinstance(node, Contract)]
    assert max(np.prod(node.shape) for node in contractions) <= 19 * 19 * 4
    assert len(contractions) < 60


def test_images_are_run_and_timed(learned: CompiledModel) -> None:
    found = measured_on_images(learned, 0, test_pool(), 3, 600)
    assert (found["digits"], found["expressions"]) == (3, 600)
    assert found["seconds"] < 10 and 0 <= found["accuracy"] < 0.5


def test_a_trace_follows_the_loop(learned: CompiledModel) -> None:
    trace = trace_of(learned, 0, test_pool())
    assert trace.images.shape == (10, 28, 28)
    assert [step.tile for step in trace.steps] == [1, None, 2, 3, None, 4, 5, None] + [
        6,
        7,
        None,
        8,
        9,
        None,
        0,
    ]
    assert [step.written for step in trace.steps] == [0, 2, 1] * 5
    assert trace.steps[0].line == "L0: R0 = MOVE(net_0); GOTO_IF L2"
    assert trace.halt == "halt: return R2"
    assert trace.steps[-1].registers[2] == trace.answer
    assert set(trace.symbols[2::2]) <= set("+-*/") and "".join(trace.symbols[1::2]).isdigit()


def test_a_trace_is_drawn(learned: CompiledModel) -> None:
    trace = trace_of(learned, 0, test_pool())
    figure = trace_figure(trace)
    assert isinstance(figure, Figure)
    (page,) = figure.axes
    texts = [text.get_text() for text in page.texts]
    assert texts.count("L1: R1 = MOVE(net_1); GOTO_IF L0") == 5
    assert len(page.images) == 10 + 10
    assert any(text.startswith(" ".join(trace.symbols[1:])) for text in texts)
    right = dataclasses.replace(trace, expected=trace.answer)
    assert any("(right)" in text.get_text() for text in trace_figure(right).axes[0].texts)


def test_a_program_is_correct_only_if_verified() -> None:
    digits, operators = load_digits("embedded"), load_operators("embedded")
    task = math_task(check_model(MODEL), digits, operators)
    assert task.name == "2 digits"
    doubtful = dataclasses.replace(task, verify=lambda _: {"long ones": 0.9})
    assert doubtful.symbols.correct(program(LOOP)) and not doubtful.correct(program(LOOP))
    assert not task.correct(program(SWAPPED))
    assert verified({"a": 1.0, "b": 1.0}).endswith("right on a and b")
    assert verified({"a": 0.5}).endswith("wrong: right on 50.0% of a")


MATH = dataclasses.replace(
    CONFIG, model="math_model.py", data="", hypers_file="", preset="robust", freeze_nets=-1
)


def fake_train(asked: list[TaskConfig], correct: bool = True) -> Train:
    """Writes networks as a run does, without learning."""

    def train(config: TaskConfig, folder: str, scenario: Scenario) -> RunResult:
        assert config.model == f"{scenario.name}.py"
        asked.append(config)
        model = compile_model(f"ntpt_models/{config.model}", config.hypers, seed=len(asked))
        source = {"model": config.model, "task": config.task, "accuracy of net_0": "0.9"}
        save_networks(f"{folder}/networks.npz", model, 0, source)
        measured = {"soft_accuracy": 0.9, "discrete_accuracy": 0.9, "network_accuracies": {}}
        restart = RestartResult(restart=0, correct=correct, **measured)
        return RunResult(restarts=(restart,), best=0, data={}, command="", seconds=1.0)

    return train


def test_the_first_stage_learns_one_network_after_the_other(tmp_path: Path) -> None:
    asked: list[TaskConfig] = []
    first_stage.learn_networks(MATH, str(tmp_path), fake_train(asked))
    assert [config.model for config in asked] == ["add2x2_model.py", "apply2x2_model.py"]
    assert asked[0].hypers == {"NUM_NETS": 1} and asked[0].init_nets == ""
    assert asked[1].init_nets == str(tmp_path / "networks" / "add2x2")
    assert all(config.seed == MATH.seed and config.digits == MATH.digits for config in asked)
    both = load_networks(run_folder.networks_copy(MATH, str(tmp_path)))
    parts = [load_networks(str(tmp_path / "networks" / name)) for name in ("add2x2", "apply2x2")]
    np.testing.assert_array_equal(both.layers["net_0"][0][0], parts[0].layers["net_0"][0][0])
    np.testing.assert_array_equal(both.layers["net_1"][0][0], parts[1].layers["net_1"][0][0])
    assert "add2x2_model.py, task top" in both.source["net_0"]
    first_stage.learn_networks(MATH, str(tmp_path), fake_train(asked))
    assert len(asked) == 2


def test_networks_of_a_wrong_program_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="add2x2 found a correct program, so its networks are of no"):
        first_stage.learn_networks(MATH, str(tmp_path), fake_train([], correct=False))
    assert run_folder.networks_copy(MATH, str(tmp_path)) == ""


def test_given_networks_must_be_both(tmp_path: Path) -> None:
    model = compile_model("ntpt_models/add2x2_model.py", {"NUM_NETS": 1})
    save_networks(str(tmp_path / "one.npz"), model, 0, {})
    config = dataclasses.replace(MATH, init_nets=str(tmp_path / "one.npz"))
    with pytest.raises(RunError, match="one.npz has no net_1, which the model must be given"):
        ready_study(config, str(tmp_path / "run"), scenario=SCENARIO)


def test_to_begin_afresh_forgets_the_first_stage(tmp_path: Path) -> None:
    run_folder.claim(MATH, str(tmp_path), afresh=False)
    inside = tmp_path / "networks" / "add2x2"
    own_files.begin(str(inside), part_of=str(tmp_path))
    own_files.write_json(str(inside / "config.json"), {})
    own_files.write_json(str(inside / "results.json"), {})
    own_files.write(str(tmp_path / run_folder.INIT_NETWORKS), b"")
    with run_folder.writer(str(tmp_path)):
        run_folder.claim(MATH, str(tmp_path), afresh=True)
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    own = {"config.json", "files.txt", "manifest.json", "model/math_model.py"}
    assert left == own | {LOCK}


def test_a_program_that_was_measured_further_has_its_tables() -> None:
    rows = [{"digits": 2, "accuracy": 0.9, "simulated": 0.9, "true_labels": 1.0}]
    timed = {"digits": 16, "expressions": 10, "seconds": 1.0, "accuracy": 0.5}
    text = SCENARIO.tables({"lengths": rows, "on_images": timed}, "text")
    assert "on longer expressions" in text and "10 expressions of images" in text
    assert SCENARIO.tables({}, "text") == ""
