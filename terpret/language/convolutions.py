"""The option `conv_sizes` of `@Learn`: what it may be, and that the image is large enough."""

import math

from terpret.language import static, syntax
from terpret.language.checked import Domain
from terpret.language.network_layers import POOL, ConvSizes, after, fits, image_of
from terpret.language.scope import Scope
from terpret.language.static_error import StaticError

MAX_CHANNELS = 10_000
# What a convolution makes of one image, before its pooling.
MAX_NUMBERS = 10_000_000
FORM = "write [(6, 5), (16, 5)]: channels and kernel of each convolution"


def conv_sizes(
    given: syntax.Expression, inputs: tuple[Domain, ...], function: syntax.Function, scope: Scope
) -> ConvSizes:
    """The channels and the kernel of each convolution.

    Args:
      given: what the model says.
      inputs: the domains of the function's arguments.
      function: the declaration.
      scope: the constants that it sees.

    Raises:
      StaticError: it is not a list of pairs of sizes, or does not fit the arguments.
    """
    pairs = static.evaluate(given, scope)
    if not isinstance(pairs, tuple):
        raise StaticError("E505", given.span, "conv_sizes is not a list of pairs", FORM)
    shown = given.items if isinstance(given, syntax.ListDisplay) else [given] * len(pairs)
    image = image_of(inputs)
    if pairs and image is None:
        raise StaticError(
            "E505",
            function.decorator.span,
            f"convolutions take one image, and '{function.name}' is a function of something else",
            "declare one argument, Tensor(28, 28), or Tensor(28, 28, 3) with channels",
        )
    found = []
    for number, (pair, place) in enumerate(zip(pairs, shown, strict=True), 1):
        if not isinstance(pair, tuple) or len(pair) != 2:
            raise StaticError("E505", place.span, f"{_text(pair)} is no pair", FORM)
        channels = _size(pair[0], "the number of channels", place, MAX_CHANNELS)
        kernel = _size(pair[1], "the kernel", place)
        assert image is not None
        if not fits(image, kernel):
            raise _too_large(number, kernel, image[:2], place)
        numbers = math.prod(after(image, channels, kernel)) * POOL * POOL
        if numbers > MAX_NUMBERS:
            raise StaticError(
                "E604",
                place.span,
                f"convolution {number} makes {numbers:,} numbers of an image",
                f"use fewer channels or smaller images: at most {MAX_NUMBERS:,}",
            )
        found.append((channels, kernel))
        image = after(image, channels, kernel)
    return tuple(found)


def _size(value: object, what: str, place: syntax.Expression, most: int | None = None) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= (most or value):
        accepted = "a positive integer" if most is None else f"1 to {most:,}"
        raise StaticError("E205", place.span, f"{what} is {_text(value)}", f"use {accepted}")
    return value


def _too_large(
    number: int, kernel: int, left: tuple[int, int], place: syntax.Expression
) -> StaticError:
    before = "the image" if number == 1 else "what is left of the image"
    largest = min(left) - POOL + 1
    return StaticError(
        "E205",
        place.span,
        f"the kernel of convolution {number} is {kernel}, and {before} is {left[0]} x {left[1]}",
        f"use a kernel of at most {largest}" if largest > 0 else "use fewer convolutions",
    )


def _text(value: object) -> str:
    return "a list" if isinstance(value, tuple | range) else str(value)
