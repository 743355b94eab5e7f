"""The operators: 150 and 50 of each from files in many forms, and a clear word on bad ones."""

import gzip
import os
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest

from datasets.operator_files import read_file
from datasets.operators import OPERATORS, load_operators
from datasets.pools import ImageSet
from terpret.errors import DataError
from tests.datasets.nobody import nobody, open_folder

REAL = Path(__file__).parents[3] / "shared" / "data" / "operators" / "bhmsds.npz"
Fields = dict[str, np.ndarray]


def fields(each: int = 8, names: tuple[str, ...] = OPERATORS) -> Fields:
    """So many images of each name; the first pixel tells the label, the next two the number."""
    labels = np.tile(np.arange(len(names)), each)
    images = np.zeros((len(labels), 28, 28), np.uint8)
    images[:, 0, 0] = labels
    numbers = np.arange(len(labels))
    images[:, 0, 1], images[:, 0, 2] = numbers % 256, numbers // 256
    return {"images": images, "label": labels.astype(np.uint8), "label_names": np.array(names)}


def stored(folder: Path, arrays: Fields, name: str = "operators.npz") -> Path:
    """A file of these arrays."""
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(folder / name, **arrays)
    return folder / name


def images_of(operators: ImageSet) -> list[bytes]:
    """The images of both pools."""
    return [image.tobytes() for p in (operators.train, operators.test) for image in p.images]


def refusal(path: Path) -> str:
    """What is said of a file that is refused, which names it, without its name."""
    with pytest.raises(DataError) as caught:
        load_operators(str(path))
    message = str(caught.value)
    assert str(path) in message and message.endswith(".") and "\n" not in message
    return message.replace(str(path), "FILE")


def assert_parted_as_in_the_paper(operators: ImageSet) -> None:
    """Asserts 150 and 50 of each, no image twice."""
    assert np.bincount(operators.train.labels).tolist() == [150] * 4
    assert np.bincount(operators.test.labels).tolist() == [50] * 4
    assert len(set(images_of(operators))) == 800


def test_embedded_pools() -> None:
    operators = load_operators("embedded")
    assert operators.source == (
        "embedded operators (pen strokes drawn by the project); 150 training and 50 test images of "
        "each"
    )
    assert_parted_as_in_the_paper(operators)
    assert images_of(operators) == images_of(load_operators("embedded"))


@pytest.mark.skipif(not REAL.is_file(), reason="there are no handwritten operators")
def test_real_operators() -> None:
    operators = load_operators(str(REAL))
    assert operators.source == (f"operators of {REAL}; 150 training and 50 test images of each")
    assert_parted_as_in_the_paper(operators)
    with np.load(REAL) as archive:
        known = {
            image.tobytes(): str(archive["label_names"][label])
            for image, label in zip(archive["images"], archive["label"], strict=True)
        }
    for pool in (operators.train, operators.test):
        for image, label in zip(pool.images, pool.labels, strict=True):
            assert known[image.tobytes()] == "+-*/"[label]


def test_the_choice_is_fixed_and_spread_over_the_file(tmp_path: Path) -> None:
    path = stored(tmp_path, fields(each=500))
    operators = load_operators(str(path))
    assert_parted_as_in_the_paper(operators)
    numbers = operators.test.images[:, 0, 1] + 256 * operators.test.images[:, 0, 2].astype(int)
    assert 800 < np.mean(numbers) < 1200
    assert images_of(operators) == images_of(load_operators(str(path)))


@pytest.mark.parametrize(
    "names",
    [
        ("/", "*", "-", "+"),
        ("times", "plus", "divide", "minus"),
        ("Slash", "x", " add", "\N{MINUS SIGN}"),
        ("multiply", "obelus", "subtract", "plus"),
    ],
)
def test_label_names_may_come_in_any_order(names: tuple[str, ...], tmp_path: Path) -> None:
    pool = read_file(stored(tmp_path, fields(names=names)))
    meant = {0: "+ plus add", 1: "- minus subtract \N{MINUS SIGN}", 2: "* times x multiply"}
    for image, label in zip(pool.images, pool.labels, strict=True):
        name = names[image[0, 0]].strip().lower()
        assert name in meant.get(int(label), "/ divide slash obelus").split()


def test_other_labels_are_passed_over(tmp_path: Path) -> None:
    pool = read_file(stored(tmp_path, fields(names=("dot", "+", "-", "7", "*", "/"))))
    assert set(pool.images[:, 0, 0]) == {1, 2, 4, 5}
    assert np.bincount(pool.labels).tolist() == [8] * 4


