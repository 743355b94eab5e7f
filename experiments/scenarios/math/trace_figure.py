"""A trace as a figure: the tape, and below it one line for every step of the program."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from experiments.scenarios.math.trace import Step, Trace
from terpret.runs.figures import DPI, FONT, SOLVED, WRONG

# Inches: the side of a tile on the tape and of one beside a step, the height of a line.
TILE, SMALL, LINE = 0.46, 0.3, 0.34
# Inches from the left: number of the step, tile, source code, registers; and between registers.
NUMBER, READ, CODE, REGISTERS, REGISTER = 0.3, 0.65, 1.3, 4.7, 0.42
TAPE = 1.05
MONOSPACE = "DejaVu Sans Mono"


def trace_figure(trace: Trace) -> Figure:
    """Draws the tape with its symbols, then the tile, source code and registers of every step.

    The register that a step writes is blue. Tile 0, where the head begins and the program halts, is
    grey: its symbol is of no use.

    Args:
      trace: what a program did.
    """
    registers = len(trace.steps[0].registers)
    width = max(REGISTERS + REGISTER * registers, 0.4 + TILE * len(trace.images))
    height = TAPE + LINE * (len(trace.steps) + 2) + 0.15
    figure = Figure((width, height), dpi=DPI, facecolor="white")
    # One page in inches: axes for every image would take most of the time.
    page = figure.add_axes((0, 0, 1, 1))
    _tape(page, trace)
    _headings(page, registers)
    for k, step in enumerate(trace.steps):
        _step(page, TAPE + LINE * (k + 1), k + 1, step, trace.images)
    _answer(page, TAPE + LINE * (len(trace.steps) + 1), trace)
    page.set(xlim=(0, width), ylim=(height, 0))
    page.set_axis_off()
    return figure


def _tape(page: Axes, trace: Trace) -> None:
    for k, (image, symbol) in enumerate(zip(trace.images, trace.symbols, strict=True)):
        x = 0.2 + k * TILE
        _tile(page, image, x, 0.3, TILE - 0.05)
        colour = "0.6" if k == 0 else "0.1"
        page.text(x + TILE / 2, 0.2, str(k), ha="center", fontsize=FONT - 2, color="0.5")
        page.text(x + TILE / 2, 0.9, symbol, ha="center", fontsize=FONT + 1, color=colour)


def _headings(page: Axes, registers: int) -> None:
    names = [f"R{k}" for k in range(registers)]
    _line(page, TAPE, "step", "tile", "source code", names, ["0.4"] * registers, "0.4")


def _step(page: Axes, y: float, number: int, step: Step, images: np.ndarray) -> None:
    colours = [SOLVED if k == step.written else "0.3" for k in range(len(step.registers))]
    tile = "" if step.tile is None else str(step.tile)
    _line(page, y, str(number), tile, step.line, list(map(str, step.registers)), colours, "0.1")
    if step.tile is not None:
        _tile(page, images[step.tile], READ + 0.15, y + 0.02, SMALL)


def _answer(page: Axes, y: float, trace: Trace) -> None:
    expression = " ".join(trace.symbols[1:])
    verdict = "right" if trace.answer == trace.expected else f"wrong, it is {trace.expected}"
    colour = SOLVED if trace.answer == trace.expected else WRONG
    page.text(CODE, y + LINE / 2, trace.halt, fontsize=FONT, family=MONOSPACE, va="center")
    text = f"{expression} = {trace.answer} ({verdict})"
    page.text(REGISTERS - 1.3, y + LINE / 2, text, fontsize=FONT, va="center", color=colour)


def _line(
    page: Axes,
    y: float,
    number: str,
    tile: str,
    code: str,
    registers: Sequence[str],
    colours: Sequence[str],
    colour: str,
) -> None:
    """Writes the texts of one line; those of `registers` each in its own colour."""
    middle = y + LINE / 2
    style = {"fontsize": FONT, "va": "center"}
    page.text(NUMBER, middle, number, ha="center", color="0.5", **style)
    page.text(READ + 0.08, middle, tile, ha="right", color="0.5", **style)
    page.text(CODE, middle, code, family=MONOSPACE, color=colour, **style)
    for k, (value, own) in enumerate(zip(registers, colours, strict=True)):
        weight = "bold" if own == SOLVED else "normal"
        x = REGISTERS + REGISTER * k
        page.text(x, middle, value, ha="center", color=own, weight=weight, **style)


def _tile(page: Axes, image: np.ndarray, x: float, y: float, side: float) -> None:
    page.imshow(image, cmap="Greys", vmin=0, vmax=1, extent=(x, x + side, y + side, y))
    page.add_patch(Rectangle((x, y), side, side, fill=False, ec="0.8", lw=0.5))
