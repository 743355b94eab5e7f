"""A loop means what its rounds mean; TERPRET_FUZZ_LOOPS says how many models are tried."""

import os
from collections.abc import Callable

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.loops import generator
from tests.loops.cases import assert_alike, case_of, has_loops, losses_and_gradients

MODELS = int(os.environ.get("TERPRET_FUZZ_LOOPS", "24"))
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
        assert not has_loops(unrolled)
        expected = losses_and_gradients(unrolled, case.batch)
        assert_alike(losses_and_gradients(looped, case.batch), expected)
