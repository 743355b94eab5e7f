"""Exported programs: loaded by TensorFlow alone, they give what the discrete program gives."""

import functools
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from datasets.digits import load_digits
from ntpt_models import source_code
from terpret import CompiledModel, InputError, Library, compile_model
from terpret.language.errors import Source
from terpret.runs.export import export
from terpret.runs.export import served as served_here

ROW = 1
BATCHES = (7, 1)
ADD = {
    "instr": [2, 3, 1, 0],
    "args1": [0, 0, 1, 0],
    "args2": [0, 0, 2, 0],
    "return_reg": 3,
    "net_choice": 0,
}
# A program that inverts a tape: what to write, where to go, what to be, by state and symbol.
INVERT = {
    "write": [[0, 1, 2], [1, 0, 2]],
    "dir": [[0, 0, 0], [1, 1, 0]],
    "newState": [[0, 0, 0], [1, 1, 0]],
}
DROPPING = """
x = Input(3)[2]
y = Output(3)[2]
k = Param(2)

@Runtime([3], 3, out_of_range="drop")
def next_value(a):
    return a + 1

for i in range(2):
    if k == 0:
        y[i].set_to(x[i])
    else:
        y[i].set_to(next_value(x[i]))
"""
# `features` gives a tensor and `judge` reads it: no label of an image can stand for either.
SOFT = """
image = InputTensor(2, 2)
a = Input(3)
y = Output(4)
z = OutputTensor(5)
k = Param(3)

@Learn([Vector(2, 2)], Vector(5), hid_sizes=[4])
def features(i):
    pass

@Learn([Vector(5), 3, 3], 4, hid_sizes=[4])
def judge(f, a, b):
    pass

z.set_to(features(image))
y.set_to(judge(features(image), a, k))
"""
# One network for two InputTensors: labels of both have no place in one array.
TWO_PLACES = """
left = InputTensor(2, 2)[2]
right = InputTensor(2, 2)[2]
y = Output(3)

@Learn([Vector(2, 2)], 3, hid_sizes=[4])
def net(i):
    pass

@Runtime([3, 3], 3)
def add(a, b):
    return (a + b) % 3

y.set_to(add(net(left[0]), net(right[1])))
"""
# The image that a network reads lies where another network says, if anywhere.
CHOSEN = """
images = InputTensor(2, 2)[2]
y = Output(2)
seen = OutputTensor(2, 2)
place = Var(2)

@Learn([Tensor(2, 2)], 2, hid_sizes=[4])
def net(i):
    pass

@Learn([Tensor(2, 2)], 3, hid_sizes=[4])
def where(i):
    pass

@Runtime([3], 2, out_of_range="drop")
def at(a):
    return a

place.set_to(at(where(images[0])))
with place as p:
    seen.set_to(images[p])
y.set_to(net(seen))
"""
TWO_ARGUMENTS = """
image = InputTensor(2, 2)
a = Input(3)
y = Output(3)

@Learn([Tensor(2, 2), 3], 3, hid_sizes=[4])
def net(i, a):
    pass

@Runtime([3], 3, out_of_range="drop")
def after(a):
    return a + 1

y.set_to(net(image, after(a)))
"""
CONVOLVED = """
image = InputTensor(7, 10, 3)
y = Output(3)
k = Param(3)

@Learn([Tensor(7, 10, 3)], 3, conv_sizes=[(4, 3)], hid_sizes=[6])
def net(i):
    pass

@Runtime([3, 3], 3)
def add(a, b):
    return (a + b) % 3

y.set_to(add(net(image), k))
"""
LOADER = """
import json, sys
import numpy as np
import tensorflow as tf

for folder in sys.argv[1:]:
    serve = tf.saved_model.load(folder + "/saved").signatures["serving_default"]
    for size in json.load(open(folder + "/sizes.json")):
        with np.load(f"{folder}/inputs_{size}.npz") as inputs:
            given = serve(**{name: tf.constant(inputs[name]) for name in inputs.files})
        np.savez(f"{folder}/outputs_{size}.npz", **given)
assert not any(name.split(".")[0] in ("terpret", "experiments") for name in sys.modules)
"""


def ntpt_model(name: str, **arguments: object) -> CompiledModel:
    return compile_model(f"ntpt_models/{name}.py", restarts=2, seed=3, **arguments)


def small_model(text: str, **arguments: object) -> CompiledModel:
    return compile_model(Source("small.py", text), restarts=2, seed=3, **arguments)


def choose(model: CompiledModel, values: Mapping[str, object]) -> CompiledModel:
    """Gives row `ROW` one-hot marginals: those of a program."""
    for name, value in values.items():
        logits = model.param_logits[name]
        logits[ROW].assign(tf.one_hot(value, logits.shape[-1], 1000.0, dtype=model.dtype))
    return model


