"""The loss of marginals: how improbable they make what was observed."""

import types
from collections.abc import Sequence

import tensorflow as tf

from terpret.backends.batches import Batch
from terpret.core.build import observed
from terpret.language.checked import CheckedModel

EPSILON = 1e-10


def total(
    model: CheckedModel, space: types.ModuleType, batch: Batch, marginals: Batch, start: tf.Tensor
) -> tf.Tensor:
    """The loss of every restart.

    Args:
      model: the model.
      space: the module of the marginals' space.
      batch: what was observed.
      marginals: of every Output and observed element, [restart, batch, ...].
      start: what the losses are added to, [restart].
    """
    result = start
    for variable in model.of_kind("Output"):
        labels = batch[variable.name]
        if isinstance(variable.domain, int):
            losses = space.cross_entropy(marginals[variable.name], labels, EPSILON)
            losses = tf.where(labels >= 0, losses, tf.zeros_like(losses))
        else:
            squares = tf.square(marginals[variable.name] - labels)
            losses = tf.reduce_sum(squares, list(range(-len(variable.domain), 0)))
        mean = tf.reduce_mean(losses, 1)
        result += tf.reduce_sum(mean, list(range(1, len(mean.shape)))) if variable.dims else mean
    for observation in model.observations:
        label = tf.constant([observation.value])
        losses = space.cross_entropy(marginals[observed(observation)], label, EPSILON)
        result += tf.reduce_mean(losses, 1)
    return result


def guess(
    model: CheckedModel, space: types.ModuleType, batch: Batch, dtype: tf.DType
) -> dict[str, tf.Tensor]:
    """The marginals of knowing nothing: all values as probable, every real number 0."""

    def uniform(shape: Sequence[int], domain: int) -> tf.Tensor:
        return space.constant(tf.fill([*shape, domain], tf.cast(1 / domain, dtype)))

    marginals = {}
    for variable in model.of_kind("Output"):
        labels = batch[variable.name][None]
        if isinstance(variable.domain, int):
            marginals[variable.name] = uniform(labels.shape, variable.domain)
        else:
            marginals[variable.name] = tf.zeros_like(labels)
    for observation in model.observations:
        domain = observation.element.variable.size
        marginals[observed(observation)] = uniform([1, 1], domain)
    return marginals
