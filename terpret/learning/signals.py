"""SIGTERM and SIGINT: where a run can be stopped at once, and where only between two stretches."""

import contextlib
import signal
from collections.abc import Iterator

_NUMBERS = (signal.SIGTERM, signal.SIGINT)


class Stopped(Exception):
    """SIGTERM or SIGINT came; what can be continued is in a checkpoint."""


@contextlib.contextmanager
def stoppable() -> Iterator[None]:
    """Ends what is done inside by `Stopped` as soon as a signal comes.

    Every file is whole or not there, so that this harms nothing; what must not end in the middle of
    an update is in `Signals`.
    """

    def stop(*_: object) -> None:
        # A second signal, while the first one's message is being written, changes nothing.
        for number in _NUMBERS:
            signal.signal(number, signal.SIG_IGN)
        raise Stopped

    before = {number: signal.signal(number, stop) for number in _NUMBERS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Signals:
    """Notes SIGTERM and SIGINT, to be acted on between stretches."""

    def __init__(self) -> None:
        self.caught = False

    def __enter__(self) -> "Signals":
        self._before = {number: signal.signal(number, self._note) for number in _NUMBERS}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, *_: object) -> None:
        self.caught = True
