"""A compiled model: variables for its parameters, marginals, losses and programs from them."""

import os
import re
import types
from collections.abc import Mapping, Sequence

import numpy as np
import tensorflow as tf

from terpret.backends import log, losses, prob
from terpret.backends.batches import Batch, checked_batch
from terpret.backends.decided import apply_decided, marked, reads_mixtures, unmarked
from terpret.backends.emit import Apply, emit
from terpret.backends.graph import graph_of
from terpret.backends.initial_values import initial_logits
from terpret.backends.networks import Library, apply_network, images_at_once, layers
from terpret.core.nodes import Learned, every_node
from terpret.core.schedule import Schedule
from terpret.discrete.program import Program, with_clamps
from terpret.errors import InputError
from terpret.language.checked import CheckedModel, Network, Variable, shape_of
from terpret.language.reads import images_read, label_names

SPACES: dict[str, types.ModuleType] = {"prob": prob, "log": log}
# A logit so far below another makes a marginal exactly 0.
NEVER = -1e4


class CompiledModel(tf.Module):
    """A model as TensorFlow sees it.

    Attributes:
      checked: the checked tree it was compiled from.
      outputs: its tensor network, one root for each Output.
      schedule: the order in which the tensors of that network are made.
      space_name: the name of its space, `prob` or `log`.
      space: the module of its space.
      restarts: the number of restarts, the first axis of every parameter.
      dtype: the floating point type.
      constants: the values of the Params that are not learned.
      learned_params: the declared Params that are learned.
      param_logits: the logits of every Param that is learned, [restart, *dims, n]; none where they
        are given with every batch.
      library: the networks, possibly shared with other models.
    """

    def __init__(
        self,
        checked: CheckedModel,
        schedule: Schedule,
        restarts: int,
        space: str,
        dtype: tf.DType,
        library: Library,
        given: Mapping[str, str],
        constants: Mapping[str, np.ndarray],
        seed: int | None,
    ):
        super().__init__(name="model")
        self.checked, self.restarts, self.library = checked, restarts, library
        self.schedule, self.outputs = schedule, schedule.outputs
        self.space_name, self.space, self.dtype = space, SPACES[space], dtype
        self._given_labels, self.constants = dict(given), dict(constants)
        self.learned_params = [v for v in checked.of_kind("Param") if v.name not in constants]
        self.param_logits: dict[str, tf.Variable] = {}
        if seed is not None:
            for variable in self.learned_params:
                start = initial_logits(variable, range(restarts), seed, 1.0, dtype)
                self.param_logits[variable.name] = tf.Variable(start, name=variable.name)
        nodes = every_node(self.outputs.values())
        used = {node.network.name: node.network for node in nodes if isinstance(node, Learned)}
        self.networks = {name: library.use(network) for name, network in used.items()}
        self._marginals = graph_of(self.emit_marginals, reduce_retracing=True)
        self._decided = graph_of(self.emit_decided, reduce_retracing=True)
        self._losses = graph_of(self.emit_losses, reduce_retracing=True)
        self._predict = graph_of(self._emit_predictions, reduce_retracing=True)

    @property
    def network_variables(self) -> list[tf.Variable]:
        """The weights of the networks that the model uses."""
        return [v for weights in self.networks.values() for v in weights.trainable_variables]

    @property
    def given_labels(self) -> dict[str, str]:
        """The entry of a batch that holds a network's labels, by network, where they are given."""
        return dict(self._given_labels)

    def marginals(self, batch: Mapping[str, np.ndarray]) -> dict[str, tf.Tensor]:
        """The marginals of every Output, [restart, batch, *dims, n]; the values of OutputTensors.

        Raises:
          InputError: the batch lacks an Input, or holds one of the wrong shape or range.
        """
        marginals = self._marginals(self.checked_batch(batch, outputs=False))
        return {
            v.name: self.space.probabilities(marginals[v.name])
            if isinstance(v.domain, int)
            else marginals[v.name]
            for v in self.checked.of_kind("Output")
        }

    def outcomes(
        self, batch: Mapping[str, np.ndarray], discrete: bool = False
    ) -> dict[str, np.ndarray]:
        """As `marginals`, with the marginal of each observed element under the name `observed`.

        Args:
          batch: as of `marginals`.
          discrete: whether every Param takes its most probable value, and so does every integer
            that a network gives; or each has its marginal.

        Returns:
          Arrays [restart, batch, ...]; 1 for either where nothing depends on it.
        """
        given = self.checked_batch(batch, outputs=False)
        found = self._decided(given) if discrete else self._marginals(given)
        tensors = {v.name for v in self.checked.of_kind("Output") if not isinstance(v.domain, int)}
        return {
            name: (value if name in tensors else self.space.probabilities(value)).numpy()
            for name, value in found.items()
        }

    def losses(self, batch: Mapping[str, np.ndarray]) -> tf.Tensor:
        """The loss of every restart, [restart]; see `emit_losses`.

        Raises:
          InputError: the batch lacks an Input or Output, or holds one of the wrong shape or range.
        """
        return self._losses(self.checked_batch(batch, outputs=True))

    def share_params(self, other: "CompiledModel") -> None:
        """Makes the logits of `other` this model's own.

        Raises:
          InputError: the two models' Params differ.
        """
        mine = {name: value.shape for name, value in self.param_logits.items()}
        theirs = {name: value.shape for name, value in other.param_logits.items()}
        for name in sorted(mine.keys() | theirs.keys()):
            if mine.get(name) != theirs.get(name):
                raise InputError(
                    f"the Param '{name}' is not alike in both models: {_shape(theirs.get(name))} "
                    f"there, {_shape(mine.get(name))} here"
                )
        self.param_logits = dict(other.param_logits)

    def graph(self, batch_size: int = 1) -> tf.Graph:
        """The TensorFlow graph of the losses, for a batch of zeros and no given labels."""
        kinds = ("Input", "Output")
        batch = {
            v.name: np.zeros(
                (batch_size, *v.dims, *(() if isinstance(v.domain, int) else v.domain)),
                np.int32 if isinstance(v.domain, int) else np.float32,
            )
            for v in self.checked.variables
            if v.kind in kinds
        }
        return self._losses.get_concrete_function(self.checked_batch(batch, True)).graph

    def program(self, restart: int = 0) -> Program:
        """The argmax program of one restart."""
        if not 0 <= restart < self.restarts:
            raise InputError(f"there is no restart {restart}: they are 0..{self.restarts - 1}")
        values, confidence = {}, {}
        for variable in self.checked.of_kind("Param"):
            if variable.name in self.constants:
                values[variable.name] = np.asarray(self.constants[variable.name], np.int64)
                confidence[variable.name] = np.ones(variable.dims)
                continue
            name = variable.name
            marginal = tf.nn.softmax(self.param_logits[name][restart]).numpy()
            values[name] = with_clamps(self.checked, name, marginal.argmax(-1), None)
            confidence[name] = with_clamps(self.checked, name, marginal.max(-1), 1)

        def classify(batch: Batch) -> dict[str, np.ndarray]:
            return {name: labels[restart] for name, labels in self.labels(batch).items()}

        return Program(
            self.checked, values, confidence, classify if self.checked.networks else None
        )

    def param_marginals(self, restart: int) -> dict[str, np.ndarray]:
        """The marginals of one restart's Params that have elements, [*dims, n] by name."""
        return {
            name: tf.nn.softmax(logits[restart]).numpy()
            for name, logits in self.param_logits.items()
            if logits.shape.num_elements()
        }

    def labels(self, batch: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Each network's most probable label for every image, integers [restart, batch, *dims].

        They have the names of `label_names`; a network whose results no label can stand for, or
        that the model does not apply, has none.

        Raises:
          InputError: the batch has no images for a network.
        """
        result = {}
        for label, (name, image) in label_names(self.checked).items():
            if image.name not in batch:
                raise InputError(f"the batch has no images for '{name}'")
            images = np.asarray(batch[image.name])
            flat = images.reshape(-1, *shape_of(image.domain))
            if name in self.networks:
                chosen = self.classify(name, flat)
            else:
                # A network that no program can reach never decides anything.
                chosen = np.zeros((self.restarts, len(flat)), np.int64)
            result[label] = chosen.reshape(self.restarts, len(images), *image.dims)
        return result

    def classify(self, network: str, images: np.ndarray) -> np.ndarray:
        """A network's most probable label for each of `images` [n, h, w]: [restart, n]."""
        labels = self.predict(network, images).argmax(-1)
        return np.repeat(labels, self.restarts // len(labels), 0)

    def predict(self, network: str, images: np.ndarray) -> np.ndarray:
        """What a network's last layer says of each image.

        Args:
          network: its name.
          images: [n, *shape].

        Returns:
          Floats [restart, n, *output]; where all restarts share the network, there is one for all.
        """
        pixels = tf.convert_to_tensor(images.reshape(len(images), -1), self.dtype)
        count = images_at_once(self.networks[network])
        starts = range(0, max(1, len(images)), count)
        parts = [self._predict(network, pixels[k : k + count]).numpy() for k in starts]
        return np.concatenate(parts, axis=1)

    def _emit_predictions(self, network: str, pixels: tf.Tensor) -> tf.Tensor:
        output = next(n.output for n in self.checked.networks if n.name == network)
        return layers(self.networks[network], pixels, False, output)

    def shown_to(self, network: Network) -> Variable:
        """The InputTensor that holds images for a network: that it reads, or that has its shape.

        Raises:
          InputError: there is none, or more than one.
        """
        inputs = self.checked.of_kind("Input")
        matching = list(images_read(self.checked).get(network.name, ()))
        matching = matching or [v for v in inputs if (v.domain,) == network.inputs]
        if len(matching) != 1:
            raise InputError(f"no one InputTensor holds the images for '{network.name}'")
        return matching[0]

    def _one_hot(self) -> dict[str, tf.Tensor]:
        """Logits whose marginals are exactly 1 at the most probable value, by Param."""
        return {
            name: NEVER * (1 - tf.one_hot(tf.argmax(v, -1), v.shape[-1], dtype=self.dtype))
            for name, v in self.param_logits.items()
        }

    # What a training step is made of; no checks, no Python side effects.

    def emit_marginals(
        self, batch: Batch, logits: Batch | None = None, apply: Apply | None = None
    ) -> dict[str, tf.Tensor]:
        """Emits the marginals of every Output, in the model's space.

        Args:
          batch: a batch that was checked and converted.
          logits: replaces `param_logits`.
          apply: replaces the networks.
        """
        logits = self.param_logits if logits is None else logits
        params = {}
        for name, value in logits.items():
            with tf.name_scope(_scope(name)):
                params[name] = self.space.normalise(value)
        inputs = {
            variable.name: self._observed(variable.domain, batch[variable.name])
            for variable in self.checked.of_kind("Input")
            if variable.name in batch
        }
        for network in self.checked.networks:
            if network.name in self._given_labels:
                size = network.output
                labels = batch[self._given_labels[network.name]] % size
                inputs[network.name] = self._observed(size, labels)

        def applied(node: Learned, arguments: Sequence[tf.Tensor]) -> tf.Tensor:
            weights = self.networks[node.network.name]
            result = apply_network(node, weights, arguments, self.restarts)
            return self.space.normalise(result) if node.normalised else result

        scope = _scope(os.path.basename(self.checked.source.path))
        return emit(
            self.schedule,
            self.space,
            params,
            inputs,
            apply or applied,
            self.dtype,
            scope,
            self.restarts,
        )

    def emit_decided(self, batch: Batch) -> dict[str, tf.Tensor]:
        """Emits what `emit_marginals` does of the discretised program.

        It reads the most probable label of each network; -1, a marginal of zeros, is what a
        function has lost.
        """
        variables = self.checked.variables
        tensors = [v for v in variables if not isinstance(v.domain, int) and v.elements]
        marks = reads_mixtures(self.outputs.values())
        shown = {v.name: marked(batch[v.name]) for v in tensors if marks and v.name in batch}

        def applied(node: Learned, arguments: Sequence[tf.Tensor]) -> tf.Tensor:
            weights = self.networks[node.network.name]
            result = apply_decided(node, weights, arguments, self.restarts, marks)
            return self.space.constant(result) if node.normalised else result

        found = self.emit_marginals({**batch, **shown}, self._one_hot(), applied)
        bare = {v.name: unmarked(found[v.name]) for v in tensors if marks and v.name in found}
        return {**found, **bare}

    def emit_losses(self, batch: Batch, logits: Batch | None = None) -> tf.Tensor:
        """Emits the loss of every restart, [restart].

        For each Output the mean over all examples of -log((p_y + e) / sum_i (p_i + e)), e = 1e-10,
        where a label of -1 counts 0; for an OutputTensor the mean of the summed squared errors;
        for an observed constant as for a label. Summed over all of them.
        """
        marginals = self.emit_marginals(batch, logits)
        with tf.name_scope("loss"):
            return self.emit_total(batch, marginals)

    def emit_guess_loss(self, batch: Batch) -> tf.Tensor:
        """Emits the loss of knowing nothing: all values as probable, every real number 0."""
        return self.emit_total(batch, losses.guess(self.checked, self.space, batch, self.dtype))[0]

    def emit_total(self, batch: Batch, marginals: Batch) -> tf.Tensor:
        """Emits the loss of every restart from the marginals that `emit_marginals` gave."""
        start = tf.zeros([self.restarts], self.dtype)
        return losses.total(self.checked, self.space, batch, marginals, start)

    def _observed(self, domain: object, value: tf.Tensor) -> tf.Tensor:
        if not isinstance(domain, int):
            return tf.cast(value, self.dtype)
        return self.space.constant(tf.one_hot(value, domain, dtype=self.dtype))

    def checked_batch(self, batch: Mapping[str, object], outputs: bool) -> dict[str, tf.Tensor]:
        """A batch as tensors, after checking that it fits the model.

        Raises:
          InputError: something is missing, unknown, or has the wrong shape or range.
        """
        needs_images = bool(self.networks)
        return checked_batch(
            self.checked, batch, self._given_labels, outputs, needs_images, self.dtype
        )


def _shape(shape: tf.TensorShape | None) -> str:
    return "missing" if shape is None else f"[restart, {', '.join(map(str, shape[1:]))}]"


def _scope(name: str) -> str:
    """A name as TensorFlow allows it for operations."""
    return re.sub(r"[^A-Za-z0-9_.]", "_", name).lstrip("_") or "model"
