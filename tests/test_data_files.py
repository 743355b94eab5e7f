"""Data by path: every form of a file gives the same examples, by the rules of the language page."""

import json
import os

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from terpret import InputError, learn
from terpret.api.given import data_files, model_file
from terpret.data import npz_file
from terpret.data.examples import as_examples, examples_of, is_batches, read_examples, read_sets
from terpret.data.faults import Faults
from terpret.data.file_array import FileArray
from terpret.data.npz_file import read_npz
from terpret.errors import DataError, RunError
from terpret.learning.learner import Learner
from terpret.runs import own_data
from tests.language.helpers import checked
from tests.own_images import (
    LEARN,
    ONE,
    SUMS,
    arrays_of,
    as_csv,
    as_json,
    as_lines,
    as_npz,
    instances_of,
    same,
    sums,
)


def test_npz_csv_json_and_json_lines_give_equal_examples(tmp_path):
    arrays, model = arrays_of(), sums()
    paths = [
        as_npz(tmp_path / "one.npz", arrays),
        as_csv(tmp_path / "one.csv", arrays),
        as_json(tmp_path / "one.json", arrays),
        as_lines(tmp_path / "one.jsonl", arrays),
    ]
    examples = [read_examples(path, model) for path in paths]
    assert all(same(examples[0], other) for other in examples[1:])
    assert [one.source for one in examples] == list(map(str, paths))
    assert len(examples[0]) == 6
    assert examples[0].pools["b"].dtype == np.uint8
    np.testing.assert_array_equal(examples[0].pools["b"].reshape(6, 2, 4, 3), arrays["b"])
    np.testing.assert_array_equal(examples[0].labels["digit"]["a"], arrays["a_digit"])
    assert examples[0].arrays["total"].dtype == np.int32


def test_arrays_a_data_set_and_examples_one_by_one_are_the_same_as_their_file(tmp_path):
    arrays, model = arrays_of(), sums()
    examples = read_examples(as_npz(tmp_path / "one.npz", arrays), model)
    rows = [{name: values[k] for name, values in arrays.items()} for k in range(6)]
    for given in (arrays, tf.data.Dataset.from_tensor_slices(arrays), rows):
        assert same(as_examples(given, model), examples)
    lists = {name: values.tolist() for name, values in arrays.items()}
    assert same(examples_of(lists, model), examples)


def test_a_pool_with_an_index_shows_the_images_it_names(tmp_path):
    arrays, model = arrays_of(), sums()
    pool = np.concatenate([arrays["a"], arrays["b"].reshape(12, 4, 3)])
    pooled = {name: values for name, values in arrays.items() if name not in "ab"}
    pooled |= {"a_pool": pool, "a_index": np.arange(6), "b_pool": pool}
    pooled |= {"b_index": 6 + np.arange(12).reshape(6, 2)}
    found = read_examples(as_npz(tmp_path / "one.npz", pooled), model)
    for name in "ab":
        shown = found.pools[name][found.arrays[name]]
        np.testing.assert_array_equal(shown, arrays[name])


def test_labels_beside_a_pool_are_of_its_images_or_of_each_example():
    model = checked(ONE)
    pool = {"a_pool": np.zeros((3, 4, 3), np.uint8) + 9, "a_index": [2, 2, 0, 1], "y": [1, 2, 3, 4]}
    of_images = examples_of({**pool, "digit": [5, 6, 7]}, model)
    of_examples = examples_of({**pool, "digit": [7, 7, 5, 6]}, model)
    assert same(of_images, of_examples)
    assert of_images.labels["digit"]["a"].tolist() == [7, 7, 5, 6]
    assert same(examples_of({**pool, "a_digit": [5, 6, 7]}, model), of_images)


def test_elements_declared_one_by_one_are_given_each_or_as_one_array(tmp_path):
    model = checked(
        "for k in range(2):\n    x[k] = InputTensor(4, 3)\n    n[k] = Input(k + 2)\n"
        f"y = Output(10)[2]\n{LEARN}for k in range(2):\n    y[k].set_to(digit(x[k]))\n"
    )
    images = arrays_of()["b"]
    rest = {"y": np.zeros((6, 2), int), "digit": np.arange(12).reshape(6, 2) % 10}
    whole = examples_of({"x": images, "n": np.zeros((6, 2), int), **rest}, model)
    each = {f"x[{k}]": images[:, k] for k in range(2)} | {f"n[{k}]": np.zeros(6) for k in range(2)}
    for found in (whole, examples_of({**each, **rest}, model)):
        for k in range(2):
            name = f"x[{k}]"
            np.testing.assert_array_equal(found.pools[name][found.arrays[name]], images[:, k])
            assert found.labels["digit"][name].tolist() == rest["digit"][:, k].tolist()
    names = ",".join(f"{name}[{k}]" for name in ("x", "n", "y", "digit") for k in range(2))
    for k in range(2):
        Image.fromarray(images[0, k]).save(tmp_path / f"{k}.png")
    (tmp_path / "one.csv").write_text(f"{names}\n0.png,1.png,1,2,3,,4,\n")
    found = read_examples(tmp_path / "one.csv", model)
    assert found.pools["x[1]"].tolist() == [images[0, 1].tolist()]
    assert [found.arrays[f"n[{k}]"].tolist() for k in range(2)] == [[1], [2]]
    assert found.arrays["y"].tolist() == [[3, -1]]
    assert [found.labels["digit"][f"x[{k}]"].tolist() for k in range(2)] == [[4], [-1]]


