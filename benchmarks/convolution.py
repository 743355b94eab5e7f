"""Times a training step of LeNet by several forms of its convolutions; prints one JSON line each.

    python benchmarks/convolution.py
    python benchmarks/convolution.py --restarts=1,10 --images=32,64,512 --xla=1,0 --blocks=9

A step is the loss, its gradients and Adam for all restarts, which see the same images. The forms
alternate in blocks in one process. `products` and `convolutions` are those of
`terpret/backends/convolution.py`, of which a model takes the one that is fastest with XLA and
without. The others: a convolution for each restart with the pooling of TensorFlow (`each`), or with
the larger of pairs (`pairs`), and patches of single places times the kernels (`patches`).
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import terpret.quiet  # noqa: F401

# isort: split
import numpy as np
import tensorflow as tf
from step_time import block

from terpret.backends import convolution
from terpret.learning.optimise import OPTIMISERS
from terpret.learning.presets import PRESETS

METHOD = PRESETS["robust"]
SHAPES = ((5, 5, 1, 6), (5, 5, 6, 16), (256, 120), (120, 84), (84, 10))
POOL = convolution.POOL

Form = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


def each(images: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    """One convolution a restart."""
    return _one_by_one(images, kernel, lambda x: tf.nn.max_pool2d(x, POOL, POOL, "VALID"))


def pairs(images: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    """The same, with pooling whose gradient needs no search for the largest value."""
    return _one_by_one(images, kernel, _larger)


def patches(images: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    """All pixels of every place as a row, times the kernels."""
    restarts, size, _, before, channels = kernel.shape
    height, width = (side - size + 1 for side in images.shape[-3:-1])
    places = [(row, column) for row in range(size) for column in range(size)]
    parts = [images[..., y : y + height, x : x + width, :] for y, x in places]
    rows = tf.concat(parts, -1)
    flat = tf.reshape(kernel, [restarts, size * size * before, channels])
    if len(images.shape) == 5:
        product = tf.matmul(tf.reshape(rows, [restarts, -1, flat.shape[1]]), flat)
        pooled = _larger(tf.reshape(product, [-1, height, width, channels]))
        return tf.reshape(pooled, [restarts, -1, *pooled.shape[1:]])
    wide = tf.reshape(tf.transpose(flat, [1, 0, 2]), [flat.shape[1], -1])
    product = tf.matmul(tf.reshape(rows, [-1, flat.shape[1]]), wide)
    pooled = _larger(tf.reshape(product, [-1, height, width, restarts * channels]))
    apart = tf.reshape(pooled, [-1, *pooled.shape[1:3], restarts, channels])
    return tf.transpose(apart, [3, 0, 1, 2, 4])


def _one_by_one(images: tf.Tensor, kernel: tf.Tensor, pool: Form) -> tf.Tensor:
    own = [images] * kernel.shape[0] if len(images.shape) == 4 else tf.unstack(images)
    found = zip(own, tf.unstack(kernel), strict=True)
    return tf.stack([pool(tf.nn.conv2d(x, weights, 1, "VALID")) for x, weights in found])


def _larger(images: tf.Tensor) -> tf.Tensor:
    height, width, channels = images.shape[1:]
    rows = tf.reshape(images, [-1, height // POOL, POOL, width, channels])
    rows = tf.maximum(*tf.unstack(rows, axis=2))
    columns = tf.reshape(rows, [-1, height // POOL, width // POOL, POOL, channels])
    return tf.maximum(*tf.unstack(columns, axis=3))


FORMS: dict[str, Form] = {
    "products": convolution.by_products,
    "convolutions": convolution.by_convolutions,
    "each": each,
    "pairs": pairs,
    "patches": patches,
}


def training_step(form: Form, restarts: int, xla: bool) -> Callable[[dict], tf.Tensor]:
    """A step of LeNet for all restarts, by Adam."""
    random = np.random.default_rng(0)

    def drawn(*shape: int) -> tf.Variable:
        return tf.Variable(random.normal(0, 0.1, shape).astype(np.float32))

    kernels = [drawn(restarts, *shape) for shape in SHAPES]
    biases = [drawn(restarts, shape[-1]) for shape in SHAPES]
    variables = [*kernels, *biases]
    rule, starts = OPTIMISERS["adam"]
    slots = [[tf.Variable(tf.fill(v.shape, s)) for s in starts] for v in variables]
    count, rate = tf.Variable(0.0), tf.constant(METHOD.network_rate)

    def loss(images: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        hidden = images
        for kernel, bias in zip(kernels[:2], biases[:2], strict=True):
            if restarts == 1 and len(hidden.shape) == 5:
                hidden = tf.squeeze(hidden, 0)
            hidden = tf.nn.relu(form(hidden, kernel) + bias[:, None, None, None])
        hidden = tf.reshape(hidden, [restarts, -1, SHAPES[2][0]])
        for layer, (kernel, bias) in enumerate(zip(kernels[2:], biases[2:], strict=True)):
            hidden = tf.matmul(tf.nn.relu(hidden) if layer else hidden, kernel) + bias[:, None]
        logs = tf.nn.log_softmax(hidden)
        return -tf.reduce_sum(tf.reduce_mean(logs * tf.one_hot(labels, SHAPES[-1][-1]), (1, 2)))

    def step(batch: dict) -> tf.Tensor:
        with tf.GradientTape() as tape:
            value = loss(batch["images"], batch["labels"])
        number = count.assign_add(1.0)
        for variable, gradient, own in zip(
            variables, tape.gradient(value, variables), slots, strict=True
        ):
            change, new = rule(gradient, list(own), number, rate, METHOD)
            for slot, filled in zip(own, new, strict=True):
                slot.assign(filled)
            variable.assign_sub(change)
        return value

    return tf.function(step, autograph=False, jit_compile=xla)


def measure(restarts: int, images: int, xla: bool, blocks: int) -> None:
    """Prints the milliseconds a step of each form."""
    random = np.random.default_rng(0)
    pixels = random.random((images, 28, 28, 1), np.float32)
    black = random.random(pixels.shape) < 0.7
    batch = {
        "images": tf.constant(np.where(black, np.float32(0), pixels)),
        "labels": tf.constant(random.integers(0, 10, images)),
    }
    steps = {name: training_step(form, restarts, xla) for name, form in FORMS.items()}
    counts, times = {}, {name: [] for name in FORMS}
    for name, step in steps.items():
        step(batch).numpy()
        started = time.perf_counter()
        step(batch).numpy()
        counts[name] = max(2, round(0.2 / (time.perf_counter() - started)))
    for _ in range(blocks):
        for name, step in steps.items():
            times[name].append(block(step, batch, counts[name]))
    line = {"restarts": restarts, "images": images, "xla": xla}
    for name, found in times.items():
        line[name] = round(statistics.median(found), 2)
    print(json.dumps(line), flush=True)


def main() -> None:
    """Prints the measurements that the command line asks for."""
    parser = argparse.ArgumentParser(description="Times forms of convolutions.")
    parser.add_argument("--restarts", default="1,10")
    parser.add_argument("--images", default="32,64,512")
    parser.add_argument("--xla", default="1,0")
    parser.add_argument("--blocks", type=int, default=9)
    flags = parser.parse_args()
    restarts, images, xla = (
        [int(number) for number in text.split(",")]
        for text in (flags.restarts, flags.images, flags.xla)
    )
    for many in restarts:
        for count in images:
            for compiled in xla:
                measure(many, count, bool(compiled), flags.blocks)


if __name__ == "__main__":
    main()
