"""Test sets: images are seen once, and accuracies are as if each had been seen each time."""

import numpy as np
import pytest
import tensorflow as tf

from datasets.apply2x2 import scene
from datasets.composing import Stream, batches
from datasets.operators import load_operators
from datasets.pools import ImageSet
from experiments.scenarios.apply2x2.task import apply2x2_task
from experiments.scenarios.unseen import TEST_SEED
from terpret import CompiledModel, Library, compile_model
from terpret.data.test_set import TestSet
from terpret.language.errors import Source
from terpret.learning.accuracies import discrete_accuracies, test_accuracies
from terpret.learning.cached_predictions import answering, labels_of, predict
from terpret.learning.task import right

test_accuracies.__test__ = False
SIDE = 4
# The network sees images as they are, whatever the place; or the mixture of them that places mean.
WHOLE = """
tiles = InputTensor(4)[3]
shift = Input(3)
y = Output(3)
place = Param(3)

@Learn([Vector(4)], 3, hid_sizes=[5])
def net(a):
    pass

@Runtime([3, 3], 3)
def add(a, b):
    return (a + b) % 3

with place as p:
    y.set_to(add(net(tiles[p]), shift))
"""

MIXED = WHOLE.replace(
    """with place as p:
    y.set_to(add(net(tiles[p]), shift))
""",
    """chosen = Var(Vector(4))
with place as p:
    chosen.set_to(tiles[p])
y.set_to(add(net(chosen), shift))
""",
)

# In each round the network sees another image, and all rounds see one that a place chooses.
LOOPED = WHOLE.replace(
    """with place as p:
    y.set_to(add(net(tiles[p]), shift))
""",
    """x = Var(3)[6]
x[0].set_to(shift)
for t in range(5):
    with place as p:
        x[t + 1].set_to(add(add(net(tiles[t]), net(tiles[p])), x[t]))
y.set_to(x[5])
""",
).replace("InputTensor(4)[3]", "InputTensor(4)[5]")


@pytest.fixture(scope="module")
def operators() -> ImageSet:
    return load_operators("embedded")


def random_test_set(examples: int = 40, images: int = 12, tiles: int = 3) -> TestSet:
    random = np.random.default_rng(3)
    return TestSet(
        {
            "tiles": random.integers(0, images, (examples, tiles)),
            "shift": random.integers(0, 3, examples),
        },
        {"y": random.integers(0, 3, examples)},
        {"tiles": random.random((images, SIDE), np.float32)},
    )


def learned(text: str = WHOLE, space: str = "prob", shared: bool = False) -> CompiledModel:
    """Three restarts of sure networks and undecided programs."""
    library = Library(1) if shared else None
    model = compile_model(
        Source("model.py", text),
        restarts=3,
        seed=1,
        space=space,
        library=library,
        loops="always",
    )
    for weights in model.networks.values():
        weights.kernels[-1].assign(5 * weights.kernels[-1])
    return model


def test_a_test_set_is_the_beginning_of_its_stream(operators: ImageSet) -> None:
    test_set = apply2x2_task("left", operators).test_set
    (batch,) = batches(scene(operators.test, "left"), Stream(TEST_SEED, 50, examples=50))
    shown = test_set.part(0, 50).shown()
    np.testing.assert_allclose(shown["tiles"], batch["tiles"])
    np.testing.assert_array_equal(shown["aux_ints"], batch["aux_ints"])
    np.testing.assert_array_equal(test_set.part(0, 50).answers["final_sum"], batch["final_sum"])
    assert list(test_set.integers) == ["aux_ints"]


def test_the_first_examples_keep_the_images_they_show() -> None:
    test_set = random_test_set()
    few = test_set.first(2)
    assert len(few) == 2 and len(few.images["tiles"]) <= 6
    np.testing.assert_array_equal(few.shown()["tiles"], test_set.part(0, 2).shown()["tiles"])
    np.testing.assert_array_equal(few.answers["y"], test_set.answers["y"][:2])


@pytest.mark.parametrize("space", ["prob", "log"])
@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize(("text", "tiles"), [(WHOLE, 3), (LOOPED, 5)])
def test_answers_from_memory_are_those_to_the_images(
    text: str, tiles: int, space: str, shared: bool
) -> None:
    model, test_set = learned(text, space, shared), random_test_set(tiles=tiles)
    seen = predict(model, test_set)
    assert seen["net"].shape == (1 if shared else 3, 12, 3)
    marginals = model.marginals(test_set.shown())
    expected = tf.argmax(marginals["y"], -1).numpy()
    np.testing.assert_array_equal(answering(model, test_set, seen)(test_set)["y"], expected)
    labels = labels_of(model, test_set, seen)["net"]
    every = model.labels({"tiles": test_set.shown()["tiles"]})["net"]
    np.testing.assert_array_equal(np.broadcast_to(labels, every.shape), every)
    programs = [model.program(row) for row in range(3)]
    soft, discrete = test_accuracies(model, programs, test_set)
    np.testing.assert_allclose(soft, right({"y": expected}, test_set.answers).mean(1))
    runs = [
        program.run(test_set.integers, {"net": own})
        for program, own in zip(programs, every, strict=True)
    ]
    np.testing.assert_allclose(discrete, [right(run, test_set.answers).mean() for run in runs])
    np.testing.assert_array_equal(discrete, discrete_accuracies(model, programs, test_set))


def test_a_model_that_mixes_images_sees_them_each_time() -> None:
    model, test_set = learned(MIXED), random_test_set()
    expected = tf.argmax(model.marginals(test_set.shown())["y"], -1).numpy()
    soft, _ = test_accuracies(model, [model.program(row) for row in range(3)], test_set)
    np.testing.assert_allclose(soft, right({"y": expected}, test_set.answers).mean(1))
    # What it would have said of whole images is something else.
    assert np.any(
        answering(learned(), test_set, predict(learned(), test_set))(test_set)["y"] != expected
    )


def test_equal_programs_on_equal_labels_run_once(monkeypatch: pytest.MonkeyPatch) -> None:
    model, test_set = learned(shared=True), random_test_set()
    model.param_logits["place"].assign(tf.one_hot([1, 1, 2], 3) * 9)
    programs, runs = [model.program(row) for row in range(3)], []
    kind = type(programs[0])
    run = kind.run
    monkeypatch.setattr(kind, "run", lambda self, *given: runs.append(0) or run(self, *given))
    accuracies = discrete_accuracies(model, programs, test_set)
    assert len(runs) == 2 and accuracies[0] == accuracies[1]
