"""Checkpoints: the newest whole one is found, whatever happened to the others.

`tf.train.latest_checkpoint` trusts one small state file and says None when that file or the newest
index is missing; here every checkpoint in the folder is tried, newest first.
"""

import glob
import os
import re

import tensorflow as tf


class CheckpointError(Exception):
    """A folder's checkpoints cannot be used; the message is one sentence for the user."""


class Checkpoints:
    """The checkpoints of one run.

    Args:
      folder: where they are kept.
      keep: how many are kept.
      tracked: what a checkpoint holds, by name.
    """

    def __init__(self, folder: str, keep: int, **tracked: tf.Module):
        self._folder, self._keep = folder, keep
        self.examples = tf.Variable(0, dtype=tf.int64, name="examples")
        self._checkpoint = tf.train.Checkpoint(examples=self.examples, **tracked)

    def save(self, examples: int) -> None:
        """Writes a checkpoint after `examples` examples, and removes the oldest."""
        os.makedirs(self._folder, exist_ok=True)
        self.examples.assign(examples)
        self._checkpoint.write(os.path.join(self._folder, f"ckpt-{examples:012d}"))
        for old in self._numbers()[: -self._keep]:
            for path in glob.glob(os.path.join(self._folder, f"ckpt-{old:012d}.*")):
                os.unlink(path)

    def restore(self) -> int | None:
        """Restores the newest whole checkpoint.

        Returns:
          The number of examples it was made after; None when the folder holds none.

        Raises:
          CheckpointError: there are checkpoints, and none of them can be restored.
        """
        numbers = self._numbers()
        for number in reversed(numbers):
            prefix = os.path.join(self._folder, f"ckpt-{number:012d}")
            try:
                status = self._checkpoint.read(prefix)
                status.assert_existing_objects_matched()
            except (tf.errors.OpError, IndexError, ValueError, AssertionError):
                continue
            return int(self.examples.numpy())
        if numbers:
            raise CheckpointError(
                f"none of the {len(numbers)} checkpoints in {self._folder} can be restored; "
                "give another folder, or --restart to begin afresh in this one"
            )
        return None

    def _numbers(self) -> list[int]:
        found = set()
        for path in glob.glob(os.path.join(self._folder, "ckpt-*")):
            match = re.match(r"ckpt-(\d{12})\.", os.path.basename(path))
            if match:
                found.add(int(match.group(1)))
        return sorted(found)
