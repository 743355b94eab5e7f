"""Clamps, observations, ragged arrays, empty arrays and tensors, from text to numbers."""

import numpy as np
import pytest
import tensorflow as tf

from terpret import InputError, compile_model, program_of
from terpret.discrete.program import assignments
from terpret.language.errors import Source
from tests.language.helpers import checked


def compiled(text, **arguments):
    return compile_model(Source("model.py", text), dtype=tf.float64, **arguments)


CLAMPED = """
p = Param(3)[2]
y = Output(3)[2]
p[0].set_to(2)
for i in range(2):
    y[i].set_to(p[i])
"""


def test_a_clamped_element_is_a_constant():
    model = compiled(CLAMPED, restarts=2)
    marginals = model.marginals({})["y"].numpy()
    np.testing.assert_array_equal(marginals[:, 0, 0], [[0, 0, 1]] * 2)
    assert model.param_logits["p"].shape == [2, 2, 3]
    assert assignments(model.checked) == 3
    program = model.program(1)
    assert program.values["p"][0] == 2
    assert program.confidence["p"][0] == 1
    with tf.GradientTape() as tape:
        loss = model.emit_losses(model.checked_batch({"y": np.zeros((1, 2), int)}, outputs=True))
    gradient = tape.gradient(loss, model.param_logits["p"]).numpy()
    assert not gradient[:, 0].any()
    assert gradient[:, 1].any()


def test_a_clamp_read_by_a_bound_variable():
    text = "p = Param(2)[3]\ns = Param(3)\ny = Output(2)\np[1].set_to_constant(1)\n" + (
        "with s as v:\n    y.set_to(p[v])\n"
    )
    model = compiled(text)
    values = {"p": np.array([0, 0, 0]), "s": np.array(1)}
    assert program_of(model.checked, values).run({})["y"].tolist() == [1]
    model.param_logits["s"].assign([[-1000.0, 0.0, -1000.0]])
    np.testing.assert_allclose(model.marginals({})["y"].numpy()[0, 0], [0, 1])


OBSERVED = """
p = Param(3)
x = Input(2)
z = Var(2)
y = Output(2)
if p == 0:
    z.set_to(x)
else:
    z.set_to(1)
y.set_to(z)
z.observe_value(1)
p.observe_value(2)
"""


@pytest.mark.parametrize("space", ["prob", "log"])
def test_an_observation_is_a_label_for_every_example(space):
    model = compiled(OBSERVED, space=space)
    model.param_logits["p"].assign(np.log([[0.2, 0.3, 0.5]]))
    batch = {"x": np.array([0, 1]), "y": np.array([-1, -1])}
    expected = np.mean([-np.log(0.8), -np.log(1.0)]) - np.log(0.5)
    assert float(model.losses(batch)[0]) == pytest.approx(expected, abs=1e-8)
    assert set(model.marginals({"x": np.array([0])})) == {"y"}


def test_a_program_reports_its_observations():
    program = program_of(checked(OBSERVED), {"p": np.array(0)})
    inputs = {"x": np.array([0, 1])}
    assert program.run(inputs)["y"].tolist() == [0, 1]
    reported = {name: held.tolist() for name, held in program.observations(inputs).items()}
    assert reported == {"z == 1": [False, True], "p == 2": [False, False]}


RAGGED = """
for i in range(3):
    p[i] = Param(i + 2)
y = Output(4)
x = Input(4)[4]
with p[2] as v:
    y.set_to(x[v])
z = Output(3)
z.set_to(p[1])
s = Param(2)
total = Output(4)
with s as i:
    with p[i] as v:
        total.set_to(v)
"""


def test_ragged_elements_are_variables_of_their_own():
    model = compiled(RAGGED, restarts=2)
    shapes = {name: variable.shape.as_list() for name, variable in model.param_logits.items()}
    assert shapes == {"p[0]": [2, 2], "p[1]": [2, 3], "p[2]": [2, 4], "s": [2, 2]}
    assert assignments(model.checked) == 2 * 3 * 4 * 2
    values = {"p[0]": 1, "p[1]": 2, "p[2]": 3, "s": 1}
    program = program_of(model.checked, {name: np.array(v) for name, v in values.items()})
    found = program.run({"x": np.array([[0, 1, 2, 0]])})
    assert {name: value.tolist() for name, value in found.items()} == {
        "y": [0],
        "z": [2],
        "total": [2],
    }


def test_arrays_of_size_0():
    model = compiled(
        "N = 0\np = Param(2)[N]\nnone = Output(2)[N, 3]\nx = Input(2)[N]\n"
        "y = Output(2)\ny.set_to(1)\nfor i in range(N):\n    none[i, 0].set_to(p[i])\n"
    )
    batch = {"x": np.zeros((4, 0), int), "none": np.zeros((4, 0, 3), int), "y": np.ones(4, int)}
    assert float(model.losses(batch)[0]) == pytest.approx(0, abs=1e-8)
    assert model.marginals({"x": batch["x"]})["none"].shape[-3:] == [0, 3, 2]
    assert model.program().run({"x": batch["x"]})["none"].shape == (4, 0, 3)


