"""A walk as a figure, and as the frames of an animation: the maze, the way, and the source code."""

from collections.abc import Iterator

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Rectangle

from datasets.mazes import SIGNS
from experiments.scenarios.mazes.walk import Walk
from terpret.runs.figures import DPI, FONT, SOLVED, WRONG

# Inches: the side of a square, the margin, the width of the text, the height of its lines.
TILE, MARGIN, TEXT, LINE = 0.62, 0.15, 2.1, 0.24
PATH = "#d62728"
MONOSPACE = "DejaVu Sans Mono"


def walk_figure(walk: Walk, steps: int | None = None) -> Figure:
    """Draws a maze with the agent's way so far, the line that it has just run, and what it knows.

    Args:
      walk: what a program did.
      steps: after how many steps; None is at the end.
    """
    done = len(walk.steps) if steps is None else steps
    rows, columns = walk.images.shape[:2]
    width = columns * TILE + TEXT + 3 * MARGIN
    height = max(rows * TILE, (len(walk.lines) + 5) * LINE) + 2 * MARGIN
    figure = Figure((width, height), dpi=DPI, facecolor="white")
    # One page in inches: axes for every image would take most of the time.
    page = figure.add_axes((0, 0, 1, 1))
    _maze(page, walk)
    _way(page, walk, done)
    _texts(page, walk, done, 2 * MARGIN + columns * TILE)
    page.set(xlim=(0, width), ylim=(height, 0))
    page.set_axis_off()
    return figure


def walk_frames(walk: Walk) -> Iterator[Figure]:
    """The walk from its start, a figure after every step."""
    for steps in range(len(walk.steps) + 1):
        yield walk_figure(walk, steps)


def _maze(page: Axes, walk: Walk) -> None:
    rows, columns = walk.images.shape[:2]
    for row in range(rows):
        for column in range(columns):
            x, y = MARGIN + column * TILE, MARGIN + row * TILE
            box = (x, x + TILE, y + TILE, y)
            page.imshow(walk.images[row, column], cmap="gray", vmin=0, vmax=1, extent=box)
            page.add_patch(Rectangle((x, y), TILE, TILE, fill=False, ec="white", lw=2))


def _way(page: Axes, walk: Walk, done: int) -> None:
    """The squares that the agent has been to, joined, and the agent."""
    centres = [(MARGIN + (x + 0.5) * TILE, MARGIN + (y + 0.5) * TILE) for x, y in walk.places(done)]
    page.plot(*zip(*centres, strict=True), color=PATH, lw=3, alpha=0.75, solid_joinstyle="round")
    x, y = centres[0]
    page.add_patch(Circle((x, y), 0.07, fc=PATH, ec="white", lw=1.5, zorder=3))
    # A ring: what the agent reads is inside it.
    page.add_patch(Circle(centres[-1], 0.27, fill=False, ec=PATH, lw=3, zorder=4))


def _texts(page: Axes, walk: Walk, done: int, left: float) -> None:
    last = walk.steps[done - 1] if done else None
    for k, line in enumerate(walk.lines):
        ran = last is not None and last.block == k
        colour, weight = (PATH, "bold") if ran else ("0.3", "normal")
        style = {"family": MONOSPACE, "color": colour, "weight": weight}
        page.text(left, MARGIN + (k + 0.5) * LINE, line, fontsize=FONT, va="center", **style)
    known = [
        f"step {done}",
        f"read: {SIGNS[last.sign] if last and _has_looked(walk, done) else 'nothing yet'}",
        f"register: {last.register if last else 0}",
    ]
    top = MARGIN + (len(walk.lines) + 0.5) * LINE
    for k, text in enumerate(known):
        page.text(left, top + (k + 0.5) * LINE, text, fontsize=FONT, va="center", color="0.2")
    if done == len(walk.steps):
        verdict = "right" if walk.right else f"wrong, the path has {walk.expected} steps"
        colour = SOLVED if walk.right else WRONG
        text = f"{'halted' if last and last.halted else 'out of time'}: {verdict}"
        page.text(left, top + 3.5 * LINE, text, fontsize=FONT, va="center", color=colour)


def _has_looked(walk: Walk, done: int) -> bool:
    return any("LOOK" in walk.lines[step.block] for step in walk.steps[:done])
