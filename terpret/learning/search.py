"""Search: discrete programs are drawn and scored exactly, and the marginals follow the best.

Every restart remembers the best programs that it has drawn. An update draws candidates around its
marginals, scores them and the remembered ones on the batch, each network run once for all of them,
and keeps the best. The logits then descend the cross-entropy to the memory (priority queue
training, Abolafia et al., 2018), and the networks the loss of the best program.
"""

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from terpret.backends.batches import Batch
from terpret.backends.model import NEVER, CompiledModel
from terpret.compile import widened
from terpret.learning.attempts import Attempting, Attempts
from terpret.learning.judging import Judgement
from terpret.learning.learner import Learner
from terpret.learning.noise import gumbel
from terpret.learning.optimise import by_restart
from terpret.learning.strategy import Finder

# The score of a program that is not there, or not to be remembered.
WORST = 1e30
# A score is the mean loss on so many batches, and from then on a moving average.
AVERAGED = 30
# What a program of the memory weighs, by the one before it: the best outweighs all others.
FALL = 1 / 3
# Programs whose fingerprints differ by less do the same.
ALIKE = 1e-5


@dataclasses.dataclass(frozen=True)
class Search(Attempts):
    """Not by gradient: programs are drawn and scored, in attempts.

    Attributes:
      candidates: how many programs a restart draws and scores at every update.
      memory: how many of the best programs that it has drawn it remembers and follows.
    """

    candidates: int = 1
    memory: int = 1

    def finder(self, learner: Learner) -> Finder:
        """Makes what finds the programs of a learner."""
        return Searching(learner)


