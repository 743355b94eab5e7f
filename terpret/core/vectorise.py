"""Alike elements of a stack are computed together: a stack of contractions is one contraction.

A model written with `for m in range(L)` gives L contractions that differ in their operands only.
Where a stack collects them, they become one contraction with one more axis, the *lane*, over stacks
of the operands; those are alike in turn, down to whole arrays. Tables and values that do not differ
between lanes have no lane axis and are not copied.
"""

from collections.abc import Sequence

from terpret.core.nodes import Axis, Contract, Node, Pool, Stack, topological
from terpret.core.rules import Rules


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
        if isinstance(made, Stack) and _alike(made.elements):
            made = lanes.close(lanes.together(made.elements), made)
        new[node.number] = made
    return {name: new[node.number] for name, node in outputs.items()}


def _alike(nodes: Sequence[Node]) -> bool:
    """Whether the nodes are contractions that differ in the values of their operands only."""
    first = nodes[0]
    return isinstance(first, Contract) and all(
        isinstance(node, Contract) and _form(node) == _form(first) for node in nodes
    )


def _form(node: Contract) -> tuple[object, ...]:
    operands = tuple((factor.axes, factor.shape) for factor in node.factors)
    return node.labels, node.axes, node.axis_labels, node.shape_labels, operands


class _Lanes:
    def __init__(self, rules: Rules):
        self._rules, self._pool = rules, rules.pool
        self._made: dict[tuple[int, ...], Node] = {}

    def together(self, nodes: Sequence[Node]) -> Node:
        """One node whose lane axis runs over `nodes`; without that axis where they are all one."""
        first = nodes[0]
        if all(node is first for node in nodes):
            return first
        key = tuple(node.number for node in nodes)
        if key not in self._made:
            self._made[key] = self._together(nodes)
        return self._made[key]

    def _together(self, nodes: Sequence[Node]) -> Node:
        first = nodes[0]
        if _alike(nodes):
            return self._contract(nodes)
        if all(isinstance(n, Stack) and n.shape == first.shape for n in nodes):
            columns = zip(*(node.elements for node in nodes), strict=True)
            return self._pool.stack([self.together(column) for column in columns])
        return self._pool.open(self._rules.stack(nodes), [_lane(nodes)])

    def _contract(self, nodes: Sequence[Contract]) -> Node:
        first, lane = nodes[0], _lane(nodes)
        factors = [
            self.together(column) for column in zip(*(node.factors for node in nodes), strict=True)
        ]
        labels = []
        for factor, before, ls in zip(factors, first.factors, first.labels, strict=True):
            label_of = dict(zip(before.axes, ls, strict=False))
            axis_labels = [label_of.get(axis, axis) for axis in factor.axes]
            labels.append([*axis_labels, *ls[len(before.axes) :]])
        axes = list(zip(first.axes, first.axis_labels, strict=True))
        if any(lane in factor.axes for factor in factors):
            axes.append((lane, lane))
        total = all(node.total for node in nodes)
        return self._pool.contract(factors, labels, axes, first.shape_labels, total)

    def close(self, node: Node, stack: Stack) -> Node:
        """The stack again: the lane axis becomes the leading dimension."""
        lane = _lane(stack.elements)
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


def _lane(nodes: Sequence[Node]) -> Axis:
    """The lane axis of some nodes: another one than those that they have already."""
    taken = {axis for node in nodes for axis in node.axes}
    depth = 0
    while (axis := Axis(3, depth, len(nodes), f"m{depth}:{len(nodes)}")) in taken:
        depth += 1
    return axis
