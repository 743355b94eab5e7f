"""The tensor network: few kinds of nodes, with named axes, each made only once.

A node is a tensor. Its *axes* are named and appear only where the value depends on them:
`restart`, `batch`, and one axis for each enclosing `with`, named by nesting depth and size, so that
equal bodies are equal nodes. Its *shape* is positional and comes after the axes: the values of a
marginal, before them the dimensions of an array.
"""

import dataclasses
import math
from collections.abc import Hashable, Iterable, Sequence

import numpy as np

from terpret.language.checked import Network
from terpret.language.errors import Span

MAX_NODES = 200_000


@dataclasses.dataclass(frozen=True, order=True)
class Axis:
    """A named axis. `rank` orders the kinds: restart, batch, then bound axes by depth."""

    rank: int
    depth: int
    size: int
    name: str = dataclasses.field(compare=False)

    def __str__(self) -> str:
        return self.name


RESTART = Axis(0, 0, 0, "restart")
BATCH = Axis(4, 0, 0, "batch")


def bound_axis(depth: int, size: int) -> Axis:
    """The axis of a `with` over `size` values inside `depth` others."""
    return Axis(2, depth, size, f"v{depth}:{size}")


class TooManyNodes(Exception):
    """The network outgrew its limit; carries the place whose node was one too many."""

    def __init__(self, span: Span):
        super().__init__(span)
        self.span = span


@dataclasses.dataclass(frozen=True, eq=False)
class Node:
    """What all nodes have.

    Attributes:
      number: the order of creation; operands have smaller numbers.
      axes: the named axes, in canonical order.
      shape: the positional dimensions.
      total: the last dimension is known to sum to 1.
      span: the place in the model that asked for it first.
    """

    number: int
    axes: tuple[Axis, ...]
    shape: tuple[int, ...]
    total: bool
    span: Span

    @property
    def operands(self) -> tuple["Node", ...]:
        """The nodes this one is computed from."""
        return ()


@dataclasses.dataclass(frozen=True, eq=False)
class Param(Node):
    """The marginals of a declared Param: softmax of its logits, shape dims + (n,)."""

    name: str


@dataclasses.dataclass(frozen=True, eq=False)
class Input(Node):
    """What is observed per example: one-hot integers dims + (n,), or floats dims + shape."""

    name: str


@dataclasses.dataclass(frozen=True, eq=False)
class Constant(Node):
    """One-hot constants and function tables."""

    value: np.ndarray


@dataclasses.dataclass(frozen=True, eq=False)
class Pick(Node):
    """One element: `operand[index]` on the leading positional dimensions."""

    operand: Node
    index: tuple[int, ...]

    @property
    def operands(self) -> tuple[Node, ...]:
        return (self.operand,)


@dataclasses.dataclass(frozen=True, eq=False)
class Stack(Node):
    """The elements along a new leading positional dimension."""

    elements: tuple[Node, ...]

    @property
    def operands(self) -> tuple[Node, ...]:
        return self.elements


@dataclasses.dataclass(frozen=True, eq=False)
class Contract(Node):
    """A sum of products over labels: an einsum.

    Attributes:
      factors: the operands.
      labels: for each operand, a label for each of its axes and then of its dimensions.
      axis_labels: the label of each axis of the result.
      shape_labels: the label of each dimension of the result.
    """

    factors: tuple[Node, ...]
    labels: tuple[tuple[int, ...], ...]
    axis_labels: tuple[int, ...]
    shape_labels: tuple[int, ...]

    @property
    def operands(self) -> tuple[Node, ...]:
        return self.factors

    @property
    def output(self) -> tuple[int, ...]:
        """The labels of the result, axes first."""
        return self.axis_labels + self.shape_labels


@dataclasses.dataclass(frozen=True, eq=False)
class Learned(Node):
    """A network applied to its arguments.

    Attributes:
      network: the network.
      arguments: what it is applied to.
      mapped: the number of leading dimensions of the first argument that it is mapped over.
      shared: whether all restarts have the same weights, so that there is a restart axis only
        where an argument has one.
    """

    network: Network
    arguments: tuple[Node, ...]
    mapped: int
    shared: bool

    @property
    def operands(self) -> tuple[Node, ...]:
        return self.arguments


Label = Hashable


