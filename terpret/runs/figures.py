"""Figures of a run: the marginals of its programs, learning curves, what the networks read.

Each function makes a matplotlib `Figure` from arrays; pyplot and its global state are not used.
"""

import dataclasses
import io
import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator, StrMethodFormatter

from terpret.files.asked import write_plot
from terpret.language.checked import CheckedModel, Variable, elements_of

# Dots an inch, of a picture in TensorBoard's small frames and of one in a file.
DPI, FILE_DPI = 96, 192
FONT = 8
# Inches: a page, a heat map at its largest, its largest cell, a character, the room between maps.
PAGE, TALLEST, CELL, CHARACTER, GAP = 5.0, 7.0, 0.27, 0.068, 0.3
LEGEND, TILE = 0.45, 0.62
# The labels of a confusion matrix up to which every cell has its number.
READABLE = 20
# The cells of a map up to which an SVG has each as a shape.
SHAPES = 5000

BLUES = matplotlib.colormaps["Blues"]
SOLVED, UNSOLVED, WRONG = "#0072b2", "#e69f00", "#c1121f"
# What the model sets to a constant, and the other values of such an element.
CONSTANT, RULED_OUT = (0.45, 0.45, 0.45, 1.0), (0.92, 0.92, 0.92, 1.0)


@dataclasses.dataclass(frozen=True)
class _Panel:
    """A heat map: `probabilities` [lines, values], and which lines are `constant`, [lines]."""

    lines: list[str]
    values: list[str]
    probabilities: np.ndarray
    constant: np.ndarray

    @property
    def cell(self) -> float:
        """The side of a cell in inches."""
        across = max(PAGE - self.left, 1) / len(self.values)
        return min(CELL, TALLEST / len(self.lines), across)

    @property
    def left(self) -> float:
        """The width of the lines' names."""
        return 0.1 + CHARACTER * max(map(len, self.lines))

    @property
    def upright(self) -> bool:
        """Whether the values' names are too long to stand side by side."""
        return CHARACTER * max(map(len, self.values)) > self.cell

    @property
    def below(self) -> float:
        """The height of the values' names."""
        return 0.1 + (CHARACTER * max(map(len, self.values)) if self.upright else 0.12)

    @property
    def width(self) -> float:
        """The width of the map with its names."""
        return self.left + self.cell * len(self.values)

    @property
    def height(self) -> float:
        """The height of the map with its names."""
        return self.cell * len(self.lines) + self.below


def marginals(checked: CheckedModel, tables: Mapping[str, np.ndarray]) -> Figure:
    """The marginals of one restart's Params, a heat map each: a line an element, a column a value.

    Every line has the probability of its most probable value written out. Elements that the model
    sets to a constant are grey, because nothing is learned of them, whatever their logits say.

    Args:
      checked: the model.
      tables: the marginals [*dims, n] by Param.
    """
    params = [v for v in checked.of_kind("Param") if v.name in tables and v.elements]
    panels = [_panel(checked, v, tables[v.name]) for v in params]
    places, width, height = _flow(panels)
    figure = blank(max(width, 3.6), height + LEGEND)
    for panel, (x, y) in zip(panels, places, strict=True):
        size = panel.width - panel.left, panel.height - panel.below
        _heat_map(_axes(figure, x + panel.left, y, *size), panel)
    _marginals_legend(figure, any(panel.constant.any() for panel in panels))
    return figure


def learning_curves(
    examples: Sequence[int],
    curves: Mapping[int, Sequence[float]],
    median: Sequence[float],
    ylabel: str,
    solved: Collection[int] = (),
) -> Figure:
    """A thin line for every restart, and their median.

    The vertical axis is logarithmic where the values leave 0..1 and span more than a decade, as
    losses do; rates are drawn from 0 to 1.

    Args:
      examples: the step of each point.
      curves: the values by number of the restart; NaN where it has none.
      median: their median at each point.
      ylabel: what is drawn.
      solved: the numbers of the restarts that are solved.
    """
    figure = blank(6.4, 3.6)
    axes = figure.add_subplot()
    for name, colour, chosen in (
        ("solved", SOLVED, [values for k, values in curves.items() if k in solved]),
        ("not solved", UNSOLVED, [values for k, values in curves.items() if k not in solved]),
    ):
        if chosen:
            faded = float(np.clip(12 / len(chosen), 0.2, 0.8))
            lines = axes.plot(examples, np.transpose(chosen), color=colour, lw=0.8, alpha=faded)
            lines[0].set_label(f"{name} ({len(chosen)})")
    axes.plot(examples, median, color="black", lw=2, label="median")
    if len(examples) == 1:
        for line in axes.lines:
            line.set_marker(".")
    every = np.array([*curves.values(), median], float)
    _value_axis(axes, every[np.isfinite(every)])
    axes.set(xlabel="examples", ylabel=ylabel)
    over_examples(axes)
    legend = axes.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=3)
    for handle in legend.legend_handles:
        if handle is not None:
            handle.set_alpha(1)
    figure.tight_layout()
    return figure


