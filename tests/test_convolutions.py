"""Convolutions in a model's networks: what TensorFlow's own give, for all restarts at once."""

import dataclasses
import json
import os
import signal
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from terpret import CompiledModel, InputError, Library, compile_model
from terpret.backends import networks
from terpret.backends.convolution import compiled_by_xla
from terpret.backends.memory import update_bytes
from terpret.backends.networks import layers
from terpret.compile import tensor_network
from terpret.language.errors import Source
from terpret.learning.learner import Learner
from terpret.learning.network_file import install_networks, load_networks, save_networks
from terpret.learning.presets import PRESETS
from terpret.learning.restarts import Progress
from terpret.learning.task import Symbols, Task
from terpret.learning.train import Budget, train
from terpret.signals import Stopped

ONE = """
image = InputTensor({image})
y = Output(3)

@Learn([Tensor({image})], 3, conv_sizes={conv}, hid_sizes=[7])
def net(a):
    pass

y.set_to(net(image))
"""
# A network on every element of an array, read at a position that a Param chooses.
MAPPED = """
images = InputTensor(8, 9)[3]
y = Output(3)
place = Param(3)

@Learn([Tensor(8, 9)], 3, conv_sizes=[(4, 3)], hid_sizes=[5])
def net(a):
    pass

with place as p:
    y.set_to(net(images[p]))
"""
# A network on a tensor that differs from restart to restart.
MIXED = """
images = InputTensor(8, 9)[3]
y = Output(3)
place = Param(3)
image = Var(Tensor(8, 9))

@Learn([Tensor(8, 9)], 3, conv_sizes=[(4, 3), (2, 2)], hid_sizes=[])
def net(a):
    pass

with place as p:
    image.set_to(images[p])
y.set_to(net(image))
"""
SHAPES = [
    ("12, 12", [(3, 3), (4, 2)]),
    ("13, 10, 2", [(3, 5)]),
    ("6, 21, 3", [(2, 1), (3, 2)]),
    ("11, 16", [(2, 4), (3, 3)]),
    ("16, 20", [(6, 5), (16, 5)]),
]


def model_of(text: str, **arguments: object) -> CompiledModel:
    return compile_model(Source("pictures.py", text), dtype=tf.float64, **arguments)


def one(image: str, conv: list, **arguments: object) -> CompiledModel:
    return model_of(ONE.format(image=image, conv=conv), **arguments)


def pixels(*shape: int) -> np.ndarray:
    """Images of which a part is black, so that pooling has ties."""
    random = np.random.default_rng(0)
    return random.random(shape) * (random.random(shape) > 0.7)


def plain(images: tf.Tensor, kernels: list, biases: list) -> tf.Tensor:
    """A network of one restart by TensorFlow's own convolution and pooling."""
    hidden = images if len(images.shape) == 4 else images[..., None]
    for depth, (kernel, bias) in enumerate(zip(kernels, biases, strict=True)):
        if len(kernel.shape) == 4:
            hidden = tf.nn.conv2d(hidden, kernel, 1, "VALID") + bias
            hidden = tf.nn.relu(tf.nn.max_pool2d(hidden, 2, 2, "VALID"))
        else:
            hidden = tf.reshape(hidden, [hidden.shape[0], -1]) @ kernel + bias
            hidden = tf.nn.relu(hidden) if depth < len(kernels) - 1 else hidden
    return hidden


def give_biases(model: CompiledModel) -> None:
    random = np.random.default_rng(1)
    for bias in model.networks["net"].biases:
        bias.assign(random.normal(size=bias.shape) / 5)


