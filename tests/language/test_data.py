"""The original's JSON files: what they mean, and what is wrong with a file that is refused."""

import json

import numpy as np
import pytest

from terpret import InputError, ModelError, check_model
from terpret.data.json_file import declared_hypers, read_data, read_hypers
from terpret.language.errors import Source
from tests.language.helpers import checked

MODEL = """
N = Hyper(2)
for i in range(2):
    p[i] = Param(2)
    r[i] = Input(i + 2)
a = Input(3)[N, 2]
b = Input(2)
y = Output(3)[N]
z = Output(2)
image = InputTensor(2)
for i in range(N):
    y[i].set_to(a[i, 0])
z.set_to(b)
"""
GOOD = {
    "a": [[0, 1], [2, 0]],
    "b": 1,
    "r": [1, 2],
    "y": [2, None],
    "z": None,
    "image": [0.5, 1],
}


def written(tmp_path, content):
    path = tmp_path / "data.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def batches(*instances, **changes):
    return [{"batch_name": "train", "hypers": "N2", "instances": list(instances), **changes}]


def test_scalars_lists_nested_lists_and_nulls(tmp_path):
    path = written(tmp_path, batches(GOOD, {**GOOD, "y": [0, 1], "z": 0}))
    ((name, config, arrays),) = read_data(path, checked(MODEL))
    assert (name, config) == ("train", "N2")
    assert {key: value.tolist() for key, value in arrays.items()} == {
        "a": [[[0, 1], [2, 0]]] * 2,
        "b": [1, 1],
        "r[0]": [1, 1],
        "r[1]": [2, 2],
        "y": [[2, -1], [0, 1]],
        "z": [-1, 0],
        "image": [[0.5, 1]] * 2,
    }
    assert arrays["y"].dtype == np.int64


def test_the_instances_of_a_model_without_inputs_and_outputs_are_counted(tmp_path):
    text = "p = Param(2)[2]\nz = Var(2)\nz.set_to(p[1])\nz.observe_value(1)\n"
    (batch,) = read_data(written(tmp_path, batches({}, {}, {})), checked(text))
    assert (batch.arrays, batch.size) == ({}, 3)


def test_each_configuration_has_its_own_model(tmp_path):
    text = "N = Hyper()\nx = Input(2)[N]\ny = Output(2)\ny.set_to(x[N - 1])\n"
    content = [
        {"batch_name": f"b{n}", "hypers": f"N{n}", "instances": [{"x": [0] * n, "y": 1}]}
        for n in (2, 3)
    ]
    models = {f"N{n}": checked(text, N=n) for n in (2, 3)}
    path = written(tmp_path, content)
    assert [batch.arrays["x"].shape for batch in read_data(path, models)] == [(1, 2), (1, 3)]
    with pytest.raises(InputError, match="batch 'b3' belongs to the configuration 'N3'"):
        read_data(path, {"N2": models["N2"]})


@pytest.mark.parametrize(
    "instance, message",
    [
        ({"b": None}, "instance 1: 'b' is null: only an Output can be left unobserved"),
        ({"b": 2}, "instance 1: 'b' is 2, outside 0..1"),
        ({"b": -1}, "instance 1: 'b' is -1, outside 0..1"),
        ({"b": 1.0}, "instance 1: 'b' is 1.0, not an integer"),
        ({"b": True}, "instance 1: 'b' is true, not an integer"),
        ({"b": "1"}, "instance 1: 'b' is \"1\", not an integer"),
        ({"b": [1]}, "instance 1: 'b' is a list, not an integer"),
        ({"a": [[0, 1], [2]]}, "instance 1: 'a'[1] is a list of 1, not of 2"),
        ({"a": [0, 1]}, "instance 1: 'a'[0] is 0, not a list of 2"),
        ({"a": [[0, 1], [2, 3]]}, "instance 1: 'a'[1][1] is 3, outside 0..2"),
        ({"r": [0]}, "instance 1: 'r' is a list of 1, and more elements are declared"),
        ({"r": [0, 0, 0]}, "instance 1: 'r' is a list of 3, not of 2"),
        ({"r": [0, 3]}, "instance 1: 'r' is 3, outside 0..2"),
        ({"image": [1, "x"]}, "instance 1: 'image'[1] is \"x\", not a number"),
        ({"image": [1, 1e19]}, "'image'[1] is 1e+19, outside -4e+09..4e+09: scale"),
        ({"image": [1, -(10**400)]}, "outside -4e+09..4e+09"),
        ({"image": [1, None]}, "instance 1: 'image'[1] is null, not a number"),
        ({"b": 2**70}, "outside 0..1"),
        ({"Y": 1}, "instance 1: the model has no Input or Output 'Y'"),
        ({"imag": 1}, "'imag'; did you mean 'image'?"),
    ],
)
def test_a_wrong_instance_is_named(tmp_path, instance, message):
    path = written(tmp_path, batches(GOOD, {**GOOD, **instance}))
    with pytest.raises(InputError) as refused:
        read_data(path, checked(MODEL))
    assert message in str(refused.value)
    assert str(refused.value).startswith(f"{path}: batch 'train'")


