"""Animations: figures, one after another."""

import io
from collections.abc import Iterable

from matplotlib.figure import Figure
from PIL import Image

from terpret.files.asked import write_plot
from terpret.runs.figures import pixels

# Milliseconds that a frame stands, and that the last one does.
FRAME, LAST_FRAME = 350, 3000
COLOURS = 64


def save_film(frames: Iterable[Figure], path: str) -> None:
    """Writes `path`.gif, whole or not at all: an animation that rests on its last frame.

    Args:
      frames: figures of one size.
      path: without suffix.

    Raises:
      RunError: it cannot be written.
    """
    images = [Image.fromarray(pixels(frame)).quantize(COLOURS) for frame in frames]
    times = [*[FRAME] * (len(images) - 1), LAST_FRAME]
    file = io.BytesIO()
    images[0].save(
        file, "GIF", save_all=True, append_images=images[1:], duration=times, loop=0, optimize=True
    )
    write_plot(f"{path}.gif", file.getvalue())
