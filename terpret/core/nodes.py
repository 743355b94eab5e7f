"""The tensor network: few kinds of nodes, with named axes.

A node is a tensor. Its *axes* are named and appear only where the value depends on them:
`restart`, one axis for each enclosing `with`, named by nesting depth and size, so that equal bodies
are equal nodes, and `batch`. Its *shape* is positional and comes after the axes: the values of a
marginal, before them the dimensions of an array.
"""

import dataclasses
import math
from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from terpret.language.checked import Network
from terpret.language.errors import Span


@dataclasses.dataclass(frozen=True, order=True)
class Axis:
    """A named axis. `rank` orders the kinds: restart, bound axes by depth, lanes, batch."""

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


def lane_axis(depth: int, count: int) -> Axis:
    """The axis of `count` alike nodes that are computed together."""
    return Axis(3, depth, count, f"m{depth}:{count}")


@dataclasses.dataclass(frozen=True, eq=False)
class Node:
    """What all nodes have.

    Attributes:
      number: the order of creation; operands have smaller numbers.
      axes: the named axes, in canonical order.
      shape: the positional dimensions.
      normalised: the last dimension is known to sum to 1.
      span: the place in the model that asked for it first.
    """

    number: int
    axes: tuple[Axis, ...]
    shape: tuple[int, ...]
    normalised: bool
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


# What tells the indices of a contraction apart: equal labels are one index.
Label = Hashable
Own = TypeVar("Own", bound=Label, covariant=True)


class Term(NamedTuple, Generic[Own]):
    """A factor of a contraction.

    Attributes:
      node: the operand.
      labels: a label for each of its axes and then for each of its dimensions.
    """

    node: Node
    labels: tuple[Own, ...]

    @property
    def by_axis(self) -> dict[Axis, Own]:
        """The label of each axis of the node."""
        return dict(zip(self.node.axes, self.labels, strict=False))

    @property
    def shape_labels(self) -> tuple[Own, ...]:
        """The labels of the node's dimensions."""
        return self.labels[len(self.node.axes) :]

    def relabelled(self, node: Node) -> "Term[Own]":
        """A node of the same shape, with some of the axes, in this one's place."""
        by_axis = self.by_axis
        return Term(node, (*(by_axis[axis] for axis in node.axes), *self.shape_labels))


@dataclasses.dataclass(frozen=True, eq=False)
class Contract(Node):
    """A sum of products over labels: an einsum.

    Attributes:
      terms: the factors with their labels, integers.
      axis_labels: the label of each axis of the result.
      shape_labels: the label of each dimension of the result.
    """

    terms: tuple[Term[int], ...]
    axis_labels: tuple[int, ...]
    shape_labels: tuple[int, ...]

    @property
    def operands(self) -> tuple[Node, ...]:
        return tuple(term.node for term in self.terms)

    @property
    def labels(self) -> tuple[tuple[int, ...], ...]:
        """The labels of each factor."""
        return tuple(term.labels for term in self.terms)

    @property
    def output(self) -> tuple[int, ...]:
        """The labels of the result, axes first."""
        return self.axis_labels + self.shape_labels

    @property
    def labelled_axes(self) -> list[tuple[Axis, int]]:
        """The axes of the result with their labels."""
        return list(zip(self.axes, self.axis_labels, strict=True))

    def without(self, place: int) -> list[Term[int]]:
        """All factors but the one at `place`."""
        return [*self.terms[:place], *self.terms[place + 1 :]]


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


# The roots of a network by name; all else is below them.
Outputs = dict[str, Node]


@dataclasses.dataclass(frozen=True, eq=False)
class Given(Node):
    """What operand `place` of a loop is in a round; a leaf of the loop's body.

    Attributes:
      place: the number of the operand.
      real: whether it holds floats of images, not marginals.
    """

    place: int
    real: bool


@dataclasses.dataclass(frozen=True, eq=False)
class Rounds:
    """A network that is computed again and again.

    Attributes:
      count: the number of rounds.
      body: the network of a round; its leaves are `Given`, besides those of any network.
      carried: by the operand that it is in the first round, the root that it is in the next.
      sliced: the operands of which a round has one element, by their first dimension.
      axes: by operand, the axes that it has in a round.
    """

    count: int
    body: Outputs
    carried: Mapping[int, str]
    sliced: frozenset[int]
    axes: tuple[tuple[Axis, ...], ...]

    def axes_of(self, root: str) -> tuple[Axis, ...]:
        """The axes of a root, and of what it becomes in the next round."""
        made = self.body[root]
        next_as = (place for place, name in self.carried.items() if self.body.get(name) is made)
        return merge_axes([made], *(axis for place in next_as for axis in self.axes[place]))


@dataclasses.dataclass(frozen=True, eq=False)
class Repeated(Node):
    """A root of a loop's body after the last round, or after every one.

    Attributes:
      rounds: the loop.
      inputs: its operands.
      root: the name of the root.
      every: whether there is a leading dimension, of all rounds.
    """

    rounds: Rounds
    inputs: tuple[Node, ...]
    root: str
    every: bool

    @property
    def operands(self) -> tuple[Node, ...]:
        return self.inputs


def merge_axes(nodes: Iterable[Node], *more: Axis) -> tuple[Axis, ...]:
    """All axes of the nodes, in canonical order."""
    return tuple(sorted({axis for node in nodes for axis in node.axes} | set(more)))


def one_hot(values: ArrayLike, size: int) -> np.ndarray:
    """One-hot rows; a negative value gives a row of zeros."""
    numbers = np.asarray(values)
    return (numbers[..., None] == np.arange(size)).astype(np.float64)


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


def every_node(roots: Iterable[Node]) -> Iterator[Node]:
    """Every node that the roots depend on, those of the bodies of loops among them."""
    seen: set[Rounds] = set()
    for node in topological(roots):
        yield node
        if isinstance(node, Repeated) and node.rounds not in seen:
            seen.add(node.rounds)
            yield from every_node(node.rounds.body.values())


def extents(node: Node, restarts: int, batch: int) -> tuple[int, ...]:
    """The size of every axis and dimension, with sizes for the two open axes."""
    open_sizes = {RESTART: restarts, BATCH: batch}
    return tuple(open_sizes.get(axis, axis.size) for axis in node.axes) + node.shape


def numbers(node: Node, restarts: int, batch: int) -> int:
    """How many floats the node's tensor holds."""
    return math.prod(extents(node, restarts, batch))