def over_examples(axes: Axes) -> None:
    """Dresses axes whose horizontal one counts examples."""
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.xaxis.set_major_locator(MaxNLocator(7, integer=True))
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="0.92")


def confusion(matrix: np.ndarray, title: str) -> Figure:
    """How often each label was taken for each: a row a true label, a column a predicted one.

    The colour is the share of the row.

    Args:
      matrix: counts, or rates as floats, [labels, labels].
      title: what was classified.
    """
    labels = len(matrix)
    side = CELL * 1.25 if labels <= READABLE else TALLEST / labels
    figure = blank(side * labels + 0.8, side * labels + 0.95)
    axes = _axes(figure, 0.55, 0.8, side * labels, side * labels)
    shares = matrix / np.maximum(matrix.sum(1, keepdims=True), 1e-12)
    _cells(axes, BLUES(shares))
    if labels <= READABLE:
        counts = np.issubdtype(matrix.dtype, np.integer)
        for row, column in np.argwhere(matrix):
            text = str(matrix[row, column]) if counts else _short(matrix[row, column])
            _number(axes, row, column, text, shares[row, column])
    names = [str(k) for k in range(labels)]
    _ticks(axes.xaxis, names, side)
    _ticks(axes.yaxis, names, side)
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    axes.set_xlabel("predicted", fontsize=FONT)
    axes.set_ylabel("true", fontsize=FONT)
    figure.text(0.5, 1 - 0.2 / figure.get_figheight(), title, ha="center", fontsize=FONT + 1)
    return figure


def samples(images: np.ndarray, predicted: np.ndarray, true: np.ndarray) -> Figure:
    """Images with what a network takes them for; `3 as 8`, in red, is a 3 taken for an 8.

    Args:
      images: floats in 0..1, [n, *shape], of [height, width] or any other shape.
      predicted: the predicted labels, [n].
      true: the true labels, [n].
    """
    columns = max(math.ceil(math.sqrt(len(images))), 3)
    rows = math.ceil(len(images) / columns)
    width, height = columns * TILE + 0.16, rows * (TILE + 0.2) + 0.08
    figure = blank(width, height)
    # One page in inches: axes for every image would take most of the time.
    page = _axes(figure, 0, 0, width, height)
    for k, image in enumerate(images):
        row, column = divmod(k, columns)
        x, y = 0.1 + column * TILE, 0.22 + row * (TILE + 0.2)
        right, bottom = x + TILE - 0.04, y + TILE - 0.04
        page.imshow(_picture(image), cmap="Greys", vmin=0, vmax=1, extent=(x, right, bottom, y))
        wrong = predicted[k] != true[k]
        edge, line = (WRONG, 1.5) if wrong else ("0.8", 0.5)
        page.add_patch(Rectangle((x, y), right - x, bottom - y, fill=False, ec=edge, lw=line))
        text = f"{true[k]} as {predicted[k]}" if wrong else str(predicted[k])
        colour = WRONG if wrong else "0.2"
        page.text((x + right) / 2, y - 0.03, text, ha="center", fontsize=FONT, color=colour)
    page.set(xlim=(0, width), ylim=(height, 0))
    page.set_axis_off()
    return figure


def _picture(image: np.ndarray) -> np.ndarray:
    """An image as it can be drawn: a vector is one row, other tensors are unfolded into one."""
    if image.ndim == 2 or (image.ndim == 3 and image.shape[-1] in (1, 3, 4)):
        return image
    return image.reshape(image.shape[0] if image.ndim > 1 else 1, -1)


def save(figure: Figure, path: str) -> None:
    """Writes `path`.png and `path`.svg, each whole or not at all; equal figures give equal files.

    Args:
      figure: the figure.
      path: without suffix.

    Raises:
      RunError: a file cannot be written.
    """
    with matplotlib.rc_context({"svg.hashsalt": "figure"}):
        for suffix, metadata in (("png", {"Software": None}), ("svg", {"Date": None})):
            file = io.BytesIO()
            figure.savefig(file, format=suffix, dpi=FILE_DPI, metadata=metadata)
            write_plot(f"{path}.{suffix}", file.getvalue())


