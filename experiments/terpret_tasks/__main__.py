"""Writes the data of all tasks: hypers, training instances, and held-out ones by a seed."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from experiments.terpret_tasks.files import FOLDER, write
from experiments.terpret_tasks.tasks import TASKS


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="experiments.terpret_tasks", description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="of which instances are held out")
    parser.add_argument("--out", type=Path, default=FOLDER, help="the folder")
    given = parser.parse_args(arguments)
    write(list(TASKS.values()), given.out, given.seed)


if __name__ == "__main__":
    main()
