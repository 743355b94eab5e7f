"""The training loop: updates, discrete checks, rungs and checkpoints, to the end of the budget."""

import dataclasses
import functools
import time
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import tensorflow as tf

from terpret.backends.batches import Batch
from terpret.backends.model import CompiledModel
from terpret.errors import DataError
from terpret.learning import resumable
from terpret.learning.accuracies import discrete_accuracies, network_accuracies
from terpret.learning.checkpoints import Checkpoints
from terpret.learning.judging import judged
from terpret.learning.learner import Learner
from terpret.learning.restarts import (
    CONVERGED,
    DEAD,
    Progress,
    Restart,
    Restarts,
    plateaued,
    restarts_of,
    rung_reached,
)
from terpret.learning.task import Task

KEPT_CHECKPOINTS = 3
# Updates in a stretch: about a hundred stretches a run, none too long.
LEAST_UPDATES, MOST_UPDATES, STRETCHES = 10, 200, 100
# Training examples by which an attempt is judged.
JUDGED = 200


@dataclasses.dataclass(frozen=True)
class Budget:
    """How long to train, and when to look.

    Attributes:
      examples: the number of examples of the stream.
      numbers: the number of the first restart of each row.
      check_every: the number of examples between checks of the discretised programs.
      stop_after_solved: stop as soon as so many restarts are solved; 0: when all are, if there are
        no networks to train on, and -1: never.
      nets_at_least: the accuracy on labelled images that each network of a solved restart must have
        for `stop_after_solved` to count it.
      refill: whether rungs drop dead restarts and give their rows to fresh ones, whose numbers go
        on from `fresh` in steps of `stride`. Without it a rung would save nothing.
      fresh: the number of the first restart that takes another's row.
      stride: the difference of the numbers of two such restarts.
      checkpoint_seconds: the time between checkpoints.
    """

    examples: int
    numbers: tuple[int, ...]
    check_every: int
    stop_after_solved: int = 0
    nets_at_least: float = 0.0
    refill: bool = False
    fresh: int = 0
    stride: int = 1
    checkpoint_seconds: float = 60.0


def train(
    learner: Learner,
    task: Task,
    budget: Budget,
    folder: str,
    report: Callable[[Progress], None],
    retire: Callable[[list[int], Restarts], list[dict[str, object]]],
) -> Restarts:
    """Trains until the budget is used up or enough restarts are solved, or continues to do so.

    Args:
      learner: the model and its method; restored from the folder's checkpoint if there is one.
      task: the task.
      budget: how long.
      folder: where checkpoints are kept.
      report: is told of the progress.
      retire: measures the restarts of some rows, before others take these.

    Returns:
      What is known of the restarts.

    Raises:
      Stopped: by a signal, after a checkpoint was written.
      CheckpointError: the folder holds checkpoints that cannot be restored, or takes no new one.
    """
    loop = _Loop(learner, task, budget, report, retire)
    checkpoints = Checkpoints(folder, KEPT_CHECKPOINTS, model=learner.model, learner=learner)
    resumable.do(loop, checkpoints, budget.checkpoint_seconds)
    return loop.restarts


