"""Wrong data files: all faults at once, each with its place and with what is accepted."""

import errno
import itertools
import os
import struct
import zlib

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from terpret import InputError
from terpret.data import csv_table, given_arrays, image_files, npz_file
from terpret.data.examples import examples_of, read_examples, read_sets
from terpret.data.faults import MOST
from terpret.data.given_arrays import as_arrays
from terpret.errors import RunError
from tests.language.helpers import checked
from tests.own_images import ONE, arrays_of, as_csv, as_npz, npy, sums, zipped

INTEGERS = "x = Input(4)[2]\ny = Output(5)\ny.set_to(0)\n"
IMAGES = "a = InputTensor(2, 2)\ny = Output(5)\ny.set_to(0)\n"


def refused(read, *arguments) -> list[str]:
    """The lines that say what is wrong."""
    with pytest.raises(InputError) as error:
        read(*arguments)
    return str(error.value).split("\n")


@pytest.mark.parametrize(
    "change, message",
    [
        (
            {"totl": 0},
            "no Input or Output 'totl', and no labels of that name; did you mean 'total'",
        ),
        ({"digits": np.zeros(6)}, "'digits', and no labels of that name; did you mean '"),
        ({"a": None}, "'a' is missing: give 'a' [examples, 4, 3], or 'a_pool' [images, 4, 3] and"),
        ({"b": None}, "or 'b_pool' [images, 4, 3] and 'b_index' [examples, 2]"),
        ({"parts": None}, "'parts' is missing: give 'parts' [examples, 2]"),
        ({"a": np.zeros((6, 3, 4))}, "'a' has the shape (6, 3, 4), not [examples, 4, 3]"),
        ({"c": np.zeros(())}, "'c' has the shape (), not [examples]"),
        ({"c": np.zeros(5, int)}, "different numbers of examples: 'a' has 6, 'b' has 6, 'c' has 5"),
        ({"c": [0, 1, 2, 5, 0, 0]}, "'c', example 3 is 5, not an integer 0..4"),
        ({"c": [0, 1, 2, -1, 0, 0]}, "'c', example 3 is -1, not an integer 0..4"),
        ({"c": [0, 1, 2, 0.5, 0, 0]}, "'c', example 3 is 0.5, not an integer 0..4"),
        ({"c": [0, 1, 2, np.nan, 0, 0]}, "'c', example 3 is nan, not an integer 0..4"),
        ({"c": list("abcdef")}, "'c' is of dtype <U1, not of integers or floats"),
        ({"c": [None] * 6}, "'c' is of dtype object"),
        ({"c": np.zeros(6, complex)}, "'c' is of dtype complex128"),
        (
            {"total": [0, 1, 19, 0, 0, 0]},
            "'total', example 2 is 19, not an integer 0..18 (-1: not ",
        ),
        ({"parts": np.full((6, 2), -2)}, "'parts', example 0 [0] is -2, not an integer 0..9 (-1:"),
        (
            {"a": np.full((6, 4, 3), np.inf)},
            "'a', example 0 [0, 0] is inf, which is not a finite number",
        ),
        (
            {"a": np.full((6, 4, 3), np.nan)},
            "'a', example 0 [0, 0] is nan, which is not a finite number",
        ),
        ({"a": np.full((6, 4, 3), 5e9)}, "[0, 0] is 5000000000.0, outside -4e+09..4e+09: scale"),
        (
            {"a": np.ma.masked_equal(arrays_of()["a"], arrays_of()["a"][1, 2, 0])},
            "'a', example 1 [2, 0] is masked, and only labels and integers of an Output may be",
        ),
        ({"c": np.ma.array(range(6), mask=[0, 0, 1, 0, 0, 0])}, "'c', example 2 is masked, and"),
        ({"a": np.full((6, 4, 3), -1)}, "'a', example 0 [0, 0] is -1, outside 0..255"),
        (
            {"a_pool": np.zeros((1, 4, 3))},
            "'a' and 'a_pool': give 'a' [examples, 4, 3], or 'a_pool'",
        ),
        ({"c_index": np.zeros(6)}, "'c_index': only an InputTensor has a pool and an index"),
        (
            {"a_digit": np.full(6, 10)},
            "'a_digit', example 0 is 10, not an integer 0..9 (-1: not known",
        ),
        ({"a_digit": np.zeros(5)}, "different numbers of examples"),
        ({"b_digit": np.zeros(6)}, "'b_digit' has the shape (6,), not [examples, 2]"),
    ],
)
def test_wrong_arrays_are_said(change, message):
    arrays = {**arrays_of(), **change}
    arrays = {name: value for name, value in arrays.items() if value is not None}
    lines = refused(examples_of, arrays, sums())
    assert any(message in line for line in lines), lines
    assert all(line.startswith(("data: ", "and ")) for line in lines)


