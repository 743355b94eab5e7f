"""A loop means what its rounds mean; TERPRET_FUZZ_LOOPS says how many models are tried."""

import collections
import os
from collections.abc import Callable

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from terpret import program_of
from terpret.core.build import build
from tests.loops import generator
from tests.loops.cases import (
    assert_alike,
    case_of,
    has_loops,
    losses_and_gradients,
    one_hot_logits,
)

MODELS = int(os.environ.get("TERPRET_FUZZ_LOOPS", "20"))
# So many models meet every kind of loop.
ENOUGH = 1000
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


@fuzz(1)
@given(generator.models(), SEEDS)
def test_losses_and_gradients_are_those_of_the_unrolled_model(
    model: generator.Model, seed: int
) -> None:
    case = case_of(model.text, model.labels, seed)
    for space in ("prob", "log"):
        unrolled, looped = case.compiled("never", space), case.compiled("always", space)
        assert not has_loops(unrolled.outputs)
        expected = losses_and_gradients(unrolled, case.batch)
        assert_alike(losses_and_gradients(looped, case.batch), expected)


@fuzz(0.1)
@given(generator.models(), SEEDS)
def test_a_traced_graph_has_the_losses_and_gradients_of_the_unrolled_model(
    model: generator.Model, seed: int
) -> None:
    case = case_of(model.text, model.labels, seed)
    expected = losses_and_gradients(case.compiled("never"), case.batch)
    assert_alike(losses_and_gradients(case.compiled("always"), case.batch, traced=True), expected)


@fuzz(0.5)
@given(generator.models(networks=False), SEEDS)
def test_one_hot_parameters_give_the_interpreters_values(model: generator.Model, seed: int) -> None:
    case = case_of(model.text, model.labels, seed)
    looped = case.compiled("always")
    values = {name: logits.argmax(-1)[0] for name, logits in case.logits.items()}
    values |= case.constants
    for name, variable in looped.param_logits.items():
        variable.assign(one_hot_logits(case.logits[name]))
    inputs = {
        variable.name: case.batch[variable.name] for variable in case.checked.of_kind("Input")
    }
    found = looped.emit_marginals(looped.checked_batch(inputs, outputs=False))
    for name, value in program_of(case.checked, values).run(inputs).items():
        # A lost value, -1, is no value: all zeros.
        one_hot = value[..., None] == np.arange(found[name].shape[-1])
        shown = np.broadcast_to(found[name][0], one_hot.shape)
        np.testing.assert_array_equal(shown, one_hot, err_msg=name)


def test_at_least_a_third_of_the_models_have_loops_of_every_kind() -> None:
    tried = 0
    met: collections.Counter[str] = collections.Counter()

    @fuzz(3)
    @given(generator.models(), SEEDS)
    def count(model: generator.Model, seed: int) -> None:
        nonlocal tried
        tried += 1
        case = case_of(model.text, model.labels, seed)
        if has_loops(build(case.checked, frozenset(case.labels), case.constants, loops="always")):
            met.update({"loops", *model.kinds})

    count()
    assert met["loops"] >= tried / 3
    assert met.keys() - {"loops"} <= set(generator.KINDS)
    if tried >= ENOUGH:
        assert set(generator.KINDS) <= met.keys()
