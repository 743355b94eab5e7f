"""What the baselines' networks share: the sizes of the paper's column, and of a task's inputs.

Section 5.1 of the paper gives the column: two layers of 256 neurons embed each image in 10 numbers;
the four embeddings and, for APPLY2X2, the auxiliary integers as one-hot vectors pass through three
hidden layers of 128 neurons to 19 outputs. The first version of the paper (4.1) adds that the
hidden layers are ReLU and the outputs a softmax.

Two things are left open. An embedding ends in a softmax here, because section 5.1 refers to `net_0`
and `net_1`, which do (section 4.1). The one-hot vectors are 19 wide, the range that the model of
APPLY2X2 declares for its auxiliary integers (B.2).
"""

import tensorflow as tf

TILES = 4
PIXELS = 28 * 28
PERCEPTION = (256, 256)
DIGITS, OPERATORS = 10, 4
HIDDEN = 128
ANSWERS = 19
INTEGERS = 3 * ANSWERS

_READS_INTEGERS = {"add2x2": False, "apply2x2": True}


def scenario(task: str) -> str:
    """The scenario of a task: "add2x2" of "add2x2-top"."""
    return task.partition("-")[0]


def reads_integers(task: str) -> bool:
    """Whether a task's examples have auxiliary integers.

    Raises:
      KeyError: there is no such scenario.
    """
    return _READS_INTEGERS[scenario(task)]


def facts_width(task: str, embedding: int) -> int:
    """How many numbers a task is decided from, where each tile is embedded in `embedding`."""
    return TILES * embedding + INTEGERS * reads_integers(task)


def facts(task: str, tiles: tf.Tensor, integers: tf.Tensor) -> tf.Tensor:
    """What a task is decided from.

    Args:
      task: its name.
      tiles: the embeddings, [life, batch, 4, embedding].
      integers: the auxiliary integers as one-hot vectors, [life, batch, 57].

    Returns:
      Tensor [life, batch, facts_width].
    """
    lives, _, _, embedding = tiles.shape
    joined = tf.reshape(tiles, [lives, -1, TILES * embedding])
    return tf.concat([joined, integers], -1) if reads_integers(task) else joined
