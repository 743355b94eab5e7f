"""The training step of a model: forward, backward, update, for all restarts at once."""

import math
from collections.abc import Iterator, Mapping

import tensorflow as tf

from terpret.backends.model import CompiledModel, initial_logits
from terpret.learning.method import Method
from terpret.learning.noise import gumbel, keys
from terpret.learning.optimise import OPTIMISERS, by_restart, clip_by_restart

Batch = Mapping[str, tf.Tensor]


class Learner(tf.Module):
    """Learns the programs and networks of a model.

    Attributes:
      model: what is learned.
      method: how.
      examples: the number of examples each restart is to see.
      steps: the number of updates each restart has had, [restart].
      solved_at: the number of examples after which a restart's program was found correct, -1
        before, [restart].
    """

    def __init__(
        self, model: CompiledModel, method: Method, seed: int, examples: int, xla: bool = True
    ):
        super().__init__(name="learner")
        self.model, self.method, self.examples = model, method, examples
        restarts = range(model.restarts)
        for variable in model.learned_params:
            start = initial_logits(variable, restarts, seed, method.dirichlet, model.dtype)
            model.param_logits[variable.name].assign(start)
        self.steps = tf.Variable(tf.zeros([model.restarts], model.dtype), name="steps")
        self.solved_at = tf.Variable(tf.fill([model.restarts], tf.constant(-1, tf.int64)))
        self._program = list(model.param_logits.values())
        self._networks = model.network_variables
        self._key = keys(seed, "gumbel", restarts)
        self._rule, starts = OPTIMISERS[method.optimiser]
        self.slots = [
            [tf.Variable(tf.fill(v.shape, tf.constant(s, v.dtype))) for s in starts]
            for v in (*self._program, *self._networks)
        ]
        self.step = tf.function(self._step, autograph=False, jit_compile=xla)
        self._run = tf.function(self._loop, autograph=False)

    def run(self, batches: Iterator[Batch], count: int) -> tf.Tensor:
        """Makes `count` updates on the next batches; the mean loss of each restart, [restart]."""
        return self._run(batches, tf.constant(count))

    def _loop(self, batches: Iterator[Batch], count: tf.Tensor) -> tf.Tensor:
        def body(k: tf.Tensor, total: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            return k + 1, total + self.step(next(batches))

        start = tf.zeros([self.model.restarts], self.model.dtype)
        _, total = tf.while_loop(lambda k, _: k < count, body, (tf.constant(0), start))
        return total / tf.cast(count, self.model.dtype)

    def _step(self, batch: Batch) -> tf.Tensor:
        variables = [*self._program, *self._networks]
        with tf.GradientTape() as tape:
            losses = self.model.emit_losses(batch, self._logits())
            # Restarts share nothing, so the sum's gradient is each one's own.
            total = tf.reduce_sum(losses)
        gradients = tape.gradient(
            total, variables, unconnected_gradients=tf.UnconnectedGradients.ZERO
        )
        if self.method.clip:
            gradients = clip_by_restart(gradients, self.method.clip)
        network_rate = self.method.network_rate * self._remaining()
        rates = [self.method.program_rate * tf.ones_like(network_rate)] * len(self._program)
        rates += [network_rate] * len(self._networks)
        step = self.steps.assign_add(tf.ones_like(self.steps))
        for variable, gradient, slots, rate in zip(
            variables, gradients, self.slots, rates, strict=True
        ):
            change, values = self._rule(
                gradient,
                list(slots),
                by_restart(step, gradient),
                by_restart(rate, gradient),
                self.method,
            )
            for slot, value in zip(slots, values, strict=True):
                slot.assign(value)
            variable.assign_sub(change)
        return losses

    def _logits(self) -> dict[str, tf.Tensor]:
        """The logits of this update: with Gumbel noise, where the method has it."""
        logits = {name: tf.convert_to_tensor(v) for name, v in self.model.param_logits.items()}
        if not self.method.gumbel:
            return logits
        seen = self.steps * self.method.batch_size
        risen = tf.minimum(seen / self.method.rise, 1.0)
        scale = self.method.gumbel * risen * self._remaining()
        # One draw for all Params: a draw each would cost more than the numbers do.
        sizes = [math.prod(value.shape[1:]) for value in logits.values()]
        noise = scale[:, None] * gumbel(self._key, self.steps, [sum(sizes)], self.model.dtype)
        parts = tf.split(noise, sizes, axis=1)
        return {
            name: value + tf.reshape(part, value.shape)
            for (name, value), part in zip(logits.items(), parts, strict=True)
        }

    def _remaining(self) -> tf.Tensor:
        """The part of the run that lies ahead of each restart, [restart]; 1 without annealing."""
        if not self.method.anneal:
            return tf.ones_like(self.steps)
        return tf.nn.relu(1.0 - self.steps * (self.method.batch_size / self.examples))
