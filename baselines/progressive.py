"""PNN: a column for every task, which also reads all earlier columns (paper, section 5.1).

As in Rusu et al. (2016), equation 2, each layer of a column but the first, which sees the images,
reads the layer below and, through an adapter, the layer below of all earlier columns:

    h = relu(W h_below + U relu(V (a g_below)) + b)

where g_below are the outputs of the layer below in all earlier columns, side by side; a is a
learned scalar, small and random at first; and V maps onto as many numbers as one column has there.
W and U are one kernel here, over h_below and the adapter's output side by side. So perception is
adapted image by image, and decision from the embeddings of the four tiles upwards. An update
changes the column of its own task alone.

The sources leave open, or differ on: that V has a bias (as in the code of HOUDINI, Valkov et al.,
2018); that one scalar serves all earlier columns of a layer; that a column's auxiliary integers are
not shown to later columns as such; and that a column which reads integers gets zeros in the
examples of a later task that has none.
"""

from collections.abc import Mapping, Sequence

import tensorflow as tf

from baselines.baseline import Baseline, Batch, RmsProp
from baselines.dense import Perceptron, Start
from baselines.memory import Memory
from baselines.shapes import (
    ANSWERS,
    DIGITS,
    HIDDEN,
    PERCEPTION,
    PIXELS,
    TILES,
    facts,
    facts_width,
)
from terpret.hashing import seed_of

# What a column shows to later ones, from its lowest layer upwards: [life, example, width] each.
Levels = list[tf.Tensor]

_LARGEST_SCALE = 0.1


class Adapter(tf.Module):
    """What a layer reads of earlier columns: relu(V (a g)).

    Attributes:
      scale: a, [life].
      projection: V.
    """

    def __init__(self, name: str, width: int, earlier: int, start: Start):
        """Makes the adapter of `earlier` columns with `width` outputs each."""
        super().__init__()
        drawn = [
            tf.random.stateless_uniform(
                [],
                seed_of(start.seed, f"{name}/scale", life),
                -_LARGEST_SCALE,
                _LARGEST_SCALE,
                start.dtype,
            )
            for life in start.lives
        ]
        self.scale = tf.Variable(tf.stack(drawn), name=f"{name}/scale")
        self.projection = Perceptron(name, [earlier * width, width], start)

    def __call__(self, outputs: Sequence[tf.Tensor]) -> tf.Tensor:
        """Adapts the columns' outputs, [life, example, width] each, to one tensor of that shape."""
        (kernel,), (bias,) = self.projection.kernels, self.projection.biases
        # V (a g) = a (V g): so the gradient of a needs no product with V.
        projected = self.scale[:, None, None] * tf.matmul(tf.concat(outputs, -1), kernel)
        return tf.nn.relu(projected + bias[:, None])


class LateralLayer(tf.Module):
    """A layer of a column: W, U and b over its own inputs and its adapter's outputs.

    The first column has nobody to read, hence no adapters.
    """

    def __init__(
        self, name: str, inputs: int, outputs: int, width: int, earlier: int, start: Start
    ):
        """Makes a layer that reads `width` outputs of each of `earlier` columns."""
        super().__init__()
        self.adapter = None
        if earlier:
            self.adapter = Adapter(f"{name}/adapter", width, earlier, start)
            inputs += width
        self.main = Perceptron(name, [inputs, outputs], start)

    def __call__(self, own: tf.Tensor, earlier: Sequence[tf.Tensor]) -> tf.Tensor:
        """The layer's values before its ReLU, [life, example, outputs]."""
        if self.adapter is None:
            return self.main(own)
        return self.main(tf.concat([own, self.adapter(earlier)], -1))


class Column(tf.Module):
    """The column of one task.

    Attributes:
      task: its name.
      eye: the layer that sees the images.
      perception: the layers above it, up to the embedding.
      decision: the layers from the embeddings of the four tiles to the logits.
    """

    def __init__(self, task: str, earlier: int, start: Start):
        super().__init__()
        self.task = task
        first, second = PERCEPTION

        def layer(name: str, inputs: int, outputs: int, width: int) -> LateralLayer:
            return LateralLayer(f"{task}/{name}", inputs, outputs, width, earlier, start)

        self.eye = Perceptron(f"{task}/eye", [PIXELS, first], start)
        self.perception = [
            layer("perception/0", first, second, first),
            layer("perception/1", second, DIGITS, second),
        ]
        self.decision = [
            layer("decision/0", facts_width(task, DIGITS), HIDDEN, TILES * DIGITS),
            layer("decision/1", HIDDEN, HIDDEN, HIDDEN),
            layer("decision/2", HIDDEN, HIDDEN, HIDDEN),
            layer("decision/3", HIDDEN, ANSWERS, HIDDEN),
        ]

    def perceive(self, pixels: tf.Tensor, earlier: Sequence[Levels]) -> Levels:
        """The outputs of the layers up to the embedding, one example an image."""
        seen = tf.nn.relu(self.eye.on_images(pixels))
        hidden, logits = _climb(self.perception, seen, earlier)
        return [seen, hidden, tf.nn.softmax(logits)]

    def decide(self, tiles: tf.Tensor, integers: tf.Tensor, earlier: Sequence[Levels]) -> Levels:
        """The embeddings side by side and the outputs of the layers up to the logits."""
        own = facts(self.task, tiles, integers)
        return [own[..., : TILES * DIGITS], *_climb(self.decision, own, earlier)]