def test_a_key_that_differs_between_instances_is_named(tmp_path):
    less = {key: value for key, value in GOOD.items() if key != "z"}
    path = written(tmp_path, batches(GOOD, less))
    with pytest.raises(InputError, match="batch 'train', instance 1 lacks 'z'"):
        read_data(path, checked(MODEL))


@pytest.mark.parametrize(
    "content, message",
    [
        ("[", ":1:2: this is not JSON: expecting value"),
        ("", ":1:1: this is not JSON"),
        ("[" * 100_000, "nested too deeply"),
        ("[NaN]", "NaN is not a number"),
        ("[-Infinity]", "-Infinity is not a number"),
        ("[-1e999]", "the number -1e999 is too large"),
        ("[" + "9" * 5000 + "]", "a number is too large"),
        ('[{"a": 1, "a": 2}]', "the key 'a' stands twice in one object"),
        ("{}", "a data file is a list of batches"),
        ("[]", "a data file is a list of batches"),
        ("[1]", "batch 0 is not an object"),
        ("[{}]", "batch 0 has no 'batch_name'"),
        ([{"batch_name": 1, "hypers": "c", "instances": []}], "are names"),
        ([{"batch_name": "b", "hypers": "c", "instances": []}], "batch 'b' has an empty list of"),
        ([{"batch_name": "b", "hypers": "c", "instances": {}}], "batch 'b' has no list of"),
        ([{"batch_name": "b", "hypers": "c", "instances": [3]}], "instance 0 is not an object"),
    ],
)
def test_a_malformed_file_is_one_sentence(tmp_path, content, message):
    path = written(tmp_path, content)
    with pytest.raises(InputError) as refused:
        read_data(path, checked(MODEL))
    assert message in str(refused.value)
    assert str(refused.value).startswith(str(path))


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_hypers(tmp_path / "missing.json")
    path = tmp_path / "binary.json"
    path.write_bytes(b"\xff\xfe{}")
    with pytest.raises(InputError, match="not UTF-8"):
        read_hypers(path)


def test_surplus_hypers_are_ignored_and_missing_ones_located(tmp_path):
    path = written(tmp_path, {"small": {"T": 3, "unused": 9}, "other": {"unused": 1}})
    source = Source("model.py", "T = Hyper()\ny = Output(T)\ny.set_to(0)\n")
    configs = read_hypers(path)
    assert declared_hypers(source, configs["small"]) == {"T": 3}
    assert check_model(source, declared_hypers(source, configs["small"])).hypers == {"T": 3}
    with pytest.raises(ModelError) as refused:
        check_model(source, declared_hypers(source, configs["other"]))
    (error,) = refused.value.diagnostics
    assert (error.code, error.span.line) == ("E207", 1)


@pytest.mark.parametrize(
    "content, message",
    [
        ("[]", "an object of named configurations"),
        ("{}", "an object of named configurations"),
        ({"a": 1}, "the configuration 'a' is not an object"),
        ({"a": {"T": "3"}}, "the hyper 'T' of 'a' is \"3\", not an integer"),
        ({"a": {"T": True}}, "the hyper 'T' of 'a' is true, not an integer"),
        ({"a": {"T": 2**60}}, "the hyper 'T' of 'a' is 1152921504606846976, not an integer"),
    ],
)
def test_a_malformed_hypers_file(tmp_path, content, message):
    with pytest.raises(InputError) as refused:
        read_hypers(written(tmp_path, content))
    assert message in str(refused.value)
