"""Unseen examples, of which every image is kept once however often it comes."""

import dataclasses
from collections.abc import Mapping

import numpy as np


@dataclasses.dataclass(frozen=True, eq=False)
class TestSet:
    """Unseen examples.

    Attributes:
      inputs: the Inputs by name, [examples, *dims]; of an InputTensor, the number of the image that
        each element is.
      answers: the Outputs by name, [examples, *dims]; -1 where nothing was observed.
      images: the images of each InputTensor, [images, *shape] by name.
    """

    # For pytest, which takes classes of such a name for tests.
    __test__ = False

    inputs: Mapping[str, np.ndarray]
    answers: Mapping[str, np.ndarray]
    images: Mapping[str, np.ndarray]

    def __len__(self) -> int:
        """The number of examples."""
        return len(next(iter(self.answers.values())))

    @property
    def integers(self) -> dict[str, np.ndarray]:
        """The Inputs that are no images, [examples, *dims] by name."""
        return {name: v for name, v in self.inputs.items() if name not in self.images}

    def part(self, start: int, end: int) -> "TestSet":
        """The examples from `start` on, before `end`."""
        rows = slice(start, end)
        return TestSet(
            {name: values[rows] for name, values in self.inputs.items()},
            {name: values[rows] for name, values in self.answers.items()},
            self.images,
        )

    def first(self, count: int) -> "TestSet":
        """The first examples, with those images alone that they show."""
        some = self.part(0, count)
        inputs, images = dict(some.inputs), {}
        for name, every in self.images.items():
            used, places = np.unique(inputs[name], return_inverse=True)
            inputs[name] = places.reshape(inputs[name].shape)
            images[name] = every[used]
        return TestSet(inputs, some.answers, images)

    def shown(self) -> dict[str, np.ndarray]:
        """All Inputs with the images themselves, as a model takes them."""
        return {
            name: self.images[name][values] if name in self.images else values
            for name, values in self.inputs.items()
        }
