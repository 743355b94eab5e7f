"""MNIST-addition: pairs of numbers of N digits and their sums, each image in one pair alone."""

import numpy as np

from datasets.pools import ImagePool
from terpret.errors import DataError


def additions(pool: ImagePool, digits: int, seed: int) -> dict[str, np.ndarray]:
    """Pairs of numbers, as the arrays that a data file of them has; digits are lowest first.

    As in the field, every image is used once: 60,000 training images are 30,000 pairs of numbers of
    one digit, or 2,000 of 15.

    Args:
      pool: the images, labelled 0..9.
      digits: of each number.
      seed: the order in which images are taken.

    Returns:
      `a_pool` and `b_pool`, uint8 [images, 28, 28]; `a_index` and `b_index`, the place of each
      digit in its pool [pairs, digits]; `a_digit` and `b_digit`, the labels of the images
      [images]; and `total`, the digits of the sum [pairs, digits + 1].

    Raises:
      DataError: there are not as many images as one pair takes.
    """
    order = np.random.default_rng(seed).permutation(len(pool))
    pairs = len(order) // (2 * digits)
    if pairs < 1:
        raise DataError(f"{len(order):,} images do not make two numbers of {digits:,} digits")
    places = order[: 2 * digits * pairs].reshape(pairs, 2, digits).astype(np.int32)
    total = sums_of(pool.labels[places])
    shared = {f"{name}_pool": pool.images for name in "ab"}
    shared |= {f"{name}_digit": pool.labels for name in "ab"}
    return {**shared, "a_index": places[:, 0], "b_index": places[:, 1], "total": total}


def sums_of(numbers: np.ndarray) -> np.ndarray:
    """The digits of the sums of pairs of numbers, [pairs, digits + 1]; digits are lowest first.

    Args:
      numbers: the digits of each pair, [pairs, 2, digits].
    """
    pairs, _, digits = numbers.shape
    total = np.zeros((pairs, digits + 1), np.int32)
    carry = np.zeros(pairs, np.int32)
    for column in range(digits):
        sums = numbers[:, 0, column] + numbers[:, 1, column] + carry
        total[:, column], carry = sums % 10, sums // 10
    total[:, digits] = carry
    return total
