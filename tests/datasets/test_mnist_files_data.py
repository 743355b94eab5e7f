"""MNIST in its own files, as people keep them: a small one, and the real one where it is there."""

import gzip
import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from datasets import mnist, mnist_files
from datasets.digits import load_digits
from datasets.pools import ImageSet
from terpret.errors import DataError
from tests.datasets.nobody import nobody, open_folder

ROOT = Path(__file__).parents[2]
REAL = ROOT.parent / "shared" / "data" / "tfds"
needs_mnist = pytest.mark.skipif(not (REAL / "mnist").is_dir(), reason="MNIST is not prepared")

Files = dict[str, bytes]


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mnist, "network_answers", lambda: False)


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> Iterator[Files]:
    """The unpacked files of a small MNIST, which is taken for the real one."""
    made, random = {}, np.random.default_rng(0)
    for split, prefix, count in (("train", "train", 20), ("test", "t10k", 10)):
        monkeypatch.setitem(mnist_files.SPLITS, split, count)
        for field, kind, shape in (
            (f"x_{split}", "images-idx3", (count, 28, 28)),
            (f"y_{split}", "labels-idx1", (count,)),
        ):
            values = random.integers(0, 10, shape, np.uint8).tobytes()
            name = f"{prefix}-{kind}-ubyte"
            content = mnist_files._content(split, field, hashlib.sha256(values).hexdigest())
            made[name] = content.header + values
            packed = hashlib.sha256(gzip.compress(made[name], mtime=0)).hexdigest()
            monkeypatch.setitem(mnist_files.CONTENTS, f"{name}.gz", content)
            monkeypatch.setitem(mnist_files.FILES, f"{name}.gz", packed)
    yield made


