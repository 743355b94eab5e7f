"""What a run has noted in JSON files, read back: whole, or one sentence that says which is not."""

import contextlib
import io
import os
from collections.abc import Callable, Iterator
from typing import TypeVar

from terpret.errors import RunError
from terpret.files.atomic import read_json
from terpret.files.typed_json import from_json
from terpret.language.errors import InputError
from terpret.runs.results import FORMAT, Curves, RunResult

T = TypeVar("T")
Record = dict[str, object]
# What a record of wrong values raises where it is shown.
_WRONG = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError)


def damaged(path: str, remedy: str) -> RunError:
    """A file is damaged, or there is none, and what to do."""
    return RunError(f"{path} is {'damaged' if os.path.lexists(path) else 'missing'}: {remedy}")


def read_record(path: str, remedy: str) -> Record | None:
    """A file that holds a JSON object; None where there is no such file.

    Raises:
      RunError: it is damaged.
    """
    record = read_json(path)
    if record is None and not os.path.lexists(path):
        return None
    if not isinstance(record, dict):
        raise damaged(path, remedy)
    return record


def read_results(path: str, remedy: str = "") -> RunResult | None:
    """The `results.json` of a single run; None before it has finished.

    Raises:
      RunError: it is damaged, or of a newer version.
    """
    remedy = remedy or "remove it, and the command of the run measures again"
    return read_typed(path, RunResult.from_json, remedy)


def read_typed(path: str, made: Callable[[object], T], remedy: str) -> T | None:
    """A file of results, as what `made` makes of it; None where there is no such file.

    Args:
      path: the file.
      made: raises a ValueError, or an InputError, where something is missing or wrong.
      remedy: what to do where the file is damaged.

    Raises:
      RunError: it is damaged, or of a newer version.
    """
    record = read_record(path, remedy)
    if record is None:
        return None
    there = record.get("format")
    if type(there) is int and there > FORMAT:
        raise RunError(
            f"{path} was written by a newer version of this project (format {there}, this one "
            f"reads up to {FORMAT})"
        )
    try:
        return made(record)
    except (ValueError, InputError):
        raise damaged(path, remedy) from None


def read_curves(path: str) -> dict[int, Curves]:
    """The `curves.json` of a run, by restart; nothing where it has none.

    Raises:
      RunError: it is damaged.
    """
    remedy = "remove it, and the run is shown without curves"
    record = read_record(path, remedy) or {}
    try:
        return {int(number): from_json(Curves, one) for number, one in record.items()}
    except ValueError:
        raise damaged(path, remedy) from None


def rendered(path: str, show: Callable[[], None], remedy: str) -> str:
    """What is printed of a record.

    Args:
      path: the file of the record.
      show: prints it.
      remedy: what to do where the record cannot be shown.

    Raises:
      RunError: a value of it is wrong.
    """
    text = io.StringIO()
    with showing(path, remedy), contextlib.redirect_stdout(text):
        show()
    return text.getvalue()


@contextlib.contextmanager
def showing(path: str, remedy: str) -> Iterator[None]:
    """Says that a record is damaged where a value of it cannot be shown.

    Raises:
      RunError: as `rendered`.
    """
    try:
        yield
    except _WRONG:
        raise damaged(path, remedy) from None
