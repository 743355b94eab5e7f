"""How programs are found: a strategy, which a preset names, makes the finder that a learner calls.

A strategy is settings, a finder is state: a few tensors a restart. Here is the plainest, descent;
the others are each a file of their own, and override what they do otherwise.
"""

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np
import tensorflow as tf

from terpret.backends.batches import Batch
from terpret.backends.model import CompiledModel
from terpret.learning.judging import Judgement

if TYPE_CHECKING:
    from terpret.learning.learner import Learner


class Strategy(Protocol):
    """The settings of a way to find programs."""

    @property
    def retries(self) -> bool:
        """Whether a restart may begin its program again within its own number of examples."""

    def finder(self, learner: "Learner") -> "Finder":
        """Makes what finds the programs of a learner."""


@dataclasses.dataclass(frozen=True)
class Descent:
    """By gradient alone: the marginals descend their loss from the first update to the last."""

    retries = False

    def finder(self, learner: "Learner") -> "Finder":
        """Makes what finds the programs of a learner."""
        return Finder(learner)


class Finder(tf.Module):
    """Finds programs by descent.

    Attributes:
      untaught: which restarts have networks that know nothing yet, bool [restart].
    """

    def __init__(self, learner: "Learner"):
        super().__init__(name="finder")
        self.untaught = tf.Variable(
            tf.fill([learner.model.restarts], learner.has_untaught_networks), name="untaught"
        )

    def begin(self, learner: "Learner", row: int) -> None:
        """Forgets what belongs to the restart that was in a row."""
        self.untaught[row].assign(learner.has_untaught_networks)

    def progress(self, learner: "Learner") -> tf.Tensor:
        """How much of its way to a program each restart has behind it, [restart]."""
        return learner.seen() / learner.horizon

    def ignorant(self, learner: "Learner") -> tf.Tensor:
        """Which restarts have networks that know nothing yet, bool [restart].

        Their logits have no Gumbel noise, which would keep the networks from learning.
        """
        return self.untaught

    def network_waits(self, learner: "Learner", untaught: bool) -> tf.Tensor | None:
        """In which restarts a network does not learn now, bool [restart]; None: in none.

        Args:
          learner: whose networks they are.
          untaught: whether it is a network that knew nothing when its restart began.
        """
        return None

    def objectives(
        self,
        learner: "Learner",
        model: CompiledModel,
        networks: Sequence[tf.Variable],
        batch: Batch,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """The loss of each restart, and what it descends, [restart] both: here the same."""
        losses = model.emit_losses(batch, learner.noisy_logits())
        return losses, losses

    def after_update(
        self,
        learner: "Learner",
        model: CompiledModel,
        batch: Batch,
        losses: tf.Tensor,
        learning: tf.Tensor,
    ) -> None:
        """What else an update does; `losses` were before it, `learning` are those it changed."""

    def attempts_ended(self, learner: "Learner") -> np.ndarray:
        """Which restarts have ended an attempt that is not judged yet, bool [restart]."""
        return np.zeros([learner.model.restarts], bool)

    def judge(self, learner: "Learner", judged: Judgement) -> None:
        """Judges the attempts that have ended: re-initialises the programs that are stuck.

        Args:
          learner: whose attempts they are.
          judged: how all restarts do.
        """
