"""The training loop: updates, discrete checks, checkpoints, until the examples are used up."""

import dataclasses
import signal
import time
from collections.abc import Callable

import numpy as np

from terpret.learning.checkpoints import Checkpoints
from terpret.learning.learner import Learner
from terpret.learning.task import Task

CHUNK = 10
KEPT_CHECKPOINTS = 3
CHECKPOINT_SECONDS = 60.0


@dataclasses.dataclass(frozen=True)
class Progress:
    """What a training loop tells while it runs.

    Attributes:
      examples: how many examples each restart has seen.
      losses: the mean loss of each restart since the last report, [restart].
      solved_at: after how many examples each restart was found correct, -1 before.
      checked: whether the programs were checked just now.
    """

    examples: int
    losses: np.ndarray
    solved_at: np.ndarray
    checked: bool


class Stopped(Exception):
    """SIGTERM or SIGINT came; the state is in a checkpoint."""


def train(
    learner: Learner,
    task: Task,
    examples: int,
    seed: int,
    check_every: int,
    folder: str,
    report: Callable[[Progress], None],
) -> float:
    """Trains until every restart has seen `examples` examples, or continues to do so.

    Args:
      learner: the model and its method; restored from the folder's checkpoint if there is one.
      task: the task.
      examples: the number of training examples.
      seed: the seed of the training stream.
      check_every: the number of examples between checks of the discretised programs.
      folder: where checkpoints are kept.
      report: is told of the progress.

    Returns:
      The seconds spent in this call.

    Raises:
      Stopped: by a signal, after a checkpoint was written.
      CheckpointError: the folder holds checkpoints that cannot be restored.
    """
    checkpoints = Checkpoints(folder, KEPT_CHECKPOINTS, model=learner.model, learner=learner)
    seen = checkpoints.restore() or 0
    size = learner.method.batch_size
    last = -(-examples // size) * size
    started = saved = time.monotonic()
    batches = iter(task.batches(seed, size, seen))
    with _Signals() as signals:
        while seen < last:
            count = min(CHUNK, (last - seen) // size)
            losses = learner.run(batches, count).numpy()
            before, seen = seen, seen + count * size
            checked = seen // check_every > before // check_every or seen == last
            if checked:
                check(learner, task, seen)
            report(Progress(seen, losses, learner.solved_at.numpy(), checked))
            due = time.monotonic() - saved > CHECKPOINT_SECONDS
            if due or seen == last or signals.caught:
                checkpoints.save(seen)
                saved = time.monotonic()
            if signals.caught:
                raise Stopped
    return time.monotonic() - started


def check(learner: Learner, task: Task, examples: int) -> None:
    """Runs each restart's argmax program on symbols and notes the first success."""
    solved_at = learner.solved_at.numpy()
    for restart in range(learner.model.restarts):
        correct = task.symbols.correct(learner.model.program(restart))
        if not correct:
            solved_at[restart] = -1
        elif solved_at[restart] < 0:
            solved_at[restart] = examples
    learner.solved_at.assign(solved_at)


class _Signals:
    """Notes SIGTERM and SIGINT, to be acted on between updates."""

    def __init__(self) -> None:
        self.caught = False

    def __enter__(self) -> "_Signals":
        self._before = {
            number: signal.signal(number, self._note) for number in (signal.SIGTERM, signal.SIGINT)
        }
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, *_: object) -> None:
        self.caught = True
