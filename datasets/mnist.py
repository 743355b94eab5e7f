"""Finds MNIST, prepared by tensorflow-datasets or in its own files, and reads it, or says why not.

What is prepared is read as it is. Its four original files are prepared first, where the data
directory can be written; one process does it, others wait. Other forms are read as they lie, and
all give the same images in the same order.
"""

import contextlib
import io
import json
import os
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from absl import logging

from datasets import mnist_files
from datasets.folders import (
    alone,
    data_folder,
    described,
    first_line,
    is_denied,
    listed,
    meant,
    pass_on_stop,
    prepared,
    require_readable,
    tell,
    unreadable,
)
from datasets.mnist_files import FILES, SPLITS, Placed, manual_folder
from datasets.pools import SIDE, ImagePool
from terpret.errors import DataError

NAME = "mnist"
PROBE_SECONDS = 3.0
_HOST = "storage.googleapis.com"
_PROBE_URL = f"https://{_HOST}/cvdf-datasets/mnist/t10k-labels-idx1-ubyte.gz"
_ADVICE = "place its four .gz files in {manual}, or choose the embedded digits"


class MnistAbsent(DataError):
    """MNIST is nowhere to be had, as opposed to there but damaged.

    Attributes:
      reason: the same in a few words.
    """

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


def load_mnist(data_dir: str | None = None) -> tuple[ImagePool, ImagePool, str]:
    """Reads MNIST, preparing it from its placed files or downloading it where it must.

    Args:
      data_dir: the data directory of tensorflow-datasets; None is the default one.

    Returns:
      The training pool (60,000 images), the test pool (10,000), and what they are, in words.

    Raises:
      MnistAbsent: it is neither in the directory nor to be downloaded.
      DataError: it is there, but incomplete, damaged or not to be prepared.
    """
    folder = _data_folder(data_dir)
    found = prepared(folder, NAME)
    if found:
        return _read(found)
    placed = mnist_files.find(folder)
    if len(placed) == len(FILES):
        if not _can_be_prepared(folder, placed):
            return _read_files(placed)
    else:
        elsewhere = _require_source(folder, placed)
        if elsewhere:
            return _read_files(elsewhere)
    try:
        found = _prepare(folder)
    except Exception as error:  # those of tensorflow-datasets have no base class of their own
        pass_on_stop(error)
        why = f"MNIST could not be prepared in {folder} ({first_line(error)})"
        if len(placed) == len(FILES):
            tell(f"{why}; its four files are read as they are")
            return _read_files(placed)
        raise _unprepared(folder, placed, why, error) from error
    return _read(found)


def network_answers() -> bool:
    """Returns whether the file server gives MNIST out, after `PROBE_SECONDS` at the latest."""
    answers = threading.Event()

    def ask() -> None:
        request = urllib.request.Request(_PROBE_URL, method="HEAD")
        # Whatever goes wrong here would go wrong with the download.
        with contextlib.suppress(Exception):
            with urllib.request.urlopen(request, timeout=PROBE_SECONDS):
                answers.set()

    # Looking up a host name knows no time limit of its own, so it must not be waited for.
    prober = threading.Thread(target=ask, daemon=True)
    prober.start()
    prober.join(PROBE_SECONDS)
    return answers.is_set()


def _data_folder(data_dir: str | None) -> Path:
    """Returns the data directory; one that was named must exist."""
    folder = data_folder(data_dir)
    if data_dir and not folder.is_dir():
        why = f"the data directory {folder} does not exist{meant(folder)}"
        raise MnistAbsent(f"T{why[1:]}; name one that does, or choose the embedded digits.", why)
    denied = unreadable(folder)
    if denied:
        why = f"the data directory {folder} cannot be read ({denied})"
        raise MnistAbsent(f"T{why[1:]}; name another, or choose the embedded digits.", why)
    return folder


def _can_be_prepared(folder: Path, placed: Placed) -> bool:
    """Returns whether all files are the originals, where tensorflow-datasets looks for them."""
    manual = manual_folder(folder)
    return all(
        path == manual / name and mnist_files.is_original(path, name)
        for name, path in placed.items()
    )


def _read_files(placed: Placed) -> tuple[ImagePool, ImagePool, str]:
    """Reads MNIST's own files."""
    train, test = mnist_files.read(placed)
    return train, test, f"MNIST (read from {_whereabouts(placed)})"


def _whereabouts(placed: Placed) -> str:
    """Names the folders in which files lie, or the archive."""
    places = (path if path.name == mnist_files.ARCHIVE else path.parent for path in placed.values())
    return " and ".join(dict.fromkeys(map(str, places)))


