"""Every sum of products becomes pairwise contractions, along the cheapest contraction path.

Takes a simplified network; guarantees one of the same value in which no contraction has more than
two factors.
"""

from collections.abc import Mapping, Sequence

from terpret.core.contraction_path import Path, contraction_path
from terpret.core.nodes import Axis, Contract, Label, Node, Outputs, Term
from terpret.core.pool import Pool
from terpret.core.rewrite import rebuild, simplified


def make_pairwise(outputs: Outputs, restarts: int, limit: int) -> Outputs:
    """Splits contractions of more than two factors.

    Args:
      outputs: the roots of a simplified network by name.
      restarts: the number of restarts, for the costs.
      limit: the largest number of nodes.

    Returns:
      Roots of the same values in which no contraction has more than two factors.
    """

    def visit(pool: Pool, node: Node, operands: Sequence[Node]) -> Node:
        if not isinstance(node, Contract):
            return simplified(pool, node, operands)
        terms = [
            term.relabelled(operand) for term, operand in zip(node.terms, operands, strict=True)
        ]
        if len(terms) > 2:
            return _pairwise(pool, node, terms, restarts)
        return pool.contract(terms, node.labelled_axes, node.shape_labels, node.normalised)

    return rebuild(outputs, limit, visit)


def _pairwise(pool: Pool, node: Contract, terms: list[Term], restarts: int) -> Node:
    named: dict[Label, Axis] = {label: axis for axis, label in node.labelled_axes}
    for term in terms:
        for axis, label in term.by_axis.items():
            named.setdefault(label, axis)
    _, path = contraction_path(terms, node.output, restarts)
    for first, second in _as_pairs(path, len(terms)):
        pair = terms[first], terms[second]
        terms = [term for k, term in enumerate(terms) if k not in (first, second)]
        if not terms:
            return pool.contract(pair, node.labelled_axes, node.shape_labels, node.normalised)
        needed = set(node.output).union(*(labels for _, labels in terms))
        both = dict.fromkeys([*pair[0].labels, *pair[1].labels])
        axes, shape = _axes_and_shape([label for label in both if label in needed], named)
        result = pool.contract(pair, axes, shape)
        terms.append(Term(result, (*(label for _, label in axes), *shape)))
    raise AssertionError(node)


def _axes_and_shape(
    labels: Sequence[Label], named: Mapping[Label, Axis]
) -> tuple[list[tuple[Axis, Label]], list[Label]]:
    """The labels that are axes of the result, in canonical order, and those that are dimensions.

    What is an axis of a factor stays one, also where it is summed over later: then the factor's
    numbers are where they were. Of two labels of one axis the second is a dimension.
    """
    axes: dict[Axis, Label] = {}
    for label in labels:
        if label in named:
            axes.setdefault(named[label], label)
    shape = [label for label in labels if label not in axes.values()]
    return sorted(axes.items()), shape


def _as_pairs(path: Path, count: int) -> list[tuple[int, ...]]:
    """The path as pairs of places in a list from which each pair is taken, its result put last."""
    pairs: list[tuple[int, ...]] = []
    places: list[Path] = list(range(count))

    def visit(path: Path) -> None:
        if isinstance(path, int):
            return
        for part in path:
            visit(part)
        pairs.append(tuple(sorted(places.index(part) for part in path)))
        for part in path:
            places.remove(part)
        places.append(path)

    visit(path)
    return pairs
