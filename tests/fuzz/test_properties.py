"""Properties that every well-typed model has; TERPRET_FUZZ says how many models are tried."""

import dataclasses
import os
from collections.abc import Callable

import numpy as np
import tensorflow as tf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from terpret import compile_model, program_of
from terpret.backends.model import CompiledModel
from terpret.compile import check_model
from terpret.language.checked import CheckedModel
from terpret.language.errors import Source
from terpret.language.parser import parse
from terpret.language.printer import print_module
from tests.fuzz import generator, naive, numbers

MODELS = int(os.environ.get("TERPRET_FUZZ", "300"))
EXAMPLES = 3
OBSERVABLE = 1e-6
SEEDS = st.integers(0, 2**32 - 1)


def fuzz(share: float) -> Callable:
    """The settings of a property that gets a share of the models."""
    return settings(
        max_examples=max(1, round(share * MODELS)),
        derandomize=True,
        database=None,
        deadline=None,
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


@dataclasses.dataclass(frozen=True)
class Case:
    """A checked model with inputs, and logits for two restarts.

    Attributes:
      model: the generated model.
      checked: its checked tree.
      inputs: integers [batch, *dims] by name.
      labels: integers [batch, *dims] by name; some are -1.
      logits: [restart, *dims, n] by name.
      layers: kernels [restart, inputs, outputs] and biases [restart, outputs] by network.
    """

    model: generator.Model
    checked: CheckedModel
    inputs: dict[str, np.ndarray]
    labels: dict[str, np.ndarray]
    logits: dict[str, np.ndarray]
    layers: dict[str, numbers.Layers]

    def network(self, name: str, restart: int) -> numbers.Layers:
        """The layers of one restart."""
        kernels, biases = self.layers[name]
        return [kernel[restart] for kernel in kernels], [bias[restart] for bias in biases]

    @property
    def batch(self) -> dict[str, np.ndarray]:
        """Inputs and labels."""
        return {**self.inputs, **self.labels}


def case_of(model: generator.Model, seed: int) -> Case:
    """A model with random numbers."""
    checked = check_model(Source("model", print_module(model.module)))
    rng = np.random.default_rng(seed)

    def integers(kind: str, least: int) -> dict[str, np.ndarray]:
        return {
            v.name: rng.integers(least, v.domain, (EXAMPLES, *v.dims))
            for v in checked.of_kind(kind)
        }

    logits = {v.name: rng.normal(size=(2, *v.dims, v.domain)) for v in checked.of_kind("Param")}
    layers = {}
    for network in checked.networks:
        widths = [sum(network.inputs), *network.hid_sizes, network.output]
        shapes = list(zip(widths[:-1], widths[1:], strict=True))
        kernels = [rng.normal(size=(2, *shape)) for shape in shapes]
        layers[network.name] = kernels, [rng.normal(size=(2, shape[1])) for shape in shapes]
    return Case(model, checked, integers("Input", 0), integers("Output", -1), logits, layers)


def compiled(
    case: Case,
    logits: dict[str, np.ndarray],
    space: str = "prob",
    dtype: tf.DType = tf.float64,
    first: int = 0,
) -> CompiledModel:
    """The compiled model of a case with these logits; restart `first` and on of its networks."""
    restarts = len(next(iter(logits.values())))
    model = compile_model(case.checked, restarts=restarts, space=space, dtype=dtype)
    for name, value in logits.items():
        model.param_logits[name].assign(value)
    for name, weights in model.networks.items():
        variables = [*weights.kernels, *weights.biases]
        values = [value for part in case.layers[name] for value in part]
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value[first : first + restarts])
    return model


