"""A compiled model: variables for its parameters, marginals, losses and programs from them."""

import math
import types
from collections.abc import Mapping, Sequence

import numpy as np
import tensorflow as tf

from terpret.backends import prob
from terpret.backends.emit import emit
from terpret.backends.networks import Library, apply_network, layers, seed_of
from terpret.core.nodes import Learned, Node, topological
from terpret.language.checked import CheckedModel, Variable
from terpret.language.errors import InputError, suggestion
from terpret.program import Program, checked_integers

SPACES: dict[str, types.ModuleType] = {"prob": prob}
EPSILON = 1e-10

Batch = Mapping[str, tf.Tensor]


class CompiledModel(tf.Module):
    """A model as TensorFlow sees it.

    Attributes:
      checked: the checked tree it was compiled from.
      outputs: its tensor network, one root for each Output.
      restarts: the number of restarts, the first axis of every parameter.
      param_logits: the logits of every Param that is learned, [restart, *dims, n].
      library: the networks, possibly shared with other models.
    """

    def __init__(
        self,
        checked: CheckedModel,
        outputs: Mapping[str, Node],
        restarts: int,
        space: str,
        dtype: tf.DType,
        library: Library,
        given: Mapping[str, str],
        constants: Mapping[str, np.ndarray],
        seed: int,
    ):
        super().__init__(name="model")
        self.checked, self.restarts, self.library = checked, restarts, library
        self.outputs = dict(outputs)
        self._space, self._dtype = SPACES[space], dtype
        self._given, self._constants = dict(given), dict(constants)
        self._learned_params = [v for v in checked.of_kind("Param") if v.name not in constants]
        self.param_logits = {
            variable.name: tf.Variable(
                initial_logits(variable, range(restarts), seed, 1.0, dtype), name=variable.name
            )
            for variable in self._learned_params
        }
        nodes = topological(self.outputs.values())
        used = {node.network.name: node.network for node in nodes if isinstance(node, Learned)}
        self.networks = {name: library.use(network) for name, network in used.items()}
        self._nets = tuple(n for n in checked.networks if n.name in used)
        self._marginals = tf.function(self.emit_marginals, autograph=False, reduce_retracing=True)
        self._losses = tf.function(self.emit_losses, autograph=False, reduce_retracing=True)
        self._classify = tf.function(self._emit_labels, autograph=False, reduce_retracing=True)

    @property
    def network_variables(self) -> list[tf.Variable]:
        """The weights of the networks that the model uses."""
        return [v for weights in self.networks.values() for v in weights.trainable_variables]

    def marginals(self, batch: Mapping[str, np.ndarray]) -> dict[str, tf.Tensor]:
        """The marginals of every Output, [restart, batch, *dims, n].

        Raises:
          InputError: the batch lacks an Input, or holds one of the wrong shape or range.
        """
        return self._marginals(self.checked_batch(batch, outputs=False))

    def losses(self, batch: Mapping[str, np.ndarray]) -> tf.Tensor:
        """The loss of every restart, [restart]; see `emit_losses`.

        Raises:
          InputError: the batch lacks an Input or Output, or holds one of the wrong shape or range.
        """
        return self._losses(self.checked_batch(batch, outputs=True))

    def program(self, restart: int = 0) -> Program:
        """The argmax program of one restart."""
        if not 0 <= restart < self.restarts:
            raise InputError(f"there is no restart {restart}: they are 0..{self.restarts - 1}")
        values, confidence = {}, {}
        for variable in self.checked.of_kind("Param"):
            if variable.name in self._constants:
                values[variable.name] = np.asarray(self._constants[variable.name], np.int64)
                confidence[variable.name] = np.ones(variable.dims)
                continue
            marginal = tf.nn.softmax(self.param_logits[variable.name][restart]).numpy()
            values[variable.name] = marginal.argmax(-1)
            confidence[variable.name] = marginal.max(-1)

        def classify(batch: Batch) -> dict[str, np.ndarray]:
            return {name: labels[restart] for name, labels in self.labels(batch).items()}

        return Program(
            self.checked, values, confidence, classify if self.checked.networks else None
        )

    def labels(self, batch: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Each network's most probable label for every image, integers [restart, batch, *dims]."""
        images = {
            v.name: tf.convert_to_tensor(batch[v.name], self._dtype)
            for v in self.checked.of_kind("Input")
            if not isinstance(v.domain, int) and v.name in batch
        }
        labels = {name: value.numpy() for name, value in self._classify(images).items()}
        unused = [n.name for n in self.checked.networks if n.name not in labels]
        for name in unused:
            # A network that no program can reach never decides anything.
            labels[name] = np.zeros_like(next(iter(labels.values())))
        return labels

    def _emit_labels(self, images: Batch) -> dict[str, tf.Tensor]:
        result = {}
        for network in self._nets:
            image = self._image_variable(network.inputs)
            if image is None or image.name not in images:
                raise InputError(f"the batch has no images for '{network.name}'")
            shape = [-1, *image.dims, math.prod(image.domain)]
            pixels = tf.reshape(images[image.name], shape)
            logits = layers(self.networks[network.name], pixels, False, network.output)
            result[network.name] = tf.argmax(logits, -1)
        return result

    def _image_variable(self, inputs: Sequence[object]) -> Variable | None:
        matching = [v for v in self.checked.of_kind("Input") if (v.domain,) == tuple(inputs)]
        return matching[0] if len(matching) == 1 else None

    # What a training step is made of; no checks, no Python side effects.

    def emit_marginals(self, batch: Batch) -> dict[str, tf.Tensor]:
        """Emits the marginals of every Output, in the model's space, for a converted batch."""
        params = {name: self._space.normalise(v) for name, v in self.param_logits.items()}
        inputs = {
            variable.name: self._observed(variable.domain, batch[variable.name])
            for variable in self.checked.of_kind("Input")
            if variable.name in batch
        }
        for network in self.checked.networks:
            if network.name in self._given:
                size = network.output
                labels = batch[self._given[network.name]] % size
                inputs[network.name] = self._observed(size, labels)

        def apply(node: Learned, arguments: Sequence[tf.Tensor]) -> tf.Tensor:
            result = apply_network(node, self.networks[node.network.name], arguments)
            return self._space.normalise(result) if node.total else result

        return emit(self.outputs, self._space, params, inputs, apply, self._dtype)

    def emit_losses(self, batch: Batch) -> tf.Tensor:
        """Emits the loss of every restart, [restart].

        For each Output the mean over all examples of -log((p_y + e) / sum_i (p_i + e)), e = 1e-10,
        where a label of -1 counts 0; summed over the Outputs (design, section 3).
        """
        marginals = self.emit_marginals(batch)
        total = tf.zeros([self.restarts], self._dtype)
        for variable in self.checked.of_kind("Output"):
            labels = batch[variable.name]
            losses = self._space.cross_entropy(marginals[variable.name], labels, EPSILON)
            losses = tf.where(labels >= 0, losses, tf.zeros_like(losses))
            mean = tf.reduce_mean(losses, 1)
            total += tf.reduce_sum(mean, list(range(1, len(mean.shape)))) if variable.dims else mean
        return total

    def _observed(self, domain: object, value: tf.Tensor) -> tf.Tensor:
        if not isinstance(domain, int):
            return tf.cast(value, self._dtype)
        return self._space.constant(tf.one_hot(value, domain, dtype=self._dtype))

    def checked_batch(self, batch: Mapping[str, object], outputs: bool) -> dict[str, tf.Tensor]:
        """A batch as tensors, after checking that it fits the model.

        Raises:
          InputError: something is missing, unknown, or has the wrong shape or range.
        """
        arrays = {name: np.asarray(value) for name, value in batch.items()}
        known = {v.name for v in self.checked.variables} | set(self._given.values())
        for name in arrays:
            if name not in known:
                hint = suggestion(name, known)
                raise InputError(f"the model declares no '{name}'" + (f"; {hint}" if hint else ""))
        result: dict[str, tf.Tensor] = {}
        for variable in self.checked.variables:
            name = variable.name
            if variable.kind == "Output" and outputs:
                result[name] = tf.constant(
                    checked_integers(arrays, name, variable.dims, variable.domain, -1), tf.int32
                )
            elif variable.kind == "Input" and isinstance(variable.domain, int):
                result[name] = tf.constant(
                    checked_integers(arrays, name, variable.dims, variable.domain), tf.int32
                )
            elif variable.kind == "Input" and (name in arrays or not self._images_not_needed()):
                shape = (*variable.dims, *variable.domain)
                if name not in arrays:
                    raise InputError(f"the batch lacks '{name}'")
                if arrays[name].shape[1:] != shape:
                    raise InputError(
                        f"'{name}' has shape {list(arrays[name].shape)}, not "
                        f"[examples, {', '.join(map(str, shape))}]"
                    )
                result[name] = tf.convert_to_tensor(arrays[name], self._dtype)
        for network, entry in self._given.items():
            if entry not in arrays:
                raise InputError(f"the batch lacks '{entry}', the labels of '{network}'")
            result[entry] = tf.constant(arrays[entry], tf.int32)
        sizes = {int(value.shape[0]) for value in result.values()}
        if len(sizes) > 1:
            raise InputError(f"the batch's entries differ in their number of examples: {sizes}")
        return result

    def _images_not_needed(self) -> bool:
        return not self.networks


def initial_logits(
    variable: Variable, restarts: Sequence[int], seed: int, scale: float, dtype: tf.DType
) -> tf.Tensor:
    """Logarithms of Dirichlet(scale) samples, each restart from its own seed.

    Args:
      variable: the Param.
      restarts: the numbers of the restarts.
      seed: the root seed of the run.
      scale: the concentration: small is peaked, large is near uniform.
      dtype: the floating point type.

    Returns:
      Tensor [restart, *dims, n].
    """
    shape = (*variable.dims, variable.domain)
    rows = []
    for restart in restarts:
        seeds = seed_of(seed, f"param/{variable.name}", restart)
        gamma = tf.random.stateless_gamma(shape, seeds, tf.cast(scale, tf.float64), dtype=tf.float64)
        # Far below what float32 can tell from 0: a value that the sample never takes.
        gamma = tf.maximum(gamma, 1e-30)
        rows.append(tf.math.log(gamma / tf.reduce_sum(gamma, -1, keepdims=True)))
    return tf.cast(tf.stack(rows), dtype)
