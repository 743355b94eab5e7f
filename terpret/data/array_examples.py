"""Arrays by name as examples of a model: what each name stands for, and whether all is there."""

import math
from collections.abc import Iterator, Mapping

import numpy as np

from terpret.data.array_values import Checks, filled
from terpret.data.declared import (
    Elements,
    Labels,
    keys_of,
    labels_of,
    lead_of,
    shape_within,
    unknown,
)
from terpret.data.example_set import Examples
from terpret.data.file_array import Values
from terpret.discrete.answers import UNOBSERVED, labelled
from terpret.language.checked import CheckedModel, Variable, size_of

Arrays = Mapping[str, Values]

POOL, INDEX = "_pool", "_index"
UNKNOWN_LABEL = "not known"
NOT_OBSERVED = "not observed"


def examples_from(
    arrays: Arrays, model: CheckedModel, where: str, answers: bool = True
) -> Examples:
    """Examples from arrays by name, as an `.npz` has them.

    Args:
      arrays: by declared name integers [examples, *dims], or numbers [examples, *dims, *shape];
        `NAME_pool` [images, *shape] and `NAME_index` [examples, *dims] in place of an InputTensor.
        Of elements that were declared one by one each, or one array [examples, *sizes, ...].
        Labels by the names of `labels_of`, [examples, *dims], or [images] beside a pool.
      model: the model.
      where: the file, or what the arrays are called.
      answers: whether the Outputs must be given; else they may be missing, and are not observed.

    Raises:
      InputError: with all that is wrong with them.
    """
    return _Assembly(arrays, model, where, answers).examples()


