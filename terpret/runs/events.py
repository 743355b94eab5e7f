"""A run's events for TensorBoard: curves, programs and pictures as it goes on, at last a table.

    folder/median/         the medians; the best program and pictures of it; the graph
    folder/restart_007/    one restart's curves, and its line of the table

The records are written here, each at once: the writers of TensorBoard and TensorFlow queue them,
which is slow for a hundred files, and tell of a full disk late, from another thread.
"""

import glob
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

import numpy as np
import tensorflow as tf
from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.hparams import api as hp
from tensorboard.plugins.text.summary_v2 import text_pb

from terpret.backends.model import CompiledModel
from terpret.discrete.listing import plain_code
from terpret.discrete.program import Program
from terpret.files import own_files
from terpret.learning.confusion import confusion_counts
from terpret.learning.restarts import Progress
from terpret.learning.task import Task
from terpret.runs import figures
from terpret.runs.results import RestartResult

MAX_CURVES = 100
CONFUSION_IMAGES, SAMPLES = 1000, 25
# The part of a run's time that its pictures may take; drawing some takes a third of a second.
PICTURES_SHARE = 0.05
MEDIAN, EVALUATION = "median", "evaluation"
# TensorBoard sorts the settings by name and shows the first: upper case comes before all others.
NUMBER = "Restart"
# The columns of the table in this order: what TensorBoard files them under and calls them, and what
# of a restart they show.
METRICS: dict[tuple[str, str], Callable[[RestartResult], float | None]] = {
    ("test_accuracy", "test accuracy"): lambda one: one.soft_accuracy,
    ("discrete_accuracy", "discrete accuracy"): lambda one: one.discrete_accuracy,
    ("correct", "correct"): lambda one: one.correct,
    ("solved", "solved after"): lambda one: one.solved_after,
    ("loss", "final loss"): lambda one: one.loss,
}

Value: TypeAlias = Summary.Value


class EventWriter:
    """Writes the events of a run.

    Where the folder holds events of a process that was stopped, these go on, and what that process
    wrote after the step at which they do is forgotten.

    Args:
      folder: where the events go.
      model: what learns.
      task: what it learns.
      hparams: how it learns, for the table: numbers, booleans and texts by name.
      code: a program as source code.
    """

    def __init__(
        self,
        folder: str,
        model: CompiledModel,
        task: Task,
        hparams: Mapping[str, object],
        code: Callable[[Program], str] = plain_code,
    ):
        self._folder, self._model, self._task = folder, model, task
        self._hparams, self._code = dict(hparams), code
        self._files: dict[str, _EventFile] = {}
        there = glob.glob(os.path.join(glob.escape(folder), "*", "events.out.*"))
        self._known = {os.path.basename(os.path.dirname(path)) for path in there} - {EVALUATION}
        self._newest: dict[str, np.ndarray] = {}
        self._draw_at = 0.0
        self._undrawn: Progress | None = None

    def write(self, progress: Progress) -> None:
        """Writes a point of every curve; after a check also the best program, and pictures of it.

        `MAX_CURVES` restarts have curves of their own, the first to come. The medians are over all
        rows; one that has stopped counts with its last value. Pictures take no more than
        `PICTURES_SHARE` of the time: where checks follow fast, some go by without.

        Raises:
          OSError, tf.errors.OpError: a file cannot be written.
        """
        curves = {"loss": progress.losses}
        if progress.accuracies is not None:
            curves["accuracy"] = progress.accuracies
        if progress.on_images is not None:
            curves["accuracy_on_images"] = progress.on_images
        for row, number in enumerate(progress.numbers):
            name = _run_name(number)
            points = [_scalar(t, v[row]) for t, v in curves.items() if np.isfinite(v[row])]
            if points and (name in self._known or len(self._known - {MEDIAN}) < MAX_CURVES):
                self._file(name, progress.examples).write(progress.examples, points)
        shared = self._file(MEDIAN, progress.examples)
        shared.write(progress.examples, self._shared(curves, progress))
        if progress.accuracies is not None:
            self._undrawn = progress
            shared.write(progress.examples, self._program(progress))
            if time.monotonic() >= self._draw_at:
                self._draw()
        self._close_all_but({MEDIAN, *map(_run_name, progress.numbers)})

    def finish(self, restarts: Sequence[RestartResult], unseen: bool = True) -> None:
        """Writes the table, how every restart learned and how well, and the last pictures.

        Args:
          restarts: what became of every restart.
          unseen: whether nothing was learned from what they were tested on.

        Raises:
          OSError, tf.errors.OpError: a file cannot be written.
        """
        self._draw()
        columns = [hp.HParam(name) for name in (NUMBER, *self._hparams)]
        # What was learned from is called so.
        seen = "test" if unseen else "training"
        metrics = [
            hp.Metric(_metric(tag, seen), display_name=name.replace("test", seen))
            for tag, name in METRICS
        ]
        self._file(MEDIAN).write(0, hp.hparams_config_pb(columns, metrics).value)
        run = os.path.basename(os.path.dirname(os.path.abspath(self._folder)))
        for one in restarts:
            name = _run_name(one.restart)
            settings = {**self._hparams, NUMBER: one.restart}
            # The name of a line, which no restart of another run under the same --logdir may have.
            trial = f"{name} of {run}"
            file = self._file(name)
            file.write(0, hp.hparams_pb(settings, trial_id=trial).value)
            file.write(one.examples, _metrics(one, seen))
            self._files.pop(name).close()

    def close(self) -> None:
        """Closes all files, of which every event is on the disk; later ones go to new files."""
        self._close_all_but(set())

    def _file(self, name: str, first_step: int | None = None) -> "_EventFile":
        """The open file of a TensorBoard run."""
        if name not in self._files:
            self._files[name] = _EventFile(os.path.join(self._folder, name), first_step)
            if name == MEDIAN and MEDIAN not in self._known:
                self._files[name].write_graph(self._model.graph())
            self._known.add(name)
        return self._files[name]

    def _close_all_but(self, kept: set[str]) -> None:
        for name in self._files.keys() - kept:
            self._files.pop(name).close()

    def _shared(self, curves: Mapping[str, np.ndarray], progress: Progress) -> Iterator[Value]:
        """The points of the medians and of the number of restarts that are solved."""
        yield _scalar("solved", int(np.sum(progress.solved_at >= 0)))
        for tag, values in curves.items():
            before = self._newest.get(tag, values)
            self._newest[tag] = np.where(np.isfinite(values), values, before)
            known = self._newest[tag][np.isfinite(self._newest[tag])]
            if len(known):
                yield _scalar(tag, np.median(known))

    def _program(self, progress: Progress) -> Iterable[Value]:
        """The best program as text."""
        assert progress.accuracies is not None
        row = _best(progress)
        title = (
            f"restart {progress.numbers[row]} after {progress.examples:,} examples, "
            f"accuracy {progress.accuracies[row]:.2f}"
        )
        code = self._code(self._model.program(row))
        return text_pb("program", f"{title}\n\n```\n{code}\n```").value

    def _draw(self) -> None:
        """Draws the pictures of the last check that has none yet."""
        progress, self._undrawn = self._undrawn, None
        if progress is not None:
            started = time.monotonic()
            pictures = self._pictures(_best(progress))
            self._file(MEDIAN, progress.examples).write(progress.examples, pictures)
            now = time.monotonic()
            self._draw_at = now + (now - started) / PICTURES_SHARE

    def _pictures(self, row: int) -> Iterator[Value]:
        """A row's marginals, and what its networks read."""
        model = self._model
        tables = model.param_marginals(row)
        if tables:
            yield _image("marginals", figures.marginals(model.checked, tables))
        for network, (images, labels) in self._task.images.items():
            if network in model.networks:
                images, true = images[:CONFUSION_IMAGES], labels[:CONFUSION_IMAGES]
                predicted = model.classify(network, images)[row]
                matrix = confusion_counts(true, predicted)
                title = f"{network}: {np.mean(predicted == true):.1%} of {len(true):,} images"
                yield _image(f"networks/{network}/confusion", figures.confusion(matrix, title))
                tiles = images[:SAMPLES], predicted[:SAMPLES], true[:SAMPLES]
                yield _image(f"networks/{network}/samples", figures.samples(*tiles))


