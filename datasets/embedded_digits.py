"""The digits that come with the library, as pools that examples are composed from."""

from datasets.pools import ImagePool
from terpret import examples


def load_embedded() -> tuple[ImagePool, ImagePool]:
    """Reads the embedded digits.

    Returns:
      The training pool (1,415 images) and the test pool (382 images).

    Raises:
      DataError: their file is missing or damaged.
    """
    digits = examples.digits()
    return (
        ImagePool(digits.images, digits.labels),
        ImagePool(digits.test_images, digits.test_labels),
    )
