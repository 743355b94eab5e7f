"""Reads the stop signs and arrows of GTSRB, from whatever form of it there is."""

import itertools
import os
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf

from datasets.folders import listed, meant, pass_on_stop, prepared, require_readable
from datasets.gtsrb_archive import SUFFIXES, members
from datasets.gtsrb_layouts import FORMS, photograph
from datasets.gtsrb_photos import photos
from datasets.pools import SIDE
from terpret.errors import DataError

STOP_CLASS, AHEAD_CLASS = 14, 35
KINDS = (STOP_CLASS, AHEAD_CLASS)
# The data set that `datasets.gtsrb` prepares.
PREPARED = ("gtsrb", "1.0.0")
_FIELDS = ("images", "class_id", "track", "split")


@dataclass(frozen=True, eq=False)
class Photos:
    """Photographs of signs, cropped to the sign, all of GTSRB's training set: it has tracks.

    Attributes:
      images: grey, uint8 [n, 28, 28].
      kinds: GTSRB's class of each, [n].
      tracks: the physical sign of each, [n]; a number means something within its class only.
    """

    images: np.ndarray
    kinds: np.ndarray
    tracks: np.ndarray


def placed(folder: Path) -> list[Path]:
    """Finds GTSRB in a data directory.

    Args:
      folder: the data directory of tensorflow-datasets.

    Returns:
      The prepared folder gtsrb/1.0.0, or else the first .npz file, or else all archives and all
      folders with photographs, of those in downloads/manual and in the directory itself that are
      called gtsrb*, in capital or small letters, or lie in a folder that is; or else either of
      these two, if Kaggle's archive was unpacked there.
    """
    found = prepared(folder, PREPARED[0])
    if found:
        return [found]
    return _named(folder, ".npz")[:1] or placed_originals(folder)


def placed_originals(folder: Path) -> list[Path]:
    """The archives and folders of photographs in a data directory, all of them."""
    trees = [path for path in _folders(folder) if _holds_photographs(path)]
    # Kaggle's archive has no folder of a name of its own.
    kaggle = (
        place
        for place in (folder / "downloads" / "manual", folder)
        if all(map(os.path.exists, (place / "Train.csv", place / "Train" / str(STOP_CLASS))))
    )
    trees = trees or list(itertools.islice(kaggle, 1))
    return _named(folder, SUFFIXES) + trees


def _named(folder: Path, endings: str | tuple[str, ...]) -> list[Path]:
    """The files that are called gtsrb* and have one of the endings, where people place them."""
    places = [folder / "downloads" / "manual", folder, *_folders(folder)]
    paths = (path for place in places for path in listed(place) if _is_named(path))
    return [path for path in paths if path.name.lower().endswith(endings) and os.path.isfile(path)]


def _folders(folder: Path) -> list[Path]:
    """The folders that are called gtsrb*, where people place them."""
    paths = listed(folder / "downloads" / "manual") + listed(folder)
    return [path for path in paths if _is_named(path) and os.path.isdir(path)]


def _is_named(path: Path) -> bool:
    return path.name.lower().startswith("gtsrb")


def _holds_photographs(folder: Path) -> bool:
    return any(photograph(name) for name, _ in members(folder))


def read(*paths: Path) -> Photos:
    """Reads the stop signs and the straight arrows of GTSRB's training set.

    Args:
      *paths: a folder prepared by `datasets.gtsrb`; or an .npz file with the arrays images, uint8
        [n, 28, 28], class_id and track, integers [n], and split, [n], 0 for training; or archives
        and folders in a form that `datasets.gtsrb_layouts` knows, or folders that hold any of
        these.

    Returns:
      The photographs.

    Raises:
      DataError: there is no such file or folder, it is damaged, or it holds no such photographs.
    """
    paths = tuple(each for path in paths for each in _held(path))
    path = paths[0]
    if path.is_dir() and prepared(path, PREPARED[0]) == path:
        found = _read_folder(path)
    elif path.name.lower().endswith(".npz"):
        found = _read_arrays(path)
    else:
        chosen = ((p.kind, p.track, p.frame, p) for p in photos(paths, KINDS, ("train",)))
        found = _stacked(
            (shrunk(photo.pixels, photo.region), kind, track)
            for kind, track, _, photo in sorted(chosen, key=lambda each: each[:3])
        )
    for kind in KINDS:
        if not (found.kinds == kind).any():
            raise DataError(
                f"{' and '.join(map(str, paths))} holds no photograph of class {kind:05d} of "
                "GTSRB's training set; place a whole copy there."
            )
    return found


