"""The rules of contractions: one object holds a sum of products while they work on it.

Takes a contraction whose factors are simplified, and guarantees one of the same value to which no
rule applies any more.
"""

import math
import string
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from terpret.core import fold
from terpret.core.nodes import (
    Axis,
    Constant,
    Contract,
    Given,
    Input,
    Label,
    Learned,
    Node,
    Param,
    Pick,
    Repeated,
    Stack,
    Term,
    one_hot,
)
from terpret.core.pool import Pool

MAX_FOLDED = 1 << 20
# What an einsum of NumPy can call its labels.
LETTERS = string.ascii_uppercase + string.ascii_lowercase


def contracted(
    pool: Pool, node: Contract, operands: Sequence[Node], inlined: Sequence[bool]
) -> Node:
    """The simplified form of a contraction.

    Args:
      pool: where it is made.
      node: the contraction.
      operands: its factors, simplified; they may have lost axes.
      inlined: which factors, contractions themselves, become part of this one.
    """
    axes: list[tuple[Axis, Label]] = [*node.labelled_axes]
    work = _Contraction(pool, axes, list(node.shape_labels), node.normalised)
    for term, operand, inline in zip(node.terms, operands, inlined, strict=True):
        moved = term.relabelled(operand)
        work.terms.append(_Factor(moved.node, list(moved.labels), inline))
    return work.result()


class _Factor(NamedTuple):
    """A factor that the rules work on: a `Term`, and whether it may become part of its reader."""

    node: Node
    labels: list[Label]
    inline: bool = False


