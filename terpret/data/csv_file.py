"""Examples in a CSV file: columns named as the model declares, of images with paths of files."""

import dataclasses
import itertools
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from terpret.data.array_examples import INDEX, POOL
from terpret.data.csv_table import CellFaults, Table, read_table
from terpret.data.declared import (
    is_image,
    keys_of,
    labels_of,
    lead_of,
    shape_within,
    unknown,
)
from terpret.data.faults import Faults
from terpret.data.image_files import read_images, readable
from terpret.data.json_values import LARGEST
from terpret.discrete.answers import UNOBSERVED
from terpret.language.checked import CheckedModel, Variable, shape_of

# As programs write them that know no empty cell among integers: 3.0.
_INTEGER = re.compile(r"(-?[0-9]{1,18})(?:\.0*)?", re.ASCII)
_SEPARATORS = {";": "';'", "\t": "tabs", "|": "'|'"}
# How many columns a message lists.
_LISTED = 12


@dataclasses.dataclass(frozen=True, eq=False)
class _Array:
    """An array that columns make together.

    Attributes:
      name: what it is called in the arrays of a file.
      shape: what one example has of it.
      columns: for each element the column of it, in the order of the elements.
      accepted: what a cell may hold, in words.
      required: whether the file must have it.
      read: makes a number of a cell, or None of what is not accepted.
      image: the tensor that cells of paths show; None where cells hold numbers.
    """

    name: str
    shape: tuple[int, ...]
    columns: tuple[str, ...]
    accepted: str
    required: bool
    read: Callable[[str], float | None]
    image: Variable | None = None


def read_csv(
    path: str, model: CheckedModel, faults: Faults, answers: bool = True
) -> dict[str, np.ndarray]:
    """The arrays of a CSV file, as `examples_from` takes them.

    Args:
      path: the file; image columns hold paths relative to its folder.
      model: the model.
      faults: where what is wrong is recorded, by line and column.
      answers: whether the Outputs must be there.
    """
    table = read_table(path, faults)
    if table is None:
        return {}
    arrays = list(_declared(model, answers))
    places = _places(table, arrays, faults)
    if not table.lines and not faults:
        faults.add(f"{path}: there are no examples below the names of the columns")
    found = CellFaults(table)
    given = [one for one in arrays if all(column in places for column in one.columns)]
    result: dict[str, np.ndarray] = {}
    for array in given:
        cells = [table.columns[places[name]] for name in array.columns]
        where = [places[name] for name in array.columns]
        if array.image is None:
            result[array.name] = _numbers(array, cells, where, found)
        elif table.lines:
            result |= _images(array, array.image, table, cells, where, found, keys_of(model))
    found.add_to(faults)
    return result


def _declared(model: CheckedModel, answers: bool) -> Iterator[_Array]:
    """Every array that a file of the model may have."""
    for key, elements in keys_of(model).items():
        for index, variable in elements.items():
            image = variable if is_image(variable) else None
            shape = variable.dims if image else shape_within(variable)
            lacks = variable.kind == "Output"
            read, accepted = _reader(variable, lacks)
            yield _Array(
                variable.name,
                shape,
                tuple(_name(key, (*index, *place)) for place in _all(shape)),
                accepted,
                answers or variable.kind == "Input",
                read,
                image,
            )
    for name, labels in labels_of(model).items():
        first = next(iter(labels.images.values()))
        shape = (*lead_of(labels.images), *first.dims)
        yield _Array(
            name,
            shape,
            tuple(_name(name, place) for place in _all(shape)),
            f"a label 0..{labels.size - 1}, or nothing where it is not known",
            False,
            _integer(labels.size, True),
        )


def _reader(variable: Variable, lacks: bool) -> tuple[Callable[[str], float | None], str]:
    """What reads the cells of a variable, and what they may hold."""
    if is_image(variable):
        return _path, "the path of a PNG or JPEG file"
    if not isinstance(variable.domain, int):
        return _number, f"a number -{LARGEST:g}..{LARGEST:g}"
    more = ", or nothing where it was not observed" if lacks else ""
    return _integer(variable.domain, lacks), f"an integer 0..{variable.domain - 1}{more}"


def _integer(size: int, lacks: bool) -> Callable[[str], float | None]:
    def read(cell: str) -> int | None:
        if not cell:
            return UNOBSERVED if lacks else None
        match = _INTEGER.fullmatch(cell)
        value = int(match[1]) if match else size
        return value if (UNOBSERVED if lacks else 0) <= value < size else None

    return read


