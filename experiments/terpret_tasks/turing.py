"""The Turing machine's tasks: bits at the left of a tape, blanks after them."""

import itertools
from collections.abc import Iterator, Mapping, Sequence

from experiments.terpret_tasks.task import Instance

BLANK = 2


def invert(hypers: Mapping[str, int]) -> Iterator[Instance]:
    """Each bit becomes the other one; 2 to L - 1 bits."""
    for bits in _words(2, hypers["tapeLength"] - 1):
        yield inverted(hypers, bits)


def prepend(hypers: Mapping[str, int]) -> Iterator[Instance]:
    """A zero comes before the bits; 2 to L - 1 bits."""
    for bits in _words(2, hypers["tapeLength"] - 1):
        yield prepended(hypers, bits)


def decrement(hypers: Mapping[str, int]) -> Iterator[Instance]:
    """The binary number becomes the one before it, as long as it was; 1 to L - 1 bits, not all 0.

    The report's own instances have leading zeros, those of its released generator have none.
    """
    for bits in _words(1, hypers["tapeLength"] - 1):
        if any(bits):
            less = int("".join(map(str, bits)), 2) - 1
            yield _tapes(hypers, bits, [int(bit) for bit in f"{less:0{len(bits)}b}"])


def inverted(hypers: Mapping[str, int], bits: Sequence[int]) -> Instance:
    """The instance of `invert` that a word makes."""
    return _tapes(hypers, bits, [1 - bit for bit in bits])


def prepended(hypers: Mapping[str, int], bits: Sequence[int]) -> Instance:
    """The instance of `prepend` that a word makes."""
    return _tapes(hypers, bits, [0, *bits])


def _words(shortest: int, longest: int) -> Iterator[tuple[int, ...]]:
    for length in range(shortest, longest + 1):
        yield from itertools.product((0, 1), repeat=length)


def _tapes(hypers: Mapping[str, int], before: Sequence[int], after: Sequence[int]) -> Instance:
    initial, final = (
        [*bits, *[BLANK] * (hypers["tapeLength"] - len(bits))] for bits in (before, after)
    )
    return {"initial_tape": initial, "final_tape": final, "final_is_halted": 1}
