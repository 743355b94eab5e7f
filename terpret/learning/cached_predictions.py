"""Networks see every image of a test set once; their predictions serve all its examples."""

import functools
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import TypeVar

import numpy as np
import tensorflow as tf

from terpret.backends.emit import Apply
from terpret.backends.graph import graph_of
from terpret.backends.model import CompiledModel
from terpret.core.nodes import RESTART, Input, Learned, Node, Pick, Stack, every_node, topological
from terpret.data.test_set import TestSet

Result = TypeVar("Result")
# What each network's last layer says of each image, [restart or 1, images, n] by network.
Predictions = Mapping[str, np.ndarray]
# What networks made of images, by the network and the identity of the images.
Memory = dict[tuple[Hashable, int], Result]


def once(
    memory: Memory[Result],
    network: Hashable,
    images: np.ndarray,
    predict: Callable[[np.ndarray], Result],
) -> Result:
    """What a network makes of images, made once however many test sets show them.

    Args:
      memory: what was made already, of images that still exist.
      network: what tells the network from others.
      images: the images.
      predict: makes it.
    """
    key = network, id(images)
    if key not in memory:
        memory[key] = predict(images)
    return memory[key]


def predict(
    model: CompiledModel, test_set: TestSet, memory: Memory[np.ndarray] | None = None
) -> Predictions:
    """Shows a test set's images to the networks that the model uses.

    Args:
      model: the model.
      test_set: the test set.
      memory: predictions of models that share networks, on test sets that share images.

    Raises:
      InputError: no InputTensor holds images for one of the networks.
    """
    memory = {} if memory is None else memory
    return {
        name: once(
            memory,
            weights,
            test_set.images[_shown_to(model, name)],
            functools.partial(model.predict, name),
        )
        for name, weights in model.networks.items()
    }


def labels_of(
    model: CompiledModel, test_set: TestSet, predictions: Predictions
) -> dict[str, np.ndarray]:
    """Each network's most probable label of everything a test set shows.

    Returns:
      Integers [restart, examples, *dims] by network; where all restarts share the networks, there
      is one for all.
    """
    result = {}
    for network in model.checked.networks:
        places = test_set.inputs[_shown_to(model, network.name)]
        if network.name in predictions:
            result[network.name] = predictions[network.name].argmax(-1)[:, places]
        else:
            # A network that no program can reach never decides anything.
            result[network.name] = np.zeros((model.library.restarts, *places.shape), np.int64)
    return result


def answering(
    model: CompiledModel, test_set: TestSet, predictions: Predictions
) -> Callable[[TestSet], dict[str, np.ndarray]]:
    """What gives the soft program's most probable answers to a part of a test set.

    Args:
      model: the model with its learned parameters.
      test_set: the test set.
      predictions: of its networks, on the images of the test set.

    Returns:
      A function from a part of the test set to the most probable value of every Output,
      [restart, examples, *dims].
    """
    if not _sees_whole_images(model):
        return lambda part: {
            name: tf.argmax(values, -1).numpy()
            for name, values in model.marginals(part.shown()).items()
        }
    apply = _from_memory(model, predictions)
    ones = {name: (1,) * (images.ndim - 1) for name, images in test_set.images.items()}

    def answers(batch: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        marginals = model.emit_marginals(batch, apply=apply)
        return {name: tf.argmax(values, -1) for name, values in marginals.items()}

    graph = graph_of(answers, reduce_retracing=True)

    def answered(part: TestSet) -> dict[str, np.ndarray]:
        batch = {name: tf.constant(values, tf.int32) for name, values in part.integers.items()}
        for name, shape in ones.items():
            # The number of an image in place of the image goes the same way to the networks.
            numbers = part.inputs[name].reshape(*part.inputs[name].shape, *shape)
            batch[name] = tf.constant(numbers, model.dtype)
        return {name: values.numpy() for name, values in graph(batch).items()}

    return answered


def _from_memory(model: CompiledModel, predictions: Predictions) -> Apply:
    """Looks up what a network predicts of the image of a number."""
    memory = {name: tf.constant(values, model.dtype) for name, values in predictions.items()}

    def apply(node: Learned, arguments: Sequence[tf.Tensor]) -> tf.Tensor:
        (numbers,), (argument,) = arguments, node.arguments
        shape = list(range(len(argument.axes) + node.mapped, len(numbers.shape)))
        places = tf.cast(tf.squeeze(numbers, shape), tf.int32)
        values = tf.gather(memory[node.network.name], places, axis=1)
        values = model.space.normalise(values) if node.normalised else values
        return tf.squeeze(values, 0) if node.shared else values

    return apply


def _sees_whole_images(model: CompiledModel) -> bool:
    """Whether networks are applied to images as they are, never to mixtures or to numbers."""
    applied = [n for n in every_node(model.outputs.values()) if isinstance(n, Learned)]
    return all(len(n.arguments) == 1 and _whole(n.arguments[0]) for n in applied)


def _whole(node: Node) -> bool:
    below = topological([node])
    images = all(
        isinstance(n, Pick | Stack) or isinstance(n, Input) and not n.normalised for n in below
    )
    return images and RESTART not in node.axes


def _shown_to(model: CompiledModel, name: str) -> str:
    """The InputTensor whose images a network sees.

    Raises:
      InputError: there is none.
    """
    network = next(n for n in model.checked.networks if n.name == name)
    return model.shown_to(network).name
