"""What a tutorial needs and no model does: handwritten digits, and a small model to learn."""

from pathlib import Path

from terpret.errors import InputError
from terpret.examples.uci_digits import Digits, read_digits

__all__ = ["Digits", "digits", "model"]

# The models beside this file.
MODELS = ("adder",)


def digits() -> Digits:
    """The 1,797 handwritten digits that come with the library, in MNIST's size.

    They are the UCI set's (CC BY 4.0, `LICENSE-digits.txt` beside this file): 1,415 to learn from
    and 382 by other hands to test on.

    Raises:
      DataError: their file is missing or damaged.
    """
    return read_digits()


def model(name: str = "adder") -> str:
    """The text of an example model, to be read, changed, and learned.

    `adder` is given two images `a` and `b` of 28x28, and told their `total` (0..18) alone: what is
    done with which of the two digits is learned, and what digit an image shows.

    Raises:
      InputError: there is no example of this name.
    """
    name = name.removesuffix(".py")
    if name not in MODELS:
        raise InputError(f"there is no example model {name!r}; there is {', '.join(MODELS)}")
    return (Path(__file__).parent / f"{name}.py").read_text(encoding="utf-8")
