"""Files of networks: what goes in comes out, where it fits; whatever is wrong is one sentence."""

import io
import json
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from terpret import CompiledModel, InputError, Library, compile_model
from terpret.data import npz_file
from terpret.language.errors import Source
from terpret.learning.network_file import (
    NetworkShape,
    SavedNetworks,
    fitting_layers,
    install_networks,
    load_networks,
    save_networks,
)
from terpret.learning.program_file import load_program

TEXT = """
image = InputTensor(2, 2)
y = Output(3)
z = OutputTensor(4)
q = Param(3)

@Learn([Vector(2, 2)], 3, hid_sizes=[5])
def digit(a):
    pass

@Learn([Vector(2, 2), 3], Vector(4), hid_sizes=[])
def mixed(a, b):
    pass

@Runtime([3, 3], 3)
def add(a, b):
    return (a + b) % 3

y.set_to(add(digit(image), q))
z.set_to(mixed(image, q))
"""
SOURCE = {"model": "pictures", "restart": "2"}


def model_of(text: str = TEXT, **arguments: object) -> CompiledModel:
    return compile_model(Source("pictures.py", text), **arguments)


def arrays(model: CompiledModel, row: int) -> dict[str, np.ndarray]:
    return {variable.name: variable.numpy()[row] for variable in model.network_variables}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "networks.npz"
    save_networks(str(path), model_of(restarts=3, seed=1), 2, SOURCE)
    return path


def test_the_networks_of_one_restart_become_those_of_every_restart(file: Path) -> None:
    model = model_of(restarts=2, seed=7)
    assert install_networks(load_networks(str(file)), model) == ["digit", "mixed"]
    expected = arrays(model_of(restarts=3, seed=1), 2)
    for row in range(2):
        for name, array in arrays(model, row).items():
            np.testing.assert_array_equal(array, expected[name], err_msg=name)


def test_a_file_tells_shapes_source_and_hash(file: Path) -> None:
    saved = load_networks(str(file))
    assert saved.shapes == {
        "digit": NetworkShape(((2, 2),), 3, (5,)),
        "mixed": NetworkShape(((2, 2), 3), (4,), ()),
    }
    assert [kernel.shape for kernel, _ in saved.layers["digit"]] == [(4, 5), (5, 3)]
    assert [bias.shape for _, bias in saved.layers["digit"]] == [(5,), (3,)]
    assert saved.source == SOURCE
    assert saved.path == str(file)
    again = file.with_name("again.npz")
    save_networks(str(again), model_of(restarts=3, seed=1), 2, SOURCE)
    assert load_networks(str(again)).sha256 == saved.sha256
    save_networks(str(again), model_of(restarts=3, seed=1), 1, SOURCE)
    assert load_networks(str(again)).sha256 != saved.sha256


def test_the_entries_are_named_after_network_and_layer(file: Path) -> None:
    with np.load(file, allow_pickle=False) as archive:
        assert sorted(archive.files) == [
            "about",
            "digit/0/bias",
            "digit/0/kernel",
            "digit/1/bias",
            "digit/1/kernel",
            "mixed/0/bias",
            "mixed/0/kernel",
        ]


