"""Finds the digit images: MNIST where it can be had, else the embedded digits, and says which."""

from datasets.embedded_digits import load_embedded
from datasets.mnist import MnistAbsent, load_mnist
from datasets.pools import ImageSet
from terpret.errors import DataError

CHOICES = ("auto", "mnist", "embedded")


def load_digits(choice: str = "auto", data_dir: str | None = None) -> ImageSet:
    """Loads the digits.

    Args:
      choice: "mnist": the data set prepared in `data_dir`, or its four .gz files placed in
        `data_dir`/downloads/manual, or a download; "embedded": those that come with the project;
        "auto": MNIST where it can be had within seconds, else the embedded ones.
      data_dir: the data directory of tensorflow-datasets; None is the default one.

    Returns:
      The digits and where they come from.

    Raises:
      DataError: the choice is unknown; MNIST was asked for and cannot be had; or what there is of
        it is damaged, which "auto" does not pass over either.
    """
    if choice not in CHOICES:
        raise DataError(f"There are no digits '{choice}'; the choices are {', '.join(CHOICES)}.")
    why = ""
    if choice != "embedded":
        try:
            return ImageSet(*load_mnist(data_dir))
        except MnistAbsent as absent:
            if choice == "mnist":
                raise
            why = f"; {absent.reason}"
    return ImageSet(*load_embedded(), source=f"embedded digits (1,797 UCI digits{why})")
