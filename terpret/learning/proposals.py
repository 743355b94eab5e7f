"""Programs by a solver: proposed from what networks read while these learn, or found beforehand."""

import dataclasses

import numpy as np
import tensorflow as tf

from terpret.backends.exact.outcome import FOUND, outcome
from terpret.backends.exact.problem import Effort, Group, Problem, in_tenths
from terpret.backends.exact.search import search
from terpret.discrete.program import Program
from terpret.learning.attempts import Attempting, Attempts
from terpret.learning.instances import Arrays, Instances
from terpret.learning.judging import Judgement
from terpret.learning.learner import Learner
from terpret.learning.reading import read
from terpret.learning.strategy import Descent

# What each value of a proposed program has of its marginal: a gradient can still change it.
PROPOSED = 0.99


@dataclasses.dataclass(frozen=True)
class Exact(Descent):
    """A solver finds the program before anything learns; networks learn by gradient from it.

    Attributes:
      tolerate: the part of the examples that may stay unexplained.
      smallest: whether the program with the fewest instructions is wanted, of a model where it is
        known what is none.
      weigh: whether examples that networks read count as much as these believe that all they read
        there is right; else all count the same.
    """

    tolerate: float = 0.0
    smallest: bool = False
    weigh: bool = False


@dataclasses.dataclass(frozen=True)
class Proposals(Attempts):
    """By gradient, in attempts, with programs that a solver proposes.

    Where a restart is stuck at the end of an attempt, a solver looks for the program that explains
    most of what its networks read, and the next attempt begins from that. Where it finds none, the
    next attempt is one as any. Networks that others have taught are read before the first update.

    Attributes:
      posed: on how many training examples a program is proposed: those of whose labels the networks
        are most certain.
      tolerate: the part of these that may stay unexplained: images are misread.
      patience: seconds for a proposal.
      weigh: see `Exact`.
    """

    posed: int = 24
    tolerate: float = 0.0
    patience: float = 10.0
    weigh: bool = False

    def finder(self, learner: Learner) -> "Proposing":
        """Makes what finds the programs of a learner."""
        return Proposing(learner)


class Proposing(Attempting):
    """Finds programs in attempts, by proposals.

    Attributes:
      proposed: which restarts are at an attempt that began from a proposal, bool [restart].
    """

    def __init__(self, learner: Learner):
        super().__init__(learner)
        self.proposed = tf.Variable(tf.fill([learner.model.restarts], False), name="proposed")
        # Of the last judgement, by what the networks read: restarts that share them, share it.
        self._known: dict[bytes, Program | None] = {}

    def begin(self, learner: Learner, row: int) -> None:
        """Forgets what belongs to the restart that was in a row."""
        super().begin(learner, row)
        self.proposed[row].assign(False)

    def network_waits(self, learner: Learner, untaught: bool) -> tf.Tensor | None:
        """See `Finder.network_waits`: a program that is proposed is decided."""
        waits = super().network_waits(learner, untaught)
        return None if waits is None else waits & ~self.proposed

    def attempts_ended(self, learner: Learner) -> np.ndarray:
        """See `Finder.attempts_ended`; where all networks were taught, at once."""
        ended = super().attempts_ended(learner)
        return ended if learner.has_untaught_networks else ended | self._first(learner)

    def _first(self, learner: Learner) -> np.ndarray:
        """Which restarts have done nothing yet, bool [restart]."""
        return (learner.steps.numpy() == 0) & (self.attempt.numpy() == 0)

    def judge(self, learner: Learner, judged: Judgement) -> None:
        """See `Finder.judge`."""
        self._known = {}
        super().judge(learner, judged)

    def retry(
        self, learner: Learner, row: int, networks_too: bool, judged: Judgement | None = None
    ) -> None:
        """Begins another attempt in a row, from a proposal where there is one."""
        program = None
        if judged is not None and judged.examples is not None and not networks_too:
            program = self._proposal(learner, row, judged.examples, judged.labels)
        super().retry(learner, row, networks_too)
        self.proposed[row].assign(program is not None)
        if program is not None:
            learner.hold(row, program, PROPOSED)

    def _proposal(
        self, learner: Learner, row: int, examples: Instances, labels: Arrays
    ) -> Program | None:
        """The program that explains most of what a restart's networks read; None for none."""
        said = {name: values[min(row, len(values) - 1)] for name, values in labels.items()}
        key = b"".join(said[name].tobytes() for name in sorted(said))
        if key not in self._known:
            settings = self._settings(learner)
            assert isinstance(settings, Proposals)
            _, certainty = read(learner.model, row, examples)
            chosen = most_certain(certainty, examples, settings.posed)
            problem = posed(examples.part(chosen), {n: v[chosen] for n, v in said.items()})
            if settings.weigh:
                problem = weighed(problem, certainty[chosen])
            problem = problem.tolerating(settings.tolerate)
            effort = Effort(settings.patience, searchers=1, seed=0, until_enough=True)
            found = search(problem, effort)
            self._known[key] = found.program if outcome(found, problem)[0] == FOUND else None
        return self._known[key]


def posed(examples: Instances, labels: Arrays) -> Problem:
    """Examples as a problem for a solver.

    Args:
      examples: the examples.
      labels: what networks say of their images, [examples, *dims] by name.
    """
    return Problem((group_of(examples, labels),))


def group_of(examples: Instances, labels: Arrays) -> Group:
    """Examples under the hypers of their model; arguments as of `posed`."""
    return Group(examples.model, examples.integers_given, examples.integers, labels, len(examples))


def weighed(problem: Problem, certainty: np.ndarray) -> Problem:
    """A problem whose examples count as much as it is certain that they are read aright.

    Args:
      problem: the problem.
      certainty: logarithms of probabilities, [examples].
    """
    return dataclasses.replace(problem, weights=in_tenths(np.exp(certainty - certainty.max())))


def most_certain(certainty: np.ndarray, examples: Instances, count: int) -> np.ndarray:
    """The places of the examples of whose images networks are most certain.

    Examples of which nothing was observed are not among them.

    Args:
      certainty: of each example, that of the labels of its images together.
      examples: the examples.
      count: how many are wanted.
    """
    places = examples.counted
    return places[np.argsort(-certainty[places], kind="stable")[:count]]