def pixels(figure: Figure) -> np.ndarray:
    """The figure as an image, uint8 [height, width, 3]."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[:, :, :3].copy()


def _panel(checked: CheckedModel, variable: Variable, table: np.ndarray) -> _Panel:
    elements = list(elements_of(variable))
    probabilities = np.reshape(table, (len(elements), variable.size)).astype(float)
    for line, element in enumerate(elements):
        if element in checked.clamps:
            probabilities[line] = np.arange(variable.size) == checked.clamps[element]
    return _Panel(
        lines=[str(element) for element in elements],
        values=[variable.word(value) for value in range(variable.size)],
        probabilities=probabilities,
        constant=np.array([element in checked.clamps for element in elements]),
    )


def _flow(panels: Sequence[_Panel]) -> tuple[list[tuple[float, float]], float, float]:
    """Places panels like words on a page: each (x, y) from the top left; the width, the height."""
    places, width = [], 0.0
    x, y, lowest = 0.0, GAP / 2, GAP / 2
    for panel in panels:
        if x and x + panel.width > PAGE:
            x, y = 0.0, lowest
        places.append((x, y))
        x += panel.width + GAP
        width, lowest = max(width, x), max(lowest, y + panel.height + GAP / 2)
    return places, width, lowest


def _heat_map(axes: Axes, panel: _Panel) -> None:
    colours = BLUES(panel.probabilities)
    given = panel.constant[:, None]
    colours = np.where(given[..., None], RULED_OUT, colours)
    colours = np.where((given & (panel.probabilities == 1))[..., None], CONSTANT, colours)
    _cells(axes, colours)
    _ticks(axes.yaxis, panel.lines, panel.cell)
    _ticks(axes.xaxis, panel.values, panel.cell)
    if panel.upright:
        axes.tick_params(axis="x", labelrotation=90)
    if panel.cell == CELL:
        for line, value in enumerate(panel.probabilities.argmax(1)):
            if not panel.constant[line]:
                share = panel.probabilities[line, value]
                _number(axes, line, value, _short(share), share)


def _marginals_legend(figure: Figure, constants: bool) -> None:
    """The colours of the heat maps, in the lower left corner."""
    height = figure.get_figheight()
    bar = _axes(figure, 0.2, height - 0.4, 1.2, 0.1)
    figure.colorbar(
        ScalarMappable(cmap=BLUES), cax=bar, orientation="horizontal", ticks=[0, 0.5, 1]
    )
    bar.tick_params(labelsize=FONT - 1, length=2)
    width = figure.get_figwidth()
    figure.text(1.5 / width, 0.35 / height, "probability", fontsize=FONT, va="center")
    if constants:
        text = "grey: set by the model"
        figure.text(2.4 / width, 0.35 / height, text, fontsize=FONT, va="center", color="0.4")


def blank(width: float, height: float) -> Figure:
    """An empty figure of so many inches."""
    return Figure((width, height), dpi=DPI, facecolor="white")


def _axes(figure: Figure, x: float, y: float, width: float, height: float) -> Axes:
    """Axes in a box given in inches from the top left of the figure."""
    across, down = figure.get_size_inches()
    return figure.add_axes((x / across, 1 - (y + height) / down, width / across, height / down))


def _cells(axes: Axes, colours: np.ndarray) -> None:
    """Fills axes with cells of the given colours [lines, columns, 4], the first line on top."""
    many = colours[..., 0].size > SHAPES
    lines: dict[str, Any] = {} if many else {"edgecolors": "0.85", "linewidth": 0.4}
    axes.pcolormesh(colours, rasterized=many, **lines)
    axes.invert_yaxis()
    axes.spines[:].set_visible(False)


def _ticks(axis: Axis, names: Sequence[str], cell: float) -> None:
    """Names the cells along an axis; only every second, third ... where they would touch."""
    step = math.ceil(FONT / 72 / cell)
    shown = range(0, len(names), step)
    axis.set_ticks([k + 0.5 for k in shown], [names[k] for k in shown], fontsize=FONT)
    axis.set_tick_params(length=0, pad=2)


def _number(axes: Axes, line: int, column: int, text: str, share: float) -> None:
    """Writes in a cell, so that it can be read on the colour of its share."""
    place: dict[str, Any] = {"ha": "center", "va": "center_baseline"}
    colour = "white" if share > 0.55 else "0.2"
    axes.text(column + 0.5, line + 0.5, text, fontsize=FONT - 1.5, color=colour, **place)


def _short(share: float) -> str:
    """A rate with two digits: .07, .93, 1."""
    return f"{share:.2f}".removeprefix("0") if share < 0.995 else "1"


def _value_axis(axes: Axes, values: np.ndarray) -> None:
    """Linear from 0 to 1 for rates; logarithmic for what is positive and spans over a decade."""
    if not values.size:
        return
    if values.min() >= 0 and values.max() <= 1:
        axes.set_ylim(-0.02, 1.02)
    elif values.min() > 0 and values.max() > 10 * values.min():
        axes.set_yscale("log")
        few = values.max() < 1000 * values.min()
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if few else (1,)))
        axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axes.yaxis.set_minor_locator(NullLocator())
