"""The Boolean circuit's tasks: bits on the first wires, zeros on those that are left."""

import itertools
from collections.abc import Iterator, Mapping, Sequence

from experiments.terpret_tasks.task import Instance


def shift(hypers: Mapping[str, int]) -> Iterator[Instance]:
    """Controlled shift: where the first bit is 1, the other two change places."""
    for control, a, b in itertools.product((0, 1), repeat=3):
        yield _wires(hypers, (control, a, b), (control, b, a) if control else (control, a, b))


def full_adder(hypers: Mapping[str, int]) -> Iterator[Instance]:
    """Of three bits the sum: its carry, then its last bit."""
    for bits in itertools.product((0, 1), repeat=3):
        yield _wires(hypers, bits, _binary(sum(bits), 2))


def two_bit_adder(hypers: Mapping[str, int]) -> Iterator[Instance]:
    """Of two numbers of two bits the sum, of three bits; the highest bit of each is first."""
    for bits in itertools.product((0, 1), repeat=4):
        a, b = 2 * bits[0] + bits[1], 2 * bits[2] + bits[3]
        yield _wires(hypers, bits, _binary(a + b, 3))


def _binary(number: int, length: int) -> list[int]:
    return [number >> place & 1 for place in reversed(range(length))]


def _wires(hypers: Mapping[str, int], before: Sequence[int], after: Sequence[int]) -> Instance:
    spare = [0] * (hypers["numWires"] - len(before))
    return {"initial_wires": [*before, *spare], "final_wires": list(after)}
