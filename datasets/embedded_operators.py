"""The operators that come with the project: drawn with a pen that has one hand's habits.

A sign is one stroke or two between ends that no hand hits exactly. A stroke bows, swings back,
hooks where the pen comes down and leaves, trembles, and widens where the hand presses. The drawn
sign is fitted into a box of about 20x20 pixels, its centre of mass near the middle, as MNIST's
digits are; so a short sign ends up thicker than a long one. Division is a slash, as in the
handwritten set that it stands in for (bhmsds), and multiplication a cross.
"""

import zlib
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from datasets.pools import SIDE
from terpret.data.streams import draws

# Where the pen means to begin and end each stroke: (x, y), y downwards, half a digit's height is 1.
STROKES = {
    "+": [[(-0.90, 0.06), (0.90, -0.06)], [(0.05, -1.0), (-0.05, 1.0)]],
    "-": [[(-0.75, 0.03), (0.75, -0.03)]],
    "*": [[(-0.85, -0.9), (0.90, 0.9)], [(0.95, -1.0), (-0.90, 1.0)]],
    "/": [[(0.72, -1.1), (-0.72, 1.1)]],
}
# The longer side of a sign, in pixels, and half the width of a line, in units of the ends above.
_BOX = 19.3
_PEN = 0.105
# Discs that make up a stroke: so many that their edges run together.
_POINTS = 48
# Places along a stroke between which the hand's unsteadiness runs straight.
_KNOTS = 7

# Gives values of mean 0 and deviation 1 for what is named, [count, *shape].
Jitter = Callable[..., np.ndarray]


def draw(sign: str, count: int) -> np.ndarray:
    """Draws examples of an operator, always the same ones.

    Args:
      sign: one of `STROKES`.
      count: how many; example i is the same whatever the count.

    Returns:
      uint8 [count, 28, 28], ink bright on black.
    """

    def jitter(what: str, *shape: int) -> np.ndarray:
        seed = zlib.crc32(f"{sign} {what}".encode())
        words = draws(seed, tf.range(count, dtype=tf.int64), 4 * int(np.prod(shape)), 2**32)
        # A sum of four uniform values is nearly normal, and the same on every machine.
        uniform = words.numpy().reshape(count, *shape, 4) / 2.0**32
        return np.sqrt(3.0) * (uniform.sum(axis=-1) - 2.0)

    ends = np.array(STROKES[sign])
    path = _slanted(_paths(ends, jitter), jitter)
    path, radius = _fitted(path, _radii(len(ends), jitter), jitter)
    return _inked(path.reshape(count, -1, 2), radius.reshape(count, -1))


def _paths(ends: np.ndarray, jitter: Jitter) -> np.ndarray:
    """Returns the way of the pen, [count, strokes, points, (x, y)]; `ends` is [strokes, 2, 2].

    What a stroke strays aside is told in parts of its length.
    """
    strokes = len(ends)
    reach = np.linalg.norm(ends[:, 1] - ends[:, 0], axis=-1)[:, None, None]
    missed = ends + 0.045 * reach * jitter("ends", strokes, 2, 2)
    # Where two strokes cross is less sure than how they lie.
    missed = missed + 0.10 * jitter("place", strokes, 1, 2)
    start, way = missed[:, :, :1], missed[:, :, 1:] - missed[:, :, :1]
    t = np.linspace(0.0, 1.0, _POINTS)

    def bend(what: str, size: float, shape: np.ndarray) -> np.ndarray:
        return size * jitter(what, strokes, 1) * shape

    aside = bend("bow", 0.04, 4.0 * t * (1.0 - t)) + bend("swing", 0.012, np.sin(2.0 * np.pi * t))
    aside = aside + 0.006 * _waver("tremble", strokes, jitter)
    # Most hooks are hardly there and a few are plain: that is what a third power does.
    down, leave = np.clip(1.0 - t / 0.2, 0.0, 1.0), np.clip((t - 0.8) / 0.2, 0.0, 1.0)
    aside = aside + 0.009 * jitter("hook down", strokes, 1) ** 3 * down**2
    aside = aside + 0.009 * jitter("hook up", strokes, 1) ** 3 * leave**2
    normal = np.stack([-way[..., 1], way[..., 0]], axis=-1)
    return start + way * t[:, None] + normal * aside[..., None]


def _radii(strokes: int, jitter: Jitter) -> np.ndarray:
    """Returns half the width of the line, [count, strokes, points]."""
    t = np.linspace(-1.0, 1.0, _POINTS)
    pen = _PEN * np.exp(0.35 * jitter("pen", 1, 1) + 0.1 * jitter("stroke", strokes, 1))
    pressure = 1.0 + 0.12 * jitter("pressure", strokes, 1) * t
    return pen * pressure * (1.0 + 0.14 * _waver("width", strokes, jitter))


def _waver(what: str, strokes: int, jitter: Jitter) -> np.ndarray:
    """Returns values that change slowly along each stroke, [count, strokes, points]."""
    knots = jitter(what, strokes, _KNOTS)
    place = np.linspace(0.0, _KNOTS - 1.0, _POINTS)
    weights = np.clip(1.0 - np.abs(place - np.arange(_KNOTS)[:, None]), 0.0, 1.0)
    return knots @ weights


def _slanted(path: np.ndarray, jitter: Jitter) -> np.ndarray:
    """Turns and shears whole signs, as a sheet lies and a hand leans."""
    turn, lean = 0.06 * jitter("turn", 1, 1), 0.10 * jitter("lean", 1, 1)
    x, y = path[..., 0], path[..., 1]
    x = x - lean * y
    return np.stack([x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)], -1)


def _fitted(path: np.ndarray, radius: np.ndarray, jitter: Jitter) -> tuple[np.ndarray, np.ndarray]:
    """Brings signs to their size and place in the picture, in pixels."""
    edge = radius[..., None]
    extent = (path + edge).max(axis=(1, 2)) - (path - edge).min(axis=(1, 2))
    scale = (_BOX + 0.4 * jitter("size")) / extent.max(axis=-1)
    centre = (path * edge).sum(axis=(1, 2)) / edge.sum(axis=(1, 2))
    middle = (SIDE - 1) / 2 + 0.3 * jitter("middle", 2)
    path = (path - centre[:, None, None]) * scale[:, None, None, None] + middle[:, None, None]
    return path, radius * scale[:, None, None]


def _inked(points: np.ndarray, radius: np.ndarray) -> np.ndarray:
    """Returns the pictures, uint8 [count, 28, 28], of discs [count, points, 2] and their radii."""
    grid = np.arange(SIDE)
    across = (grid - points[..., :1]) ** 2
    along = (grid - points[..., 1:]) ** 2
    ink = np.zeros((len(points), SIDE, SIDE))
    for k in range(points.shape[1]):
        distance = np.sqrt(along[:, k, :, None] + across[:, k, None, :])
        # Half a pixel to each side of the edge is grey: the part of the pixel that is covered.
        np.maximum(ink, radius[:, k, None, None] + 0.5 - distance, out=ink)
    # Rounding twice gives the same byte whatever the last bits of a platform's functions are.
    return np.rint(np.round(255.0 * np.minimum(ink, 1.0), 6)).astype(np.uint8)
