"""Temporary files: where there is no place for them, one sentence says so."""

import contextlib
import tempfile
from collections.abc import Iterator

from terpret.errors import RunError


def temporary_folder() -> tempfile.TemporaryDirectory[str]:
    """A new folder for temporary files.

    Raises:
      RunError: there is no place for one.
    """
    with placing():
        return tempfile.TemporaryDirectory(prefix="terpret-")


@contextlib.contextmanager
def placing() -> Iterator[None]:
    """Says in one sentence that temporary files cannot be written.

    Raises:
      RunError: they cannot.
    """
    try:
        yield
    except OSError as error:
        where = f" in {tempfile.tempdir}" if tempfile.tempdir else ""
        reason = (error.strerror or str(error)).lower()
        raise RunError(
            f"cannot write temporary files{where}: {reason}: make room there, or name another "
            "folder by the environment variable TMPDIR"
        ) from None
