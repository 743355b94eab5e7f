"""Examples of a model by path or from Python: one function for every form that they may have.

A path is an `.npz` file, a `.csv` file, a folder with `train.csv` and perhaps `test.csv`, JSON
Lines, or a JSON file that is a list of instances; in Python they are arrays by name, or examples
one by one. Each gives the same `Examples`.
"""

import itertools
import os
import re

from terpret.data.array_examples import Arrays, examples_from
from terpret.data.csv_file import read_csv
from terpret.data.example_set import Examples, Sets
from terpret.data.faults import Faults
from terpret.data.given_arrays import Given, as_arrays
from terpret.data.instance_list import read_instances, read_lines
from terpret.data.json_file import MAX_BYTES, read_json
from terpret.data.npz_file import read_npz
from terpret.discrete.answers import labelled
from terpret.errors import InputError
from terpret.language.checked import CheckedModel

TRAIN, TEST = "train.csv", "test.csv"
ACCEPTED = f"a .npz, .csv, .json or .jsonl file, or a folder with {TRAIN}"
_BATCH_KEYS = ("batch_name", "hypers", "instances")
_STARTS_AS_BATCHES = re.compile(
    rb"(\xef\xbb\xbf)?\s*\[\s*\{\s*\"(%s)\"\s*:" % "|".join(_BATCH_KEYS).encode()
)
_STARTS_AS_LIST = re.compile(rb"(\xef\xbb\xbf)?\s*\[")
_OTHER_ENDINGS = (".npz", ".csv", ".jsonl", ".ndjson")
# What is looked at of a file to tell what it is.
_BEGINNING = 4096


def read_examples(path: str | os.PathLike, model: CheckedModel, answers: bool = True) -> Examples:
    """Reads a file of examples.

    Args:
      path: an `.npz`, `.csv`, `.jsonl` or `.json` file.
      model: the model.
      answers: whether its Outputs must be given, and something be observed.

    Raises:
      InputError: with all that is wrong with the file, a line each.
    """
    where, faults = os.fspath(path), Faults()
    arrays: Arrays
    if os.path.isdir(where):
        raise InputError(f"{where} is a folder: name one file in it, as {TRAIN} or {TEST}")
    if not os.path.isfile(where):
        reason = "this is not a file" if os.path.exists(where) else "no such file or directory"
        raise InputError(f"{where}: cannot read the file: {reason}: give {ACCEPTED}")
    match os.path.splitext(where)[1].lower():
        case ".npz":
            arrays = read_npz(where, faults)
        case ".csv":
            arrays = read_csv(where, model, faults, answers)
        case ".jsonl" | ".ndjson":
            arrays = read_lines(where, model, faults, answers)
        case ".json":
            if is_batches(where):
                raise InputError(
                    f"{where} is a file of named batches: its instances alone are one set"
                )
            arrays = read_instances(where, model, faults, answers)
        case ending:
            raise InputError(f"{where}: data are {ACCEPTED}, not a file of '{ending}'")
    faults.raise_found()
    return examples_from(arrays, model, where, answers)


def read_sets(
    data: str | os.PathLike,
    test_data: str | os.PathLike,
    model: CheckedModel,
    split: float = 0.9,
) -> Sets:
    """Reads what is learned from and what is tested on.

    Args:
      data: a file of examples, or a folder with `train.csv` and perhaps `test.csv`.
      test_data: a file of examples, or a folder with `test.csv`; empty where there is none.
      model: the model.
      split: the part of `data` that is learned from where nothing is given to test on: its first;
        of the default, the last tenth is held out.

    Raises:
      InputError: with what is wrong, of both files at once.
    """
    notes, train, test = list[str](), os.fspath(data), os.fspath(test_data)
    if os.path.isdir(train):
        beside = os.path.join(train, TEST)
        if os.path.lexists(beside) and not test:
            test = beside
        elif os.path.lexists(beside) and not os.path.isdir(test):
            notes.append(f"{beside} is not read: what is tested on is {test}")
        train = _in_folder(train, TRAIN)
    if os.path.isdir(test):
        test = _in_folder(test, TEST)
    if not test:
        return _split(read_examples(train, model), model, split, notes)
    wrong, sets = list[str](), list[Examples]()
    for path in (train, test):
        try:
            sets.append(read_examples(path, model))
        except InputError as error:
            wrong.append(str(error))
    if wrong:
        raise InputError("\n".join(wrong))
    warnings = [warning for one in sets for warning in one.warnings]
    return Sets(sets[0], sets[1], False, test, tuple(dict.fromkeys([*notes, *warnings])))