def test_a_wrong_index_names_an_image_that_is_not_there():
    arrays = {"a_pool": np.zeros((2, 4, 3)), "a_index": [0, 2], "y": [1, 1]}
    assert refused(examples_of, arrays, checked(ONE)) == [
        "data: 'a_index', example 1 is 2, not an integer 0..1"
    ]
    only = {"a_index": [0], "y": [1]}
    assert "'a_index': give 'a'" in refused(examples_of, only, checked(ONE))[0]
    twice = {"a": np.zeros((2, 4, 3)), "y": [1, 1], "digit": [1, 1], "a_digit": [1, 1]}
    assert "labels of 'a' a second time" in refused(examples_of, twice, checked(ONE))[0]


def test_twenty_faults_are_shown_and_the_others_counted(tmp_path):
    arrays = {"x": np.full((50, 2), 9), "y": np.zeros(50)}
    lines = refused(examples_of, arrays, checked(INTEGERS))
    assert len(lines) == 21 and lines[-1] == "and 80 more faults"
    text = "x[0],x[1],y\n" + "9,9,0\n" * 50
    (tmp_path / "one.csv").write_text(text)
    lines = refused(read_examples, tmp_path / "one.csv", checked(INTEGERS))
    likewise = "is not an integer 0..3; likewise in lines 3, 4, 5 and 46 more"
    place = f"{tmp_path / 'one.csv'}:2, column"
    assert lines == [f"{place} '{name}': '9' {likewise}" for name in ("x[0]", "x[1]")]


def test_rows_with_the_same_fault_are_told_together(tmp_path):
    path = tmp_path / "one.csv"
    path.write_text("x[0],x[1],y\n1,,0\n9,1,0\n1,8,0\n7,,0\n")
    assert refused(read_examples, path, checked(INTEGERS)) == [
        f"{path}:2, column 'x[1]': empty: it must be an integer 0..3; likewise in line 5",
        f"{path}:3, column 'x[0]': '9' is not an integer 0..3; likewise in line 5",
        f"{path}:4, column 'x[1]': '8' is not an integer 0..3",
    ]
    path.write_text("x[0],x[1],y\n" + "9,1,0\n" * 3)
    (line,) = refused(read_examples, path, checked(INTEGERS))
    assert line.endswith("; likewise in lines 3 and 4")


@pytest.mark.parametrize("rows", ["1,2\n", '1,"2\n', "1,2\n1\n"])
def test_rows_that_are_wrong_are_not_said_to_be_missing(tmp_path, rows):
    (tmp_path / "one.csv").write_text(f"x[0],x[1],y\n{rows}")
    (tmp_path / "two.csv").write_text("1,2,3\n")
    for name in ("one.csv", "two.csv"):
        lines = refused(read_examples, tmp_path / name, checked(INTEGERS))
        assert not any("no examples" in line for line in lines)


def test_data_without_any_label_are_refused(tmp_path):
    model = checked(INTEGERS)
    message = "no Output is observed in any example"
    assert message in refused(examples_of, {"x": [[0, 0]], "y": [-1]}, model)[0]
    (tmp_path / "one.csv").write_text("x[0],x[1],y\n1,1,\n")
    assert message in refused(read_examples, tmp_path / "one.csv", model)[0]
    rows = {"x": np.zeros((20, 2)), "y": np.r_[np.zeros(18), -1, -1]}
    (line,) = refused(read_sets, as_npz(tmp_path / "one.npz", rows), "", model)
    assert "no Output is observed in any of the examples that are held out to test on" in line


@pytest.mark.parametrize(
    "members, message",
    [
        ({"x.npy": npy([[0, 0]]), "y.npy": npy([{}])}, "'y' holds Python objects"),
        ({"x.npy": npy([[0, 0]]), "y.txt": b"1"}, "'y.txt' is no array"),
        ({"x.npy": npy([[0, 0]]), "y.npy": b"1"}, "'y' is damaged"),
        (
            {"x.npy": npy([[0, 0]]), "y.npy": npy([1, 2, 3])[:-4]},
            "'y' is damaged: it has 148 bytes",
        ),
        ({"x.npy": npy([[0, 0]]), "y.npy": npy(np.zeros(1, "i4,f4"))}, "'y' is of "),
        ({"x.npy": npy([[0, 0]]), "y.npy": npy(["a"])}, "'y' is of dtype <U1"),
        ({"x.npy": npy(np.zeros((0, 2))), "y.npy": npy(np.zeros(0))}, "there are no examples"),
    ],
)
def test_wrong_members_of_an_npz_file_are_said(tmp_path, members, message):
    for packed in (False, True):
        path = zipped(tmp_path / "one.npz", members, packed)
        lines = refused(read_examples, path, checked(INTEGERS))
        assert any(message in line for line in lines), lines
        assert all(line.startswith(str(path)) for line in lines)


