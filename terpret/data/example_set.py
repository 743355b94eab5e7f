"""Examples of a model in memory, whatever file they came from."""

import dataclasses
from collections.abc import Mapping

import numpy as np

from terpret.data.file_array import Values


@dataclasses.dataclass(frozen=True, eq=False)
class Examples:
    """Examples of a model.

    Attributes:
      arrays: the Inputs and Outputs by declared name: integers int32 [examples, *dims], -1 where an
        Output was not observed; of an OutputTensor float32 [examples, *dims, *shape]; of an
        InputTensor the number of the image that each element is, int32 [examples, *dims].
      pools: the images of each InputTensor by declared name, [images, *shape]: uint8, to be divided
        by 255, or float32. A large pool lies in its file.
      labels: what networks should say of the images, by network and then by InputTensor, int32
        [examples, *dims]; -1 where that is not known. Empty where no labels are given.
      size: how many examples there are.
      source: the file, or what the arrays are called.
      warnings: sentences for the user.
    """

    arrays: Mapping[str, np.ndarray]
    pools: Mapping[str, Values]
    labels: Mapping[str, Mapping[str, np.ndarray]]
    size: int
    source: str
    warnings: tuple[str, ...] = ()

    def __len__(self) -> int:
        """The number of examples."""
        return self.size

    def part(self, start: int, end: int) -> "Examples":
        """The examples from `start` on, before `end`; the images stay as they are."""

        def rows(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
            return {name: values[start:end] for name, values in arrays.items()}

        return dataclasses.replace(
            self,
            arrays=rows(self.arrays),
            labels={network: rows(labels) for network, labels in self.labels.items()},
            size=len(range(self.size)[start:end]),
        )


@dataclasses.dataclass(frozen=True, eq=False)
class Sets:
    """What is learned from, and what is tested on.

    Attributes:
      training: what is learned from.
      test: what is tested on; None where there are too few examples to hold any out.
      held_out: whether the test examples are the last of the training file.
      test_source: the file of the test examples; empty where there are none.
      notes: sentences for the user.
    """

    training: Examples
    test: Examples | None
    held_out: bool
    test_source: str
    notes: tuple[str, ...] = ()
