"""Networks of a user's own: functions that make Keras models, one a restart."""

import dataclasses
import itertools
import json
import os
import random
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

import terpret
from terpret import Library, compile_model
from terpret.api.learn import Learned
from terpret.api.own_networks import remade
from terpret.backends.keras_models import KerasNetwork, described, keras_network, seeded
from terpret.errors import InputError
from terpret.files import own_files
from terpret.language.errors import Source
from terpret.learning.checkpoints import Checkpoints
from terpret.learning.layers import Layers, row_layers
from terpret.learning.learner import Learner, Pretrained
from terpret.learning.method import Method
from terpret.runs import progress
from tests.commands import evaluate, run_eagerly
from tests.small_models import NETWORKED, networked_batch
from tests.test_learn import READS, images, new_inputs

layers = keras.layers


def dense() -> keras.Model:
    return keras.Sequential(
        [keras.Input((2, 2)), layers.Flatten(), layers.Dense(4, "relu"), layers.Dense(2)]
    )


def convolved() -> keras.Model:
    """Two paths from the image, one through a convolution."""
    image = keras.Input((2, 2, 1))
    seen = layers.Conv2D(3, 2, activation="relu", name="look")(image)
    both = layers.Concatenate()([layers.Flatten()(seen), layers.Flatten()(image)])
    return keras.Model(image, layers.Dense(2)(keras.ops.relu(both) * 0.5))


class Doubled(layers.Layer):
    """A layer that is not Keras' own."""

    def call(self, values: tf.Tensor) -> tf.Tensor:
        return 2 * values


def own_code() -> keras.Model:
    return keras.Sequential([keras.Input((2, 2)), layers.Flatten(), Doubled(), layers.Dense(2)])


def learned(build: Callable[[], object], **settings: object) -> Learned:
    quick = {"restarts": 2, "examples": 3200, "xla": False, "progress": False}
    settings = {**quick, "method": {"network_rate": 0.02}, "stop_after_solved": -1, **settings}
    return terpret.learn(READS, images(60), images(20, seed=1), networks={"net": build}, **settings)


def weights(run: Learned, restart: int) -> list[np.ndarray]:
    found = next(one for one in run.restarts if one.about["restart"] == restart)
    return [part for layer in found.saved.layers["net"] for part in layer]


@pytest.fixture(scope="module")
def convolutions(tmp_path_factory: pytest.TempPathFactory) -> Learned:
    return learned(convolved, workdir=tmp_path_factory.mktemp("run") / "run")


def test_a_program_and_a_keras_convolution_are_learned(convolutions: Learned) -> None:
    assert "which = b" in convolutions.best.source
    assert convolutions.best.evaluate(images(20, seed=1)).accuracy == 1.0
    assert [one.shape for one in weights(convolutions, 0)] == [(2, 2, 1, 3), (3,), (7, 2), (2,)]


def test_a_saved_program_makes_its_networks_again_without_their_function(
    convolutions: Learned, tmp_path: Path
) -> None:
    new = images(30, seed=3)
    expected = convolutions.best.predict(new_inputs(new))["y"].tolist()
    convolutions.best.save(tmp_path / "one.npz")
    again = terpret.load(tmp_path / "one.npz")
    assert again.predict(new_inputs(new))["y"].tolist() == expected
    given = terpret.load(tmp_path / "one.npz", networks={"net": convolved})
    assert given.predict(new_inputs(new))["y"].tolist() == expected
    again.export(tmp_path / "served" / "1")
    served = tf.saved_model.load(str(tmp_path / "served" / "1")).signatures["serving_default"]
    floats = {name: tf.constant(new[name] / 255, tf.float32) for name in "ab"}
    assert served(**floats)["y"].numpy().tolist() == expected


