"""Flags that are numbers: each has a range, and what is no number of it is refused in its words."""

import math
import re

from absl import flags

# The flags belong to the script that defines them here, whose --help lists them.
flags.disclaim_key_flags()

# What no run comes near: numbers beyond it are slips of the keyboard.
EXAMPLES = 10**12
SECONDS = 10**9


def define_integer(name: str, default: int, help: str, least: int, most: int) -> None:
    """Defines a flag that is an integer in a range."""
    flags.DEFINE(_Integer(least, most), name, default, help, serializer=flags.ArgumentSerializer())


def define_number(name: str, default: float, help: str, least: float, most: float) -> None:
    """Defines a flag that is a number in a range; `nan` and -0 are in none."""
    flags.DEFINE(_Number(least, most), name, default, help, serializer=flags.ArgumentSerializer())


class _Integer(flags.IntegerParser):
    def parse(self, argument: str | int) -> int:
        text = str(argument)
        # Longer ones are none of the range, and no pleasure to convert.
        plain = re.fullmatch(r"(0|-?[1-9][0-9]{0,30})", text, re.ASCII)
        if not plain or self.is_outside_bounds(int(text)):
            raise ValueError(
                f"this is not an integer from {self.lower_bound:,} to {self.upper_bound:,}"
            )
        return int(text)


class _Number(flags.FloatParser):
    def parse(self, argument: str | float) -> float:
        try:
            number = float(argument)
        except ValueError:
            number = math.nan
        inside = self.lower_bound <= number <= self.upper_bound
        if not inside or (number == 0 and math.copysign(1.0, number) < 0):
            raise ValueError(
                f"this is not a number from {self.lower_bound:,} to {self.upper_bound:,}"
            )
        return number
