"""Processes that measure: each is started, asked for lines, watched and ended.

Memory is the largest resident size of the process, as Linux tells it.
"""

import contextlib
import dataclasses
import json
import os
import select
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parents[2]
POLL_SECONDS = 0.2


class Ended(Exception):
    """A child that came to no result; its text says why."""


@dataclasses.dataclass(frozen=True)
class Limits:
    """What a child may use.

    Attributes:
      seconds: for anything it is asked for.
      gigabytes: of memory.
    """

    seconds: float
    gigabytes: float


@dataclasses.dataclass(frozen=True)
class Child:
    """A running process, the file of its errors, and what it may use."""

    process: subprocess.Popen[bytes]
    errors: IO[bytes]
    limits: Limits


@contextlib.contextmanager
def started(command: Sequence[str], limits: Limits) -> Iterator[Child]:
    """A child that runs `command` in the project's folder, and is ended afterwards."""
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    with tempfile.TemporaryFile() as errors:
        pipe = subprocess.PIPE
        with subprocess.Popen(
            command, bufsize=0, stdin=pipe, stdout=pipe, stderr=errors, cwd=ROOT, env=environment
        ) as process:
            try:
                yield Child(process, errors, limits)
            finally:
                process.kill()


def ask(child: Child) -> None:
    """Asks for the next line.

    Raises:
      Ended: there is nobody left to ask.
    """
    try:
        child.process.stdin.write(b"\n")
    except BrokenPipeError:
        raise Ended(_reason(child)) from None


def line(child: Child) -> dict[str, float]:
    """The next line that the child writes, empty at its end.

    Raises:
      Ended: it failed, was killed, or used more than it may; then it is ended.
    """
    started, output = time.monotonic(), child.process.stdout
    while not select.select([output], [], [], POLL_SECONDS)[0]:
        why = ""
        if time.monotonic() - started > child.limits.seconds:
            why = f"not within {child.limits.seconds:g} s"
        elif peak_gigabytes(child) > child.limits.gigabytes:
            why = f"more than {child.limits.gigabytes:g} GB"
        if why:
            child.process.kill()
            raise Ended(why)
    written = output.readline()
    if not written and child.process.wait():
        raise Ended(_reason(child))
    return json.loads(written or "{}")


def peak_gigabytes(child: Child) -> float:
    """The largest resident size so far; 0 of a process that has ended."""
    with contextlib.suppress(OSError):
        for text in Path(f"/proc/{child.process.pid}/status").read_text("ascii").splitlines():
            if text.startswith("VmHWM:"):
                return int(text.split()[1]) * 1024 / 1e9
    return 0.0


def _reason(child: Child) -> str:
    code = child.process.wait()
    if code < 0:
        return f"ended by signal {-code}"
    child.errors.seek(0)
    lines = child.errors.read().decode(errors="replace").split("\n")
    return next((text for text in reversed(lines) if text.strip()), f"exit status {code}")
