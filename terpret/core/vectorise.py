"""Alike elements of a stack are computed together: a stack of contractions is one contraction.

A model written with `for m in range(L)` gives L contractions that differ in their operands only.
Where a stack collects them, they become one contraction with one more axis, the *lane*, over stacks
of the operands; those are alike in turn, down to whole arrays. Tables and values that do not differ
between lanes have no lane axis and are not copied.
"""

from collections.abc import Sequence

from terpret.core.nodes import Axis, Contract, Node, Pool, Stack, topological
from terpret.core.rules import Rules

# The rank of lane axes: after restart, batch and the axes of `with`.
LANE = 3
MAX_LANES = 8


def vectorise(outputs: dict[str, Node], limit: int) -> dict[str, Node]:
    """Gives alike elements of stacks a common axis.

    Args:
      outputs: the roots of a simplified network by name.
      limit: the largest number of nodes.

    Returns:
      Roots of the same values.
    """
    rules = Rules(Pool(limit))
    lanes = _Lanes(rules)
    new: dict[int, Node] = {}
    for node in topological(outputs.values()):
        rules.pool.span = node.span
        made = rules.rewrite(node, new, frozenset())
        # What others need has its own node already; together with them it would be made once more.
        if isinstance(made, Stack) and _alike(made.elements) and _independent(node.operands):
            made = lanes.whole(made)
        new[node.number] = made
    return {name: new[node.number] for name, node in outputs.items()}


def _alike(nodes: Sequence[Node]) -> bool:
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
    operands = tuple((factor.axes, factor.shape) for factor in node.factors)
    return node.labels, node.axes, node.axis_labels, node.shape_labels, operands


class _Taken(Exception):
    """Nodes that are to share a lane have that axis already, for another purpose."""


class _Lanes:
    def __init__(self, rules: Rules):
        self._rules, self._pool = rules, rules.pool
        self._made: dict[tuple[Axis, tuple[int, ...]], Node] = {}

    def whole(self, stack: Stack) -> Node:
        """A stack of alike contractions as one contraction, over the first lane that is free."""
        count = len(stack.elements)
        for depth in range(MAX_LANES):
            lane = Axis(LANE, depth, count, f"m{depth}:{count}")
            try:
                return self.close(self.together(stack.elements, lane), stack, lane)
            except _Taken:
                continue
        return stack

    def together(self, nodes: Sequence[Node], lane: Axis) -> Node:
        """One node whose lane axis runs over `nodes`; without that axis where they are all one."""
        first = nodes[0]
        if all(node is first for node in nodes):
            return first
        key = lane, tuple(node.number for node in nodes)
        if key not in self._made:
            self._made[key] = self._together(nodes, lane)
        return self._made[key]

    def _together(self, nodes: Sequence[Node], lane: Axis) -> Node:
        first = nodes[0]
        if any(lane in node.axes for node in nodes):
            raise _Taken
        if _alike(nodes):
            return self._contract(nodes, lane)
        if all(isinstance(node, Stack) and node.shape == first.shape for node in nodes):
            columns = zip(*(node.elements for node in nodes), strict=True)
            return self._pool.stack([self.together(column, lane) for column in columns])
        return self._pool.open(self._rules.stack(nodes), [lane])

    def _contract(self, nodes: Sequence[Contract], lane: Axis) -> Node:
        first = nodes[0]
        columns = zip(*(node.factors for node in nodes), strict=True)
        factors = [self.together(column, lane) for column in columns]
        labels = []
        for factor, before, ls in zip(factors, first.factors, first.labels, strict=True):
            label_of = {lane: lane, **dict(zip(before.axes, ls, strict=False))}
            axis_labels = [label_of[axis] for axis in factor.axes]
            labels.append([*axis_labels, *ls[len(before.axes) :]])
        axes = list(zip(first.axes, first.axis_labels, strict=True))
        if any(f is not b and lane in f.axes for f, b in zip(factors, first.factors, strict=True)):
            axes.append((lane, lane))
        total = all(node.total for node in nodes)
        return self._pool.contract(factors, labels, axes, first.shape_labels, total)

    def close(self, node: Node, stack: Stack, lane: Axis) -> Node:
        """The stack again: the lane axis becomes the leading dimension."""
        if lane not in node.axes:
            return stack
        inner = range(len(node.shape))
        return self._pool.contract(
            [node],
            [[*node.axes, *inner]],
            [(axis, axis) for axis in node.axes if axis != lane],
            [lane, *inner],
            node.total,
        )
