"""What a run shows while it goes on: TensorBoard events and the terminal's progress bar."""

import os
from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf
import tqdm

from ntpt_models import source_code
from terpret.learning.measure import most_probable, split
from terpret.learning.task import right
from terpret.learning.train import Progress

if TYPE_CHECKING:
    from experiments.single import Run

VALIDATION_EXAMPLES = 1000
VALIDATION_SEED = 2_000_003


class EventWriter:
    """Writes a run's curves and programs to its folder, for TensorBoard."""

    def __init__(self, run: "Run"):
        self._run = run
        self._writer = tf.summary.create_file_writer(os.path.join(run.workdir, "events"))
        batches = run.task.batches(VALIDATION_SEED, VALIDATION_EXAMPLES, 0)
        self._validation = next(iter(batches))

    def write(self, progress: Progress) -> None:
        """Writes losses, and after a check the validation accuracies and the best program."""
        with self._writer.as_default(step=progress.examples):
            tf.summary.scalar("loss/median", np.median(progress.losses))
            for restart, loss in enumerate(progress.losses):
                tf.summary.scalar(f"loss/restart_{restart}", loss)
            tf.summary.scalar("solved", np.sum(progress.solved_at >= 0))
            if progress.checked:
                self._write_check(progress)

    def _write_check(self, progress: Progress) -> None:
        model = self._run.model
        inputs, answers = split(model, self._validation)
        accuracies = np.mean(right(most_probable(model, inputs), answers), axis=1)
        tf.summary.scalar("accuracy/median", np.median(accuracies))
        for restart, accuracy in enumerate(accuracies):
            tf.summary.scalar(f"accuracy/restart_{restart}", accuracy)
        best = int(np.argmax(accuracies + (progress.solved_at >= 0)))
        text = source_code(model.program(best))
        tf.summary.text("program", f"restart {best}\n\n```\n{text}\n```")
        self._writer.flush()

    def finish(self, results: dict[str, object]) -> None:
        """Writes the final test accuracies."""
        with self._writer.as_default(step=self._run.config.examples):
            for entry in results["restarts"]:
                name = f"restart_{entry['seed']}"
                tf.summary.scalar(f"test/{name}", entry["test_accuracy"])
                tf.summary.scalar(f"test_discrete/{name}", entry["discrete_accuracy"])
        self._writer.close()


class Bar:
    """The progress bar: examples, examples a second, time left, restarts solved."""

    def __init__(self, examples: int):
        self._bar = tqdm.tqdm(total=examples, unit=" examples", unit_scale=True, smoothing=0.1)

    def update(self, run: "Run", progress: Progress) -> None:
        """Shows the progress of a run."""
        if self._bar.n == 0 and progress.examples > run.learner.method.batch_size * 10:
            # Continued: what an earlier call did does not count for the speed.
            self._bar.initial = self._bar.n = progress.examples
        solved = int(np.sum(progress.solved_at >= 0))
        self._bar.set_postfix_str(
            f"solved {solved}/{run.model.restarts}, loss {np.median(progress.losses):.3f}",
            refresh=False,
        )
        self._bar.update(progress.examples - self._bar.n)

    def close(self) -> None:
        """Leaves the bar on the screen and goes to the next line."""
        self._bar.close()
