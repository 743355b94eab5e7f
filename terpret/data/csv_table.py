"""The text of a CSV file by column, with the line of each row, and faults by line and column."""

import collections
import csv
import dataclasses
import os
import re
from typing import TextIO

from terpret.data.faults import Faults

MAX_BYTES = 256 * 1024**2
# How many rows a message lists, besides the first, and how much of a cell it shows.
_ROWS, _SHOWN = 3, 200
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
    """What is wrong in a table's cells: once for all rows of a column that have the same fault."""

    def __init__(self, table: Table):
        self._table = table
        # Of each fault of a column how many rows have it, and the first of these.
        self._counts = collections.Counter[tuple[int, str]]()
        self._rows = collections.defaultdict[tuple[int, str], list[int]](list)

    def add(self, row: int, place: int, reason: str) -> None:
        """Records a fault of a cell; `reason` follows what the cell holds, if it holds anything."""
        fault = place, reason
        self._counts[fault] += 1
        if self._counts[fault] <= 1 + _ROWS:
            self._rows[fault].append(row)

    def add_to(self, faults: Faults) -> None:
        """Records them."""
        found = sorted((rows[0], *fault) for fault, rows in self._rows.items())
        faults.add_many(len(found), (self._said(row, place, why) for row, place, why in found))

    def _said(self, row: int, place: int, reason: str) -> str:
        table, fault = self._table, (place, reason)
        others = [str(table.lines[one]) for one in self._rows[fault][1:]]
        more = self._counts[fault] - 1 - len(others)
        if more:
            others.append(f"{more:,} more")
        told = " and ".join([*([", ".join(others[:-1])] if others[1:] else []), *others[-1:]])
        also = f"; likewise in line{'s' * (len(others) > 1)} {told}" if others else ""
        cell = table.columns[place][row]
        held = f"{cell[:_SHOWN]!r} " if cell else ""
        return (
            f"{table.path}:{table.lines[row]}, column '{table.header[place]}': {held}{reason}{also}"
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
