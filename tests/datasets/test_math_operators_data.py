"""The data set of operators that tensorflow-datasets prepares, and what is said of damaged ones."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from datasets.operators import OPERATORS, load_operators
from terpret.errors import DataError

tfds = pytest.importorskip("tensorflow_datasets")

from datasets.math_operators import MathOperators, prepare  # noqa: E402

DATA = "math_operators-full.tfrecord-00000-of-00001"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of 10 images of each operator, its labels in another order than ours."""
    images = np.random.default_rng(0).integers(0, 256, (40, 28, 28), dtype=np.uint8)
    path = tmp_path_factory.mktemp("manual") / "operators.npz"
    names = np.array(["divide", "plus", "times", "minus"])
    np.savez(path, images=images, label=np.arange(40) % 4, label_names=names)
    return path


@pytest.fixture(scope="module")
def data_dir(file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with that file prepared."""
    folder = tmp_path_factory.mktemp("data")
    assert prepare(str(file), str(folder)) == folder / "math_operators" / "1.0.0"
    return folder


def test_the_folder_gives_what_the_file_gives(
    file: Path, data_dir: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = data_dir / "math_operators" / "1.0.0"
    capfd.readouterr()
    prepared, placed = load_operators(str(folder)), load_operators(str(file))
    assert capfd.readouterr().out == ""
    assert prepared.source == f"operators of {folder}; 7 training and 3 test images of each"
    for part in ("train", "test"):
        ours, theirs = getattr(prepared, part), getattr(placed, part)
        np.testing.assert_array_equal(ours.images, theirs.images)
        np.testing.assert_array_equal(ours.labels, theirs.labels)
    assert load_operators("auto", str(data_dir)).source == prepared.source


def test_the_manual_directory_will_do(file: Path, tmp_path: Path) -> None:
    builder = MathOperators(data_dir=str(tmp_path))
    config = tfds.download.DownloadConfig(manual_dir=str(file.parent))
    builder.download_and_prepare(download_config=config)
    assert builder.info.splits["full"].num_examples == 40
    assert builder.info.features["label"].names == list(OPERATORS)
    assert len(load_operators("auto", str(tmp_path)).train) == 28


def test_a_file_that_cannot_be_prepared(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="There is no file .*nowhere.npz; name an .npz file"):
        prepare(str(tmp_path / "nowhere.npz"), str(tmp_path))
    (tmp_path / "operators.npz").write_bytes(b"not an archive")
    with pytest.raises(DataError, match="cannot be read as an .npz file"):
        prepare(str(tmp_path / "operators.npz"), str(tmp_path))
    assert load_operators("auto", str(tmp_path)).source.startswith("embedded")


def test_a_folder_that_is_not_prepared(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        load_operators(str(tmp_path))
    assert str(caught.value) == (
        f"{tmp_path} is not a folder that tensorflow-datasets has prepared (it has no "
        "dataset_info.json), and holds no operators.npz; name the folder of a version, such as "
        "math_operators/1.0.0, or an .npz file with images, label, label_names."
    )


@pytest.mark.parametrize("part", [DATA, "dataset_info.json", "features.json"])
def test_a_damaged_folder(part: str, data_dir: Path, tmp_path: Path) -> None:
    copy = tmp_path / "math_operators" / "1.0.0"
    shutil.copytree(data_dir / "math_operators" / "1.0.0", copy)
    os.truncate(copy / part, 100)
    with pytest.raises(DataError) as caught:
        load_operators("auto", str(tmp_path))
    assert str(caught.value) == (
        f"{copy} is damaged, or another data set than one of operators; remove that folder to have "
        "it prepared anew."
    )
