"""Checkpoints of the folders of earlier versions, in which a learner's tensors had other names."""

import tensorflow as tf

from terpret.learning.learner import Learner

# Names of today that are not the same, and those they had.
_NAMES = {"key": "_key", "program": "_program", "untaught": "new", "mean_loss": "level"}


def as_before(learner: Learner) -> tf.train.Checkpoint:
    """A learner under the names that checkpoints had when it was its own finder."""
    own = {name: getattr(learner, name) for name in ("steps", "active", "horizon", "slots")}
    found = {name: v for name, v in vars(learner.finder).items() if isinstance(v, tf.Variable)}
    renamed = {"key": learner.key, "program": learner.program, **found}
    return tf.train.Checkpoint(**own, **{_NAMES.get(name, name): v for name, v in renamed.items()})
