"""Two small models and their batches, for tests of learning."""

import numpy as np
import tensorflow as tf

# Two Params choose what y is; x is observed.
TINY = """
x = Input(3)
y = Output(3)
p = Param(2)
q = Param(3)[2]

@Runtime([3, 3], 3)
def add(a, b):
    return (a + b) % 3

if p == 0:
    y.set_to(add(x, q[0]))
else:
    y.set_to(q[1])
"""
NETWORKED = """
image = InputTensor(4)
y = Output(3)
q = Param(3)

@Learn([Vector(4)], 3, hid_sizes=[5])
def net(a):
    pass

@Runtime([3, 3], 3)
def add(a, b):
    return (a + b) % 3

y.set_to(add(net(image), q))
"""


def tiny_batch() -> dict[str, tf.Tensor]:
    """Examples of y = x + 1."""
    return {"x": tf.constant([0, 1, 2, 0]), "y": tf.constant([1, 2, 0, 1])}


def networked_batch() -> dict[str, tf.Tensor]:
    """Six random images with random answers."""
    random = np.random.default_rng(0)
    image, y = random.random((6, 4)), random.integers(0, 3, 6)
    return {"image": tf.constant(image), "y": tf.constant(y, tf.int32)}
