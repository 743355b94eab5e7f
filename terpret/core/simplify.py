"""Tensor network to a smaller one of the same value.

The rules, applied bottom-up until none fits:

- what is known is folded: constants into constants, a stack read at a one-hot into its element;
- an identity table is a renaming, a pure renaming belongs to the contraction that reads it;
- equal elements of a stack are read once, through a table of who reads which;
- weights that sum to 1 and weigh nothing are dropped, and with them the axes they carried;
- an array stacked again from its own elements is the array;
- a network meets a whole array of images once, however many elements of it are read;
- a contraction that only one other contraction reads becomes part of it, to be planned as one.
"""

import collections
import math
from collections.abc import Iterable, Sequence

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
    Pool,
    Stack,
    one_hot,
    topological,
)

MAX_FOLDED = 1 << 20


def simplify(outputs: dict[str, Node], limit: int) -> dict[str, Node]:
    """Simplifies a network.

    Args:
      outputs: its roots by name.
      limit: the largest number of nodes.

    Returns:
      Roots of the same values, made of new nodes.

    Raises:
      TooManyNodes: from the pool.
    """
    outputs = _rewrite(outputs, frozenset(), limit)
    outputs = _rewrite(outputs, _read_once(outputs.values()), limit)
    return _only_images_that_are_read(outputs, limit)


def _rewrite(outputs: dict[str, Node], inline: frozenset[int], limit: int) -> dict[str, Node]:
    rules = Rules(Pool(limit))
    new: dict[int, Node] = {}
    for node in topological(outputs.values()):
        rules.pool.span = node.span
        new[node.number] = rules.rewrite(node, new, inline)
    return {name: new[node.number] for name, node in outputs.items()}


def _read_once(roots: Iterable[Node]) -> frozenset[int]:
    """Contractions that exactly one other contraction reads."""
    readers = collections.Counter(id(root) for root in roots)
    by_contract: set[int] = set()
    nodes = topological(roots)
    for node in nodes:
        for operand in node.operands:
            readers[id(operand)] += 1
            if isinstance(node, Contract):
                by_contract.add(id(operand))
    return frozenset(
        node.number
        for node in nodes
        if isinstance(node, Contract) and readers[id(node)] == 1 and id(node) in by_contract
    )


class Rules:
    """Makes nodes in `pool`, simplified."""

    def __init__(self, pool: Pool):
        self.pool = pool

    def rewrite(self, node: Node, new: dict[int, Node], inline: frozenset[int]) -> Node:
        """The simplified form of `node`, whose operands are already in `new`."""
        operands = [new[operand.number] for operand in node.operands]
        match node:
            case Param():
                return self.pool.param(node.name, node.shape[:-1], node.shape[-1])
            case Input():
                return self.pool.input(node.name, node.shape, node.total)
            case Constant():
                return self.pool.constant(node.value)
            case Pick():
                return self.pick(operands[0], node.index)
            case Stack():
                return self.stack(operands)
            case Learned():
                return self.learned(node, operands)
            case Contract():
                inlined = [operand.number in inline for operand in node.operands]
                return self._contract(node, operands, inlined)
        raise AssertionError(node)

    def pick(self, operand: Node, index: tuple[int, ...]) -> Node:
        """`operand[index]`."""
        if not index:
            return operand
        match operand:
            case Stack():
                return self.pick(operand.elements[index[0]], index[1:])
            case Constant():
                return self.pool.constant(operand.value[index])
            case Pick():
                return self.pool.pick(operand.operand, operand.index + index)
        return self.pool.pick(operand, index)

    def stack(self, elements: Sequence[Node]) -> Node:
        """The elements along a new leading dimension."""
        if all(isinstance(element, Constant) for element in elements):
            return self.pool.constant(np.stack([element.value for element in elements]))
        first = elements[0]
        if isinstance(first, Pick) and first.index[-1] == 0:
            array, prefix = first.operand, first.index[:-1]
            whole = len(elements) == array.shape[len(prefix)] and all(
                isinstance(element, Pick)
                and element.operand is array
                and element.index == (*prefix, k)
                for k, element in enumerate(elements)
            )
            if whole:
                return self.pick(array, prefix)
        return self.pool.stack(elements)

    def learned(self, node: Learned, arguments: Sequence[Node]) -> Node:
        """A network applied to elements of one array is applied to the array, once."""
        argument = arguments[0]
        if len(arguments) > 1 or node.mapped:
            return self.pool.learned(node.network, arguments, node.mapped)
        if isinstance(argument, Pick) and isinstance(argument.operand, Input):
            depth = len(argument.index)
            whole = self.pool.learned(node.network, [argument.operand], depth)
            return self.pick(whole, argument.index)
        if isinstance(argument, Contract) and _is_renaming(argument):
            array = argument.factors[0]
            depth = len(array.shape) - len(argument.shape)
            opened = argument.labels[0][len(array.axes) : len(array.axes) + depth]
            named = dict(zip(argument.axis_labels, argument.axes, strict=True))
            if isinstance(array, Input) and all(label in named for label in opened):
                whole = self.pool.learned(node.network, [array], depth)
                return self.pool.open(whole, [named[label] for label in opened])
        return self.pool.learned(node.network, arguments, node.mapped)

    def _contract(self, node: Contract, factors: list[Node], inlined: list[bool]) -> Node:
        axes = list(zip(node.axes, node.axis_labels, strict=True))
        work = _Contraction(self, axes, list(node.shape_labels), node.total)
        for factor, labels, inline in zip(factors, node.labels, inlined, strict=True):
            # Operands may have lost axes since: match labels by axis, not by position.
            old = node.factors[len(work.terms)]
            label_of = dict(zip(old.axes, labels, strict=False))
            kept = [label_of[axis] for axis in factor.axes]
            work.terms.append((factor, [*kept, *labels[len(old.axes) :]], inline))
        return work.result()