def test_shared_networks_have_one_row_for_all(tmp_path: Path) -> None:
    shared = model_of(restarts=4, library=Library(1, seed=3))
    save_networks(str(tmp_path / "a.npz"), shared, 3, {})
    library = Library(1, seed=4)
    other = model_of(restarts=2, library=library)
    assert install_networks(load_networks(str(tmp_path / "a.npz")), library) == ["digit", "mixed"]
    for mine, theirs in zip(other.network_variables, shared.network_variables, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_a_run_folder_stands_for_its_file(file: Path, tmp_path: Path) -> None:
    assert load_networks(str(file.parent)).path == str(file)
    (tmp_path / "run").mkdir()
    with pytest.raises(InputError, match="has no networks.npz: the run is not finished, or its"):
        load_networks(str(tmp_path / "run"))


def test_numbers_are_cast_to_the_models_type(file: Path) -> None:
    model = model_of(dtype=tf.float64)
    install_networks(load_networks(str(file)), model)
    expected = arrays(model_of(restarts=3, seed=1), 2)
    for name, array in arrays(model, 0).items():
        assert array.dtype == np.float64
        np.testing.assert_array_equal(array, expected[name])


def test_networks_that_the_model_lacks_are_ignored(file: Path) -> None:
    model = model_of(TEXT.replace("def mixed", "def mingled").replace("mixed(", "mingled("), seed=9)
    before = arrays(model, 0)
    assert install_networks(load_networks(str(file)), model) == ["digit"]
    after = arrays(model, 0)
    changed = {name for name in before if np.any(before[name] != after[name])}
    assert changed == {"digit/0/kernel:0", "digit/1/kernel:0"}


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        (TEXT.replace("[5]", "[5, 5]"), "inputs [2, 2], output 3, hidden layers [5, 5]"),
        (TEXT.replace("[5]", "[]"), "inputs [2, 2], output 3, hidden layers []"),
        (TEXT.replace("(2, 2)", "(4)"), "inputs [4], output 3, hidden layers [5]"),
    ],
)
def test_another_shape_is_refused_and_nothing_is_assigned(
    file: Path, text: str, shape: str
) -> None:
    model = model_of(text, seed=9)
    before = arrays(model, 0)
    with pytest.raises(InputError) as raised:
        install_networks(load_networks(str(file)), model)
    assert str(raised.value) == (
        f"'digit' in {file} has inputs [2, 2], output 3, hidden layers [5]; the model's has {shape}"
    )
    for name, array in arrays(model, 0).items():
        np.testing.assert_array_equal(array, before[name])


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("y = Output(2)\ny.set_to(0)\n", "it has none"),
        (TEXT.replace("digit", "letter").replace("mixed", "mingled"), "letter, mingled"),
    ],
)
def test_a_file_of_which_nothing_fits_is_refused(file: Path, text: str, names: str) -> None:
    with pytest.raises(InputError) as raised:
        fitting_layers(load_networks(str(file)), model_of(text))
    assert str(raised.value) == (
        f"none of the networks in {file} (digit, mixed) is one of the model's ({names})"
    )


def test_what_cannot_be_saved_is_refused(tmp_path: Path) -> None:
    path = str(tmp_path / "networks.npz")
    with pytest.raises(InputError, match="there is no restart 3: they are 0..2"):
        save_networks(path, model_of(restarts=3), 3, {})
    with pytest.raises(InputError, match="the model has no networks"):
        save_networks(path, model_of("y = Output(2)\ny.set_to(0)\n"), 0, {})
    assert list(tmp_path.iterdir()) == []


Entries = dict[str, np.ndarray]


def entries_with(**changes: object) -> Callable[[Entries], Entries]:
    """Entries with some replaced, or left out where the change is None."""

    def changed(entries: Entries) -> Entries:
        named = {name.replace("__", "/"): value for name, value in changes.items()}
        return {k: v for k, v in {**entries, **named}.items() if v is not None}

    return changed


def about_with(**changes: object) -> Callable[[Entries], Entries]:
    """Entries whose description is changed."""

    def changed(entries: Entries) -> Entries:
        about = {**json.loads(str(entries["about"])), **changes}
        return {**entries, "about": np.array(json.dumps(about))}

    return changed


def with_number(number: float) -> Callable[[Entries], Entries]:
    def changed(entries: Entries) -> Entries:
        kernel = entries["digit/1/kernel"].copy()
        kernel[3, 1] = number
        return {**entries, "digit/1/kernel": kernel}

    return changed


