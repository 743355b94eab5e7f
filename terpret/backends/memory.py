"""How much memory an update of all restarts takes."""

import math
from collections.abc import Iterator, Mapping

import tensorflow as tf

from terpret.backends.keras_models import KerasNetwork
from terpret.core.nodes import (
    Contract,
    Input,
    Learned,
    Node,
    Repeated,
    Rounds,
    extents,
    numbers,
    topological,
)
from terpret.language.checked import Network
from terpret.language.network_layers import POOL, images_of, kernel_shapes

# Bytes for each byte of the values that an update computes forwards, which it keeps for the way
# back. Measured as the growth of the resident memory with the batch: 0.98 (tables, 1,000 restarts),
# 1.15 (loops, 100) and 1.63 (straight lines, 10). Below all of them: what fits is never refused.
BYTES_A_BYTE = 0.75
# Each weight with its gradient and one slot of the optimiser; Adam has two.
COPIES = 3


def update_bytes(
    outputs: Mapping[str, Node],
    restarts: int,
    batch: int,
    shared: bool = False,
    dtype: tf.DType = tf.float32,
    keras: Mapping[str, KerasNetwork] | None = None,
) -> int:
    """The least memory that an update takes.

    Args:
      outputs: the tensor network.
      restarts: the number of restarts.
      batch: the number of examples.
      shared: whether all restarts have the same networks, which do not learn.
      dtype: the floating point type.
      keras: the networks that Keras models are.
    """
    keras = keras or {}
    values, networks = 0, {}
    for node, rounds in _repeatedly(outputs, 1):
        if isinstance(node, Contract | Input | Learned):
            values += rounds * numbers(node, restarts, batch)
        if isinstance(node, Learned):
            rows = extents(node, restarts, batch)[: len(node.axes) + node.mapped]
            own = keras.get(node.network.name)
            hidden = own.largest if own else _hidden(node.network)
            values += rounds * math.prod(rows) * hidden
            networks[node.network.name] = node.network
    counts = (keras[n].count if n in keras else _weights(one) for n, one in networks.items())
    weights = sum(counts) * (1 if shared else restarts * COPIES)
    return int((BYTES_A_BYTE * values + weights) * dtype.size)


def _repeatedly(outputs: Mapping[str, Node], times: int) -> Iterator[tuple[Node, int]]:
    """Every node with how often it is computed, those of the bodies of loops in every round."""
    loops: set[Rounds] = set()
    for node in topological(outputs.values()):
        yield node, times
        if isinstance(node, Repeated) and node.rounds not in loops:
            loops.add(node.rounds)
            yield from _repeatedly(node.rounds.body, times * node.rounds.count)


def _hidden(network: Network) -> int:
    """The numbers between the layers for one example; of a convolution, before its pooling."""
    made = sum(map(math.prod, images_of(network)[1:]))
    return made * POOL * POOL + sum(network.hid_sizes)


def _weights(network: Network) -> int:
    return sum(math.prod(shape) + shape[-1] for shape in kernel_shapes(network))
