"""What networks that have ceased to learn say of images, remembered while one task is taught."""

from collections.abc import Callable

import numpy as np

# More than the images of 1,000 grids. Who sees more of them forgets them all and begins again.
CAPACITY = 4096


class Memory:
    """Vectors of images, for all lives, by the images' bytes."""

    def __init__(self) -> None:
        """Makes a memory that is empty."""
        self._vectors = np.zeros([0, 0, 0])
        self.forget()

    def forget(self, of: str = "") -> None:
        """Forgets all; what comes next belongs to `of`."""
        self._of, self._places = of, dict[bytes, int]()

    def recall(self, of: str, images: np.ndarray, see: Callable[[], np.ndarray]) -> np.ndarray:
        """What is remembered of images, and of the new ones what is seen now.

        Args:
          of: what the vectors belong to; those of anything else are forgotten.
          images: [image, ...], at most `CAPACITY`.
          see: makes the vectors of all of them, [life, image, width].

        Returns:
          Their vectors, [life, image, width].
        """
        keys = [image.tobytes() for image in images]
        new = {key: place for place, key in enumerate(keys) if key not in self._places}
        if of != self._of or len(self._places) + len(new) > CAPACITY:
            self.forget(of)
            new = {key: place for place, key in enumerate(keys)}
        if new:
            seen = see()
            if not self._places:
                lives, _, width = seen.shape
                self._vectors = np.empty([lives, CAPACITY, width], seen.dtype)
            for key, place in new.items():
                self._vectors[:, len(self._places)] = seen[:, place]
                self._places[key] = len(self._places)
        return self._vectors[:, [self._places[key] for key in keys]]
