"""Strong supervision: a classifier like `net_0`, taught by the labels of the digits themselves.

The first version of the paper (section 4.1) compares NTPT, which sees sums only, with it.
"""

import math
from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
import tensorflow as tf

from baselines.baseline import Batch, RmsProp
from baselines.dense import Perceptron, Start
from baselines.shapes import DIGITS, PERCEPTION, PIXELS
from datasets.grids import tiles_of
from terpret.data.test_set import TestSet
from terpret.learning.cached_predictions import Memory, once


class LabelledDigits(tf.Module):
    """Classifiers that read the two tiles of an ADD2X2 task and add what they read.

    Attributes:
      networks_shared: the classifier can be tested by itself.
      classifier: the networks of all lives.
    """

    networks_shared = True

    def __init__(self, lives: Sequence[int], seed: int, rate: float = 0.001, xla: bool = True):
        """Begins the lives.

        Args:
          lives: their numbers.
          seed: the root seed.
          rate: the learning rate.
          xla: whether steps are compiled by XLA.
        """
        super().__init__()
        self._xla = xla
        start = Start(lives, seed, tf.float32)
        self.classifier = Perceptron("net_0", [PIXELS, *PERCEPTION, DIGITS], start)
        self._optimiser = RmsProp([self.classifier], rate)
        self._steps: dict[str, tf.types.experimental.PolymorphicFunction] = {}

    @property
    def parameters(self) -> int:
        """The number of parameters of one life."""
        return sum(math.prod(v.shape[1:]) for v in self.classifier.trainable_variables)

    def step(self, task: str, batch: Batch) -> tf.Tensor:
        """Learns from the labels of the two tiles of each grid.

        Args:
          task: add2x2-top, -left, -bottom or -right.
          batch: "tiles", float [batch, 4, 28, 28] in 0..1, and "labels", int32 [batch, 4].

        Returns:
          The mean cross-entropy before the update, [life].
        """
        if task not in self._steps:
            tiles = list(_tiles(task))
            self._steps[task] = tf.function(
                lambda batch: self._step(tiles, batch), autograph=False, jit_compile=self._xla
            )
        return self._steps[task](batch)

    def answers(self, test_sets: Mapping[str, TestSet]) -> dict[str, np.ndarray]:
        """The sums of the digits it reads, integers [life, grid] by task."""
        result = {}
        memory: Memory[np.ndarray] = {}
        for task, test_set in test_sets.items():
            images, places = test_set.images["tiles"], test_set.inputs["tiles"]
            read = once(memory, "net_0", images, partial(self.classify, "net_0"))
            first, second = _tiles(task)
            result[task] = read[:, places[:, first]] + read[:, places[:, second]]
        return result

    def taught_by(self, task: str) -> frozenset[str]:
        """The tasks whose examples change what a task is answered by: all, of one classifier."""
        return frozenset(self._steps)

    def classify(self, network: str, images: np.ndarray) -> np.ndarray:
        """The digits of images [n, 28, 28], integers [life, n]; there is one network only."""
        pixels = tf.reshape(tf.constant(images, tf.float32), [-1, PIXELS])
        return tf.argmax(self.classifier.on_images(pixels), -1).numpy()

    def _step(self, tiles: list[int], batch: Batch) -> tf.Tensor:
        pixels = tf.reshape(tf.gather(batch["tiles"], tiles, axis=1), [-1, PIXELS])
        labels = tf.reshape(tf.gather(batch["labels"], tiles, axis=1), [-1])
        with tf.GradientTape() as tape:
            logits = self.classifier.on_images(pixels)
            labels = tf.broadcast_to(labels, logits.shape[:-1])
            entropies = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
            losses = tf.reduce_mean(entropies, -1)
            # Lives share nothing, so the sum's gradient is each one's own.
            objective = tf.reduce_sum(losses)
        self._optimiser.update(tape.gradient(objective, self._optimiser.learned))
        return losses


def _tiles(task: str) -> tuple[int, int]:
    """The two tiles of a task named as in a life."""
    return tiles_of("ADD2X2", task.partition("-")[2])
