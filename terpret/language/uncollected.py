"""Python's search for circles of garbage, put off while large trees are made.

Trees of a long program are millions of objects without circles, and the search, begun whenever
there are a quarter more of them, takes a third of the time that making them takes.
"""

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """Puts the search off until the block ends, unless it is off already."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