def test_integers_of_images_are_divided_by_255_and_floats_are_taken_as_they_are():
    model, answers = checked(ONE), {"y": [1, 2]}
    shades = np.arange(24).reshape(2, 4, 3)
    for kind in (np.uint8, np.int64, ">i2"):
        assert examples_of({"a": shades.astype(kind), **answers}, model).pools["a"].dtype == "u1"
    for kind in (np.float16, np.float64, bool, ">f4"):
        found = examples_of({"a": (shades / 24).astype(kind), **answers}, model)
        assert found.pools["a"].dtype == np.float32 and not found.warnings
    (warning,) = examples_of({"a": shades.astype(float), **answers}, model).warnings
    assert "of 0..23, and floats are taken as they are" in warning
    (warning,) = examples_of({"a": shades % 2, **answers}, model).warnings
    assert "no number of 'a' is above 1" in warning and "divided by 255" in warning
    with pytest.raises(InputError, match=r"'a', example 0 \[0, 2\] is 256, outside 0..255"):
        examples_of({"a": shades * 128, **answers}, model)


def test_numbers_of_vectors_are_taken_as_they_are_unless_they_are_uint8(tmp_path):
    model = checked("v = InputTensor(2)\nout = OutputTensor(2)\nout.set_to(v)\n")
    found = examples_of({"v": [[1, 2]], "out": [[3, 4]]}, model)
    assert found.pools["v"].tolist() == [[1, 2]] and found.pools["v"].dtype == np.float32
    assert found.arrays["out"].tolist() == [[3, 4]] and found.arrays["out"].dtype == np.float32
    assert examples_of({"v": np.ones((1, 2), np.uint8), "out": [[0.0, 0]]}, model).pools["v"].dtype
    (tmp_path / "one.csv").write_text("v[0],v[1],out[0],out[1]\n1,2,3,4e0\n")
    (tmp_path / "one.json").write_text('[{"v": [1, 2], "out": [3, 4]}]')
    for name in ("one.csv", "one.json"):
        assert same(read_examples(tmp_path / name, model), found)


def test_the_answers_of_an_output_tensor_have_the_scale_of_images():
    model = checked("a = InputTensor(2, 2)\nout = OutputTensor(2, 2)\nout.set_to(a)\n")
    images = np.array([[[0, 51], [102, 255]]])
    found = examples_of({"a": images, "out": images}, model)
    np.testing.assert_allclose(found.arrays["out"], [[[0, 0.2], [0.4, 1]]], atol=1e-6)


@pytest.mark.parametrize(
    "shape, pixel",
    [((2, 2), 76), ((2, 2, 1), [76]), ((2, 2, 3), [255, 0, 0])],
)
def test_image_files_are_made_grey_unless_three_channels_are_declared(tmp_path, shape, pixel):
    sizes = ", ".join(map(str, shape))
    model = checked(f"a = InputTensor({sizes})\nx = Input(2)\ny = Output(2)\ny.set_to(x)\n")
    Image.new("RGB", (4, 6), "red").save(tmp_path / "red.png")
    Image.new("RGB", (2, 2), "red").save(tmp_path / "red.jpg", quality=100)
    (tmp_path / "one.csv").write_text("a,x,y\nred.png,0,1\nred.jpg,0,1\nred.png,1,0\n")
    found = read_examples(tmp_path / "one.csv", model)
    assert found.pools["a"].shape == (2, *shape) and found.arrays["a"].tolist() == [0, 1, 0]
    assert found.pools["a"][0, 0, 0].tolist() == pixel
    assert np.abs(found.pools["a"][1].astype(int) - pixel).max() <= 3


