"""The training loop: when it stops, whom it drops, and that it goes on where it was."""

import dataclasses
import json
import os
import signal
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from terpret import compile_model
from terpret.language.errors import Source
from terpret.learning.learner import Learner
from terpret.learning.method import Method
from terpret.learning.presets import PRESETS
from terpret.learning.restarts import DEAD, Progress, Restart, Restarts, plateaued, rung_reached
from terpret.learning.task import Symbols, Task
from terpret.learning.train import Budget, train
from terpret.signals import Stopped
from tests.small_models import TINY, tiny_batch

# Eager to commit itself, so that some restarts of TINY end in the branch that cannot be right.
HASTY = dataclasses.replace(PRESETS["ntpt"], batch_size=4, dirichlet=0.1, first_rung=0)


def tiny_task() -> Task:
    def batches(seed: int, batch_size: int, start: int, shift: int) -> tf.data.Dataset:
        return tf.data.Dataset.from_tensors(tiny_batch()).repeat()

    symbols = Symbols({"x": np.arange(3)}, ({},), {"y": (np.arange(3) + 1) % 3})
    return Task("tiny", batches, lambda size: batches(0, 4, 0).take(1), "", symbols, {}, {})


def start(
    folder: Path, method: Method = HASTY, updates: int = 400, **options: object
) -> tuple[Restarts, Learner, list[Progress]]:
    """Trains six restarts of TINY."""
    model = compile_model(Source("tiny.py", TINY), restarts=6, seed=2)
    learner = Learner(model, method, 2, updates * 4, xla=False)
    reports: list[Progress] = []

    def report(progress: Progress) -> None:
        reports.append(progress)
        if options.get("kill_at") == len(reports):
            os.kill(os.getpid(), signal.SIGTERM)

    def retire(rows: list[int], restarts: Restarts) -> list[dict[str, object]]:
        return [{"number": restarts.rows[row].number} for row in rows]

    wanted = {k: v for k, v in options.items() if k != "kill_at"}
    budget = Budget(updates * 4, tuple(range(6)), check_every=80, **{"fresh": 6, **wanted})
    found = train(learner, tiny_task(), budget, str(folder), report, retire)
    return found, learner, reports


def test_restarts_are_solved_by_the_discrete_program(tmp_path: Path) -> None:
    found, learner, reports = start(tmp_path, stop_after_solved=-1)
    solved = [row.solved for row in found.rows]
    assert 0 < sum(solved) < 6
    for k, row in enumerate(found.rows):
        values = learner.model.program(k).values
        assert row.solved == bool(values["p"] == 0 and values["q"][0] == 1)
    assert reports[-1].examples == 1600
    assert [p.accuracies is not None for p in reports][:4] == [False, True, False, True]


@pytest.mark.parametrize("enough", [1, 3])
def test_it_stops_when_enough_are_solved(enough: int, tmp_path: Path) -> None:
    found, _, reports = start(tmp_path, stop_after_solved=enough)
    assert sum(row.solved for row in found.rows) >= enough
    assert reports[-1].examples < 1600
    assert np.sum(reports[-2].solved_at >= 0) < enough


def test_it_stops_by_default_when_all_are_solved_and_no_network_learns(tmp_path: Path) -> None:
    attempts = dataclasses.replace(PRESETS["robust"].strategy, attempt=100)
    method = dataclasses.replace(PRESETS["robust"], batch_size=4, strategy=attempts)
    found, _, reports = start(tmp_path, method)
    assert all(row.solved for row in found.rows)
    assert reports[-1].examples < 1600


def test_the_first_stretch_ends_in_a_checkpoint(tmp_path: Path, saved: list[int]) -> None:
    start(tmp_path, stop_after_solved=-1, checkpoint_seconds=1e9)
    assert saved == [40, 1600]


def test_a_plateau_is_judged_by_a_restarts_own_loss() -> None:
    falling = Restart(0, losses=tuple((k * 10, 1 / k) for k in range(1, 41)))
    flat = Restart(0, losses=tuple((k * 10, 1.0) for k in range(1, 41)))
    lost = Restart(0, losses=tuple((k * 10, float("nan")) for k in range(1, 41)))
    assert not plateaued(falling, 400, 0.05)
    assert plateaued(flat, 400, 0.05)
    assert plateaued(lost, 400, 0.05)


