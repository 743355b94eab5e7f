"""Source places and located messages: what every phase uses to speak to the author of a model."""

import bisect
import dataclasses
import difflib
import functools
import itertools
import os
import re
from collections.abc import Iterable

from terpret.errors import InputError

MAX_BYTES = 256 * 1024
MAX_SHOWN = 50


@dataclasses.dataclass(frozen=True, order=True)
class Span:
    """A piece of the model's text. Lines and columns count from 1; the end column is exclusive."""

    line: int = 1
    column: int = 1
    end_line: int = 1
    end_column: int = 2


@dataclasses.dataclass(frozen=True)
class Source:
    """The text of a model and the name it is reported under."""

    path: str
    text: str

    @functools.cached_property
    def lines(self) -> tuple[str, ...]:
        """The lines of the text, as Python counts them, without their ends."""
        return tuple(self.text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))

    def line(self, number: int) -> str:
        """The text of line `number` (from 1), without its line end; empty outside the text."""
        return self.lines[number - 1] if 0 < number <= len(self.lines) else ""

    def column(self, line: int, byte_offset: int) -> int:
        """The column, from 1, of what stands `byte_offset` UTF-8 bytes into a line."""
        text = self.line(line)
        if text.isascii():
            return byte_offset + 1
        if line not in self._byte_offsets:
            lengths = (len(character.encode("utf-8", "replace")) for character in text)
            self._byte_offsets[line] = list(itertools.accumulate(lengths, initial=0))
        return bisect.bisect_left(self._byte_offsets[line], byte_offset) + 1

    @functools.cached_property
    def _byte_offsets(self) -> dict[int, list[int]]:
        return {}

    def end(self) -> Span:
        """The last line that is not blank."""
        last = max((k for k, line in enumerate(self.lines, 1) if line.strip()), default=1)
        text = self.line(last)
        start = len(text) - len(text.lstrip()) + 1
        return Span(last, start, last, max(start + 1, len(text.rstrip()) + 1))


@dataclasses.dataclass(frozen=True)
class Diagnostic:
    """One message about one place: what is wrong, and what to write instead.

    Attributes:
      code: stable identifier, `E...` for errors and `W...` for warnings (docs/errors.md).
      span: the place in the model's text.
      message: what is wrong, in one sentence.
      help: what to write instead.
    """

    code: str
    span: Span
    message: str
    help: str = ""

    def render(self, source: Source) -> str:
        """The message as the terminal shows it: place, source line, caret, help."""
        kind = "error" if self.code.startswith("E") else "warning"
        place = f"{source.path}:{self.span.line}:{self.span.column}"
        text = source.line(self.span.line).replace("\t", " ")
        start = min(self.span.column - 1, len(text))
        same_line = self.span.end_line == self.span.line
        stop = min(self.span.end_column - 1 if same_line else len(text), len(text))
        if len(text) > 160:
            left = max(0, start - 60)
            text = text[left : left + 160]
            start, stop = start - left, min(stop - left, 160)
        margin = f"{self.span.line:>5} | "
        lines = [
            f"{place}: {kind}[{self.code}]: {self.message}",
            f"{margin}{text}",
            f"{'|':>7} {' ' * start}{'^' * max(1, stop - start)}",
        ]
        if self.help:
            lines.append(f"  help: {self.help}")
        return "\n".join(lines)


class ModelError(Exception):
    """A model was refused. Carries every error its phase found, sorted by place.

    Attributes:
      source: the text the errors point into.
      diagnostics: the errors.
    """

    def __init__(self, source: Source, diagnostics: Iterable[Diagnostic]):
        self.source = source
        self.diagnostics = tuple(diagnostics)
        super().__init__(source, self.diagnostics)

    def __str__(self) -> str:
        shown = [diagnostic.render(self.source) for diagnostic in self.diagnostics[:MAX_SHOWN]]
        more = len(self.diagnostics) - len(shown)
        return "\n".join(shown + [f"and {more} more errors"] * (more > 0))


