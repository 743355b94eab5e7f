"""A common factor of several branches is met once: sum_c w_c (a_c . V) = (sum_c w_c a_c) . V.

Four moves that read the same tiles are one reading at the mixed position. What is left of the
branches is added to it by a contraction of a stack with ones.
"""

from collections.abc import Iterable

import numpy as np

from terpret.core.nodes import BATCH, Contract, Node, Pool, Stack, numbers, one_hot, topological
from terpret.core.order import NOMINAL_BATCH
from terpret.core.rules import Rules

Signature = tuple[object, ...]


def factor(outputs: dict[str, Node], limit: int) -> dict[str, Node]:
    """Takes common factors out of the sums of a simplified network.

    Args:
      outputs: its roots by name.
      limit: the largest number of nodes.

    Returns:
      Roots of the same values.
    """
    rules = Rules(Pool(limit))
    new: dict[int, Node] = {}
    for node in topological(outputs.values()):
        rules.pool.span = node.span
        made = rules.rewrite(node, new, frozenset())
        new[node.number] = _factored(made, rules) if isinstance(made, Contract) else made
    return {name: new[node.number] for name, node in outputs.items()}


def _factored(node: Contract, rules: Rules) -> Node:
    for k, (stack, labels) in enumerate(zip(node.factors, node.labels, strict=True)):
        if not isinstance(stack, Stack) or labels[len(stack.axes)] in node.output:
            continue
        common = _common_factor(stack.elements)
        if common is not None:
            return _split(node, k, *common, rules)
    return node


def _common_factor(elements: Iterable[Node]) -> tuple[Node, dict[int, int]] | None:
    """The largest factor that several elements share in the same way.

    Returns:
      The factor, and for the place of each of those elements the factor's place in it.
    """
    shared: dict[tuple[int, Signature], tuple[Node, dict[int, int]]] = {}
    for place, element in enumerate(elements):
        if not isinstance(element, Contract) or len(element.factors) < 2:
            continue
        for k, candidate in enumerate(element.factors):
            signature = _signature(element, k)
            if signature is not None and BATCH in candidate.axes:
                key = (candidate.number, signature)
                shared.setdefault(key, (candidate, {}))[1].setdefault(place, k)
    best = None
    for candidate, places in shared.values():
        size = numbers(candidate, 1, NOMINAL_BATCH)
        if len(places) > 1 and (best is None or size > best[0]):
            best = (size, candidate, places)
    return best[1:] if best else None


def _signature(element: Contract, k: int) -> Signature | None:
    """How factor `k` enters: its axes and dimensions that stay, and those summed with the rest.

    None unless the rest has no dimension of the result: then it is but a weight of the factor.
    """
    labels = element.labels[k]
    rest = {label for j, ls in enumerate(element.labels) if j != k for label in ls}
    alone = set(labels) - rest - set(element.output)
    if rest & set(element.shape_labels) or alone or len(set(labels)) != len(labels):
        return None
    summed: dict[int, int] = {}
    return tuple(
        ("stays", element.output.index(label))
        if label in element.output
        else ("summed", summed.setdefault(label, len(summed)))
        for label in labels
    )


def _split(node: Contract, k: int, common: Node, where: dict[int, int], rules: Rules) -> Node:
    stack = node.factors[k]
    label = node.labels[k][len(stack.axes)]
    others = [place for place in range(len(stack.elements)) if place not in where]
    parts = [_group(node, k, label, common, where, rules)]
    if others:
        rest = rules.stack([stack.elements[place] for place in others])
        axis_labels = dict(zip(stack.axes, node.labels[k], strict=False))
        inner = node.labels[k][len(stack.axes) + 1 :]
        rest_labels = [*(axis_labels[axis] for axis in rest.axes), "part", *inner]
        parts.append(_weighed(node, k, label, others, [(rest, rest_labels)], rules))
    if len(parts) == 1:
        return parts[0]
    ones = rules.pool.constant(np.ones(2))
    both = rules.stack(parts)
    inner = range(len(node.shape))
    return rules.pool.contract(
        [ones, both],
        [["part"], [*both.axes, "part", *inner]],
        [(axis, axis) for axis in both.axes],
        list(inner),
        node.total,
    )


def _weighed(
    node: Contract,
    k: int,
    label: int,
    places: list[int],
    terms: list[tuple[Node, list[object]]],
    rules: Rules,
) -> Node:
    """The contraction of `node` with its stack replaced by `terms` over the chosen `places`."""
    size = node.factors[k].shape[0]
    choice = rules.pool.constant(one_hot(places, size).T)
    terms = [
        (choice, [label, "part"]),
        *terms,
        *(
            (f, ls)
            for j, (f, ls) in enumerate(zip(node.factors, node.labels, strict=True))
            if j != k
        ),
    ]
    present = {name for _, labels in terms for name in labels}
    axes = [
        (axis, name)
        for axis, name in zip(node.axes, node.axis_labels, strict=True)
        if name in present
    ]
    return rules.pool.contract(
        [term for term, _ in terms],
        [labels for _, labels in terms],
        axes,
        node.shape_labels,
    )


def _group(
    node: Contract, k: int, label: int, common: Node, where: dict[int, int], rules: Rules
) -> Node:
    stack = node.factors[k]
    weights, common_labels = [], None
    outer = dict(zip(stack.axes, node.labels[k], strict=False))
    inner = node.labels[k][len(stack.axes) + 1 :]
    for place, which in where.items():
        element = stack.elements[place]
        labels = element.labels[which]
        summed = [name for name in labels if name not in element.output]
        named = dict(zip(element.axis_labels, element.axes, strict=True))
        kept = dict(zip(element.shape_labels, inner, strict=True))
        common_labels = [
            outer[named[name]]
            if name in named
            else (kept[name] if name in kept else ("summed", summed.index(name)))
            for name in labels
        ]
        rest = [j for j in range(len(element.factors)) if j != which]
        present = {name for j in rest for name in element.labels[j]}
        weights.append(
            rules.pool.contract(
                [element.factors[j] for j in rest],
                [element.labels[j] for j in rest],
                [(axis, name) for name, axis in named.items() if name in present],
                summed,
            )
        )
    # A weight that was one factor alone is that factor, so that equal ones are one node.
    weights = [_plain(weight) for weight in weights]
    stacked = rules.stack(weights)
    stacked_labels = [
        *(outer[axis] for axis in stacked.axes),
        "part",
        *(("summed", n) for n in range(len(stacked.shape) - 1)),
    ]
    terms = [(stacked, stacked_labels), (common, common_labels)]
    return _weighed(node, k, label, list(where), terms, rules)


def _plain(node: Node) -> Node:
    if isinstance(node, Contract) and len(node.factors) == 1:
        factor = node.factors[0]
        if factor.axes == node.axes and node.labels[0] == node.output:
            return factor
    return node
