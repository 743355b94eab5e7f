"""The Neural GPU (Kaiser and Sutskever, 2016), after its authors' released code.

The expression lies in the first of four columns of a *mental image* [length, 4, filters]. A step of
the machine is two convolutional gated recurrent units (CGRU) one after the other; there are as many
steps as the expression has symbols. The answer is read from the first place of the first column.

Under *relaxation* a step t uses set t mod r of r sets of weights; a penalty pulls the sets
together, and at last they are averaged. Its authors took r = 6 for tapes of up to 41 symbols; an
expression of five digits has only nine.

Differences from the released code, whose task was to write a whole tape: only the first place is
asked for; expressions of one length make a batch, so nothing is masked; dropout for tapes shorter
than eight places, which it did not know, is that for eight.
"""

import math

import tensorflow as tf

from baselines.dropout import dropped
from baselines.sequence_data import SHOWN
from baselines.shapes import ANSWERS

_COLUMNS = 4
_UNITS = 2
_KERNEL = 3
# A gate is this much steeper than a sigmoid and cut to 0..1, so that it can be shut and open.
_CUTOFF = 1.2
_GATE_BIAS = 1.0
_EMBEDDING_LIMIT = 1.7
_INITIAL_SCALE = 1.8
# Dropout is given for tapes of this length; longer ones, of more steps, drop less at each.
_DROPOUT_LENGTH = 8


class Cgru(tf.Module):
    """A convolutional gated recurrent unit, in as many sets of weights as there is relaxation.

    Attributes:
      relaxed: its variables, whose first axis is the set.
    """

    def __init__(self, name: str, filters: int, relaxation: int, seed: tf.Tensor):
        super().__init__(name=name)
        seeds = tf.random.split(seed, 2)
        sets = [relaxation, _KERNEL, _KERNEL, filters]
        # The reset and the update gate see the same state: they are one convolution.
        self.gates = _variable("gates", [*sets, 2 * filters], seeds[0])
        self.gate_biases = tf.Variable(tf.fill([relaxation, 2 * filters], _GATE_BIAS))
        self.candidate = _variable("candidate", [*sets, filters], seeds[1])
        self.candidate_biases = tf.Variable(tf.zeros([relaxation, filters]))
        self.relaxed = [self.gates, self.gate_biases, self.candidate, self.candidate_biases]

    def __call__(self, image: tf.Tensor, which: int) -> tf.Tensor:
        """Makes one step of a mental image [batch, length, 4, filters], by set `which`."""
        gates = _convolved(image, self.gates[which], self.gate_biases[which])
        reset, update = tf.split(_gate(gates), 2, -1)
        change = _convolved(reset * image, self.candidate[which], self.candidate_biases[which])
        return update * image + (1.0 - update) * tf.tanh(change)


class NeuralGpu(tf.Module):
    """The machine, its input and its output.

    Attributes:
      learned: the variables.
    """

    def __init__(self, filters: int, dropout: float, relaxation: int, seed: int):
        """Makes the weights.

        Args:
          filters: the numbers in each cell of the mental image; 512 in the paper.
          dropout: the part of the mental image that is dropped at each step of a tape of eight.
          relaxation: the number of sets of weights; 1 is without relaxation.
          seed: what the first weights are drawn from.
        """
        super().__init__()
        self._filters, self._dropout, self._relaxation = filters, dropout, relaxation
        seeds = tf.random.split(tf.constant([seed % 2**31, 0]), 3 + _UNITS)
        limit = _EMBEDDING_LIMIT
        embedding = tf.random.stateless_uniform([SHOWN, filters], seeds[0], -limit, limit)
        self.embedding = tf.Variable(embedding, name="embedding")
        self.input = _variable("input", [1, filters, filters], seeds[1])
        self.input_bias = tf.Variable(tf.zeros([filters]), name="input_bias")
        self.output = _variable("output", [1, filters, ANSWERS], seeds[2])
        self.output_bias = tf.Variable(tf.zeros([ANSWERS]), name="output_bias")
        self.units = [
            Cgru(f"cgru_{unit}", filters, relaxation, seeds[3 + unit]) for unit in range(_UNITS)
        ]
        self.learned = list(self.trainable_variables)

    def logits(self, shown: tf.Tensor, key: tf.Tensor | None) -> tf.Tensor:
        """Answers expressions.

        Args:
          shown: the symbols, [batch, length, 14]; the length is known to the graph.
          key: what dropout is drawn from, int32 [2]; None is without dropout.

        Returns:
          The logits of the answers, [batch, 19].
        """
        length = shown.shape[1]
        rate = self._dropout * _DROPOUT_LENGTH / max(length, _DROPOUT_LENGTH)
        first = tf.tanh(shown @ self.embedding) @ self.input[0] + self.input_bias
        image = tf.pad(first[:, :, None], [[0, 0], [0, 0], [0, _COLUMNS - 1], [0, 0]])
        for step in range(length):
            image = dropped(image, rate, key, step)
            for unit in self.units:
                image = unit(image, step % self._relaxation)
        return image[:, 0, 0] @ self.output[0] + self.output_bias

    def distance(self) -> tf.Tensor:
        """How far apart the relaxed sets are: the sum of squares around their means."""
        return tf.add_n([tf.reduce_sum(tf.square(v - _mean(v))) for v in self._relaxed()])

    def average(self) -> None:
        """Gives all relaxed sets the weights of their means."""
        for variable in self._relaxed():
            variable.assign(tf.broadcast_to(_mean(variable), variable.shape))

    def _relaxed(self) -> list[tf.Variable]:
        return [variable for unit in self.units for variable in unit.relaxed]


def _variable(name: str, shape: list[int], seed: tf.Tensor) -> tf.Variable:
    """Uniform weights [set, ..., inputs, outputs] that keep the scale of what passes through."""
    limit = _INITIAL_SCALE * math.sqrt(3 / math.prod(shape[1:-1]))
    return tf.Variable(tf.random.stateless_uniform(shape, seed, -limit, limit), name=name)


def _convolved(image: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor) -> tf.Tensor:
    return tf.nn.conv2d(image, kernel, 1, "SAME") + bias


def _gate(values: tf.Tensor) -> tf.Tensor:
    steep = _CUTOFF * tf.sigmoid(values) - (_CUTOFF - 1) / 2
    return tf.clip_by_value(steep, 0.0, 1.0)


def _mean(sets: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(sets, 0, keepdims=True)