def test_rungs_are_the_first_and_its_doubles() -> None:
    reached = [rung_reached(seen - 10, seen, 30) for seen in range(10, 260, 10)]
    assert {k * 10 + 10: r for k, r in enumerate(reached) if r} == {
        30: 30,
        60: 60,
        120: 120,
        240: 240,
    }
    assert rung_reached(0, 1000, 0) == 0


def test_a_dead_restarts_row_goes_to_a_fresh_one_that_counts(tmp_path: Path) -> None:
    method = dataclasses.replace(HASTY, first_rung=400, plateau=0.05)
    found, learner, reports = start(tmp_path, method, 1200, refill=True, fresh=7, stride=2)
    numbers = [row.number for row in found.rows]
    gone = [one["number"] for one in found.retired]
    assert gone
    fresh = sorted(n for n in [*numbers, *gone] if n >= 6)
    assert fresh == list(range(7, 7 + 2 * len(fresh), 2))
    assert len(set(numbers + gone)) == 6 + len(fresh)
    for k, row in enumerate(found.rows):
        assert int(learner.steps[k]) * 4 + row.started <= 4800
        assert (row.started > 0) == (row.number >= 6)
    solved_before = np.sum(reports[len(reports) // 4].solved_at >= 0)
    assert sum(row.solved for row in found.rows) > solved_before


def test_without_refill_a_rung_drops_nobody(tmp_path: Path) -> None:
    hopeless = dataclasses.replace(HASTY, first_rung=80, plateau=1.0)
    found, learner, _ = start(tmp_path, hopeless, stop_after_solved=-1)
    assert not any(row.stopped for row in found.rows)
    assert learner.steps.numpy().tolist() == [400] * 6


def test_no_number_left_in_any_row_is_the_end(tmp_path: Path) -> None:
    method = dataclasses.replace(HASTY, program_rate=float("inf"))
    found, _, reports = start(tmp_path, method)
    assert [row.stopped for row in found.rows] == [DEAD] * 6
    assert len(reports) == 1


def test_stopped_by_a_signal_it_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    method = dataclasses.replace(
        HASTY, first_rung=400, plateau=0.05, gumbel=0.5, gradient_noise=0.01, anneal=True
    )
    whole, undisturbed, reports = start(tmp_path / "a", method, refill=True, stop_after_solved=-1)
    for moment in (1, 12, 35):
        folder = tmp_path / f"b{moment}"
        with pytest.raises(Stopped):
            start(folder, method, refill=True, stop_after_solved=-1, kill_at=moment)
        found, resumed, later = start(folder, method, refill=True, stop_after_solved=-1)
        assert len(later) == len(reports) - moment
        pairs = zip(undisturbed.variables, resumed.variables, strict=True)
        for first, second in pairs:
            np.testing.assert_array_equal(first.numpy(), second.numpy())
        assert dataclasses.replace(found, seconds=0) == dataclasses.replace(whole, seconds=0)


def test_recorded_curves_lose_no_restart_that_is_about_to_be_solved() -> None:
    """40 restarts of `ntpt` on MNIST, followed four times as far as its first rung.

    All 19 that were solved by twice the rung are kept. The 21 others are dropped by then, two of
    them by error: they were solved at last, after 2.6 and 3.6 times the rung.
    """
    method = PRESETS["ntpt"]
    recorded = json.loads(Path("tests/data/ntpt_curves.json").read_text())["restarts"]
    dropped = []
    for one in recorded:
        restart = Restart(one["seed"], losses=tuple(map(tuple, one["losses"])))
        for rung in (method.first_rung, 2 * method.first_rung):
            solved = 0 <= one["solved"] <= rung
            if not solved and plateaued(restart, rung, method.plateau):
                dropped.append(one)
                break
    early = [one for one in recorded if 0 <= one["solved"] <= 2 * method.first_rung]
    assert not any(one in dropped for one in early)
    assert (len(early), len(dropped)) == (19, 21)
    assert [one["solved"] for one in dropped if one["solved"] >= 0] == [108928, 78144]
