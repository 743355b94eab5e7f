"""The tasks of basic blocks and of assembly: what a program makes of a memory of M cells."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping

from experiments.terpret_tasks.task import Instance

Memory = list[int]


def access(size: int) -> Iterator[tuple[Memory, Memory]]:
    """The first cell is k < M - 2 and becomes the k-th cell after it."""
    for k in range(size - 2):
        for others in itertools.product(range(size), repeat=size - 1):
            yield [k, *others], [others[k], *others]


def decrement(size: int) -> Iterator[tuple[Memory, Memory]]:
    """One to M - 1 numbers of 2 and more, then zeros: each number becomes one less."""
    for length in range(1, size):
        zeros = [0] * (size - length)
        for numbers in itertools.product(range(2, size), repeat=length):
            yield [*numbers, *zeros], [*(number - 1 for number in numbers), *zeros]


def list_k(size: int) -> Iterator[tuple[Memory, Memory]]:
    """The first cell is k and becomes the k-th number of a linked list.

    Its elements are a number and the address of the next one, 0 after the last. The first is at
    address 1, the others are in any order behind it, and nothing is between them.
    """
    length = (size - 1) // 2
    for order in itertools.permutations(range(1, length)):
        addresses = [1 + 2 * place for place in (0, *order)]
        for k in range(length):
            for numbers in itertools.product(range(size), repeat=length):
                memory = [k, *[0] * (size - 1)]
                for at, number, after in zip(addresses, numbers, [*addresses[1:], 0], strict=True):
                    memory[at : at + 2] = number, after
                yield memory, [numbers[k], *memory[1:]]


def of_basic_block(
    memories: Callable[[int], Iterable[tuple[Memory, Memory]]],
) -> Callable[[Mapping[str, int]], Iterator[Instance]]:
    """The instances of basic blocks: the memory before and after, and that it is halted."""

    def domain(hypers: Mapping[str, int]) -> Iterator[Instance]:
        for before, after in memories(hypers["maxInt"]):
            yield {"initial_memory": before, "final_memory": after, "final_is_halted": 1}

    return domain


def of_assembly(
    memories: Callable[[int], Iterable[tuple[Memory, Memory]]],
) -> Callable[[Mapping[str, int]], Iterator[Instance]]:
    """The instances of assembly: the memory before and after, and that line 0 is reached."""

    def domain(hypers: Mapping[str, int]) -> Iterator[Instance]:
        for before, after in memories(hypers["maxInt"]):
            yield {"initial_envMemory": before, "final_envMemory": after, "final_block": 0}

    return domain