class Searching(Attempting):
    """Finds programs by search; networks learn by gradient through the best program.

    A program is a vector here, all its values one-hot, one Param after another: `numbers` long.

    Attributes:
      memory: the best programs of each restart, best first, [restart, memory, numbers].
      scores: their mean losses; `WORST` where there is no program yet, [restart, memory].
      ages: how many batches each mean is of, at most `AVERAGED`, [restart, memory].
    """

    def __init__(self, learner: Learner):
        super().__init__(learner)
        model, settings = learner.model, self._settings(learner)
        rows, kept, dtype = model.restarts, settings.memory, model.dtype
        self._size = sum(math.prod(value.shape[1:]) for value in learner.program)
        self.memory = tf.Variable(tf.zeros([rows, kept, self._size], dtype), name="memory")
        self.scores = tf.Variable(tf.fill([rows, kept], tf.constant(WORST, dtype)), name="scores")
        self.ages = tf.Variable(tf.zeros([rows, kept], dtype), name="ages")
        many = kept + settings.candidates
        frozen = learner.frozen
        self._wide = widened(model, many)
        self._wide_frozen = self._wide
        if frozen is not None and frozen is not model:
            self._wide_frozen = widened(frozen, many)

    def _settings(self, learner: Learner) -> Search:
        settings = learner.method.strategy
        assert isinstance(settings, Search)
        return settings

    def attempts_ended(self, learner: Learner) -> np.ndarray:
        """As of attempts; the marginals need time to follow the best program first."""
        return super().attempts_ended(learner) & (self.ages[:, 0].numpy() >= AVERAGED)

    def begin(self, learner: Learner, row: int) -> None:
        """Forgets what belongs to the restart that was in a row."""
        super().begin(learner, row)
        self._empty_memory(row)

    def retry(
        self, learner: Learner, row: int, networks_too: bool, judged: Judgement | None = None
    ) -> None:
        """Begins another attempt in a row."""
        super().retry(learner, row, networks_too)
        self._empty_memory(row)

    def _empty_memory(self, row: int) -> None:
        for variable, start in ((self.memory, 0.0), (self.scores, WORST), (self.ages, 0.0)):
            variable[row].assign(tf.fill(variable.shape[1:], tf.constant(start, variable.dtype)))

    def objectives(
        self,
        learner: Learner,
        model: CompiledModel,
        networks: Sequence[tf.Variable],
        batch: Batch,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """The loss of each restart's best program, and what its logits and networks descend."""
        losses, memory, scores = self._remember(learner, model, batch)
        if networks:
            losses = model.emit_losses(batch, self._as_logits(learner, memory[:, 0]))
        return losses, losses + self._distances(learner, memory, scores)

    def _remember(
        self, learner: Learner, model: CompiledModel, batch: Batch
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Draws programs, scores them and those of the memory, and keeps the best.

        Returns:
          The loss of each row's best program on this batch, [row]; the memory and its scores.
        """
        kept = self._settings(learner).memory
        programs = tf.concat([self.memory, self._drawn_programs(learner)], 1)
        losses, prints = self._scored(learner, model, programs, batch)
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
            state.append(tf.where(by_restart(learner.active, new), new, variable))
            variable.assign(state[-1])
        return tf.gather(losses, chosen[:, 0], batch_dims=1), state[0], state[1]

    def _drawn_programs(self, learner: Learner) -> tf.Tensor:
        """The candidates of this update, [row, candidates, numbers].

        A value is drawn from its marginal, or, with a probability that rises from 0 for the first
        candidate to 1 for the last, from all values alike: some stay near, some go anywhere.
        """
        count = self._settings(learner).candidates
        noise = gumbel(learner.key, learner.steps, [count, self._size], learner.model.dtype)
        noise = learner.split(tf.reshape(noise, [-1, self._size]))
        drawn = []
        for logits, part in zip(learner.program, noise, strict=True):
            free = np.linspace(0, 1, count).reshape([count] + [1] * (len(logits.shape) - 1))
            free = tf.constant(free, logits.dtype)
            mixed = (1 - free) * tf.nn.softmax(logits)[:, None] + free / logits.shape[-1]
            part = tf.reshape(part, [-1, *mixed.shape[1:]])
            chosen = tf.argmax(tf.math.log(mixed) + part, -1)
            ones = tf.one_hot(chosen, logits.shape[-1], dtype=logits.dtype)
            drawn.append(tf.reshape(ones, [-1, count, math.prod(logits.shape[1:])]))
        return tf.concat(drawn, -1)

    def _scored(
        self, learner: Learner, model: CompiledModel, programs: tf.Tensor, batch: Batch
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """The losses of programs [row, program, numbers] on a batch, and fingerprints of what they
        give there: [row, program] both."""
        wide = self._wide_frozen if model is learner.frozen else self._wide
        logits = self._as_logits(learner, tf.reshape(programs, [-1, self._size]))
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

    def _as_logits(self, learner: Learner, programs: tf.Tensor) -> dict[str, tf.Tensor]:
        """The logits, by Param, of programs [n, numbers]: [n, *dims, values]."""
        return dict(
            zip(learner.model.param_logits, learner.split(NEVER * (1 - programs)), strict=True)
        )

    def _distances(self, learner: Learner, memory: tf.Tensor, scores: tf.Tensor) -> tf.Tensor:
        """The cross-entropy of the marginals to the programs of the memory, [row]."""
        there = tf.cast(scores < WORST, memory.dtype)
        weights = there * FALL ** tf.range(memory.shape[1], dtype=memory.dtype)
        weights = tf.math.divide_no_nan(weights, tf.reduce_sum(weights, -1, keepdims=True))
        targets = learner.split(tf.einsum("rm,rmn->rn", weights, memory))
        terms = [
            tf.reduce_sum(target * tf.nn.log_softmax(logits), list(range(1, len(logits.shape))))
            for target, logits in zip(targets, learner.program, strict=True)
        ]
        return -tf.add_n(terms)


def _repeated(prints: tf.Tensor, there: tf.Tensor) -> tf.Tensor:
    """Which programs do what one before them does that is there, bool [row, program]."""
    alike = tf.abs(prints[:, :, None] - prints[:, None, :]) < ALIKE
    before = np.tri(prints.shape[1], k=-1, dtype=bool)
    return tf.reduce_any(alike & before & there[:, None], -1)