class _Contraction:
    """A contraction while the rules work on it.

    Each rule makes at most one change and says whether it made one; before and after it the terms,
    summed over all labels but those of the result, have one value, and every label of the result
    stands in a term (but for axes that the result turns out not to depend on).

    Attributes:
      terms: the factors.
    """

    def __init__(
        self,
        pool: Pool,
        axes: list[tuple[Axis, Label]],
        shape: list[Label],
        normalised: bool,
    ):
        self.terms: list[_Factor] = []
        self._pool = pool
        self._axes, self._shape, self._normalised = axes, shape, normalised
        self._next = 1_000_000

    def result(self) -> Node:
        """Applies the rules until none fits; the node of what is left."""
        while (
            self._inline()
            or self._read_at_one_hot()
            or self._rename_identity()
            or self._read_equal_elements_once()
            or self._drop_normalised_weights()
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
        terms = [Term(node, tuple(labels)) for node, labels, _ in self.terms]
        return self._pool.contract(terms, axes, self._shape, self._normalised)

    def _with_axes_of(self, node: Node, k: int, inner: Sequence[Label]) -> _Factor:
        """A part of the factor at `k`, which may have lost axes, with labels of its dimensions."""
        before = self.terms[k]
        by_axis = dict(zip(before.node.axes, before.labels, strict=False))
        return _Factor(node, [*(by_axis[axis] for axis in node.axes), *inner], before.inline)

    def _kept(self) -> set[Label]:
        return {label for _, label in self._axes} | set(self._shape)

    def _fresh(self) -> int:
        self._next += 1
        return self._next

    def _readers(self, label: Label, but: int) -> list[int]:
        return [k for k, (_, ls, _) in enumerate(self.terms) if k != but and label in ls]

    def _inline(self) -> bool:
        for k, (node, labels, inline) in enumerate(self.terms):
            if not isinstance(node, Contract) or not (inline or fold.is_renaming(node)):
                continue
            inner: dict[Label, Label] = dict(zip(node.output, labels, strict=True))
            self.terms[k : k + 1] = [
                _Factor(factor, self._relabel(own, inner)) for factor, own in node.terms
            ]
            return True
        return False

    def _relabel(self, labels: Sequence[Label], inner: dict[Label, Label]) -> list[Label]:
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

    def _pick_term(self, k: int, label: Label, place: int) -> bool:
        node, labels, inline = self.terms[k]
        position = labels.index(label)
        if labels.count(label) > 1:
            return False
        rest = labels[:position] + labels[position + 1 :]
        if isinstance(node, Constant):
            value = np.take(node.value, place, axis=position)
            self.terms[k] = _Factor(self._pool.constant(value), rest)
            return True
        if isinstance(node, Contract):
            return self._read_inside(k, node, label)
        indexed = isinstance(node, Stack | Param | Input | Pick | Given | Repeated) or (
            isinstance(node, Learned) and node.mapped > 0
        )
        if position != len(node.axes) or not indexed:
            return False
        picked = fold.pick(self._pool, node, (place,))
        self.terms[k] = self._with_axes_of(picked, k, labels[position + 1 :])
        return True

    def _read_inside(self, k: int, node: Contract, label: Label) -> bool:
        """Makes a contraction part of this one where all but tables of it would be read at a place.

        Reading one image's class then asks the network for that image only.
        """
        labels = self.terms[k].labels
        inner = node.output[labels.index(label)]
        if any(inner not in own and not isinstance(factor, Constant) for factor, own in node.terms):
            return False
        self.terms[k] = _Factor(node, labels, True)
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
                _Factor(n, [second if label == first else label for label in ls], i)
                for n, ls, i in self.terms
            ]
            return True
        return False

    def _can_rename(self, readers: list[int], label: Label) -> bool:
        """No operand reads a label twice; only of a constant the diagonal can be taken here."""
        return all(
            label not in self.terms[k][1] or isinstance(self.terms[k][0], Constant) for k in readers
        )

    def _read_diagonal(self, k: int, first: Label, second: Label) -> None:
        """Drops `first` from a constant that has both labels, which are to be equal."""
        node, labels, _ = self.terms[k]
        if second in labels:
            a, b = labels.index(first), labels.index(second)
            value = np.moveaxis(np.diagonal(_value(node), 0, a, b), -1, b - (a < b))
            kept = [label for label in labels if label != first]
            self.terms[k] = _Factor(self._pool.constant(value), kept)

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
            if len(unique) == 1:
                self.terms[k] = self._with_axes_of(unique[0], k, labels[position + 1 :])
                self._weigh_alone(label, len(node.elements))
                return True
            new = self._fresh()
            who = one_hot([unique.index(element) for element in node.elements], len(unique))
            small = [*labels[:position], new, *labels[position + 1 :]]
            self.terms[k] = _Factor(fold.stack(self._pool, unique), small, inline)
            self.terms.append(_Factor(self._pool.constant(who), [label, new]))
            return True
        return False

    def _weigh_alone(self, label: Label, size: int) -> None:
        """A label that no operand has any more is still summed over."""
        if not self._readers(label, -1):
            self.terms.append(_Factor(self._pool.constant(np.ones(size)), [label]))

    def _drop_normalised_weights(self) -> bool:
        kept = self._kept()
        for k, (node, labels, _) in enumerate(self.terms):
            if not node.normalised or len(self.terms) == 1 or len(node.shape) != 1:
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
                largest = max(_value(node).size for node, _, _ in pair)
                if size > max(largest, 64) or size > MAX_FOLDED:
                    continue
                value = self._einsum(pair, output)
                del self.terms[b]
                self.terms[a] = _Factor(self._pool.constant(value), output)
                return True
        return False

    def _einsum(self, terms: Sequence[_Factor], output: list[Label]) -> np.ndarray:
        letter_of: dict[Label, str] = {}

        def letters(labels: list[Label]) -> str:
            for label in labels:
                if label not in letter_of:
                    letter_of[label] = LETTERS[len(letter_of)]
            return "".join(letter_of[label] for label in labels)

        factors = ",".join([letters(labels) for _, labels, _ in terms])
        return np.einsum(f"{factors}->{letters(output)}", *(_value(node) for node, _, _ in terms))


def _value(node: Node) -> np.ndarray:
    """The value of a factor that is known to be a constant."""
    assert isinstance(node, Constant)
    return node.value


def _place_of_one(value: np.ndarray) -> int | None:
    ones = np.flatnonzero(value)
    return int(ones[0]) if len(ones) == 1 and value[ones[0]] == 1 else None


def _is_identity(value: np.ndarray) -> bool:
    return (
        value.ndim == 2
        and value.shape[0] == value.shape[1]
        and np.array_equal(value, np.eye(len(value)))
    )