def test_its_run_folder_is_evaluated_like_any_other(
    convolutions: Learned, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(convolutions.workdir, folder)
    assert evaluate(folder, export=str(tmp_path / "1")) == 0
    assert "which = b" in capsys.readouterr().out
    assert (tmp_path / "1" / "saved_model.pb").exists()


@pytest.mark.soak
def test_a_run_goes_on_to_the_bit_where_it_was_interrupted(
    convolutions: Learned, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(progress.Bar, "show", lambda *_: os.kill(os.getpid(), signal.SIGINT))
        part = learned(convolved, workdir=tmp_path / "run", progress=True)
    assert part.stopped and part.results.restarts[0].examples < 3200
    ended = learned(convolved, workdir=tmp_path / "run")
    for row in (0, 1):
        for one, other in zip(weights(convolutions, row), weights(ended, row), strict=True):
            np.testing.assert_array_equal(one, other)


def learner_of(numbers: list[int], layers: Layers | None = None) -> Learner:
    """A learner of a small model with a Keras network, for the restarts of these numbers."""
    shapes = ((4, 5), (5,), (5, 3), (3,))
    library = Library(len(numbers), 3, keras={"net": KerasNetwork((4,), shapes, 5, "", vector)})
    model = compile_model(Source("m.py", NETWORKED), restarts=len(numbers), seed=3, library=library)
    method = Method(optimiser="adam", program_rate=0.1, network_rate=0.1, batch_size=6, updates=9)
    given = Pretrained(layers or {})
    return Learner(model, method, 3, 60, xla=False, numbers=numbers, pretrained=given)


def vector() -> keras.Model:
    return keras.Sequential([keras.Input((4,)), layers.Dense(5, "relu"), layers.Dense(3)])


def test_a_restart_is_the_same_alone_and_beside_others() -> None:
    with run_eagerly():
        many, alone = learner_of([0, 1, 2]), learner_of([1])
        for learner in (many, alone):
            learner.run(itertools.repeat(networked_batch()), 5)
        fresh = learner_of([0, 1, 2])
        fresh.begin(2, 7, 60)
        beside = learner_of([7])
    rows = (many, 1, alone), (fresh, 2, beside)
    for learner, row, other in rows:
        mine, its = (one.model.networks["net"].values for one in (learner, other))
        for several, one in zip(mine, its, strict=True):
            np.testing.assert_allclose(several[row], one[0], rtol=1e-5, atol=1e-6)
    kernel = many.model.networks["net"].values[0]
    assert np.all(kernel[0] != kernel[1])


def test_a_checkpoint_goes_on_to_the_bit(tmp_path: Path) -> None:
    batches = itertools.repeat(networked_batch())

    def checkpoints(learner: Learner) -> Checkpoints:
        return Checkpoints(str(tmp_path), 1, model=learner.model, learner=learner)

    with run_eagerly():
        whole = learner_of([0, 5])
        whole.run(batches, 3)
        own_files.begin(str(tmp_path))
        checkpoints(whole).save(18, "")
        whole.run(batches, 3)
        # What it begins with is another restart's.
        again = learner_of([1, 2])
        assert checkpoints(again).restore() == (18, "")
        again.run(batches, 3)
    pairs = zip(whole.model.trainable_variables, again.model.trainable_variables, strict=True)
    for one, other in pairs:
        np.testing.assert_array_equal(one, other)


def test_networks_that_have_learned_are_given_to_every_restart(convolutions: Learned) -> None:
    given = row_layers(learner_of([4]).model, 0)
    values = learner_of([0, 1], given).model.networks["net"].values
    for several, (one,) in zip(values, given["net"], strict=True):
        np.testing.assert_array_equal(several, [one, one])
    with pytest.raises(
        InputError, match="'net' in .* has .*Keras model.*; the model's has .*Keras"
    ):
        learned(dense, init_nets=convolutions.workdir)


def test_layers_of_ones_own_are_saved_and_want_their_function_again(tmp_path: Path) -> None:
    with run_eagerly():
        run = learned(own_code, workdir=tmp_path / "run", examples=64)
    run.best.save(tmp_path / "own.npz")
    expected = run.best.predict(new_inputs(images(9)))["y"].tolist()
    with pytest.raises(InputError, match="not all Keras' own.*terpret.load by networks="):
        terpret.load(tmp_path / "own.npz")
    again = terpret.load(tmp_path / "own.npz", networks={"net": own_code})
    assert again.predict(new_inputs(images(9)))["y"].tolist() == expected
    with pytest.raises(InputError, match=r"has now weights \[4, 4\].* and had \[4, 2\], \[2\]"):
        terpret.load(tmp_path / "own.npz", networks={"net": dense})
    # The same call goes on with the folder.
    assert learned(own_code, workdir=tmp_path / "run", examples=64).best.source == run.best.source


def test_randomness_of_the_user_goes_on_as_if_nothing_was() -> None:
    def drawn(between: Callable[[], object]) -> list[float]:
        random.seed(3)
        np.random.seed(3)
        between()
        return [random.random(), np.random.random()]

    def make() -> None:
        with seeded((1, 2)):
            dense()

    assert drawn(make) == drawn(lambda: None)


def test_a_description_is_the_same_whatever_was_made_before() -> None:
    assert described(convolved()) == described(convolved()) != described(dense())


def test_xla_compiles_no_convolution_of_keras(convolutions: Learned) -> None:
    network = convolutions.best.saved.keras["net"]
    assert not network.by_xla
    assert dataclasses.replace(network, weights=((7, 2), (2,))).by_xla


def test_a_description_is_never_run_as_code(tmp_path: Path) -> None:
    made = keras.Sequential([keras.Input((2, 2)), layers.Lambda(lambda x: x), layers.Dense(2)])
    assert described(made) == ""
    evil = json.dumps(keras.saving.serialize_keras_object(made))
    foreign = {"module": "os", "class_name": "system", "config": {"command": "ls"}}
    reading = {"module": "keras.utils", "class_name": "get_file", "config": {"fname": "x"}}
    for layers_text in (evil, json.dumps(foreign), json.dumps(reading), "[]", '"x"', "{", "1"):
        with pytest.raises(InputError, match="cannot be made again by Keras"):
            KerasNetwork((2, 2), ((2, 2), (2,)), 4, layers_text).made("net")
    for text in ("", "{}", "[]", '{"shape": [0], "weights": [[1]], "largest": 1, "layers": ""}'):
        with pytest.raises(ValueError):
            keras_network(text)


def test_layers_that_are_not_those_of_the_weights_are_never_made(
    convolutions: Learned, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = convolutions.best.saved.keras["net"]
    huge = json.loads(network.layers.replace('"units": 2', '"units": 50000000000'))
    monkeypatch.setattr(keras.initializers.GlorotUniform, "__call__", lambda *_, **__: 1 / 0)
    with pytest.raises(InputError, match="the layers of 'net' are not those of its weights"):
        dataclasses.replace(network, layers=json.dumps(huge), build=None).made("net")


def test_layers_that_make_more_numbers_than_before_are_never_called(convolutions: Learned) -> None:
    kept = convolutions.best.saved.keras["net"]
    fewer = {"net": dataclasses.replace(kept, largest=kept.largest - 1)}
    with pytest.raises(InputError, match="the layers of 'net' make more numbers of one value"):
        remade(fewer, {}, convolutions.best.checked)


def sequential(*inside: object, shape: tuple[int, ...] = (2, 2)) -> Callable[[], keras.Model]:
    """A function that makes a model of such layers, each new."""

    def build() -> keras.Model:
        made = [layer() for layer in inside]
        return keras.Sequential([keras.Input(shape), layers.Flatten(), *made, layers.Dense(2)])

    return build


def two_outputs() -> keras.Model:
    image = keras.Input((2, 2))
    flat = layers.Flatten()(image)
    return keras.Model(image, [layers.Dense(2)(flat), layers.Dense(2)(flat)])


def two_inputs() -> keras.Model:
    image, more = keras.Input((2, 2)), keras.Input((2,))
    return keras.Model([image, more], layers.Dense(2)(layers.Flatten()(image)) + more)


def softmax() -> keras.Model:
    return keras.Sequential([keras.Input((2, 2)), layers.Flatten(), layers.Dense(2, "softmax")])


def failing() -> keras.Model:
    raise OSError("no file of weights")


def preset_weights() -> keras.Model:
    model = dense()
    model.set_weights([np.random.default_rng().random(w.shape) for w in model.get_weights()])
    return model


ONE = dense()
SIZES = iter(range(3, 99))


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (ONE, r"networks\['net'\] is of type Sequential, and not a function"),
        ("dense", r"networks\['net'\] is of type str, and not a function"),
        (lambda: 3, "makes something of type int, and not a keras.Model"),
        (lambda: ONE, "gives the same model each time"),
        (failing, "the function of 'net' fails: OSError: no file of weights"),
        (sequential(lambda: layers.Dense(next(SIZES))), "makes other layers each time"),
        (preset_weights, "the weights of 'net' differ each time"),
        (sequential(shape=(3, 2)), r"takes \[3, 2\], and the declared argument is \[2, 2\]"),
        (sequential(lambda: layers.Reshape((2, 2))), r"gives \[2, 2\] .* to give logits \[2\]"),
        (two_outputs, "has 2 outputs, not one"),
        (two_inputs, "has 2 inputs, and takes one"),
        (softmax, "ends in a softmax"),
        (sequential(layers.BatchNormalization), "BatchNormalization.*take .*LayerNormalization"),
        (
            sequential(lambda: layers.Dropout(0.5)),
            r"\(Dropout\) in the model of 'net' .* leave it, or its dropout",
        ),
        (sequential(lambda: layers.Dense(2, trainable=False)), "let it learn"),
        (sequential(lambda: layers.Dense(2, kernel_regularizer="l2")), "has a regulariser"),
    ],
)
def test_what_does_not_fit_is_one_sentence_before_anything_is_written(
    build: object, said: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=said):
        learned(build, workdir=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_networks_are_those_of_the_model() -> None:
    with pytest.raises(InputError, match="no network 'nte'; did you mean 'net'"):
        terpret.learn(READS, images(9), networks={"nte": dense})
    with pytest.raises(InputError, match='write networks={"digit": build}'):
        terpret.learn(READS, images(9), networks=[dense])
    pair = READS.replace("[Tensor(2, 2)], 2", "[Tensor(2, 2), Tensor(2, 2)], 2")
    pair = pair.replace("net(image)", "net(image, more)").replace("net(a)", "net(a, b)")
    with pytest.raises(InputError, match="'net' takes 2 arguments, and a Keras model takes one"):
        terpret.learn(pair.replace("net(b)", "net(b, a)"), images(9), networks={"net": dense})
