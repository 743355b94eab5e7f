"""Work that makes many objects, none of which is garbage."""

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def collector_paused() -> Iterator[None]:
    """Keeps Python's collector from looking at all objects again and again while more are made.

    Of a model of a hundred thousand statements that would take as long as checking it.
    """
    ran = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if ran:
            gc.enable()
