"""Makes the nodes of a network, each only once: equal nodes are one node."""

from collections.abc import Hashable, Sequence

import numpy as np

from terpret.core.nodes import (
    BATCH,
    RESTART,
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
    Rounds,
    Stack,
    Term,
    merge_axes,
)
from terpret.language.checked import Network
from terpret.language.errors import Span

MAX_NODES = 200_000


class TooManyNodes(Exception):
    """The network outgrew its limit; carries the place whose node was one too many."""

    def __init__(self, span: Span):
        super().__init__(span)
        self.span = span


class Pool:
    """Makes nodes; a node that was made before is returned again.

    Attributes:
      limit: the largest number of nodes.
      span: the place in the model that asks for nodes.
      fitted: the loops that were made to fit operands that have these axes.
    """

    def __init__(self, limit: int = MAX_NODES):
        self._made: dict[Hashable, Node] = {}
        self.limit = limit
        self.span = Span()
        self.fitted: dict[tuple[Rounds, tuple[tuple[Axis, ...], ...]], Rounds] = {}

    def __len__(self) -> int:
        return len(self._made)

    def _make(self, kind: type, key: Hashable, **fields: object) -> Node:
        key = (kind, key)
        if key not in self._made:
            if len(self._made) >= self.limit:
                raise TooManyNodes(self.span)
            self._made[key] = kind(number=len(self._made), span=self.span, **fields)
        return self._made[key]

    def param(self, name: str, dims: tuple[int, ...], size: int) -> Node:
        """The marginals of a Param."""
        return self._make(
            Param, name, name=name, axes=(RESTART,), shape=(*dims, size), normalised=True
        )

    def input(self, name: str, shape: tuple[int, ...], integer: bool) -> Node:
        """What is observed under `name`."""
        return self._make(Input, name, name=name, axes=(BATCH,), shape=shape, normalised=integer)

    def constant(self, value: np.ndarray) -> Node:
        """A constant; equal ones are one node."""
        value = np.ascontiguousarray(value, np.float64)
        normalised = value.ndim > 0 and bool(np.all(value.sum(-1) == 1))
        key = (value.shape, value.tobytes())
        return self._make(
            Constant, key, value=value, axes=(), shape=value.shape, normalised=normalised
        )

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
            normalised=operand.normalised,
        )

    def stack(self, elements: Sequence[Node]) -> Node:
        """The elements, which have one shape, along a new leading dimension."""
        return self._make(
            Stack,
            tuple(e.number for e in elements),
            elements=tuple(elements),
            axes=merge_axes(elements),
            shape=(len(elements), *elements[0].shape),
            normalised=all(e.normalised for e in elements),
        )

    def contract(
        self,
        terms: Sequence[Term],
        axes: Sequence[tuple[Axis, Label]],
        shape: Sequence[Label],
        normalised: bool = False,
    ) -> Node:
        """An einsum over arbitrary labels.

        Args:
          terms: the factors with their labels.
          axes: the axes of the result with their labels, in any order.
          shape: the labels of the result's dimensions.
          normalised: the last dimension of the result is known to sum to 1.
        """
        axes = sorted(axes, key=lambda pair: pair[0])
        numbers: dict[Label, int] = {}
        sizes: dict[int, int] = {}
        numbered = []
        for node, labels in sorted(terms, key=_part):
            own = tuple(numbers.setdefault(label, len(numbers)) for label in labels)
            sizes.update(zip(own, (*(axis.size for axis in node.axes), *node.shape), strict=True))
            numbered.append(Term(node, own))
        axis_labels = tuple(numbers[label] for _, label in axes)
        shape_labels = tuple(numbers[label] for label in shape)
        result_axes = tuple(axis for axis, _ in axes)
        key = tuple((node.number, labels) for node, labels in numbered)
        return self._make(
            Contract,
            (key, result_axes, axis_labels, shape_labels),
            terms=tuple(numbered),
            axes=result_axes,
            shape=tuple(sizes[label] for label in shape_labels),
            axis_labels=axis_labels,
            shape_labels=shape_labels,
            normalised=normalised,
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
            normalised=isinstance(output, int),
        )

    def given(
        self,
        place: int,
        axes: tuple[Axis, ...],
        shape: tuple[int, ...],
        normalised: bool,
        real: bool,
    ) -> Node:
        """What operand `place` of a loop is in a round."""
        key = (place, axes)
        return self._make(
            Given, key, place=place, real=real, axes=axes, shape=shape, normalised=normalised
        )

    def repeated(self, rounds: Rounds, inputs: Sequence[Node], root: str, every: bool) -> Node:
        """A root of a loop's body; see `Repeated`."""
        made = rounds.body[root]
        return self._make(
            Repeated,
            (rounds, tuple(one.number for one in inputs), root, every),
            rounds=rounds,
            inputs=tuple(inputs),
            root=root,
            every=every,
            axes=rounds.axes_of(root),
            shape=(rounds.count, *made.shape) if every else made.shape,
            normalised=made.normalised,
        )

    def open(self, operand: Node, axes: Sequence[Axis]) -> Node:
        """Names the leading dimensions of `operand`: they become `axes`."""
        if not axes:
            return operand
        inner = tuple(range(len(operand.shape) - len(axes)))
        return self.contract(
            [Term(operand, (*operand.axes, *axes, *inner))],
            [(axis, axis) for axis in (*operand.axes, *axes)],
            inner,
            operand.normalised,
        )


def _part(term: Term) -> tuple[bool, bool, int]:
    """Orders factors so that those that play one part in alike contractions have one place."""
    return not isinstance(term.node, Constant), BATCH in term.node.axes, term.node.number