def test_damaged_npz_files_are_said(tmp_path, monkeypatch):
    model, path = checked(INTEGERS), tmp_path / "one.npz"
    good = zipped(path, {"x.npy": npy(np.zeros((9, 2), "i1")), "y.npy": npy([0] * 9)}).read_bytes()
    for data in (b"", b"nothing", good[:200], good[:-30]):
        path.write_bytes(data)
        assert "this is no .npz file, or damaged" in refused(read_examples, path, model)[0]
    place = good.index(b"\n") + 3
    path.write_bytes(good[:place] + b"\x01" + good[place + 1 :])
    assert "'x' is damaged: bad crc-32" in refused(read_examples, path, model)[0]
    path.write_bytes(npy([1]))
    assert "one array alone: save it with its name" in refused(read_examples, path, model)[0]
    monkeypatch.setattr(npz_file, "MAX_UNPACKED", 1000)
    zipped(path, {"x.npy": bytes(2000)}, packed=True)
    assert "compressed arrays have more than" in refused(read_examples, path, model)[0]


@pytest.mark.parametrize(
    "text, message",
    [
        (b"", ":1: the first line is empty"),
        (b"\n1,2,3\n", ":1: the first line is empty"),
        (b"1,2,3\n1,2,3\n", ":1: it names no column of the model's: its first line must name"),
        (b"x[0];x[1];y\n1;2;3\n", "separated by commas, not by ';'"),
        (b"x[0]\tx[1]\ty\n", "separated by commas, not by tabs"),
        (b"x[0],x[1],y\n", "there are no examples below the names"),
        (b"x[0],y\n1,2\n", ":1: the column 'x[1]' is missing: an integer 0..3"),
        (b"x[0],x[1],y,y\n1,1,1,1\n", ":1: the column 'y' is there twice"),
        (b"x[0],x[1],y,Y\n1,1,1,1\n", ":1: column 4: the model has no Input or Output 'Y'"),
        (b"x[0],x[1],y,\n1,1,1,\n", ":1: column 4: the model has no Input or Output ''"),
        (b"x[0],x[1],y\n1,2\n", ":2: the row has 2 cells, the first line 3"),
        (b'x[0],x[1],y\n1,2,3\n1,2,"3\n', ":3: this is not CSV"),
        (b"x[0],x[1],y\n1,\xff,3\n", "the file is not UTF-8 text"),
        ("x[0],x[1],y\n".encode("utf-16"), "the file is not UTF-8 text"),
        (b"x[0],x[1],y\n1,,3\n", ":2, column 'x[1]': empty: it must be an integer 0..3"),
        (b"x[0],x[1],y\n1,2,5\n", ":2, column 'y': '5' is not an integer 0..4, or nothing where"),
        (b"x[0],x[1],y\n1,1.5,nan\n", ":2, column 'x[1]': '1.5' is not an integer 0..3"),
        (b"x[0],x[1],y\n1,1,nan\n", ":2, column 'y': 'nan' is not an integer 0..4, or nothing"),
        (b'x[0],x[1],y\n"1\n",1,3\n1,1,9\n', ":4, column 'y': '9' is not"),
    ],
)
def test_wrong_csv_files_are_said(tmp_path, text, message):
    path = tmp_path / "one.csv"
    path.write_bytes(text)
    lines = refused(read_examples, path, checked(INTEGERS))
    assert any(message in line for line in lines), lines
    assert all(line.startswith(str(path)) for line in lines)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def test_image_files_that_are_missing_or_cannot_be_decoded_are_said_once(tmp_path):
    good = tmp_path / "good.png"
    Image.new("L", (2, 2)).save(good)
    (tmp_path / "text.png").write_text("nothing")
    (tmp_path / "short.png").write_bytes(good.read_bytes()[:-25])
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "gone.png").symlink_to("nowhere")
    Image.new("L", (2, 2)).save(tmp_path / "good.gif")
    size = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + chunk(b"IDAT", zlib.compress(b""))
    (tmp_path / "bomb.png").write_bytes(bomb)
    wrong = {
        "none.png": "cannot be read: no such file or directory",
        "text.png": "is no PNG or JPEG image",
        "good.gif": "is no PNG or JPEG image",
        "short.png": "cannot be decoded: ",
        "folder.png": "is not a file",
        "gone.png": "cannot be read: no such file or directory",
        "bomb.png": "has 60000 x 60000 pixels, more than 40,000,000",
    }
    rows = "".join(f"{name},1\n" for name in ("good.png", *wrong, *wrong))
    (tmp_path / "one.csv").write_text(f"a,y\n{rows},1\n")
    lines = refused(read_examples, tmp_path / "one.csv", checked(IMAGES))
    where = f"{tmp_path / 'one.csv'}"
    alike = {"good.gif": "text.png", "gone.png": "none.png"}
    shown = [name for name in wrong if name not in alike]
    for line, name in zip(lines, shown, strict=False):
        number = 3 + list(wrong).index(name)
        assert line.startswith(f"{where}:{number}, column 'a': '{name}' {wrong[name]}")
        assert ("; likewise in line " in line) == (name in alike.values())
    assert lines[-1] == f"{where}:17, column 'a': empty: it must be the path of a PNG or JPEG file"
    assert len(lines) == len(shown) + 1


