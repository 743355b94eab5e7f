"""The street signs that come with the project: drawn, then photographed by an imagined camera.

A sign is white lines of one width on a darker face, in units of the face's radius. The camera
tilts, shifts and squeezes it, stands too near or too far, is out of focus, catches the shade of
something and something bright behind the sign, and is noisy in the dark. How strongly it does all
this was set by looking at GTSRB's stop signs and arrows beside the drawn ones.
"""

import zlib
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import tensorflow as tf

from datasets.pools import SIDE
from terpret.data.streams import draws

Point = tuple[float, float]
# Gives values of mean 0 and deviation 1 for what is named, [count, *shape].
Jitter = Callable[..., np.ndarray]


def _ring(corners: int, radius: float, turn: float = 0.0) -> list[Point]:
    """Returns a closed line through the corners of a regular polygon around the middle."""
    angles = 2.0 * np.pi * (np.arange(corners + 1) + turn) / corners
    return [(radius * float(np.cos(a)), radius * float(np.sin(a))) for a in angles]


def _letter(place: int, *points: Point) -> list[Point]:
    """Returns a line of the letter at a place of four, from points in a box of 1 x 1."""
    left, top, width, height = -0.70 + 0.37 * place, -0.26, 0.26, 0.52
    return [(left + width * x, top + height * y) for x, y in points]


# The lines of each sign, (x, y) with y downwards, and half their width.
LINES = {
    "arrow": [
        [(0.0, 0.55), (0.0, -0.50)],
        [(-0.36, -0.14), (0.0, -0.54), (0.36, -0.14)],
        _ring(16, 1.0),
    ],
    "stop": [
        _letter(0, (1, 0.1), (0.4, 0), (0, 0.25), (1, 0.75), (0.6, 1), (0, 0.9)),
        _letter(1, (0, 0), (1, 0)),
        _letter(1, (0.5, 0), (0.5, 1)),
        _letter(2, (0.5, 0), (1, 0.5), (0.5, 1), (0, 0.5), (0.5, 0)),
        _letter(3, (0, 1), (0, 0), (0.8, 0.05), (0.9, 0.35), (0, 0.55)),
        _ring(8, 1.02, 0.5),
    ],
}
WIDTHS = {"arrow": 0.115, "stop": 0.05}
_RIM = 0.05
# Faces, lines and what is behind are so bright, in parts of white, before light and noise.
_FACE, _WHITE, _BEHIND = 0.22, 0.95, 0.6


def draw(sign: str, count: int) -> np.ndarray:
    """Draws examples of a sign, always the same ones.

    Args:
      sign: "stop", or "arrow", which points up.
      count: how many; example i is the same whatever the count.

    Returns:
      Grey images, uint8 [count, 28, 28].
    """

    def jitter(what: str, *shape: int) -> np.ndarray:
        seed = zlib.crc32(f"{sign} {what}".encode())
        words = draws(seed, tf.range(count, dtype=tf.int64), int(np.prod(shape)), 2**63).numpy()
        # A sum of four uniform values, here the parts of a word, is nearly normal, and the same on
        # every machine.
        parts = words.reshape(count, *shape, 1) >> np.array([0, 15, 30, 45]) & 0x7FFF
        return np.sqrt(3.0) * (parts.sum(axis=-1) / 2.0**15 - 2.0)

    points = _seen(jitter)
    # Out of focus, an edge is wide: some photographs are sharp, a few hardly to be read.
    focus = 0.07 + 0.11 * np.abs(jitter("focus", 1))
    *strokes, rim = LINES[sign]
    width = WIDTHS[sign] * (1.0 + 0.08 * jitter("width", 1))
    white = _covered(points, strokes, width, focus)
    white = np.maximum(white, _covered(points, [rim], np.full_like(width, _RIM), focus))
    outside = _clipped(0.5 + (np.hypot(points[..., 0], points[..., 1]) - 1.0) / focus)
    behind = _BEHIND + 0.25 * jitter("behind", 1)
    surface = _FACE + (_WHITE - _FACE) * white
    surface = np.where(white > outside, surface, surface + (behind - surface) * outside)
    return _photograph(surface, points, jitter)


def _seen(jitter: Jitter) -> np.ndarray:
    """Returns the point of the sign that each pixel shows, [count, 784, (x, y)]."""
    pixels = (np.arange(SIDE) - (SIDE - 1) / 2) / (SIDE / 2)
    grid = np.stack(np.meshgrid(pixels, pixels), axis=-1).reshape(1, -1, 2)
    grid = grid - 0.05 * jitter("shift", 1, 2)
    angle = 0.07 * jitter("tilt", 1)
    size = (0.98 + 0.04 * jitter("size", 1))[..., None] * (1.0 + 0.03 * jitter("squeeze", 1, 2))
    cosine, sine = np.cos(angle), np.sin(angle)
    x, y = grid[..., 0], grid[..., 1]
    return np.stack([cosine * x + sine * y, cosine * y - sine * x], axis=-1) / size


def _covered(
    points: np.ndarray, lines: list[list[Point]], width: np.ndarray, focus: np.ndarray
) -> np.ndarray:
    """Returns how much of each pixel the lines cover, [count, 784].

    Args:
      points: from `_seen`.
      lines: each through its points.
      width: half their width, [count, 1].
      focus: the width of an edge, [count, 1].
    """
    nearest = np.full(points.shape[:2], np.inf)
    x, y = points[..., 0], points[..., 1]
    for (left, top), (right, bottom) in (ends for line in lines for ends in pairwise(line)):
        across, down = right - left, bottom - top
        along = _clipped(((x - left) * across + (y - top) * down) / (across**2 + down**2))
        away = (x - left - along * across) ** 2 + (y - top - along * down) ** 2
        np.minimum(nearest, away, out=nearest)
    nearest = np.sqrt(nearest)
    # A line that is narrower than its blurred edges is not only wider but also paler.
    return _clipped((width - nearest) / focus + 0.5) * np.minimum(1.0, 0.3 + 2.0 * width / focus)


def _photograph(surface: np.ndarray, points: np.ndarray, jitter: Jitter) -> np.ndarray:
    """Returns what a camera makes of surfaces, [count, 784]: uint8 [count, 28, 28]."""
    sun = 1.0 + 0.12 * np.sum(points * jitter("sun", 1, 2), axis=-1)
    # The edge of a shadow, most often beside the sign.
    edge = np.sum(points * jitter("shadow", 1, 2), axis=-1) + 1.6 + jitter("shadow place", 1)
    shade = 0.55 + 0.45 * _clipped(0.5 + 3.0 * edge)
    exposure = np.exp(-0.9 + 0.6 * jitter("exposure", 1))
    light = _clipped(0.04 + exposure * sun * shade * surface)
    grain = (0.003 + 0.006 * np.abs(jitter("grain", 1))) * jitter("noise", SIDE * SIDE)
    # Rounding twice gives the same byte whatever the last bits of a platform's functions are.
    grey = np.rint(np.round(255.0 * _clipped(light + grain), 6))
    return grey.astype(np.uint8).reshape(-1, SIDE, SIDE)


def _clipped(values: np.ndarray) -> np.ndarray:
    return np.clip(values, 0.0, 1.0)