class Diagnostics:
    """Collects the messages of one phase: the first for each place, in the order of the text."""

    def __init__(self, source: Source):
        self.source = source
        self._found: dict[tuple[str, Span], Diagnostic] = {}

    def add(self, code: str, span: Span, message: str, help: str = "") -> None:
        """Records a message; a second error, or a second warning, at its place is dropped."""
        self._found.setdefault((code[0], span), Diagnostic(code, span, message, help))

    def mark(self) -> int:
        """A point to return to with `rewind`."""
        return len(self._found)

    def rewind(self, mark: int) -> None:
        """Forgets what was recorded since `mark`: an attempt that is made again otherwise."""
        for key in list(self._found)[mark:]:
            del self._found[key]

    def sorted(self, prefix: str) -> list[Diagnostic]:
        """The messages whose code starts with `prefix`, by place."""
        return sorted(
            (d for d in self._found.values() if d.code.startswith(prefix)),
            key=lambda d: (d.span, d.code),
        )

    def raise_errors(self) -> None:
        """Raises `ModelError` when an error was recorded."""
        errors = self.sorted("E")
        if errors:
            raise ModelError(self.source, errors)


def suggestion(name: str, candidates: Iterable[str], alike: float = 0.6) -> str:
    """`did you mean '...'?` for the candidate closest to `name`, or an empty string.

    Args:
      name: what was written.
      candidates: what may have been meant.
      alike: the least part that they must have in common, from 0 to 1.
    """
    near = {c for c in candidates if abs(len(c) - len(name)) <= 1 + len(name) // 2}
    if len(name) > 64 or len(near) > 2000:
        return ""
    same = sorted(c for c in near if c.casefold() == name.casefold())
    close = same or difflib.get_close_matches(name, sorted(near), n=1, cutoff=alike)
    return f"did you mean '{close[0]}'?" if close else ""


def read_source(path: str | os.PathLike, limit: int = MAX_BYTES) -> Source:
    """Reads a model file as text.

    Args:
      path: the file.
      limit: the largest size in bytes.

    Raises:
      ModelError: the file does not exist, cannot be read, is too large, or is not UTF-8 text.
    """
    path = os.fspath(path)
    empty = Source(path, "")

    def refuse(code: str, message: str, help: str) -> ModelError:
        return ModelError(empty, [Diagnostic(code, Span(), message, help)])

    try:
        with open(path, "rb") as file:
            data = file.read(limit + 1)
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or "this is not a path").lower()
        raise refuse(
            "E101", f"cannot read the model: {reason}", "give the path of a model file"
        ) from None
    if len(data) > limit:
        raise refuse(
            "E102",
            f"the model is larger than {limit:,} bytes",
            "split it, or write repeated parts as loops",
        )
    try:
        return Source(path, data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        readable = Source(path, data.decode("utf-8", "replace"))
        line = data[: error.start].count(b"\n") + 1
        column = len(data[: error.start].rpartition(b"\n")[2].decode("utf-8", "replace")) + 1
        message, help = "the model is not UTF-8 text", "save it as UTF-8"
        raise ModelError(
            readable, [Diagnostic("E103", Span(line, column, line, column + 1), message, help)]
        ) from None


def parse_hypers(text: str) -> dict[str, int]:
    """`T=6,N_TILES=4` as a dict.

    Raises:
      InputError: an entry has another form, or a name stands twice.
    """
    hypers: dict[str, int] = {}
    for part in filter(None, text.split(",")):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not (name and equals and re.fullmatch(r"-?[0-9]{1,30}", value, re.ASCII)):
            raise InputError(f"--hypers has '{part}': write NAME=INTEGER,NAME=INTEGER")
        if name in hypers:
            raise InputError(f"--hypers gives '{name}' twice: give it once")
        hypers[name] = int(value)
    return hypers
