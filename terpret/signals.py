"""SIGINT, SIGTERM and SIGHUP: what comes of them in each part of a command.

Before and after its work a command writes nothing, and leaves at once. In its work it is ended by
`Stopped` as soon as a signal comes; every file is whole or not there, so that this harms nothing.
What must not end in the middle of an update is in `Signals`. Later signals change nothing.
"""

import contextlib
import enum
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType

from terpret import output

# Windows has neither SIGHUP nor timers.
_NUMBERS = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]
_ALARM = getattr(signal, "SIGALRM", None) if hasattr(signal, "setitimer") else None
# What Python knows of what a signal does.
_Handler = Callable[[int, FrameType | None], object] | int | signal.Handlers | None
# Seconds until `Stopped` is raised again where somebody has swallowed it.
AGAIN = 0.5


class Stopped(BaseException):
    """A signal came; what can be continued is in a checkpoint.

    It is no `Exception`: readers of files take every one of these for a fault of the file.
    """


class _Part(enum.Enum):
    """The parts of a process, by what a signal does there."""

    IDLE = enum.auto()
    WORK = enum.auto()
    STRETCH = enum.auto()


class _Process:
    """What is known of this process."""

    part = _Part.IDLE
    came = False
    folder, promise = "", ""


def take() -> None:
    """Has signals end this process by one line, wherever its work does not say otherwise."""
    _take()


def work(action: Callable[[], int]) -> int:
    """Does the work of a command, which gives its exit status.

    Raises:
      Stopped: by a signal, whatever that became on its way here.
    """
    before, hook = _take(), sys.unraisablehook
    _Process.came, _Process.folder = False, ""
    sys.unraisablehook = _unraisable
    try:
        try:
            _Process.part = _Part.WORK
            status = action()
        finally:
            _Process.part = _Part.IDLE
    except BaseException:
        if _Process.came:
            raise Stopped from None
        raise
    finally:
        # Once more: a signal may have come just before.
        _Process.part = _Part.IDLE
        _remind(0)
        sys.unraisablehook = hook
        _give_back(before)
    if _Process.came:
        raise Stopped
    return status


class Signals:
    """Notes signals, to be acted on between stretches; the end of a `with` acts on late ones."""

    @property
    def caught(self) -> bool:
        """Whether a signal came; other threads than the main one go on to their end."""
        return self._mine and _Process.came

    def __enter__(self) -> "Signals":
        self._mine = _in_main_thread()
        if not self._mine:
            return self
        self._before, self._outer = _take(), _Process.part
        if self._outer is _Part.IDLE:
            _Process.came = False
        elif _Process.came:
            raise Stopped
        _Process.part = _Part.STRETCH
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if not self._mine:
            return
        _Process.part = self._outer
        _give_back(self._before)
        if kind is not None and kind is not Stopped:
            # No signal's doing: it is told, rather than that all is kept.
            _Process.came = False
        if _Process.came and self._outer is _Part.WORK:
            _remind(AGAIN)
        if _Process.came and kind is None:
            raise Stopped


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Lets no signal end what is done inside, such as putting things back after one."""
    if not _in_main_thread():
        yield
        return
    before = _Process.part
    _Process.part = _Part.STRETCH
    try:
        yield
    finally:
        _Process.part = before


def promise(folder: str, text: str) -> None:
    """Has the user told, if a signal ends the work, what becomes of it once a folder is there."""
    _Process.folder, _Process.promise = folder, text


def farewell() -> str:
    """What is said after a signal."""
    kept = _Process.folder and os.path.isdir(_Process.folder)
    return f"stopped; {_Process.promise}" if kept else "stopped"


def _in_main_thread() -> bool:
    """Whether this is the thread in which Python handles signals; no other is told of them."""
    return threading.current_thread() is threading.main_thread()


def _take() -> dict[int, _Handler]:
    """Sets the handlers of the signals that are not ignored; those that were there before."""
    if not _in_main_thread():
        return {}
    kept = (signal.SIG_IGN, None, _handle)
    there = {number: signal.getsignal(number) for number in _NUMBERS}
    before: dict[int, _Handler] = {
        number: handler for number, handler in there.items() if handler not in kept
    }
    if before and _ALARM is not None:
        before[_ALARM] = signal.getsignal(_ALARM)
    for number in before:
        signal.signal(number, _handle)
    return before


def _give_back(before: dict[int, _Handler]) -> None:
    for number, handler in before.items():
        signal.signal(number, handler)


def _handle(number: int, frame: FrameType | None) -> None:
    if number != _ALARM:
        if _Process.came:
            return
        _Process.came = True
    if _Process.part is _Part.STRETCH:
        return
    if _Process.part is _Part.WORK:
        _remind(AGAIN)
        if _ALARM is not None and _importing(frame):
            return
        raise Stopped
    if number != _ALARM:
        output.say(farewell())
        os._exit(1)


def _remind(seconds: float) -> None:
    """Has `_handle` called again after a time; 0: no more."""
    if _ALARM is not None and signal.getsignal(_ALARM) is _handle:
        signal.setitimer(signal.ITIMER_REAL, seconds)


def _importing(frame: FrameType | None) -> bool:
    """Whether the work is importing something, which would take `Stopped` for a missing package."""
    while frame is not None and frame.f_code is not work.__code__:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


def _unraisable(unraisable: "sys.UnraisableHookArgs") -> None:
    """Keeps silent where a finalizer swallows `Stopped`, which will be raised again."""
    if not issubclass(unraisable.exc_type, Stopped):
        sys.__unraisablehook__(unraisable)
