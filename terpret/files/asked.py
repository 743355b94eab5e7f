"""Files that the user asks for by name."""

from terpret.errors import RunError
from terpret.files import own_files


def write_asked(path: str, data: bytes) -> None:
    """Writes a file, whole or not at all; inside a run folder it is listed as the run's.

    Raises:
      RunError: it cannot be written.
      NotOurs: a run folder holds a file of that name that no run wrote.
    """
    try:
        own_files.write(path, data)
    except OSError as error:
        raise RunError(f"cannot write {path}: {error.strerror or error}") from None
