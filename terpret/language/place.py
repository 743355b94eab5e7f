"""Where the checker stands in a model: names, assignments, the loops around it."""

import dataclasses

from terpret.language.assignment import Frame
from terpret.language.scope import Scope


@dataclasses.dataclass(frozen=True)
class Place:
    """Where the checker stands.

    Attributes:
      scope: the names.
      frame: what is set.
      loops: the values of loops and unrolled `with`s around it, for messages.
      depth: how many axes are bound.
      level: how deeply statements are nested, inlined ones included.
      inline: whether it is the body of an `@Inline` function.
      static: whether it is on every path.
    """

    scope: Scope
    frame: Frame
    loops: tuple[tuple[str, int], ...] = ()
    depth: int = 0
    level: int = 0
    inline: bool = False
    static: bool = True

    def branch(self) -> "Place":
        """The start of a branch, one level deeper: what it binds and sets does not show outside."""
        return dataclasses.replace(
            self,
            scope=self.scope.branch(),
            frame=Frame(self.frame),
            level=self.level + 1,
            static=False,
        )