def models() -> dict[str, CompiledModel]:
    """Models with networks and without, clamped, dropping, and of each kind of library."""
    shared = {"library": Library(1, 5, tf.float64), "dtype": tf.float64, "space": "log"}
    return {
        "add2x2": choose(ntpt_model("add2x2_model"), ADD),
        "add2x2_shared": choose(ntpt_model("add2x2_model", **shared), ADD),
        "turing": choose(ntpt_model("turing"), INVERT),
        "basic_block": ntpt_model("basic_block"),
        "assembly": ntpt_model("assembly"),
        "circuit": ntpt_model("circuit"),
        "dropping": choose(small_model(DROPPING), {"k": 1}),
        "convolved": choose(small_model(CONVOLVED), {"k": 1}),
    }


@functools.cache
def digit_images() -> np.ndarray:
    return load_digits("embedded").test.images / np.float32(255)


def random_inputs(model: CompiledModel, size: int) -> dict[str, np.ndarray]:
    random = np.random.default_rng(size)
    digits = digit_images()
    inputs = {}
    for variable in model.checked.of_kind("Input"):
        shape = (size, *variable.dims)
        if isinstance(variable.domain, int):
            inputs[variable.name] = random.integers(0, variable.domain, shape, np.int32)
        elif variable.domain == digits.shape[1:]:
            inputs[variable.name] = digits[random.integers(0, len(digits), shape)]
        else:
            inputs[variable.name] = random.random((*shape, *variable.domain), np.float32)
    return inputs