class Pool:
    """Makes nodes; a node that was made before is returned again."""

    def __init__(self, limit: int = MAX_NODES):
        self._made: dict[Hashable, Node] = {}
        self._limit = limit
        self.span = Span()

    def __len__(self) -> int:
        return len(self._made)

    def _make(self, kind: type, key: Hashable, **fields: object) -> Node:
        key = (kind, key)
        if key not in self._made:
            if len(self._made) >= self._limit:
                raise TooManyNodes(self.span)
            self._made[key] = kind(number=len(self._made), span=self.span, **fields)
        return self._made[key]

    def param(self, name: str, dims: tuple[int, ...], size: int) -> Node:
        """The marginals of a Param."""
        return self._make(Param, name, name=name, axes=(RESTART,), shape=(*dims, size), total=True)

    def input(self, name: str, shape: tuple[int, ...], integer: bool) -> Node:
        """What is observed under `name`."""
        return self._make(Input, name, name=name, axes=(BATCH,), shape=shape, total=integer)

    def constant(self, value: np.ndarray) -> Node:
        """A constant; equal ones are one node."""
        value = np.ascontiguousarray(value, np.float64)
        total = value.ndim > 0 and bool(np.all(value.sum(-1) == 1))
        key = (value.shape, value.tobytes())
        return self._make(Constant, key, value=value, axes=(), shape=value.shape, total=total)

    def pick(self, operand: Node, index: tuple[int, ...]) -> Node:
        """`operand[index]`."""
        if not index:
            return operand
        return self._make(
            Pick,
            (operand.number, index),
            operand=operand,
            index=index,
            axes=operand.axes,
            shape=operand.shape[len(index) :],
            total=operand.total,
        )

    def stack(self, elements: Sequence[Node]) -> Node:
        """The elements, which have one shape, along a new leading dimension."""
        return self._make(
            Stack,
            tuple(e.number for e in elements),
            elements=tuple(elements),
            axes=merge_axes(elements),
            shape=(len(elements), *elements[0].shape),
            total=all(e.total for e in elements),
        )

    def contract(
        self,
        factors: Sequence[Node],
        labels: Sequence[Sequence[Label]],
        axes: Sequence[tuple[Axis, Label]],
        shape: Sequence[Label],
        total: bool = False,
    ) -> Node:
        """An einsum over arbitrary labels.

        Args:
          factors: the operands.
          labels: for each operand, a label for each of its axes and dimensions.
          axes: the axes of the result with their labels, in any order.
          shape: the labels of the result's dimensions.
          total: the last dimension of the result is known to sum to 1.
        """
        axes = sorted(axes, key=lambda pair: pair[0])
        order = sorted(range(len(factors)), key=lambda k: _part(factors[k]))
        numbers: dict[Label, int] = {}
        sizes: dict[int, int] = {}
        relabelled = []
        for k in order:
            extents = [axis.size for axis in factors[k].axes] + list(factors[k].shape)
            relabelled.append(tuple(numbers.setdefault(label, len(numbers)) for label in labels[k]))
            sizes.update(zip(relabelled[-1], extents, strict=True))
        axis_labels = tuple(numbers[label] for _, label in axes)
        shape_labels = tuple(numbers[label] for label in shape)
        sorted_factors = tuple(factors[k] for k in order)
        result_axes = tuple(axis for axis, _ in axes)
        return self._make(
            Contract,
            (
                tuple(f.number for f in sorted_factors),
                tuple(relabelled),
                result_axes,
                axis_labels,
                shape_labels,
            ),
            factors=sorted_factors,
            labels=tuple(relabelled),
            axes=result_axes,
            shape=tuple(sizes[label] for label in shape_labels),
            axis_labels=axis_labels,
            shape_labels=shape_labels,
            total=total,
        )

    def learned(
        self, network: Network, arguments: Sequence[Node], mapped: int = 0, shared: bool = False
    ) -> Node:
        """A network's result; see `Learned`."""
        output = network.output
        inner = (output,) if isinstance(output, int) else output
        return self._make(
            Learned,
            (network.name, tuple(a.number for a in arguments), mapped, shared),
            network=network,
            arguments=tuple(arguments),
            mapped=mapped,
            shared=shared,
            axes=merge_axes(arguments, *(() if shared else (RESTART,))),
            shape=(*arguments[0].shape[:mapped], *inner),
            total=isinstance(output, int),
        )

    def open(self, operand: Node, axes: Sequence[Axis]) -> Node:
        """Names the leading dimensions of `operand`: they become `axes`."""
        if not axes:
            return operand
        inner = tuple(range(len(operand.shape) - len(axes)))
        return self.contract(
            [operand],
            [(*operand.axes, *axes, *inner)],
            [(axis, axis) for axis in (*operand.axes, *axes)],
            inner,
            total=operand.total,
        )


def _part(factor: Node) -> tuple[bool, bool, int]:
    """Orders factors so that those that play one part in alike contractions have one place."""
    return not isinstance(factor, Constant), BATCH in factor.axes, factor.number


def merge_axes(nodes: Iterable[Node], *more: Axis) -> tuple[Axis, ...]:
    """All axes of the nodes, in canonical order."""
    return tuple(sorted({axis for node in nodes for axis in node.axes} | set(more)))


def one_hot(values: np.ndarray | Sequence[int] | int, size: int) -> np.ndarray:
    """One-hot rows; a negative value gives a row of zeros."""
    values = np.asarray(values)
    return (values[..., None] == np.arange(size)).astype(np.float64)


def topological(roots: Iterable[Node]) -> list[Node]:
    """Every node the roots depend on, operands first."""
    found: dict[int, Node] = {}
    waiting = list(roots)
    while waiting:
        node = waiting.pop()
        if node.number not in found:
            found[node.number] = node
            waiting.extend(node.operands)
    return [found[number] for number in sorted(found)]


def extents(node: Node, restarts: int, batch: int) -> tuple[int, ...]:
    """The size of every axis and dimension, with sizes for the two open axes."""
    open_sizes = {RESTART: restarts, BATCH: batch}
    return tuple(open_sizes.get(axis, axis.size) for axis in node.axes) + node.shape


def numbers(node: Node, restarts: int, batch: int) -> int:
    """How many floats the node's tensor holds."""
    return math.prod(extents(node, restarts, batch))
