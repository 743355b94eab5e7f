"""MTNN: all tasks share two perceiving networks, and each decides for itself (paper, section 5.1).

The shared networks are `net_0` and `net_1` of section 4.1, which embed an image in 10 and in 4
numbers. Their symmetry is broken as in NTPT: the very first task sees `net_0` only, all others see
both. So the first task is decided from 4 x 10 numbers, the others from 4 x 14, the 56 numbers that
the paper's first version names (4.1).
"""

from collections.abc import Mapping, Sequence

import tensorflow as tf

from baselines.baseline import Baseline, RmsProp
from baselines.dense import Perceptron, Start
from baselines.shapes import (
    ANSWERS,
    DIGITS,
    HIDDEN,
    OPERATORS,
    PERCEPTION,
    PIXELS,
    facts,
    facts_width,
    scenario,
)

_EMBEDDINGS = {"net_0": DIGITS, "net_1": OPERATORS}
# The learning rate of a deciding network by its hidden layers. At 0.03 one of three layers learns
# nothing, and its meaningless gradients change the shared networks beyond use.
RATES = {1: 0.03, 3: 0.003}


class SharedPerception(tf.Module):
    """Two networks that the tasks see through, and a deciding network for each task.

    Attributes:
      nets: the two networks.
      decisions: by task, what decides it.
    """

    def __init__(self, tasks: Sequence[str], hidden_layers: Mapping[str, int], start: Start):
        """Makes the networks; `hidden_layers` are a deciding network's, by scenario."""
        super().__init__()
        self._first = tasks[0]
        self.nets = {
            name: Perceptron(name, [PIXELS, *PERCEPTION, size], start)
            for name, size in _EMBEDDINGS.items()
        }
        self.decisions = {}
        for task in tasks:
            hidden = [HIDDEN] * hidden_layers[scenario(task)]
            widths = [facts_width(task, self.embedding(task)), *hidden, ANSWERS]
            self.decisions[task] = Perceptron(f"{task}/decision", widths, start)

    def sees_through(self, task: str) -> tuple[str, ...]:
        """See `baselines.baseline.Networks`."""
        return ("net_0",) if task == self._first else tuple(_EMBEDDINGS)

    def embedding(self, task: str) -> int:
        """See `baselines.baseline.Networks`."""
        return sum(_EMBEDDINGS[name] for name in self.sees_through(task))

    def perceive(self, task: str, pixels: tf.Tensor) -> tf.Tensor:
        """See `baselines.baseline.Networks`."""
        logits = [self.nets[name].on_images(pixels) for name in self.sees_through(task)]
        return tf.concat([tf.nn.softmax(each) for each in logits], -1)

    def decide(self, task: str, tiles: tf.Tensor, integers: tf.Tensor) -> tf.Tensor:
        """See `baselines.baseline.Networks`."""
        return self.decisions[task](facts(task, tiles, integers))


def multitask_1(
    tasks: Sequence[str],
    lives: Sequence[int],
    seed: int = 0,
    rate: float | None = None,
    shared_rate: float = 0.0003,
    dtype: tf.DType = tf.float32,
    xla: bool = True,
) -> Baseline:
    """Makes the baseline MTNN-1: three hidden layers decide every task.

    Args:
      tasks: the names of the tasks, the very first one first.
      lives: the numbers of the lives; a life is the same whatever lives beside it.
      seed: the root seed.
      rate: the learning rate of the deciding networks; none is `RATES`.
      shared_rate: the learning rate of the shared networks.
      dtype: the floating point type.
      xla: whether steps are compiled by XLA.
    """
    start = Start(lives, seed, dtype)
    return _baseline(tasks, {"add2x2": 3, "apply2x2": 3}, start, rate, shared_rate, xla)


def multitask_2(
    tasks: Sequence[str],
    lives: Sequence[int],
    seed: int = 0,
    rate: float | None = None,
    shared_rate: float = 0.0003,
    dtype: tf.DType = tf.float32,
    xla: bool = True,
) -> Baseline:
    """Makes the baseline MTNN-2: one hidden layer decides ADD2X2, three decide APPLY2X2.

    Args:
      tasks: the names of the tasks, the very first one first.
      lives: the numbers of the lives; a life is the same whatever lives beside it.
      seed: the root seed.
      rate: the learning rate of the deciding networks; none is `RATES`.
      shared_rate: the learning rate of the shared networks.
      dtype: the floating point type.
      xla: whether steps are compiled by XLA.
    """
    start = Start(lives, seed, dtype)
    return _baseline(tasks, {"add2x2": 1, "apply2x2": 3}, start, rate, shared_rate, xla)


def _baseline(
    tasks: Sequence[str],
    hidden_layers: Mapping[str, int],
    start: Start,
    rate: float | None,
    shared_rate: float,
    xla: bool,
) -> Baseline:
    networks = SharedPerception(tasks, hidden_layers, start)
    shared = {name: RmsProp([net], shared_rate) for name, net in networks.nets.items()}
    rates = {name: rate or RATES[layers] for name, layers in hidden_layers.items()}
    return Baseline(
        networks,
        {
            task: [
                RmsProp([decision], rates[scenario(task)]),
                *(shared[name] for name in networks.sees_through(task)),
            ]
            for task, decision in networks.decisions.items()
        },
        xla,
    )
