"""Update rules, noise and the independence of restarts."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from terpret import InputError, Library, compile_model
from terpret.language.errors import Source
from terpret.learning.learner import Learner
from terpret.learning.method import PRESETS
from terpret.learning.noise import keys, uniform
from terpret.learning.optimise import clip_by_restart, rmsprop

# Two Params choose what y is; x is observed.
TINY = """
x = Input(3)
y = Output(3)
p = Param(2)
q = Param(3)[2]

@Runtime([3, 3], 3)
def add(a, b):
    return (a + b) % 3

if p == 0:
    y.set_to(add(x, q[0]))
else:
    y.set_to(q[1])
"""
NETWORKED = """
image = InputTensor(4)
y = Output(3)
q = Param(3)

@Learn([Vector(4)], 3, hid_sizes=[5])
def net(a):
    pass

@Runtime([3, 3], 3)
def add(a, b):
    return (a + b) % 3

y.set_to(add(net(image), q))
"""


def tiny_batch() -> dict[str, tf.Tensor]:
    return {"x": tf.constant([0, 1, 2, 0]), "y": tf.constant([1, 2, 0, 1])}


def networked_batch() -> dict[str, tf.Tensor]:
    random = np.random.default_rng(0)
    image, y = random.random((6, 4)), random.integers(0, 3, 6)
    return {"image": tf.constant(image), "y": tf.constant(y, tf.int32)}


def test_rmsprop_begins_like_tensorflow_0_12() -> None:
    """The mean square starts at 1, so the first change is proportional to the gradient."""
    method = PRESETS["ntpt"]
    gradient = tf.constant([[0.01, 1.0]], tf.float64)
    change, slots = rmsprop(
        gradient, [tf.ones_like(gradient)], tf.constant(1.0), tf.constant(0.1, tf.float64), method
    )
    square = 0.9 + 0.1 * gradient**2
    np.testing.assert_allclose(slots[0], square)
    np.testing.assert_allclose(change, 0.1 * gradient / np.sqrt(square + 1e-10))


def test_clipping_is_by_restart() -> None:
    gradients = [tf.constant([[3.0, 0.0], [0.3, 0.0]]), tf.constant([[4.0], [0.4]])]
    clipped = clip_by_restart(gradients, 1.0)
    np.testing.assert_allclose(clipped[0], [[0.6, 0.0], [0.3, 0.0]], rtol=1e-6)
    np.testing.assert_allclose(clipped[1], [[0.8], [0.4]], rtol=1e-6)


def test_noise_depends_on_restart_and_update_alone() -> None:
    many, one = keys(7, "noise", range(5)), keys(7, "noise", [3])
    steps = tf.constant([10.0] * 5)
    drawn = uniform(many, steps, [4, 6], tf.float32)
    np.testing.assert_array_equal(drawn[3:4], uniform(one, steps[:1], [4, 6], tf.float32))
    assert len(np.unique(drawn)) > 0.99 * 5 * 24
    later = uniform(many, steps + 1, [4, 6], tf.float32)
    assert np.all(later != drawn)
    big = uniform(one, steps[:1], [100_000], tf.float64)
    assert abs(float(tf.reduce_mean(big)) - 0.5) < 0.005
    assert 0 < float(tf.reduce_min(big)) and float(tf.reduce_max(big)) < 1


@pytest.mark.parametrize("preset", sorted(PRESETS))
def test_a_restart_does_not_depend_on_those_beside_it(preset: str) -> None:
    """Restart 2 of 4 follows the path it has when its numbers start a graph of 3, to 1e-6."""
    method = dataclasses.replace(PRESETS[preset], rise=50)
    paths = []
    for restarts in (3, 4):
        model = compile_model(
            Source("net.py", NETWORKED), restarts=restarts, dtype=tf.float64, seed=1
        )
        learner = Learner(model, method, 1, 10_000, xla=False)
        for _ in range(20):
            losses = learner.step(networked_batch())
        paths.append([losses[2], *(v[2] for v in model.trainable_variables)])
    for first, second in zip(*paths, strict=True):
        np.testing.assert_allclose(first, second, atol=1e-6)


def test_a_tiny_program_is_learned() -> None:
    model = compile_model(Source("tiny.py", TINY), restarts=8, seed=3)
    learner = Learner(model, PRESETS["robust"], 3, 64 * 600, xla=False)
    batches = iter(tf.data.Dataset.from_tensors(tiny_batch()).repeat())
    losses = learner.run(batches, 600)
    assert float(tf.reduce_max(learner.step(tiny_batch()))) < float(tf.reduce_mean(losses))
    programs = [model.program(k).values for k in range(8)]
    solved = [p for p in programs if p["p"] == 0 and p["q"][0] == 1]
    assert len(solved) >= 6


def test_models_share_the_networks_of_a_library() -> None:
    library = Library(restarts=2)
    first = compile_model(Source("a.py", NETWORKED), library=library, restarts=2)
    second = compile_model(Source("b.py", NETWORKED), library=library, restarts=2)
    assert first.networks["net"] is second.networks["net"]
    assert first.param_logits["q"] is not second.param_logits["q"]


def test_a_curriculum_shares_one_program_under_several_hypers() -> None:
    text = TINY.replace("p = Param(2)", "T = Hyper(1)\np = Param(2)")
    first = compile_model(Source("t.py", text), {"T": 1}, restarts=2)
    second = compile_model(Source("t.py", text), {"T": 4}, restarts=2, params_of=first)
    assert second.param_logits["q"] is first.param_logits["q"]
    learner = Learner(second, PRESETS["ntpt"], 0, 1000, xla=False)
    before = first.param_logits["q"].numpy()
    learner.step(tiny_batch())
    assert np.any(first.param_logits["q"].numpy() != before)
    with pytest.raises(InputError, match="the Param 'p' is not alike in both models"):
        compile_model(Source("n.py", NETWORKED), restarts=2, params_of=first)
