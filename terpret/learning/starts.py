"""What restarts begin from: each from its own seed, whatever runs beside it."""

from collections.abc import Iterable, Iterator

import numpy as np
import tensorflow as tf

from terpret.backends.initial_values import initial_logits
from terpret.backends.model import CompiledModel
from terpret.learning.layers import Layers

Starts = Iterator[tuple[tf.Variable, tf.Tensor]]


def first_logits(model: CompiledModel, numbers: list[int], seed: int, dirichlet: float) -> Starts:
    """The logits of a model with the values that restarts begin from, [restart, *dims, n].

    Args:
      model: the model.
      numbers: the restarts.
      seed: the root seed.
      dirichlet: the concentration of the marginals.
    """
    for variable in model.learned_params:
        start = initial_logits(variable, numbers, seed, dirichlet, model.dtype)
        yield model.param_logits[variable.name], start


def held_logits(values: np.ndarray, size: int, share: float) -> np.ndarray:
    """The logits [*dims, size] of marginals in which values [*dims] have a share each, below 1."""
    rest = (1.0 - share) / max(1, size - 1)
    return np.log(np.where(np.eye(size)[values] > 0, share, rest))


def first_weights(
    model: CompiledModel, numbers: list[int], seed: int, networks: Iterable[str], pretrained: Layers
) -> Starts:
    """The weights of networks with the values that restarts begin from, [restart, ...].

    Args:
      model: the model.
      numbers: the restarts; the first alone where all share the networks.
      seed: the root seed.
      networks: which networks.
      pretrained: the layers of those that begin with these; the others are drawn.
    """
    dtype = model.dtype
    count = 1 if model.library.restarts < model.restarts else len(numbers)
    for name in networks:
        weights, layers = model.networks[name], pretrained.get(name)
        if layers is None:
            values = weights.drawn(numbers[:count], seed, dtype)
        else:
            values = [tuple(_alike(part, count, dtype) for part in layer) for layer in layers]
        for variables, starts in zip(weights.by_layer, values, strict=True):
            yield from zip(variables, starts, strict=True)


def _alike(value: np.ndarray, count: int, dtype: tf.DType) -> tf.Tensor:
    return tf.repeat(tf.constant(value, dtype)[None], count, 0)