def _require_source(folder: Path, placed: Placed) -> Placed | None:
    """Looks for MNIST where its own files are not all where they are looked for.

    Returns:
      The files in a deeper folder, where they are sound; None where MNIST can be downloaded.

    Raises:
      MnistAbsent: there is none to be had.
      DataError: a file in the manual folder is damaged, or they are not all there.
    """
    manual = manual_folder(folder)
    in_manual = {name: path for name, path in placed.items() if manual in path.parents}
    for name, path in in_manual.items():
        if not mnist_files.is_original(path, name):
            mnist_files.content(path, name)
    others = []
    for deeper in mnist_files.find_deeper(folder):
        try:
            for name, path in deeper.items():
                mnist_files.content(path, name)
        except DataError as error:
            others.append(str(error).split(";")[0])
        else:
            return deeper
    if network_answers():
        return None
    missing = ", ".join(name for name in FILES if name not in placed)
    offline = f"{_HOST} does not give it out within {PROBE_SECONDS:g} seconds"
    advice = _ADVICE.format(manual=manual)
    if in_manual:
        raise DataError(
            f"MNIST in {manual} is incomplete: {missing} is missing, and {offline}; {advice}."
        )
    if placed:
        others.insert(0, f"in {_whereabouts(placed)} it is incomplete, without {missing}")
    for below in listed(folder):
        if os.path.isdir(below) and not unreadable(below) and prepared(below, NAME):
            others.insert(0, f"it is prepared in {below}, which --data_dir could name")
    more = "".join(f"; {other}" for other in others)
    raise MnistAbsent(
        f"MNIST was not found in {described(folder)} (neither prepared nor as files in {manual}), "
        f"and {offline}{more}; {advice}.",
        f"MNIST not found in {described(folder)} and not downloadable{more}",
    )


def _prepare(folder: Path) -> Path:
    """Has tensorflow-datasets prepare MNIST in a data directory, unless another process just has.

    Returns:
      The prepared folder.
    """
    with alone(folder, NAME):
        found = prepared(folder, NAME)
        if found:
            return found
        logging.info("Preparing MNIST in %s", folder)
        with _quiet():
            import tensorflow_datasets as tfds

            builder = tfds.builder(NAME, data_dir=str(folder))
            builder.download_and_prepare()
            return Path(builder.data_path)


def _unprepared(folder: Path, placed: Placed, why: str, error: Exception) -> DataError:
    """Says why MNIST could not be prepared from a download."""
    if _is_failed_download(error):
        message = f"{why}; {_ADVICE.format(manual=manual_folder(folder))}."
        return (
            DataError(message)
            if placed
            else MnistAbsent(message, f"MNIST not found in {folder} and its download failed")
        )
    advice = "name a data directory that can be written, or choose the embedded digits"
    if is_denied(error):
        reason = f"MNIST not found in {folder}, which cannot be written ({first_line(error)})"
        return MnistAbsent(f"{reason}; {advice}.", reason)
    return DataError(f"{why}; {advice}.")


def _is_failed_download(error: Exception) -> bool:
    """Returns whether the network failed, rather than the file or the disk."""
    kinds = {kind.__name__ for kind in type(error).__mro__}
    # The first two belong to packages that only the download itself needs.
    return not kinds.isdisjoint({"RequestException", "DownloadError", "ConnectionError"})


def _read(folder: Path) -> tuple[ImagePool, ImagePool, str]:
    """Reads the prepared data set in a folder such as `mnist/3.0.1`."""
    require_readable(folder, *folder.glob("*"))
    part = ""
    with _quiet():
        try:
            # tensorflow-datasets would not say which of its two descriptions it could not read.
            for part in ("dataset_info.json", "features.json"):
                json.loads((folder / part).read_text(encoding="utf-8"))
            part = "dataset_info.json or features.json"
            import tensorflow_datasets as tfds

            builder = tfds.builder_from_directory(str(folder))
            pools = {}
            for split, count in SPLITS.items():
                files = sorted(path.name for path in folder.glob(f"mnist-{split}.*"))
                part = ", ".join(files) or f"mnist-{split}.tfrecord-00000-of-00001"
                data = tfds.as_numpy(builder.as_dataset(split=split, batch_size=-1))
                images = np.ascontiguousarray(data["image"]).reshape(-1, SIDE, SIDE)
                if len(images) != count:
                    raise ValueError(f"{len(images)} images instead of {count}")
                pools[split] = ImagePool(images, data["label"].astype(np.int32))
        except ImportError as error:
            raise DataError(
                f"MNIST is in {folder}, but tensorflow-datasets cannot be imported "
                f"({first_line(error)}); install the project's requirements."
            ) from error
        except Exception as error:  # whatever a reader meets in damaged files
            pass_on_stop(error)
            raise DataError(
                f"MNIST in {folder} is damaged: {part} cannot be read ({first_line(error)}); "
                "remove that folder to have it prepared anew."
            ) from error
    source = f"MNIST (tensorflow-datasets {builder.info.name} {builder.info.version})"
    return pools["train"], pools["test"], source


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keeps the log lines and progress bars of tensorflow-datasets off the terminal."""
    verbosity = logging.get_verbosity()
    logging.set_verbosity(logging.FATAL)
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            yield
    finally:
        logging.set_verbosity(verbosity)
