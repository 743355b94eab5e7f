"""What happens to a user who may not do everything: folders that are read-only or locked."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def nobody() -> Iterator[None]:
    """Takes the rights of the superuser away for a while, where they are there."""
    superuser = os.geteuid() == 0
    if superuser:
        os.seteuid(65534)
    try:
        yield
    finally:
        if superuser:
            os.seteuid(0)


@contextlib.contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that everybody may read: pytest's own are closed to others."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        folder.chmod(0o755)
        for place, names, _ in os.walk(folder):
            for name in names:
                os.chmod(os.path.join(place, name), 0o755)
        shutil.rmtree(folder)
