"""What is known of each restart while it learns: its losses, whether it is solved, or dead."""

import dataclasses
import json
from typing import Any

import numpy as np

DEAD, CONVERGED = "dead", "converged"


@dataclasses.dataclass(frozen=True)
class Restart:
    """One start from random values.

    Attributes:
      number: its number; its first values and its noise are drawn from it.
      started: the examples of the stream that had gone by when it began.
      solved_at: the examples after which its program was found correct, -1 before.
      enough: whether it was solved at the last check, by networks as good as the run asks for.
      stopped: why it learns no longer: `DEAD`, `CONVERGED`, or empty.
      losses: (examples, mean loss since the one before) of its own, in order.
      accuracies: (examples, accuracy of its discretised program on validation symbols) at checks.
      on_images: (examples, accuracy of the same on unseen images) at checks of a task that has
        examples for that.
    """

    number: int
    started: int = 0
    solved_at: int = -1
    enough: bool = False
    stopped: str = ""
    losses: tuple[tuple[int, float], ...] = ()
    accuracies: tuple[tuple[int, float], ...] = ()
    on_images: tuple[tuple[int, float], ...] = ()

    @property
    def solved(self) -> bool:
        """Whether its program was correct at the last check."""
        return self.solved_at >= 0


@dataclasses.dataclass(frozen=True)
class Progress:
    """What a training loop reports after some updates.

    Attributes:
      examples: of the stream.
      numbers: the number of the restart in each row, [row].
      losses: the mean loss since the last report; NaN where a row has stopped, [row].
      solved_at: as in `Restart`, [row].
      accuracies: as in `Restart`, at a check, [row]; None between checks.
      on_images: as in `Restart`, at a check, [row]; None between checks, or where there is none.
    """

    examples: int
    numbers: np.ndarray
    losses: np.ndarray
    solved_at: np.ndarray
    accuracies: np.ndarray | None
    on_images: np.ndarray | None = None


@dataclasses.dataclass
class Restarts:
    """All restarts of a run; it goes into a checkpoint as text.

    Attributes:
      rows: the restart in each row of the tensors.
      retired: what was measured of those whose row another has taken, with their curves.
      fresh: the number of the next restart.
      seconds: how long the run has taken.
    """

    rows: list[Restart]
    retired: list[dict[str, object]] = dataclasses.field(default_factory=list)
    fresh: int = 0
    seconds: float = 0.0

    def serialize(self) -> str:
        """The text that `restarts_of` reads."""
        return json.dumps(dataclasses.asdict(self))


def restarts_of(text: str) -> Restarts:
    """The restarts that `Restarts.serialize` wrote."""
    values = json.loads(text)
    return Restarts(rows=[_restart_of(row) for row in values.pop("rows")], **values)


def _restart_of(values: dict[str, Any]) -> Restart:
    """A restart from its JSON, which has lists in the place of tuples: its curves."""
    curves = {name: value for name, value in values.items() if isinstance(value, list)}
    points = {name: tuple((int(x), y) for x, y in curve) for name, curve in curves.items()}
    return Restart(**values | points)


def plateaued(restart: Restart, rung: int, least: float) -> bool:
    """Whether a restart's loss has stopped falling on its way to a rung.

    The mean loss of the last quarter of the way is held against that of the quarter before, so that
    neither the first descent nor the noise of one batch decides. A loss that is no number is dead.

    Args:
      restart: one that has reached the rung.
      rung: examples.
      least: the part of its loss that it must have lost.
    """
    before = [loss for seen, loss in restart.losses if rung / 2 < seen <= rung * 3 / 4]
    after = [loss for seen, loss in restart.losses if rung * 3 / 4 < seen <= rung]
    if not before or not after:
        return False
    return not np.mean(after) < (1 - least) * np.mean(before)


def rung_reached(before: int, seen: int, first: int) -> int:
    """The rung (first, 2 first, 4 first, ...) that lies in before < rung <= seen; 0 for none."""
    rung = first
    while rung and rung <= seen:
        if rung > before:
            return rung
        rung *= 2
    return 0