def results(
    model: CompiledModel, images: np.ndarray, for_xla: bool, each: bool, compiled: bool = False
) -> list:
    """What the network gives, and the gradients of its sum of squares by weights and images."""
    weights = model.networks["net"]
    given = tf.reshape(tf.constant(images), [*images.shape[: 1 + each], -1])
    variables = [*weights.kernels, *weights.biases]

    def values(given: tf.Tensor) -> list[tf.Tensor]:
        with compiled_by_xla(for_xla), tf.GradientTape() as tape:
            tape.watch(given)
            result = layers(weights, given, each, 3)
            total = tf.reduce_sum(tf.square(result))
        return [result, *tape.gradient(total, [*variables, given])]

    run = tf.function(values, autograph=False, jit_compile=True) if compiled else values
    return run(given)


def references(model: CompiledModel, images: np.ndarray, each: bool) -> list[list]:
    """The same of every restart by itself."""
    weights = model.networks["net"]
    found = []
    for restart in range(model.restarts):
        own = [tf.constant(v[restart]) for v in (*weights.kernels, *weights.biases)]
        given = tf.constant(images[restart] if each else images)
        with tf.GradientTape() as tape:
            tape.watch([*own, given])
            count = len(weights.kernels)
            result = plain(given, own[:count], own[count:])
            total = tf.reduce_sum(tf.square(result))
        found.append([result, *tape.gradient(total, [*own, given])])
    return found


@pytest.mark.parametrize("for_xla", [False, True])
@pytest.mark.parametrize(
    ("restarts", "image", "conv"), [(1, *SHAPES[0]), *((3, *shape) for shape in SHAPES)]
)
def test_values_and_gradients_are_those_of_plain_convolutions(
    restarts: int, image: str, conv: list, for_xla: bool
) -> None:
    model = one(image, conv, restarts=restarts, seed=3)
    give_biases(model)
    size = tuple(map(int, image.split(", ")))
    # Once images that all restarts see, once each restart's own.
    for each in (False, True):
        images = pixels(*([restarts] * each), 4, *size)
        found = results(model, images, for_xla, each)
        expected = references(model, images, each)
        for place, value in enumerate(found):
            wanted = [parts[place] for parts in expected]
            if place == len(found) - 1:
                wanted = [tf.reshape(part, [4, -1]) for part in wanted]
                wanted = np.stack(wanted) if each else sum(wanted)
            np.testing.assert_allclose(value, np.stack(wanted), rtol=1e-9, atol=1e-9)


