"""Has signals wait until `terpret.entry` heeds them: what every command imports first of all.

Reading even `signal`, the library around this built-in module, takes milliseconds.
"""

import _signal

# Windows has neither SIGHUP nor masks.
NUMBERS = [
    getattr(_signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(_signal, name)
]


def _mask(how: str) -> None:
    if hasattr(_signal, "pthread_sigmask"):
        _signal.pthread_sigmask(getattr(_signal, how), NUMBERS)


def release() -> None:
    """Lets the signals that have come, and later ones, be heeded."""
    _mask("SIG_UNBLOCK")


_mask("SIG_BLOCK")
