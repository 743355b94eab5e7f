"""The digits: their looks, that train and test are apart, and what happens without MNIST."""

import os
import shutil
import time
import urllib.request
from pathlib import Path

import numpy as np
import pytest

from datasets import mnist
from datasets.digits import load_digits
from datasets.embedded_digits import load_embedded
from datasets.pools import ImagePool, ImageSet
from terpret.errors import DataError
from terpret.examples.uci_digits import read_digits

REAL = Path(__file__).parents[3] / "shared" / "data" / "tfds"
needs_mnist = pytest.mark.skipif(not (REAL / "mnist").is_dir(), reason="MNIST is not prepared")


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test of this file depends on a network or touches one, save by replacing this again."""
    monkeypatch.setattr(mnist, "network_answers", lambda: False)


def assert_apart(digits: ImageSet) -> None:
    """Asserts that no picture is in both pools."""
    train = {image.tobytes() for image in digits.train.images}
    assert not any(image.tobytes() in train for image in digits.test.images)


def test_embedded_pools() -> None:
    digits = load_digits("embedded")
    assert digits.source == "embedded digits (1,797 UCI digits)"
    assert (len(digits.train), len(digits.test)) == (1415, 382)
    for pool in (digits.train, digits.test):
        assert pool.images.dtype == np.uint8 and pool.images.shape[1:] == (28, 28)
        assert pool.labels.dtype == np.int32
        counts = np.bincount(pool.labels, minlength=10) / len(pool)
        assert np.all(np.abs(counts - 0.1) < 0.015)
    assert_apart(digits)


def test_embedded_digits_look_like_mnist() -> None:
    images = np.concatenate([pool.images for pool in load_embedded()])
    assert images.max() == 255 and 25 < images.mean() < 45
    ink = images > 30
    heights = 28 - ink.any(2).argmax(1) - ink.any(2)[:, ::-1].argmax(1)
    assert 19 <= heights.mean() <= 21
    centres = (images.sum(axis=2, dtype=float) @ np.arange(28)) / images.sum(axis=(1, 2))
    assert np.all(np.abs(centres - 13.5) <= 0.5 + 1e-9)


def test_embedded_file_damaged(tmp_path: Path) -> None:
    broken = tmp_path / "digits.npz"
    broken.write_bytes(b"not an archive")
    with pytest.raises(DataError, match="cannot be read from .*digits.npz"):
        read_digits(broken)
    np.savez(broken, images=np.zeros((3, 8, 8), np.uint8), labels=np.zeros(3, np.uint8))
    with pytest.raises(DataError, match="does not hold the 1,797 digits"):
        read_digits(broken)


def test_unknown_choice() -> None:
    with pytest.raises(DataError) as caught:
        load_digits("usps")
    assert str(caught.value) == "There are no digits 'usps'; the choices are auto, mnist, embedded."


def test_auto_falls_back_and_says_so(tmp_path: Path) -> None:
    digits = load_digits("auto", str(tmp_path))
    assert digits.source == (
        f"embedded digits (1,797 UCI digits; MNIST not found in {tmp_path} and not downloadable)"
    )
    assert len(digits.train) == 1415


def test_default_directory_is_that_of_tfds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "elsewhere"))
    assert f"MNIST not found in {tmp_path / 'elsewhere'} and" in load_digits("auto").source


def test_mnist_absent_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        load_digits("mnist", str(tmp_path))
    manual = tmp_path / "downloads" / "manual"
    assert str(caught.value) == (
        f"MNIST was not found in {tmp_path} (neither prepared nor as files in {manual}), and "
        "storage.googleapis.com does not give it out within 3 seconds; place its four .gz files in "
        f"{manual}, or choose the embedded digits."
    )


def test_data_directory_does_not_exist(tmp_path: Path) -> None:
    nowhere = str(tmp_path / "nowhere")
    with pytest.raises(DataError, match=f"The data directory {nowhere} does not exist"):
        load_digits("mnist", nowhere)
    source = load_digits("auto", nowhere).source
    assert source == (
        f"embedded digits (1,797 UCI digits; the data directory {nowhere} does not exist)"
    )
    assert not Path(nowhere).exists()


@pytest.mark.parametrize("choice", ["auto", "mnist"])
def test_damaged_placed_file(choice: str, tmp_path: Path) -> None:
    manual = tmp_path / "downloads" / "manual"
    manual.mkdir(parents=True)
    (manual / "t10k-images-idx3-ubyte.gz").write_bytes(b"truncated")
    with pytest.raises(DataError, match="t10k-images-idx3-ubyte.gz is damaged"):
        load_digits(choice, str(tmp_path))


def test_incomplete_placed_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    manual = tmp_path / "downloads" / "manual"
    manual.mkdir(parents=True)
    (manual / "t10k-labels-idx1-ubyte.gz").write_bytes(b"")
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    monkeypatch.setitem(mnist.FILES, "t10k-labels-idx1-ubyte.gz", empty)
    with pytest.raises(DataError, match="incomplete: train-images-idx3-ubyte.gz, train-labels"):
        load_digits("auto", str(tmp_path))


@pytest.mark.parametrize("choice", ["auto", "mnist"])
def test_damaged_description(choice: str, tmp_path: Path) -> None:
    (tmp_path / "mnist" / "3.0.1").mkdir(parents=True)
    (tmp_path / "mnist" / "3.0.1" / "dataset_info.json").write_text("{ cut")
    with pytest.raises(DataError, match="is damaged: dataset_info.json cannot be read"):
        load_digits(choice, str(tmp_path))


@pytest.mark.parametrize("failure", ["download", "disk"])
def test_failing_preparation(failure: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tfds = pytest.importorskip("tensorflow_datasets")

    def fail(*_: object, **__: object) -> None:
        raise (
            ConnectionError("reset by peer") if failure == "download" else OSError(28, "disk full")
        )

    monkeypatch.setattr(mnist, "network_answers", lambda: True)
    monkeypatch.setattr(tfds, "builder", fail)
    if failure == "download":
        source = load_digits("auto", str(tmp_path)).source
        assert f"MNIST not found in {tmp_path} and its download failed" in source
    else:
        with pytest.raises(DataError, match=r"could not be prepared in .* \(disk full\)"):
            load_digits("auto", str(tmp_path))


def test_probe_has_a_hard_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(mnist, "PROBE_SECONDS", 0.1)
    monkeypatch.setattr(urllib.request, "urlopen", lambda *_, **__: time.sleep(2))
    begun = time.monotonic()
    assert not mnist.network_answers()
    assert time.monotonic() - begun < 1.0


def test_probe_survives_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()

    def refuse(*_: object, **__: object) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(urllib.request, "urlopen", refuse)
    assert not mnist.network_answers()


def test_pool_refuses_other_arrays() -> None:
    images, labels = np.zeros((2, 28, 28), np.uint8), np.zeros(2, np.int32)
    with pytest.raises(ValueError, match="images must be uint8"):
        ImagePool(images.astype(np.float32), labels)
    with pytest.raises(ValueError, match="labels must be int32"):
        ImagePool(images, labels.astype(np.int64))
    with pytest.raises(ValueError, match="no image"):
        ImagePool(images[:0], labels[:0])


@needs_mnist
def test_real_mnist(capfd: pytest.CaptureFixture[str]) -> None:
    digits = load_digits("auto", str(REAL))
    assert digits.source.startswith("MNIST (tensorflow-datasets mnist 3.")
    assert (len(digits.train), len(digits.test)) == (60000, 10000)
    assert np.bincount(digits.train.labels).tolist() == [
        5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949
    ]  # fmt: skip
    assert digits.train.images.max() == 255
    assert_apart(digits)
    assert capfd.readouterr().out == ""


@needs_mnist
@pytest.mark.parametrize("choice", ["auto", "mnist"])
def test_truncated_mnist(choice: str, tmp_path: Path) -> None:
    copy = tmp_path / "mnist" / "3.0.1"
    shutil.copytree(REAL / "mnist" / "3.0.1", copy)
    os.truncate(copy / "mnist-train.tfrecord-00000-of-00001", 20_000)
    with pytest.raises(DataError, match="is damaged: mnist-train.tfrecord-00000-of-00001 cannot"):
        load_digits(choice, str(tmp_path))