class ProgressiveColumns(tf.Module):
    """The columns of all tasks, in the order of the tasks."""

    def __init__(self, tasks: Sequence[str], start: Start):
        super().__init__()
        self.columns = [Column(task, earlier, start) for earlier, task in enumerate(tasks)]

    def sees_through(self, task: str) -> tuple[str, ...]:
        """See `baselines.baseline.Networks`."""
        return tuple(column.task for column in self._up_to(task))

    def embedding(self, task: str) -> int:
        """See `baselines.baseline.Networks`."""
        return DIGITS * len(self._up_to(task))

    def perceive(self, task: str, pixels: tf.Tensor) -> tf.Tensor:
        """See `baselines.baseline.Networks`; the embeddings of all columns up to the task's."""
        levels = _perceived(self._up_to(task), pixels)
        return tf.concat([shown[-1] for shown in levels], -1)

    def earlier(self, task: str, pixels: tf.Tensor) -> tf.Tensor:
        """All that the columns before a task's show of images [image, 784], side by side."""
        levels = _perceived(self._up_to(task)[:-1], pixels)
        return tf.concat([values for shown in levels for values in shown], -1)

    def perceive_beside(self, task: str, pixels: tf.Tensor, earlier: tf.Tensor) -> tf.Tensor:
        """As `perceive`, from what `earlier` has made of the same images."""
        column, widths = self._up_to(task)[-1], [*PERCEPTION, DIGITS]
        parts = tf.split(earlier, widths * (len(self._up_to(task)) - 1), -1)
        levels = [parts[k : k + len(widths)] for k in range(0, len(parts), len(widths))]
        levels.append(column.perceive(pixels, levels))
        return tf.concat([shown[-1] for shown in levels], -1)

    def decide(self, task: str, tiles: tf.Tensor, integers: tf.Tensor) -> tf.Tensor:
        """See `baselines.baseline.Networks`."""
        columns = self._up_to(task)
        levels: list[Levels] = []
        for column, embedded in zip(columns, tf.split(tiles, len(columns), -1), strict=True):
            levels.append(column.decide(embedded, integers, levels))
        return levels[-1][-1]

    def _up_to(self, task: str) -> list[Column]:
        place = [column.task for column in self.columns].index(task)
        return list(self.columns[: place + 1])


class Progressive(Baseline):
    """PNN. Columns that have ceased to learn are asked about each image once.

    An update changes the column of its own task alone: as long as one task is taught, what the
    earlier columns say of an image stays the same, and images come again and again.
    """

    def __init__(
        self,
        networks: ProgressiveColumns,
        optimisers: Mapping[str, Sequence[RmsProp]],
        xla: bool = True,
    ):
        """See `Baseline`."""
        super().__init__(networks, optimisers, xla)
        self._memory = Memory()
        self._earlier = self._by_task(self._look_earlier, jit_compile=xla)

    def step(self, task: str, batch: Batch) -> tf.Tensor:
        """Learns from a batch; see `Baseline.step`."""
        if task == self.tasks[0]:
            self._memory.forget()
            return super().step(task, batch)
        images = tf.reshape(batch["tiles"], [-1, PIXELS])
        earlier = self._memory.recall(
            task, images.numpy(), lambda: self._earlier[task](images).numpy()
        )
        return super().step(task, {**batch, "earlier": earlier})

    def _look_earlier(self, task: str, images: tf.Tensor) -> tf.Tensor:
        return self.networks.earlier(task, self._pixels(images))

    def _seen(self, task: str, batch: Batch) -> tf.Tensor:
        if "earlier" not in batch:
            return super()._seen(task, batch)
        pixels = self._pixels(batch["tiles"])
        return self.networks.perceive_beside(task, pixels, batch["earlier"])


def progressive_columns(
    tasks: Sequence[str],
    lives: Sequence[int],
    seed: int = 0,
    rate: float = 0.003,
    dtype: tf.DType = tf.float32,
    xla: bool = True,
) -> Baseline:
    """Makes the baseline PNN.

    Args:
      tasks: the names of the tasks in the order in which they begin.
      lives: the numbers of the lives; a life is the same whatever lives beside it.
      seed: the root seed.
      rate: the learning rate.
      dtype: the floating point type.
      xla: whether steps are compiled by XLA.
    """
    networks = ProgressiveColumns(tasks, Start(lives, seed, dtype))
    return Progressive(networks, {c.task: [RmsProp([c], rate)] for c in networks.columns}, xla)


def _perceived(columns: Sequence[Column], pixels: tf.Tensor) -> list[Levels]:
    """What columns show of images [image, 784], each beside those before it."""
    levels: list[Levels] = []
    for column in columns:
        levels.append(column.perceive(pixels, levels))
    return levels


def _climb(layers: Sequence[LateralLayer], own: tf.Tensor, earlier: Sequence[Levels]) -> Levels:
    """The outputs of layers upon layers, all but the last through a ReLU."""
    outputs = []
    for level, layer in enumerate(layers):
        values = layer(own, [shown[level] for shown in earlier])
        own = values if layer is layers[-1] else tf.nn.relu(values)
        outputs.append(own)
    return outputs
