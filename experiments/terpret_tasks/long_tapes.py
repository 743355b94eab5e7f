"""Writes the data of a Turing machine's task on tapes of any length: too many words to list."""

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from experiments.terpret_tasks.files import data_text, hypers_text, write_texts
from experiments.terpret_tasks.task import HELD_OUT, Instance
from experiments.terpret_tasks.tasks import TASKS
from experiments.terpret_tasks.turing import inverted, prepended

TAPES: Mapping[str, Callable[[Mapping[str, int], Sequence[int]], Instance]] = {
    "turing_invert": inverted,
    "turing_prepend": prepended,
}
SHORTEST = 2


def drawn(task: str, hypers: Mapping[str, int], count: int, seed: int) -> list[Instance]:
    """Draws different instances: the length of a word, 2 to L - 1, evenly, then each bit.

    Args:
      task: a name in `TAPES`.
      hypers: of the Turing machine; `tapeLength` is L.
      count: how many.
      seed: of the draws.

    Raises:
      ValueError: there are not so many.
    """
    longest = hypers["tapeLength"] - 1
    if count > 2 ** (longest + 1) - 2**SHORTEST:
        raise ValueError(f"a tape of {longest + 1} cells has fewer than {count:,} words")
    generator = np.random.default_rng(seed)
    words: dict[tuple[int, ...], None] = {}
    while len(words) < count:
        length = int(generator.integers(SHORTEST, longest + 1))
        words[tuple(map(int, generator.integers(0, 2, length)))] = None
    return [TAPES[task](hypers, bits) for bits in words]


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(
        prog="experiments.terpret_tasks.long_tapes", description=__doc__
    )
    parser.add_argument("task", choices=TAPES)
    parser.add_argument("--cells", type=int, default=20, help="of the tape, at least 3")
    parser.add_argument("--steps", type=int, default=60, help="how long the machine runs")
    parser.add_argument("--instances", type=int, default=32, help="that teach")
    parser.add_argument("--held_out", type=int, default=HELD_OUT, help="other instances")
    parser.add_argument("--seed", type=int, default=0, help="of the words")
    parser.add_argument("--out", type=Path, required=True, help="the folder")
    given = parser.parse_args(arguments)
    hypers = {
        **TASKS[given.task].hypers,
        "tapeLength": given.cells,
        "numTimesteps": given.steps,
    }
    try:
        words = drawn(given.task, hypers, given.instances + given.held_out, given.seed)
    except ValueError as error:
        parser.exit(1, f"{error}\n")
    batches = {"train": words[: given.instances], "test": words[given.instances :]}
    files = {"hypers": hypers_text(hypers), "data": data_text(hypers, batches)}
    write_texts({f"{given.task}_{kind}.json": text for kind, text in files.items()}, given.out)


if __name__ == "__main__":
    main()
