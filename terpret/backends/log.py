"""Log space: logarithms of marginals, with a finite zero; the functions are those of `prob`.

A sum of products is taken in three steps: each factor is divided by its largest value along what
is summed, the quotients are contracted as probabilities, and the logarithm of the sum gets the
divisors back. So a contraction is one einsum here too, and no tensor of all products is made. A
term is lost when it is smaller than the divisors' product by what the floating point type can
express (1e-28 in float32), far below the e of the loss.

The logarithm of 0 is `ZERO`. No divisor is below exp(ZERO / 2), so a sum of nothing is exactly 0
before its logarithm is taken; `_log` gives `ZERO` for it and no gradient.
"""

import math
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from terpret.backends import prob
from terpret.backends.prob import Labels, align

ZERO = -1e4


def constant(value: tf.Tensor) -> tf.Tensor:
    """A table or one-hot of the network in this space."""
    return _log(value)


def probabilities(tensor: tf.Tensor) -> tf.Tensor:
    """The marginals themselves."""
    return tf.exp(tensor)


def normalise(logits: tf.Tensor) -> tf.Tensor:
    """The marginals that logits stand for: of a Param, or of a network's integer result."""
    return tf.nn.log_softmax(logits)


def renormalised(marginals: tf.Tensor) -> tf.Tensor:
    """Marginals of sum 1 without the error that rounding made of it; what was lost stays lost."""
    total = tf.reduce_logsumexp(marginals, -1, keepdims=True)
    return marginals - tf.where(total > math.log(0.5), total, tf.zeros_like(total))


def cross_entropy(marginals: tf.Tensor, labels: tf.Tensor, epsilon: float) -> tf.Tensor:
    """-log((p_y + e) / sum_i (p_i + e)).

    Args:
      marginals: logarithms of p, [restart, batch, ..., n], not necessarily of sum 1.
      labels: [batch, ...]; the result means nothing where one is outside 0..n-1.
      epsilon: e.

    Returns:
      Tensor [restart, batch, ...].
    """
    # e bounds the logarithms from below, so nothing is gained by adding it to a logarithm.
    return prob.cross_entropy(probabilities(marginals), labels, epsilon)


def reduce(tensor: tf.Tensor, labels: Labels, output: Labels) -> tf.Tensor:
    """Sums over the labels that are not in `output`, and orders the others."""
    quotient, divisor = _scaled(tensor, labels, output, False)
    if quotient is None:
        return divisor
    return _log(prob.reduce(quotient, labels, output)) + divisor


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
      tables: which of the factors are plain numbers >= 0 instead of logarithms.

    Returns:
      A logarithm, a dimension for each label of `output`; where neither factor has the label, 1.
    """
    a, a_divisor = _scaled(first, first_labels, output, tables[0])
    b, b_divisor = _scaled(second, second_labels, output, tables[1])
    parts = [divisor for divisor in (a_divisor, b_divisor) if divisor is not None]
    if a is not None and b is not None:
        parts.append(_log(prob.contract(a, first_labels, b, second_labels, output, tables)))
    elif a is not None:
        parts.append(_log(prob.reduce(a, first_labels, output)))
    elif b is not None:
        parts.append(_log(prob.reduce(b, second_labels, output)))
    return prob.add(parts)


def add(terms: Sequence[tf.Tensor]) -> tf.Tensor:
    """The sum of terms that broadcast against each other."""
    if len(terms) == 1:
        return terms[0]
    largest = terms[0]
    for term in terms[1:]:
        largest = tf.maximum(largest, term)
    divisor = tf.stop_gradient(tf.maximum(largest, ZERO / 2))
    return _log(prob.add([tf.exp(term - divisor) for term in terms])) + divisor


def _scaled(
    tensor: tf.Tensor, labels: Labels, output: Labels, table: bool
) -> tuple[tf.Tensor | None, tf.Tensor | None]:
    """A factor as quotient and logarithm of the divisor; None for one that is 1 everywhere.

    The divisor is constant along what is summed and has the labels of `output`.
    """
    if table:
        return tensor, None
    gone = [k for k, label in enumerate(labels) if label not in output]
    if not gone:
        return None, align(tensor, labels, output)
    largest = tf.reduce_max(tensor, gone, keepdims=True)
    # The result does not depend on the divisor, so neither does its gradient.
    divisor = tf.stop_gradient(tf.maximum(largest, ZERO / 2))
    kept = [label for label in labels if label in output]
    return tf.exp(tensor - divisor), align(tf.squeeze(divisor, gone), kept, output)


def _log(total: tf.Tensor) -> tf.Tensor:
    """The logarithm of numbers >= 0; `ZERO`, without gradient, for what is as good as nothing."""
    # Well above the smallest number, so that no derivative 1 / total overflows.
    least = float(np.finfo(total.dtype.as_numpy_dtype).tiny) ** 0.75
    some = total > least
    return tf.where(some, tf.math.log(tf.where(some, total, 1.0)), ZERO)
