"""The training step of a model: forward, backward, update, for all restarts at once."""

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

import numpy as np
import tensorflow as tf

from terpret.backends.model import CompiledModel
from terpret.learning.layers import Layers
from terpret.learning.method import Method
from terpret.learning.noise import gumbel, keys, normal
from terpret.learning.optimise import (
    OPTIMISERS,
    clip_by_restart,
    descend,
    entropies,
    fresh_slots,
    reset_slots,
)
from terpret.learning.starts import Starts, first_logits, first_weights

Batch = Mapping[str, tf.Tensor]
# The slots of each variable (`fresh_slots`), by its reference.
Slots = dict[object, list[tf.Variable]]
# Between the seeds of the attempts of a restart.
SEEDS_APART = 1_000_003


class Learner(tf.Module):
    """Learns the programs and networks of a model.

    A restart is a start of its own, with a number from which its first values and its noise are
    drawn; the rows of all tensors hold one restart each.

    Attributes:
      model: what is learned.
      method: how.
      seed: the root seed.
      steps: the number of updates each row's restart has had, [row].
      active: which rows learn still; the others keep their values, bool [row].
      horizon: how many examples each row's restart is to see, [row].
      attempt: the number of the attempt that each row's restart is at, from 0, [row].
      begun: after how many updates that attempt began, [row].
      settled: which rows' restarts were not stuck at the end of an attempt, bool [row].
      new: which rows have networks that began with that attempt and know nothing yet, bool [row].
      frozen: the same model with networks that all rows share, for the updates before they learn.
      freeze: the number of examples before a restart's networks begin to learn.
    """

    def __init__(
        self,
        model: CompiledModel,
        method: Method,
        seed: int,
        examples: int,
        xla: bool = True,
        numbers: Sequence[int] | None = None,
        freeze: int = 0,
        frozen: CompiledModel | None = None,
        given: Layers | None = None,
        slots: Slots | None = None,
        paces: Mapping[str, tf.Variable] | None = None,
        known: Collection[str] = (),
    ):
        """Starts a restart in every row.

        Args:
          model: what is learned; where its library is shared by all restarts, only the programs.
          method: how.
          seed: the root seed.
          examples: the number of examples each restart is to see.
          xla: whether the step is compiled by XLA.
          numbers: the restart of each row; 0, 1, ... unless given.
          freeze: the number of examples before a restart's networks begin to learn.
          frozen: the same model with shared networks and `model`'s Params.
          given: networks to start from; the model's other ones start at random.
          slots: the optimiser's slots by variable, of learners that share networks: this one adds
            those of its own.
          paces: what each network's rate is multiplied by, by network, [row]; 1 unless given.
          known: the networks that know something already; those that are `given` do.
        """
        super().__init__(name="learner")
        self.model, self.method, self.seed = model, method, seed
        self.freeze, self.frozen, self._given = freeze, frozen, dict(given or {})
        rows, dtype = model.restarts, model.dtype
        self.steps = tf.Variable(tf.zeros([rows], dtype), name="steps")
        self.active = tf.Variable(tf.fill([rows], True), name="active")
        self.horizon = tf.Variable(tf.fill([rows], tf.cast(examples, dtype)), name="horizon")
        self.attempt = tf.Variable(tf.zeros([rows], dtype), name="attempt")
        self.begun = tf.Variable(tf.zeros([rows], dtype), name="begun")
        self.settled = tf.Variable(tf.fill([rows], False), name="settled")
        known = {*known, *(given or {})}
        self._own = [name for name in model.networks if name not in known]
        learned = freeze < examples and model.library.restarts == rows
        self._anew = learned and bool(self._own)
        self.new = tf.Variable(tf.fill([rows], self._anew), name="new")
        self._key = tf.Variable(tf.zeros([rows], tf.uint64), name="key")
        self._program = list(model.param_logits.values())
        self._networks = model.network_variables if learned else []
        self._paces = dict(paces or {})
        self._rule = OPTIMISERS[method.optimiser][0]
        slots = {} if slots is None else slots
        for v in (*self._program, *self._networks):
            if v.ref() not in slots:
                slots[v.ref()] = fresh_slots(method.optimiser, v)
        self.slots = [slots[v.ref()] for v in (*self._program, *self._networks)]
        self.step = tf.function(self._step, autograph=False, jit_compile=xla)
        self.frozen_step = tf.function(self._frozen_step, autograph=False, jit_compile=xla)
        self._run = tf.function(self._loop, autograph=False)
        numbers = list(range(rows)) if numbers is None else list(numbers)
        self._numbers = tf.Variable(numbers, dtype=tf.int64, name="numbers")
        self._begin_all(numbers)

    @property
    def learns_networks(self) -> bool:
        """Whether the networks learn, at any time of the run."""
        return bool(self._networks)

    def begin(self, row: int, number: int, examples: int) -> None:
        """Forgets a row's restart and begins another there.

        Args:
          row: the row of the tensors.
          number: the number of the new restart.
          examples: how many examples it is to see.
        """
        self.steps[row].assign(0.0)
        self.active[row].assign(True)
        self.settled[row].assign(False)
        self.new[row].assign(self._anew)
        for variable in (self.attempt, self.begun):
            variable[row].assign(0.0)
        self.horizon[row].assign(float(examples))
        self._numbers[row].assign(number)
        self._key[row].assign(keys(self.seed, "gumbel", [number])[0])
        for variable, value in self._first_values([number]):
            variable[row].assign(value[0])
        reset_slots(self.method.optimiser, self.slots, row)

    @property
    def attempts_ended(self) -> np.ndarray:
        """Which rows have ended an attempt that is not judged yet, bool [row]."""
        if not self.method.attempt:
            return np.zeros([self.model.restarts], bool)
        ended = self._progress().numpy() >= 1.0
        return ended & ~self.settled.numpy() & self.active.numpy()

    def try_again(self, accuracies: np.ndarray, collapsed: np.ndarray) -> None:
        """Judges the attempts that have ended: begins another where a restart is stuck.

        Args:
          accuracies: of each row's discretised program on training examples, [row].
          collapsed: whether a network of the row says the same of nearly all images, [row]; then
            the networks that learned nothing elsewhere are drawn anew, too.
        """
        ended = self.attempts_ended
        stuck = ended & (accuracies < self.method.stuck_below)
        self.settled.assign(self.settled | (ended & ~stuck))
        for row in np.flatnonzero(stuck):
            self._attempt_again(int(row), self._anew and bool(collapsed[row]))

    def run(self, batches: Iterator[Batch], count: int, frozen: bool = False) -> tf.Tensor:
        """Makes `count` updates on the next batches.

        Args:
          batches: the stream.
          count: how many.
          frozen: by the model with shared networks, which do not learn.

        Returns:
          The mean loss of each row, [row].
        """
        return self._run(batches, tf.constant(count), frozen)

    def _attempt_again(self, row: int, networks_too: bool) -> None:
        self.attempt[row].assign(self.attempt[row] + 1.0)
        self.begun[row].assign(self.steps[row])
        self.new[row].assign(networks_too)
        # What an attempt begins from is what a restart of another seed begins from.
        seed = self.seed + SEEDS_APART * int(self.attempt[row])
        numbers = [int(self._numbers[row])]
        drawn = list(first_logits(self.model, numbers, seed, self.method.dirichlet))
        slots = self.slots[: len(self._program)]
        if networks_too:
            drawn += first_weights(self.model, numbers, seed, self._own, {})
            slots = self.slots
        for variable, value in drawn:
            variable[row].assign(value[0])
        reset_slots(self.method.optimiser, slots, row)

    def _begin_all(self, numbers: list[int]) -> None:
        self._key.assign(keys(self.seed, "gumbel", numbers))
        for variable, values in self._first_values(numbers):
            variable.assign(values)
        if self.frozen is not None:
            for name, weights in self.frozen.networks.items():
                mine = self.model.networks[name].trainable_variables
                for variable, source in zip(weights.trainable_variables, mine, strict=True):
                    variable.assign(source[:1])

    def _first_values(self, numbers: list[int]) -> Starts:
        """The learned variables with the values that restarts begin from, [restart, ...]."""
        model, seed = self.model, self.seed
        yield from first_logits(model, numbers, seed, self.method.dirichlet)
        yield from first_weights(model, numbers, seed, model.networks, self._given)

    def _loop(self, batches: Iterator[Batch], count: tf.Tensor, frozen: bool) -> tf.Tensor:
        step = self.frozen_step if frozen else self.step

        def body(k: tf.Tensor, total: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            return k + 1, total + step(next(batches))

        start = tf.zeros([self.model.restarts], self.model.dtype)
        _, total = tf.while_loop(lambda k, _: k < count, body, (tf.constant(0), start))
        return total / tf.cast(count, self.model.dtype)

    def _step(self, batch: Batch) -> tf.Tensor:
        return self._update(self.model, self._networks, batch)

    def _frozen_step(self, batch: Batch) -> tf.Tensor:
        return self._update(self.frozen, [], batch)

    def _update(
        self, model: CompiledModel, networks: Sequence[tf.Variable], batch: Batch
    ) -> tf.Tensor:
        method = self.method
        with tf.GradientTape() as tape:
            losses, objectives = self._objectives(model, networks, batch)
            # Restarts share nothing, so the sum's gradient is each one's own.
            objective = tf.reduce_sum(objectives - self._entropy_bonus())
        variables = [*self._program, *networks]
        gradients = tape.gradient(
            objective, variables, unconnected_gradients=tf.UnconnectedGradients.ZERO
        )
        if method.clip:
            gradients = clip_by_restart(gradients, method.clip)
        learning = self.active & tf.math.is_finite(losses)
        rates = self._rates(len(networks))
        gradients = self._noisy(gradients)
        step = self.steps.assign_add(tf.cast(learning, self.steps.dtype))
        every = zip(variables, gradients, self.slots, rates, strict=False)
        for variable, gradient, slots, rate in every:
            descend(self._rule, variable, gradient, slots, rate, learning, method)
        self._after_update(model, batch, losses, learning)
        learning &= step * method.batch_size < self.horizon
        if method.stop_below_loss:
            learning &= losses >= method.stop_below_loss
        self.active.assign(learning)
        return losses

    def _objectives(
        self, model: CompiledModel, networks: Sequence[tf.Variable], batch: Batch
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """The loss of each restart, and what it descends, [restart] both: here the same."""
        losses = model.emit_losses(batch, self._logits())
        return losses, losses

    def _after_update(
        self, model: CompiledModel, batch: Batch, losses: tf.Tensor, learning: tf.Tensor
    ) -> None:
        """What else an update does; `losses` were before it, `learning` are the rows it changed."""

    def _progress(self) -> tf.Tensor:
        """How much of its attempt each restart has behind it, [restart]; above 1 when settled."""
        if self.method.attempt:
            return (self.steps - self.begun) / self.method.attempt
        return self._seen() / self.horizon

    def _ignorant(self) -> tf.Tensor:
        """Which restarts have networks that know nothing yet, bool [restart]."""
        return self.new

    def _rates(self, networks: int) -> list[tf.Tensor]:
        """The learning rate of each restart for each variable, [restart] each."""
        program = tf.fill(self.steps.shape, tf.cast(self.method.program_rate, self.steps.dtype))
        network = self.method.network_rate * self._remaining()
        if self.freeze:
            thawed = self._seen() >= self.freeze
            network = tf.where(thawed, network, tf.zeros_like(network))
        rates = [
            self._network_rate(network, name)
            for name, weights in self.model.networks.items()
            for _ in weights.trainable_variables
        ]
        return [program] * len(self._program) + rates[:networks]

    def _network_rate(self, rate: tf.Tensor, name: str) -> tf.Tensor:
        """A network's rate from that of all networks, [restart]."""
        if self.method.wait:
            waits = self._progress() < self.method.wait
            if name in self._own:
                waits &= ~self._ignorant()
            rate = tf.where(waits, tf.zeros_like(rate), rate)
        return rate * self._paces[name] if name in self._paces else rate

    def _entropy_bonus(self) -> tf.Tensor:
        if not self.method.entropy:
            return tf.zeros_like(self.steps)
        weight = self.method.entropy * tf.exp(-self.method.entropy_decay * self.steps)
        return weight * entropies(tf.convert_to_tensor(v) for v in self._program)

    def _noisy(self, gradients: list[tf.Tensor]) -> list[tf.Tensor]:
        """The gradients with Gaussian noise on those of the Params."""
        method = self.method
        if not method.gradient_noise:
            return gradients
        variance = method.gradient_noise / (1 + self.steps) ** method.gradient_noise_decay
        count = len(self._program)
        drawn = self._split(tf.sqrt(variance)[:, None] * self._drawn(normal))
        noisy = [g + noise for g, noise in zip(gradients[:count], drawn, strict=True)]
        return [*noisy, *gradients[count:]]

    def _logits(self) -> dict[str, tf.Tensor]:
        """The logits of this update: with Gumbel noise, where the method has it."""
        method = self.method
        values = [tf.convert_to_tensor(v) for v in self._program]
        if method.gumbel:
            progress = self._progress()
            falls = tf.nn.relu(1.0 - progress) if method.anneal else tf.ones_like(progress)
            scale = tf.where(self._ignorant(), tf.zeros_like(progress), method.gumbel * falls)
            noise = self._split(scale[:, None] * self._drawn(gumbel))
            values = [value + part for value, part in zip(values, noise, strict=True)]
        return dict(zip(self.model.param_logits, values, strict=True))

    def _drawn(self, draw: Callable[..., tf.Tensor]) -> tf.Tensor:
        """One draw for all Params, [restart, numbers]: a draw each would cost more."""
        size = sum(math.prod(value.shape[1:]) for value in self._program)
        return draw(self._key, self.steps, [size], self.model.dtype)

    def _split(self, numbers: tf.Tensor) -> list[tf.Tensor]:
        """Numbers [n, numbers] as those of each Param, [n, *dims, values] each."""
        sizes = [math.prod(value.shape[1:]) for value in self._program]
        parts = tf.split(numbers, sizes, axis=1)
        return [
            tf.reshape(part, [-1, *value.shape[1:]])
            for part, value in zip(parts, self._program, strict=True)
        ]

    def _remaining(self) -> tf.Tensor:
        """The part of the run that lies ahead of each restart, [restart]; 1 without annealing."""
        if not self.method.anneal:
            return tf.ones_like(self.steps)
        return tf.nn.relu(1.0 - self._seen() / self.horizon)

    def _seen(self) -> tf.Tensor:
        """The examples each restart has seen, [restart]."""
        return self.steps * self.method.batch_size
