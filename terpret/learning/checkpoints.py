"""Checkpoints: the newest whole one is found, whatever happened to the others.

`tf.train.latest_checkpoint` trusts one small state file and says None when that file or the newest
index is missing; here every checkpoint in the folder is tried, newest first.
"""

import contextlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator

import tensorflow as tf

from terpret.files import own_files
from terpret.files.replacing import begun

# The files of one checkpoint, after its prefix, and the folder in which TensorFlow makes them.
_SUFFIXES, _MAKING = (".index", ".data-00000-of-00001"), "_temp"
# TensorFlow takes a path with one of these for a pattern.
_PATTERN = re.compile(r"[\[\]*?\\]")


class CheckpointError(Exception):
    """A folder's checkpoints cannot be used; the message is one sentence for the user."""


class Checkpoints:
    """The checkpoints of one run: tensors, the position in the stream, and a text.

    Args:
      folder: where they are kept.
      keep: how many are kept.
      tracked: what a checkpoint holds, by name.
    """

    def __init__(self, folder: str, keep: int, **tracked: tf.Module | tf.train.Checkpoint):
        self._folder, self._keep = folder, keep
        self._examples = tf.Variable(0, dtype=tf.int64, name="examples")
        self._text = tf.Variable("", dtype=tf.string, name="text")
        self._checkpoint = tf.train.Checkpoint(examples=self._examples, text=self._text, **tracked)

    def save(self, examples: int, text: str) -> None:
        """Writes a checkpoint after `examples` examples, and removes the oldest.

        Raises:
          CheckpointError: it cannot be written; those written before are as they were.
        """
        self._examples.assign(examples)
        self._text.assign(text)
        prefix = self._prefix(examples)
        try:
            making = os.path.join(f"{prefix}{_MAKING}", "")
            own_files.add(making, *(prefix + suffix for suffix in _SUFFIXES))
            os.makedirs(self._folder, exist_ok=True)
            with _plain(self._folder) as folder:
                self._checkpoint.write(os.path.join(folder, os.path.basename(prefix)))
        except (OSError, tf.errors.OpError) as error:
            self._remove(prefix)
            raise CheckpointError(
                f"cannot write a checkpoint in {self._folder}: {reason_of(error)}; when that is "
                "mended, the same command continues"
            ) from None
        begun(prefix)
        for old in self._numbers()[: -self._keep]:
            self._remove(self._prefix(old))

    def restore(self) -> tuple[int, str] | None:
        """Restores the newest whole checkpoint.

        Returns:
          The number of examples it was made after, and its text; None when the folder holds none.

        Raises:
          CheckpointError: there are checkpoints, and none of them can be restored.
        """
        numbers = self._numbers()
        for number in reversed(numbers):
            try:
                with _plain(self._folder) as folder:
                    prefix = os.path.join(folder, os.path.basename(self._prefix(number)))
                    self._checkpoint.read(prefix).assert_existing_objects_matched()
            except (tf.errors.OpError, IndexError, ValueError, AssertionError):
                continue
            return int(self._examples.numpy()), self._text.numpy().decode()
        if numbers:
            ours = own_files.home_of(self._prefix(0)) is not None
            afresh = ", or train with --overwrite to begin afresh in this one" if ours else ""
            raise CheckpointError(
                f"none of the {len(numbers)} checkpoints in {self._folder} can be restored; "
                f"give another folder{afresh}"
            )
        return None

    def _prefix(self, number: int) -> str:
        return os.path.join(self._folder, f"ckpt-{number:012d}")

    def _numbers(self) -> list[int]:
        """The checkpoints in the folder; in a run folder, those of its runs."""
        names = os.listdir(self._folder) if os.path.isdir(self._folder) else []
        matches = [re.match(r"ckpt-(\d{12})\.", name) for name in names]
        found = {int(match.group(1)) for match in matches if match}
        known = own_files.owned_among(self._prefix(number) + _SUFFIXES[0] for number in found)
        return sorted(n for n in found if self._prefix(n) + _SUFFIXES[0] in known)

    def _remove(self, prefix: str) -> None:
        for suffix in _SUFFIXES:
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                os.unlink(prefix + suffix)
        shutil.rmtree(prefix + _MAKING, ignore_errors=True)


@contextlib.contextmanager
def _plain(folder: str) -> Iterator[str]:
    """A path to a folder that TensorFlow does not take for a pattern.

    Raises:
      CheckpointError: there is no place for one.
    """
    if not _PATTERN.search(folder):
        yield folder
        return
    with contextlib.ExitStack() as stack:
        try:
            place = stack.enter_context(tempfile.TemporaryDirectory(prefix="terpret-"))
            link = os.path.join(place, "checkpoints")
            os.symlink(os.path.abspath(folder), link)
        except OSError:
            link = ""
        if not link or _PATTERN.search(link):
            raise CheckpointError(
                f"TensorFlow takes {folder} for a pattern, and there is no place for a link to it: "
                "give a folder without brackets, or another TMPDIR"
            )
        yield link


def reason_of(error: OSError | tf.errors.OpError) -> str:
    """Why a file could not be written, in the operating system's words."""
    if isinstance(error, OSError):
        return error.strerror or str(error)
    # TensorFlow's messages end in the operating system's words, after the path.
    return str(error.message).splitlines()[0].rpartition("; ")[2].partition(" [Op:")[0]
