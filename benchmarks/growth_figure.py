"""Draws the rows of `growth.py` that differ in one size: ready time, step and memory over it."""

import statistics
from collections.abc import Iterator, Mapping

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.peers.measured import IMPLEMENTATIONS, Measured, Row
from benchmarks.peers.problems import Problem, problem
from terpret.runs.figures import save

# What the rows of a column have in common: all but the size that it is drawn over.
BASE = problem("turing:20x60x10")
SIZES = ("steps", "cells", "restarts")
COSTS = {"ready": "s", "step": "ms", "memory": "GB"}
COLOURS = {"ours": "tab:blue", "tensorflow": "tab:orange", "jax": "tab:green"}
NAMES = {"ours": "compiled", "tensorflow": "by hand, TensorFlow", "jax": "by hand, JAX"}


def draw(rows: Mapping[str, Row], path: str) -> None:
    """Writes `path`.png and `path`.svg.

    Args:
      rows: by their names; those without a place in the figure are left out.
      path: without suffix.

    Raises:
      RunError: a file cannot be written.
    """
    figure = Figure(figsize=(9, 7), layout="constrained")
    grid = figure.subplots(len(COSTS), len(SIZES), sharex="col", sharey="row")
    for line, (cost, unit) in zip(grid, COSTS.items(), strict=True):
        for axes, size in zip(line, SIZES, strict=True):
            _curves(axes, rows, size, cost)
            axes.set(xscale="log", yscale="log")
            axes.grid(alpha=0.3)
            if size == SIZES[0]:
                axes.set_ylabel(f"{cost} ({unit})")
            if cost == list(COSTS)[-1]:
                axes.set_xlabel(f"{size} ({_common(size)})")
                ticks = sorted({getattr(given, size) for given, _ in _along(rows, size)})
                axes.set_xticks(ticks, [str(tick) for tick in ticks], minor=False)
                axes.set_xticks([], minor=True)
    if handles := grid[0][0].get_legend_handles_labels()[0]:
        figure.legend(handles=handles, loc="outside upper center", ncols=len(handles))
    save(figure, path)


def _curves(axes: Axes, rows: Mapping[str, Row], size: str, cost: str) -> None:
    for name in IMPLEMENTATIONS:
        points = [
            (getattr(given, size), value)
            for given, row in _along(rows, size)
            if name in row and (value := _value(row[name], cost)) is not None
        ]
        if points:
            axes.plot(*zip(*points, strict=True), "o-", color=COLOURS[name], label=NAMES[name])


def _along(rows: Mapping[str, Row], size: str) -> Iterator[tuple[Problem, Row]]:
    """The rows that differ from the base in a size alone, by that size."""
    named = [(problem(name), row) for name, row in rows.items()]
    there = [pair for pair in named if _others(pair[0], size) == _others(BASE, size)]
    yield from sorted(there, key=lambda pair: getattr(pair[0], size))


def _others(given: Problem, size: str) -> tuple[object, ...]:
    return given.model, *(getattr(given, other) for other in SIZES if other != size)


def _common(size: str) -> str:
    others = [other for other in SIZES if other != size]
    return ", ".join(f"{getattr(BASE, other)} {other}" for other in others)


def _value(measured: Measured, cost: str) -> float | None:
    if cost == "step":
        return statistics.median(measured.steps_ms) if measured.steps_ms else None
    return measured.ready_s if cost == "ready" else measured.gigabytes