def write_pictures(folder: str, step: int, pictures: Mapping[str, figures.Figure]) -> None:
    """Writes pictures made after a run, in the place of those made before.

    Args:
      folder: where the run's events are.
      step: the examples seen.
      pictures: by name.

    Raises:
      OSError, tf.errors.OpError: a file cannot be written.
    """
    place = os.path.join(folder, EVALUATION)
    before = glob.glob(os.path.join(glob.escape(place), "events.out.*"))
    for path in own_files.owned_among(before):
        os.unlink(path)
    file = _EventFile(place, None)
    file.write(step, [_image(name, figure) for name, figure in pictures.items()])
    file.close()


class _EventFile:
    """One event file, on the disk after every write.

    Args:
      folder: the folder of the TensorBoard run.
      first_step: the step of its first event, if its curves go on: what other files of the folder
        hold from there on is forgotten.
    """

    def __init__(self, folder: str, first_step: int | None):
        # TensorBoard reads the files of a folder in the order of their names.
        path = os.path.join(folder, f"events.out.tfevents.{time.time_ns()}")
        own_files.add(path)
        os.makedirs(folder, exist_ok=True)
        self._records = tf.io.TFRecordWriter(path)
        self._add(Event(file_version="brain.Event:2"))
        if first_step is not None:
            # Without it the reader written in Python shows steps that come again twice.
            self._add(Event(step=first_step, session_log=SessionLog(status=SessionLog.START)))

    def write(self, step: int, values: Iterable[Value]) -> None:
        """Writes an event."""
        self._add(Event(step=step, summary=Summary(value=values)))

    def write_graph(self, graph: tf.Graph) -> None:
        """Writes the graph of the run."""
        self._add(Event(graph_def=graph.as_graph_def().SerializeToString()))

    def close(self) -> None:
        """Closes the file."""
        self._records.close()

    def _add(self, event: Event) -> None:
        event.wall_time = time.time()
        self._records.write(event.SerializeToString())
        self._records.flush()


def _run_name(number: int) -> str:
    return f"restart_{number:03}"


def _metric(tag: str, seen: str) -> str:
    return f"results/{tag.replace('test', seen)}"


def _metrics(one: RestartResult, seen: str) -> Iterator[Value]:
    """The points of a restart in the table; none where it has not been solved or has no loss."""
    for (tag, _), shown in METRICS.items():
        value = shown(one)
        if value is not None:
            yield _scalar(_metric(tag, seen), value)


def _best(progress: Progress) -> int:
    """The row with the highest accuracy, of a check; among equals, with the lowest loss."""
    assert progress.accuracies is not None
    losses = np.where(np.isfinite(progress.losses), progress.losses, np.inf)
    return int(np.lexsort((losses, -progress.accuracies))[0])


def _scalar(tag: str, value: float) -> Value:
    return Value(tag=tag, simple_value=float(value))


def _image(tag: str, figure: figures.Figure) -> Value:
    pixels = figures.pixels(figure)
    height, width, depth = pixels.shape
    data = tf.io.encode_png(pixels).numpy()
    image = Summary.Image(height=height, width=width, colorspace=depth, encoded_image_string=data)
    return Value(tag=tag, image=image)
