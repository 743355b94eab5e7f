"""The steps that checking a model may take."""

from terpret.language.errors import Span
from terpret.language.static_error import StaticError

MAX_STEPS = 30_000_000


class Fuel:
    """The steps that are left for checking one model, whatever they are spent on.

    One step is about the time of adding two numbers; a bound on them bounds the time.
    """

    def __init__(self, steps: int):
        self.left = self._whole = steps

    def spend(self, steps: int, span: Span) -> None:
        """Counts steps down.

        Raises:
          OutOfFuel: none are left.
        """
        self.left -= steps
        if self.left < 0:
            raise OutOfFuel(
                "E602",
                span,
                f"this model takes more than {self._whole:,} steps to check",
                "make its loops, its domains or its hypers smaller",
            )


class OutOfFuel(StaticError):
    """Checking takes too long; unlike other errors, this one ends it."""