def test_repeats_are_passed_over(tmp_path: Path) -> None:
    arrays = fields(each=20)
    repeated = {name: np.concatenate([arrays[name]] * 2) for name in ("images", "label")}
    pool = read_file(stored(tmp_path, arrays | repeated))
    np.testing.assert_array_equal(pool.images, arrays["images"])


def test_an_operator_is_written_in_one_way(tmp_path: Path) -> None:
    arrays = fields(each=10)
    arrays["glyph"] = arrays["label"].copy()
    obelus = np.flatnonzero(arrays["label"] == 3)[:4]
    arrays["glyph"][obelus] = 5
    pool = read_file(stored(tmp_path, arrays))
    assert np.bincount(pool.labels).tolist() == [10, 10, 10, 6]
    arrays["glyph"][arrays["label"] == 3] = np.repeat([3, 5], [4, 6])
    assert np.bincount(read_file(stored(tmp_path, arrays)).labels).tolist() == [10, 10, 10, 6]


def test_fewer_images_are_parted_alike(tmp_path: Path) -> None:
    arrays = fields(each=250)
    few = np.flatnonzero(arrays["label"] == 2)[167:]
    arrays = {n: v if n == "label_names" else np.delete(v, few, 0) for n, v in arrays.items()}
    path = stored(tmp_path, arrays)
    operators = load_operators(str(path))
    assert operators.source == f"operators of {path}; 125 training and 42 test images of each"
    assert np.bincount(operators.train.labels).tolist() == [125] * 4
    assert np.bincount(operators.test.labels).tolist() == [42] * 4
    assert len(set(images_of(operators))) == 4 * 167


def test_auto_takes_what_is_placed_and_says_so(tmp_path: Path) -> None:
    source = load_operators("auto", str(tmp_path)).source
    assert source.startswith(
        f"embedded operators (pen strokes drawn by the project; no others found in {tmp_path})"
    )
    path = stored(tmp_path / "downloads" / "manual", fields())
    assert load_operators("auto", str(tmp_path)).source.startswith(f"operators of {path}; 6 ")
    path.write_bytes(b"damaged")
    with pytest.raises(DataError, match="cannot be read as an .npz file"):
        load_operators("auto", str(tmp_path))


def test_the_default_directory_is_that_of_tfds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    assert f"no others found in {tmp_path}" in load_operators("auto").source


def test_no_such_file(tmp_path: Path) -> None:
    assert refusal(tmp_path / "nowhere.npz") == (
        "There are no operators 'FILE'; name an .npz file or a prepared folder that exists, or "
        "choose auto or embedded."
    )


@pytest.mark.parametrize("content", [b"", b"not an archive", b"\x93NUMPY\x01\x00"])
def test_not_an_archive(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "operators.npz"
    path.write_bytes(content)
    assert refusal(path) == (
        "FILE cannot be read as an .npz file: it is of another kind or was cut short; place a "
        "sound copy there."
    )


def test_truncated_file(tmp_path: Path) -> None:
    path = stored(tmp_path, fields())
    os.truncate(path, path.stat().st_size // 2)
    assert "was cut short" in refusal(path)


def test_damaged_inside(tmp_path: Path) -> None:
    path = stored(tmp_path, fields())
    content = bytearray(path.read_bytes())
    content[2000:3000] = bytes(255 - byte for byte in content[2000:3000])
    path.write_bytes(content)
    assert refusal(path) == "FILE is damaged; place a sound copy there."


@pytest.mark.parametrize("name", ["images", "label", "label_names"])
def test_pickle_inside(name: str, tmp_path: Path) -> None:
    arrays = fields()
    arrays[name] = arrays[name].astype(object)
    assert refusal(stored(tmp_path, arrays)) == (
        "FILE holds pickled objects, which are not read because they can run code; store arrays "
        "of numbers and of strings only."
    )


@pytest.mark.parametrize("name", ["images", "label", "label_names"])
def test_missing_field(name: str, tmp_path: Path) -> None:
    arrays = fields()
    del arrays[name]
    assert refusal(stored(tmp_path, arrays)) == (
        f"FILE has no field '{name}'; it needs images, label, label_names."
    )


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        ("images", np.zeros((32, 32, 32), np.uint8), "is uint8 [32, 32, 32]; it must be uint8 [n,"),
        ("images", np.zeros((32, 28, 28)), "is float64 [32, 28, 28]; it must be uint8 [n,"),
        ("images", np.uint8(3), "is uint8 []; it must be uint8 [n, 28, 28]."),
        ("label", np.zeros(5, int), "is int64 [5]; it must be integers [32], one for each image."),
        ("label", np.zeros(32), "is float64 [32]; it must be integers [32], one for each image."),
        ("label_names", np.arange(4), "is int64 [4]; it must be strings [k]."),
        ("glyph", np.zeros(5, int), "is int64 [5]; it must be integers [32], one for each image."),
    ],
)  # fmt: skip
def test_wrong_field(name: str, array: np.ndarray, message: str, tmp_path: Path) -> None:
    assert f"'{name}' in FILE {message}" in refusal(stored(tmp_path, fields() | {name: array}))


