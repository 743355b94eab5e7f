"""A model that reads images, instances of it, and the files that hold them."""

import csv
import io
import json
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

from terpret.data.example_set import Examples
from terpret.language.checked import CheckedModel
from tests.language.helpers import checked

LEARN = """

@Learn([Tensor(4, 3)], 10, hid_sizes=[4])
def digit(img):
    pass


"""
SUMS = f"""a = InputTensor(4, 3)
b = InputTensor(4, 3)[2]
c = Input(5)
g = Input(3)[2, 2]
total = Output(19)
parts = Output(10)[2]
{LEARN}
@Runtime([10, 10], 19)
def add(x, y):
    return x + y


total.set_to(add(digit(a), digit(b[0])))
for k in range(2):
    parts[k].set_to(digit(b[k]))
"""
ONE = f"a = InputTensor(4, 3)\ny = Output(10)\n{LEARN}y.set_to(digit(a))\n"


def sums() -> CheckedModel:
    return checked(SUMS)


def arrays_of(count: int = 6, seed: int = 0) -> dict[str, np.ndarray]:
    """Instances of `SUMS`, all images different, with labels."""
    random = np.random.default_rng(seed)
    return {
        "a": random.integers(0, 256, (count, 4, 3), np.uint8),
        "b": random.integers(0, 256, (count, 2, 4, 3), np.uint8),
        "c": random.integers(0, 5, count),
        "g": random.integers(0, 3, (count, 2, 2)),
        "total": random.integers(-1, 19, count),
        "parts": random.integers(0, 10, (count, 2)),
        "a_digit": random.integers(-1, 10, count),
        "b_digit": random.integers(0, 10, (count, 2)),
    }


def as_npz(path: Path, arrays: dict[str, np.ndarray]) -> Path:
    np.savez(path, **arrays)
    return path


def instances_of(arrays: dict[str, np.ndarray]) -> list[dict[str, object]]:
    """The instances as JSON has them."""
    rows = [
        {name: values[k].tolist() for name, values in arrays.items()}
        for k in range(len(next(iter(arrays.values()))))
    ]
    return [{name: _nulls(value) for name, value in row.items()} for row in rows]


def _nulls(value: object) -> object:
    if isinstance(value, list):
        return [_nulls(one) for one in value]
    return None if value == -1 else value


def as_json(path: Path, arrays: dict[str, np.ndarray]) -> Path:
    path.write_text(json.dumps(instances_of(arrays)))
    return path


def as_lines(path: Path, arrays: dict[str, np.ndarray]) -> Path:
    path.write_text("".join(json.dumps(one) + "\n" for one in instances_of(arrays)))
    return path


def as_csv(path: Path, arrays: dict[str, np.ndarray]) -> Path:
    """A CSV file, with PNG files beside it."""
    names = {
        name: [
            f"{name}[{','.join(map(str, place))}]" if place else name
            for place in np.ndindex(values.shape[1 : values.ndim - 2 * (name in "ab")])
        ]
        for name, values in arrays.items()
    }
    (path.parent / path.stem).mkdir()
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([one for columns in names.values() for one in columns])
        for row in range(len(arrays["c"])):
            cells: list[object] = []
            for name, values in arrays.items():
                if name in "ab":
                    for number, image in enumerate(values[row].reshape(-1, 4, 3)):
                        place = f"{path.stem}/{name}{row}-{number}.png"
                        Image.fromarray(image).save(path.parent / place)
                        cells.append(place)
                else:
                    cells += ["" if one == -1 else one for one in values[row].ravel()]
            writer.writerow(cells)
    return path


def same(one: Examples, other: Examples) -> bool:
    """Whether two sets of examples are equal in all but their source."""
    return (
        one.size == other.size
        and _equal(one.arrays, other.arrays)
        and _equal(one.pools, other.pools)
        and one.labels.keys() == other.labels.keys()
        and all(_equal(one.labels[name], other.labels[name]) for name in one.labels)
    )


def _equal(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> bool:
    return list(one) == list(other) and all(
        one[name].dtype == other[name].dtype and np.array_equal(one[name], other[name])
        for name in one
    )


def npy(array: object) -> bytes:
    """An array as an `.npy` file, with pickles."""
    file = io.BytesIO()
    np.save(file, np.asarray(array), allow_pickle=True)
    return file.getvalue()


def zipped(path: Path, members: dict[str, bytes], packed: bool = False) -> Path:
    kind = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
    with zipfile.ZipFile(path, "w", kind) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path
