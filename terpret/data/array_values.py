"""The numbers of one array: of which kind, shape and range they are, and what is wrong with them.

The scale of images is decided here. A tensor of two dimensions or more is an image: its integers
are of 0..255 and shown to a model as 0..1, its floats are taken as they are. The numbers of a
vector are taken as they are, but for uint8, which is divided by 255 as well.
"""

import dataclasses
import itertools
import math
from collections.abc import Callable, Iterator

import numpy as np

from terpret.data.declared import is_image
from terpret.data.faults import MOST, Faults
from terpret.data.file_array import FileArray, Values
from terpret.data.json_values import LARGEST
from terpret.discrete.answers import UNOBSERVED
from terpret.language.checked import Variable

WHITE = 255
# Floats beyond are a warning: images that were made to have the mean 0 and the variance 1 are not.
FAR = 5.0
# Arrays of more bytes are not converted, but must be of a kind that is used where it lies.
IN_MEMORY = 4 * 1024**3
# Numbers that are looked at in one go.
_CHUNK = 1 << 22


@dataclasses.dataclass(frozen=True, eq=False)
class Checks:
    """Checks arrays, and collects what is wrong and what is probably not meant.

    Attributes:
      where: the file, or what the arrays are called.
      faults: what is wrong.
      warnings: sentences for the user.
    """

    where: str
    faults: Faults = dataclasses.field(default_factory=Faults)
    warnings: list[str] = dataclasses.field(default_factory=list)

    def fault(self, message: str) -> None:
        """Records a fault of the file."""
        self.faults.add(f"{self.where}: {message}")

    def kind(self, name: str, array: Values) -> bool:
        """Whether an array is of numbers."""
        if array.dtype.kind in "biuf" and array.dtype.itemsize <= 8:
            return True
        self.fault(f"'{name}' is of dtype {array.dtype}, not of integers or floats")
        return False

    def shape(self, name: str, array: Values, within: tuple[int, ...], first: str) -> bool:
        """Whether an array is [examples, *within]; `first` is the word for its first axis."""
        if array.ndim and array.shape[1:] == within:
            return True
        sizes = ", ".join([first, *map(str, within)])
        self.fault(f"'{name}' has the shape {array.shape}, not [{sizes}]")
        return False

    def whole(self, name: str, array: Values, word: str) -> bool:
        """Whether no number of an array is masked; `word` is what a place of its first axis is."""
        accepted = "and only labels and integers of an Output may be"
        return not isinstance(array, np.ma.MaskedArray) or self._right(
            name, array, lambda part: ~np.ma.getmaskarray(part), accepted, word
        )

    def integers(
        self, name: str, array: np.ndarray, size: int, lacks: str = "", word: str = "example"
    ) -> np.ndarray:
        """Integers 0..size-1 as int32.

        Args:
          name: the array's name.
          array: integers, or floats that are whole.
          size: how many values there are.
          lacks: what -1 says, if it says anything.
          word: what a place of the first axis is.
        """
        low = UNOBSERVED if lacks else 0
        more = f" (-1: {lacks})" if lacks else ""
        whole = array.dtype.kind != "f"

        def right(part: np.ndarray) -> np.ndarray:
            inside = (part >= low) & (part < size)
            return inside if whole else inside & (part == np.floor(part))

        accepted = f"not an integer 0..{size - 1}{more}"
        if not self._right(name, array, right, accepted, word):
            return np.zeros(array.shape, np.int32)
        return array.astype(np.int32)

    def numbers(self, name: str, array: Values, variable: Variable, word: str) -> Values:
        """The numbers of an InputTensor: uint8 for those to be divided by 255, or float32.

        Args:
          name: the array's name.
          array: numbers [rows, ...].
          variable: the tensor.
          word: what a row is.
        """
        image, kind = is_image(variable), array.dtype.kind
        divided = array.dtype == np.uint8 or (image and kind in "iu")
        self._in_range(name, array, divided, word)
        converted = self._converted(name, array, np.uint8 if divided else np.float32)
        if variable.kind == "Input" and converted.size and not self.faults:
            self._scale(name, converted, divided and image)
        return converted

    def answers(self, name: str, array: np.ndarray, variable: Variable) -> np.ndarray:
        """The numbers of an OutputTensor, by the rule of images, as float32."""
        numbers = np.asarray(self.numbers(name, array, variable, "example"))
        return numbers / np.float32(WHITE) if numbers.dtype == np.uint8 else numbers

    def _in_range(self, name: str, array: Values, divided: bool, word: str) -> None:
        if not array.size or array.dtype == np.uint8:
            return
        least, most = (0, WHITE) if divided else (-LARGEST, LARGEST)

        def within(part: np.ndarray) -> bool:
            # The extremes take no memory beside the array, and tell whether any number is NaN.
            return least <= float(part.min()) and float(part.max()) <= most

        if all(within(part) for _, part in _parts(array)):
            return
        if not self._right(name, array, np.isfinite, "which is not a finite number", word):
            return
        accepted = f"outside {least:g}..{most:g}" + ("" if divided else ": scale its numbers")
        if divided:
            accepted += ": integers of images are of this range, floats are taken as they are"

        def right(part: np.ndarray) -> np.ndarray:
            wide = part.astype(np.float64)
            return (wide >= least) & (wide <= most)

        self._right(name, array, right, accepted, word)

    def _converted(self, name: str, array: Values, dtype: type[np.generic]) -> Values:
        in_order = isinstance(array, FileArray) or array.flags.c_contiguous
        if array.dtype == dtype and array.dtype.isnative and in_order:
            return array
        if array.nbytes > IN_MEMORY:
            self.fault(
                f"'{name}' has {array.nbytes / 1e9:.0f} GB of {array.dtype}: save it as uint8 or "
                "float32 in C order, which are read where they lie"
            )
            return np.zeros((0, *array.shape[1:]), dtype)
        with np.errstate(all="ignore"):
            return np.asarray(array).astype(dtype, order="C")

    def _scale(self, name: str, array: Values, divided: bool) -> None:
        """Warns of numbers of another scale than is meant, by the first of them where many."""
        some = array[: max(1, 16 * _CHUNK // max(1, math.prod(array.shape[1:])))]
        least, most = some.min(), some.max()
        if divided and most <= 1:
            self.warnings.append(
                f"{self.where}: no number of '{name}' is above 1, and integers of images are "
                "divided by 255: if 1 is white, make them floats"
            )
        if not divided and array.dtype != np.uint8 and (least < -FAR or most > FAR):
            self.warnings.append(
                f"{self.where}: the numbers of '{name}' are of {least:g}..{most:g}, and floats are "
                "taken as they are: networks learn best from about 0..1; scale them"
            )

    def _right(
        self,
        name: str,
        array: Values,
        right: Callable[[np.ndarray], np.ndarray],
        accepted: str,
        word: str,
    ) -> bool:
        """Whether all numbers of an array are right; each that is not is a fault."""
        count, places = 0, list[tuple[int, ...]]()
        for start, part in _parts(array):
            wrong = ~right(part)
            found = int(wrong.sum())
            count += found
            if found and len(places) < MOST:
                for place in itertools.islice(np.argwhere(wrong), MOST):
                    places.append((start + int(place[0]), *map(int, place[1:])))

        def messages() -> Iterator[str]:
            for row, *inner in places:
                at = f" [{', '.join(map(str, inner))}]" if inner else ""
                number = array[row : row + 1][(0, *inner)]
                value = "masked" if number is np.ma.masked else number.item()
                yield f"{self.where}: '{name}', {word} {row}{at} is {value}, {accepted}"

        self.faults.add_many(count, messages())
        return count == 0


def filled(array: Values) -> np.ndarray:
    """Integers in memory, with -1, which is not observed, where they are masked."""
    if not isinstance(array, np.ma.MaskedArray):
        return np.asarray(array)
    # An unsigned integer cannot be -1.
    wide = array.data if array.dtype.kind == "f" else array.data.astype(np.int64)
    return np.where(np.ma.getmaskarray(array), UNOBSERVED, wide)


def _parts(array: Values) -> Iterator[tuple[int, np.ndarray]]:
    """An array, some rows at once, with the number of the first of them."""
    rows = max(1, _CHUNK // max(1, math.prod(array.shape[1:])))
    for start in range(0, len(array), rows):
        yield start, array[start : start + rows]
