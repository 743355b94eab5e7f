"""The training step of a model: forward, backward, update, for all restarts at once."""

import dataclasses
import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

import numpy as np
import tensorflow as tf

from terpret.backends import compiled_cache
from terpret.backends.batches import Batch
from terpret.backends.convolution import compiled_by_xla
from terpret.backends.graph import graph_of
from terpret.backends.model import CompiledModel
from terpret.discrete.program import Program, assignments
from terpret.learning.judging import Judgement
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
from terpret.learning.starts import Starts, first_logits, first_weights, held_logits

# The slots of each variable (`fresh_slots`), by its reference.
Slots = dict[object, list[tf.Variable]]


@dataclasses.dataclass(frozen=True, eq=False)
class Pretrained:
    """Networks that have learned already, and for how long they stay as they are.

    Attributes:
      layers: their layers, by network; the model's other networks are initialised at random.
      freeze: the number of examples before a restart's networks begin to learn.
      frozen: the same model, of the same Params, with these networks shared by all restarts, for
        the updates before they learn; None where they learn at once.
    """

    layers: Layers = dataclasses.field(default_factory=dict)
    freeze: int = 0
    frozen: CompiledModel | None = None


@dataclasses.dataclass(frozen=True, eq=False)
class SharedNetworks:
    """Networks that several learners teach in turn.

    Attributes:
      slots: the optimiser's slots by variable; each learner adds those of its own.
      multipliers: what each network's learning rate is multiplied by, by network, [restart].
      taught: the networks that another learner has taught already.
    """

    slots: Slots = dataclasses.field(default_factory=dict)
    multipliers: Mapping[str, tf.Variable] = dataclasses.field(default_factory=dict)
    taught: Collection[str] = ()