def marginals(case: Case, logits: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The compiled model's marginals, [restart, batch, *dims, n]; not traced, which is faster."""
    model = compiled(case, logits)
    restarts = len(next(iter(logits.values())))
    found = model.emit_marginals(model.checked_batch(case.inputs, outputs=False))
    shapes = {name: (restarts, EXAMPLES, *value.shape[2:]) for name, value in found.items()}
    return {name: np.broadcast_to(value, shapes[name]) for name, value in found.items()}


def expected(case: Case, logits: dict[str, np.ndarray], restart: int) -> dict[str, np.ndarray]:
    """The naive walk's marginals for one restart."""
    params = {name: numbers.softmax(value[restart]) for name, value in logits.items()}
    networks = {name: case.network(name, restart) for name in case.layers}
    return naive.marginals(case.model.module, params, case.inputs, networks)


def losses_and_gradients(
    model: CompiledModel, batch: dict[str, np.ndarray]
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """The losses [restart] and the gradient of their sum by every variable, [restart, ...]."""
    variables = {variable.name: variable for variable in model.network_variables}
    variables.update(model.param_logits)
    with tf.GradientTape() as tape:
        losses = model.emit_losses(model.checked_batch(batch, outputs=True))
    gradients = tape.gradient(losses, variables, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    return losses.numpy(), {name: value.numpy() for name, value in gradients.items()}


@fuzz(0.2)
@given(generator.models(networks=False), SEEDS)
def test_one_hot_parameters_give_the_interpreters_values(model: generator.Model, seed: int) -> None:
    case = case_of(model, seed)
    values = {name: logits.argmax(-1)[0] for name, logits in case.logits.items()}
    sharp = {
        name: 1000.0 * (np.arange(logits.shape[-1]) == values[name][..., None])[None]
        for name, logits in case.logits.items()
    }
    found = marginals(case, sharp)
    for name, value in program_of(case.checked, values).run(case.inputs).items():
        # A lost value, -1, is no value: all zeros.
        one_hot = value[..., None] == np.arange(found[name].shape[-1])
        np.testing.assert_array_equal(found[name][0], one_hot, err_msg=name)


@fuzz(0.3)
@given(generator.models(), SEEDS)
def test_marginals_are_the_naive_walks(model: generator.Model, seed: int) -> None:
    case = case_of(model, seed)
    found = marginals(case, case.logits)
    for restart in range(2):
        for name, value in expected(case, case.logits, restart).items():
            np.testing.assert_allclose(found[name][restart], value, rtol=0, atol=1e-9, err_msg=name)


@fuzz(0.1)
@given(generator.models(), SEEDS)
def test_marginals_are_distributions(model: generator.Model, seed: int) -> None:
    case = case_of(model, seed)
    found = marginals(case, case.logits)
    for restart in range(2):
        walked = expected(case, case.logits, restart)
        for name, value in found.items():
            assert np.all(value >= 0), name
            kept = walked[name].sum(-1) if model.drops else 1
            np.testing.assert_allclose(value[restart].sum(-1), kept, rtol=0, atol=1e-9)


@fuzz(0.15)
@given(generator.models(), SEEDS)
def test_log_space_is_probability_space(model: generator.Model, seed: int) -> None:
    case = case_of(model, seed)
    found = marginals(case, case.logits)
    batch = dict(case.inputs)
    for name, labels in case.labels.items():
        chosen = np.maximum(labels, 0)[None, ..., None]
        observed = np.take_along_axis(found[name], chosen, -1)[..., 0].min(0)
        batch[name] = np.where(observed > OBSERVABLE, labels, -1)
    losses, gradients = losses_and_gradients(compiled(case, case.logits), batch)
    for dtype, tolerance in ((tf.float64, 1e-9), (tf.float32, 2e-4)):
        model = compiled(case, case.logits, "log", dtype)
        log_losses, log_gradients = losses_and_gradients(model, batch)
        np.testing.assert_allclose(log_losses, losses, rtol=0, atol=tolerance)
        for name, gradient in gradients.items():
            np.testing.assert_allclose(
                log_gradients[name], gradient, rtol=0, atol=tolerance, err_msg=name
            )


@fuzz(0.05)
@given(generator.models(), SEEDS)
def test_log_space_is_finite_at_certainty(model: generator.Model, seed: int) -> None:
    case = case_of(model, seed)
    sharp = {name: 1000 * logits.round() for name, logits in case.logits.items()}
    losses, gradients = losses_and_gradients(compiled(case, sharp, "log", tf.float32), case.batch)
    reference, _ = losses_and_gradients(compiled(case, sharp), case.batch)
    np.testing.assert_allclose(losses, reference, rtol=1e-4, atol=1e-4)
    assert all(np.isfinite(gradient).all() for gradient in gradients.values())


@fuzz(0.05)
@given(generator.models(), SEEDS)
def test_a_restart_alone_is_the_restart_among_others(model: generator.Model, seed: int) -> None:
    case = case_of(model, seed)
    losses, gradients = losses_and_gradients(compiled(case, case.logits), case.batch)
    for restart in range(2):
        alone = {name: value[restart : restart + 1] for name, value in case.logits.items()}
        loss, gradient = losses_and_gradients(compiled(case, alone, first=restart), case.batch)
        np.testing.assert_allclose(loss[0], losses[restart], rtol=0, atol=1e-12)
        for name, value in gradient.items():
            np.testing.assert_allclose(value[0], gradients[name][restart], rtol=0, atol=1e-12)


@fuzz(0.05)
@given(generator.models(), SEEDS)
def test_gradients_are_differences_of_the_naive_walk(model: generator.Model, seed: int) -> None:
    case = case_of(model, seed)
    found, gradients = losses_and_gradients(compiled(case, case.logits), case.batch)
    walked = numbers.loss(expected(case, case.logits, 0), case.labels)
    np.testing.assert_allclose(found[0], walked, rtol=1e-9, atol=1e-9)
    rng, step = np.random.default_rng(seed), 1e-5
    for name in case.logits:
        gradient = gradients[name]
        where = (0, *(rng.integers(0, size) for size in gradient.shape[1:]))
        sides = []
        for sign in (1, -1):
            moved = {**case.logits, name: case.logits[name].copy()}
            moved[name][where] += sign * step
            sides.append(numbers.loss(expected(case, moved, 0), case.labels))
        slope = (sides[0] - sides[1]) / (2 * step)
        np.testing.assert_allclose(gradient[where], slope, rtol=1e-4, atol=1e-6, err_msg=name)


@fuzz(0.1)
@given(generator.models())
def test_printed_models_are_parsed_back(model: generator.Model) -> None:
    assert parse(Source("model", print_module(model.module))) == model.module