def exported(model: CompiledModel, folder: Path) -> None:
    text = source_code(model.program(ROW))
    export(model, ROW, str(folder), text, {"task": "right", "restart": ROW})


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[CompiledModel, Path]]:
    """Each model with a folder that holds its export and, by size, inputs and served outputs."""
    made = {}
    for name, model in models().items():
        folder = tmp_path_factory.mktemp(name)
        exported(model, folder / "saved")
        (folder / "sizes.json").write_text(json.dumps(BATCHES))
        for size in BATCHES:
            np.savez(folder / f"inputs_{size}.npz", **random_inputs(model, size))
        made[name] = (model, folder)
    # In an empty folder and with an empty path, the loader finds nothing of the project.
    done = subprocess.run(
        [sys.executable, "-c", LOADER, *(str(folder) for _, folder in made.values())],
        cwd=tmp_path_factory.mktemp("empty"),
        env={**os.environ, "PYTHONPATH": ""},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return made


@pytest.mark.parametrize("size", BATCHES)
@pytest.mark.parametrize(
    "name",
    [
        *("add2x2", "add2x2_shared", "turing", "basic_block", "assembly", "circuit", "dropping"),
        "convolved",
    ],
)
def test_tensorflow_alone_gives_what_the_program_gives(
    served: dict[str, tuple[CompiledModel, Path]], name: str, size: int
) -> None:
    model, folder = served[name]
    inputs = random_inputs(model, size)
    labels = model.labels(inputs) if model.checked.networks else {}
    program = model.program(ROW)
    expected = program.run(inputs, {net: value[ROW] for net, value in labels.items()})
    with np.load(folder / f"outputs_{size}.npz") as outputs:
        assert set(outputs.files) == set(expected)
        for output, value in expected.items():
            assert outputs[output].dtype == np.int32
            np.testing.assert_array_equal(outputs[output], value)


def test_the_examples_tell_programs_apart(
    served: dict[str, tuple[CompiledModel, Path]],
) -> None:
    """The outputs that were compared are not all one number, and some were lost."""
    for name, output, least in (("add2x2", "final_sum", 3), ("turing", "final_tape", 3)):
        with np.load(served[name][1] / "outputs_7.npz") as outputs:
            assert len(np.unique(outputs[output])) >= least
    with np.load(served["dropping"][1] / "outputs_7.npz") as outputs:
        assert set(np.unique(outputs["y"])) == {-1, 1, 2}


def test_the_program_and_what_is_known_of_it_lie_beside(
    served: dict[str, tuple[CompiledModel, Path]],
) -> None:
    folder = served["add2x2"][1] / "saved"
    assert (folder / "program.txt").read_text().splitlines()[-1].startswith("return R3")
    assert json.loads((folder / "about.json").read_text()) == {
        "task": "right",
        "restart": ROW,
        "signature": {
            "inputs": {"tiles": "float32 [batch, 4, 28, 28]"},
            "outputs": {"final_sum": "int32 [batch]"},
        },
        "networks": {"net_0": "label"},
    }
    assert [path.name for path in folder.parent.glob(".*")] == []


def test_a_network_of_several_arguments_is_read_by_its_most_probable_label(tmp_path: Path) -> None:
    model = small_model(SOFT)
    exported(model, tmp_path / "saved")
    about = json.loads((tmp_path / "saved" / "about.json").read_text())
    assert about["networks"] == {"features": "tensor", "judge": "label"}
    serve = tf.saved_model.load(str(tmp_path / "saved")).signatures["serving_default"]
    inputs = random_inputs(model, 200)
    given = serve(**{name: tf.constant(value) for name, value in inputs.items()})
    features = model.predict("features", inputs["image"])[ROW]
    np.testing.assert_allclose(given["z"], features, rtol=1e-4, atol=1e-6)
    k = np.full(200, model.program(ROW).values["k"])
    np.testing.assert_array_equal(given["y"], judged(model, "judge", features, inputs["a"], k))


def judged(model: CompiledModel, network: str, tensor: np.ndarray, *more: np.ndarray) -> np.ndarray:
    """What a network says most probably of a tensor and integers of 0..2."""
    parts = [tensor.reshape(len(tensor), -1), *(np.eye(3)[one] for one in more)]
    return model.predict(network, np.concatenate(parts, 1))[ROW].argmax(-1)


@pytest.mark.parametrize("text", [TWO_PLACES, CHOSEN])
@pytest.mark.parametrize("space", ["prob", "log"])
def test_networks_without_one_place_are_read_by_their_labels(text: str, space: str) -> None:
    model = small_model(text, space=space)
    inputs = random_inputs(model, 300)
    program = model.program(ROW)
    expected = program.outcome(inputs)[0]["y"]
    # A loss of a value, too, is told from any other.
    assert len(np.unique(expected)) == 3
    np.testing.assert_array_equal(served_here(model, ROW)(*inputs.values())["y"], expected)
    found = model.outcomes(inputs, discrete=True)["y"][ROW]
    np.testing.assert_array_equal(np.where(found.any(-1), found.argmax(-1), -1), expected)


@pytest.mark.parametrize("space", ["prob", "log"])
def test_what_is_lost_is_lost_to_a_network_of_two_arguments(space: str) -> None:
    model = small_model(TWO_ARGUMENTS, space=space)
    inputs = random_inputs(model, 300)
    later = inputs["a"] + 1
    said = judged(model, "net", inputs["image"], later % 3)
    expected = np.where(later < 3, said, -1)
    assert set(np.unique(expected)) >= {-1, 1}
    np.testing.assert_array_equal(served_here(model, ROW)(*inputs.values())["y"], expected)
    found = model.outcomes(inputs, discrete=True)["y"][ROW]
    np.testing.assert_array_equal(np.where(found.any(-1), found.argmax(-1), -1), expected)


def test_names_that_tensorflow_forbids_are_changed(tmp_path: Path) -> None:
    model = small_model("_x = Input(3)\n_y = Output(3)\n_y.set_to(_x)\n")
    exported(model, tmp_path / "saved")
    serve = tf.saved_model.load(str(tmp_path / "saved")).signatures["serving_default"]
    np.testing.assert_array_equal(serve(x=tf.constant([2, 0, 1]))["y"], [2, 0, 1])
    both = small_model("_x = Input(3)\nx = Input(3)\ny = Output(3)\ny.set_to(x)\n")
    with pytest.raises(InputError, match="the Inputs _x, x differ in no letter"):
        exported(both, tmp_path / "other")


def test_a_model_without_inputs_has_a_batch_of_1(tmp_path: Path) -> None:
    model = small_model(
        "y = Output(3)[2]\nk = Param(3)[2]\nfor i in range(2):\n  y[i].set_to(k[i])"
    )
    exported(choose(model, {"k": [2, 1]}), tmp_path / "saved")
    serve = tf.saved_model.load(str(tmp_path / "saved")).signatures["serving_default"]
    np.testing.assert_array_equal(serve()["y"], [[2, 1]])


def test_an_empty_folder_is_used_and_a_full_one_refused(tmp_path: Path) -> None:
    model = small_model(DROPPING)
    (tmp_path / "empty").mkdir()
    exported(model, tmp_path / "empty")
    before = sorted((tmp_path / "empty").iterdir())
    for taken in (tmp_path / "empty", tmp_path / "empty" / "program.txt"):
        with pytest.raises(InputError) as raised:
            exported(model, taken)
        assert str(raised.value) == (
            f"{taken} is there already and is not an empty folder: give another name"
        )
    assert sorted((tmp_path / "empty").iterdir()) == before
    with pytest.raises(InputError, match="cannot write .*/program.txt/inside: File exists"):
        exported(model, tmp_path / "empty" / "program.txt" / "inside")


def test_what_fails_half_way_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(path: str, text: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("terpret.runs.export.write_text", fail)
    with pytest.raises(InputError) as raised:
        exported(small_model(DROPPING), tmp_path / "saved")
    assert str(raised.value) == f"cannot write {tmp_path}/saved: No space left on device"
    assert list(tmp_path.iterdir()) == []


def test_given_labels_and_unknown_restarts_are_refused(tmp_path: Path) -> None:
    given = choose(ntpt_model("add2x2_model", learned={"net_0": "a", "net_1": "b"}), ADD)
    with pytest.raises(InputError, match="'net_0' has no layers to export"):
        exported(given, tmp_path / "saved")
    with pytest.raises(InputError, match="there is no restart 2: they are 0..1"):
        export(small_model(DROPPING), 2, str(tmp_path / "saved"), "", {})
    assert list(tmp_path.iterdir()) == []