class Learner(tf.Module):
    """Learns the programs and networks of a model.

    A restart is a start of its own, with a number from which its first values and its noise are
    drawn; the rows of all tensors hold one restart each.

    Attributes:
      model: what is learned.
      method: how; where the model has one program only, what is for finding programs is left out.
      seed: the root seed.
      steps: the number of updates each restart has had, [restart].
      active: which restarts learn still; the others keep their values, bool [restart].
      horizon: how many examples each restart is to see, [restart].
      finder: finds the programs, in the way that the method's strategy says.
      has_untaught_networks: whether networks that know nothing begin with each restart.
      frozen: as in `Pretrained`.
      freeze: as in `Pretrained`.
    """

    def __init__(
        self,
        model: CompiledModel,
        method: Method,
        seed: int,
        examples: int,
        *,
        xla: bool = True,
        numbers: Sequence[int] | None = None,
        pretrained: Pretrained | None = None,
        shared: SharedNetworks | None = None,
    ):
        """Starts a restart in every row.

        Args:
          model: what is learned; where its library is shared by all restarts, only the programs.
          method: how.
          seed: the root seed.
          examples: the number of examples each restart is to see.
          xla: whether the step is compiled by XLA.
          numbers: the restart of each row; 0, 1, ... unless given.
          pretrained: networks to start from.
          shared: what networks that other learners teach, too, have in common.
        """
        super().__init__(name="learner")
        pretrained, shared = pretrained or Pretrained(), shared or SharedNetworks()
        if assignments(model.checked) == 1:
            method = method.for_networks_alone()
        self.model, self.method, self.seed = model, method, seed
        self.freeze, self.frozen = pretrained.freeze, pretrained.frozen
        self._pretrained = dict(pretrained.layers)
        rows, dtype = model.restarts, model.dtype
        self.steps = tf.Variable(tf.zeros([rows], dtype), name="steps")
        self.active = tf.Variable(tf.fill([rows], True), name="active")
        self.horizon = tf.Variable(tf.fill([rows], tf.cast(examples, dtype)), name="horizon")
        taught = {*shared.taught, *self._pretrained}
        self._own = [name for name in model.networks if name not in taught]
        learned = self.freeze < examples and model.library.restarts == rows
        self.has_untaught_networks = learned and bool(self._own)
        self.key = tf.Variable(tf.zeros([rows], tf.uint64), name="key")
        self.program = list(model.param_logits.values())
        self._networks = model.network_variables if learned else []
        self._multipliers = dict(shared.multipliers)
        self._rule = OPTIMISERS[method.optimiser][0]
        for v in (*self.program, *self._networks):
            if v.ref() not in shared.slots:
                shared.slots[v.ref()] = fresh_slots(method.optimiser, v)
        self.slots = [shared.slots[v.ref()] for v in (*self.program, *self._networks)]
        self.finder = method.strategy.finder(self)
        self._xla = xla
        self.step = graph_of(self._step, jit_compile=xla)
        self.frozen_step = graph_of(self._frozen_step, jit_compile=xla)
        self._run = graph_of(self._loop)
        # Which of the two steps are.
        self._compiled: set[bool] = set()
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
        self.horizon[row].assign(float(examples))
        self._numbers[row].assign(number)
        self.key[row].assign(keys(self.seed, "gumbel", [number])[0])
        for variable, value in self._first_values([number]):
            variable[row].assign(value[0])
        reset_slots(self.method.optimiser, self.slots, row)
        self.finder.begin(self, row)

    @property
    def attempts_ended(self) -> np.ndarray:
        """Which restarts have ended an attempt that is not judged yet, bool [restart]."""
        return self.finder.attempts_ended(self)

    def judge(self, judged: Judgement) -> None:
        """Judges the attempts that have ended; see `Finder.judge`."""
        self.finder.judge(self, judged)

    def hold(self, row: int, program: Program, share: float) -> None:
        """Gives the Params of a row marginals of which nearly all is a program.

        Args:
          row: the row of the tensors.
          program: the program.
          share: what each of its values has of its marginal, below 1.
        """
        for variable in self.model.learned_params:
            logits = held_logits(program.values[variable.name], variable.size, share)
            self.model.param_logits[variable.name][row].assign(tf.cast(logits, self.model.dtype))
        reset_slots(self.method.optimiser, self.slots[: len(self.program)], row)

    def reinitialise(self, row: int, seed: int, networks_too: bool) -> None:
        """Gives a restart the first values that it has with another seed.

        Args:
          row: the row of the tensors.
          seed: the other root seed.
          networks_too: whether the networks that nobody else has taught are re-initialised, too.
        """
        numbers = [int(self._numbers[row])]
        drawn = list(first_logits(self.model, numbers, seed, self.method.dirichlet))
        slots = self.slots[: len(self.program)]
        if networks_too:
            drawn += first_weights(self.model, numbers, seed, self._own, {})
            slots = self.slots
        for variable, value in drawn:
            variable[row].assign(value[0])
        reset_slots(self.method.optimiser, slots, row)

    def run(self, batches: Iterator[Batch], count: int, frozen: bool = False) -> tf.Tensor:
        """Makes `count` updates on the next batches.

        Args:
          batches: the stream.
          count: how many.
          frozen: by the model with shared networks, which do not learn.

        Returns:
          The mean loss of each row, [row].
        """
        if frozen in self._compiled:
            return self._run(batches, tf.constant(count), frozen)
        with compiled_cache.sealing():
            losses = self._run(batches, tf.constant(count), frozen)
        self._compiled.add(frozen)
        return losses

    def _begin_all(self, numbers: list[int]) -> None:
        self.key.assign(keys(self.seed, "gumbel", numbers))
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
        yield from first_weights(model, numbers, seed, model.networks, self._pretrained)

    def _loop(self, batches: Iterator[Batch], count: tf.Tensor, frozen: bool) -> tf.Tensor:
        step = self.frozen_step if frozen else self.step

        def body(k: tf.Tensor, total: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            return k + 1, total + step(next(batches))

        start = tf.zeros([self.model.restarts], self.model.dtype)
        _, total = tf.while_loop(lambda k, _: k < count, body, (tf.constant(0), start))
        return total / tf.cast(count, self.model.dtype)

    def _step(self, batch: Batch) -> tf.Tensor:
        with compiled_by_xla(self._xla):
            return self._update(self.model, self._networks, batch)

    def _frozen_step(self, batch: Batch) -> tf.Tensor:
        assert self.frozen is not None
        with compiled_by_xla(self._xla):
            return self._update(self.frozen, [], batch)

    def _update(
        self, model: CompiledModel, networks: Sequence[tf.Variable], batch: Batch
    ) -> tf.Tensor:
        method = self.method
        with tf.GradientTape() as tape:
            losses, objectives = self.finder.objectives(self, model, networks, batch)
            # Restarts share nothing, so the sum's gradient is each one's own.
            objective = tf.reduce_sum(objectives - self._entropy_bonus())
        variables = [*self.program, *networks]
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
        self.finder.after_update(self, model, batch, losses, learning)
        learning &= step * method.batch_size < self.horizon
        if method.stop_below_loss:
            learning &= losses >= method.stop_below_loss
        self.active.assign(learning)
        return losses

    def _rates(self, networks: int) -> list[tf.Tensor]:
        """The learning rate of each restart for each variable, [restart] each."""
        program = tf.fill(self.steps.shape, tf.cast(self.method.program_rate, self.steps.dtype))
        network = self.method.network_rate * self._remaining()
        if self.freeze:
            thawed = self.seen() >= self.freeze
            network = tf.where(thawed, network, tf.zeros_like(network))
        rates = [
            self._network_rate(network, name)
            for name, weights in self.model.networks.items()
            for _ in weights.trainable_variables
        ]
        return [program] * len(self.program) + rates[:networks]

    def _network_rate(self, rate: tf.Tensor, name: str) -> tf.Tensor:
        """A network's rate from that of all networks, [restart]."""
        waits = self.finder.network_waits(self, name in self._own)
        if waits is not None:
            rate = tf.where(waits, tf.zeros_like(rate), rate)
        return rate * self._multipliers[name] if name in self._multipliers else rate

    def _entropy_bonus(self) -> tf.Tensor:
        if not self.method.entropy:
            return tf.zeros_like(self.steps)
        weight = self.method.entropy * tf.exp(-self.method.entropy_decay * self.steps)
        return weight * entropies(tf.convert_to_tensor(v) for v in self.program)

    def _noisy(self, gradients: list[tf.Tensor]) -> list[tf.Tensor]:
        """The gradients with Gaussian noise on those of the Params."""
        method = self.method
        if not method.gradient_noise:
            return gradients
        variance = method.gradient_noise / (1 + self.steps) ** method.gradient_noise_decay
        count = len(self.program)
        drawn = self.split(tf.sqrt(variance)[:, None] * self.drawn(normal))
        noisy = [g + noise for g, noise in zip(gradients[:count], drawn, strict=True)]
        return [*noisy, *gradients[count:]]

    def noisy_logits(self) -> dict[str, tf.Tensor]:
        """The logits of this update: with Gumbel noise, where the method has it."""
        method = self.method
        values = [tf.convert_to_tensor(v) for v in self.program]
        if method.gumbel:
            progress = self.finder.progress(self)
            falls = tf.nn.relu(1.0 - progress) if method.anneal else tf.ones_like(progress)
            scale = tf.where(
                self.finder.ignorant(self), tf.zeros_like(progress), method.gumbel * falls
            )
            noise = self.split(scale[:, None] * self.drawn(gumbel))
            values = [value + part for value, part in zip(values, noise, strict=True)]
        return dict(zip(self.model.param_logits, values, strict=True))

    def drawn(self, draw: Callable[..., tf.Tensor]) -> tf.Tensor:
        """One draw for all Params, [restart, numbers]: a draw each would cost more."""
        size = sum(math.prod(value.shape[1:]) for value in self.program)
        return draw(self.key, self.steps, [size], self.model.dtype)

    def split(self, numbers: tf.Tensor) -> list[tf.Tensor]:
        """Numbers [n, numbers] as those of each Param, [n, *dims, values] each."""
        sizes = [math.prod(value.shape[1:]) for value in self.program]
        parts = tf.split(numbers, sizes, axis=1)
        return [
            tf.reshape(part, [-1, *value.shape[1:]])
            for part, value in zip(parts, self.program, strict=True)
        ]

    def _remaining(self) -> tf.Tensor:
        """The part of the run that lies ahead of each restart, [restart]; 1 without annealing."""
        if not self.method.anneal:
            return tf.ones_like(self.steps)
        return tf.nn.relu(1.0 - self.seen() / self.horizon)

    def seen(self) -> tf.Tensor:
        """The examples each restart has seen, [restart]."""
        return self.steps * self.method.batch_size
