"""Elements and known values that are others in every round of a loop."""

import dataclasses
from collections.abc import Iterable

from terpret.language import checked
from terpret.language.checked import Element

Stride = tuple[int, ...]


@dataclasses.dataclass(frozen=True)
class Moving(Element):
    """An element in a loop's first round, of which each other round has another.

    Attributes:
      start: the element of the first round; moved by the loops around this one, perhaps.
      stride: how far its index moves each round.
      depth: how many loops are around this one.
    """

    start: Element
    stride: Stride
    depth: int

    def __str__(self) -> str:
        return f"{self.start}+r{self.depth}*{list(self.stride)}"


@dataclasses.dataclass(frozen=True)
class ByRound(checked.Known):
    """A known value that is another in every round of the loop at `depth`.

    Attributes:
      rounds: what it is in each round; the fields of its own are those of the first.
      depth: how many loops are around this one.
    """

    rounds: tuple[checked.Known, ...]
    depth: int


def moving(start: Element, stride: Stride, depth: int) -> Element:
    """The element that moves by a stride from round to round of the loop at a depth."""
    if not any(stride):
        return start
    return Moving(start.variable, start.index, start, stride, depth)


def by_round(rounds: tuple[checked.Known, ...], depth: int) -> ByRound:
    """The value that is these, round after round of the loop at a depth."""
    first = rounds[0]
    return ByRound(first.bound, first.values, first.domain, rounds, depth)


def moved(element: Element, by: Stride, times: int = 1) -> Element:
    """An element whose index is farther by a step, some times."""
    if isinstance(element, Moving):
        return moving(moved(element.start, by, times), element.stride, element.depth)
    index = tuple(i + times * step for i, step in zip(element.index, by, strict=True))
    return Element(element.variable, index)


def in_round(element: Element, depth: int, number: int) -> Element:
    """An element in one round of the loop at a depth."""
    if not isinstance(element, Moving):
        return element
    if element.depth == depth:
        return moved(element.start, element.stride, number)
    return moving(in_round(element.start, depth, number), element.stride, element.depth)


def in_rounds(element: Element, rounds: Iterable[tuple[int, int]]) -> Element:
    """An element in one round of some loops, each a depth and the number of the round."""
    for depth, number in rounds:
        element = in_round(element, depth, number)
    return element


def lag(made: Element, read: Element, depth: int) -> int:
    """How many rounds after it was set an element is read; 0 where it is not the same.

    Args:
      made: what a round of the loop at the depth sets.
      read: what a round reads.
      depth: how many loops are around that one.
    """
    if not (isinstance(made, Moving) and isinstance(read, Moving)):
        return 0
    alike = made.depth == read.depth == depth and made.stride == read.stride
    if not alike or made.variable is not read.variable:
        return 0
    axis = next(k for k, step in enumerate(made.stride) if step)
    rounds = (made.index[axis] - read.index[axis]) // made.stride[axis]
    return rounds if rounds > 0 and moved(read.start, made.stride, rounds) == made.start else 0
