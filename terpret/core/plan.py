"""Contraction order: every sum of products becomes pairwise ones, in the cheapest order."""

from collections.abc import Mapping, Sequence

from terpret.core.nodes import Axis, Contract, Node, Pool, topological
from terpret.core.order import Tree, order
from terpret.core.rules import Rules


def plan(outputs: dict[str, Node], restarts: int, limit: int) -> dict[str, Node]:
    """Splits contractions of more than two factors.

    Args:
      outputs: the roots of a simplified network by name.
      restarts: the number of restarts, for the costs.
      limit: the largest number of nodes.

    Returns:
      Roots of the same values in which no contraction has more than two factors.
    """
    rules = Rules(Pool(limit))
    new: dict[int, Node] = {}
    for node in topological(outputs.values()):
        rules.pool.span = node.span
        if isinstance(node, Contract) and len(node.factors) > 2:
            new[node.number] = _pairwise(node, new, rules.pool, restarts)
        elif isinstance(node, Contract):
            new[node.number] = rules.pool.contract(
                [new[factor.number] for factor in node.factors],
                node.labels,
                list(zip(node.axes, node.axis_labels, strict=True)),
                node.shape_labels,
                node.total,
            )
        else:
            new[node.number] = rules.rewrite(node, new, frozenset())
    return {name: new[node.number] for name, node in outputs.items()}


def _pairwise(node: Contract, new: dict[int, Node], pool: Pool, restarts: int) -> Node:
    terms: list[tuple[Node, Sequence[int]]] = [
        (new[factor.number], labels)
        for factor, labels in zip(node.factors, node.labels, strict=True)
    ]
    named = dict(zip(node.axis_labels, node.axes, strict=True))
    for factor, labels in terms:
        for axis, label in zip(factor.axes, labels, strict=False):
            named.setdefault(label, axis)
    _, tree = order(terms, node.output, restarts)
    for first, second in _as_path(tree, len(terms)):
        factors, labels = zip(terms[first], terms[second], strict=True)
        terms = [term for k, term in enumerate(terms) if k not in (first, second)]
        if not terms:
            axes = list(zip(node.axes, node.axis_labels, strict=True))
            return pool.contract(factors, labels, axes, node.shape_labels, node.total)
        needed = set(node.output).union(*(ls for _, ls in terms))
        here = [label for label in dict.fromkeys([*labels[0], *labels[1]]) if label in needed]
        axes, shape = _axes_and_shape(here, named)
        result = pool.contract(factors, labels, axes, shape)
        terms.append((result, [*(label for _, label in axes), *shape]))
    raise AssertionError(node)


def _axes_and_shape(
    labels: Sequence[int], named: Mapping[int, Axis]
) -> tuple[list[tuple[Axis, int]], list[int]]:
    """The labels that are axes of the result, in canonical order, and those that are dimensions.

    What is an axis of a factor stays one, also where it is summed over later: then the factor's
    numbers are where they were. Of two labels of one axis the second is a dimension.
    """
    axes: dict[Axis, int] = {}
    for label in labels:
        if label in named:
            axes.setdefault(named[label], label)
    shape = [label for label in labels if label not in axes.values()]
    return sorted(axes.items()), shape


def _as_path(tree: Tree, count: int) -> list[tuple[int, ...]]:
    """The order as pairs of places in a list from which each pair is taken, its result put last."""
    path: list[tuple[int, ...]] = []
    places: list[Tree] = list(range(count))

    def visit(tree: Tree) -> None:
        if isinstance(tree, int):
            return
        for part in tree:
            visit(part)
        path.append(tuple(sorted(places.index(part) for part in tree)))
        for part in tree:
            places.remove(part)
        places.append(tree)

    visit(tree)
    return path
