"""The preset `search`: programs are scored exactly, the best are remembered, and followed."""

import dataclasses
import os
import signal
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from terpret import CompiledModel, Library, compile_model, program_of
from terpret.compile import widened
from terpret.language.errors import Source
from terpret.learning.judging import Judgement
from terpret.learning.learner import Learner
from terpret.learning.presets import PRESETS
from terpret.learning.restarts import Progress, Restarts
from terpret.learning.search import AVERAGED, WORST, Searching
from terpret.learning.train import Budget, train
from terpret.signals import Stopped
from tests.small_models import NETWORKED, TINY, networked_batch, tiny_batch
from tests.test_training import tiny_task

SMALL = dataclasses.replace(PRESETS["search"].strategy, attempt=15, candidates=8, memory=4)
METHOD = dataclasses.replace(PRESETS["search"], batch_size=4, strategy=SMALL)
MATH = "ntpt_models/math_model.py"
LABELS = {"net_0": "digits", "net_1": "operators"}
# The loss of an answer that is certainly wrong.
WRONG = -np.log(1e-10)


def search_of(text: str = TINY, numbers: tuple[int, ...] = (0, 1, 2), **options: object) -> Learner:
    model = compile_model(Source("m.py", text), restarts=len(numbers), dtype=tf.float64, seed=1)
    learner = Learner(model, METHOD, 1, 10_000, xla=False, numbers=numbers, **options)
    assert isinstance(learner.finder, Searching)
    return learner


def random_logits(model: CompiledModel, count: int) -> dict[str, np.ndarray]:
    """Of one-hot programs, [count, *dims, values] by Param."""
    random = np.random.default_rng(0)
    result = {}
    for variable in model.learned_params:
        chosen = random.integers(0, variable.domain, (count, *variable.dims))
        result[variable.name] = 1e4 * np.eye(variable.domain)[chosen]
    return result


def test_a_programs_score_is_what_the_interpreter_finds() -> None:
    """On MATH with given labels: so many wrong answers, each as bad as can be."""
    model = compile_model(MATH, restarts=3, learned=LABELS, dtype=tf.float64)
    wide, random = widened(model, 40), np.random.default_rng(1)
    logits = random_logits(model, wide.restarts)
    labels = {
        "net_0": random.integers(0, 10, (12, 4)),
        "net_1": random.integers(0, 4, (12, 4)),
    }
    right = program_of(model.checked, {n: v[0].argmax(-1) for n, v in logits.items()})
    answers = right.run({}, labels)
    batch = {**answers, **{entry: labels[name] for name, entry in LABELS.items()}}
    tensors = {name: tf.constant(value, tf.int32) for name, value in batch.items()}
    given = {name: tf.constant(value) for name, value in logits.items()}
    losses = wide.emit_losses(tensors, given).numpy()
    assert losses[0] < 1e-6 < np.min(losses[losses > losses[0] + 1e-6])
    for k in range(wide.restarts):
        program = program_of(model.checked, {n: v[k].argmax(-1) for n, v in logits.items()})
        found = program.run({}, labels)
        wrong = sum(np.mean(found[name] != answer) for name, answer in answers.items())
        assert losses[k] == pytest.approx(WRONG * wrong, abs=1e-6)


@pytest.mark.parametrize("networks", [1, 3])
def test_the_candidates_of_a_restart_have_its_networks(networks: int) -> None:
    library = Library(networks, 5, tf.float64)
    model = compile_model(Source("m.py", NETWORKED), restarts=3, library=library, dtype=tf.float64)
    wide = widened(model, 4)
    logits = random_logits(model, wide.restarts)
    given = {name: tf.constant(value) for name, value in logits.items()}
    together = tf.reshape(wide.emit_losses(networked_batch(), given), [3, 4])
    for k in range(4):
        own = {name: tf.constant(value[k::4]) for name, value in logits.items()}
        alone = model.emit_losses(networked_batch(), own)
        np.testing.assert_allclose(together[:, k], alone, atol=1e-12)
    labels = wide.labels({"image": networked_batch()["image"].numpy()})["net"]
    np.testing.assert_array_equal(
        labels, np.repeat(model.labels({"image": networked_batch()["image"].numpy()})["net"], 4, 0)
    )


