"""How the baselines learn and answer: a step and a test set for each task, all lives at once.

A baseline is networks that perceive and decide (`Networks`) and, for each task, the optimisers of
what that task's examples teach. A *life* is a start from random values that then meets all tasks;
lives lie side by side on the first axis of every variable and share nothing but the batches.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Protocol

import numpy as np
import tensorflow as tf

from baselines.shapes import ANSWERS, INTEGERS, PIXELS, TILES
from terpret.data.test_set import TestSet
from terpret.learning.cached_predictions import Memory, once
from terpret.learning.optimise import rmsprop
from terpret.learning.presets import PRESETS

Batch = Mapping[str, tf.Tensor]

# So many grids, or images, that their activations stay small beside the networks.
_ANSWERED_AT_ONCE = 1000


class Networks(Protocol):
    """The networks of a baseline, for all its tasks."""

    def sees_through(self, task: str) -> tuple[str, ...]:
        """What a task perceives images with, by name, in the order of their parts of the embedding.

        Tasks with equal names there see the same.
        """

    def embedding(self, task: str) -> int:
        """In how many numbers a task sees an image."""

    def perceive(self, task: str, pixels: tf.Tensor) -> tf.Tensor:
        """Embeds images [image, 784], each by itself, as [life, image, embedding]."""

    def decide(self, task: str, tiles: tf.Tensor, integers: tf.Tensor) -> tf.Tensor:
        """Answers from the embeddings of four tiles.

        Args:
          task: its name.
          tiles: the embeddings, [life, batch, 4, embedding].
          integers: the auxiliary integers as one-hot vectors, [life, batch, 57]; zeros where the
            task has none.

        Returns:
          The logits of the answers, [life, batch, 19].
        """


class RmsProp(tf.Module):
    """RMSProp as in TensorFlow 0.12 over networks that learn at one rate.

    Attributes:
      learned: the variables.
      slots: the mean square of each variable's gradient.
      rate: the learning rate.
    """

    def __init__(self, networks: Sequence[tf.Module], rate: float):
        super().__init__()
        self.learned = [v for network in networks for v in network.trainable_variables]
        self.slots = [tf.Variable(tf.ones_like(v), trainable=False) for v in self.learned]
        self.rate = rate

    def update(self, gradients: Sequence[tf.Tensor]) -> None:
        """Makes one update of all variables."""
        for variable, slot, gradient in zip(self.learned, self.slots, gradients, strict=True):
            rate = tf.constant(self.rate, variable.dtype)
            # The rule does not ask for the number of the update; of the preset it reads the decay.
            change, (square,) = rmsprop(gradient, [slot], tf.zeros([]), rate, PRESETS["ntpt"])
            slot.assign(square)
            variable.assign_sub(change)


class Baseline(tf.Module):
    """Networks that learn one task after another.

    Attributes:
      networks_shared: no network can be tested by itself; only NTPT's have labels.
      tasks: the names of the tasks.
      networks: what is learned.
      optimisers: by task, those of all that its examples teach.
    """

    networks_shared = False

    def __init__(
        self, networks: Networks, optimisers: Mapping[str, Sequence[RmsProp]], xla: bool = True
    ):
        """Makes a baseline of networks; `xla` is whether steps are compiled by XLA."""
        super().__init__()
        self.tasks = tuple(optimisers)
        self.networks = networks
        self.optimisers = dict(optimisers)
        self._steps = self._by_task(self._step, jit_compile=xla)
        self._perceptions = self._by_task(self._perceive, reduce_retracing=True)
        self._choices = self._by_task(self._choose, reduce_retracing=True)

    @property
    def parameters(self) -> int:
        """The number of parameters of one life."""
        return sum(math.prod(v.shape[1:]) for v in self.networks.trainable_variables)

    def step(self, task: str, batch: Batch) -> tf.Tensor:
        """Learns from a batch.

        Args:
          task: the task of all its examples.
          batch: "tiles", float [batch, 4, 28, 28] in 0..1; "final_sum", int32 [batch]; of an
            APPLY2X2 task also "aux_ints", int32 [batch, 3].

        Returns:
          The mean cross-entropy before the update, [life].
        """
        return self._steps[task](batch)

    def answers(self, test_sets: Mapping[str, TestSet]) -> dict[str, np.ndarray]:
        """The most probable answers to each task's grids, int32 [life, grid] by task.

        Each image is perceived once by each network, however many tasks show it.
        """
        memory: Memory[tf.Tensor] = {}

        def embedded(task: str) -> tf.Tensor:
            widest = self._who_sees_most(task, test_sets)
            perceived = partial(self._all_perceived, widest)
            return once(memory, widest, test_sets[task].images["tiles"], perceived)

        return {
            task: self._answers(
                task, test_set, embedded(task)[..., : self.networks.embedding(task)]
            )
            for task, test_set in test_sets.items()
        }

    def taught_by(self, task: str) -> frozenset[str]:
        """The tasks whose examples change what a task is answered by, once it has met some."""
        read = {task, *self.networks.sees_through(task)} & self.optimisers.keys()
        own = [optimiser for other in read for optimiser in self.optimisers[other]]
        return frozenset(t for t, many in self.optimisers.items() if any(o in own for o in many))

    def _who_sees_most(self, task: str, test_sets: Mapping[str, TestSet]) -> str:
        """The task with the same images whose embedding begins with a task's and is the longest."""
        mine = self.networks.sees_through(task)
        alike = {
            other: self.networks.sees_through(other)
            for other, test_set in test_sets.items()
            if test_set.images["tiles"] is test_sets[task].images["tiles"]
        }
        wider = [other for other, names in alike.items() if names[: len(mine)] == mine]
        return max(wider, key=lambda other: len(alike[other]))

    def _all_perceived(self, task: str, images: np.ndarray) -> tf.Tensor:
        """The embeddings of images, [life, image, embedding]."""
        starts = range(0, len(images), _ANSWERED_AT_ONCE)
        parts = [self._perceptions[task](images[k : k + _ANSWERED_AT_ONCE]) for k in starts]
        return tf.concat(parts, 1)

    def _answers(self, task: str, test_set: TestSet, seen: tf.Tensor) -> np.ndarray:
        asked, places = test_set.inputs.get("aux_ints"), test_set.inputs["tiles"]
        answers = []
        for start in range(0, len(places), _ANSWERED_AT_ONCE):
            part = slice(start, start + _ANSWERED_AT_ONCE)
            integers = None if asked is None else asked[part]
            answers.append(self._choices[task](seen, places[part], integers).numpy())
        return np.concatenate(answers, 1)

    def _by_task(
        self, function: Callable[..., tf.Tensor], **options: bool
    ) -> dict[str, Callable[..., tf.Tensor]]:
        return {
            task: tf.function(partial(function, task), autograph=False, **options)
            for task in self.tasks
        }

    def _step(self, task: str, batch: Batch) -> tf.Tensor:
        optimisers = self.optimisers[task]
        learned = [optimiser.learned for optimiser in optimisers]
        # What is not watched is frozen: it gets no gradient, and costs none.
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(learned)
            seen = self._seen(task, batch)
            tiles = tf.reshape(seen, [seen.shape[0], -1, TILES, seen.shape[-1]])
            logits = self._decide(task, tiles, batch.get("aux_ints"))
            labels = tf.broadcast_to(batch["final_sum"], logits.shape[:-1])
            entropies = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
            losses = tf.reduce_mean(entropies, -1)
            # Lives share nothing, so the sum's gradient is each one's own.
            objective = tf.reduce_sum(losses)
        gradients = tape.gradient(objective, learned)
        for optimiser, part in zip(optimisers, gradients, strict=True):
            optimiser.update(part)
        return losses

    def _seen(self, task: str, batch: Batch) -> tf.Tensor:
        """The embeddings of a batch's images, all in one row: [life, image, embedding]."""
        return self._perceive(task, batch["tiles"])

    def _perceive(self, task: str, images: tf.Tensor) -> tf.Tensor:
        """Embeds images [..., 28, 28], all in one row: [life, image, embedding]."""
        return self.networks.perceive(task, self._pixels(images))

    def _pixels(self, images: tf.Tensor) -> tf.Tensor:
        """Images [..., 28, 28] in one row: [image, 784]."""
        return tf.cast(tf.reshape(images, [-1, PIXELS]), self._dtype)

    def _choose(
        self, task: str, seen: tf.Tensor, places: tf.Tensor, integers: tf.Tensor | None
    ) -> tf.Tensor:
        """The most probable answers, from the embeddings of all images."""
        tiles = tf.gather(seen, places, axis=1)
        return tf.argmax(self._decide(task, tiles, integers), -1, tf.int32)

    def _decide(self, task: str, tiles: tf.Tensor, integers: tf.Tensor | None) -> tf.Tensor:
        """The logits, from the tiles' embeddings and the integers as they stand in a batch."""
        lives, size = tiles.shape[0], tf.shape(tiles)[1]
        if integers is None:
            shown = tf.zeros([1, INTEGERS], self._dtype)
        else:
            shown = tf.reshape(tf.one_hot(integers, ANSWERS, dtype=self._dtype), [-1, INTEGERS])
        # The integers are the same for all lives.
        shown = tf.broadcast_to(shown, [lives, size, INTEGERS])
        return self.networks.decide(task, tiles, shown)

    @property
    def _dtype(self) -> tf.DType:
        return self.networks.trainable_variables[0].dtype