def test_damaged_image_files_never_end_a_reader(tmp_path):
    random = np.random.default_rng(0)
    for ending in ("png", "jpg"):
        path = tmp_path / f"one.{ending}"
        Image.fromarray(random.integers(0, 256, (9, 9), np.uint8)).save(path)
        good = path.read_bytes()
        for _ in range(50):
            data = bytearray(good)
            for place in random.integers(8, len(good), 3):
                data[place] = random.integers(0, 256)
            path.write_bytes(data)
            images, wrong = image_files.read_images([str(path)], (2, 2))
            assert images.shape == (1, 2, 2) and set(wrong) <= {0}


def test_images_of_a_shape_that_no_file_has_are_refused(tmp_path):
    model = checked(IMAGES.replace("2, 2", "2, 2, 2"))
    (tmp_path / "one.csv").write_text("a,y\n1.png,1\n")
    (line,) = refused(read_examples, tmp_path / "one.csv", model)
    assert "'a' is of the shape (2, 2, 2): files hold images (h, w), (h, w, 1) or (h, w, 3)" in line


@pytest.mark.parametrize(
    "text, message",
    [
        ("{}", 'is a list of instances, like [{"x": ..., "y": ...}]'),
        ("[]", "there are no examples"),
        ("[1]", 'instance 0 is not an object like {"x": ..., "y": ...}'),
        ('[{"x": [0, 0], "y": 1}, {"x": [0, 4], "y": 1}]', "instance 1: 'x'[1] is 4, outside 0..3"),
        ('[{"x": [0, null], "y": 1}]', "'x'[1] is null: only an Output can be left"),
        ('[{"x": [0, 0]}]', "instance 0 lacks 'y'"),
        ('[{"x": [0, 0], "y": 1, "Y": 1}]', "no Input or Output 'Y', and no labels"),
        ("[", "this is not JSON"),
    ],
)
def test_wrong_lists_of_instances_are_said(tmp_path, text, message):
    path = tmp_path / "one.json"
    path.write_text(text)
    lines = refused(read_examples, path, checked(INTEGERS))
    assert any(message in line for line in lines), lines
    assert all(line.startswith(str(path)) for line in lines)


def test_all_wrong_lines_of_json_lines_are_said(tmp_path):
    path = tmp_path / "one.jsonl"
    path.write_bytes(
        b'{"x": [0, 0], "y": 1}\n\n{"x": 1, "y": 7}\n[\n\xff\n{"x": [0, NaN]}\n'
        b'{"x": [0, 0], "y": 1, "z": 0}\n'
    )
    assert refused(read_examples, path, checked(INTEGERS)) == [
        f"{path}:3: 'x' is 1, not a list of 2",
        f"{path}:3: 'y' is 7, outside 0..4",
        f"{path}:4:2: this is not JSON: expecting value: a line is one instance",
        f"{path}:5: the line is not UTF-8 text",
        f"{path}:6: NaN is not a number that JSON has",
        f"{path}:7: the model has no Input or Output 'z', and no labels of that name; it has x, y",
    ]


