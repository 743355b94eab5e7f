"""The task of MNIST-addition: sums of images to learn from, and sums of symbols to verify on."""

import dataclasses
import itertools
import sys
from collections.abc import Mapping

import numpy as np

from datasets.mnist_addition import additions, sums_of
from datasets.pools import ImageSet
from experiments.scenarios.unseen import TEST_SEED
from ntpt_models import source_lines
from terpret import CompiledModel, check_model, compile_model
from terpret.data.examples import examples_of
from terpret.errors import RunError
from terpret.language.checked import CheckedModel
from terpret.learning.instances import Instances, discrete_grades
from terpret.learning.task import Symbols
from terpret.learning.verification import Cases, TestCase, Verification
from terpret.runs.own_data import OwnData, instances_from, own_task
from terpret.runs.scenario import Study

# The lengths of the field's table.
LENGTHS = (1, 2, 4, 15)
# The lengths that a correct program is tested on, and how many sums of each.
LONG = (3, 4, 8, 15, 32)
EACH = 2000


def addition_study(model: CheckedModel, digits: ImageSet, seed: int) -> Study:
    """MNIST-addition with numbers of as many digits as the model's hyper N says.

    Args:
      model: the model.
      digits: the images: each is in one training pair, or in one test pair.
      seed: in which training pair.

    Raises:
      InputError, RunError: the model does not fit.
    """
    length = model.hypers.get("N")
    if length is None:
        raise RunError(f"{model.source.path} has no hyper N, the digits of a number: add one")
    training = _instances(model, digits, length, seed, training=True)
    test = _instances(model, digits, length, TEST_SEED, training=False)
    words = "number" if length == 1 else f"numbers of {length} digits"
    own = OwnData(
        path="addition",
        model=model,
        training=training,
        test=test,
        trained_on=f"{len(training):,} training sums",
        tested_on=f"the {len(test):,} sums of unseen images, {words}",
    )
    task = dataclasses.replace(
        own_task(own),
        name="addition",
        sources={"digits": digits.source},
        verify=_verification(model) if model.of_kind("Param") else lambda _: {},
    )

    def further(compiled: CompiledModel, row: int) -> Mapping[str, object]:
        return {"lengths": [_measured(compiled, row, digits, n) for n in LENGTHS]}

    return Study(task, further)


def _instances(
    model: CheckedModel, digits: ImageSet, length: int, seed: int, training: bool
) -> Instances:
    pool = digits.train if training else digits.test
    return instances_from(model, examples_of(additions(pool, length, seed), model, "the sums"))


def _of_length(model: CheckedModel, length: int) -> CheckedModel:
    return check_model(model.source, {**model.hypers, "N": length})


def _measured(model: CompiledModel, row: int, digits: ImageSet, length: int) -> dict[str, object]:
    """The accuracy of a row's program and networks on numbers of some length."""
    checked = _of_length(model.checked, length)
    other = compile_model(
        checked,
        restarts=model.restarts,
        library=model.library,
        params_of=model,
        max_nodes=sys.maxsize,
    )
    sums = _instances(checked, digits, length, TEST_SEED, training=False)
    right = discrete_grades(other, {row: other.program(row)}, sums).right[row]
    return {"digits": length, "examples": len(sums), "accuracy": round(float(right.mean()), 4)}


def _verification(model: CheckedModel) -> Verification:
    """What verifies programs: numbers of many digits, whatever the length that was learned from."""

    def short() -> Cases:
        every = np.array([*itertools.product(range(10), repeat=4)]).reshape(-1, 2, 2)
        return [(_of_length(model, 2), _symbols(every))]

    def long() -> Cases:
        return [(_of_length(model, n), _random_symbols(n)) for n in LONG]

    many = f"{len(LONG) * EACH:,} random sums of numbers of {LONG[0]} to {LONG[-1]} digits"
    cases = TestCase("all 10,000 sums of numbers of 2 digits", short), TestCase(many, long)
    return Verification(cases, source_lines)


def _random_symbols(length: int) -> Symbols:
    random = np.random.default_rng([TEST_SEED, length])
    return _symbols(random.integers(0, 10, (EACH, 2, length)))


def _symbols(numbers: np.ndarray) -> Symbols:
    """Sums of pairs of numbers, their digits [pairs, 2, digits]."""
    labels = {"digit(a)": numbers[:, 0], "digit(b)": numbers[:, 1]}
    return Symbols(inputs={}, label_assignments=(labels,), answers={"total": sums_of(numbers)})
