"""A contraction that several others read is made once, or by each reader as part of its own.

Takes a simplified network; guarantees one of the same value whose pairwise contractions cost no
more.

Made once it is the cheaper the more often it is read; but the readers may know a better order.
Tiles weighed by what all restarts agree on are large for each restart, while a restart's weights
of its own, put together first, are contracted with all tiles in one matrix product.
"""

import collections
from collections.abc import Sequence

from terpret.core.contraction_path import contraction_path
from terpret.core.nodes import Contract, Label, Node, Outputs, Term, topological
from terpret.core.simplify import inlined

# Nodes that read another, None for an output, and at which place among their operands.
Readers = Sequence[tuple[Node | None, int]]


def inline_shared(outputs: Outputs, restarts: int, limit: int) -> Outputs:
    """Makes contractions part of all their readers where that costs less.

    Args:
      outputs: the roots of a simplified network by name.
      restarts: the number of restarts, for the costs.
      limit: the largest number of nodes.

    Returns:
      Roots of the same values.
    """
    nodes = topological(outputs.values())
    readers: dict[int, list[tuple[Node | None, int]]] = collections.defaultdict(list)
    for node in nodes:
        for place, operand in enumerate(node.operands):
            readers[operand.number].append((node, place))
    for root in outputs.values():
        readers[root.number].append((None, 0))
    apart = {
        node.number
        for node in nodes
        if isinstance(node, Contract) and _cheaper_apart(node, readers[node.number], restarts)
    }
    return inlined(outputs, frozenset(apart), limit)


def _cheaper_apart(node: Contract, readers: Readers, restarts: int) -> bool:
    merging = [(reader, place) for reader, place in readers if isinstance(reader, Contract)]
    if len(readers) < 2 or len(merging) < len(readers):
        return False
    once, apart = _cost(node.terms, node.output, restarts), 0.0
    for reader, place in merging:
        once += _cost(reader.terms, reader.output, restarts)
        apart += _cost(_joined(reader, place, node), reader.output, restarts)
    return apart < once


def _cost(terms: Sequence[Term], output: Sequence[Label], restarts: int) -> float:
    return contraction_path(terms, output, restarts)[0]


def _joined(reader: Contract, place: int, node: Contract) -> list[Term]:
    """The factors of `reader` with those of `node` in the place of `node` itself."""
    names: dict[Label, Label] = dict(zip(node.output, reader.terms[place].labels, strict=True))
    inner = [
        Term(factor, tuple(names.setdefault(label, (label,)) for label in labels))
        for factor, labels in node.terms
    ]
    return [*reader.without(place), *inner]
