"""Sizes of memory as users write them."""

import re

# The largest number of bytes that 64 bits hold.
_MOST = 2**63 - 1
_UNITS = {
    "": 10**9,
    "mb": 10**6,
    "gb": 10**9,
    "tb": 10**12,
    "mib": 2**20,
    "gib": 2**30,
    "tib": 2**40,
}
_FORM = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,15})?) ?([a-z]*)", re.ASCII)


def bytes_in(text: str) -> int | None:
    """The bytes that a size is: `4` and `4GB`, `1.5 GiB`, `512MB`; None where it is none."""
    found = _FORM.fullmatch(text.strip().lower())
    if found is None or found[2] not in _UNITS:
        return None
    number = float(found[1]) * _UNITS[found[2]]
    return int(number) if number <= _MOST else None


def in_words(number: int) -> str:
    """A number of bytes in MB or GB."""
    return f"{number / 1e9:,.1f} GB" if number >= 10**9 else f"{number / 1e6:,.0f} MB"
