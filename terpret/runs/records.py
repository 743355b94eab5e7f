"""What a run has noted in JSON files, read back: whole, or one sentence that says which is not."""

import contextlib
import io
import os
from collections.abc import Callable, Iterator, Mapping

from terpret.errors import RunError
from terpret.files.atomic import read_json

Record = dict[str, object]
_NUMBER = float | int
# What others read of a run's results, and of each restart, and the types these may have.
_RUN = {"seconds": _NUMBER, "data": dict, "command": str}
# What is shown where it is there.
_SHOWN = {"tested_on": str, "batches": dict, "lengths": list, "sizes": list, "verification": dict}
_ENTRY = {
    "seed": int,
    "correct": bool,
    "test_accuracy": _NUMBER | None,
    "discrete_accuracy": _NUMBER | None,
    "nets": dict,
}
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


def read_results(path: str, remedy: str = "") -> Record | None:
    """The `results.json` of a single run; None before it has finished.

    Raises:
      RunError: it is damaged.
    """
    remedy = remedy or "remove it, and the command of the run measures again"
    results = read_record(path, remedy)
    if results is not None and not _whole_run(results):
        raise damaged(path, remedy)
    return results


def read_curves(path: str) -> Record:
    """The `curves.json` of a run, by restart; nothing where it has none.

    Raises:
      RunError: it is damaged.
    """
    remedy = "remove it, and the run is shown without curves"
    curves = read_record(path, remedy) or {}
    whole = all(number.isdecimal() and _all_are(one, int | list) for number, one in curves.items())
    names = {"loss", "accuracy", "accuracy_on_images"}
    points = [one[name] for one in curves.values() if whole for name in names & one.keys()]
    if not whole or not all(_are_points(one) for one in points):
        raise damaged(path, remedy)
    return curves


def read_found(path: str) -> Record | None:
    """The `results.json` of an experiment; None before it has finished.

    Raises:
      RunError: it is damaged.
    """
    remedy = "remove it, and the command of the experiment puts it together again"
    results = read_record(path, remedy)
    if results is not None and not _all_are(results.get("learners"), dict):
        raise damaged(path, remedy)
    return results


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


def _whole_run(results: Mapping[str, object]) -> bool:
    entries, place = results.get("restarts"), results.get("best")
    if not isinstance(entries, list) or not all(_fits(entry, _ENTRY) for entry in entries):
        return False
    if type(place) is not int or not 0 <= place < len(entries):
        return False
    if not _fits(results, {name: kind for name, kind in _SHOWN.items() if name in results}):
        return False
    nets = [results.get("nets", {}), *(entry["nets"] for entry in entries)]
    return _fits(results, _RUN) and all(_all_are(one, _NUMBER | None) for one in nets)


def _are_points(points: object) -> bool:
    return isinstance(points, list) and all(
        isinstance(point, list)
        and len(point) == 2
        and type(point[0]) is int
        and isinstance(point[1], _NUMBER | None)
        for point in points
    )


def _fits(record: object, kinds: Mapping[str, object]) -> bool:
    if not isinstance(record, dict):
        return False
    return all(name in record and isinstance(record[name], kind) for name, kind in kinds.items())


def _all_are(record: object, kind: object) -> bool:
    return isinstance(record, dict) and all(isinstance(one, kind) for one in record.values())
