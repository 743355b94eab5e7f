"""Reads images of operators from an .npz file or a folder that tensorflow-datasets has prepared."""

import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from datasets.folders import listed, meant, pass_on_stop, require_readable
from datasets.pools import SIDE, ImagePool
from terpret.errors import DataError

# What files call the operators; operator k of this order is what the models' Apply knows as k.
NAMES = {
    "+": ("+", "plus", "add", "addition"),
    "-": ("-", "\N{MINUS SIGN}", "minus", "subtract", "subtraction"),
    "*": ("*", "\N{MULTIPLICATION SIGN}", "x", "times", "cross", "multiply", "multiplication"),
    "/": ("/", "\N{DIVISION SIGN}", "slash", "obelus", "divide", "division"),
}
OPERATORS = tuple(NAMES)
# Three to train on and one to test on: with fewer there is no part for both.
FEWEST = 4
# What files of two other kinds begin with.
_GZIP, _NPY = b"\x1f\x8b", b"\x93NUMPY"
_MOST_NAMED = 6
NEEDED = ("images", "label", "label_names")
_FORMS = {
    "images": "uint8 [n, 28, 28]",
    "label": "integers [{n}], one for each image",
    "label_names": "strings [k]",
    "glyph": "integers [{n}], one for each image",
}

Fields = Mapping[str, np.ndarray]


def read_file(path: Path) -> ImagePool:
    """Reads every image of an operator from an .npz file.

    The file has `images`, uint8 [n, 28, 28], ink bright on black; `label`, integers [n]; and
    `label_names`, which says in any order what the labels mean, by names as in `NAMES`. Labels of
    other names are passed over, and so are repeats of an image. Where there is `glyph`, integers
    [n], an operator written in several ways (a slash and an obelus) is taken in the commonest, as
    one hand writes it.

    Args:
      path: the file.

    Returns:
      The images in the file's order, labelled in the order of `OPERATORS`.

    Raises:
      DataError: it is not such a file, or an operator is missing.
    """
    if not path.is_file():
        raise DataError(f"There is no file {path}{meant(path)}; name an .npz file of operators.")
    require_readable(path)
    with path.open("rb") as file:
        start = file.read(len(_NPY) + 4)
    if start.startswith(_GZIP):
        raise DataError(f"{path} is packed by gzip; unpack it, and name the .npz file in it.")
    if start.startswith(_NPY) and len(start) > len(_NPY) + 2:
        raise DataError(
            f"{path} is an .npy file, of one array; it must be an .npz file with "
            f"{', '.join(NEEDED)}."
        )
    if not zipfile.is_zipfile(path):
        raise DataError(
            f"{path} cannot be read as an .npz file: it is of another kind or was cut short; place "
            "a sound copy there."
        )
    try:
        with np.load(path, allow_pickle=False) as archive:
            # What is no array in an archive comes as bytes.
            fields = {name: np.asarray(archive[name]) for name in _FORMS if name in archive.files}
            others = ", ".join(archive.files[:_MOST_NAMED])
    except Exception as error:  # whatever a reader meets in damaged files
        pass_on_stop(error)
        if "allow_pickle" in str(error):
            raise DataError(
                f"{path} holds pickled objects, which are not read because they can run code; "
                "store arrays of numbers and of strings only."
            ) from error
        raise DataError(f"{path} is damaged; place a sound copy there.") from error
    if others and not any(name in fields for name in NEEDED):
        raise DataError(f"{path} holds {others}; it needs {', '.join(NEEDED)}.")
    return _pool(fields, path)


