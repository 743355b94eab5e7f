"""What a run shows in the terminal while it goes on: the progress bar."""

import numpy as np
import tqdm

from terpret.learning.restarts import Progress


class Bar:
    """The progress bar: examples, examples a second, time left, and how well it goes.

    It begins with the first report, so that neither compiling nor what an earlier call has done
    counts for the speed.

    Args:
      examples: the number of examples of the stream.
      title: what is learned, where there is more than one bar.
    """

    def __init__(self, examples: int, title: str = ""):
        self._examples, self._title = examples, title
        self._bar: tqdm.tqdm | None = None

    def show(self, examples: int, text: str) -> None:
        """Shows that so many examples are done, and a text."""
        if self._bar is None:
            self._bar = tqdm.tqdm(
                desc=self._title or None,
                total=self._examples,
                initial=examples,
                unit=" examples",
                unit_scale=True,
                smoothing=0.1,
            )
        self._bar.set_postfix_str(text, refresh=False)
        self._bar.update(examples - self._bar.n)

    def close(self) -> None:
        """Leaves the bar on the screen and goes to the next line."""
        if self._bar is not None:
            self._bar.close()


class RestartsBar(Bar):
    """The progress bar of restarts: how many are solved, their loss, the best program."""

    _accuracy = ""

    def update(self, progress: Progress) -> None:
        """Shows the progress of a run."""
        if progress.accuracies is not None:
            self._accuracy = f", best program {np.max(progress.accuracies):.2f}"
        solved = np.sum(progress.solved_at >= 0)
        losses = progress.losses[np.isfinite(progress.losses)]
        loss = f", loss {np.median(losses):.3f}" if len(losses) else ""
        text = f"solved {solved}/{len(progress.numbers)}{loss}{self._accuracy}"
        self.show(progress.examples, text)
