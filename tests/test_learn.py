"""`terpret.learn`: from arrays to a program that predicts, is measured, kept and exported."""

import concurrent.futures
import copy
import errno
import functools
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import tensorflow as tf

import terpret
from terpret import signals
from terpret.api import learn as learning
from terpret.api.learn import Learned
from terpret.api.solution import Solution
from terpret.compile import compile_model
from terpret.errors import InputError, RunError
from terpret.language.errors import Source
from terpret.learning.layers import row_layers
from terpret.learning.program_file import SavedProgram
from terpret.runs import progress
from terpret.runs import run as single
from terpret.runs.described import digest_of
from tests.commands import evaluate

# Which of two images is shown, and what is added to the digit that a network reads there.
READS = """a = InputTensor(2, 2)
b = InputTensor(2, 2)
y = Output(3)
which = Param(2, names=["a", "b"])
more = Param(2)
seen = Var(2)[2]


@Learn([Tensor(2, 2)], 2, hid_sizes=[4])
def net(image):
    pass


@Runtime([2, 2], 3)
def add(x, z):
    return x + z


seen[0].set_to(net(a))
seen[1].set_to(net(b))
with which as w:
    y.set_to(add(seen[w], more))
"""
SHIFT = """x = Input(4)[2]
y = Output(4)
which = Param(2)
shift = Param(4)


@Runtime([4, 4], 4)
def add(a, b):
    return (a + b) % 4


with which as w:
    y.set_to(add(x[w], shift))
"""
DARK, LIGHT = np.zeros((2, 2), np.uint8), np.full((2, 2), 255, np.uint8)


