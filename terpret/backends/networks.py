"""Learned functions: networks with one set of weights a restart (paper section 2.2)."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf

from terpret.backends.convolution import convolved
from terpret.backends.initial_values import initial_kernels
from terpret.backends.keras_models import KerasNetwork
from terpret.backends.keras_weights import KerasWeights
from terpret.core.nodes import RESTART, Learned
from terpret.errors import InputError
from terpret.language.checked import Domain, Network
from terpret.language.network_layers import Image, image_of, kernel_shapes

# Images seen together: of all restarts' hidden layers no more than fits beside the processor, and
# of what convolutions make of them no more numbers than these.
IMAGES_AT_ONCE = 1000
NUMBERS_AT_ONCE = 50_000_000
# Of a kernel: the restart, two sizes, and the channels before and after.
CONVOLUTION_RANK = 5


class Weights(tf.Module):
    """The layers of one network for all restarts.

    Attributes:
      image: height, width and channels of what the convolutions take; None without them.
      kernels: one variable a layer: [restart, size, size, channels, new channels] of each
        convolution, then [restart, inputs, outputs].
      biases: one variable [restart, outputs] a layer.
    """

    def __init__(self, network: Network, restarts: int, seed: int, dtype: tf.DType):
        super().__init__(name=network.name)
        self.image = image_of(network.inputs) if network.conv_sizes else None
        self.kernels = []
        self.biases = []
        self._network = network
        for layer, (kernel, bias) in enumerate(self.drawn(range(restarts), seed, dtype)):
            name = f"{network.name}/{layer}"
            self.kernels.append(tf.Variable(kernel, name=f"{name}/kernel"))
            self.biases.append(tf.Variable(bias, name=f"{name}/bias"))

    @property
    def by_layer(self) -> list[tuple[tf.Variable, ...]]:
        """The kernel and the bias of each layer."""
        return list(zip(self.kernels, self.biases, strict=True))

    def drawn(
        self, restarts: Sequence[int], seed: int, dtype: tf.DType
    ) -> list[tuple[tf.Tensor, ...]]:
        """The values that restarts begin with, as `by_layer`.

        Args:
          restarts: their numbers.
          seed: the root seed.
          dtype: the floating point type.
        """
        return [
            (
                initial_kernels(shape, restarts, (seed, f"{self._network.name}/{layer}"), dtype),
                tf.zeros([len(restarts), shape[-1]], dtype),
            )
            for layer, shape in enumerate(kernel_shapes(self._network))
        ]


AnyWeights = Weights | KerasWeights


class Library:
    """The networks that several models share: functions of one name and shape are one.

    Attributes:
      restarts: the number of restarts; every model that uses the library has as many, or a
        multiple of it: then so many of the model's restarts in a row share each network.
      weights: the weights by function name.
      declared: the inputs, output, hidden sizes and convolutions of each function; of a Keras model
        its description in place of the sizes.
      keras: the functions that Keras models are, whatever their declarations say of layers.
    """

    def __init__(
        self,
        restarts: int = 1,
        seed: int = 0,
        dtype: tf.DType = tf.float32,
        keras: Mapping[str, KerasNetwork] | None = None,
    ):
        self.restarts, self.keras = restarts, dict(keras or {})
        self.weights: dict[str, AnyWeights] = {}
        self.declared: dict[str, tuple[Any, ...]] = {}
        self._seed, self._dtype = seed, dtype

    def use(self, network: Network) -> AnyWeights:
        """The weights of a network, made at its first use.

        Raises:
          InputError: the library holds a network of this name and another shape, or its Keras model
            cannot be made.
        """
        own = self.keras.get(network.name)
        shape: tuple[Any, ...] = (network.inputs, network.output)
        shape += ((), (), own.text) if own else (network.hid_sizes, network.conv_sizes)
        if network.name not in self.weights:
            more = (self.restarts, self._seed, self._dtype)
            self.weights[network.name] = (
                KerasWeights(network.name, own, *more) if own else Weights(network, *more)
            )
            self.declared[network.name] = shape
        elif self.declared[network.name] != shape:
            raise InputError(
                f"the library's '{network.name}' has other inputs, outputs or layers than the "
                f"model declares in line {network.span.line}"
            )
        return self.weights[network.name]


def apply_network(
    node: Learned, weights: AnyWeights, arguments: Sequence[tf.Tensor], restarts: int
) -> tf.Tensor:
    """The logits (integer result) or values (tensor result) of a network.

    Args:
      node: the application; its axes say which of the arguments' axes there are.
      weights: the network's layers.
      arguments: one tensor [axes..., dims...] an argument.
      restarts: the model's; a multiple of the network's.

    Returns:
      Tensor [axes..., mapped dims..., *output].
    """
    # To a shared network the restarts of its arguments are examples like any others.
    given = any(RESTART in argument.axes for argument in node.arguments)
    lead = [axis for axis in node.axes if given or axis != RESTART]
    parts = []
    for argument, tensor in zip(node.arguments, arguments, strict=True):
        mapped = node.mapped if argument is node.arguments[0] else 0
        tensor = _flatten(tensor, len(argument.axes) + mapped)
        for position, axis in enumerate(lead):
            if axis not in argument.axes:
                tensor = tf.expand_dims(tensor, position)
        parts.append(tensor)
    per_restart = given and not node.shared
    result = layers(weights, _concatenate(parts), per_restart, node.network.output)
    if node.shared:
        return tf.squeeze(result, 0)
    times = restarts // result.shape[0]
    return tf.repeat(result, times, 0) if times > 1 else result


def images_at_once(weights: AnyWeights) -> int:
    """How many images a network is best shown together."""
    if isinstance(weights, KerasWeights):
        numbers = weights.restarts * weights.network.largest
        return max(1, min(IMAGES_AT_ONCE, NUMBERS_AT_ONCE // numbers))
    if weights.image is None:
        return IMAGES_AT_ONCE
    # A convolution makes no more than its channels at each place of the image.
    height, width, _ = weights.image
    restarts = weights.kernels[0].shape[0]
    channels = max(k.shape[-1] for k in weights.kernels if len(k.shape) == CONVOLUTION_RANK)
    return max(1, min(IMAGES_AT_ONCE, NUMBERS_AT_ONCE // (restarts * channels * height * width)))


def layers(weights: AnyWeights, hidden: tf.Tensor, per_restart: bool, output: Domain) -> tf.Tensor:
    """The last layer's values.

    Args:
      weights: the network's layers.
      hidden: the inputs, [restart, ..., inputs] or, without `per_restart`, [..., inputs]; the
        restarts may be a multiple of the network's.
      per_restart: whether each restart has inputs of its own.
      output: the domain of the result.

    Returns:
      Tensor [restart, ..., *output].
    """
    own = weights if isinstance(weights, KerasWeights) else None
    restarts = own.restarts if own else weights.kernels[0].shape[0]
    sizes = [-1 if size is None else size for size in hidden.shape[int(per_restart) : -1]]
    rows = tf.reshape(hidden, [restarts] * per_restart + [-1, hidden.shape[-1]])
    rows = own.applied(rows, per_restart) if own else _declared_layers(weights, rows)
    inner = [output] if isinstance(output, int) else list(output)
    # An exported graph may not know how many there are: then there are as many as the network's.
    lead = (per_restart and hidden.shape[0]) or restarts
    return tf.reshape(rows, [lead, *sizes, *inner])


def _declared_layers(weights: Weights, rows: tf.Tensor) -> tf.Tensor:
    """The last layer's values, [restart, n, outputs], from [restart, n, inputs] or [n, inputs]."""
    restarts = weights.kernels[0].shape[0]
    pairs = list(zip(weights.kernels, weights.biases, strict=True))
    convolutions = [pair for pair in pairs if len(pair[0].shape) == CONVOLUTION_RANK]
    if convolutions:
        rows = _features(rows, weights.image, convolutions)
    dense = pairs[len(convolutions) :]
    for layer, (kernel, bias) in enumerate(dense):
        rows = _dense(rows, kernel, bias, restarts)
        if layer < len(dense) - 1:
            rows = tf.nn.relu(rows)
    return rows


