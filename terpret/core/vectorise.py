"""Alike elements of a stack are computed together: a stack of contractions is one contraction.

A model written with `for m in range(L)` gives L contractions that differ in their operands only.
Where a stack collects them, they become one contraction with one more axis, the *lane*, over stacks
of the operands; those are alike in turn, down to whole arrays. Tables and values that do not differ
between lanes have no lane axis and are not copied.

Takes a simplified network; guarantees one of the same value in which a stack of alike contractions
that need none of each other is one contraction.
"""

from collections.abc import Sequence
from typing import TypeGuard

from terpret.core import fold
from terpret.core.nodes import Axis, Contract, Label, Node, Outputs, Stack, Term, lane_axis
from terpret.core.pool import Pool
from terpret.core.rewrite import rebuild, simplified

MAX_LANES = 8


def vectorise(outputs: Outputs, limit: int) -> Outputs:
    """Gives alike elements of stacks a common axis.

    Args:
      outputs: the roots of a simplified network by name.
      limit: the largest number of nodes.

    Returns:
      Roots of the same values.
    """
    known: Known = {}

    def visit(pool: Pool, node: Node, operands: Sequence[Node]) -> Node:
        made = simplified(pool, node, operands)
        # What others need has its own node already; together with them it would be made once more.
        if isinstance(made, Stack) and _alike(made.elements) and _independent(node.operands):
            return _whole(pool, made, known)
        return made

    return rebuild(outputs, limit, visit)


def _alike(nodes: Sequence[Node]) -> TypeGuard[Sequence[Contract]]:
    """Whether the nodes are contractions that differ in the values of their operands only."""
    first = nodes[0]
    return isinstance(first, Contract) and all(
        isinstance(node, Contract) and _form(node) == _form(first) for node in nodes
    )


def _independent(nodes: Sequence[Node]) -> bool:
    """Whether no node needs another."""
    found = {node.number for node in nodes}
    least, seen = min(found), set[int]()
    waiting = [operand for node in nodes for operand in node.operands]
    while waiting:
        node = waiting.pop()
        if node.number in found:
            return False
        if node.number > least and node.number not in seen:
            seen.add(node.number)
            waiting.extend(node.operands)
    return True


def _form(node: Contract) -> tuple[object, ...]:
    operands = tuple((factor.axes, factor.shape) for factor in node.operands)
    return node.labels, node.axes, node.axis_labels, node.shape_labels, operands


class _Taken(Exception):
    """Nodes that are to share a lane have that axis already, for another purpose."""


# What has been put together: by the lane and the numbers of the nodes on it.
Known = dict[tuple[Axis, tuple[int, ...]], Node]


def _whole(pool: Pool, stack: Stack, known: Known) -> Node:
    """A stack of alike contractions as one contraction, over the first lane that is free."""
    for depth in range(MAX_LANES):
        lane = lane_axis(depth, len(stack.elements))
        try:
            return _closed(pool, _together(pool, stack.elements, lane, known), stack, lane)
        except _Taken:
            continue
    return stack


def _together(pool: Pool, nodes: Sequence[Node], lane: Axis, known: Known) -> Node:
    """One node whose lane axis runs over `nodes`; without that axis where they are all one."""
    first = nodes[0]
    if all(node is first for node in nodes):
        return first
    key = lane, tuple(node.number for node in nodes)
    if key in known:
        return known[key]
    if any(lane in node.axes for node in nodes):
        raise _Taken
    stacks = [node for node in nodes if isinstance(node, Stack) and node.shape == first.shape]
    if _alike(nodes):
        made = _contracted(pool, nodes, lane, known)
    elif len(stacks) == len(nodes):
        columns = zip(*(node.elements for node in stacks), strict=True)
        made = pool.stack([_together(pool, column, lane, known) for column in columns])
    else:
        made = pool.open(fold.stack(pool, nodes), [lane])
    known[key] = made
    return made


def _contracted(pool: Pool, nodes: Sequence[Contract], lane: Axis, known: Known) -> Node:
    first = nodes[0]
    columns = zip(*(node.operands for node in nodes), strict=True)
    factors = [_together(pool, column, lane, known) for column in columns]
    terms = []
    for factor, before in zip(factors, first.terms, strict=True):
        label_of = {lane: lane, **before.by_axis}
        axis_labels = (label_of[axis] for axis in factor.axes)
        terms.append(Term(factor, (*axis_labels, *before.shape_labels)))
    axes: list[tuple[Axis, Label]] = [*first.labelled_axes]
    if any(f is not b and lane in f.axes for f, b in zip(factors, first.operands, strict=True)):
        axes.append((lane, lane))
    normalised = all(node.normalised for node in nodes)
    return pool.contract(terms, axes, first.shape_labels, normalised)


def _closed(pool: Pool, node: Node, stack: Stack, lane: Axis) -> Node:
    """The stack again: the lane axis becomes the leading dimension."""
    if lane not in node.axes:
        return stack
    inner = range(len(node.shape))
    return pool.contract(
        [Term(node, (*node.axes, *inner))],
        [(axis, axis) for axis in node.axes if axis != lane],
        [lane, *inner],
        node.normalised,
    )
