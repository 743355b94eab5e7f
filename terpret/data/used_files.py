"""The files that are read where data are named by one path: tables, and the images they name."""

import csv
import os
from collections.abc import Iterator

from terpret.data.csv_file import image_path
from terpret.data.examples import TEST, TRAIN

# The tables of a folder.
TABLES = (TRAIN, TEST)


def used_files(path: str) -> list[str]:
    """The files that are read of data; some may not be there.

    Args:
      path: a file, or a folder, of which the tables for training and for testing are read.

    Raises:
      OSError: a table cannot be read.
    """
    names = TABLES if os.path.isdir(path) else ()
    tables = [os.path.join(path, name) for name in names] or [path]
    found = dict.fromkeys(tables)
    for table in tables:
        if table.lower().endswith(".csv") and os.path.isfile(table):
            found |= dict.fromkeys(_images(table))
    return list(found)


def _images(table: str) -> Iterator[str]:
    """The files that the cells of a table name, whatever its model."""
    folder, columns = os.path.dirname(table), list[int]()
    with open(table, encoding="utf-8-sig", errors="replace", newline="") as file:
        try:
            rows = filter(None, csv.reader(file))
            next(rows, None)
            for row in rows:
                cells = [cell.strip() for cell in row]
                columns = columns or [k for k, one in enumerate(cells) if _is_path(one, folder)]
                if not columns:
                    return
                named = (cells[k] for k in columns if k < len(cells))
                yield from (image_path(folder, cell) for cell in named if cell)
        except csv.Error:
            # It is refused when it is read.
            return


def _is_path(cell: str, folder: str) -> bool:
    """Whether a cell names a file, or at least is no number."""
    if not cell or os.path.isfile(image_path(folder, cell)):
        return bool(cell)
    try:
        float(cell)
    except ValueError:
        return True
    return False
