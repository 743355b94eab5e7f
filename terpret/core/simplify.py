"""Tensor network to a smaller one of the same value.

Takes any well-formed network; guarantees that every node was made by the rules, from operands that
were. The rules, of which each contraction takes one after another until none fits:

- what is known is folded: constants into constants, a stack read at a one-hot into its element;
- an identity table is a renaming, a pure renaming belongs to the contraction that reads it;
- equal elements of a stack are read once, through a table of who reads which;
- weights that sum to 1 and weigh nothing are dropped, and with them the axes they carried;
- an array stacked again from its own elements is the array;
- a network is applied to a whole array of images once, however many elements of it are read;
- a contraction that only one other contraction reads becomes part of it, to be planned as one.
"""

import collections
import math
from collections.abc import Iterable, Sequence

from terpret.core import fold
from terpret.core.nodes import Contract, Learned, Node, Outputs, Pick, topological
from terpret.core.pool import Pool
from terpret.core.rewrite import rebuild, simplified


def simplify(outputs: Outputs, limit: int) -> Outputs:
    """Simplifies a network.

    Args:
      outputs: its roots by name.
      limit: the largest number of nodes.

    Returns:
      Roots of the same values, made of new nodes.

    Raises:
      TooManyNodes: from the pool.
    """
    outputs = rebuild(outputs, limit, simplified)
    outputs = inlined(outputs, _read_once(outputs.values()), limit)
    return _only_images_that_are_read(outputs, limit)


def inlined(outputs: Outputs, contractions: frozenset[int], limit: int) -> Outputs:
    """Makes contractions part of the contractions that read them.

    Args:
      outputs: the roots of a network by name.
      contractions: their numbers.
      limit: the largest number of nodes.

    Returns:
      Roots of the same values, made of new nodes.
    """

    def visit(pool: Pool, node: Node, operands: Sequence[Node]) -> Node:
        return simplified(pool, node, operands, contractions)

    return rebuild(outputs, limit, visit)


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


def _only_images_that_are_read(outputs: Outputs, limit: int) -> Outputs:
    """Networks whose results are read one by one are applied only to the images that are read."""
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

    def visit(pool: Pool, node: Node, operands: Sequence[Node]) -> Node:
        if isinstance(node, Learned) and node.number in partial:
            images = [fold.pick(pool, operands[0], index) for index in partial[node.number]]
            return pool.learned(node.network, [pool.stack(images)], 1, node.shared)
        if isinstance(node, Pick) and node.operand.number in partial:
            return fold.pick(pool, operands[0], (partial[node.operand.number].index(node.index),))
        return simplified(pool, node, operands)

    return rebuild(outputs, limit, visit)