def test_two_items_of_a_with_are_two_withs():
    one = (
        "a = Param(2)\nb = Param(3)\ny = Output(6)\nwith a as i, b as j:\n    y.set_to(3 * i + j)\n"
    )
    two = one.replace("with a as i, b as j:\n    ", "with a as i:\n  with b as j:\n    ")
    logits = {"a": np.log([[0.4, 0.6]]), "b": np.log([[0.1, 0.2, 0.7]])}
    found = []
    for text in (one, two):
        model = compiled(text)
        for name, value in logits.items():
            model.param_logits[name].assign(value)
        found.append(model.marginals({})["y"].numpy()[0, 0])
    np.testing.assert_allclose(found[0], np.outer([0.4, 0.6], [0.1, 0.2, 0.7]).ravel())
    np.testing.assert_array_equal(found[0], found[1])


TENSORS = """
images = InputTensor(3, 4)[2]
x = Input(5)
p = Param(2)
image = Var(Tensor(3, 4))
code = Var(Vector(6))
y = Output(4)
picture = OutputTensor(2, 2)
mean = OutputTensor(3, 4)

@Learn([Tensor(3, 4)], Vector(6), hid_sizes=[8])
def encode(a):
    pass

@Learn([Vector(6), 5, 2], 4, hid_sizes=[7, 7])
def classify(a, b, c):
    pass

@Learn([4, Vector(6)], Tensor(2, 2), hid_sizes=[])
def draw(a, b):
    pass

with p as v:
    image.set_to(images[v])
if p == 0:
    code.set_to(encode(image))
else:
    code.set_to(encode(images[0]))
y.set_to(classify(code, x, p))
picture.set_to(draw(y, code))
mean.set_to(image)
"""


def numbers(model, batch, restart):
    """The model above, by hand."""

    def network(name, inputs):
        weights = model.networks[name]
        for layer, (kernel, bias) in enumerate(zip(weights.kernels, weights.biases, strict=True)):
            inputs = inputs @ kernel[restart].numpy() + bias[restart].numpy()
            if layer + 1 < len(weights.kernels):
                inputs = np.maximum(inputs, 0)
        return inputs

    p = tf.nn.softmax(model.param_logits["p"][restart]).numpy()
    image = np.einsum("v,bvhw->bhw", p, batch["images"])
    first = network("encode", image.reshape(-1, 12))
    second = network("encode", batch["images"][:, 0].reshape(-1, 12))
    code = p[0] * first + p[1] * second
    x = np.eye(5)[batch["x"]]
    y = network("classify", np.concatenate([code, x, np.tile(p, (len(x), 1))], 1))
    y = np.exp(y) / np.exp(y).sum(1, keepdims=True)
    picture = network("draw", np.concatenate([y, code], 1)).reshape(-1, 2, 2)
    return {"y": y, "picture": picture, "mean": image}


@pytest.mark.parametrize("restarts", [1, 3])
@pytest.mark.parametrize("space", ["prob", "log"])
def test_tensors_go_anywhere(space, restarts):
    model = compiled(TENSORS, restarts=restarts, space=space)
    generator = np.random.default_rng(0)
    batch = {
        "images": generator.normal(size=(6, 2, 3, 4)),
        "x": np.arange(6) % 5,
        "y": np.arange(6) % 4,
        "picture": generator.normal(size=(6, 2, 2)),
        "mean": generator.normal(size=(6, 3, 4)),
    }
    found = model.marginals({"images": batch["images"], "x": batch["x"]})
    losses = model.losses(batch).numpy()
    for restart in range(restarts):
        expected = numbers(model, batch, restart)
        for name, value in expected.items():
            result = found[name][restart].numpy()
            np.testing.assert_allclose(result, value, rtol=1e-9, atol=1e-9)
        loss = -np.log(np.take_along_axis(expected["y"], batch["y"][:, None], 1)).mean()
        for name in ("picture", "mean"):
            loss += np.square(expected[name] - batch[name]).sum((1, 2)).mean()
        np.testing.assert_allclose(losses[restart], loss, rtol=1e-7)


def test_learned_tensors_have_no_discrete_value():
    program = program_of(checked(TENSORS), {"p": np.array(0)})
    labels = {name: np.zeros((1, 2), int) for name in ("encode", "classify", "draw")}
    with pytest.raises(InputError, match="'encode'.*no discrete value"):
        program.run({"x": np.array([0])}, learned=labels)


def test_tensors_that_only_reach_classifiers_run_discretely():
    text = (
        "tiles = InputTensor(2, 2)[3]\np = Param(3)\nimage = Var(Tensor(2, 2))\ny = Output(4)\n"
        "@Learn([Tensor(2, 2)], 4, hid_sizes=[3])\ndef net(a):\n    pass\n"
        "with p as v:\n    image.set_to(tiles[v])\ny.set_to(net(image))\n"
    )
    labels = np.array([[0, 1, 2], [3, 0, 1]])
    program = program_of(checked(text), {"p": np.array(2)})
    assert program.run({}, learned={"net": labels})["y"].tolist() == [2, 1]
