"""What networks read in images, and how certain they are of it."""

import numpy as np
import tensorflow as tf

from terpret.backends.model import CompiledModel
from terpret.language.checked import shape_of
from terpret.language.reads import label_names
from terpret.learning.instances import Arrays, Instances


def read(model: CompiledModel, row: int, examples: Instances) -> tuple[Arrays, np.ndarray]:
    """What a restart's networks read in the images of examples.

    Args:
      model: the model with the networks as they are.
      row: the restart.
      examples: the examples, perhaps of other hypers.

    Returns:
      The most probable label of each image, integers [examples, *dims] by the names of
      `label_names`; and the logarithm of the probability that all of an example's are right, as
      the networks believe, floats [examples].
    """
    labels, certainty = dict[str, np.ndarray](), np.zeros(len(examples))
    for label, (name, image) in label_names(examples.model).items():
        if name in model.networks:
            images = np.asarray(examples.shown[image.name])
            values = model.predict(name, images.reshape(-1, *shape_of(image.domain)))
            shares = tf.nn.softmax(values[min(row, len(values) - 1)]).numpy()
            certainty += np.log(shares.max(-1)).reshape(len(examples), -1).sum(1)
            chosen = shares.argmax(-1)
        else:
            # A network that no program can reach never decides anything.
            chosen = np.zeros(len(examples) * image.elements, np.int64)
        labels[label] = chosen.reshape(len(examples), *image.dims)
    return labels, certainty