def read_folder(path: Path) -> ImagePool:
    """Reads every image of an operator from a folder such as `math_operators/1.0.0`.

    Args:
      path: the folder, prepared by tensorflow-datasets from the features `image` and `label`, and
        perhaps `glyph`; all its splits are taken together, as `read_file` takes a file.

    Returns:
      The images, labelled in the order of `OPERATORS`.

    Raises:
      DataError: it is not such a folder, is damaged, or an operator is missing.
    """
    require_readable(*listed(path))
    if not (path / "dataset_info.json").is_file():
        raise DataError(
            f"{path} is not a folder that tensorflow-datasets has prepared (it has no "
            "dataset_info.json), and holds no operators.npz; name the folder of a version, such as "
            f"math_operators/1.0.0, or an .npz file with {', '.join(NEEDED)}."
        )
    try:
        # Its import takes longer than all the rest, and few runs need it.
        import tensorflow_datasets as tfds

        builder = tfds.builder_from_directory(str(path))
        features = builder.info.features
        splits = [
            tfds.as_numpy(builder.as_dataset(split=split, batch_size=-1))
            for split in sorted(builder.info.splits)
        ]
        fields = {
            name: np.concatenate([part[name] for part in splits])
            for name in ("image", "label", "glyph")
            if name in features
        }
        fields["images"] = fields.pop("image")[..., 0]
        fields["label_names"] = np.array(features["label"].names)
    except ImportError as error:
        raise DataError(
            f"{path} cannot be read without tensorflow-datasets ({error}); install the project's "
            "requirements."
        ) from error
    except Exception as error:  # whatever a reader meets in damaged files
        pass_on_stop(error)
        raise DataError(
            f"{path} is damaged, or another data set than one of operators; remove that folder to "
            "have it prepared anew."
        ) from error
    return _pool(fields, path)


def _pool(fields: Fields, path: Path) -> ImagePool:
    """Makes a pool of the images of operators, each once.

    Raises:
      DataError: a field is missing or wrong, or an operator is missing.
    """
    _check(fields, path)
    images, names = fields["images"], fields["label_names"]
    labels = np.array([_operator(name) for name in names], np.int32)[fields["label"]]
    kept = _unrepeated(images, np.flatnonzero(labels >= 0))
    if "glyph" in fields:
        kept = _commonest(fields["glyph"], labels, kept)
    counts = np.bincount(labels[kept], minlength=len(OPERATORS))
    if counts.min() < FEWEST:
        found = ", ".join(f"{n} of {name}" for name, n in zip(OPERATORS, counts, strict=True))
        raise DataError(
            f"{path} lacks operators: it has {found}, by its label_names {', '.join(names)}; it "
            f"needs {FEWEST} different images of each, better 200."
        )
    return ImagePool(images[kept], labels[kept])


def _check(fields: Fields, path: Path) -> None:
    """Raises a DataError unless the fields are there and have the right types and shapes."""
    missing = [name for name in NEEDED if name not in fields]
    if missing:
        raise DataError(f"{path} has no field '{missing[0]}'; it needs {', '.join(NEEDED)}.")
    images, labels, names = (fields[name] for name in NEEDED)
    count = images.shape[0] if images.ndim else 0
    right = {
        "images": images.dtype == np.uint8 and images.shape == (count, SIDE, SIDE),
        "label": labels.dtype.kind in "iu" and labels.shape == (count,),
        "label_names": names.dtype.kind == "U" and names.ndim == 1,
    }
    if "glyph" in fields:
        glyphs = fields["glyph"]
        right["glyph"] = glyphs.dtype.kind in "iu" and glyphs.shape == (count,)
    for name, is_right in right.items():
        if not is_right:
            field = fields[name]
            raise DataError(
                f"'{name}' in {path} is {field.dtype} {list(field.shape)}; it must be "
                f"{_FORMS[name].format(n=count)}."
            )
    outside = labels[(labels < 0) | (labels >= len(names))]
    if len(outside):
        raise DataError(
            f"{path} has the label {outside[0]}, which is none of its {len(names)} label_names; "
            "number the label_names from 0 on."
        )


def _operator(name: str) -> int:
    """Returns the number of the operator of a name; -1 for what is none."""
    plain = name.strip().lower()
    return next((k for k, known in enumerate(NAMES.values()) if plain in known), -1)


def _unrepeated(images: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Returns those of the places where an image stands for the first time."""
    first: dict[bytes, int] = {}
    for place in places:
        first.setdefault(images[place].tobytes(), place)
    return np.array(list(first.values()), int)


def _commonest(glyphs: np.ndarray, labels: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Returns those of the places where an operator is written in its commonest way."""
    kept = np.zeros(len(places), bool)
    for label in np.unique(labels[places]):
        own = labels[places] == label
        ways, counts = np.unique(glyphs[places[own]], return_counts=True)
        kept |= own & (glyphs[places] == ways[counts.argmax()])
    return places[kept]