def test_transparent_sixteen_bit_and_two_coloured_files_are_read_as_they_look(tmp_path):
    model = checked("a = InputTensor(2, 2)\nx = Input(2)\ny = Output(2)\ny.set_to(x)\n")
    Image.new("RGBA", (2, 2), (0, 0, 0, 0)).save(tmp_path / "0.png")
    Image.fromarray(np.full((2, 2), 51 * 257, np.uint16)).save(tmp_path / "1.png")
    Image.new("1", (2, 2), 1).save(tmp_path / "2.png")
    Image.new("P", (2, 2), 0).save(tmp_path / "3.png")
    rows = "".join(f"{k}.png,0,1\n" for k in range(4))
    (tmp_path / "one.csv").write_text("a,x,y\n" + rows)
    found = read_examples(tmp_path / "one.csv", model)
    assert found.pools["a"][:, 0, 0].tolist() == [255, 51, 255, 0]


def test_a_csv_file_may_have_a_bom_spaces_quotes_and_windows_lines(tmp_path):
    model = checked("g = Input(3)[1, 2]\ny = Output(4)\ny.set_to(0)\n")
    text = '\ufeff g[0, 0] ,"g[0][1]",y\r\n 1 ,"2", 3.0\r\n\r\n0,0,\r\n'
    (tmp_path / "one.csv").write_bytes(text.encode())
    found = read_examples(tmp_path / "one.csv", model)
    assert found.arrays["g"].tolist() == [[[1, 2]], [[0, 0]]]
    assert found.arrays["y"].tolist() == [3, -1]


def test_without_test_data_the_last_tenth_is_held_out_and_said_so(tmp_path):
    arrays, model = arrays_of(30), sums()
    path = as_npz(tmp_path / "one.npz", arrays)
    sets = read_sets(path, "", model)
    assert (len(sets.training), len(sets.test), sets.held_out) == (27, 3, True)
    assert sets.notes == (f"{path}: the last 3 of its 30 examples are held out to test on",)
    for name in ("total", "parts"):
        both = [one.arrays[name] for one in (sets.training, sets.test)]
        np.testing.assert_array_equal(np.concatenate(both), arrays[name])
    shown = sets.test.pools["a"][sets.test.arrays["a"]]
    np.testing.assert_array_equal(shown, arrays["a"][27:])
    assert sets.test.labels["digit"]["a"].tolist() == arrays["a_digit"][27:].tolist()
    assert len(read_sets(path, "", model, 0.5).test) == 15
    assert read_sets(path, "", model, 1.0).test is None
    few = read_sets(as_npz(tmp_path / "few.npz", arrays_of(9)), "", model)
    assert few.test is None and "no example is held out to test on: 9 are" in few.notes[0]


def test_a_folder_has_train_csv_and_perhaps_test_csv(tmp_path):
    model = sums()
    as_csv(tmp_path / "train.csv", arrays_of(20))
    alone = read_sets(tmp_path, "", model)
    assert (len(alone.training), len(alone.test), alone.held_out) == (18, 2, True)
    as_csv(tmp_path / "test.csv", arrays_of(5, 1))
    both = read_sets(tmp_path, "", model)
    assert (len(both.training), len(both.test), both.held_out) == (20, 5, False)
    assert both.test_source == str(tmp_path / "test.csv") and not both.notes
    assert len(read_sets(tmp_path / "train.csv", tmp_path, model).test) == 5
    other = read_sets(tmp_path, as_npz(tmp_path / "o.npz", arrays_of(4)), model)
    assert len(other.test) == 4 and "test.csv is not read" in other.notes[0]
    with pytest.raises(InputError, match="is a folder: name one file in it"):
        read_examples(tmp_path, model)


def test_large_uncompressed_arrays_stay_in_their_file(tmp_path, monkeypatch):
    monkeypatch.setattr(npz_file, "LEFT_FROM", 50)
    arrays, model = arrays_of(), sums()
    found = read_examples(as_npz(tmp_path / "one.npz", arrays), model)
    assert all(isinstance(found.pools[name], FileArray) for name in "ab")
    assert same(found, examples_of(arrays, model))
    np.savez_compressed(tmp_path / "packed.npz", **arrays)
    assert same(read_examples(tmp_path / "packed.npz", model), found)
    turned = {name: np.asfortranarray(values) for name, values in arrays.items()}
    assert same(read_examples(as_npz(tmp_path / "f.npz", turned), model), found)


def test_any_rows_of_an_array_in_its_file_are_those_of_the_array(tmp_path, monkeypatch):
    monkeypatch.setattr(npz_file, "LEFT_FROM", 50)
    array = np.random.default_rng(0).integers(0, 256, (9, 4, 3), np.uint8)
    lies = read_npz(str(as_npz(tmp_path / "one.npz", {"a": array})), Faults())["a"]
    for rows in (4, slice(2, 5), slice(8, 1, -3), [0, 8, 7, 8], np.array([[1, 2], [3, 3]]), []):
        expected = array[np.asarray(rows, int) if isinstance(rows, list) else rows]
        np.testing.assert_array_equal(lies[rows], expected)
    np.testing.assert_array_equal(list(lies), list(array))
    np.testing.assert_array_equal(lies.reshape(36, 3)[5:9], array.reshape(36, 3)[5:9])
    (tmp_path / "one.npz").unlink()
    np.testing.assert_array_equal(np.asarray(lies), array)


