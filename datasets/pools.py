"""What every scenario's data share: pools of labelled images, one to learn from, one for tests."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import tensorflow as tf

SIDE = 28


@dataclass(frozen=True, eq=False)
class ImagePool:
    """Labelled images that examples are composed from.

    Attributes:
      images: uint8 [n, 28, 28], ink bright on black.
      labels: int32 [n].

    Raises:
      ValueError: an array has another shape or type, or the pool is empty.
    """

    images: np.ndarray
    labels: np.ndarray

    def __post_init__(self) -> None:
        count = len(self.labels)
        if self.images.shape != (count, SIDE, SIDE) or self.images.dtype != np.uint8:
            raise ValueError(
                f"images must be uint8 [{count}, {SIDE}, {SIDE}], "
                f"not {self.images.dtype} {list(self.images.shape)}"
            )
        if self.labels.shape != (count,) or self.labels.dtype != np.int32:
            raise ValueError(
                f"labels must be int32 [n], not {self.labels.dtype} {list(self.labels.shape)}"
            )
        if count == 0:
            raise ValueError("the pool holds no image")

    def __len__(self) -> int:
        """Returns the number of images."""
        return len(self.labels)

    @cached_property
    def tensors(self) -> tuple[tf.Tensor, tf.Tensor]:
        """The images, uint8 [n, 784], and labels, int32 [n], in host memory.

        They are made once, so that all streams composed from this pool share one copy.
        """
        # The first to ask may be tracing a graph, whose tensors nobody else could use.
        with tf.init_scope(), tf.device("CPU"):
            return tf.constant(self.images.reshape(len(self), -1)), tf.constant(self.labels)

    @cached_property
    def brightness(self) -> np.ndarray:
        """The images as networks see them, float32 [n, 28, 28] in 0..1."""
        return self.images * np.float32(1 / 255)


@dataclass(frozen=True, eq=False)
class ImageSet:
    """The images of a run.

    Attributes:
      train: the pool that training examples are composed from.
      test: the pool that test examples are composed from; it shares no image with `train`.
      source: what the images are, in words, as recorded with every result.
    """

    train: ImagePool
    test: ImagePool
    source: str
