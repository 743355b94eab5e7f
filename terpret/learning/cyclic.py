"""Cycles: programs that are wrong forget at the beginning of each, those that are right stay.

Logits of a restart with a large loss decay towards those of a random program and are stirred, by
gradient and noise alone: no program is judged, none is drawn anew (in the manner of cyclical
stochastic gradient Langevin dynamics, Zhang et al., 2020).
"""

import tensorflow as tf

from terpret.backends.model import CompiledModel
from terpret.learning.learner import Batch, Learner
from terpret.learning.noise import normal
from terpret.learning.optimise import by_restart

# How much of the running mean of a loss is kept at an update.
MEMORY = 0.95


class Cyclic(Learner):
    """Learns programs by gradient, in cycles.

    Attributes:
      level: the running mean of each row's loss, as a part of a guess's loss, [row]; 1 at first.
    """

    def __init__(self, *arguments: object, **options: object):
        """Starts a restart in every row; the arguments are those of `Learner`."""
        super().__init__(*arguments, **options)
        self.level = tf.Variable(tf.ones([self.model.restarts], self.model.dtype), name="level")

    def begin(self, row: int, number: int, examples: int) -> None:
        """Forgets a row's restart and begins another there; see `Learner.begin`."""
        super().begin(row, number, examples)
        self.level[row].assign(1.0)

    def _progress(self) -> tf.Tensor:
        return tf.math.floormod(self.steps, self.method.cycle) / self.method.cycle

    def _ignorant(self) -> tf.Tensor:
        return super()._ignorant() & (self.steps < self.method.cycle)

    def _after_update(
        self, model: CompiledModel, batch: Batch, losses: tf.Tensor, learning: tf.Tensor
    ) -> None:
        self._forget(learning)
        level = tf.math.divide_no_nan(losses, model.emit_guess_loss(batch))
        level = MEMORY * self.level + (1 - MEMORY) * level
        self.level.assign(tf.where(learning, level, self.level))

    def _forget(self, learning: tf.Tensor) -> None:
        """Moves the logits of restarts that know little towards those of a random program.

        A step of an Ornstein-Uhlenbeck process, whose stationary deviation is `stir`.

        Args:
          learning: which rows learn, [restart].
        """
        method = self.method
        begins = (self._progress() < method.forgetting) & (self.steps >= method.cycle)
        share = method.forget * tf.minimum(self.level, 1.0)
        share = tf.where(begins & learning, share, tf.zeros_like(share))
        deviation = method.stir * tf.sqrt(share * (2 - share))
        drawn = self._split(deviation[:, None] * self._drawn(normal))
        for variable, stirred in zip(self._program, drawn, strict=True):
            variable.assign((1 - by_restart(share, variable)) * variable + stirred)
