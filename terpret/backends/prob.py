"""Probability space: marginals as they are; sums of products by multiplication and addition."""

import math
from collections.abc import Mapping, Sequence

import tensorflow as tf

from terpret.backends import structured
from terpret.core.nodes import Label

Labels = Sequence[Label]
Sizes = Mapping[Label, int | None]

# Products of at most this many numbers are not worth a call of a matrix product, nor one of many
# products side by side.
SMALL, SMALL_OF_MANY = 512, 2048
# An open dimension counts as one of this size.
OPEN = 1000
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


def renormalised(marginals: tf.Tensor) -> tf.Tensor:
    """Marginals of sum 1 without the error that rounding made of it; what was lost stays lost."""
    total = tf.reduce_sum(marginals, -1, keepdims=True)
    return marginals / tf.where(total > 0.5, total, tf.ones_like(total))


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
    present = iter(tensor.shape)
    shape = [next(present) if label in labels else 1 for label in output]
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
      tables: which of the factors are known numbers.

    Returns:
      A dimension for each label of `output`; where neither factor has the label, 1.
    """
    wanted = set(output)
    first, first_labels = _sum_alone(first, first_labels, wanted | set(second_labels))
    second, second_labels = _sum_alone(second, second_labels, wanted | set(first_labels))
    for known, table, own, other, its in (
        (tables[0], first, first_labels, second, second_labels),
        (tables[1], second, second_labels, first, first_labels),
    ):
        made = _by_runs(table, own, other, its, output) if known else None
        if made is not None:
            return made
    if large(sizes(first, first_labels), sizes(second, second_labels), output):
        return _matrix_product(first, first_labels, second, second_labels, output)
    summed = [label for label in first_labels if label in second_labels and label not in wanted]
    every = _between(summed, max((first_labels, second_labels), key=len), output)
    if len(every) > MAX_BROADCAST:
        return _einsum(first, first_labels, second, second_labels, output)
    # An outer, matrix-vector or tiny product: element by element, which XLA can fuse.
    product = align(first, first_labels, every) * align(second, second_labels, every)
    return reduce(product, every, output)


def _by_runs(
    table: tf.Tensor, labels: Labels, other: tf.Tensor, other_labels: Labels, output: Labels
) -> tf.Tensor | None:
    """The contraction with a table that moves values; None where the factor is none."""
    value = tf.get_static_value(table)
    roles = structured.roles_of(table.shape, labels, other_labels, output)
    if roles is None or value is None:
        return None
    plan = structured.plan_of(structured.arranged(value, labels, roles))
    if plan is None:
        return None
    rest = [label for label in other_labels if label not in roles.summed]
    turned = align(other, other_labels, [*rest, *roles.summed])
    known = sizes(other, other_labels)
    parts = math.prod(known[label] or 1 for label in roles.summed[:-1])
    shape = [known[label] for label in rest]
    every = [-1 if size is None else size for size in shape]
    made = plan(tf.reshape(turned, [*every, parts, known[roles.summed[-1]]]))
    lengths = [dict(zip(labels, table.shape, strict=True))[label] for label in roles.free]
    return align(tf.reshape(made, [*every, *lengths]), [*rest, *roles.free], output)


def sizes(tensor: tf.Tensor, labels: Labels) -> Sizes:
    """The size of each label, None where it is open."""
    return dict(zip(labels, tensor.shape, strict=True))


def large(first: Sizes, second: Sizes, output: Labels) -> bool:
    """Whether the contraction of two factors is worth a call of a matrix product."""
    common = first.keys() & second.keys()
    if common.issuperset(first) or common.issuperset(second) or common.issubset(output):
        return False
    all_sizes = {**first, **second}
    many = {label for label in common.intersection(output) if all_sizes[label] != 1}
    products = math.prod(size or OPEN for label, size in all_sizes.items() if label not in many)
    return products > (SMALL_OF_MANY if many else SMALL)


def _between(summed: Labels, operand: Labels, output: Labels) -> list[Label]:
    """The labels of `output` with those of `summed` at their places in `operand`."""
    result = list(output)
    for label in reversed(summed):
        after = [other for other in operand[operand.index(label) + 1 :] if other in result]
        result.insert(result.index(after[0]) if after else len(result), label)
    return result


def _matrix_product(
    first: tf.Tensor, first_labels: Labels, second: tf.Tensor, second_labels: Labels, output: Labels
) -> tf.Tensor:
    common = [label for label in output if label in first_labels and label in second_labels]
    free = [label for label in output if (label in first_labels) != (label in second_labels)]
    if free[0] in second_labels:
        # The rows of the product come first in the result, so that it is not transposed.
        first, first_labels, second, second_labels = second, second_labels, first, first_labels
    rows = [label for label in free if label in first_labels]
    columns = [label for label in free if label in second_labels]
    larger, smaller = sorted((first_labels, second_labels), key=len, reverse=True)
    summed = [label for label in larger if label in smaller and label not in common]
    a, a_turned = _matrix(first, first_labels, common, rows, summed)
    b, b_turned = _matrix(second, second_labels, common, columns, summed)
    product = tf.matmul(a, b, transpose_a=a_turned, transpose_b=not b_turned)
    all_sizes = {**sizes(first, first_labels), **sizes(second, second_labels)}
    order = [*common, *rows, *columns]
    return align(tf.reshape(product, [all_sizes[label] or -1 for label in order]), order, output)


def _matrix(
    tensor: tf.Tensor, labels: Labels, common: Labels, free: Labels, summed: Labels
) -> tuple[tf.Tensor, bool]:
    """The tensor as matrices [common, free, summed], or turned: [common, summed, free]."""
    turned = list(labels) == [*common, *summed, *free]
    groups = [common, summed, free] if turned else [common, free, summed]
    tensor = align(tensor, labels, [label for group in groups for label in group])
    every = iter(tensor.shape)
    lengths = [[next(every) for _ in group] for group in groups if group]
    shape = [-1 if None in group else math.prod(group) for group in lengths]
    return tf.reshape(tensor, shape), turned


def _sum_alone(tensor: tf.Tensor, labels: Labels, needed: set[Label]) -> tuple[tf.Tensor, Labels]:
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
