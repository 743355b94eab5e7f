"""What networks give to a discretised program: each integer is their most probable label.

With Params that are decided, too, every marginal is 1 at one value, or 0 at all where a function
lost it; then a tensor network computes what the program does. Of a mixture of tensors nothing
would tell that it was lost, so where a network reads one, tensors have one more column: of ones
where they are there, of zeros where they were lost.
"""

from collections.abc import Iterable, Sequence

import tensorflow as tf

from terpret.backends.networks import AnyWeights, apply_network
from terpret.core.nodes import Contract, Learned, Node, every_node, topological


def reads_mixtures(roots: Iterable[Node]) -> bool:
    """Whether a network below the roots takes a tensor that is not there in every example."""
    tensors = [
        argument
        for node in every_node(roots)
        if isinstance(node, Learned)
        for argument, domain in zip(node.arguments, node.network.inputs, strict=True)
        if not isinstance(domain, int)
    ]
    return any(isinstance(node, Contract | Learned) for node in topological(tensors))


def marked(tensor: tf.Tensor) -> tf.Tensor:
    """Tensors with a column that says that they are there."""
    return tf.concat([tensor, tf.ones_like(tensor[..., :1])], -1)


def unmarked(tensor: tf.Tensor) -> tf.Tensor:
    """Tensors without that column."""
    return tensor[..., :-1]


def apply_decided(
    node: Learned,
    weights: AnyWeights,
    arguments: Sequence[tf.Tensor],
    restarts: int,
    marks: bool,
) -> tf.Tensor:
    """A network's result as a discretised program reads it; 0 where an argument was lost.

    Args:
      node: the application.
      weights: the network's layers.
      arguments: one tensor [axes..., dims...] an argument; of an integer its marginal.
      restarts: the model's; a multiple of the network's.
      marks: whether tensors have the column of `marked`; then a result that is one has it too.

    Returns:
      Tensor [axes..., mapped dims..., *output]; of an integer 1 at the most probable value.
    """
    given, there = [], []
    for argument, tensor, domain in zip(
        node.arguments, arguments, node.network.inputs, strict=True
    ):
        if isinstance(domain, int):
            there.append(_aligned(node, argument, tf.reduce_sum(tensor, -1)))
        elif marks:
            corner = tensor[(..., *[0] * (len(domain) - 1), -1)]
            there.append(_aligned(node, argument, corner))
            tensor = unmarked(tensor)
        given.append(tensor)
    result = apply_network(node, weights, given, restarts)
    if isinstance(node.network.output, int):
        size = node.network.output
        result = tf.one_hot(tf.argmax(result, -1, tf.int32), size, dtype=result.dtype)
    elif marks:
        result = marked(result)
    inner = len(result.shape) - len(node.axes) - node.mapped
    for one in there:
        result *= tf.reshape(one, [*_sizes(one), *[1] * inner])
    return result


def _aligned(node: Learned, argument: Node, values: tf.Tensor) -> tf.Tensor:
    """Values [argument's axes..., mapped dims...] with an axis of 1 for each that the node adds."""
    for position, axis in enumerate(node.axes):
        if axis not in argument.axes:
            values = tf.expand_dims(values, position)
    return values


def _sizes(tensor: tf.Tensor) -> list[int]:
    return [-1 if size is None else size for size in tensor.shape]