def _features(
    rows: tf.Tensor, image: Image | None, convolutions: Sequence[tuple[tf.Variable, tf.Variable]]
) -> tf.Tensor:
    """What the convolutions make of images, [restart, n, numbers].

    Args:
      rows: the images, [restart, n, pixels] or [n, pixels].
      image: their height, width and channels.
      convolutions: the kernel and bias of each.
    """
    assert image is not None
    images = tf.reshape(rows, [*rows.shape[:-2], -1, *image])
    for kernel, bias in convolutions:
        images = convolved(images, kernel, bias)
    return tf.reshape(images, [images.shape[0], -1, math.prod(images.shape[2:])])


def _dense(rows: tf.Tensor, kernel: tf.Variable, bias: tf.Variable, restarts: int) -> tf.Tensor:
    if restarts == 1:
        if len(rows.shape) == 3:
            rows = tf.squeeze(rows, 0)
        flat = tf.reshape(kernel, kernel.shape[1:])
        return (tf.matmul(rows, flat) + tf.reshape(bias, [-1]))[None]
    if len(rows.shape) == 2:
        # Images carry no restart axis: one product with all restarts' kernels side by side.
        wide = tf.reshape(tf.transpose(kernel, [1, 0, 2]), [kernel.shape[1], -1])
        product = tf.reshape(tf.matmul(rows, wide), [-1, restarts, kernel.shape[2]])
        return tf.transpose(product, [1, 0, 2]) + bias[:, None]
    return tf.matmul(rows, kernel) + bias[:, None]


def _flatten(tensor: tf.Tensor, lead: int) -> tf.Tensor:
    inner = math.prod(tensor.shape[lead:])
    sizes = list(tensor.shape[:lead])
    if sizes.count(None) > 1:
        raise ValueError("more than one open dimension")
    return tf.reshape(tensor, [-1 if size is None else size for size in sizes] + [inner])


def _concatenate(parts: list[tf.Tensor]) -> tf.Tensor:
    if len(parts) == 1:
        return parts[0]
    shape = tf.shape(parts[0])[:-1]
    for part in parts[1:]:
        shape = tf.broadcast_dynamic_shape(shape, tf.shape(part)[:-1])
    wide = [tf.broadcast_to(p, tf.concat([shape, [p.shape[-1]]], 0)) for p in parts]
    return tf.concat(wide, -1)
