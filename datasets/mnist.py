"""Reads MNIST through tensorflow-datasets, which checks and prepares it, and says why it cannot."""

import contextlib
import hashlib
import io
import json
import re
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from absl import logging

from datasets.pools import SIDE, DataError, ImagePool, data_folder

SPLITS = {"train": 60_000, "test": 10_000}
# The SHA-256 sums under which tensorflow-datasets knows the four files.
FILES = {
    "train-images-idx3-ubyte.gz": (
        "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"
    ),
    "train-labels-idx1-ubyte.gz": (
        "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"
    ),
    "t10k-images-idx3-ubyte.gz": (
        "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"
    ),
    "t10k-labels-idx1-ubyte.gz": (
        "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"
    ),
}
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
    prepared = _prepared_folder(folder)
    if prepared is None:
        _require_source(folder)
        prepared = _prepare(folder)
    return _read(prepared)


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
    if data_dir is not None and not folder.is_dir():
        raise MnistAbsent(
            f"The data directory {folder} does not exist; name one that does, or choose the "
            "embedded digits.",
            f"the data directory {folder} does not exist",
        )
    return folder


def _prepared_folder(folder: Path) -> Path | None:
    """Returns the newest prepared version of MNIST in a data directory, e.g. `mnist/3.0.1`."""
    versions = [
        (tuple(int(part) for part in path.name.split(".")), path)
        for path in (folder / "mnist").glob("*")
        if re.fullmatch(r"\d+\.\d+\.\d+", path.name)
    ]
    return max(versions)[1] if versions else None


def _require_source(folder: Path) -> None:
    """Raises a DataError unless the placed files are sound and any others can be downloaded."""
    manual = folder / "downloads" / "manual"
    placed = [name for name in FILES if (manual / name).exists()]
    for name in placed:
        try:
            digest = hashlib.sha256((manual / name).read_bytes()).hexdigest()
        except OSError as error:
            raise DataError(f"{manual / name} cannot be read ({error.strerror}).") from error
        if digest != FILES[name]:
            raise DataError(
                f"{manual / name} is damaged (its SHA-256 sum is not that of MNIST's file of this "
                "name); place a sound copy there, or remove it."
            )
    if len(placed) == len(FILES) or network_answers():
        return
    if placed:
        missing = ", ".join(name for name in FILES if name not in placed)
        raise DataError(
            f"MNIST in {manual} is incomplete: {missing} is missing, and {_HOST} does not give it "
            f"out within {PROBE_SECONDS:g} seconds; {_ADVICE.format(manual=manual)}."
        )
    raise MnistAbsent(
        f"MNIST was not found in {folder} (neither prepared nor as files in {manual}), and {_HOST} "
        f"does not give it out within {PROBE_SECONDS:g} seconds; {_ADVICE.format(manual=manual)}.",
        f"MNIST not found in {folder} and not downloadable",
    )


def _prepare(folder: Path) -> Path:
    """Has tensorflow-datasets prepare MNIST in a data directory; returns the prepared folder."""
    manual = folder / "downloads" / "manual"
    logging.info("Preparing MNIST in %s", folder)
    with _quiet():
        try:
            import tensorflow_datasets as tfds

            builder = tfds.builder("mnist", data_dir=str(folder))
            builder.download_and_prepare()
        except Exception as error:  # its errors have no base class of their own
            message = (
                f"MNIST could not be prepared in {folder} ({_first_line(error)}); "
                f"{_ADVICE.format(manual=manual)}."
            )
            placed = any((manual / name).exists() for name in FILES)
            if _is_failed_download(error) and not placed:
                raise MnistAbsent(
                    message, f"MNIST not found in {folder} and its download failed"
                ) from error
            raise DataError(message) from error
        return Path(builder.data_path)


def _is_failed_download(error: Exception) -> bool:
    """Returns whether the network failed, rather than the file or the disk."""
    kinds = {kind.__name__ for kind in type(error).__mro__}
    # The first two belong to packages that only the download itself needs.
    return not kinds.isdisjoint({"RequestException", "DownloadError", "ConnectionError"})


def _read(prepared: Path) -> tuple[ImagePool, ImagePool, str]:
    """Reads the prepared data set in a folder such as `mnist/3.0.1`."""
    part = ""
    with _quiet():
        try:
            # tensorflow-datasets would not say which of its two descriptions it could not read.
            for part in ("dataset_info.json", "features.json"):
                json.loads((prepared / part).read_text(encoding="utf-8"))
            part = "dataset_info.json or features.json"
            import tensorflow_datasets as tfds

            builder = tfds.builder_from_directory(str(prepared))
            pools = {}
            for split, count in SPLITS.items():
                files = sorted(path.name for path in prepared.glob(f"mnist-{split}.*"))
                part = ", ".join(files) or f"mnist-{split}.tfrecord-00000-of-00001"
                data = tfds.as_numpy(builder.as_dataset(split=split, batch_size=-1))
                images = np.ascontiguousarray(data["image"]).reshape(-1, SIDE, SIDE)
                if len(images) != count:
                    raise ValueError(f"{len(images)} images instead of {count}")
                pools[split] = ImagePool(images, data["label"].astype(np.int32))
        except ImportError as error:
            raise DataError(
                f"MNIST is in {prepared}, but tensorflow-datasets cannot be imported "
                f"({_first_line(error)}); install the project's requirements."
            ) from error
        except Exception as error:  # whatever a reader meets in damaged files
            raise DataError(
                f"MNIST in {prepared} is damaged: {part} cannot be read ({_first_line(error)}); "
                "remove that folder to have it prepared anew."
            ) from error
    source = f"MNIST (tensorflow-datasets {builder.info.name} {builder.info.version})"
    return pools["train"], pools["test"], source


def _first_line(error: Exception) -> str:
    """Returns the first line of an error's message, fit to stand in a sentence."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    lines = str(error).strip().splitlines() or [type(error).__name__]
    # TensorFlow adds the graph's node before and the operation's name behind.
    plain = re.sub(r"\{\{.*?\}\}|\[Op:.*?\].*", "", lines[0])
    return plain.strip().rstrip(".:")[:160]


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