def place(folder: Path, files: Files, packed: bool = False, dotted: bool = False) -> None:
    """Writes the files into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        name = name.replace("-idx", ".idx") if dotted else name
        path = folder / (f"{name}.gz" if packed else name)
        path.write_bytes(gzip.compress(data, mtime=0) if packed else data)


def assert_same(digits: ImageSet, other: ImageSet) -> None:
    for pool, like in ((digits.train, other.train), (digits.test, other.test)):
        np.testing.assert_array_equal(pool.images, like.images)
        np.testing.assert_array_equal(pool.labels, like.labels)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("where", ["", "mnist", "MNIST", "MNIST/raw", "raw", "downloads", "my/own"])
def test_files_are_read_where_people_keep_them(
    where: str, packed: bool, files: Files, tmp_path: Path
) -> None:
    place(tmp_path / where, files, packed)
    digits = load_digits("auto", str(tmp_path))
    assert digits.source == f"MNIST (read from {tmp_path / where})"
    assert (len(digits.train), len(digits.test)) == (20, 10)


def test_files_are_read_under_other_names(files: Files, tmp_path: Path) -> None:
    place(tmp_path / "a", files)
    place(tmp_path / "b" / "MNIST", files, dotted=True)
    for name, data in files.items():
        place(tmp_path / "c" / name, {name: data})
    (tmp_path / "d" / "downloads" / "manual").mkdir(parents=True)
    for name, data in files.items():
        # A browser may have unpacked it, and somebody packed it anew.
        (tmp_path / "d" / "downloads" / "manual" / f"{name}.gz").write_bytes(
            data if "labels" in name else gzip.compress(data, 1)
        )
    digits = load_digits("mnist", str(tmp_path / "a"))
    for other in "bcd":
        assert_same(load_digits("mnist", str(tmp_path / other)), digits)


def test_the_archive_of_keras_is_read(files: Files, tmp_path: Path) -> None:
    place(tmp_path / "a", files)
    arrays = {}
    for name, data in files.items():
        content = mnist_files.CONTENTS[f"{name}.gz"]
        values = np.frombuffer(data, np.uint8, offset=len(content.header))
        arrays[content.field] = values.reshape(content.shape)
    (tmp_path / "b").mkdir()
    np.savez(tmp_path / "b" / "mnist.npz", **arrays)
    digits = load_digits("auto", str(tmp_path / "b"))
    assert digits.source == f"MNIST (read from {tmp_path / 'b' / 'mnist.npz'})"
    assert_same(digits, load_digits("auto", str(tmp_path / "a")))
    np.savez(tmp_path / "b" / "mnist.npz", **arrays | {"x_test": 255 - arrays["x_test"]})
    with pytest.raises(DataError, match="mnist.npz is damaged.*sum of 'x_test' is not that"):
        load_digits("auto", str(tmp_path / "b"))


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data[:-1],
        lambda data: data + b"\0",
        lambda data: data[:30] + bytes([data[30] ^ 1]) + data[31:],
        lambda data: gzip.compress(data)[:-9],
        lambda data: b"",
    ],
)
@pytest.mark.parametrize("where", ["MNIST/raw", "downloads/manual"])
def test_damage_in_one_file_is_said_of_that_file(
    where: str, change: Callable[[bytes], bytes], files: Files, tmp_path: Path
) -> None:
    name = "t10k-images-idx3-ubyte"
    place(tmp_path / where, files | {name: change(files[name])})
    for choice in ("auto", "mnist"):
        with pytest.raises(DataError, match=f"{tmp_path / where / name} is damaged"):
            load_digits(choice, str(tmp_path))


def test_files_that_are_not_read_are_named(files: Files, tmp_path: Path) -> None:
    place(tmp_path / "FashionMNIST" / "raw", {name: data[::-1] for name, data in files.items()})
    source = load_digits("auto", str(tmp_path)).source
    assert source.startswith("embedded digits")
    assert f"{tmp_path}/FashionMNIST/raw/train-images-idx3-ubyte is damaged, or of anot" in source
    place(tmp_path / "MNIST" / "raw", {name: files[name] for name in list(files)[:3]})
    source = load_digits("auto", str(tmp_path)).source
    assert f"in {tmp_path}/MNIST/raw it is incomplete, without t10k-labels-idx1-ubyte.gz" in source


def test_a_prepared_folder_further_below_is_named(tmp_path: Path) -> None:
    (tmp_path / "tfds" / "mnist" / "3.0.1").mkdir(parents=True)
    source = load_digits("auto", str(tmp_path)).source
    assert f"it is prepared in {tmp_path}/tfds, which --data_dir could name" in source


def test_placed_files_in_a_folder_that_cannot_be_written(
    files: Files, capfd: pytest.CaptureFixture[str]
) -> None:
    with open_folder() as folder:
        place(folder / "downloads" / "manual", files, packed=True)
        folder.chmod(0o555)
        with nobody():
            digits = load_digits("auto", str(folder))
        assert digits.source == f"MNIST (read from {folder}/downloads/manual)"
        assert capfd.readouterr().err == (
            f"MNIST could not be prepared in {folder} (Permission denied); its four files are read "
            "as they are\n"
        )


def test_nothing_in_a_folder_that_cannot_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mnist, "network_answers", lambda: True)
    load_digits("embedded")
    with open_folder() as folder:
        folder.chmod(0o555)
        with nobody(), pytest.raises(DataError, match="which cannot be written .Permission denied"):
            mnist.load_mnist(str(folder))


class Stop(BaseException):
    """Stands for Ctrl-C."""


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize("placed", [False, True])
def test_a_signal_is_no_fault_of_data(
    placed: bool, wrapped: bool, files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tfds = pytest.importorskip("tensorflow_datasets")

    def stop(*_: object, **__: object) -> None:
        try:
            raise Stop
        except Stop as error:
            if not wrapped:
                raise
            raise RuntimeError("extraction failed") from error

    monkeypatch.setattr(mnist, "network_answers", lambda: True)
    monkeypatch.setattr(tfds, "builder", stop)
    monkeypatch.setattr(tfds, "builder_from_directory", stop)
    if placed:
        place(tmp_path / "downloads" / "manual", files, packed=True)
    with pytest.raises(Stop):
        load_digits("auto", str(tmp_path))
    folder = tmp_path / "mnist" / "3.0.1"
    folder.mkdir(parents=True)
    for name in ("dataset_info.json", "features.json"):
        (folder / name).write_text("{}")
    with pytest.raises(Stop):
        load_digits("auto", str(tmp_path))


def linked(folder: Path) -> Path:
    """An unprepared data directory with the real files."""
    (folder / "downloads" / "manual").mkdir(parents=True)
    for path in (REAL / "downloads" / "manual").iterdir():
        os.symlink(path, folder / "downloads" / "manual" / path.name)
    return folder


@needs_mnist
@pytest.mark.soak
def test_the_real_files_give_what_is_prepared_of_them(tmp_path: Path) -> None:
    prepared = load_digits("mnist", str(REAL))
    for path in linked(tmp_path).joinpath("downloads", "manual").iterdir():
        path.rename(tmp_path / path.name)
    digits = load_digits("mnist", str(tmp_path))
    assert digits.source == f"MNIST (read from {tmp_path})"
    assert_same(digits, prepared)


@needs_mnist
@pytest.mark.soak
def test_a_data_directory_that_is_two_levels_too_deep() -> None:
    source = load_digits("auto", str(REAL / "mnist" / "3.0.1")).source
    assert source.startswith("MNIST (tensorflow-datasets")


PREPARE = """
import os, sys, time, filelock
folder = sys.argv[1]
with filelock.FileLock(os.path.join(folder, ".mnist.lock")):
    print("begun", flush=True)
    time.sleep(1)
    os.makedirs(os.path.join(folder, "mnist", "3.0.1"))
"""


def test_what_another_process_prepares_is_waited_for_and_read(
    files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mnist, "_read", lambda folder: ("train", "test", str(folder)))
    place(tmp_path / "downloads" / "manual", files, packed=True)
    arguments = [sys.executable, "-c", PREPARE, str(tmp_path)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "begun\n"
        digits = load_digits("mnist", str(tmp_path))
    assert digits.source == str(tmp_path / "mnist" / "3.0.1")


LOAD = """
import sys
import terpret.quiet
from datasets.digits import load_digits
for folder in sys.argv[1:]:
    digits = load_digits("mnist", folder)
    pools = (digits.train, digits.test)
    print(digits.source, [len(pool) for pool in pools], hash(pools[0].images.tobytes()))
"""


@needs_mnist
@pytest.mark.soak
def test_two_processes_prepare_ten_folders(tmp_path: Path) -> None:
    folders = [linked(tmp_path / str(k)) for k in range(10)]
    arguments = [sys.executable, "-c", LOAD, *map(str, folders)]
    environment = os.environ | {"PYTHONHASHSEED": "0"}
    both = [
        subprocess.Popen(arguments, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    first, second = (process.communicate(timeout=600)[0] for process in both)
    assert [process.returncode for process in both] == [0, 0]
    assert first == second
    assert first.count("MNIST (tensorflow-datasets mnist 3.0.1) [60000, 10000]") == len(folders)
    for folder in folders:
        assert [path.name for path in (folder / "mnist").iterdir()] == ["3.0.1"]
