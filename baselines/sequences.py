"""Trains and measures the neural baselines of MATH: the LSTM and the Neural GPU (Figure 8).

Both are `SequenceModel`s, learn by one curriculum, and differ in nothing but `make_model`:

    symbols = one_hot_symbols()  # or image_symbols(...)
    settings = dataclasses.replace(TWO_CORES["lstm"], seconds=900)
    trained = train("lstm", symbols, settings, folder, print)
    accuracy(trained.model, symbols, digits=16), parameters(trained.model)
"""

import dataclasses
import json
import math
import os
import time
from collections.abc import Callable
from functools import partial
from typing import Protocol

import tensorflow as tf

from baselines.adam import Adam
from baselines.curriculum import Course, next_digits, noise_scale, noted
from baselines.lstm import Lstm
from baselines.neural_gpu import NeuralGpu
from baselines.sequence_data import Symbols, expressions
from terpret.language.errors import InputError
from terpret.learning import resumable
from terpret.learning.checkpoints import Checkpoints

TEST_SEED = -1
_ANSWERED_AT_ONCE = 500
_KEPT_CHECKPOINTS = 2
_CHECKPOINT_SECONDS = 60.0
# Tells the gradients' noise from the dropout of the same update.
_NOISE = 1_000_000


class SequenceModel(Protocol):
    """What answers expressions."""

    learned: list[tf.Variable]

    def logits(self, shown: tf.Tensor, key: tf.Tensor | None) -> tf.Tensor:
        """The logits [batch, 19] of the answers to symbols [batch, length, 14]."""


@dataclasses.dataclass(frozen=True)
class Settings:
    """What is trained, how and for how long.

    Attributes:
      width: the LSTM's cells in each layer, or the Neural GPU's filters.
      layers: the LSTM's layers.
      relaxation: the Neural GPU's sets of weights; 1 is without relaxation.
      dropout: the part that is dropped in training.
      examples: the number of expressions to learn from.
      seconds: the time of training; whichever budget is used up first ends it.
      batch_size: the expressions of an update, all of one length.
      rate: Adam's learning rate.
      epsilon: Adam's epsilon.
      clip: the largest global norm of a gradient.
      gradient_noise: the scale of the noise on the gradient; 0 is without.
      digits: the length up to which there is supervision; 5 in the paper.
      seed: the root seed.

    Raises:
      InputError: a number is out of range.
    """

    width: int
    layers: int = 3
    relaxation: int = 1
    dropout: float = 0.0
    examples: int = 10_000_000
    seconds: float = math.inf
    batch_size: int = 32
    rate: float = 0.001
    epsilon: float = 1e-4
    clip: float = 1.0
    gradient_noise: float = 0.0
    digits: int = 5
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("width", "layers", "relaxation", "batch_size", "digits"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} must be at least 1, not {getattr(self, name)}")
        if not 0 <= self.dropout < 1:
            raise InputError(f"dropout must be at least 0 and below 1, not {self.dropout}")


# The sizes are the paper's: the LSTM's in section 5.2, the Neural GPU's in 6.2. It says "dropout
# between layers" without a rate, and for the Neural GPU refers to its authors' code, whose defaults
# stand here but for the relaxation: that code asks for tapes longer than the sets of weights. These
# sizes have 21,060,627 and 14,438,419 parameters; the counts that Figure 8(a) prints are in a
# bitmap, which the text of the paper at hand lacks.
PAPER = {
    "lstm": Settings(width=1024, layers=3, dropout=0.2, epsilon=1e-7),
    "neural_gpu": Settings(width=512, dropout=0.15),
}

# Sizes for two processor cores and a quarter of an hour.
TWO_CORES = {
    "lstm": dataclasses.replace(PAPER["lstm"], width=128, batch_size=64, rate=0.002, dropout=0.1),
    "neural_gpu": dataclasses.replace(PAPER["neural_gpu"], width=64),
}


