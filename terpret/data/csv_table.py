"""The text of a CSV file by column, with the line of each row, and faults by line and column."""

import csv
import dataclasses
import os
import re
from collections.abc import Callable
from typing import TextIO

from terpret.data.faults import MOST, Faults

MAX_BYTES = 256 * 1024**2
_BETWEEN, _SPACE = re.compile(r"\]\s*\["), re.compile(r"\s+(?=[^\[]*\])")


@dataclasses.dataclass(frozen=True, eq=False)
class Table:
    """A CSV file.

    Attributes:
      path: the file.
      header: the names of the columns, with indices written `[0,1]`.
      lines: the line on which each row begins.
      columns: the cells of each column, without space around them.
    """

    path: str
    header: list[str]
    lines: list[int]
    columns: list[list[str]]


class CellFaults:
    """What is wrong in a table's cells, said line by line however the cells are gone through."""

    def __init__(self, table: Table):
        self._table = table
        self._found: list[tuple[int, int, str]] = []
        self._count = 0

    def column(self, place: int, message: Callable[[int], str]) -> Callable[[int], None]:
        """Returns what records a fault of a row, whose message is made only if it may be shown."""
        seen = 0

        def add(row: int) -> None:
            nonlocal seen
            self._count += 1
            seen += 1
            # The rows of a column come in their order: no later one of it is among the first.
            if seen <= MOST:
                self._found.append((row, place, message(row)))

        return add

    def add_to(self, faults: Faults) -> None:
        """Records them."""
        table = self._table
        faults.add_many(
            self._count,
            (
                f"{table.path}:{table.lines[row]}, column '{table.header[place]}': {message}"
                for row, place, message in sorted(self._found)
            ),
        )


def read_table(path: str, faults: Faults) -> Table | None:
    """Reads a CSV file as text; None where it is none.

    Args:
      path: the file.
      faults: where what is wrong is recorded, rows of another length as well.
    """
    try:
        if os.path.getsize(path) > MAX_BYTES:
            faults.add(f"{path}: the file is larger than {MAX_BYTES:,} bytes: use an .npz file")
            return None
        with open(path, encoding="utf-8-sig", newline="") as file:
            return _rows(path, file, faults)
    except csv.Error as error:
        faults.add(f"{path}:1: this is not CSV: {error}")
    except UnicodeDecodeError:
        faults.add(f"{path}: the file is not UTF-8 text")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "this is not a path"
        faults.add(f"{path}: cannot read the file: {reason.lower()}")
    return None


def _rows(path: str, file: TextIO, faults: Faults) -> Table | None:
    reader = csv.reader(file, strict=True)
    header = _names(next(reader, []))
    if not any(cell.strip() for cell in header):
        faults.add(f"{path}:1: the first line is empty: it must name the columns")
        return None
    lines: list[int] = []
    columns: list[list[str]] = [[] for _ in header]
    line = reader.line_num + 1
    try:
        for row in reader:
            first, line = line, reader.line_num + 1
            if len(row) == len(header):
                lines.append(first)
                for column, cell in zip(columns, row, strict=True):
                    column.append(cell.strip())
            elif row:
                cells = f"{len(row)} cell" + "s" * (len(row) > 1)
                faults.add(f"{path}:{first}: the row has {cells}, the first line {len(header)}")
    except csv.Error as error:
        faults.add(f"{path}:{reader.line_num}: this is not CSV: {error}")
    return Table(path, header, lines, columns)


def _names(cells: list[str]) -> list[str]:
    """The names of columns, whose indices may be written `[0][1]`, `[0, 1]` or without quotes."""
    names = list[str]()
    for cell in cells:
        if names and "[" in names[-1] and "]" not in names[-1].rpartition("[")[2]:
            names[-1] += f",{cell}"
        else:
            names.append(cell)
    return [_SPACE.sub("", _BETWEEN.sub(",", name.strip())) for name in names]