@pytest.mark.parametrize("label", [4, -1])
def test_label_outside_the_names(label: int, tmp_path: Path) -> None:
    arrays = fields()
    arrays["label"] = arrays["label"].astype(int)
    arrays["label"][7] = label
    assert refusal(stored(tmp_path, arrays)) == (
        f"FILE has the label {label}, which is none of its 4 label_names; number the label_names "
        "from 0 on."
    )


def test_missing_operator(tmp_path: Path) -> None:
    assert refusal(stored(tmp_path, fields(names=("+", "-", "/", "dot")))) == (
        "FILE lacks operators: it has 8 of +, 8 of -, 0 of *, 8 of /, by its label_names "
        "+, -, /, dot; it needs 4 different images of each, better 200."
    )
    arrays = fields()
    kept = arrays["label"] != 1
    arrays |= {name: arrays[name][kept] for name in ("images", "label")}
    assert "0 of -" in refusal(stored(tmp_path, arrays))


def test_too_few_of_an_operator(tmp_path: Path) -> None:
    assert "it has 3 of +, 3 of -, 3 of *, 3 of /" in refusal(stored(tmp_path, fields(each=3)))
    empty = fields(each=0)
    assert "it has 0 of +" in refusal(stored(tmp_path, empty))


def test_a_folder_that_holds_the_file_is_read(tmp_path: Path) -> None:
    path = stored(tmp_path, fields())
    assert load_operators(str(tmp_path)).source.startswith(f"operators of {path}; 6 ")
    assert load_operators("auto", str(tmp_path)).source.startswith(f"operators of {path}; 6 ")
    # What has the name but was not placed for the project may be anything, and is only named.
    path.write_bytes(b"PK")
    source = load_operators("auto", str(tmp_path)).source
    assert source.startswith(
        "embedded operators (pen strokes drawn by the project; no others found in "
        f"{tmp_path}, for {path} cannot be read as an .npz file"
    )


def test_files_of_other_kinds(tmp_path: Path) -> None:
    path = stored(tmp_path, fields())
    (tmp_path / "packed.npz.gz").write_bytes(gzip.compress(path.read_bytes()))
    assert refusal(tmp_path / "packed.npz.gz") == (
        "FILE is packed by gzip; unpack it, and name the .npz file in it."
    )
    np.save(tmp_path / "images.npy", fields()["images"])
    assert refusal(tmp_path / "images.npy") == (
        "FILE is an .npy file, of one array; it must be an .npz file with images, label, "
        "label_names."
    )
    np.savez(tmp_path / "mnist.npz", x_train=np.zeros(3), y_train=np.zeros(3))
    assert refusal(tmp_path / "mnist.npz") == (
        "FILE holds x_train, y_train; it needs images, label, label_names."
    )
    with zipfile.ZipFile(tmp_path / "pictures.zip", "w") as archive:
        archive.writestr("plus/1.png", b"")
    assert refusal(tmp_path / "pictures.zip") == (
        "FILE holds plus/1.png; it needs images, label, label_names."
    )
    (tmp_path / "pictures" / "plus").mkdir(parents=True)
    assert "or an .npz file with images, label, label_names." in refusal(tmp_path / "pictures")


@pytest.mark.parametrize("wrong", ["operator.npz", "Operators.npz", "oprators.npz"])
def test_a_misspelt_file_is_asked_about(wrong: str, tmp_path: Path) -> None:
    path = stored(tmp_path, fields())
    with pytest.raises(DataError, match=re.escape(f"(did you mean {path}?)")):
        load_operators(str(tmp_path / wrong))
    with pytest.raises(DataError, match=r"'embeded' \(did you mean embedded\?\)"):
        load_operators("embeded")
    with pytest.raises(DataError, match="There are no operators ''"):
        load_operators("")


def test_a_file_that_may_not_be_read() -> None:
    with open_folder() as folder:
        path = stored(folder, fields())
        path.chmod(0o000)
        with nobody(), pytest.raises(DataError, match=r"cannot be read \(Permission denied\)"):
            load_operators(str(path))
