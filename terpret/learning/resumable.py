"""Work that can be stopped at any moment and continued: restored, done, and saved when due."""

import math
import time
from typing import Protocol

from terpret.learning.checkpoints import Checkpoints
from terpret.signals import Signals, Stopped


class Work(Protocol):
    """Work in stretches; what is not in tensors that the checkpoints track is in a text."""

    def restore(self, examples: int, text: str) -> None:
        """Goes on from where `saved` gave these; the tensors are restored already."""

    def finished(self) -> bool:
        """Whether nothing is left to do."""

    def advance(self) -> None:
        """Does the next stretch."""

    def saved(self) -> tuple[int, str]:
        """The position in the stream of examples, and all else that `restore` needs."""


def do(work: Work, checkpoints: Checkpoints, seconds: float) -> None:
    """Does work to its end, from the newest checkpoint on.

    Args:
      work: the work.
      checkpoints: where it is kept: after the first stretch of all, at the end, when a signal came,
        and whenever so much time has passed.
      seconds: the time between checkpoints.

    Raises:
      Stopped: by a signal, after a checkpoint was written.
      CheckpointError: there are checkpoints that cannot be restored, or none can be written.
    """
    stored = checkpoints.restore()
    if stored is not None:
        work.restore(*stored)
    # The first stretch ends in a checkpoint, whatever time it takes.
    saved = -math.inf if stored is None else time.monotonic()
    with Signals() as signals:
        finished = work.finished()
        if finished and stored is None:
            checkpoints.save(*work.saved())
        while not finished:
            work.advance()
            finished = work.finished()
            due = time.monotonic() - saved > seconds
            stopping = signals.caught
            if due or finished or stopping:
                checkpoints.save(*work.saved())
                saved = time.monotonic()
            if stopping:
                raise Stopped
