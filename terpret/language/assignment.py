"""Set once, read after set: which elements hold a value on the path that is being checked.

A frame holds what one branch has set so far; a read looks through the enclosing frames. At the
end of a chain, what every branch set passes to the frame outside, and what only some set is
remembered with the reason why it cannot be read there.
"""

from collections.abc import Callable

from terpret.language.checked import Element
from terpret.language.errors import Span


class Frame:
    """The assignments of one branch, inside those of `outer`."""

    def __init__(self, outer: "Frame | None" = None):
        self._outer = outer
        self.set: dict[Element, Span] = {}
        self.partial: dict[Element, tuple[Span, str]] = {}
        self._unsure: list[bool] = outer._unsure if outer is not None else [False]

    def lose_track(self) -> None:
        """A statement was refused, and what it would have set is not known."""
        self._unsure[0] = True

    @property
    def unsure(self) -> bool:
        """Whether an element that is not set may be one that a refused statement sets."""
        return self._unsure[0]

    def where_set(self, element: Element) -> Span | None:
        """Where the element was set on this path, or None."""
        frame: Frame | None = self
        while frame is not None:
            if frame.set and element in frame.set:
                return frame.set[element]
            frame = frame._outer
        return None

    def where_partial(self, element: Element) -> tuple[Span, str] | None:
        """The chain that sets the element in some branches only, and which it leaves out."""
        frame: Frame | None = self
        while frame is not None:
            if frame.partial and element in frame.partial:
                return frame.partial[element]
            frame = frame._outer
        return None

    def merge(
        self,
        branches: list["Frame"],
        values: list[tuple[int, ...]],
        remaining: tuple[int, ...],
        when: Callable[[tuple[int, ...]], str],
        span: Span,
    ) -> tuple[Element, ...]:
        """Takes over what the branches of a chain set.

        Args:
          branches: the frame of each branch, made with `Frame(self)`.
          values: the values of the switch that take each branch.
          remaining: the values that no branch takes.
          when: how a message names values of the switch.
          span: the chain.

        Returns:
          The elements that every value of the switch sets, in the order of the first branch.
        """
        everywhere = [
            element
            for element in branches[0].set
            if not remaining and all(element in branch.set for branch in branches)
        ]
        for element in everywhere:
            self.set[element] = span
        common = set(everywhere)
        for branch in branches:
            self.partial.update(branch.partial)
            for element in branch.set:
                if element not in common and element not in self.partial:
                    absent = [
                        value
                        for taken, other in zip(values, branches, strict=True)
                        if element not in other.set
                        for value in taken
                    ]
                    self.partial[element] = (span, when((*absent, *remaining)))
        return tuple(everywhere)
