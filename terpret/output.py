"""Standard output and error that a command can write to, whatever they are.

They may be closed, full, read by nobody any more, or of an encoding without the letters of a name.
None of this is a reason for a run to end, nor to end in a traceback.
"""

import errno
import io
import os
import sys

# What `typing` calls so; its import would take longer than all that comes before this.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import TextIO

    from _typeshed import ReadableBuffer

# What a shell reports of a program that SIGPIPE ended: its reader had enough.
UNREAD = 141


class _Forgiving(io.FileIO):
    """A descriptor to be written to, which notes that it failed instead of saying so at once."""

    failure: OSError | None = None
    # The newest byte that was written.
    newest = b"\n"

    def write(self, data: "ReadableBuffer", /) -> int:
        view = memoryview(data)
        try:
            written = super().write(data)
        except OSError as error:
            self.failure = self.failure or error
            return len(view)
        if written:
            self.newest = bytes(view[written - 1 : written])
        return written


# Where the user reads messages, also while descriptor 2 leads elsewhere.
_user = 2


def secure() -> None:
    """Makes output safe to write to, for the rest of the process."""
    global _user
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            # Else the next file to be opened would get the number, and what is printed.
            os.open(os.devnull, os.O_RDWR)
    _user = os.dup(2)
    sys.stdin = sys.stdin or open(os.devnull, encoding="utf-8")
    sys.stdout = _forgiving(sys.stdout, 1)
    sys.stderr = _forgiving(sys.stderr, 2)


def say(text: str) -> None:
    """Writes a line to the user, at any moment, even inside a signal handler."""
    raw = _raw(sys.stderr)
    if not isinstance(raw, _Forgiving):
        print(text, file=sys.stderr, flush=True)
        return
    # A progress bar leaves its line open.
    begin = "" if raw.newest == b"\n" else "\n"
    line = f"{begin}{text}\n".encode(sys.stderr.encoding, "backslashreplace")
    raw.newest = b"\n"
    try:
        os.write(_user, line)
    except OSError:
        return


def status_of_output(status: int) -> int:
    """The exit status of a command, after all that it has printed is out.

    Args:
      status: what it would be if output were no concern.
    """
    if sys.stdout is None:
        return status
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        return status or UNREAD
    failure = getattr(_raw(sys.stdout), "failure", None)
    if failure is None:
        return status
    if failure.errno == errno.EPIPE:
        return status or UNREAD
    say(f"error: cannot write to standard output: {failure.strerror}")
    return status or 1


def _forgiving(stream: "TextIO | None", number: int) -> "TextIO":
    """A stream that stands for another, which is None where its descriptor was closed."""
    if stream is not None and not isinstance(_raw(stream), io.FileIO):
        # A console of Windows.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
        return stream
    before = stream if isinstance(stream, io.TextIOWrapper) else None
    at_once = before is None or before.write_through
    return io.TextIOWrapper(
        io.BufferedWriter(_Forgiving(number, "w", closefd=False)),
        encoding="utf-8" if before is None else before.encoding,
        errors="backslashreplace",
        line_buffering=before is None or at_once or before.line_buffering,
        write_through=at_once,
    )


def _raw(stream: "TextIO") -> object:
    """What is under the buffers of a stream."""
    buffer = getattr(stream, "buffer", None)
    return getattr(buffer, "raw", buffer)
