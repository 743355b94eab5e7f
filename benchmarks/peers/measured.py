"""What is known of an implementation at a size, its file, and its table."""

import dataclasses
import json
import statistics
from collections.abc import Mapping
from pathlib import Path

from benchmarks.peers.problems import problem

IMPLEMENTATIONS = ("ours", "tensorflow", "jax")


@dataclasses.dataclass(frozen=True)
class Measured:
    """One implementation at one size.

    Attributes:
      ready_s: seconds until the first step was made.
      steps_ms: milliseconds of a step, in each block.
      gigabytes: of memory at most.
      why: why something above is missing; empty where nothing is.
    """

    ready_s: float | None = None
    steps_ms: tuple[float, ...] = ()
    gigabytes: float | None = None
    why: str = ""


Row = Mapping[str, Measured]


def read(path: Path) -> dict[str, dict[str, Measured]]:
    """The rows of a file; none where there is no file."""
    if not path.exists():
        return {}
    stored = json.loads(path.read_text(encoding="utf-8"))
    return {
        name: {
            each: Measured(**{**fields, "steps_ms": tuple(fields["steps_ms"])})
            for each, fields in row.items()
        }
        for name, row in stored.items()
    }


def write(path: Path, rows: Mapping[str, Row]) -> None:
    """Writes the rows to a file."""
    stored = {
        name: {each: dataclasses.asdict(measured) for each, measured in rows[name].items()}
        for name in sorted(rows, key=_order)
    }
    path.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")


def table(rows: Mapping[str, Row]) -> str:
    """The rows as Markdown."""
    heads = [f"{name}: ready / step / memory" for name in ("ours", "TensorFlow", "JAX")]
    lines = [["cells x steps x restarts", *heads, "of JAX's"]]
    lines.append(["---"] * len(lines[0]))
    for name in sorted(rows, key=_order):
        cells = [_cell(rows[name][each]) if each in rows[name] else "" for each in IMPLEMENTATIONS]
        lines.append([name, *cells, _ratio(rows[name])])
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _cell(measured: Measured) -> str:
    parts = []
    if measured.ready_s is not None:
        parts.append(f"{measured.ready_s:.1f} s")
    if measured.steps_ms:
        parts.append(f"{statistics.median(measured.steps_ms):.3g} ms")
    if measured.gigabytes is not None:
        parts.append(f"{measured.gigabytes:.2f} GB")
    return " / ".join([*parts, *([measured.why] if measured.why else [])])


def _ratio(row: Row) -> str:
    pairs = [row[name].steps_ms for name in ("ours", "jax") if name in row]
    if len(pairs) < 2 or not all(pairs):
        return ""
    return f"{statistics.median(a / b for a, b in zip(*pairs, strict=False)):.2f}"


def _order(name: str) -> tuple[bool, int, int, int]:
    given = problem(name)
    return given.model == "math", given.cells, given.steps, given.restarts
