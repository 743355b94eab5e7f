"""Generated models with random numbers, compiled with their loops as loops and unrolled."""

import dataclasses
from collections.abc import Callable, Mapping

import numpy as np
import tensorflow as tf

from terpret import compile_model
from terpret.backends.graph import graph_of
from terpret.backends.model import CompiledModel
from terpret.compile import check_model
from terpret.core.nodes import Outputs, Repeated, every_node
from terpret.language.checked import CheckedModel, shape_of
from terpret.language.errors import Source
from terpret.language.reads import images_read

EXAMPLES = 3
RESTARTS = 2
# Of how many Params, in a hundred, the values are known when the model is compiled.
CONSTANT = 15

Numbers = dict[str, np.ndarray]


@dataclasses.dataclass(frozen=True)
class Case:
    """A checked model with everything that compiling and running it takes.

    Attributes:
      checked: the checked tree.
      labels: networks whose results are given, each with its name in a batch.
      constants: Params that are not learned, integers [*dims] by name.
      batch: Inputs, images, labels of Outputs (some -1) and given labels, [batch, *dims].
      logits: [restart, *dims, n] by name.
      seed: of the networks' weights.
    """

    checked: CheckedModel
    labels: Mapping[str, str]
    constants: Numbers
    batch: Numbers
    logits: Numbers
    seed: int

    def compiled(self, loops: str, space: str = "prob") -> CompiledModel:
        """The model in float64; networks of one seed are alike."""
        model = compile_model(
            self.checked,
            restarts=RESTARTS,
            space=space,
            dtype=tf.float64,
            learned=self.labels,
            constants=self.constants,
            seed=self.seed,
            loops=loops,
        )
        for name, variable in model.param_logits.items():
            variable.assign(self.logits[name])
        return model


def case_of(text: str, labels: frozenset[str], seed: int) -> Case:
    """A model with random numbers."""
    checked = check_model(Source("model", text))
    rng = np.random.default_rng(seed)
    batch, logits, constants = {}, {}, {}
    for variable in checked.variables:
        dims = (EXAMPLES, *variable.dims)
        if variable.kind == "Param":
            logits[variable.name] = rng.normal(size=(RESTARTS, *variable.dims, variable.size))
            if rng.integers(100) < CONSTANT:
                constants[variable.name] = rng.integers(0, variable.size, variable.dims)
        elif variable.kind == "Output":
            batch[variable.name] = rng.integers(-1, variable.size, dims)
        elif variable.kind == "Input" and isinstance(variable.domain, int):
            batch[variable.name] = rng.integers(0, variable.size, dims)
        elif variable.kind == "Input":
            batch[variable.name] = rng.normal(size=(*dims, *shape_of(variable.domain)))
    shown = images_read(checked)
    given = {}
    for network in checked.networks:
        if network.name in labels:
            (images,) = shown[network.name]
            given[network.name] = f"{network.name} of {images.name}"
            dims = (EXAMPLES, *images.dims)
            batch[given[network.name]] = rng.integers(0, network.output, dims)
    return Case(checked, given, constants, batch, logits, seed)


def has_loops(outputs: Outputs) -> bool:
    """Whether a network has a loop."""
    return any(isinstance(node, Repeated) for node in every_node(outputs.values()))


def one_hot_logits(logits: np.ndarray) -> np.ndarray:
    """Logits of certainty, for every restart those of what the first most probably is."""
    chosen = logits.argmax(-1)[:1, ..., None]
    return np.repeat(1000.0 * (np.arange(logits.shape[-1]) == chosen), len(logits), axis=0)


def losses_and_gradients(model: CompiledModel, batch: Numbers, traced: bool = False) -> Numbers:
    """The losses [restart], and the gradient of their sum by every variable, [restart, ...].

    Args:
      model: the model.
      batch: what is observed.
      traced: whether a graph is traced, as for a run.
    """
    variables = dict(model.param_logits)
    for name, weights in model.networks.items():
        for place, variable in enumerate([*weights.kernels, *weights.biases]):
            variables[f"{name} {place}"] = variable

    def found() -> dict[str, tf.Tensor]:
        with tf.GradientTape() as tape:
            losses = model.emit_losses(model.checked_batch(batch, outputs=True))
        zero = tf.UnconnectedGradients.ZERO
        gradients = tape.gradient(losses, variables, unconnected_gradients=zero)
        return {"losses": losses, **gradients}

    run: Callable[[], dict[str, tf.Tensor]] = graph_of(found) if traced else found
    return {name: value.numpy() for name, value in run().items()}


def assert_alike(found: Numbers, expected: Numbers, tolerance: float = 1e-9) -> None:
    """Losses and gradients are alike; what only one of them has, because it matters not, is 0."""
    for name in found.keys() | expected.keys():
        one, other = found.get(name, 0.0), expected.get(name, 0.0)
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance, err_msg=name)
