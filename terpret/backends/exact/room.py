"""What encoding may take: time and memory are watched in this process too."""

import dataclasses
from collections.abc import Callable

import psutil

from terpret.free_memory import available_bytes
from terpret.memory_sizes import in_words

NO_TIME = "there was no more time"
# Of each solver: with its library and nothing else its process takes most of it.
LEAST_MEMORY = 64 * 2**20


class Spent(Exception):
    """Encoding has taken all that it may.

    Attributes:
      why: in words.
    """

    def __init__(self, why: str):
        super().__init__(why)
        self.why = why


@dataclasses.dataclass(frozen=True)
class Room:
    """What a search may take, and what this process had before it.

    Attributes:
      memory: bytes, of this process beyond what it had, and of all solvers together.
      had: bytes that this process had.
    """

    memory: int
    had: int

    def watch(self, over: Callable[[], str]) -> Callable[[], None]:
        """What is called again and again while something is encoded.

        Args:
          over: why it is to end; empty where it is not.
        """

        def look() -> None:
            if why := over():
                raise Spent(why)
            if _taken() - self.had > self.memory:
                raise Spent(f"the clauses took more than {in_words(self.memory)} of memory")

        return look


def room(memory: int) -> Room:
    """The room of a search that begins now.

    Args:
      memory: bytes that it may take; 0 is half of what is left.
    """
    return Room(memory or available_bytes() // 2, _taken())


def _taken() -> int:
    return psutil.Process().memory_info().rss


def too_little(searchers: int) -> str:
    """That so many solvers need more memory, in words."""
    one = in_words(LEAST_MEMORY)
    return f"a solver takes {one} at least" + (f", and there are {searchers}" * (searchers > 1))