def test_a_file_that_changes_while_it_is_used_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(npz_file, "LEFT_FROM", 50)
    for number, change in enumerate((lambda path: os.truncate(path, 100), overwritten)):
        path = as_npz(tmp_path / f"{number}.npz", arrays_of())
        pool = read_examples(path, sums()).pools["a"]
        change(path)
        with pytest.raises(DataError, match=f"{path} has changed while it was read: leave"):
            pool[:2]


def overwritten(path):
    """Writes one byte of a file anew, a second later as its clock goes."""
    with open(path, "r+b") as file:
        file.seek(200)
        file.write(b"1")
    about = path.stat()
    os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns + 10**9))


@pytest.mark.usefixtures("eagerly")
def test_a_run_ends_with_one_sentence_where_its_file_changes(tmp_path, monkeypatch):
    monkeypatch.setattr(npz_file, "LEFT_FROM", 50)
    monkeypatch.setattr(own_data, "IN_MEMORY", 50)
    arrays = {"a": arrays_of()["a"], "y": np.arange(6)}
    path, run = as_npz(tmp_path / "one.npz", arrays), Learner.run

    def change(*given):
        overwritten(path)
        return run(*given)

    monkeypatch.setattr(Learner, "run", change)
    model = model_file(ONE, str(tmp_path))
    with pytest.raises(DataError, match=f"^{path} has changed .* begin again$"):
        learn(model, path, restarts=1, preset="ntpt", xla=False, progress=False)


def test_masked_labels_are_not_observed(tmp_path):
    arrays, model, text = arrays_of(), sums(), model_file(SUMS, str(tmp_path))
    for kind in (np.uint8, np.int64, float):
        masked = {name: values.clip(0) for name, values in arrays.items()}
        expected = {name: values.copy() for name, values in masked.items()}
        for name in ("total", "parts", "a_digit", "b_digit"):
            masked[name] = np.ma.masked_equal(masked[name].astype(kind), masked[name].flat[0])
            expected[name][masked[name].mask] = -1
        found = examples_of(masked, model)
        assert same(found, examples_of(expected, model))
        rows = [{name: values[k] for name, values in masked.items()} for k in range(6)]
        assert same(examples_of(rows, model), found)
        path = data_files(masked, None, text, {}, str(tmp_path))["data"]
        assert same(read_examples(path, model), found)


def test_a_full_disk_is_told_when_data_of_python_are_kept_for_a_run(tmp_path):
    for name in ("data.npz", "model.py"):
        (tmp_path / name).symlink_to("/dev/full")
    model = tmp_path / "mine.py"
    model.write_text(SUMS)
    with pytest.raises(RunError, match="no space left on device: make room there, or name another"):
        data_files(arrays_of(), None, str(model), {}, str(tmp_path))
    with pytest.raises(RunError, match="no space left on device"):
        model_file(SUMS, str(tmp_path))


def test_what_is_predicted_needs_no_answers(tmp_path):
    model = sums()
    inputs = {name: values for name, values in arrays_of().items() if name in "abcg"}
    found = as_examples(inputs, model, answers=False)
    assert found.arrays["parts"].tolist() == [[-1, -1]] * 6
    rows = as_csv(tmp_path / "one.csv", inputs), as_json(tmp_path / "one.json", inputs)
    assert all(same(as_examples(path, model, answers=False), found) for path in rows)


def test_a_model_that_only_observes_has_instances_of_nothing(tmp_path):
    model = checked("p = Param(2)\nz = Var(2)\nz.set_to(p)\nz.observe_value(1)\n")
    assert examples_of({}, model).size == 1
    assert read_examples(as_npz(tmp_path / "one.npz", {}), model).size == 1


def test_batches_are_told_from_plain_lists(tmp_path):
    plain = as_json(tmp_path / "plain.json", arrays_of())
    assert not is_batches(plain) and not is_batches(tmp_path) and not is_batches("missing.json")
    batch = {"batch_name": "train", "hypers": "c", "instances": instances_of(arrays_of())}
    for number, content in enumerate(([batch], [{"about": 1, **batch}])):
        path = tmp_path / f"{number}.json"
        path.write_text(json.dumps(content))
        assert is_batches(path)
