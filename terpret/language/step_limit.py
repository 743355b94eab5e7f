"""How checking a model fails: an expression without a static value, or too much work."""

from terpret.language.errors import Span

MAX_STEPS = 17_500_000


class StaticError(Exception):
    """An expression has no static value; carries what a diagnostic needs."""

    def __init__(self, code: str, span: Span, message: str, help: str = ""):
        super().__init__(code, span, message, help)
        self.code, self.span, self.message, self.help = code, span, message, help


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
