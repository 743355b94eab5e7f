"""The layers that a learned function is declared to have: their sizes, from images to outputs."""

import itertools
import math
from typing import Protocol

from terpret.language.checked import Domain, extent

# A convolution is followed by the largest of 2 x 2 values.
POOL = 2

Image = tuple[int, int, int]
"""Height, width and channels."""
ConvSizes = tuple[tuple[int, int], ...]
"""The channels and the kernel of each convolution."""


class Declared(Protocol):
    """What decides the layers of a network."""

    @property
    def inputs(self) -> tuple[Domain, ...]:
        """The domain of each argument."""

    @property
    def output(self) -> Domain:
        """The domain of the result."""

    @property
    def hid_sizes(self) -> tuple[int, ...]:
        """The width of each hidden layer."""

    @property
    def conv_sizes(self) -> ConvSizes:
        """The channels and the kernel of each convolution before them."""


def image_of(inputs: tuple[Domain, ...]) -> Image | None:
    """The image that convolutions take; None where the arguments are anything else."""
    match inputs:
        case ((height, width),):
            return height, width, 1
        case ((height, width, channels),):
            return height, width, channels
    return None


def fits(image: Image, kernel: int) -> bool:
    """Whether a convolution and its pooling leave something of an image."""
    return kernel + POOL - 1 <= min(image[:2])


def after(image: Image, channels: int, kernel: int) -> Image:
    """What a convolution and its pooling make of an image; an odd last row or column is lost."""
    height, width, _ = image
    return (height - kernel + 1) // POOL, (width - kernel + 1) // POOL, channels


def images_of(network: Declared) -> list[Image]:
    """The image, and what each convolution makes of it; nothing without convolutions.

    Raises:
      ValueError: the convolutions do not fit the arguments.
    """
    if not network.conv_sizes:
        return []
    image = image_of(network.inputs)
    if image is None:
        raise ValueError("convolutions take one image")
    images = [image]
    for channels, kernel in network.conv_sizes:
        if not fits(images[-1], kernel):
            raise ValueError(f"a kernel of {kernel} is too large for {images[-1]}")
        images.append(after(images[-1], channels, kernel))
    return images


def kernel_shapes(network: Declared) -> list[tuple[int, ...]]:
    """The shape of each layer's kernel.

    Returns:
      [kernel, kernel, channels before, channels] of each convolution, then [inputs, outputs] of
      each fully connected layer.

    Raises:
      ValueError: the convolutions do not fit the arguments.
    """
    images = images_of(network)
    flat = math.prod(images[-1]) if images else sum(map(extent, network.inputs))
    convolutions = zip(images[:-1], network.conv_sizes, strict=True) if images else ()
    widths = [flat, *network.hid_sizes, extent(network.output)]
    return [
        *((size, size, before[2], channels) for before, (channels, size) in convolutions),
        *itertools.pairwise(widths),
    ]
