"""What a run shows in the terminal while it goes on: the progress bar."""

import numpy as np
import tqdm

from terpret.learning.restarts import Progress


class Bar:
    """The progress bar: examples, examples a second, time left, restarts solved.

    It begins with the first report, so that neither compiling nor what an earlier call has done
    counts for the speed.

    Args:
      examples: the number of examples of the stream.
    """

    def __init__(self, examples: int):
        self._examples = examples
        self._bar: tqdm.tqdm | None = None
        self._accuracy = ""

    def update(self, progress: Progress) -> None:
        """Shows the progress of a run."""
        if self._bar is None:
            self._bar = tqdm.tqdm(
                total=self._examples,
                initial=progress.examples,
                unit=" examples",
                unit_scale=True,
                smoothing=0.1,
            )
        if progress.accuracies is not None:
            self._accuracy = f", best program {np.max(progress.accuracies):.2f}"
        solved = np.sum(progress.solved_at >= 0)
        losses = progress.losses[np.isfinite(progress.losses)]
        loss = f", loss {np.median(losses):.3f}" if len(losses) else ""
        text = f"solved {solved}/{len(progress.numbers)}{loss}{self._accuracy}"
        self._bar.set_postfix_str(text, refresh=False)
        self._bar.update(progress.examples - self._bar.n)

    def close(self) -> None:
        """Leaves the bar on the screen and goes to the next line."""
        if self._bar is not None:
            self._bar.close()
