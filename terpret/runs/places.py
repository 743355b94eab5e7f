"""Folders and files that flags name: where they are, and that they can be written by all parts."""

import os
import re

from terpret.errors import RunError
from terpret.files import own_files
from terpret.runs.config import StoredConfig
from terpret.runs.named_files import files_of, named_paths
from terpret.runs.run_folder import own_names

# What begins like an address, which Python's file functions take for a folder's name.
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/|(?:file|gs|s3|hdfs|ram|https?|viewfs):")


def place(flag: str, path: str) -> str:
    """A path that a flag gives, `~` replaced, without slashes at its end.

    Raises:
      RunError: it is no path of this machine's, or no text.
    """
    if _ADDRESS.match(path):
        raise RunError(
            f"--{flag}={path} is an address: give the path of a folder of this machine, and copy "
            "it from there"
        )
    if path != path.encode(errors="replace").decode():
        raise RunError(
            f"--{flag}={path.encode(errors='backslashreplace').decode()} is not in the encoding of "
            "this machine's file names: give a name of letters"
        )
    whole = os.path.expanduser(path)
    if whole.startswith("~"):
        raise RunError(
            f"--{flag}={path}: there is no such home folder; write the whole path, or ./{path} for "
            "a folder of this name"
        )
    return whole.rstrip(os.sep) or whole


def new_folder(flag: str, path: str) -> str:
    """A folder that a flag gives for a SavedModel, as `place`.

    Raises:
      RunError: it is no place for one.
    """
    folder = place(flag, path)
    if re.search(r"[\[\\]", folder):
        raise RunError(
            f"--{flag}={path}: TensorFlow reads nothing in a folder with [ or \\ in its name; "
            "give another"
        )
    _refuse_own(flag, path, folder)
    return folder


def refuse_workdir(workdir: str) -> None:
    """Refuses a run folder that is a file, or where another run keeps its own files.

    Raises:
      RunError: it is such a place.
    """
    if os.path.isfile(workdir):
        raise RunError(f"--workdir={workdir} is a file: give the name of a folder")
    whole = os.path.realpath(workdir)
    for home in own_files.around(whole):
        first = os.path.relpath(whole, home).split(os.sep)[0]
        if own_files.is_ours(home) and first in own_names():
            raise RunError(f"--workdir={workdir} is a place of the run in {home}: give another one")


def refuse_file(flag: str, path: str, config: StoredConfig, workdir: str) -> None:
    """Refuses a file to be written where a run keeps its own, or reads from.

    Args:
      flag: the flag that gives it.
      path: the file.
      config: the settings of the run.
      workdir: the run's folder.

    Raises:
      RunError: it is such a file, or no file.
    """
    if os.path.isdir(path):
        raise RunError(f"--{flag}={path} is a folder: give a file in it")
    for setting, read in {**files_of(config), **named_paths(config)}.items():
        if os.path.realpath(path) == os.path.realpath(read):
            raise RunError(f"--{flag}={path} is what --{setting} reads: give another file")
    _refuse_own(flag, path, path, os.path.realpath(workdir))


def _refuse_own(flag: str, given: str, path: str, workdir: str = "") -> None:
    """Refuses a place where a run keeps its own files, the run of a folder or any other."""
    real = os.path.join(os.path.realpath(os.path.dirname(path) or "."), os.path.basename(path))
    home = workdir if workdir and real.startswith(workdir + os.sep) else own_files.home_of(real)
    own = home and os.path.relpath(real, home).partition(os.sep)[0] in own_names()
    if own or own_files.owns(real):
        raise RunError(f"--{flag}={given} is a run's own place: give another one")
