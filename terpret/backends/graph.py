"""Graphs of our own functions."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf


def graph_of(function: Callable[..., Any], **options: Any) -> Any:
    """A function as a TensorFlow graph, which may be traced as often as there are models.

    TensorFlow warns of a function of one place in the source that is traced many times. Each model
    has graphs of its own, so a session of several models would be told of what cannot be mended.

    Args:
      function: of tensors.
      options: of `tf.function`.
    """
    made = tf.function(function, autograph=False, **options)
    # There is no public name for it; where it should be gone, the warnings are there again.
    made._omit_frequent_tracing_warning = True
    return made