@dataclasses.dataclass(frozen=True)
class Report:
    """How a training run stands, told at the end of each window of updates.

    Attributes:
      examples: the expressions learned from so far.
      seconds: the time of training so far.
      digits: the length that the curriculum has reached.
      loss: the mean loss in the window, of expressions up to that length.
      wrong: the part of wrong answers to the same.
    """

    examples: int
    seconds: float
    digits: int
    loss: float
    wrong: float


@dataclasses.dataclass(frozen=True, eq=False)
class Trained:
    """A trained model.

    Attributes:
      model: the model.
      examples: the expressions that it learned from.
      seconds: the time that took.
      digits: the length that the curriculum reached.
    """

    model: SequenceModel
    examples: int
    seconds: float
    digits: int


def train(
    kind: str,
    symbols: Symbols,
    settings: Settings,
    workdir: str,
    report: Callable[[Report], None],
) -> Trained:
    """Trains a baseline until a budget is used up, or continues to do so.

    Whatever stops it, a run that is continued makes the same updates; only where time ends it, the
    last of them depends on the machine.

    Args:
      kind: "lstm" or "neural_gpu".
      symbols: what to learn from.
      settings: what is trained, how and for how long.
      workdir: where checkpoints are kept; one run's alone.
      report: is told of the progress.

    Raises:
      InputError: there is no such kind.
      Stopped: by SIGTERM or SIGINT, after a checkpoint was written.
      CheckpointError: the folder holds checkpoints that cannot be restored, or takes no new one.
    """
    training = _Training(_Learner(make_model(kind, settings), symbols, settings), settings, report)
    checkpoints = Checkpoints(
        os.path.join(workdir, "checkpoints"), _KEPT_CHECKPOINTS, learner=training.learner
    )
    resumable.do(training, checkpoints, _CHECKPOINT_SECONDS)
    return training.trained()


def make_model(kind: str, settings: Settings) -> SequenceModel:
    """Makes an untrained baseline.

    Raises:
      InputError: there is no such kind.
    """
    width, dropout, seed = settings.width, settings.dropout, settings.seed
    if kind == "lstm":
        return Lstm(width, settings.layers, dropout, seed)
    if kind == "neural_gpu":
        return NeuralGpu(width, dropout, settings.relaxation, seed)
    raise InputError(f"there is no baseline '{kind}'; the baselines are {', '.join(PAPER)}")


def parameters(model: SequenceModel) -> int:
    """The number of parameters of a baseline, as in the legend of Figure 8(a)."""
    return sum(variable.shape.num_elements() for variable in model.learned)


def accuracy(
    model: SequenceModel,
    symbols: Symbols,
    digits: int,
    examples: int = 10_000,
    seed: int = TEST_SEED,
) -> float:
    """The part of expressions of one length that a baseline answers rightly.

    Args:
      model: the baseline.
      symbols: what the expressions are composed of.
      digits: how many digits each expression has.
      examples: how many expressions.
      seed: their stream; training streams have other seeds.
    """

    def right(numbers: tf.Tensor) -> tf.Tensor:
        places, results = expressions(symbols, seed, numbers, digits)
        return _right(model.logits(tf.gather(symbols.shown, places), None), results)

    several = tf.TensorSpec([None], tf.int64)
    right = tf.function(right, autograph=False).get_concrete_function(several)
    parts = range(0, examples, _ANSWERED_AT_ONCE)
    ends = [min(start + _ANSWERED_AT_ONCE, examples) for start in parts]
    counts = [int(right(tf.range(a, b, dtype=tf.int64))) for a, b in zip(parts, ends, strict=True)]
    return sum(counts) / examples


@dataclasses.dataclass(frozen=True)
class _State:
    """All of a run that is not a tensor."""

    update: int = 0
    seconds: float = 0.0
    course: Course = Course()

    def examples(self, settings: Settings) -> int:
        return self.update * settings.batch_size

    def ended(self, settings: Settings) -> bool:
        return self.examples(settings) >= settings.examples or self.seconds >= settings.seconds

    def report(self, settings: Settings) -> Report:
        course = self.course
        return Report(
            self.examples(settings), self.seconds, course.digits, course.loss, course.wrong
        )

    def text(self) -> str:
        return json.dumps(dataclasses.asdict(self))