class _Assembly:
    """Examples as they are put together."""

    def __init__(self, arrays: Arrays, model: CheckedModel, where: str, answers: bool):
        self._given, self._model, self._needed = arrays, model, answers
        self._checks = Checks(where)
        self._keys, self._labels_of = keys_of(model), labels_of(model)
        self._used: set[str] = set()
        # How many examples each array has.
        self._rows: dict[str, int] = {}
        self._arrays: dict[str, np.ndarray] = {}
        self._pools: dict[str, Values] = {}
        self._pooled: set[str] = set()
        self._labels: dict[str, dict[str, np.ndarray]] = {}

    def examples(self) -> Examples:
        """What the arrays are."""
        for key, elements in self._keys.items():
            for name, some in self._slots(key, elements):
                self._slot(name, some)
        for name, labels in self._labels_of.items():
            if name in self._given:
                self._used.add(name)
                self._read_labels(name, self._given[name], labels)
        known = [*self._keys, *self._labels_of]
        for name in self._given:
            if name not in self._used:
                self._checks.fault(unknown(name, known))
        size = self._size()
        self._checks.faults.raise_found()
        for variable in self._model.of_kind("Output"):
            if variable.name not in self._arrays:
                self._arrays[variable.name] = _unobserved(variable, size)
        if self._needed and not self._model.observations:
            outputs = {v.name: self._arrays[v.name] for v in self._model.of_kind("Output")}
            if not labelled(outputs, size).any():
                self._checks.fault(
                    "no Output is observed in any example, so there is nothing to learn or to test"
                )
        self._checks.faults.raise_found()
        return Examples(
            {v.name: self._arrays[v.name] for v in self._model.variables if v.name in self._arrays},
            self._pools,
            self._labels,
            size,
            self._checks.where,
            tuple(self._checks.warnings),
        )

    def _slots(self, key: str, elements: Elements) -> Iterator[tuple[str, Elements]]:
        """The names by which a key is given: its own, or those of its elements."""
        alike = len({(one.kind, isinstance(one.domain, int)) for one in elements.values()}) == 1
        if alike and (() in elements or any(name in self._given for name in self._names(key))):
            yield key, elements
            return
        for variable in elements.values():
            yield variable.name, {(): variable}

    def _names(self, name: str) -> list[str]:
        """The arrays that a name may be given as, but for those that are declared names."""
        parts = (name + POOL, name + INDEX)
        return [name, *(part for part in parts if part not in self._keys)]

    def _slot(self, name: str, elements: Elements) -> None:
        there = [one for one in self._names(name) if one in self._given]
        first = next(iter(elements.values()))
        within = (*lead_of(elements), *shape_within(first))
        self._used.update(there)
        if not there:
            if first.kind == "Input" or self._needed:
                self._checks.fault(f"'{name}' is missing: {_forms(name, within, first)}")
            return
        if len({shape_within(one) for one in elements.values()}) > 1:
            names = ", ".join(f"'{one.name}'" for one in elements.values())
            self._checks.fault(f"the elements of '{name}' have different shapes: give {names}")
            return
        if there != [name] and (isinstance(first.domain, int) or first.kind == "Output"):
            self._checks.fault(f"'{there[-1]}': only an InputTensor has a pool and an index")
        elif there == [name]:
            self._whole(name, elements, within)
        elif there != [name + POOL, name + INDEX]:
            given = " and ".join(f"'{one}'" for one in there)
            self._checks.fault(f"{given}: {_forms(name, within, first)}")
        else:
            self._pool(name, elements, within)

    def _whole(self, name: str, elements: Elements, within: tuple[int, ...]) -> None:
        array, checks = self._given[name], self._checks
        if not checks.kind(name, array) or not checks.shape(name, array, within, "examples"):
            return
        self._rows[name] = len(array)
        first = next(iter(elements.values()))
        may_lack = first.kind == "Output" and isinstance(first.domain, int)
        if not may_lack and not checks.whole(name, array, "example"):
            return
        if first.kind == "Input" and not isinstance(first.domain, int):
            numbers = checks.numbers(name, array, first, "example")
            outer = (len(numbers), *lead_of(elements), *first.dims)
            images = math.prod(outer)
            index = np.arange(images, dtype=np.int32).reshape(outer)
            self._shown(elements, numbers.reshape(images, *first.domain), index)
            return
        given = filled(array)
        for place, variable in elements.items():
            part = _at(given, place)
            if not isinstance(variable.domain, int):
                values = checks.answers(variable.name, part, variable)
            else:
                lacks = NOT_OBSERVED if variable.kind == "Output" else ""
                values = checks.integers(variable.name, part, size_of(variable.domain), lacks)
            self._arrays[variable.name] = values

    def _pool(self, name: str, elements: Elements, within: tuple[int, ...]) -> None:
        pool, index = self._given[name + POOL], self._given[name + INDEX]
        first, checks = next(iter(elements.values())), self._checks
        assert not isinstance(first.domain, int)
        outer = within[: len(within) - len(first.domain)]
        right = [
            checks.kind(name + POOL, pool)
            and checks.shape(name + POOL, pool, first.domain, "images")
            and checks.whole(name + POOL, pool, "image"),
            checks.kind(name + INDEX, index)
            and checks.shape(name + INDEX, index, outer, "examples")
            and checks.whole(name + INDEX, index, "example"),
        ]
        if right[1]:
            self._rows[name + INDEX] = len(index)
        if all(right) and not len(pool):
            checks.fault(f"'{name}{POOL}' has no images")
        elif all(right):
            numbers = checks.integers(name + INDEX, np.asarray(index), len(pool))
            self._shown(elements, checks.numbers(name + POOL, pool, first, "image"), numbers)
            self._pooled.update(variable.name for variable in elements.values())

    def _shown(self, elements: Elements, pool: Values, index: np.ndarray) -> None:
        for place, variable in elements.items():
            self._pools[variable.name] = pool
            self._arrays[variable.name] = _at(index, place)

    def _read_labels(self, name: str, array: Values, labels: Labels) -> None:
        checks, images = self._checks, labels.images
        first = next(iter(images.values()))
        within = (*lead_of(images), *first.dims)
        if not checks.kind(name, array):
            return
        pooled = {len(self._pools[v.name]) for v in images.values() if v.name in self._pooled}
        of_pool = array.ndim == 1 and pooled == {len(array)}
        if not of_pool and not checks.shape(name, array, within, "examples"):
            if pooled:
                checks.fault(f"'{name}' may as well have a label for each image of the pool")
            return
        word = "image" if of_pool else "example"
        values = checks.integers(name, filled(array), labels.size, UNKNOWN_LABEL, word)
        if not of_pool:
            self._rows[name] = len(array)
        network = self._labels.setdefault(labels.network, {})
        for place, variable in images.items():
            if variable.name in network:
                checks.fault(f"'{name}' gives labels of '{variable.name}' a second time")
            elif variable.name in self._arrays:
                shown = self._arrays[variable.name]
                one = values[shown] if of_pool else _at(values, place)
                network[variable.name] = one
                if of_pool and not within and len(shown) == len(values) and (one != values).any():
                    checks.warnings.append(
                        f"{checks.where}: there are as many examples as images of "
                        f"'{variable.name}': '{name}' is read as labels of the images"
                    )

    def _size(self) -> int:
        """How many examples there are; a fault where that is not one number."""
        sizes = set(self._rows.values())
        if len(sizes) > 1:
            counts = ", ".join(f"'{name}' has {rows:,}" for name, rows in self._rows.items())
            self._checks.fault(f"the arrays have different numbers of examples: {counts}")
        if sizes == {0}:
            self._checks.fault("there are no examples")
        # What has nothing that could differ from example to example is one example.
        return max(sizes, default=1)


def _at(array: np.ndarray, place: tuple[int, ...]) -> np.ndarray:
    """What every example has at a place."""
    index: tuple[slice | int, ...] = (slice(None), *place)
    return array[index]


def _forms(name: str, within: tuple[int, ...], variable: Variable) -> str:
    """How an array may be given, in words."""
    whole = f"give '{name}' [{', '.join(['examples', *map(str, within)])}]"
    if isinstance(variable.domain, int) or variable.kind == "Output":
        return whole
    outer = within[: len(within) - len(variable.domain)]
    pool = ", ".join(["images", *map(str, variable.domain)])
    index = ", ".join(["examples", *map(str, outer)])
    return f"{whole}, or '{name}{POOL}' [{pool}] and '{name}{INDEX}' [{index}]"


def _unobserved(variable: Variable, size: int) -> np.ndarray:
    shape = (size, *shape_within(variable))
    if isinstance(variable.domain, int):
        return np.full(shape, UNOBSERVED, np.int32)
    return np.zeros(shape, np.float32)
