"""The layers of one restart's networks, to be given to others."""

from collections.abc import Mapping, Sequence

import numpy as np
import tensorflow as tf

from terpret.backends.model import CompiledModel
from terpret.backends.networks import Weights
from terpret.errors import InputError

# The kernel [in, out] and bias [out] of each layer, by network; the kernel [size, size, in, out] of
# a convolution.
Layers = Mapping[str, Sequence[tuple[np.ndarray, np.ndarray]]]


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
        name: [(taken(k), taken(b)) for k, b in zip(weights.kernels, weights.biases, strict=True)]
        for name, weights in model.networks.items()
    }


def assign_layers(networks: Mapping[str, Weights], layers: Layers) -> None:
    """Gives every restart of some networks the layers of one."""
    for name, values in layers.items():
        weights = networks[name]
        for kernel, bias, pair in zip(weights.kernels, weights.biases, values, strict=True):
            for variable, value in zip((kernel, bias), pair, strict=True):
                variable.assign(tf.broadcast_to(tf.cast(value, variable.dtype), variable.shape))