def _held(path: Path) -> list[Path]:
    """What of GTSRB a folder holds; whatever is no folder is taken as it is."""
    require_readable(path)
    if not path.is_dir():
        return [path]
    found = prepared(path, PREPARED[0])
    if found:
        return [found]
    kept = placed(path)
    if kept and kept[0].name.lower().endswith(".npz"):
        return kept[:1]
    archives = [each for each in kept if each.is_file()]
    if not archives and not _holds_photographs(path):
        archives = [each for each in listed(path) if each.name.lower().endswith(SUFFIXES)]
    trees = [path] if _holds_photographs(path) else []
    if not archives and not trees:
        raise DataError(
            f"{path} is not a folder that tensorflow-datasets has prepared, such as gtsrb/1.0.0, "
            f"and holds neither archives of GTSRB nor its files in a form that is read: {FORMS}."
        )
    return archives + trees


@tf.function(
    input_signature=[tf.TensorSpec([None, None, 3], tf.uint8), tf.TensorSpec([4], tf.int32)]
)
def shrunk(pixels: tf.Tensor, region: tf.Tensor) -> tf.Tensor:
    """Crops a photograph to a region, makes it grey, and resizes it.

    Args:
      pixels: uint8 [height, width, 3].
      region: left, top, right and bottom, the last two exclusive, int32 [4].

    Returns:
      uint8 [28, 28].
    """
    left, top, right, bottom = tf.unstack(region)
    grey = tf.image.rgb_to_grayscale(tf.cast(pixels[top:bottom, left:right], tf.float32))
    small = tf.image.resize(grey, [SIDE, SIDE], antialias=True)
    return tf.cast(tf.round(tf.clip_by_value(small[..., 0], 0.0, 255.0)), tf.uint8)


def _read_folder(path: Path) -> Photos:
    """Reads a folder such as `gtsrb/1.0.0`."""
    require_readable(*listed(path))
    try:
        # Its import takes longer than all the rest, and few runs need it.
        import tensorflow_datasets as tfds

        builder = tfds.builder_from_directory(str(path))
        kept = {"image": tfds.decode.SkipDecoding()}
        wanted = tf.constant(KINDS, tf.int64)
        data = builder.as_dataset(split="train", decoders=kept)
        data = data.filter(lambda each: tf.reduce_any(each["label"] == wanted))
        data = data.map(
            lambda each: (
                shrunk(
                    tf.io.decode_image(each["image"], 3, expand_animations=False), each["region"]
                ),
                each["label"],
                each["track"],
            )
        )
        return _stacked(tfds.as_numpy(data))
    except ImportError as error:
        raise DataError(
            f"{path} cannot be read without tensorflow-datasets ({error}); install the project's "
            "requirements."
        ) from error
    except Exception as error:  # whatever a reader meets in damaged files
        pass_on_stop(error)
        raise DataError(
            f"{path} is damaged, or another data set than GTSRB; remove that folder to have it "
            "prepared anew."
        ) from error


def _read_arrays(path: Path) -> Photos:
    """Reads an .npz file."""
    if not path.is_file():
        raise DataError(f"There is no file {path}{meant(path)}; name a file or a folder of GTSRB.")
    if not zipfile.is_zipfile(path):
        raise DataError(f"{path} is no .npz file, or was cut short; place a sound copy there.")
    try:
        with np.load(path, allow_pickle=False) as archive:
            fields = {name: np.asarray(archive[name]) for name in _FIELDS if name in archive.files}
    except Exception as error:  # whatever a reader meets in damaged files
        pass_on_stop(error)
        raise DataError(f"{path} is damaged; place a sound copy there.") from error
    missing = [name for name in _FIELDS if name not in fields]
    if missing:
        raise DataError(f"{path} has no field '{missing[0]}'; it needs {', '.join(_FIELDS)}.")
    images, *numbers = (fields[name] for name in _FIELDS)
    alike = all(field.shape == images.shape[:1] and field.dtype.kind in "iu" for field in numbers)
    if images.dtype != np.uint8 or images.shape[1:] != (SIDE, SIDE) or not alike:
        raise DataError(
            f"'images' in {path} must be uint8 [n, {SIDE}, {SIDE}], and its other fields integers "
            "[n], one for each image."
        )
    kinds, tracks, split = numbers
    chosen = (split == 0) & np.isin(kinds, KINDS)
    return Photos(images[chosen], kinds[chosen], tracks[chosen])


def _stacked(each: Iterable[tuple[np.ndarray, int, int]]) -> Photos:
    """Puts images, classes and tracks together."""
    images, kinds, tracks = [], [], []
    for image, kind, track in each:
        images.append(np.asarray(image))
        kinds.append(kind)
        tracks.append(track)
    stack = np.reshape(images, (-1, SIDE, SIDE)).astype(np.uint8)
    return Photos(stack, np.array(kinds, int), np.array(tracks, int))
