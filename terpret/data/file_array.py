"""Arrays that stay in their file: what is asked for is read, and a file that changes is told.

They are not mapped into memory, where a change would pass unseen, and a file that is cut short
would end the process.
"""

import dataclasses
import io
import itertools
import math
import os
import threading
import weakref
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from terpret.errors import DataError

# Bytes that are read in one go where all rows are asked for one by one.
_BLOCK = 1 << 22


@dataclasses.dataclass(frozen=True, eq=False)
class OpenFile:
    """A file that is read by position; it stays what it is when another takes its name.

    Attributes:
      path: what it is called in messages.
      source: the open file; it is closed with the last that refers to this.
      state: what was known of its content when it was opened.
      lock: held by who reads.
    """

    path: str
    source: io.FileIO
    state: tuple[int, int]
    lock: threading.Lock = dataclasses.field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        """Has it closed when nothing refers to it any more."""
        weakref.finalize(self, self.source.close)

    @property
    def size(self) -> int:
        """Its bytes when it was opened."""
        return self.state[0]

    def fill(self, array: np.ndarray, start: int) -> None:
        """Reads bytes from `start` on into an array that is contiguous.

        Raises:
          DataError: the file has been cut short, or cannot be read.
        """
        left = array.reshape(-1).view(np.uint8)
        try:
            with self.lock:
                self.source.seek(start)
                while len(left) and (count := self.source.readinto(left.data)):
                    left = left[count:]
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise DataError(f"{self.path}: cannot read the file: {reason}") from None
        if len(left):
            raise self._changed()

    def refuse_changed(self) -> None:
        """Raises `DataError` where the file has been written to since it was opened."""
        if _state(self.source) != self.state:
            raise self._changed()

    def _changed(self) -> DataError:
        return DataError(
            f"{self.path} has changed while it was read: leave the file as it is, and begin again"
        )


def opened(path: str) -> OpenFile:
    """Opens a file.

    Raises:
      OSError: it cannot be opened.
    """
    source = io.FileIO(path)
    return OpenFile(path, source, _state(source))


def _state(source: io.FileIO) -> tuple[int, int]:
    about = os.fstat(source.fileno())
    return about.st_size, about.st_mtime_ns


@dataclasses.dataclass(frozen=True, eq=False)
class FileArray:
    """An array in C order that lies in a file; rows are read as they are indexed.

    Attributes:
      file: the file.
      start: where the array's bytes begin.
      dtype: the kind of its numbers.
      shape: its sizes.
    """

    file: OpenFile
    start: int
    dtype: np.dtype
    shape: tuple[int, ...]

    def __len__(self) -> int:
        """The number of rows."""
        return self.shape[0]

    def __getitem__(self, rows: slice | Any) -> np.ndarray:
        """Rows by a slice, a number or numbers of any shape, as an array in memory.

        Raises:
          DataError: the file has changed since it was opened.
        """
        if isinstance(rows, slice):
            first, end, step = rows.indices(len(self))
            if step == 1:
                return self._read([(first, max(first, end))])
            rows = np.arange(first, end, step)
        places = np.asarray(rows, np.int64)
        flat = places.reshape(-1)
        if flat.size and not 0 <= flat.min() <= flat.max() < len(self):
            raise IndexError(f"there are {len(self)} rows")
        # Rows that follow each other are read at once.
        cuts = [0, *np.flatnonzero(np.diff(flat) != 1) + 1, flat.size]
        pairs = [(k, end) for k, end in itertools.pairwise(cuts) if end]
        found = self._read([(int(flat[k]), int(flat[k]) + end - k) for k, end in pairs])
        return found.reshape(*places.shape, *self.shape[1:])

    def _read(self, runs: Sequence[tuple[int, int]]) -> np.ndarray:
        """The rows from the first of each run on, before its end."""
        count = sum(end - first for first, end in runs)
        found = np.empty((count, *self.shape[1:]), self.dtype)
        place = 0
        for first, end in runs if found.size else ():
            part = found[place : place + end - first]
            self.file.fill(part, self.start + first * self._row_bytes)
            place += end - first
        self.file.refuse_changed()
        return found

    def __iter__(self) -> Iterator[np.ndarray]:
        """The rows one by one."""
        step = max(1, _BLOCK // max(1, self._row_bytes))
        for start in range(0, len(self), step):
            yield from self[start : start + step]

    def __array__(self, dtype: np.dtype | None = None, copy: bool | None = None) -> np.ndarray:
        """All of it in memory."""
        whole = self[:]
        return whole if dtype is None else whole.astype(dtype, copy=False)

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """How many numbers there are."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """How many bytes they have."""
        return self.size * self.dtype.itemsize

    def reshape(self, *shape: int) -> "FileArray":
        """The same numbers in another shape of as many."""
        return dataclasses.replace(self, shape=shape)

    @property
    def _row_bytes(self) -> int:
        return math.prod(self.shape[1:]) * self.dtype.itemsize


Values = np.ndarray | FileArray
"""Numbers in memory, or in their file."""