def _number(cell: str) -> float | None:
    try:
        # Python reads 1_000 as a number.
        value = float(cell.replace("_", "?"))
    except ValueError:
        return None
    return value if -LARGEST <= value <= LARGEST else None


def _path(cell: str) -> float | None:
    return 0 if cell else None


def _all(shape: Sequence[int]) -> Iterator[tuple[int, ...]]:
    return itertools.product(*map(range, shape))


def _name(stem: str, place: Sequence[int]) -> str:
    return f"{stem}[{','.join(map(str, place))}]" if place else stem


def _places(table: Table, arrays: Sequence[_Array], faults: Faults) -> dict[str, int]:
    """Where the model's columns are; faults where one is missing, unknown or there twice."""
    names = dict.fromkeys(name for array in arrays for name in array.columns)
    where, places = f"{table.path}:1", dict[str, int]()
    if not names.keys() & set(table.header):
        together = "".join(table.header)
        marks = [word for mark, word in _SEPARATORS.items() if mark in together]
        listed = ", ".join(itertools.islice(names, _LISTED)) + ", ..." * (len(names) > _LISTED)
        hint = f"columns are separated by commas, not by {marks[0]}" if marks else ""
        hint = hint or f"its first line must name the columns: {listed}"
        faults.add(f"{where}: it names no column of the model's: {hint}")
        return places
    for place, name in enumerate(table.header):
        if name not in names:
            faults.add(f"{where}: column {place + 1}: {unknown(name, names)}")
        elif name in places:
            faults.add(f"{where}: the column '{name}' is there twice")
        else:
            places[name] = place
    for array in arrays:
        missing = [name for name in array.columns if name not in places]
        if array.required or len(missing) < len(array.columns):
            faults.add_many(
                len(missing),
                (f"{where}: the column '{n}' is missing: {array.accepted}" for n in missing),
            )
        image = array.image
        if image is not None and len(missing) < len(array.columns):
            if not readable(shape_of(image.domain)):
                faults.add(
                    f"{where}: '{array.name}' is of the shape {image.domain}: files hold images "
                    "(h, w), (h, w, 1) or (h, w, 3); give others in an .npz file"
                )
    return places


def _numbers(
    array: _Array, cells: Sequence[list[str]], where: Sequence[int], found: CellFaults
) -> np.ndarray:
    """The numbers of an array [rows, *shape]."""
    rows = len(cells[0]) if cells else 0
    result = np.zeros((rows, len(cells)), np.float64)
    known: dict[str, float | None] = {}
    for place, column in enumerate(cells):
        for row, cell in enumerate(column):
            if cell not in known:
                known[cell] = array.read(cell)
            value = known[cell]
            if value is None:
                found.add(row, where[place], _reason(cell, array.accepted))
            else:
                result[row, place] = value
    return result.reshape(rows, *array.shape)


def _reason(cell: str, accepted: str) -> str:
    return f"is not {accepted}" if cell else f"empty: it must be {accepted}"


def _images(
    array: _Array,
    image: Variable,
    table: Table,
    cells: Sequence[list[str]],
    where: Sequence[int],
    found: CellFaults,
    keys: Mapping[str, object],
) -> dict[str, np.ndarray]:
    """The images of an array: each file once, as a pool with the number of each element's."""
    shape = shape_of(image.domain)
    if not readable(shape):
        return {}
    folder = os.path.dirname(table.path)
    numbers: dict[str, int] = {}
    # The first cell of each file, of which alone it is said if the file is wrong.
    first: list[tuple[int, int]] = []
    index = np.zeros((len(table.lines), len(cells)), np.int32)
    for row, paths in enumerate(zip(*cells, strict=True)):
        for place, path in enumerate(paths):
            if not path:
                found.add(row, where[place], _reason(path, array.accepted))
                continue
            number = numbers.setdefault(path, len(numbers))
            if number == len(first):
                first.append((row, place))
            index[row, place] = number
    files = [image_path(folder, path) for path in numbers]
    pool, wrong = read_images(files, shape)
    for number, reason in sorted(wrong.items()):
        row, place = first[number]
        found.add(row, where[place], reason)
    index = index.reshape(len(index), *array.shape)
    pooled = {array.name + POOL, array.name + INDEX}
    if image.kind == "Output" or pooled & keys.keys():
        return {array.name: pool[index]} if len(pool) else {}
    return {array.name + POOL: pool, array.name + INDEX: index}


def image_path(folder: str, path: str) -> str:
    """The file of a cell; a path that was written on Windows is one everywhere."""
    whole = os.path.join(folder, path)
    if "\\" in path and not os.path.exists(whole):
        return os.path.join(folder, path.replace("\\", "/"))
    return whole