def _is_renaming(node: Contract) -> bool:
    return len(node.factors) == 1 and len(set(node.labels[0])) == len(node.output) == len(
        node.labels[0]
    )


class _Contraction:
    """A contraction while the rules work on it.

    Attributes:
      terms: operand, its labels, and whether it may be made part of this contraction.
    """

    def __init__(self, rules: Rules, axes: list[tuple[Axis, int]], shape: list[int], total: bool):
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
            if not isinstance(node, Contract) or not (inline or _is_renaming(node)):
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


def _place_of_one(value: np.ndarray) -> int | None:
    ones = np.flatnonzero(value)
    return int(ones[0]) if len(ones) == 1 and value[ones[0]] == 1 else None


def _is_identity(value: np.ndarray) -> bool:
    return (
        value.ndim == 2
        and value.shape[0] == value.shape[1]
        and np.array_equal(value, np.eye(len(value)))
    )


def _only_images_that_are_read(outputs: dict[str, Node], limit: int) -> dict[str, Node]:
    """Networks whose results are read one by one meet only the images that are read."""
    nodes = topological(outputs.values())
    read: dict[int, set[tuple[int, ...]]] = {}
    whole: set[int] = {root.number for root in outputs.values()}
    for node in nodes:
        for operand in node.operands:
            if isinstance(node, Pick) and isinstance(operand, Learned):
                read.setdefault(operand.number, set()).add(node.index)
            else:
                whole.add(operand.number)
    partial = {}
    for node in nodes:
        if isinstance(node, Learned) and node.mapped and node.number not in whole:
            indices = sorted(read[node.number])
            if len(indices) < math.prod(node.arguments[0].shape[: node.mapped]):
                partial[node.number] = indices
    if not partial:
        return outputs
    rules = Rules(Pool(limit))
    new: dict[int, Node] = {}
    for node in nodes:
        rules.pool.span = node.span
        if isinstance(node, Learned) and node.number in partial:
            array = new[node.arguments[0].number]
            images = [rules.pick(array, index) for index in partial[node.number]]
            new[node.number] = rules.pool.learned(node.network, [rules.pool.stack(images)], 1)
        elif isinstance(node, Pick) and node.operand.number in partial:
            place = partial[node.operand.number].index(node.index)
            new[node.number] = rules.pick(new[node.operand.number], (place,))
        else:
            new[node.number] = rules.rewrite(node, new, frozenset())
    return {name: new[node.number] for name, node in outputs.items()}