def _state_of(text: str) -> _State:
    values = json.loads(text)
    course = values["course"]
    course["losses"] = tuple(course["losses"])
    return _State(values["update"], values["seconds"], Course(**course))


class _Training:
    """The course of a run, an update after another; what changes is in `state` and `learner`."""

    def __init__(self, learner: "_Learner", settings: Settings, report: Callable[[Report], None]):
        self.learner, self._settings, self._report = learner, settings, report
        self._state = _State()

    def restore(self, examples: int, text: str) -> None:
        """See `resumable.Work`."""
        self._state = _state_of(text)

    def finished(self) -> bool:
        """Whether a budget is used up."""
        return self._state.ended(self._settings)

    def advance(self) -> None:
        """Makes the next update, and reports at the end of a window."""
        started, settings, state = time.monotonic(), self._settings, self._state
        digits = next_digits(state.course, settings.digits, settings.seed, state.update)
        loss, wrong = self.learner.update(state.course, state.update, digits)
        course = noted(state.course, settings.digits, digits, loss, wrong)
        if course.averaged and self.learner.relaxed:
            self.learner.model.average()
        seconds = state.seconds + time.monotonic() - started
        self._state = _State(state.update + 1, seconds, course)
        if course.updates == 0:
            self._report(self._state.report(settings))

    def saved(self) -> tuple[int, str]:
        """See `resumable.Work`."""
        return self._state.examples(self._settings), self._state.text()

    def trained(self) -> Trained:
        """What the run has come to."""
        state = self._state
        examples = state.examples(self._settings)
        return Trained(self.learner.model, examples, state.seconds, state.course.digits)


def _right(logits: tf.Tensor, results: tf.Tensor) -> tf.Tensor:
    """How many answers are right, a float."""
    answers = tf.argmax(logits, -1, results.dtype)
    return tf.reduce_sum(tf.cast(answers == results, tf.float32))


class _Learner(tf.Module):
    """A model with its optimiser; one compiled update for each length."""

    def __init__(self, model: SequenceModel, symbols: Symbols, settings: Settings):
        super().__init__()
        self.model = model
        self.optimiser = Adam(model.learned, settings.epsilon, settings.clip)
        self.relaxed = isinstance(model, NeuralGpu) and settings.relaxation > 1
        self._symbols, self._settings = symbols, settings
        # Without XLA: it takes as long for an update, and seconds to compile each length.
        self._updates = [
            tf.function(partial(self._update, digits), autograph=False)
            for digits in range(1, settings.digits + 1)
        ]

    def update(self, course: Course, update: int, digits: int) -> tuple[float, float]:
        """Learns from the batch of an update: its mean loss, and the part of wrong answers."""
        settings = self._settings
        rate = tf.constant(settings.rate * course.pace)
        noise = tf.constant(settings.gradient_noise * noise_scale(course, update))
        pull = tf.constant(course.pull)
        loss, wrong = self._updates[digits - 1](tf.constant(update, tf.int64), rate, pull, noise)
        return float(loss), float(wrong)

    def _update(
        self, digits: int, update: tf.Tensor, rate: tf.Tensor, pull: tf.Tensor, noise: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        size, seed = self._settings.batch_size, self._settings.seed
        numbers = update * size + tf.range(size, dtype=tf.int64)
        places, results = expressions(self._symbols, seed, numbers, digits)
        key = tf.stack([seed % 2**31, tf.cast(update, tf.int32)])
        with tf.GradientTape() as tape:
            logits = self.model.logits(tf.gather(self._symbols.shown, places), key)
            entropies = tf.nn.sparse_softmax_cross_entropy_with_logits(results, logits)
            loss = tf.reduce_mean(entropies)
            objective = loss
            if self.relaxed:
                objective += pull * self.model.distance()
        gradients = tape.gradient(objective, self.model.learned)
        noise_key = tf.random.experimental.stateless_fold_in(key, _NOISE)
        self.optimiser.update(gradients, rate, noise, noise_key)
        return loss, 1.0 - _right(logits, results) / size
