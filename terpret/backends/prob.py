"""Probability space: marginals as they are; sums of products by multiplication and addition."""

import math
from collections.abc import Sequence

import tensorflow as tf

Labels = Sequence[int]

# Products of at most this many numbers are not worth a call of a matrix product.
SMALL = 512
LARGE = SMALL + 1
# TensorFlow's kernels broadcast tensors of no higher rank in every pattern.
MAX_BROADCAST = 5


def constant(value: tf.Tensor) -> tf.Tensor:
    """A table or one-hot of the network in this space."""
    return value


def probabilities(tensor: tf.Tensor) -> tf.Tensor:
    """The marginals themselves."""
    return tensor


def normalise(logits: tf.Tensor) -> tf.Tensor:
    """The marginals that logits stand for: of a Param, or of a network's integer result."""
    # Written out, because tf.nn.softmax is exact at one-hot marginals on some processors only.
    weights = tf.exp(logits - tf.stop_gradient(tf.reduce_max(logits, -1, keepdims=True)))
    return weights / tf.reduce_sum(weights, -1, keepdims=True)


def cross_entropy(marginals: tf.Tensor, labels: tf.Tensor, epsilon: float) -> tf.Tensor:
    """-log((p_y + e) / sum_i (p_i + e)).

    Args:
      marginals: [restart, batch, ..., n], not necessarily of sum 1.
      labels: [batch, ...]; the result means nothing where one is outside 0..n-1.
      epsilon: e.

    Returns:
      Tensor [restart, batch, ...].
    """
    chosen = tf.one_hot(labels, marginals.shape[-1], dtype=marginals.dtype)
    observed = tf.reduce_sum(marginals * chosen, -1) + epsilon
    return tf.math.log(tf.reduce_sum(marginals + epsilon, -1)) - tf.math.log(observed)


def align(tensor: tf.Tensor, labels: Labels, output: Labels) -> tf.Tensor:
    """Orders the dimensions as in `output`, with a dimension of 1 for each label it lacks."""
    order = [labels.index(label) for label in output if label in labels]
    if order != sorted(order):
        tensor = tf.transpose(tensor, order)
    if len(order) == len(output):
        return tensor
    sizes = iter([tensor.shape[k] for k in range(len(order))])
    shape = [next(sizes) if label in labels else 1 for label in output]
    if shape.count(None) > 1:
        raise ValueError(f"more than one open dimension in {shape}")
    return tf.reshape(tensor, [-1 if size is None else size for size in shape])


def reduce(tensor: tf.Tensor, labels: Labels, output: Labels) -> tf.Tensor:
    """Sums over the labels that are not in `output`, and orders the others."""
    gone = [k for k, label in enumerate(labels) if label not in output]
    if gone:
        tensor = tf.reduce_sum(tensor, gone)
    return align(tensor, [label for label in labels if label in output], output)


def contract(
    first: tf.Tensor,
    first_labels: Labels,
    second: tf.Tensor,
    second_labels: Labels,
    output: Labels,
    tables: tuple[bool, bool] = (False, False),
) -> tf.Tensor:
    """The sum of products over the labels that are not in `output`.

    Args:
      first: one factor, a dimension for each of its labels.
      first_labels: the labels of `first`.
      second: the other factor.
      second_labels: the labels of `second`.
      output: the labels of the result.
      tables: which of the factors are plain numbers; here all of them are.

    Returns:
      A dimension for each label of `output`; where neither factor has the label, 1.
    """
    wanted = set(output)
    first, first_labels = _sum_alone(first, first_labels, wanted | set(second_labels))
    second, second_labels = _sum_alone(second, second_labels, wanted | set(first_labels))
    summed = [label for label in first_labels if label in second_labels and label not in wanted]
    left = [label for label in first_labels if label not in second_labels]
    right = [label for label in second_labels if label not in first_labels]
    sizes = dict(zip((*first_labels, *second_labels), (*first.shape, *second.shape), strict=True))
    products = math.prod(LARGE if size is None else size for size in sizes.values())
    every = [*output, *summed]
    matrices = summed and left and right and products > SMALL
    if matrices or len(every) > MAX_BROADCAST:
        return _einsum(first, first_labels, second, second_labels, output)
    # An outer, matrix-vector or tiny product: element by element, which XLA can fuse.
    product = align(first, first_labels, every) * align(second, second_labels, every)
    return tf.reduce_sum(product, list(range(len(output), len(every)))) if summed else product


def _sum_alone(tensor: tf.Tensor, labels: Labels, needed: set[int]) -> tuple[tf.Tensor, Labels]:
    kept = [label for label in labels if label in needed]
    if len(kept) == len(labels):
        return tensor, labels
    return reduce(tensor, labels, kept), kept


def _einsum(
    first: tf.Tensor, first_labels: Labels, second: tf.Tensor, second_labels: Labels, output: Labels
) -> tf.Tensor:
    def letters(labels: Labels) -> str:
        return "".join(chr(ord("a") + numbers[label]) for label in labels)

    numbers = {label: k for k, label in enumerate(dict.fromkeys([*first_labels, *second_labels]))}
    present = [label for label in output if label in numbers]
    equation = f"{letters(first_labels)},{letters(second_labels)}->{letters(present)}"
    return align(tf.einsum(equation, first, second), present, output)


def add(terms: Sequence[tf.Tensor]) -> tf.Tensor:
    """The sum of terms that broadcast against each other."""
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total
