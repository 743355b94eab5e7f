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
from collections.abc import Iterable

from terpret.core.nodes import Contract, Learned, Node, Pick, Pool, topological
from terpret.core.rules import Rules


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
    outputs = rewrite(outputs, frozenset(), limit)
    outputs = rewrite(outputs, _read_once(outputs.values()), limit)
    return _only_images_that_are_read(outputs, limit)


def rewrite(outputs: dict[str, Node], inline: frozenset[int], limit: int) -> dict[str, Node]:
    """Applies the rules once.

    Args:
      outputs: the roots of a network by name.
      inline: the numbers of contractions to make part of the contractions that read them.
      limit: the largest number of nodes.

    Returns:
      Roots of the same values, made of new nodes.
    """
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
            stack = rules.pool.stack(images)
            new[node.number] = rules.pool.learned(node.network, [stack], 1, node.shared)
        elif isinstance(node, Pick) and node.operand.number in partial:
            place = partial[node.operand.number].index(node.index)
            new[node.number] = rules.pick(new[node.operand.number], (place,))
        else:
            new[node.number] = rules.rewrite(node, new, frozenset())
    return {name: new[node.number] for name, node in outputs.items()}