def test_labels_are_given_in_every_instance_or_in_none(tmp_path):
    image = [[0] * 3] * 4
    for text, message in (
        (f'[{{"a": {image}, "y": 1, "digit": 1}}, {{"a": {image}, "y": 1}}]', "in every instance"),
        (f'[{{"a": {image}, "y": 1, "digit": 10}}]', "'digit' is 10, outside 0..9"),
    ):
        (tmp_path / "one.json").write_text(text)
        assert message in refused(read_examples, tmp_path / "one.json", checked(ONE))[0]


def test_paths_that_are_no_data_are_said(tmp_path, monkeypatch):
    model = checked(INTEGERS)
    (tmp_path / "one.txt").write_text("x")
    (tmp_path / "train.npz").write_text("x")
    missing = refused(read_examples, tmp_path / "missing.npz", model)[0]
    assert (
        "no such file or directory: give a .npz, .csv, .json or .jsonl file, or a fold" in missing
    )
    assert "not a file of '.txt'" in refused(read_examples, tmp_path / "one.txt", model)[0]
    none = refused(read_sets, tmp_path, "", model)
    assert none == [f"{tmp_path}: the folder has no train.csv: it has train.npz"]
    (tmp_path / "train.csv").mkdir()
    assert "is a folder" in refused(read_sets, tmp_path, "", model)[0]
    monkeypatch.setattr(csv_table, "MAX_BYTES", 5)
    (tmp_path / "one.csv").write_text("x[0],x[1],y\n")
    assert "larger than 5 bytes" in refused(read_examples, tmp_path / "one.csv", model)[0]


def test_faults_of_both_files_are_said_at_once(tmp_path):
    (tmp_path / "train.csv").write_text("x[0],x[1],y\n1,9,1\n")
    (tmp_path / "test.csv").write_text("x[0],x[1],y\n1,1,9\n")
    lines = refused(read_sets, tmp_path, "", checked(INTEGERS))
    assert [line.partition(":")[0] for line in lines] == [
        str(tmp_path / name) for name in ("train.csv", "test.csv")
    ]


@pytest.mark.parametrize(
    "data, message",
    [
        (3, "data are arrays by declared name, not int"),
        (np.zeros(3), "not ndarray"),
        ([], "there are no examples"),
        ([1], "example 0 is of type int, not a mapping"),
        ([{"x": 1}, {"y": 1}], "example 1 has other names than example 0: 'x'"),
        ([{"x": [1]}, {"x": [1, 2]}], "example 1: 'x' has the shape (2,), in example 0 (1,)"),
        ({"x": [[1], [1, 2]]}, "'x' cannot be made an array"),
        ({3: [1]}, "3 is not a declared name"),
    ],
)
def test_what_is_no_data_in_python_is_said(data, message):
    assert message in refused(as_arrays, data)[0]


def test_all_that_is_no_data_in_python_is_said_at_once():
    wrong = {"x": [[1], [1, 2]], 3: [1], "y": [{}, [1]], "z": [1]}
    assert len(refused(as_arrays, wrong)) == 3
    some = [{"x": [1]}, 1, {"x": [1, 2], "y": 1}, {"x": [1]}]
    assert [line[:20] for line in refused(as_arrays, some)] == [
        "data: example 1 is o",
        "data: example 2 has ",
        "data: example 2: 'x'",
    ]
    assert len(refused(as_arrays, ({"x": [0] * n} for n in itertools.count()))) == MOST


def test_data_without_an_end_are_refused(monkeypatch):
    endless = tf.data.Dataset.from_tensors({"x": [0, 1]}).repeat()
    assert "the data set has no end: take" in refused(as_arrays, endless)[0]
    monkeypatch.setattr(given_arrays, "available_bytes", lambda: 20_000)
    (line,) = refused(as_arrays, ({"x": [0, 1]} for _ in itertools.count()))
    assert "examples up to here take 1e-05 GB, more than half of the memory that was free" in line
    assert len(as_arrays({"x": [0, 1]} for _ in range(50))["x"]) == 50


def test_a_full_disk_is_told_before_many_images_are_read(monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(image_files, "IN_MEMORY", 10)
    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(RunError, match=r": no space left on device: make room .* TMPDIR$"):
        image_files.read_images(["1.png"] * 3, (2, 2))


def test_a_csv_written_on_windows_finds_its_images(tmp_path):
    as_csv(tmp_path / "one.csv", arrays_of())
    text = (tmp_path / "one.csv").read_text()
    (tmp_path / "two.csv").write_text(text.replace("one/", "one\\"))
    assert len(read_examples(tmp_path / "two.csv", sums())) == 6
