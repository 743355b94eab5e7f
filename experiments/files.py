"""Files that the user asks for by name."""

from experiments.config import RunError
from terpret.learning.files import write_bytes


def write_asked(path: str, data: bytes) -> None:
    """Writes a file, whole or not at all.

    Raises:
      RunError: it cannot be written.
    """
    try:
        write_bytes(path, data)
    except OSError as error:
        raise RunError(f"cannot write {path}: {error.strerror or error}") from None
