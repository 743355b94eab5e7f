"""The layers of one restart's networks, to be given to others."""

from collections.abc import Mapping, Sequence

import numpy as np
import tensorflow as tf

from terpret.backends.model import CompiledModel
from terpret.backends.networks import AnyWeights
from terpret.errors import InputError

# The kernel [in, out] and bias [out] of each layer, by network; the kernel [size, size, in, out] of
# a convolution. Of a Keras model each weight is by itself.
Layers = Mapping[str, Sequence[tuple[np.ndarray, ...]]]


def row_layers(model: CompiledModel, row: int) -> Layers:
    """The kernel [..., in, out] and bias [out] of each layer of one restart, by network.

    Raises:
      InputError: there is no such restart.
    """
    if not 0 <= row < model.restarts:
        raise InputError(f"there is no restart {row}: they are 0..{model.restarts - 1}")

    def taken(variable: tf.Variable) -> np.ndarray:
        return variable[row if variable.shape[0] > 1 else 0].numpy()

    return {
        name: [tuple(map(taken, variables)) for variables in weights.by_layer]
        for name, weights in model.networks.items()
    }


def assign_layers(networks: Mapping[str, AnyWeights], layers: Layers) -> None:
    """Gives every restart of some networks the layers of one."""
    for name, values in layers.items():
        for variables, layer in zip(networks[name].by_layer, values, strict=True):
            for variable, value in zip(variables, layer, strict=True):
                variable.assign(tf.broadcast_to(tf.cast(value, variable.dtype), variable.shape))
