"""Indep.: every task is learned by a column of its own, with no transfer (paper, section 5.1)."""

from collections.abc import Sequence

import tensorflow as tf

from baselines.baseline import Baseline, RmsProp
from baselines.dense import Perceptron, Start
from baselines.shapes import ANSWERS, DIGITS, HIDDEN, PERCEPTION, PIXELS, facts, facts_width


class Column(tf.Module):
    """A perceiving network and a deciding one, for a single task."""

    def __init__(self, task: str, start: Start):
        super().__init__()
        sees = [PIXELS, *PERCEPTION, DIGITS]
        self.perception = Perceptron(f"{task}/perception", sees, start)
        decides = [facts_width(task, DIGITS), HIDDEN, HIDDEN, HIDDEN, ANSWERS]
        self.decision = Perceptron(f"{task}/decision", decides, start)


class SeparateColumns(tf.Module):
    """A column for every task."""

    def __init__(self, tasks: Sequence[str], start: Start):
        super().__init__()
        self.columns = {task: Column(task, start) for task in tasks}

    def sees_through(self, task: str) -> tuple[str, ...]:
        """See `baselines.baseline.Networks`."""
        return (task,)

    def embedding(self, task: str) -> int:
        """See `baselines.baseline.Networks`."""
        return DIGITS

    def perceive(self, task: str, pixels: tf.Tensor) -> tf.Tensor:
        """See `baselines.baseline.Networks`."""
        return tf.nn.softmax(self.columns[task].perception.on_images(pixels))

    def decide(self, task: str, tiles: tf.Tensor, integers: tf.Tensor) -> tf.Tensor:
        """See `baselines.baseline.Networks`."""
        return self.columns[task].decision(facts(task, tiles, integers))


def independent_columns(
    tasks: Sequence[str],
    lives: Sequence[int],
    seed: int = 0,
    rate: float = 0.003,
    dtype: tf.DType = tf.float32,
    xla: bool = True,
) -> Baseline:
    """Makes the baseline Indep.

    Args:
      tasks: the names of the tasks.
      lives: the numbers of the lives; a life is the same whatever lives beside it.
      seed: the root seed.
      rate: the learning rate.
      dtype: the floating point type.
      xla: whether steps are compiled by XLA.
    """
    networks = SeparateColumns(tasks, Start(lives, seed, dtype))
    return Baseline(networks, {t: [RmsProp([networks.columns[t]], rate)] for t in tasks}, xla)
