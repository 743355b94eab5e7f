"""What a run shows in the terminal while it goes on: a progress bar."""

import importlib.util
import sys
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import tqdm

from terpret.learning.restarts import Progress


class Report(Protocol):
    """Is told of the progress of one of several things that are done one after another."""

    def __call__(
        self, title: str, total: int, done: int, text: str, unit: str = "examples"
    ) -> None:
        """Shows that so much of a thing is done.

        Args:
          title: what it is.
          total: how much there is to do.
          done: how much is done.
          text: how well it goes.
          unit: what is counted.
        """


class Display(Protocol):
    """Shows how a run goes on."""

    def update(self, progress: Progress) -> None:
        """Shows the progress of training."""

    def note(self, text: str) -> None:
        """Shows in words what is being done."""


class Silent:
    """Shows nothing."""

    def update(self, progress: Progress) -> None:
        """Shows nothing."""

    def note(self, text: str) -> None:
        """Shows nothing."""


# Seconds between two pictures of a bar: in a terminal, and in a file, which keeps every one.
IN_TERMINAL, IN_FILE = 0.1, 10.0


def _in_notebook() -> bool:
    """Whether this process is the kernel of a notebook."""
    return "ipykernel" in sys.modules


def _drawn_over() -> bool:
    """Whether a picture of a bar takes the place of the one before."""
    return _in_notebook() or sys.stderr.isatty()


def _drawn(**options: Any) -> tqdm.tqdm:
    """A bar as it is drawn here: by the notebook's own means, where it has them."""
    if _in_notebook() and importlib.util.find_spec("ipywidgets"):
        from tqdm.notebook import tqdm_notebook

        return tqdm_notebook(**options)
    return tqdm.tqdm(**options)


class Bar:
    """The progress bar: examples, examples a second, time left, and how well it goes.

    It begins with the first report, so that neither compiling nor what an earlier call has done
    counts for the speed.

    Args:
      examples: the number of examples of the stream.
      title: what is learned, where there is more than one bar.
      unit: what is counted.
    """

    def __init__(self, examples: int, title: str = "", unit: str = "examples"):
        self.title, self._examples, self._unit = title, examples, unit
        self._bar: tqdm.tqdm | None = None

    def show(self, examples: int, text: str) -> None:
        """Shows that so many examples are done, and a text."""
        # The last batch may reach beyond the end.
        examples = min(examples, self._examples)
        if self._bar is None:
            self._bar = _drawn(
                desc=self.title or None,
                total=self._examples,
                initial=examples,
                unit=f" {self._unit}",
                unit_scale=True,
                smoothing=0.1,
                mininterval=IN_TERMINAL if _drawn_over() else IN_FILE,
            )
        self._bar.set_postfix_str(text, refresh=False)
        more = examples - self._bar.n
        if more:
            self._bar.update(more)
        else:
            self._bar.refresh()

    def close(self) -> None:
        """Leaves the bar on the screen and goes to the next line."""
        if self._bar is not None:
            self._bar.close()


class RestartsLine:
    """How many restarts are solved, their loss, the best program: the text beside a bar.

    Args:
      show: shows that so many examples are done, and a text.
      examples: the number of examples of the stream.
      searches: whether programs are searched, and it can be told that a restart is solved.
    """

    def __init__(self, show: Callable[[int, str], None], examples: int, searches: bool = True):
        self._searches = searches
        # What is noted before any progress is of a run that has learned all.
        self._show, self._examples = show, examples
        self._solved = self._accuracy = ""

    def update(self, progress: Progress) -> None:
        """Shows the progress of training."""
        if progress.accuracies is not None:
            self._accuracy = f"best program {np.max(progress.accuracies):.2f}"
        if self._searches:
            self._solved = f"solved {np.sum(progress.solved_at >= 0)}/{len(progress.numbers)}"
        losses = progress.losses[np.isfinite(progress.losses)]
        loss = f"loss {np.median(losses):.3f}" if len(losses) else ""
        self._examples = progress.examples
        parts = (self._solved, loss, self._accuracy)
        self._show(self._examples, ", ".join(filter(None, parts)))

    def note(self, text: str) -> None:
        """Shows in words what is being done."""
        self._show(self._examples, "; ".join(filter(None, (self._solved, text))))