NO_DESCRIPTION = "the entry 'about' of {} does not describe networks"
NOT_FINITE = "the entry 'digit/1/kernel' of {} holds numbers that are not finite"
OBJECTS = "{} holds Python objects, which are never loaded: networks are numbers only"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            entries_with(digit__1__bias=None),
            "{} is not a whole file of networks: it lacks the entry 'digit/1/bias'",
        ),
        (
            entries_with(about=None),
            "{} is not a whole file of networks: it lacks the entry 'about'",
        ),
        (
            entries_with(digit__0__bias=np.zeros(5, np.int64)),
            "the entry 'digit/0/bias' of {} is int64 [5], not floats [5]",
        ),
        (
            entries_with(digit__0__kernel=np.zeros((1, 4, 5), np.float32)),
            "the entry 'digit/0/kernel' of {} is float32 [1, 4, 5], not floats [4, 5]",
        ),
        (
            entries_with(mixed__0__kernel=np.zeros((4, 4), np.float32)),
            "the entry 'mixed/0/kernel' of {} is float32 [4, 4], not floats [7, 4]",
        ),
        (with_number(np.nan), NOT_FINITE),
        (with_number(-np.inf), NOT_FINITE),
        (entries_with(digit__0__bias=np.array([None] * 5)), OBJECTS),
        (entries_with(about=np.array({"format": 1}, object)), OBJECTS),
        (about_with(format=2), "{} has format 2, and only format 1 can be read"),
        (about_with(format="1"), "{} has format '1', and only format 1 can be read"),
        (entries_with(about=np.array("{")), NO_DESCRIPTION),
        (entries_with(about=np.array("[" * 100_000)), NO_DESCRIPTION),
        (entries_with(about=np.zeros(3)), NO_DESCRIPTION),
        (about_with(networks={"digit": {"inputs": [4], "output": 3}}), NO_DESCRIPTION),
        (
            about_with(networks={"digit": {"inputs": [[2, 2]], "output": 3, "hid_sizes": [0]}}),
            NO_DESCRIPTION,
        ),
        (about_with(source={"restart": 2}), NO_DESCRIPTION),
        (about_with(source=None), NO_DESCRIPTION),
    ],
)
def test_wrong_entries_are_refused(file: Path, change: Callable, message: str) -> None:
    with np.load(file, allow_pickle=False) as archive:
        entries = dict(archive.items())
    with open(file, "wb") as stream:
        np.savez(stream, **change(entries))
    with pytest.raises(InputError) as raised:
        load_networks(str(file))
    assert str(raised.value) == message.format(file)


def npy() -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.zeros(3))
    return stream.getvalue()


NO_NETWORKS = "{} is not a file of networks: give a run folder, or its networks.npz"
DAMAGED = "{} is damaged or incomplete: copy it again from where it comes from"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: b"", NO_NETWORKS),
        (lambda data: b'{"model": "pictures"}', NO_NETWORKS),
        (lambda data: npy(), NO_NETWORKS),
        (lambda data: pickle.dumps({"digit": [1.0]}), NO_NETWORKS),
        (lambda data: data[:4], DAMAGED),
        (lambda data: data[: len(data) // 2], DAMAGED),
        (lambda data: data[:-1], DAMAGED),
        (lambda data: data[:300] + b"\0\0\0\0" + data[304:], DAMAGED),
    ],
)
def test_other_and_damaged_files_are_refused(file: Path, change: Callable, message: str) -> None:
    file.write_bytes(change(file.read_bytes()))
    with pytest.raises(InputError) as raised:
        load_networks(str(file))
    assert str(raised.value) == message.format(file)


def test_what_would_fill_the_memory_is_not_unpacked(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with np.load(file, allow_pickle=False) as archive:
        np.savez_compressed(file, **{**archive, "more": np.zeros(10**6)})
    assert load_networks(str(file)).shapes
    monkeypatch.setattr(npz_file, "MAX_UNPACKED", 10**6)
    with pytest.raises(InputError, match="cannot be loaded: its compressed arrays have more than"):
        load_networks(str(file))


def test_a_file_without_an_end_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "networks.npz").symlink_to("/dev/zero")
    for read in (load_networks, load_program):
        with pytest.raises(InputError, match="networks.npz: this is not a file"):
            read(str(tmp_path / "networks.npz"))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"cannot read the networks in {tmp_path}/none.npz: no "):
        load_networks(str(tmp_path / "none.npz"))


def test_a_damaged_byte_is_noticed_or_harmless(file: Path) -> None:
    """A wrong byte anywhere either changes nothing that is read, or is an InputError."""
    whole, data = load_networks(str(file)), file.read_bytes()
    random = np.random.default_rng(0)
    noticed = 0
    for place in random.choice(len(data), 400, replace=False):
        wrong = bytearray(data)
        wrong[place] ^= int(random.integers(1, 256))
        file.write_bytes(bytes(wrong))
        try:
            assert same(load_networks(str(file)), whole)
        except InputError:
            noticed += 1
    assert noticed > 200


def same(first: SavedNetworks, second: SavedNetworks) -> bool:
    pairs = zip(
        tf.nest.flatten(dict(first.layers)), tf.nest.flatten(dict(second.layers)), strict=True
    )
    described = (first.shapes, first.source) == (second.shapes, second.source)
    return described and all(np.array_equal(a, b) for a, b in pairs)
