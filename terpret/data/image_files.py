"""Image files as arrays: PNG and JPEG, made grey and resized as a model declares them."""

import io
import math
import os
import stat
import struct
import tempfile
import zlib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from PIL import Image, ImageOps, JpegImagePlugin, PngImagePlugin

from terpret.files.temporary import placing

# The largest files and pictures that are opened: a small file may unpack to a huge picture.
MAX_BYTES = 64 * 1024**2
MAX_PIXELS = 40_000_000
THREADS = 8
# Images of more bytes together lie in a file.
IN_MEMORY = 2 * 1024**3
# How an image of so many channels is held; a shape without channels is grey.
MODES = {1: "L", 3: "RGB"}
_PLUGINS = {
    b"\x89PNG\r\n\x1a\n": PngImagePlugin.PngImageFile,
    b"\xff\xd8\xff": JpegImagePlugin.JpegImageFile,
}
_TRANSPARENT = ("LA", "La", "PA", "RGBA", "RGBa")
_FULL_16_BIT = 257


def readable(shape: Sequence[int]) -> bool:
    """Whether an image file can be made a tensor of this shape: (h, w), (h, w, 1) or (h, w, 3)."""
    return len(shape) == 2 or (len(shape) == 3 and shape[2] in MODES)


def read_images(
    paths: Sequence[str], shape: tuple[int, ...]
) -> tuple[np.ndarray, Mapping[int, str]]:
    """Reads image files.

    Args:
      paths: the files.
      shape: a shape that is `readable`.

    Returns:
      uint8 [paths, *shape], 0 is black; and what is wrong, by the number of the file.
    """
    images = _room((len(paths), *shape))
    wrong: dict[int, str] = {}

    def read(numbers: range) -> None:
        for number in numbers:
            try:
                images[number] = _pixels(paths[number], shape)
            except _Refused as reason:
                wrong[number] = str(reason)

    threads = min(THREADS, os.cpu_count() or 1)
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(read, (range(k, len(paths), threads) for k in range(threads))))
    return images, wrong


def _room(shape: tuple[int, ...]) -> np.ndarray:
    """Zeros in memory, or in a file without a name where they are too many."""
    if math.prod(shape) <= IN_MEMORY:
        return np.zeros(shape, np.uint8)
    with placing(), tempfile.TemporaryFile() as file:
        # To write where there is no room for it would end the process.
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, math.prod(shape))
        return np.memmap(file, np.uint8, "w+", shape=shape).view(np.ndarray)


class _Refused(Exception):
    """An image that is not read, and why."""


def _pixels(path: str, shape: tuple[int, ...]) -> np.ndarray:
    data = _bytes(path)
    plugin = next((one for magic, one in _PLUGINS.items() if data.startswith(magic)), None)
    if plugin is None:
        raise _Refused("is no PNG or JPEG image")
    mode = MODES[shape[2] if len(shape) == 3 else 1]
    try:
        with plugin(io.BytesIO(data)) as image:
            width, height = image.size
            if width * height > MAX_PIXELS:
                raise _Refused(f"has {width} x {height} pixels, more than {MAX_PIXELS:,}")
            plain = _opaque(image, mode)
            if plain.size != (shape[1], shape[0]):
                plain = plain.resize((shape[1], shape[0]), Image.Resampling.BILINEAR)
            return np.asarray(plain, np.uint8).reshape(shape)
    except (
        AttributeError,
        EOFError,
        IndexError,
        KeyError,
        MemoryError,
        OSError,
        OverflowError,
        SyntaxError,
        TypeError,
        ValueError,
        struct.error,
        zlib.error,
    ) as error:
        # What Pillow's readers meet in a damaged file is of many kinds.
        text = str(error).splitlines()[0][:80] if str(error) else type(error).__name__
        raise _Refused(f"cannot be decoded: {text}") from None


def _opaque(image: Image.Image, mode: str) -> Image.Image:
    """A picture of a mode, upright; where it is transparent, white shows, as on a page."""
    if image.format == "JPEG":
        image = ImageOps.exif_transpose(image)
    if image.mode == mode:
        image.load()
        if "transparency" not in image.info:
            return image
    if image.mode.startswith("I"):
        # Pillow would cut numbers of 16 bits off at 255.
        grey = np.asarray(image).astype(np.int64) // _FULL_16_BIT
        return Image.fromarray(np.clip(grey, 0, 255).astype(np.uint8)).convert(mode)
    if image.mode in _TRANSPARENT or "transparency" in image.info:
        whole = image.convert("RGBA")
        page = Image.new("RGBA", whole.size, "white")
        return Image.alpha_composite(page, whole).convert(mode)
    return image.convert(mode)


def _bytes(path: str) -> bytes:
    try:
        about = os.stat(path)
        if not stat.S_ISREG(about.st_mode):
            raise _Refused("is not a file")
        if about.st_size > MAX_BYTES:
            raise _Refused(f"is larger than {MAX_BYTES:,} bytes")
        with open(path, "rb") as file:
            return file.read(MAX_BYTES)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "this is not a path"
        raise _Refused(f"cannot be read: {reason.lower()}") from None
