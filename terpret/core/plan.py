"""Contraction order: every sum of products becomes pairwise ones, in the cheapest order."""

from collections.abc import Iterable

import opt_einsum

from terpret.core.nodes import Axis, Contract, Node, Pool, extents, topological
from terpret.core.rules import Rules

EXACT = 7
NOMINAL_BATCH = 64


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
    terms = [
        (new[factor.number], labels)
        for factor, labels in zip(node.factors, node.labels, strict=True)
    ]
    named = dict(zip(node.axis_labels, node.axes, strict=True))
    for pair in _path(node, restarts):
        chosen = [terms[k] for k in pair]
        terms = [term for k, term in enumerate(terms) if k not in pair]
        last = not terms
        needed = set(node.output).union(*(labels for _, labels in terms))
        here = [label for label in dict.fromkeys(_flat(ls for _, ls in chosen)) if label in needed]
        axes = [(named[label], label) for label in here if label in named]
        shape = list(node.shape_labels) if last else [label for label in here if label not in named]
        result = pool.contract(
            [factor for factor, _ in chosen],
            [labels for _, labels in chosen],
            axes,
            shape,
            node.total and last,
        )
        terms.append((result, _labels_of(result.axes, named, shape)))
    return terms[0][0]


def _flat(parts: Iterable[Iterable[int]]) -> Iterable[int]:
    return (label for part in parts for label in part)


def _labels_of(axes: tuple[Axis, ...], named: dict[int, Axis], shape: list[int]) -> tuple[int, ...]:
    label_of = {axis: label for label, axis in named.items()}
    return (*(label_of[axis] for axis in axes), *shape)


def _path(node: Contract, restarts: int) -> list[tuple[int, ...]]:
    inputs = ",".join("".join(map(opt_einsum.get_symbol, labels)) for labels in node.labels)
    output = "".join(map(opt_einsum.get_symbol, node.output))
    shapes = [extents(factor, restarts, NOMINAL_BATCH) for factor in node.factors]
    how = "optimal" if len(node.factors) <= EXACT else "auto"
    path, _ = opt_einsum.contract_path(f"{inputs}->{output}", *shapes, shapes=True, optimize=how)
    return path