def images(count: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Pairs of dark and light images; the answer is one more than what `b` shows."""
    first, second = np.random.default_rng(seed).integers(0, 2, (2, count))
    shown = np.stack([DARK, LIGHT])
    return {"a": shown[first], "b": shown[second], "y": second + 1}


def shifted(count: int = 40) -> dict[str, np.ndarray]:
    x = np.random.default_rng(0).integers(0, 4, (count, 2))
    return {"x": x, "y": (x[:, 1] + 3) % 4}


def learned(model: str, data: object, *more: object, **settings: object) -> Learned:
    quick = {"restarts": 3, "examples": 1600, "xla": False, "progress": False}
    return terpret.learn(model, data, *more, **{**quick, **settings})


@pytest.fixture(scope="module")
def adder() -> Learned:
    """What is learned from images alone."""
    return learned(READS, images(60), images(20, seed=1), examples=4000)


def test_images_end_in_a_program_that_predicts(adder: Learned) -> None:
    assert "which = b" in adder.best.source and "more = 1" in adder.best.source
    assert len(adder.restarts) == 3
    new = images(7, seed=2)
    given = adder.best.predict({"a": new["a"], "b": new["b"]})
    assert given["y"].tolist() == new["y"].tolist()


def test_without_labels_a_program_fits_and_is_never_called_right_or_wrong(adder: Learned) -> None:
    assert [one.correct for one in adder.results.restarts] == [None] * 3
    assert "fit 1.0000 of the 20 test examples" in str(adder)
    assert "wrong" not in str(adder) and "correct" not in str(adder)
    found = adder.best.evaluate(images(20, seed=1))
    assert (found.examples, found.accuracy, found.correct) == (20, 1.0, None)
    assert found.labelled == 0 and "labelled" not in str(found)
    assert found.low < 0.9 and found.high == 1.0


def test_labels_of_the_images_verify_the_program(adder: Learned) -> None:
    data = images(20, seed=1)
    shows = {"b_net": data["y"] - 1, "a_net": data["a"][:, 0, 0] // 255}
    found = adder.best.evaluate({**data, **shows})
    assert found.correct is True and found.network_accuracies == {"net": 1.0}
    few = {
        name: np.where(np.arange(20) < 3, values.astype(int), -1) for name, values in shows.items()
    }
    found = adder.best.evaluate({**data, **few})
    assert (found.correct, found.labelled, found.examples) == (True, 3, 20)
    assert "the program is right on all of 3 labelled examples" in str(found)
    run = learned(READS, {**data, **shows}, split=0.5)
    assert all(one.correct is not None for one in run.results.restarts)
    assert "held-out" in str(run) and "hold a correct program" in str(run)


def test_a_network_that_calls_images_by_other_labels_is_told_of() -> None:
    model = """a = InputTensor(2, 2)
y = Output(2)


@Learn([Tensor(2, 2)], 2, hid_sizes=[4])
def net(image):
    pass


y.set_to(net(a))
"""
    shown = np.arange(40) % 2
    data = {"a": np.stack([DARK, LIGHT])[shown], "y": shown, "a_net": 1 - shown}
    run = learned(model, data)
    told = "'net' tells 1.00 of the labelled images apart, and calls them by other labels than"
    assert not run.results.correct_restarts and run.results.best_restart.discrete_accuracy == 1.0
    assert run.results.diagnosis is not None
    assert run.results.diagnosis.reasons[0].startswith(
        f"{told} yours (0 is called 1, 1 is called 0)"
    )
    assert "the program is given, so none was searched: it is wrong on the labels" in str(run)
    assert "solved after" not in str(run) and "why not all is right:" in str(run)
    # Labels that only the test has.
    unlabelled = {name: data[name] for name in ("a", "y")}
    run = learned(model, unlabelled, data)
    assert run.results.best_restart.network_accuracies == {"net": 0.0}
    assert told in str(run) and told in str(run.best.evaluate(data))
    assert told not in str(run.best.evaluate({**data, "a_net": shown}))
    assert "why" not in str(learned(model, unlabelled, {**data, "a_net": shown}))


def test_vectors_of_bytes_are_learned_from_and_an_output_has_its_declared_shape() -> None:
    model = """x = InputTensor(3)
y = OutputTensor(1)


@Learn([Vector(3)], Vector(1), hid_sizes=[4])
def net(values):
    pass


y.set_to(net(x))
"""
    x = np.random.default_rng(0).integers(0, 256, (40, 3), np.uint8)
    run = learned(model, {"x": x, "y": x[:, :1] / 255}, restarts=1, examples=320)
    assert run.best.predict({"x": x[:5]})["y"].shape == (5, 1)


def test_a_saved_program_predicts_the_same(adder: Learned, tmp_path: Path) -> None:
    adder.best.save(tmp_path / "adder.npz")
    again, new = terpret.load(tmp_path / "adder.npz"), images(9, seed=3)
    assert again.source == adder.best.source
    assert again.predict(new_inputs(new))["y"].tolist() == new["y"].tolist()
    again.export(tmp_path / "served" / "1")
    served = tf.saved_model.load(str(tmp_path / "served" / "1")).signatures["serving_default"]
    floats = {name: tf.constant(new[name] / 255, tf.float32) for name in "ab"}
    assert served(**floats)["y"].numpy().tolist() == new["y"].tolist()
    with pytest.warns(UserWarning, match="whose name is a version number, as .*/mine/1"):
        again.export(tmp_path / "mine")


def new_inputs(data: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: data[name] for name in "ab"}


def test_what_is_no_saved_program_is_refused(adder: Learned, tmp_path: Path) -> None:
    path = tmp_path / "adder.npz"
    adder.best.save(path)
    for cut in (0, 10, 500):
        (tmp_path / "cut.npz").write_bytes(path.read_bytes()[:cut])
        with pytest.raises(InputError, match="cut.npz"):
            terpret.load(tmp_path / "cut.npz")
    with pytest.raises(InputError, match="cannot read the program in .*none.npz"):
        terpret.load(tmp_path / "none.npz")


Entries = dict[str, np.ndarray]


def rewritten(adder: Learned, path: Path, change: Callable[[Entries, dict], object]) -> Path:
    """The saved program with its entries, or what is written of it, changed."""
    adder.best.save(path)
    with np.load(path) as archive:
        entries = dict(archive.items())
    about = json.loads(str(entries["about"]))
    change(entries, about)
    entries["about"] = np.array(json.dumps(about))
    with open(path, "wb") as stream:
        np.savez(stream, **entries)
    return path


NET = {"inputs": [[2, 2]], "output": 2, "hid_sizes": [4]}
FIRST, LAST = "net/0/bias", "net/1/bias"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda _, about: about.update(networks={}), "the layers of 'net' are missing"),
        (
            lambda _, about: about["networks"].update(other=NET),
            "the model declares no network 'other'",
        ),
        (
            lambda _, about: about["networks"].update(net={**NET, "hid_sizes": [4, 2]}),
            r"layers \[4, 2\]; the model's has .* layers \[4\]",
        ),
        (
            lambda _, about: about["networks"].update(net={**NET, "conv_sizes": [[3, 1]]}),
            r"convolutions .*; the model's has ",
        ),
        (lambda arrays, _: arrays.update({FIRST: np.zeros(3, np.float32)}), r"not floats \[4\]"),
        (lambda arrays, _: arrays.update({FIRST: np.zeros(4, np.complex64)}), "complex64"),
        (lambda arrays, _: arrays.update({FIRST: np.full(4, 1e300)}), "too large for float32"),
        (lambda arrays, _: arrays.update({LAST: np.full(2, np.nan)}), "are not finite"),
        (lambda _, about: about["hypers"].update(T=float("inf")), "not a saved program"),
        (lambda _, about: about["hypers"].update(T=1.0), "not a saved program"),
        (lambda _, about: about["confidence"].update(more=10**400), "none of its model's"),
        (lambda _, about: about["confidence"].update(more=float("nan")), "no probability"),
        (lambda _, about: about.update(confidence=[1, 1]), "none of its model's"),
        (lambda _, about: about["values"].update(more=2), r"ranges over 0\.\.1"),
        (lambda _, about: about.update(model="\ud800"), "not a saved program"),
        (lambda _, about: about.update(listing=None), "not a saved program"),
    ],
)
def test_a_program_that_does_not_fit_its_model_is_refused(
    adder: Learned, tmp_path: Path, change: Callable, said: str
) -> None:
    path = rewritten(adder, tmp_path / "wrong.npz", change)
    with pytest.raises(InputError, match=said) as raised:
        terpret.load(path)
    assert "wrong.npz" in str(raised.value) and "\n" not in str(raised.value)


ODD = (None, True, -1, 0.5, 10**400, float("inf"), "", "x", "\ud800", [], {}, [[1, [2]]])


def test_whatever_is_wrong_in_a_file_is_one_sentence(adder: Learned, tmp_path: Path) -> None:
    """Any value of what is written of a program, replaced by an odd one, is refused or harmless."""
    adder.best.save(tmp_path / "right.npz")
    with np.load(tmp_path / "right.npz") as archive:
        about = json.loads(str(archive["about"]))
    refused = 0
    for keys in places(about, 3):
        for odd in ODD:
            wrong = copy.deepcopy(about)
            inner = functools.reduce(lambda one, key: one[key], keys[:-1], wrong)
            inner[keys[-1]] = odd
            with_entry(tmp_path, "about.npy", npy(json.dumps(wrong)))
            refused += not loads(tmp_path / "wrong.npz")
    assert refused > 100


def places(value: object, depth: int) -> Iterator[list[str | int]]:
    """The way to each value in a description, as deep as it is looked at."""
    if isinstance(value, dict | list) and depth:
        for key in value if isinstance(value, dict) else range(len(value)):
            yield [key]
            if key != "about":
                yield from ([key, *more] for more in places(value[key], depth - 1))


def npy(value: object) -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.array(value))
    return stream.getvalue()


def with_entry(folder: Path, name: str, content: bytes) -> None:
    """Writes `wrong.npz`: `right.npz` with another entry."""
    with zipfile.ZipFile(folder / "right.npz") as right:
        entries = {**{one: right.read(one) for one in right.namelist()}, name: content}
    with zipfile.ZipFile(folder / "wrong.npz", "w") as wrong:
        for one, data in entries.items():
            wrong.writestr(one, data)


def loads(path: Path) -> bool:
    try:
        terpret.load(path)
    except InputError:
        return False
    return True


def header(shape: str, kind: str = "<f4") -> bytes:
    """An `.npy` file of zeros whose header says what is asked for."""
    text = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode() + bytes(64)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no array at all",
        *(header(shape) for shape in ("(True,)", "(-4,)", "(4.0,)", "4", "((4,),)", "(", "(4,")),
        *(header("(4,)", kind) for kind in ("<c8", "|O", "|S1", "<M8[s]", "q", "<f2")),
        npy("[" * 100_000),
        npy('{"a":' * 900 + "1" + "}" * 900),
    ],
)
@pytest.mark.parametrize("name", ["about", "net/0/bias"])
def test_an_entry_that_is_none_is_one_sentence(
    adder: Learned, tmp_path: Path, name: str, content: bytes
) -> None:
    adder.best.save(tmp_path / "right.npz")
    with_entry(tmp_path, f"{name}.npy", content)
    assert not loads(tmp_path / "wrong.npz") or content == header("(4,)", "<f2")


def test_a_file_does_not_tell_where_its_model_lay(adder: Learned, tmp_path: Path) -> None:
    adder.best.save(tmp_path / "adder.npz")
    with np.load(tmp_path / "adder.npz") as archive:
        about = json.loads(str(archive["about"]))
    assert about["name"] == about["source"]["program"] == "model.py"
    assert os.sep not in terpret.load(tmp_path / "adder.npz").checked.source.path


# One network for two InputTensors, another for two arguments, and a sum that may be lost.
LOSING = """
a = InputTensor(2, 2)
b = InputTensor(2, 2)
x = Input(3)
y = Output(3)
z = Output(3)

@Learn([Tensor(2, 2)], 3, hid_sizes=[4])
def net(image):
    pass

@Learn([Tensor(2, 2), 3], 3, hid_sizes=[4])
def both(image, n):
    pass

@Runtime([3, 3], 3, out_of_range="drop")
def add(p, q):
    return p + q

y.set_to(add(net(a), net(b)))
z.set_to(NETWORK)
"""


@pytest.mark.parametrize("network", ["both(a, add(x, net(b)))", "net(a)"])
def test_what_a_program_predicts_is_what_it_is_measured_by(network: str) -> None:
    model = compile_model(Source("losing.py", LOSING.replace("NETWORK", network)), seed=1)
    program = model.program(0)
    best = Solution(SavedProgram(program, row_layers(model, 0), str(program), {}))
    random = np.random.default_rng(0)
    shown = {name: random.normal(size=(400, 2, 2)) for name in "ab"}
    data = {**shown, "x": random.integers(0, 3, 400)}
    given = best.predict(data)
    said = {name: model.classify("net", shown[name])[0] for name in "ab"}
    total = said["a"] + said["b"]
    np.testing.assert_array_equal(given["y"], np.where(total < 3, total, -1))
    assert set(np.unique(given["y"])) >= {-1, 1}
    assert best.evaluate({**data, **given}).accuracy == 1.0
    # A label that a lost value cannot have.
    there = (given["y"] >= 0) & (given["z"] >= 0)
    found = best.evaluate({**data, **{name: np.maximum(value, 0) for name, value in given.items()}})
    assert found.accuracy == there.mean()


def test_a_program_is_not_saved_over_what_is_no_plain_file(adder: Learned, tmp_path: Path) -> None:
    (tmp_path / "real.npz").write_text("mine")
    (tmp_path / "link.npz").symlink_to("real.npz")
    for path in (tmp_path / "link.npz", tmp_path, Path(adder.workdir) / "config.json"):
        with pytest.raises(terpret.errors.RunError, match="a run's own, or no plain file"):
            adder.best.save(path)
    assert (tmp_path / "real.npz").read_text() == "mine"


def test_a_run_can_start_from_a_saved_program(adder: Learned, tmp_path: Path) -> None:
    adder.best.save(tmp_path / "adder.npz")
    run = learned(
        READS, images(60), examples=400, init_nets=tmp_path / "adder.npz", freeze_nets=400
    )
    first = adder.best.saved.layers["net"][0][0]
    np.testing.assert_array_equal(run.best.saved.layers["net"][0][0], first)


def test_integers_are_verified_as_they_are() -> None:
    run = learned(SHIFT, shifted(), preset="terpret-fp")
    assert run.results.best_restart.correct and run.best.values["shift"] == 3
    assert "3 of 3 restarts hold a correct program" in str(run) or run.results.correct_restarts
    assert run.best.predict({"x": [[0, 1]]})["y"].tolist() == [0]


def test_a_folder_is_measured_by_its_test_file(tmp_path: Path) -> None:
    best = learned(SHIFT, shifted(), preset="terpret-fp").best
    (tmp_path / "train.csv").write_text("x[0],x[1],y\n0,1,0\n")
    said = "has no test.csv: it has train.csv: give the path of one file of examples"
    with pytest.raises(InputError, match=said):
        best.evaluate(tmp_path)
    (tmp_path / "test.csv").write_text("x[0],x[1],y\n0,1,0\n2,2,1\n0,2,0\n")
    found = best.evaluate(tmp_path)
    assert (found.examples, found.accuracy, found.labelled) == (3, pytest.approx(2 / 3), 3)
    assert "the program is wrong on some of 3 labelled examples" in str(found)


def test_a_workdir_is_a_run_folder_like_any_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = learned(SHIFT, shifted(), preset="terpret-fp", workdir=tmp_path / "run")
    events = (tmp_path / "run" / "results.json").stat().st_mtime_ns
    again = learned(SHIFT, shifted(), preset="terpret-fp", workdir=tmp_path / "run")
    assert (tmp_path / "run" / "results.json").stat().st_mtime_ns == events
    assert again.best.source == run.best.source
    assert terpret.load(tmp_path / "run").predict({"x": [[0, 1]]})["y"].tolist() == [0]
    with pytest.raises(terpret.errors.RunError, match="holds no finished run"):
        terpret.load(tmp_path)
    assert evaluate(tmp_path / "run", plots=True) == 0
    assert "held-out" in capsys.readouterr().out
    with pytest.raises(
        terpret.errors.RunError, match="other data: give another workdir, or train with overwrite"
    ):
        learned(SHIFT, shifted(30), preset="terpret-fp", workdir=tmp_path / "run")


def test_a_dataset_is_as_good_as_arrays() -> None:
    data = shifted()
    one = learned(SHIFT, data, preset="terpret-fp", examples=200)
    other = learned(
        SHIFT, tf.data.Dataset.from_tensor_slices(data), preset="terpret-fp", examples=200
    )
    assert one.results.restarts[0].loss == other.results.restarts[0].loss


def test_interrupting_returns_what_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress.Bar, "show", lambda *_: os.kill(os.getpid(), signal.SIGINT))
    options = {"preset": "ntpt", "examples": 20_000, "stop_after_solved": -1}
    run = learned(SHIFT, shifted(), workdir=tmp_path / "run", progress=True, **options)
    assert run.stopped and run.results.restarts[0].examples < 20_000
    assert "stopped after" in str(run) and "why nothing" not in str(run)
    assert run.best.predict({"x": [[0, 1]]})["y"].shape == (1,)
    monkeypatch.undo()
    whole = learned(SHIFT, shifted(), workdir=tmp_path / "run", **options)
    assert not whole.stopped and whole.results.restarts[0].examples >= 20_000


def test_what_was_learned_stays_though_its_folder_goes_or_holds_another_run(tmp_path: Path) -> None:
    options = {"preset": "terpret-fp", "examples": 200, "workdir": tmp_path / "run"}
    first = learned(SHIFT, shifted(), **options)
    before = [one.source for one in first.restarts]
    learned(SHIFT, shifted(), **options, seed=1, overwrite=True)
    assert [one.source for one in first.restarts] == before
    shutil.rmtree(tmp_path / "run")
    assert first.best.predict({"x": [[0, 1]]})["y"].shape == (1,)


@pytest.mark.parametrize(
    ("where", "name", "stopped"),
    [(single, "results_of", True), (learning, "restored", False), (learning, "prepare", False)],
)
def test_interrupting_the_end_returns_what_was_learned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: ModuleType, name: str, stopped: bool
) -> None:
    options = {"preset": "terpret-fp", "examples": 200, "workdir": tmp_path / "run"}
    if name == "prepare":
        # A run that is done is made ready again, to be read.
        learned(SHIFT, shifted(), **options)

    whole = getattr(where, name)

    def interrupted(*_: object, **__: object) -> None:
        monkeypatch.setattr(where, name, whole)
        raise KeyboardInterrupt

    monkeypatch.setattr(where, name, interrupted)
    run = learned(SHIFT, shifted(), **options)
    assert run.stopped == stopped and "shift" in run.best.source


def test_a_run_that_is_done_says_its_notes_again(tmp_path: Path) -> None:
    options = {"preset": "terpret-fp", "examples": 200, "workdir": tmp_path / "run"}
    notes = learned(SHIFT, shifted(), **options).notes
    assert notes and learned(SHIFT, shifted(), **options).notes == notes


def test_a_file_to_learn_from_stands_beside_arrays_to_test_on(tmp_path: Path) -> None:
    data = shifted()
    rows = zip(data["x"].tolist(), data["y"].tolist(), strict=True)
    lines = "\n".join(json.dumps({"x": x, "y": y}) for x, y in rows)
    (tmp_path / "train.jsonl").write_text(lines)
    run = learned(SHIFT, tmp_path / "train.jsonl", shifted(12), preset="terpret-fp", examples=200)
    assert run.results.tested == 12


def test_of_a_file_beside_arrays_no_copy_is_kept(tmp_path: Path) -> None:
    np.savez(tmp_path / "mine.npz", **shifted())
    options = {"preset": "terpret-fp", "examples": 200}
    for name, pair, kept in (
        ("one", (tmp_path / "mine.npz", shifted(12)), {"test_data.npz"}),
        ("other", (shifted(12), tmp_path / "mine.npz"), {"data.npz"}),
    ):
        first, again = (learned(SHIFT, *pair, workdir=tmp_path / name, **options) for _ in range(2))
        assert {one.name for one in (tmp_path / name).glob("*data.npz")} == kept
        assert terpret.load(tmp_path / name).source == first.best.source == again.best.source


def test_an_input_has_any_name_and_the_copy_is_as_numpy_writes_it(tmp_path: Path) -> None:
    options = {"preset": "terpret-fp", "examples": 100, "workdir": tmp_path / "run"}
    for name in ("file", "allow_pickle"):
        model = SHIFT.replace("x = Input", f"{name} = Input").replace("x[w]", f"{name}[w]")
        data = {name: shifted()["x"], "y": shifted()["y"]}
        learned(model, data, **options, overwrite=True)
    learned(SHIFT, shifted(), **options, overwrite=True)
    # A folder of before knows its data by these bytes.
    np.savez(tmp_path / "other.npz", **shifted())
    assert (tmp_path / "run" / "data.npz").read_bytes() == (tmp_path / "other.npz").read_bytes()


def as_before(workdir: Path) -> None:
    """Makes a run folder one that was written before which set is kept was noted."""
    settings = json.loads((workdir / "config.json").read_text())
    del settings["keep_only"]
    text = json.dumps(settings, indent=2) + "\n"
    (workdir / "config.json").write_text(text)
    manifest = json.loads((workdir / "manifest.json").read_text())
    manifest["config"] = digest_of(text)
    (workdir / "manifest.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize("test", ["arrays", "file", "none"])
def test_an_older_folder_of_arrays_is_read_and_known_again(tmp_path: Path, test: str) -> None:
    np.savez(tmp_path / "mine.npz", **shifted(12))
    sets = {"arrays": [shifted(12)], "file": [tmp_path / "mine.npz"], "none": []}[test]
    options = {"preset": "terpret-fp", "examples": 200, "workdir": tmp_path / "run"}
    first = learned(SHIFT, shifted(), *sets, **options)
    if test == "file":
        # Both were kept.
        shutil.copy(tmp_path / "mine.npz", tmp_path / "run" / "test_data.npz")
        with open(tmp_path / "run" / "files.txt", "a") as listed:
            listed.write('"test_data.npz"\n')
    as_before(tmp_path / "run")
    (tmp_path / "run" / "results.json").rename(tmp_path / "results.json")
    again = learned(SHIFT, shifted(), *sets, **options)
    assert again.best.source == first.best.source
    (tmp_path / "mine.npz").unlink()
    assert terpret.load(tmp_path / "run").source == first.best.source
    assert evaluate(tmp_path / "run") == 0


def test_numbers_of_numpy_are_numbers() -> None:
    three = {"restarts": np.int64(3), "seed": np.int32(0), "split": np.float64(0.9)}
    run = learned(SHIFT, shifted(), preset="terpret-fp", examples=np.int64(200), **three)
    assert len(run.restarts) == 3
    options = {"method": {"program_rate": np.float64(0.05)}, "hypers": {"N": np.int64(4)}}
    model = "N = Hyper()\n" + SHIFT.replace("Output(4)", "Output(N)")
    run = learned(model, shifted(), preset="terpret-fp", examples=200, **options)
    assert dict(run.best.checked.hypers) == {"N": 4}


def test_threads_leave_signals_to_the_main_thread() -> None:
    with signals.Signals() as outer, concurrent.futures.ThreadPoolExecutor() as pool:
        pool.submit(learned, SHIFT, shifted(), preset="terpret-fp", examples=100).result()
        os.kill(os.getpid(), signal.SIGINT)
        assert outer.caught
        # As if none had come: the test goes on.
        signals._Process.came = False


def test_it_works_in_a_thread() -> None:
    found: list[Learned] = []

    def work() -> None:
        found.append(learned(SHIFT, shifted(), preset="terpret-fp"))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found[0].best.values["shift"].shape == ()


def test_a_run_and_a_program_show_themselves_as_html(adder: Learned) -> None:
    assert "<table>" in adder._repr_html_() and "which = b" in adder._repr_html_()
    assert adder.best._repr_html_().startswith("<pre>")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"restarts": 0}, "restarts=0 is not an int from 1 to 10,000"),
        ({"restarts": "3"}, "restarts='3' is not an int"),
        ({"preset": "robst"}, "no preset 'robst'.*did you mean 'robust'"),
        ({"split": 2.0}, "split=2.0 is not a float from 0 to 1"),
        ({"restarts": True}, "restarts=True is not an int"),
        ({"stop_after_solved": 5}, "stop_after_solved=5: there are only restarts=3"),
        ({"workdir": ""}, "workdir='' names nothing"),
        ({"workdir": 5}, "workdir=5 is no path"),
        ({"workdir": "gs://mine/run"}, "^workdir=gs://mine/run is an address"),
        ({"workdir": "a\0b"}, "workdir='a.x00b' has a character that no path has"),
        ({"init_nets": "a\ud800"}, "init_nets='a.ud800' has a character that no path has"),
        ({"overwrite": "no"}, "overwrite='no' is not a bool"),
        ({"progress": 1}, "progress=1 is not a bool"),
        ({"networks": 5}, "networks=5 is no mapping"),
        ({"test": ""}, "test='' names nothing"),
        ({"split": 0}, "^data: a split of 0 leaves none of 40"),
        ({"hypers": 5}, "hypers=5 is no mapping"),
        ({"method": [1]}, r"method=\[1\] is no mapping"),
        ({"test": 5}, "test"),
        ({"test": {"x": [[0, 1]]}}, "^test"),
        ({"hypers": {"T": 3}}, "no hyper 'T'"),
        ({"method": {"strategy": 1}}, "choose that by preset=$"),
        ({"method": {"program_rat": 0.1}}, "program_rat.*did you mean 'program_rate'"),
    ],
)
def test_a_wrong_argument_is_one_sentence(wrong: dict, said: str) -> None:
    with pytest.raises(InputError, match=said):
        learned(SHIFT, shifted(), **wrong)


@pytest.mark.parametrize(
    ("model", "data", "said"),
    [
        (5, {}, "model=5 is no path"),
        (None, {}, "model=None is no path"),
        (SHIFT, 5, "data are arrays by declared name"),
        (SHIFT, None, "data=None: give examples to learn from"),
        (SHIFT, "", "data='' names nothing"),
        (f"{SHIFT}# \ud800\n", {}, "model: '.ud800' is no character of a text"),
        ("a\0.py", {}, "model='a.x00.py' has a character that no path has"),
    ],
)
def test_what_is_no_model_or_no_data_is_one_sentence(
    model: object, data: object, said: str
) -> None:
    with pytest.raises(InputError, match=said):
        learned(model, data)


def test_a_zero_in_a_text_is_an_error_of_the_model() -> None:
    with pytest.raises(terpret.ModelError):
        learned(f"{SHIFT}\0", {})


def test_faults_of_data_and_of_test_are_said_at_once() -> None:
    with pytest.raises(InputError) as error:
        learned(SHIFT, {"x": [[0, 9]], "y": [[1], [1, 2]]}, {"x": [[0, 1]]})
    assert [line[:9] for line in str(error.value).splitlines()] == ["data: 'y'", "test: 'y'"]


def test_without_a_folder_of_ones_own_no_temporary_one_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = learned(SHIFT, shifted(), preset="terpret-fp", examples=100)
    assert run.results.data == {"data": "data"}

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("terpret.runs.run._write", full)
    said = f"cannot write to temporary files in {tempfile.gettempdir()}: No space left on device: "
    with pytest.raises(RunError, match=f"^{said}make room there, or give a workdir$"):
        learned(SHIFT, shifted(), preset="terpret-fp", examples=100)


@pytest.mark.parametrize("path", ["", 5, None, "a\0b", "a\ud800"])
def test_what_is_no_path_is_one_sentence(adder: Learned, path: object) -> None:
    for use in (adder.best.save, adder.best.export, terpret.load):
        with pytest.raises(InputError, match="no path|names nothing"):
            use(path)
    if isinstance(path, str):
        with pytest.raises(InputError, match="no path|names nothing"):
            adder.best.evaluate(path)


def test_a_program_is_saved_into_a_folder_that_is_there(adder: Learned, tmp_path: Path) -> None:
    with pytest.raises(RunError, match=f"there is no folder {tmp_path}/mine: make it first"):
        adder.best.save(tmp_path / "mine" / "adder.npz")
    with pytest.raises(InputError, match="is a folder: give a file in it"):
        adder.best.save(f"{tmp_path}/mine/")
    assert list(tmp_path.iterdir()) == []
    for use in (adder.best.save, adder.best.export, terpret.load):
        with pytest.raises(InputError, match="is an address"):
            use("gs://mine/1")


@pytest.mark.parametrize("networks", [[], "", 5])
def test_networks_that_are_no_mapping_are_refused(adder: Learned, networks: object) -> None:
    with pytest.raises(InputError, match="is no mapping from names"):
        terpret.load(adder.workdir, networks=networks)  # type: ignore[arg-type]


def test_a_program_is_called_by_its_model_and_no_folder(adder: Learned) -> None:
    assert {one.checked.source.path for one in adder.restarts} == {"model.py"}


def test_an_error_in_a_text_names_no_folder_of_ours() -> None:
    with pytest.raises(terpret.ModelError) as error:
        learned(SHIFT.replace("x[w]", "z[w]"), shifted())
    assert str(error.value).startswith("model.py:")


def test_a_refused_call_leaves_nothing(tmp_path: Path) -> None:
    wrong = {"method": {"shift": 1000}, "workdir": tmp_path / "run"}
    with pytest.raises(InputError):
        learned(SHIFT, shifted(), **wrong)
    with pytest.raises(InputError):
        learned(SHIFT, shifted(), workdir=tmp_path / "run", init_nets=tmp_path / "none.npz")
    assert list(tmp_path.iterdir()) == []


def test_a_call_that_is_refused_late_leaves_nothing_either(adder: Learned, tmp_path: Path) -> None:
    adder.best.save(tmp_path / "adder.npz")
    for name in ("empty", "mine"):
        (tmp_path / name).mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    before = set(tmp_path.rglob("*"))
    other = READS.replace("hid_sizes=[4]", "hid_sizes=[5]")
    for name in ("empty", "mine", "new", "new/inside/another"):
        with pytest.raises(InputError, match=f"'net' in {tmp_path}/adder.npz has .*hidden layers"):
            learned(other, images(20), init_nets=tmp_path / "adder.npz", workdir=tmp_path / name)
    assert set(tmp_path.rglob("*")) == before


def test_no_place_for_temporary_files_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "full").write_text("")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "full"))
    with pytest.raises(RunError, match=f"cannot write temporary files in {tmp_path}/full: not a "):
        terpret.learn(READS, images(4))


def test_nothing_of_tensorflow_is_printed(tmp_path: Path) -> None:
    code = (
        "import numpy as np, terpret\n"
        f"x = np.arange(40).reshape(20, 2) % 4\n"
        "for seed in range(7):\n"
        f"    run = terpret.learn({SHIFT!r}, {{'x': x, 'y': (x[:, 1] + 3) % 4}}, seed=seed,\n"
        "        preset='terpret-fp', restarts=2, examples=200, xla=False, progress=False)\n"
        "    run.best.predict({'x': x})\n"
        "    run.best.evaluate({'x': x, 'y': x[:, 0]})\n"
        "print(run.best.values['shift'])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.stderr == "" and done.stdout.strip().isdecimal()


@pytest.mark.parametrize("kind", ["DataError", "InputError", "ModelError", "RunError"])
def test_what_is_raised_is_named_by_the_package(kind: str) -> None:
    assert kind in terpret.__all__ and issubclass(getattr(terpret, kind), Exception)