def test_it_remembers_the_best_of_what_it_has_drawn_and_nothing_twice() -> None:
    learner, best = search_of(), np.full(3, np.inf)
    for _ in range(10):
        losses = learner.step(tiny_batch()).numpy()
        assert np.all(losses <= best + 1e-9)
        best = losses
    scores, memory = learner.finder.scores.numpy(), learner.finder.memory.numpy()
    np.testing.assert_array_equal(scores, np.sort(scores, 1))
    names, model = list(learner.model.param_logits), learner.model
    sizes = [int(np.prod(model.param_logits[name].shape[1:])) for name in names]
    for row in range(3):
        answers = []
        for program, score in zip(memory[row], scores[row], strict=True):
            if score == WORST:
                continue
            parts = np.split(program, np.cumsum(sizes)[:-1])
            shapes = [model.param_logits[name].shape[1:] for name in names]
            values = {
                name: part.reshape(shape).argmax(-1)
                for name, part, shape in zip(names, parts, shapes, strict=True)
            }
            found = program_of(model.checked, values).run({"x": tiny_batch()["x"].numpy()})["y"]
            wrong = np.mean(found != tiny_batch()["y"].numpy())
            assert score == pytest.approx(WRONG * wrong, abs=1e-6)
            answers.append(tuple(found))
        assert len(set(answers)) == len(answers) > 1


def test_it_finds_a_small_program_for_sure_and_says_it_by_its_marginals() -> None:
    learner = search_of(numbers=tuple(range(20)))
    learner.run(iter(tf.data.Dataset.from_tensors(tiny_batch()).repeat()), 60)
    for row in range(20):
        values = learner.model.program(row).values
        assert values["p"] == 0 and values["q"][0] == 1


def test_networks_learn_through_the_best_program() -> None:
    learner = search_of(NETWORKED)
    first = learner.step(networked_batch())
    for _ in range(300):
        last = learner.step(networked_batch())
    assert np.all(last < 0.8 * first)
    kernels = learner.model.networks["net"].kernels[0]
    assert np.all(np.any(kernels[1:] != kernels[:1], (1, 2)))


def test_a_stopped_row_remembers_what_it_did() -> None:
    learner = search_of(NETWORKED)
    learner.step(networked_batch())
    learner.active[1].assign(False)
    before = (
        learner.finder.memory.numpy(),
        learner.finder.scores.numpy(),
        learner.finder.ages.numpy(),
    )
    for _ in range(3):
        learner.step(networked_batch())
    for old, new in zip(
        before, (learner.finder.memory, learner.finder.scores, learner.finder.ages), strict=True
    ):
        np.testing.assert_array_equal(old[1], new[1])
    assert np.all(learner.finder.ages[0, 0] > before[2][0, 0])


def test_an_attempt_does_not_end_before_the_marginals_have_followed_the_best_program() -> None:
    learner = search_of()
    for _ in range(40):
        learner.step(tiny_batch())
    assert learner.attempts_ended.all()
    learner.finder.ages[1, 0].assign(AVERAGED - 1)
    np.testing.assert_array_equal(learner.attempts_ended, [True, False, True])


@pytest.mark.parametrize("text", [TINY, NETWORKED], ids=["tiny", "networked"])
def test_a_restart_is_the_same_through_attempts_whoever_is_beside_it(text: str) -> None:
    batch, paths = tiny_batch() if text is TINY else networked_batch(), []
    for numbers in ((2,), (0, 1, 2, 3)):
        learner, row = search_of(text, numbers), numbers.index(2)
        for _ in range(2):
            for _ in range(40):
                losses = learner.step(batch)
            assert learner.attempts_ended.all()
            learner.judge(Judgement(np.zeros(len(numbers)), np.zeros(len(numbers), bool)))
            assert np.all(learner.finder.scores == WORST) and not np.any(learner.finder.memory)
        learner.step(batch)
        paths.append([losses[row], *(v[row] for v in learner.trainable_variables)])
    for first, second in zip(*paths, strict=True):
        np.testing.assert_allclose(first, second, atol=1e-6)


def start(folder: Path, kill_at: int = 0) -> tuple[Restarts, Learner, int]:
    """Trains four restarts of TINY for 100 updates; a signal comes at a report."""
    learner = search_of(numbers=(0, 1, 2, 3))
    reports: list[Progress] = []

    def report(progress: Progress) -> None:
        reports.append(progress)
        if len(reports) == kill_at:
            os.kill(os.getpid(), signal.SIGTERM)

    budget = Budget(400, (0, 1, 2, 3), check_every=80, stop_after_solved=-1)
    found = train(learner, tiny_task(), budget, str(folder), report, lambda rows, restarts: [])
    return found, learner, len(reports)


def test_stopped_by_a_signal_it_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    whole, undisturbed, count = start(tmp_path / "whole")
    assert all(row.solved for row in whole.rows)
    for moment in (1, 4):
        folder = tmp_path / str(moment)
        with pytest.raises(Stopped):
            start(folder, moment)
        found, resumed, later = start(folder)
        assert later == count - moment
        for first, second in zip(undisturbed.variables, resumed.variables, strict=True):
            np.testing.assert_array_equal(first.numpy(), second.numpy())
        assert dataclasses.replace(found, seconds=0) == dataclasses.replace(whole, seconds=0)
