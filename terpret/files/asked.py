"""Files that the user asks for: by name, which are his, and plots, which are the run's."""

from collections.abc import Callable

from terpret.errors import RunError
from terpret.files import own_files
from terpret.files.atomic import write_bytes


def write_asked(path: str, data: bytes) -> None:
    """Writes a file of the user's, whole or not at all; it is in no run's list.

    Raises:
      RunError: it cannot be written.
    """
    _written(write_bytes, path, data)


def write_plot(path: str, data: bytes) -> None:
    """Writes a file into a run's folder for plots, whole or not at all; it is listed as the run's.

    Raises:
      RunError: it cannot be written.
      NotOurs: there is a file of that name that no run wrote.
    """
    _written(own_files.write, path, data)


def _written(write: Callable[[str, bytes], None], path: str, data: bytes) -> None:
    try:
        write(path, data)
    except OSError as error:
        raise RunError(f"cannot write {path}: {error.strerror or error}") from None
