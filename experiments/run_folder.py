"""The folder of a run: whose it is, and that it goes on with what it began with."""

import contextlib
import dataclasses
import glob
import hashlib
import os
import platform
import shutil
import sys
from collections.abc import Iterator, Mapping
from importlib import metadata

import numpy as np
import tensorflow as tf

from experiments.config import (
    INIT_NETWORKS,
    Config,
    ExperimentConfig,
    RunError,
    model_path,
    read_config,
)
from experiments.threads import same_threads, threads
from terpret.learning.files import read_json, write_bytes, write_json
from terpret.learning.network_file import FILE_NAME

# Raised whenever a checkpoint written before could no longer be continued.
FORMAT = 6
# What a run notes of its images, to know them again.
DATA = "data.json"
# The folder, inside, of runs whose networks this one begins with.
FIRST_STAGE = "networks"
# The folders, inside, that hold what a run leaves, too.
_INSIDE = (f"{FIRST_STAGE}/*/", "lives/*/", "stages/*/", "seed-*/")
_AFRESH = "give another --workdir, or --restart to begin afresh there"
# What a run or an experiment leaves in its folder.
_LEFT = (
    "config.json",
    "manifest.json",
    DATA,
    "results.json",
    "curves.json",
    "program.txt",
    "program.json",
    FILE_NAME,
    INIT_NETWORKS,
    "model/*.py",
    "events/**/events.out.*",
    "checkpoints/ckpt-*",
    "course.json",
)


def claim(
    config: Config | ExperimentConfig, workdir: str, afresh: bool
) -> tuple[dict[str, object] | None, list[str]]:
    """Makes a run folder the config's own.

    Args:
      config: the settings.
      workdir: the run folder.
      afresh: forget what the folder holds.

    Returns:
      The results, if the folder holds those of a finished run with the same settings; and warnings.

    Raises:
      RunError: the folder holds another run, or cannot be written.
    """
    try:
        os.makedirs(workdir, exist_ok=True)
        if afresh:
            _forget(workdir)
        now = _manifest(config)
        if os.path.exists(os.path.join(workdir, "config.json")):
            warnings = _compare(config, now, workdir)
            results = read_json(os.path.join(workdir, "results.json"))
            if isinstance(results, dict):
                return results, warnings
            return None, [*warnings, *same_threads(config, workdir)]
        if glob.glob(os.path.join(glob.escape(workdir), "checkpoints", "ckpt-*")):
            raise RunError(
                f"{workdir} holds checkpoints, but no config.json says of which run: {_AFRESH}"
            )
        for name, source in config.copies.items():
            with open(source, "rb") as file:
                write_bytes(os.path.join(workdir, name), file.read())
        write_json(os.path.join(workdir, "manifest.json"), now)
        # Last: a folder with a config has all the rest.
        write_json(os.path.join(workdir, "config.json"), dataclasses.asdict(config))
    except OSError as error:
        raise RunError(f"cannot use {workdir}: {error.strerror or error}") from None
    return None, []


