"""Attempts: a restart whose program is stuck re-initialises it, and retries with its networks."""

import dataclasses

import numpy as np
import tensorflow as tf

from terpret.learning.judging import Judgement
from terpret.learning.learner import Learner
from terpret.learning.strategy import Finder

# Between the seeds of the attempts of a restart.
SEEDS_APART = 1_000_003


@dataclasses.dataclass(frozen=True)
class Attempts:
    """By gradient, in attempts.

    Attributes:
      attempt: updates in an attempt. At the end of each, a restart that is stuck re-initialises its
        Params and retries with the networks it has, unless these have collapsed; one that is not
        stuck keeps its Params to the end.
      stuck_below: the part of some training examples that a restart's discretised program must
        get right at the end of an attempt; one that gets fewer is stuck.
      wait: the part of an attempt for which networks that know something already, from outside or
        from an earlier attempt, do not learn: an undecided program would teach them wrong things.
    """

    attempt: int
    stuck_below: float
    wait: float = 0.0
    retries = True

    def finder(self, learner: Learner) -> Finder:
        """Makes what finds the programs of a learner."""
        return Attempting(learner)


class Attempting(Finder):
    """Finds programs in attempts.

    Attributes:
      attempt: the number of the attempt that each restart is at, from 0, [restart].
      begun: after how many updates that attempt began, [restart].
      settled: which restarts were not stuck at the end of an attempt, bool [restart].
    """

    def __init__(self, learner: Learner):
        super().__init__(learner)
        restarts, dtype = learner.model.restarts, learner.model.dtype
        self.attempt = tf.Variable(tf.zeros([restarts], dtype), name="attempt")
        self.begun = tf.Variable(tf.zeros([restarts], dtype), name="begun")
        self.settled = tf.Variable(tf.fill([restarts], False), name="settled")

    def begin(self, learner: Learner, row: int) -> None:
        """Forgets what belongs to the restart that was in a row."""
        super().begin(learner, row)
        self.settled[row].assign(False)
        for variable in (self.attempt, self.begun):
            variable[row].assign(0.0)

    def progress(self, learner: Learner) -> tf.Tensor:
        """How much of its attempt each restart has behind it, [restart]; above 1 when settled."""
        return (learner.steps - self.begun) / self._settings(learner).attempt

    def network_waits(self, learner: Learner, untaught: bool) -> tf.Tensor | None:
        """See `Finder.network_waits`."""
        wait = self._settings(learner).wait
        if not wait:
            return None
        waits = self.progress(learner) < wait
        return waits & ~self.ignorant(learner) if untaught else waits

    def attempts_ended(self, learner: Learner) -> np.ndarray:
        """Which restarts have ended an attempt that is not judged yet, bool [restart]."""
        ended = self.progress(learner).numpy() >= 1.0
        return ended & ~self.settled.numpy() & learner.active.numpy()

    def judge(self, learner: Learner, judged: Judgement) -> None:
        """See `Finder.judge`."""
        ended = self.attempts_ended(learner)
        stuck = ended & (judged.accuracies < self._settings(learner).stuck_below)
        self.settled.assign(self.settled | (ended & ~stuck))
        for row in np.flatnonzero(stuck):
            collapsed = learner.has_untaught_networks and bool(judged.collapsed[row])
            self.retry(learner, int(row), collapsed, judged)

    def retry(
        self, learner: Learner, row: int, networks_too: bool, judged: Judgement | None = None
    ) -> None:
        """Begins another attempt in a row; `judged` says how the last one did, if that is known."""
        self.attempt[row].assign(self.attempt[row] + 1.0)
        self.begun[row].assign(learner.steps[row])
        self.untaught[row].assign(networks_too)
        # What an attempt begins from is what a restart of another seed begins from.
        seed = learner.seed + SEEDS_APART * int(self.attempt[row])
        learner.reinitialise(row, seed, networks_too)

    def _settings(self, learner: Learner) -> Attempts:
        settings = learner.method.strategy
        assert isinstance(settings, Attempts)
        return settings
