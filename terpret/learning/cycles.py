"""Cycles: the logits of programs that are wrong decay at the beginning of each, right ones stay.

Logits of a restart with a large loss decay towards those of a random program, by gradient and noise
alone: no program is judged, none is re-initialised (in the manner of cyclical stochastic gradient
Langevin dynamics, Zhang et al., 2020).
"""

import dataclasses

import tensorflow as tf

from terpret.backends.batches import Batch
from terpret.backends.model import CompiledModel
from terpret.learning.learner import Learner
from terpret.learning.noise import normal
from terpret.learning.optimise import by_restart
from terpret.learning.strategy import Finder

# How much of the running mean of a loss is kept at an update.
MEMORY = 0.95


@dataclasses.dataclass(frozen=True)
class Cycles:
    """By gradient and noise, in cycles.

    Attributes:
      cycle: updates in a cycle. In the first part of every cycle but the first, logits decay, the
        more the larger the loss.
      decaying: that part of a cycle.
      logit_decay: the part of its logits that a restart loses at an update there if its loss is
        that of a guess; one with a tenth of that loss loses a tenth as much.
      noise_scale: what is lost makes room for normal numbers: the standard deviation of the logits
        of a restart that has lost everything.
    """

    cycle: int
    decaying: float = 0.0
    logit_decay: float = 0.0
    noise_scale: float = 0.0
    retries = False

    def finder(self, learner: Learner) -> Finder:
        """Makes what finds the programs of a learner."""
        return Cycling(learner)


class Cycling(Finder):
    """Finds programs in cycles.

    Attributes:
      mean_loss: the running mean of each restart's loss, as a part of a guess's, [restart]; 1 at
        first.
    """

    def __init__(self, learner: Learner):
        super().__init__(learner)
        ones = tf.ones([learner.model.restarts], learner.model.dtype)
        self.mean_loss = tf.Variable(ones, name="mean_loss")

    def begin(self, learner: Learner, row: int) -> None:
        """Forgets what belongs to the restart that was in a row."""
        super().begin(learner, row)
        self.mean_loss[row].assign(1.0)

    def progress(self, learner: Learner) -> tf.Tensor:
        """How much of its cycle each restart has behind it, [restart]."""
        cycle = self._settings(learner).cycle
        return tf.math.floormod(learner.steps, cycle) / cycle

    def ignorant(self, learner: Learner) -> tf.Tensor:
        """See `Finder.ignorant`: after the first cycle networks know something."""
        return self.untaught & (learner.steps < self._settings(learner).cycle)

    def after_update(
        self,
        learner: Learner,
        model: CompiledModel,
        batch: Batch,
        losses: tf.Tensor,
        learning: tf.Tensor,
    ) -> None:
        """Lets logits decay, and notes the losses."""
        self._decay(learner, learning)
        parts = tf.math.divide_no_nan(losses, model.emit_guess_loss(batch))
        mean = MEMORY * self.mean_loss + (1 - MEMORY) * parts
        self.mean_loss.assign(tf.where(learning, mean, self.mean_loss))

    def _decay(self, learner: Learner, learning: tf.Tensor) -> None:
        """Moves the logits of restarts that know little towards those of a random program.

        A step of an Ornstein-Uhlenbeck process, whose stationary deviation is `noise_scale`.

        Args:
          learner: whose logits they are.
          learning: which restarts learn, bool [restart].
        """
        settings = self._settings(learner)
        begins = self.progress(learner) < settings.decaying
        begins &= learner.steps >= settings.cycle
        share = settings.logit_decay * tf.minimum(self.mean_loss, 1.0)
        share = tf.where(begins & learning, share, tf.zeros_like(share))
        deviation = settings.noise_scale * tf.sqrt(share * (2 - share))
        drawn = learner.split(deviation[:, None] * learner.drawn(normal))
        for variable, noise in zip(learner.program, drawn, strict=True):
            variable.assign((1 - by_restart(share, variable)) * variable + noise)

    def _settings(self, learner: Learner) -> Cycles:
        settings = learner.method.strategy
        assert isinstance(settings, Cycles)
        return settings
