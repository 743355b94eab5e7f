"""Search: discrete programs are drawn and scored exactly, and the marginals follow the best.

Every restart remembers the best programs that it has drawn. An update draws candidates around its
marginals, scores them and the remembered ones on the batch, each network run once for all of them,
and keeps the best. The logits then descend the cross-entropy to the memory (priority queue
training, Abolafia et al., 2018), and the networks the loss of the best program.
"""

import math
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from terpret.backends.model import NEVER, CompiledModel
from terpret.compile import widened
from terpret.learning.learner import Batch, Learner
from terpret.learning.noise import gumbel
from terpret.learning.optimise import by_restart

# The score of a program that is not there, or not to be remembered.
WORST = 1e30
# A score is the mean loss on so many batches, and from then on a moving average.
AVERAGED = 30
# What a program of the memory weighs, by the one before it: the best outweighs all others.
FALL = 1 / 3
# Programs whose fingerprints differ by less do the same.
ALIKE = 1e-5


class Search(Learner):
    """Learns programs by search, and networks by gradient through the best program.

    A program is a vector here, all its values one-hot, one Param after another: `numbers` long.

    Attributes:
      memory: the best programs of each row, best first, [row, memory, numbers].
      scores: their mean losses; `WORST` where there is no program yet, [row, memory].
      ages: how many batches each mean is of, at most `AVERAGED`, [row, memory].
    """

    def __init__(self, *arguments: object, **options: object):
        """Starts a restart in every row; the arguments are those of `Learner`."""
        super().__init__(*arguments, **options)
        rows, kept, dtype = self.model.restarts, self.method.memory, self.model.dtype
        self._size = sum(math.prod(value.shape[1:]) for value in self._program)
        self.memory = tf.Variable(tf.zeros([rows, kept, self._size], dtype), name="memory")
        self.scores = tf.Variable(tf.fill([rows, kept], tf.constant(WORST, dtype)), name="scores")
        self.ages = tf.Variable(tf.zeros([rows, kept], dtype), name="ages")
        many = kept + self.method.candidates
        shared = self.frozen is not None and self.frozen is not self.model
        self._wide = widened(self.model, many)
        self._wide_frozen = widened(self.frozen, many) if shared else self._wide

    @property
    def attempts_ended(self) -> np.ndarray:
        """As `Learner.attempts_ended`; the marginals need time to follow the best program first."""
        return super().attempts_ended & (self.ages[:, 0].numpy() >= AVERAGED)

    def begin(self, row: int, number: int, examples: int) -> None:
        """Forgets a row's restart and begins another there; see `Learner.begin`."""
        super().begin(row, number, examples)
        self._empty_memory(row)

    def _attempt_again(self, row: int, networks_too: bool) -> None:
        super()._attempt_again(row, networks_too)
        self._empty_memory(row)

    def _empty_memory(self, row: int) -> None:
        for variable, start in ((self.memory, 0.0), (self.scores, WORST), (self.ages, 0.0)):
            variable[row].assign(tf.fill(variable.shape[1:], tf.constant(start, variable.dtype)))

    def _objectives(
        self, model: CompiledModel, networks: Sequence[tf.Variable], batch: Batch
    ) -> tuple[tf.Tensor, tf.Tensor]:
        losses, memory, scores = self._remember(model, batch)
        if networks:
            losses = model.emit_losses(batch, self._as_logits(memory[:, 0]))
        return losses, losses + self._distances(memory, scores)

    def _remember(
        self, model: CompiledModel, batch: Batch
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Draws programs, scores them and those of the memory, and keeps the best.

        Returns:
          The loss of each row's best program on this batch, [row]; the memory and its scores.
        """
        kept = self.method.memory
        programs = tf.concat([self.memory, self._drawn_programs()], 1)
        losses, prints = self._scored(model, programs, batch)
        known, fresh = losses[:, :kept], losses[:, kept:]
        there = tf.concat([self.scores < WORST, tf.math.is_finite(fresh)], 1)
        ages = tf.concat([tf.minimum(self.ages + 1, AVERAGED), tf.ones_like(fresh)], 1)
        means = tf.concat([self.scores + (known - self.scores) / ages[:, :kept], fresh], 1)
        repeated = _repeated(prints, there) & (np.arange(programs.shape[1]) >= kept)
        means = tf.where(there & ~repeated, means, WORST)
        scores, chosen = tf.math.top_k(-means, kept)
        memory, ages = (tf.gather(values, chosen, batch_dims=1) for values in (programs, ages))
        state = []
        for variable, new in ((self.memory, memory), (self.scores, -scores), (self.ages, ages)):
            state.append(tf.where(by_restart(self.active, new), new, variable))
            variable.assign(state[-1])
        return tf.gather(losses, chosen[:, 0], batch_dims=1), state[0], state[1]

    def _drawn_programs(self) -> tf.Tensor:
        """The candidates of this update, [row, candidates, numbers].

        A value is drawn from its marginal, or, with a probability that rises from 0 for the first
        candidate to 1 for the last, from all values alike: some stay near, some go anywhere.
        """
        count = self.method.candidates
        noise = gumbel(self._key, self.steps, [count, self._size], self.model.dtype)
        noise = self._split(tf.reshape(noise, [-1, self._size]))
        drawn = []
        for logits, part in zip(self._program, noise, strict=True):
            free = np.linspace(0, 1, count).reshape([count] + [1] * (len(logits.shape) - 1))
            free = tf.constant(free, logits.dtype)
            mixed = (1 - free) * tf.nn.softmax(logits)[:, None] + free / logits.shape[-1]
            part = tf.reshape(part, [-1, *mixed.shape[1:]])
            chosen = tf.argmax(tf.math.log(mixed) + part, -1)
            ones = tf.one_hot(chosen, logits.shape[-1], dtype=logits.dtype)
            drawn.append(tf.reshape(ones, [-1, count, math.prod(logits.shape[1:])]))
        return tf.concat(drawn, -1)

    def _scored(
        self, model: CompiledModel, programs: tf.Tensor, batch: Batch
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """The losses of programs [row, program, numbers] on a batch, and fingerprints of what they
        give there: [row, program] both."""
        wide = self._wide_frozen if model is self.frozen else self._wide
        logits = self._as_logits(tf.reshape(programs, [-1, self._size]))
        marginals = wide.emit_marginals(batch, logits)
        losses = wide.emit_total(batch, marginals)
        prints = tf.zeros_like(losses)
        for place, values in enumerate(marginals.values()):
            weights = tf.random.stateless_uniform(
                tf.shape(values)[1:], [place, 0], dtype=wide.dtype
            )
            parts = tf.reduce_mean(wide.space.probabilities(values) * weights, 1)
            prints += tf.reduce_sum(parts, list(range(1, len(parts.shape))))
        return tf.reshape(losses, programs.shape[:2]), tf.reshape(prints, programs.shape[:2])

    def _as_logits(self, programs: tf.Tensor) -> dict[str, tf.Tensor]:
        """The logits, by Param, of programs [n, numbers]: [n, *dims, values]."""
        return dict(zip(self.model.param_logits, self._split(NEVER * (1 - programs)), strict=True))

    def _distances(self, memory: tf.Tensor, scores: tf.Tensor) -> tf.Tensor:
        """The cross-entropy of the marginals to the programs of the memory, [row]."""
        there = tf.cast(scores < WORST, memory.dtype)
        weights = there * FALL ** tf.range(self.method.memory, dtype=memory.dtype)
        weights = tf.math.divide_no_nan(weights, tf.reduce_sum(weights, -1, keepdims=True))
        targets = self._split(tf.einsum("rm,rmn->rn", weights, memory))
        terms = [
            tf.reduce_sum(target * tf.nn.log_softmax(logits), list(range(1, len(logits.shape))))
            for target, logits in zip(targets, self._program, strict=True)
        ]
        return -tf.add_n(terms)


def _repeated(prints: tf.Tensor, there: tf.Tensor) -> tf.Tensor:
    """Which programs do what one before them does that is there, bool [row, program]."""
    alike = tf.abs(prints[:, :, None] - prints[:, None, :]) < ALIKE
    before = np.tri(prints.shape[1], k=-1, dtype=bool)
    return tf.reduce_any(alike & before & there[:, None], -1)
