"""Networks look at every image of an exam once; what they saw serves all examples that show it."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import tensorflow as tf

from terpret.backends.emit import Apply
from terpret.backends.model import CompiledModel
from terpret.core.nodes import RESTART, Input, Learned, Node, Pick, Stack, topological
from terpret.data.test_set import Exam

# What each network's last layer says of each image, [restart or 1, images, n] by network.
Seen = Mapping[str, np.ndarray]


def look(model: CompiledModel, exam: Exam) -> Seen:
    """Shows an exam's images to the networks that the model uses.

    Raises:
      InputError: no InputTensor holds images for one of them.
    """
    return {name: model.look(name, exam.images[_shown_to(model, name)]) for name in model.networks}


def labels_of(model: CompiledModel, exam: Exam, seen: Seen) -> dict[str, np.ndarray]:
    """Each network's most probable label of everything an exam shows.

    Returns:
      Integers [restart, examples, *dims] by network; where all restarts share the networks, there
      is one for all.
    """
    result = {}
    for network in model.checked.networks:
        places = exam.inputs[_shown_to(model, network.name)]
        if network.name in seen:
            result[network.name] = seen[network.name].argmax(-1)[:, places]
        else:
            # A network that no program can reach never decides anything.
            result[network.name] = np.zeros((model.library.restarts, *places.shape), np.int64)
    return result


def answering(
    model: CompiledModel, exam: Exam, seen: Seen
) -> Callable[[Exam], dict[str, np.ndarray]]:
    """What gives the soft program's most probable answers to a part of an exam.

    Args:
      model: the model with its learned parameters.
      exam: the exam.
      seen: what its networks saw.

    Returns:
      A function from a part of the exam to the most probable value of every Output,
      [restart, examples, *dims].
    """
    if not _sees_whole_images(model):
        return lambda part: {
            name: tf.argmax(values, -1).numpy()
            for name, values in model.marginals(part.shown()).items()
        }
    apply = _from_memory(model, seen)
    ones = {name: (1,) * (images.ndim - 1) for name, images in exam.images.items()}

    @tf.function(autograph=False, reduce_retracing=True)
    def answers(batch: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        marginals = model.emit_marginals(batch, apply=apply)
        return {name: tf.argmax(values, -1) for name, values in marginals.items()}

    def answered(part: Exam) -> dict[str, np.ndarray]:
        batch = {name: tf.constant(values, tf.int32) for name, values in part.integers.items()}
        for name, shape in ones.items():
            # The number of an image in place of the image goes the same way to the networks.
            numbers = part.inputs[name].reshape(*part.inputs[name].shape, *shape)
            batch[name] = tf.constant(numbers, model.dtype)
        return {name: values.numpy() for name, values in answers(batch).items()}

    return answered


def _from_memory(model: CompiledModel, seen: Seen) -> Apply:
    """Looks up what a network saw in the image of a number."""
    memory = {name: tf.constant(values, model.dtype) for name, values in seen.items()}

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
    applied = [n for n in topological(model.outputs.values()) if isinstance(n, Learned)]
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