class _Loop:
    """One stretch of training after another.

    Attributes:
      restarts: what is known of the restarts.
    """

    def __init__(
        self,
        learner: Learner,
        task: Task,
        budget: Budget,
        report: Callable[[Progress], None],
        retire: Callable[[list[int], Restarts], list[dict[str, object]]],
    ):
        self._learner, self._task, self._budget = learner, task, budget
        self._report, self._retire = report, retire
        self._seen = 0
        self.restarts = Restarts([Restart(n) for n in budget.numbers], fresh=budget.fresh)
        self._size = learner.method.batch_size
        self._last = _rounded_up(budget.examples, self._size)
        updates = self._last // self._size
        self._stretch = max(LEAST_UPDATES, min(MOST_UPDATES, updates // STRETCHES)) * self._size

    @functools.cached_property
    def _batches(self) -> Iterator[Batch]:
        """The stream, from where the loop stands when it begins."""
        learner, method = self._learner, self._learner.method
        stream = self._task.batches(learner.seed, method.batch_size, self._seen, method.shift)
        return iter(stream)

    def restore(self, examples: int, text: str) -> None:
        """See `resumable.Work`."""
        self._seen, self.restarts = examples, restarts_of(text)

    def saved(self) -> tuple[int, str]:
        """See `resumable.Work`."""
        return self._seen, self.restarts.serialize()

    def finished(self) -> bool:
        """Whether the examples are used up, or there is nothing left to learn."""
        rows = self.restarts.rows
        wanted = self._budget.stop_after_solved
        if self._seen >= self._last or (wanted > 0 and sum(row.enough for row in rows) >= wanted):
            return True
        solved = all(row.solved for row in rows)
        if wanted == 0 and not self._learner.learns_networks and solved:
            return True
        return all(row.stopped for row in rows)

    def advance(self) -> None:
        """Trains for a stretch, looks at the restarts and reports.

        Raises:
          DataError: the data have changed, or cannot be read.
        """
        started = time.monotonic()
        try:
            progress = self._begun() or self._stretched(self._batches, self._seen)
        except (tf.errors.OutOfRangeError, StopIteration):
            self._task.refuse_changed()
            raise DataError("the data that are learned from cannot be read any more") from None
        self._seen = progress.examples
        self._report(progress)
        self.restarts.seconds += time.monotonic() - started

    def _begun(self) -> Progress | None:
        """What is known before the first update, where programs are judged so early."""
        learner, rows = self._learner, self.restarts.rows
        if self._seen or not self._judge(0):
            return None
        self._check(0, learner.model if learner.frozen is None else learner.frozen)
        numbers = np.array([row.number for row in rows])
        solved_at = np.array([row.solved_at for row in rows])
        accuracies = np.array([row.accuracies[-1][1] for row in rows])
        return Progress(0, numbers, np.full(len(rows), np.nan), solved_at, accuracies)

    def _stretched(self, batches: Iterator[Batch], seen: int) -> Progress:
        """Trains for a stretch after `seen` examples, and looks at the restarts."""
        learner, rows = self._learner, self.restarts.rows
        frozen = learner.frozen if seen < learner.freeze else None
        end = min(self._last, seen + self._stretch)
        if frozen is not None:
            end = min(end, _rounded_up(learner.freeze, self._size))
        losses = learner.run(batches, (end - seen) // self._size, frozen is not None).numpy()
        for k, row in enumerate(rows):
            if row.stopped:
                losses[k] = np.nan
            else:
                point = (end - row.started, float(losses[k]))
                rows[k] = dataclasses.replace(row, losses=(*row.losses, point))
        self._judge(end)
        self._note_stopped(end)
        checked = self._check_due(seen, end)
        if checked:
            self._check(end, learner.model if frozen is None else frozen)
        numbers = np.array([row.number for row in rows])
        solved_at = np.array([row.solved_at for row in rows])
        newest = [
            np.array([points[-1][1] for points in curves]) if checked and all(curves) else None
            for curves in ([row.accuracies for row in rows], [row.on_images for row in rows])
        ]
        self._rung(seen, end)
        return Progress(end, numbers, losses, solved_at, *newest)

    def _note_stopped(self, end: int) -> None:
        """Notes the rows that the last stretch stopped: their loss is low, or no number."""
        if end >= self._last:
            return
        active = self._learner.active.numpy()
        rows = self.restarts.rows
        for k, row in enumerate(rows):
            if not active[k] and not row.stopped:
                why = CONVERGED if np.isfinite(row.losses[-1][1]) else DEAD
                rows[k] = dataclasses.replace(row, stopped=why)

    def _judge(self, end: int) -> bool:
        """Lets restarts retry that are stuck at the end of an attempt; whether any has ended."""
        learner = self._learner
        rows = np.flatnonzero(learner.attempts_ended).tolist()
        if end >= self._last or not rows:
            return False
        batch = next(iter(self._task.batches(learner.seed, JUDGED, end, 0)))
        learner.judge(judged(learner.model, rows, batch))
        return True

    def _check_due(self, before: int, end: int) -> bool:
        every = self._budget.check_every
        first = self._learner.method.first_rung if self._budget.refill else 0
        rows = self.restarts.rows
        return (
            end // every > before // every
            or end >= self._last
            or all(row.stopped for row in rows)
            or any(rung_reached(before - row.started, end - row.started, first) for row in rows)
        )

    def _check(self, end: int, model: CompiledModel) -> None:
        """Runs each row's argmax program on symbols and notes what it gets right.

        Args:
          end: the examples of the stream that have gone by.
          model: has the networks of all rows; where they are frozen, one for all.
        """
        rows, task = self.restarts.rows, self._task
        programs = [model.program(k) for k in range(len(rows))]
        accuracies = task.symbols.accuracies(model, programs)
        good = self._good(model, accuracies)
        watched = None
        if task.watched is not None:
            watched = discrete_accuracies(model, programs, task.watched)
        for k, row in enumerate(rows):
            solved, seen = accuracies[k] == 1.0, end - row.started
            first = row.solved_at if row.solved else seen
            on_images = () if watched is None else ((seen, float(watched[k])),)
            rows[k] = dataclasses.replace(
                row,
                solved_at=first if solved else -1,
                enough=solved and bool(good[k]),
                accuracies=(*row.accuracies, (seen, accuracies[k])),
                on_images=(*row.on_images, *on_images),
            )

    def _good(self, model: CompiledModel, accuracies: Sequence[float]) -> np.ndarray:
        """Which rows have networks as good as the budget asks for, where a program is right."""
        good, least = np.ones([model.restarts], bool), self._budget.nets_at_least
        if least and 1.0 in accuracies:
            for values in network_accuracies(model, self._task.images).values():
                good &= values >= least
        return good

    def _rung(self, before: int, end: int) -> None:
        """Drops the restarts that a rung finds dead, and begins fresh ones in their rows."""
        method, budget, rows = self._learner.method, self._budget, self.restarts.rows
        if not budget.refill or end >= self._last:
            return
        for k, row in enumerate(rows):
            rung = rung_reached(before - row.started, end - row.started, method.first_rung)
            if rung and not row.stopped and not row.solved:
                if plateaued(row, rung, method.plateau):
                    rows[k] = dataclasses.replace(row, stopped=DEAD)
        dead = [k for k, row in enumerate(rows) if row.stopped == DEAD]
        if not dead:
            return
        self.restarts.retired += self._retire(dead, self.restarts)
        for k in dead:
            self._learner.begin(k, self.restarts.fresh, self._last - end)
            rows[k] = Restart(self.restarts.fresh, started=end)
            self.restarts.fresh += budget.stride


def _rounded_up(examples: int, size: int) -> int:
    return -(-examples // size) * size
