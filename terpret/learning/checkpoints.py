"""Checkpoints: the newest whole one is found, whatever happened to the others.

`tf.train.latest_checkpoint` trusts one small state file and says None when that file or the newest
index is missing; here every checkpoint in the folder is tried, newest first.
"""

import glob
import os
import re
import shutil

import tensorflow as tf


class CheckpointError(Exception):
    """A folder's checkpoints cannot be used; the message is one sentence for the user."""


class Checkpoints:
    """The checkpoints of one run: tensors, the position in the stream, and a text.

    Args:
      folder: where they are kept.
      keep: how many are kept.
      tracked: what a checkpoint holds, by name.
    """

    def __init__(self, folder: str, keep: int, **tracked: tf.Module):
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
        prefix = os.path.join(self._folder, f"ckpt-{examples:012d}")
        try:
            os.makedirs(self._folder, exist_ok=True)
            self._checkpoint.write(prefix)
        except (OSError, tf.errors.OpError) as error:
            self._remove(prefix)
            raise CheckpointError(
                f"cannot write a checkpoint in {self._folder}: {reason_of(error)}; when that is "
                "mended, the same command continues"
            ) from None
        for old in self._numbers()[: -self._keep]:
            self._remove(os.path.join(self._folder, f"ckpt-{old:012d}"))

    def restore(self) -> tuple[int, str] | None:
        """Restores the newest whole checkpoint.

        Returns:
          The number of examples it was made after, and its text; None when the folder holds none.

        Raises:
          CheckpointError: there are checkpoints, and none of them can be restored.
        """
        numbers = self._numbers()
        for number in reversed(numbers):
            prefix = os.path.join(self._folder, f"ckpt-{number:012d}")
            try:
                self._checkpoint.read(prefix).assert_existing_objects_matched()
            except (tf.errors.OpError, IndexError, ValueError, AssertionError):
                continue
            return int(self._examples.numpy()), self._text.numpy().decode()
        if numbers:
            raise CheckpointError(
                f"none of the {len(numbers)} checkpoints in {self._folder} can be restored; "
                "give another folder, or --restart to begin afresh in this one"
            )
        return None

    def _numbers(self) -> list[int]:
        found = set()
        for path in glob.glob(os.path.join(glob.escape(self._folder), "ckpt-*")):
            match = re.match(r"ckpt-(\d{12})\.", os.path.basename(path))
            if match:
                found.add(int(match.group(1)))
        return sorted(found)

    def _remove(self, prefix: str) -> None:
        for path in glob.glob(glob.escape(prefix) + "[._]*"):
            if os.path.isdir(path):
                shutil.rmtree(path, ignore_errors=True)
            else:
                os.unlink(path)


def reason_of(error: OSError | tf.errors.OpError) -> str:
    """Why a file could not be written, in the operating system's words."""
    if isinstance(error, OSError):
        return error.strerror or str(error)
    # TensorFlow's messages end in the operating system's words, after the path.
    return str(error.message).splitlines()[0].rpartition("; ")[2].partition(" [Op:")[0]
