"""The rules of contractions: one object holds a sum of products while they work on it."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from terpret.core.nodes import (
    Axis,
    Constant,
    Contract,
    Input,
    Learned,
    Node,
    Param,
    Pick,
    Stack,
    one_hot,
)

if TYPE_CHECKING:
    from terpret.core.rules import Rules

MAX_FOLDED = 1 << 20


class Contraction:
    """A contraction while the rules work on it.

    Attributes:
      terms: operand, its labels, and whether it may be made part of this contraction.
    """

    def __init__(self, rules: "Rules", axes: list[tuple[Axis, int]], shape: list[int], total: bool):
        self.terms: list[tuple[Node, list[int], bool]] = []
        self._rules, self._pool = rules, rules.pool
        self._axes, self._shape, self._total = axes, shape, total
        self._next = 1_000_000

    def result(self) -> Node:
        while (
            self._inline()
            or self._read_at_one_hot()
            or self._rename_identity()
            or self._read_equal_elements_once()
            or self._drop_total_weights()
            or self._fold_constants()
        ):
            pass
        present = {label for _, labels, _ in self.terms for label in labels}
        axes = [(axis, label) for axis, label in self._axes if label in present]
        if not self.terms:
            return self._pool.constant(np.ones(()))
        if len(self.terms) == 1:
            node, labels, _ = self.terms[0]
            same_axes = node.axes == tuple(axis for axis, _ in axes)
            if same_axes and labels == [label for _, label in axes] + self._shape:
                return node
            if isinstance(node, Constant) and not axes:
                return self._pool.constant(self._einsum([self.terms[0]], self._shape))
        return self._pool.contract(
            [node for node, _, _ in self.terms],
            [labels for _, labels, _ in self.terms],
            axes,
            self._shape,
            self._total,
        )

    def _kept(self) -> set[int]:
        return {label for _, label in self._axes} | set(self._shape)

    def _fresh(self) -> int:
        self._next += 1
        return self._next

    def _readers(self, label: int, but: int) -> list[int]:
        return [k for k, (_, ls, _) in enumerate(self.terms) if k != but and label in ls]

    def _inline(self) -> bool:
        for k, (node, labels, inline) in enumerate(self.terms):
            if not isinstance(node, Contract) or not (inline or is_renaming(node)):
                continue
            inner = dict(zip(node.output, labels, strict=True))
            terms = [
                (factor, self._relabel(ls, inner), False)
                for factor, ls in zip(node.factors, node.labels, strict=True)
            ]
            self.terms[k : k + 1] = terms
            return True
        return False

    def _relabel(self, labels: Sequence[int], inner: dict[int, int]) -> list[int]:
        for label in labels:
            if label not in inner:
                inner[label] = self._fresh()
        return [inner[label] for label in labels]

    def _read_at_one_hot(self) -> bool:
        for k, (node, labels, _) in enumerate(self.terms):
            if not isinstance(node, Constant) or node.value.ndim != 1:
                continue
            label = labels[0]
            place = _place_of_one(node.value)
            if place is None or label in self._kept():
                continue
            readers = self._readers(label, k)
            if not readers:
                del self.terms[k]
                return True
            if any(self._pick_term(other, label, place) for other in readers):
                return True
        return False

    def _pick_term(self, k: int, label: int, place: int) -> bool:
        node, labels, inline = self.terms[k]
        position = labels.index(label)
        if labels.count(label) > 1:
            return False
        rest = labels[:position] + labels[position + 1 :]
        if isinstance(node, Constant):
            value = np.take(node.value, place, axis=position)
            self.terms[k] = (self._pool.constant(value), rest, False)
            return True
        if isinstance(node, Contract):
            return self._read_inside(k, label)
        indexed = isinstance(node, Stack | Param | Input | Pick) or (
            isinstance(node, Learned) and node.mapped > 0
        )
        if position != len(node.axes) or not indexed:
            return False
        picked = self._rules.pick(node, (place,))
        axis_labels = dict(zip(node.axes, labels, strict=False))
        kept = [axis_labels[axis] for axis in picked.axes]
        self.terms[k] = (picked, [*kept, *labels[position + 1 :]], inline)
        return True

    def _read_inside(self, k: int, label: int) -> bool:
        """Makes a contraction part of this one where all but tables of it would be read at a place.

        Reading one image's class then asks the network for that image only.
        """
        node, labels, _ = self.terms[k]
        inner = node.output[labels.index(label)]
        if any(
            inner not in ls and not isinstance(factor, Constant)
            for factor, ls in zip(node.factors, node.labels, strict=True)
        ):
            return False
        self.terms[k] = (node, labels, True)
        return self._inline()

    def _rename_identity(self) -> bool:
        kept = self._kept()
        for k, (node, labels, _) in enumerate(self.terms):
            if not isinstance(node, Constant) or not _is_identity(node.value):
                continue
            first, second = labels
            if first in kept:
                first, second = second, first
            if first in kept or first == second or len(self.terms) == 1:
                continue
            readers = self._readers(first, k)
            if not readers or not self._can_rename(readers, second):
                continue
            for reader in readers:
                self._read_diagonal(reader, first, second)
            del self.terms[k]
            self.terms = [
                (n, [second if label == first else label for label in ls], i)
                for n, ls, i in self.terms
            ]
            return True
        return False

    def _can_rename(self, readers: list[int], label: int) -> bool:
        """No operand reads a label twice; only of a constant the diagonal can be taken here."""
        return all(
            label not in self.terms[k][1] or isinstance(self.terms[k][0], Constant) for k in readers
        )

    def _read_diagonal(self, k: int, first: int, second: int) -> None:
        """Drops `first` from a constant that has both labels, which are to be equal."""
        node, labels, _ = self.terms[k]
        if second in labels:
            a, b = labels.index(first), labels.index(second)
            value = np.moveaxis(np.diagonal(node.value, 0, a, b), -1, b - (a < b))
            kept = [label for label in labels if label != first]
            self.terms[k] = (self._pool.constant(value), kept, False)

    def _read_equal_elements_once(self) -> bool:
        kept = self._kept()
        for k, (node, labels, inline) in enumerate(self.terms):
            if not isinstance(node, Stack):
                continue
            position = len(node.axes)
            label = labels[position]
            if label in kept or labels.count(label) > 1:
                continue
            # In the order they were made: elements that play one part stand in one place then.
            unique = sorted(set(node.elements), key=lambda element: element.number)
            if len(unique) == len(node.elements):
                continue
            axis_labels = dict(zip(node.axes, labels, strict=False))
            if len(unique) == 1:
                axes = [axis_labels[axis] for axis in unique[0].axes]
                self.terms[k] = (unique[0], [*axes, *labels[position + 1 :]], inline)
                self._weigh_alone(label, len(node.elements))
                return True
            new = self._fresh()
            who = one_hot([unique.index(element) for element in node.elements], len(unique))
            small = [*labels[:position], new, *labels[position + 1 :]]
            self.terms[k] = (self._rules.stack(unique), small, inline)
            self.terms.append((self._pool.constant(who), [label, new], False))
            return True
        return False

    def _weigh_alone(self, label: int, size: int) -> None:
        """A label that no operand has any more is still summed over."""
        if not self._readers(label, -1):
            self.terms.append((self._pool.constant(np.ones(size)), [label], False))

    def _drop_total_weights(self) -> bool:
        kept = self._kept()
        for k, (node, labels, _) in enumerate(self.terms):
            if not node.total or len(self.terms) == 1 or len(node.shape) != 1:
                continue
            label = labels[-1]
            if label not in kept and not self._readers(label, k):
                del self.terms[k]
                return True
        return False

    def _fold_constants(self) -> bool:
        constants = [k for k, (node, _, _) in enumerate(self.terms) if isinstance(node, Constant)]
        for a in constants:
            for b in constants:
                if a >= b or not set(self.terms[a][1]) & set(self.terms[b][1]):
                    continue
                pair = [self.terms[a], self.terms[b]]
                needed = self._kept().union(
                    *(ls for k, (_, ls, _) in enumerate(self.terms) if k not in (a, b))
                )
                union = dict.fromkeys(pair[0][1] + pair[1][1])
                output = [label for label in union if label in needed]
                sizes = {
                    label: size
                    for node, ls, _ in pair
                    for label, size in zip(ls, node.shape, strict=True)
                }
                size = math.prod(sizes[label] for label in output)
                largest = max(node.value.size for node, _, _ in pair)
                if size > max(largest, 64) or size > MAX_FOLDED:
                    continue
                value = self._einsum(pair, output)
                del self.terms[b]
                self.terms[a] = (self._pool.constant(value), output, False)
                return True
        return False

    def _einsum(self, terms: list[tuple[Node, list[int], bool]], output: list[int]) -> np.ndarray:
        numbers: dict[int, int] = {}
        arguments: list[object] = []
        for node, labels, _ in terms:
            arguments += [node.value, [numbers.setdefault(name, len(numbers)) for name in labels]]
        return np.einsum(*arguments, [numbers[label] for label in output])


def is_renaming(node: Contract) -> bool:
    """Whether a contraction only gives the labels of its one factor other names."""
    return len(node.factors) == 1 and len(set(node.labels[0])) == len(node.output) == len(
        node.labels[0]
    )


def _place_of_one(value: np.ndarray) -> int | None:
    ones = np.flatnonzero(value)
    return int(ones[0]) if len(ones) == 1 and value[ones[0]] == 1 else None


def _is_identity(value: np.ndarray) -> bool:
    return (
        value.ndim == 2
        and value.shape[0] == value.shape[1]
        and np.array_equal(value, np.eye(len(value)))
    )
