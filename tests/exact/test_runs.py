"""The presets `exact` and `hybrid`: run folders like any other."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

import terpret
from terpret.backends.exact.problem import Effort, Found, Group, Problem
from terpret.backends.exact.search import search
from terpret.errors import InputError, RunError
from terpret.language.errors import Source
from terpret.learning.judging import judged
from terpret.learning.presets import PRESETS
from terpret.learning.proposals import most_certain, weighed
from terpret.learning.reading import read as read_by
from terpret.runs.solving import Unsolved
from tests.commands import evaluate, train
from tests.small_models import NETWORKED
from tests.small_runs import write_files
from tests.test_learn import SHIFT
from tests.test_learning import first_weights, learner_of, networked_batch


def exact(folder: Path, *more: str) -> list[str]:
    """The flags of a run by the preset `exact`."""
    model, data = write_files(folder)
    return [
        f"--model={model}",
        f"--data={data}",
        "--preset=exact",
        f"--workdir={folder / 'run'}",
        "--noxla",
        *more,
    ]


def results(folder: Path) -> dict:
    return json.loads((folder / "run" / "results.json").read_text())


Capture = pytest.CaptureFixture[str]


def test_a_run_is_solved_evaluated_and_done(tmp_path: Path, capsys: Capture) -> None:
    flags = exact(tmp_path)
    assert train(*flags) == 0
    told = "solver: found: the program explains 10 of 10 examples"
    assert told in capsys.readouterr().out
    found = results(tmp_path)
    (restart,) = found["restarts"]
    assert restart["correct"] and restart["examples"] == 0
    assert found["exact"]["status"] == "found"
    for again in (lambda: evaluate(tmp_path / "run"), lambda: train(*flags)):
        assert again() == 0
        assert told in capsys.readouterr().out


def test_that_there_is_no_program_is_an_answer_that_stays(tmp_path: Path, capsys: Capture) -> None:
    flags = exact(tmp_path)
    data = json.loads((tmp_path / "sums.json").read_text())
    data[0]["instances"].append({"x": [9, 9], "y": 0})
    data[0]["instances"].append({"x": [1, 2], "y": 0})
    (tmp_path / "sums.json").write_text(json.dumps(data))
    for _ in range(2):
        assert train(*flags) == 0
        assert "no program explains the 12 examples" in capsys.readouterr().out
    kept = json.loads((tmp_path / "run" / "exact.json").read_text())
    assert kept["status"] == "none" and kept["program"] is None
    assert not (tmp_path / "run" / "results.json").exists()


def test_what_is_not_decided_keeps_the_best_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, data = write_files(tmp_path)
    instances = json.loads(data.read_text())[0]["instances"]
    arrays = {name: np.array([one[name] for one in instances]) for name in ("x", "y")}
    near = {"which": np.array(0), "shift": np.array(4)}

    def late(problem: Problem, *given: object) -> Found:
        program = terpret.solve(problem.model, arrays).program
        return Found(
            dataclasses.replace(program, values=near), 1, False, 2, "there was no more time"
        )

    workdir = tmp_path / "run"
    with monkeypatch.context() as patched, pytest.raises(Unsolved, match="no more time"):
        patched.setattr("terpret.runs.solving.search", late)
        terpret.learn(model, arrays, preset="exact", workdir=workdir, split=1.0, progress=False)
    kept = json.loads((workdir / "exact.json").read_text())
    assert kept["status"] == "undecided" and kept["program"] == {"which": 0, "shift": 4}
    run = terpret.learn(model, arrays, preset="exact", workdir=workdir, split=1.0, progress=False)
    assert len(run.restarts) == 1 and run.best.values["shift"] == 3


def test_what_is_kept_and_damaged_is_said_in_one_sentence(tmp_path: Path, capsys: Capture) -> None:
    flags, kept = exact(tmp_path), tmp_path / "run" / "exact.json"
    assert train(*flags) == 0
    (tmp_path / "run" / "results.json").unlink()
    whole = json.loads(kept.read_text())
    for changes in (
        {"status": "perhaps"},
        {"program": None},
        {"program": {"p": 1}},
        {"program": {"which": 0, "shift": [1, [2]]}},
        # One that explains nothing.
        {"program": {"which": 1, "shift": 0}},
    ):
        kept.write_text(json.dumps({**whole, **changes}))
        assert train(*flags) == 1
        told = capsys.readouterr().err
        assert "exact.json is damaged: remove it, and the same command searches again" in told
    kept.unlink()
    assert train(*flags) == 0


def test_networks_learn_by_gradient_from_the_program_that_their_labels_decide() -> None:
    random = np.random.default_rng(0)
    said = random.integers(0, 3, 60)
    images = np.eye(4, dtype=np.float32)[said] + random.normal(0, 0.1, (60, 4)).astype(np.float32)
    data = {"image": images, "y": (said + 2) % 3, "image_net": said}
    rate = {"network_rate": 0.02}
    run = terpret.learn(
        NETWORKED, data, preset="exact", method=rate, examples=6_000, xla=False, progress=False
    )
    assert run.best.values["q"] == 2
    assert run.best.about["network_accuracies"]["net"] > 0.9
    del data["image_net"]
    with pytest.raises(RunError, match="preset exact reads no images"):
        terpret.learn(NETWORKED, data, preset="exact", progress=False)


@pytest.mark.parametrize("preset", ["exact", "hybrid"])
def test_where_there_is_no_solver_nothing_begins(
    preset: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    data = {"x": [[0, 1]], "y": [1]}
    with pytest.raises(InputError, match=r"pip install 'neural-terpret\[exact\]'"):
        terpret.learn(SHIFT, data, preset=preset, workdir=tmp_path / "run", progress=False)
    assert not (tmp_path / "run").exists()


def test_a_model_of_networks_alone_is_refused_with_the_reason() -> None:
    given = NETWORKED.replace("q = Param(3)\n", "").replace("add(net(image), q)", "net(image)")
    data = {"image": np.zeros((4, 4), np.float32), "y": np.arange(4) % 3}
    with pytest.raises(RunError, match="preset exact reads no images"):
        terpret.learn(given, data, preset="exact", progress=False)


def test_smallest_is_for_models_of_which_it_is_known_what_does_nothing(
    tmp_path: Path, capsys: Capture
) -> None:
    assert train(*exact(tmp_path, "--method=smallest=true")) == 1
    assert "--method=smallest" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_a_stuck_restart_is_proposed_the_program_of_what_its_networks_read() -> None:
    strategy = dataclasses.replace(PRESETS["hybrid"].strategy, attempt=2, posed=4)
    method = dataclasses.replace(PRESETS["hybrid"], strategy=strategy, batch_size=0)
    learner = learner_of(method, NETWORKED, restarts=2)
    batch = networked_batch()
    for _ in range(2):
        learner.step(batch)
    found = judged(learner.model, [0, 1], batch)
    stuck = dataclasses.replace(found, accuracies=np.zeros(2), collapsed=np.array([False, True]))
    network = first_weights(learner)
    learner.judge(stuck)
    read = found.labels["net"][0]
    _, certainty = read_by(learner.model, 0, found.examples)
    certain = most_certain(certainty, found.examples, 4)
    right = [np.mean((read[certain] + q) % 3 == batch["y"].numpy()[certain]) for q in range(3)]
    best = int(np.argmax(right))
    if right[best] >= 1 - strategy.tolerate:
        assert learner.finder.proposed.numpy()[0]
        assert learner.model.program(0).values["q"] == best
    else:
        assert not learner.finder.proposed.numpy()[0]
    # Networks that have collapsed read nothing, and begin again with their program.
    assert not learner.finder.proposed.numpy()[1]
    changed = np.any(first_weights(learner) != network, -1)
    np.testing.assert_array_equal(changed, [False, True])


def test_examples_count_as_much_as_it_is_believed_that_they_are_read_aright() -> None:
    data = {"y": np.array([0, 1, 2])}
    model = terpret.check_model(Source("m.py", NETWORKED))
    problem = Problem((Group(model, {}, data, {"net": np.array([0, 0, 1])}, 3),))
    heavy = weighed(problem, np.log([0.8, 0.4, 0.01])).tolerating(0.4)
    assert (heavy.weights, heavy.unexplained) == ((10, 5, 1), 6)
    found = search(heavy, Effort(60.0))
    # q = 0 explains the first alone; q = 1, of the other two, is worth less.
    assert found.proved and found.program is not None
    assert (int(found.program.values["q"]), found.explained) == (0, 1)
    assert search(problem.tolerating(0.4), Effort(60.0)).program.values["q"] == 1