def test_compiled_by_xla_they_are_the_same() -> None:
    model = one("13, 10, 2", [(3, 5)], restarts=2, seed=3)
    give_biases(model)
    images = pixels(4, 13, 10, 2)
    found = results(model, images, True, False, compiled=True)
    for value, expected in zip(found, results(model, images, False, False), strict=True):
        np.testing.assert_allclose(value, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("text", [MAPPED, MIXED], ids=["an array", "a mixture"])
@pytest.mark.parametrize(("shared", "for_xla"), [(False, True), (True, True), (True, False)])
def test_a_network_goes_over_an_array_and_a_tensor_of_each_restart(
    shared: bool, for_xla: bool, text: str
) -> None:
    model = model_of(
        text, restarts=3, seed=5, library=Library(1, 5, tf.float64) if shared else None
    )
    give_biases(model)
    images = pixels(4, 3, 8, 9)
    with compiled_by_xla(for_xla):
        found = model.marginals({"images": images})["y"]
    weights = model.networks["net"]
    for restart in range(3):
        place = tf.nn.softmax(model.param_logits["place"][restart]).numpy()
        row = 0 if shared else restart
        kernels, biases = ([v[row] for v in part] for part in (weights.kernels, weights.biases))
        if text is MAPPED:
            each = [tf.nn.softmax(plain(images[:, k], kernels, biases)) for k in range(3)]
            expected = np.einsum("p,pbn->bn", place, np.stack(each))
        else:
            mixed = np.einsum("p,bphw->bhw", place, images)
            expected = tf.nn.softmax(plain(mixed, kernels, biases))
        np.testing.assert_allclose(found[restart], expected, rtol=1e-9)


def test_a_restart_begins_the_same_whatever_runs_beside_it() -> None:
    alone, many = (one("12, 12", [(3, 3)], restarts=n, seed=4) for n in (1, 3))
    for mine, theirs in zip(alone.network_variables, many.network_variables, strict=True):
        np.testing.assert_array_equal(mine[0], theirs[0])
    kernel = many.networks["net"].kernels[0].numpy()
    # Glorot's rule: what a convolution reads and writes is its channels at each of 3 x 3 places.
    limit = np.sqrt(6 / (9 * (1 + 3)))
    assert 0.9 * limit < np.abs(kernel).max() <= limit


# Which third of the image is bright, and which of two such networks' labels is asked for.
LEARNED = """
left = InputTensor(6, 9)
right = InputTensor(6, 9)
y = Output(3)
which = Param(2)

@Learn([Tensor(6, 9)], 3, conv_sizes=[(4, 3)], hid_sizes=[8])
def third(a):
    pass

if which == 0:
    y.set_to(third(left))
else:
    y.set_to(third(right))
"""
EXAMPLES = 64


def bright() -> dict[str, tf.Tensor]:
    random = np.random.default_rng(0)
    places = random.integers(0, 3, (2, EXAMPLES))
    sides = {}
    for name, places_of in zip(("left", "right"), places, strict=True):
        image = random.random((EXAMPLES, 6, 9)) / 4
        for example, place in enumerate(places_of):
            image[example, :, 3 * place : 3 * place + 3] += 0.7
        sides[name] = tf.constant(image, tf.float32)
    return {**sides, "y": tf.constant(places[1], tf.int32)}


def trained(folder: Path, kill_at: int = 0) -> tuple[Learner, list[Progress]]:
    """Trains two restarts, and stops at a check as by a signal if one is given."""
    model = compile_model(Source("third.py", LEARNED), restarts=2, seed=2)
    method = dataclasses.replace(PRESETS["robust"], batch_size=EXAMPLES, network_rate=0.01)
    learner = Learner(model, method, 2, 60 * EXAMPLES, xla=False)
    batches = tf.data.Dataset.from_tensors(bright()).repeat()
    left, right = np.divmod(np.arange(9), 3)
    symbols = Symbols({}, ({"third(left)": left, "third(right)": right},), {"y": right})
    task = Task("third", lambda *_: batches, lambda _: batches.take(1), "", symbols, {}, {})
    reports: list[Progress] = []

    def report(progress: Progress) -> None:
        reports.append(progress)
        if len(reports) == kill_at:
            os.kill(os.getpid(), signal.SIGTERM)

    budget = Budget(60 * EXAMPLES, (0, 1), 15 * EXAMPLES, stop_after_solved=-1)
    train(learner, task, budget, str(folder), report, lambda *_: [])
    return learner, reports


def test_a_model_with_convolutions_learns_and_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    learner, reports = trained(tmp_path / "whole")
    first, last = (np.mean(reports[k].losses) for k in (0, -1))
    assert last < first / 2
    with pytest.raises(Stopped):
        trained(tmp_path / "stopped", kill_at=2)
    resumed, later = trained(tmp_path / "stopped")
    assert len(later) == len(reports) - 2
    for one, other in zip(learner.variables, resumed.variables, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_file_of_networks_gives_them_back(tmp_path: Path) -> None:
    path = str(tmp_path / "networks.npz")
    model = one("12, 12", [(3, 3), (4, 2)], restarts=2, seed=3)
    save_networks(path, model, 1, {})
    saved = load_networks(path)
    shapes = [kernel.shape for kernel, _ in saved.layers["net"]]
    assert shapes == [(3, 3, 1, 3), (2, 2, 3, 4), (16, 7), (7, 3)]
    other = one("12, 12", [(3, 3), (4, 2)], restarts=3, seed=9)
    assert install_networks(saved, other) == ["net"]
    images = pixels(5, 12, 12)
    given, expected = other.predict("net", images), model.predict("net", images)
    for restart in range(3):
        np.testing.assert_allclose(given[restart], expected[1], rtol=1e-12)


@pytest.mark.parametrize(
    ("conv", "shown"),
    [
        ([(3, 3), (4, 3)], "convolutions [(3, 3), (4, 3)], hidden layers [7]"),
        ([], "hidden layers [7]"),
    ],
)
def test_a_file_of_other_convolutions_is_refused(tmp_path: Path, conv: list, shown: str) -> None:
    path = str(tmp_path / "networks.npz")
    save_networks(path, one("12, 12", [(3, 3), (4, 2)]), 0, {})
    with pytest.raises(InputError) as raised:
        install_networks(load_networks(path), one("12, 12", conv))
    assert str(raised.value) == (
        f"'net' in {path} has inputs [12, 12], output 3, convolutions [(3, 3), (4, 2)], hidden "
        f"layers [7]; the model's has inputs [12, 12], output 3, {shown}"
    )


def test_models_that_share_networks_agree_on_their_convolutions() -> None:
    library = Library(1, 0, tf.float64)
    one("12, 12", [(3, 3)], library=library)
    with pytest.raises(InputError, match="'net' has other inputs, outputs or layers than"):
        one("12, 12", [(3, 5)], library=library)


def test_many_images_are_shown_a_part_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    model = one("12, 12", [(3, 3), (4, 2)], restarts=2)
    images = pixels(5, 12, 12)
    together = model.predict("net", images)
    monkeypatch.setattr(networks, "NUMBERS_AT_ONCE", 2 * 2 * 4 * 12 * 12)
    assert networks.images_at_once(model.networks["net"]) == 2
    np.testing.assert_allclose(model.predict("net", images), together, rtol=1e-12)


def test_the_memory_that_convolutions_take_is_counted() -> None:
    model = one("28, 28", [(6, 5), (16, 5)])
    outputs = tensor_network(model.checked, 10)
    each = update_bytes(outputs, 10, 101) - update_bytes(outputs, 10, 100)
    # What both convolutions make of an image before pooling, for every restart.
    assert each > 10 * (24 * 24 * 6 + 8 * 8 * 16) * 4 / 2


@pytest.mark.parametrize("xla", [False, True])
def test_a_learner_traces_the_form_that_is_fastest_for_it(xla: bool) -> None:
    model = compile_model(Source("third.py", LEARNED))
    learner = Learner(model, PRESETS["ntpt"], 0, 1000, xla=xla)
    graph = learner.step.get_concrete_function(bright()).graph
    types = {operation.type for operation in graph.get_operations()}
    assert ("Conv2D" in types) != xla


def test_without_convolutions_a_file_is_as_it_was_before_there_were_any(tmp_path: Path) -> None:
    path = tmp_path / "networks.npz"
    save_networks(str(path), one("12, 12", []), 0, {})
    with np.load(path, allow_pickle=False) as archive:
        about = json.loads(str(archive["about"]))
    assert about["networks"] == {"net": {"inputs": [[12, 12]], "output": 3, "hid_sizes": [7]}}
    assert load_networks(str(path)).shapes["net"].conv_sizes == ()


@pytest.mark.parametrize("sizes", [[[3, 12]], [[3]], [[0, 3]], [3], "3", None])
def test_a_file_of_impossible_convolutions_is_refused(tmp_path: Path, sizes: object) -> None:
    path = tmp_path / "networks.npz"
    save_networks(str(path), one("12, 12", [(3, 3)]), 0, {})
    with np.load(path, allow_pickle=False) as archive:
        entries = dict(archive.items())
    about = json.loads(str(entries["about"]))
    about["networks"]["net"]["conv_sizes"] = sizes
    np.savez(path, **{**entries, "about": np.array(json.dumps(about))})
    with pytest.raises(InputError, match="does not describe networks"):
        load_networks(str(path))