def same_data(workdir: str, images: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> None:
    """Refuses to go on with other data than a run began with; notes them where it begins.

    `auto` may find other data later, and the results would be called after those alone.

    Args:
      workdir: the run folder.
      images: labelled test images by what they show, or by the network that reads them.

    Raises:
      RunError: they are others, or the folder cannot be written.
    """
    if not images:
        return
    now = {name: _digest(*pair) for name, pair in images.items()}
    path = os.path.join(workdir, DATA)
    began = read_json(path)
    if not isinstance(began, dict):
        with writing(workdir):
            write_json(path, now)
    elif began != now:
        raise RunError(
            f"the run in {workdir} began with other data: give those by --data_dir or by the flag "
            f"that names them, or {_AFRESH}"
        )


def model_copy(config: Config, workdir: str) -> str:
    """The run folder's copy of the model, or the model itself where there is none yet."""
    path = os.path.join(workdir, "model", os.path.basename(model_path(config.model)))
    return path if os.path.exists(path) else model_path(config.model)


def networks_copy(config: Config, workdir: str) -> str:
    """The run folder's copy of the networks it starts from, or these where there is none yet.

    Empty where a run starts from none.
    """
    path = os.path.join(workdir, INIT_NETWORKS)
    return path if os.path.exists(path) else config.init_nets


def finished(
    workdir: str, results: Mapping[str, object], sources: Mapping[str, str], command: str
) -> dict[str, object]:
    """Writes the results of a finished experiment with where they come from; returns both."""
    whole = {
        **results,
        "data": dict(sources),
        "command": command,
        "versions": versions(),
        "threads": threads(),
    }
    with writing(workdir):
        write_json(os.path.join(workdir, "results.json"), whole)
    return whole


@contextlib.contextmanager
def writing(workdir: str) -> Iterator[None]:
    """Says in one sentence that a run folder cannot be written.

    Raises:
      RunError: something inside could not be written.
    """
    try:
        yield
    except (OSError, tf.errors.OpError) as error:
        reason = getattr(error, "strerror", None) or error
        raise RunError(
            f"cannot write to {workdir}: {reason}; when that is mended, the same command continues"
        ) from None


def versions() -> dict[str, str]:
    """The versions of what a run depends on."""
    names = ("tensorflow", "tensorflow-datasets", "numpy")
    return {
        "python": platform.python_version(),
        **{name: metadata.version(name) for name in names},
        "platform": sys.platform,
    }


def _manifest(config: Config | ExperimentConfig) -> dict[str, object]:
    hashes = {name: _hash(path) for name, path in config.files.items() if os.path.isfile(path)}
    return {"format": FORMAT, "hashes": hashes, "versions": versions(), "threads": threads()}


def _compare(config: Config | ExperimentConfig, now: dict[str, object], workdir: str) -> list[str]:
    """Refuses a folder of another run; warns of other versions of the libraries."""
    there = read_json(os.path.join(workdir, "manifest.json"))
    stored = read_json(os.path.join(workdir, "config.json"))
    if not isinstance(stored, dict) or not isinstance(there, dict):
        name = "manifest.json" if isinstance(stored, dict) else "config.json"
        path = os.path.join(workdir, name)
        raise RunError(f"{path} is missing or damaged: {_AFRESH}")
    if there.get("format") != FORMAT:
        raise RunError(
            f"{workdir} was written by another version of this project (format "
            f"{there.get('format')}, this one writes {FORMAT}): continue it there, or {_AFRESH}"
        )
    began, wanted = dataclasses.asdict(read_config(stored, None)), dataclasses.asdict(config)
    # The same data may lie elsewhere on another machine.
    differing = [k for k in wanted if k != "data_dir" and began.get(k) != wanted[k]]
    if differing:
        raise RunError(f"{workdir} holds a run with another {' and '.join(differing)}: {_AFRESH}")
    before = there.get("hashes", {})
    for name, value in now["hashes"].items():
        if before.get(name) != value:
            raise RunError(
                f"{config.files[name]} has changed since the run in {workdir} began: {_AFRESH}"
            )
    was = there.get("versions", {})
    return [
        f"{name} was {was.get(name)} when this run began and is {value} now: what follows may "
        "differ in the last bits"
        for name, value in now["versions"].items()
        if was.get(name) != value
    ]


def _digest(images: np.ndarray, labels: np.ndarray) -> str:
    digest = hashlib.sha256(np.ascontiguousarray(images))
    digest.update(np.ascontiguousarray(labels))
    return digest.hexdigest()


def _hash(path: str) -> str:
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def _forget(workdir: str) -> None:
    """Removes what a run leaves in its folder, and nothing else."""
    for pattern in _INSIDE:
        for folder in glob.glob(os.path.join(glob.escape(workdir), pattern)):
            _forget(folder)
    for pattern in _LEFT:
        inside = os.path.join(glob.escape(workdir), pattern)
        for path in glob.glob(inside, recursive=True):
            if os.path.isdir(path):
                shutil.rmtree(path)
            else:
                os.unlink(path)