def examples_of(
    data: Given, model: CheckedModel, name: str = "data", answers: bool = True
) -> Examples:
    """Examples that are given in Python.

    Args:
      data: arrays by name, as an `.npz` file has them, or examples one by one.
      model: the model.
      name: what they are called in messages.
      answers: whether the Outputs must be given; else they may be missing, and are not observed.

    Raises:
      InputError: with all that is wrong with them.
    """
    return examples_from(as_arrays(data, name), model, name, answers)


def as_examples(data: object, model: CheckedModel, answers: bool = True) -> Examples:
    """Examples that are given as a path or in Python; see `read_examples` and `examples_of`.

    A folder stands for its `test.csv`.

    Raises:
      InputError: with all that is wrong with them.
    """
    if isinstance(data, str | os.PathLike):
        path = os.fspath(data)
        if os.path.isdir(path):
            path = _in_folder(path, TEST, ": give the path of one file of examples")
        return read_examples(path, model, answers)
    return examples_from(as_arrays(data, "data"), model, "data", answers)


def is_batches(path: str | os.PathLike) -> bool:
    """Whether a file is JSON of the original TerpreT's batches, and no plain list of instances.

    A file that is not JSON is none.
    """
    where = os.fspath(path)
    if where.lower().endswith(_OTHER_ENDINGS) or not os.path.isfile(where):
        return False
    try:
        with open(where, "rb") as file:
            data = file.read(_BEGINNING)
            if _STARTS_AS_BATCHES.match(data):
                return True
            if not _STARTS_AS_LIST.match(data):
                return False
            data += file.read(MAX_BYTES)
        if not any(b'"%s"' % key.encode() in data for key in _BATCH_KEYS):
            return False
        content = read_json(where)
    except (InputError, OSError):
        return False
    first = content[0] if isinstance(content, list) and content else None
    return isinstance(first, dict) and any(key in first for key in _BATCH_KEYS)


def _in_folder(folder: str, name: str, advice: str = "") -> str:
    path = os.path.join(folder, name)
    if not os.path.lexists(path):
        names = sorted(one for one in os.listdir(folder) if one.endswith((".csv", ".npz")))
        listed = ", ".join(itertools.islice(names, 5))
        there = f": it has {listed}" if names else ""
        raise InputError(f"{folder}: the folder has no {name}{there}{advice}")
    return path


def _split(examples: Examples, model: CheckedModel, split: float, notes: list[str]) -> Sets:
    """Holds the last examples out to test on."""
    size, where = len(examples), examples.source
    # The tenth of 30 is 3, though 30 * (1 - 0.9) is a little less.
    count = int(size * (1 - split) + 1e-6)
    notes += examples.warnings
    if not count:
        few = f"{where}: no example is held out to test on"
        why = "" if split >= 1 else f": {size} {'is' if size == 1 else 'are'} too few"
        return Sets(examples, None, False, "", (*notes, few + why))
    if count == size:
        raise InputError(f"{where}: a split of {split:g} leaves none of {size:,} to learn from")
    training, test = examples.part(0, size - count), examples.part(size - count, size)
    outputs = [variable.name for variable in model.of_kind("Output")]
    for part, words in ((training, "learned from"), (test, "held out to test on")):
        answers = {name: part.arrays[name] for name in outputs}
        if not model.observations and not labelled(answers, len(part)).any():
            raise InputError(
                f"{where}: no Output is observed in any of the examples that are {words}: "
                "give other examples to test on"
            )
    some = "the last" if count == 1 else f"the last {count:,}"
    verb = "is" if count == 1 else "are"
    notes.append(f"{where}: {some} of its {size:,} examples {verb} held out to test on")
    return Sets(training, test, True, where, tuple(dict.fromkeys(notes)))
