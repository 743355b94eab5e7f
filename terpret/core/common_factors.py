"""A common factor of several branches is taken out: sum_c w_c (a_c . V) = (sum_c w_c a_c) . V.

Four moves that read the same tiles are one reading at the mixed position. What is left of the
branches is added to it by a contraction of a stack with ones.

Takes a simplified network; guarantees one of the same value in which, of each sum of branches, the
largest factor with a batch axis that several branches share in the same way stands once.
"""

from collections.abc import Iterable, Sequence

import numpy as np

from terpret.core import fold
from terpret.core.contraction_path import NOMINAL_BATCH
from terpret.core.nodes import (
    BATCH,
    Contract,
    Label,
    Node,
    Outputs,
    Stack,
    Term,
    numbers,
    one_hot,
)
from terpret.core.pool import Pool
from terpret.core.rewrite import rebuild, simplified

Signature = tuple[object, ...]


def take_out_common_factors(outputs: Outputs, limit: int) -> Outputs:
    """Takes common factors out of the sums of a simplified network.

    Args:
      outputs: its roots by name.
      limit: the largest number of nodes.

    Returns:
      Roots of the same values.
    """

    def visit(pool: Pool, node: Node, operands: Sequence[Node]) -> Node:
        made = simplified(pool, node, operands)
        return _factored(pool, made) if isinstance(made, Contract) else made

    return rebuild(outputs, limit, visit)


def _factored(pool: Pool, node: Contract) -> Node:
    for k, (stack, labels) in enumerate(node.terms):
        if not isinstance(stack, Stack) or labels[len(stack.axes)] in node.output:
            continue
        common = _common_factor(stack.elements)
        if common is not None:
            return _split(pool, node, k, *common)
    return node


def _common_factor(elements: Iterable[Node]) -> tuple[Node, dict[int, int]] | None:
    """The largest factor that several elements share in the same way.

    Returns:
      The factor, and for the place of each of those elements the factor's place in it.
    """
    shared: dict[tuple[int, Signature], tuple[Node, dict[int, int]]] = {}
    for place, element in enumerate(elements):
        if not isinstance(element, Contract) or len(element.terms) < 2:
            continue
        for k, candidate in enumerate(element.operands):
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
    labels = element.terms[k].labels
    rest = {label for term in element.without(k) for label in term.labels}
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


def _split(pool: Pool, node: Contract, k: int, common: Node, where: dict[int, int]) -> Node:
    """The contraction as the sum of those branches that have the factor and of the others.

    Args:
      pool: where it is made.
      node: the contraction.
      k: the place of its stack of branches.
      common: the common factor.
      where: for the place of each branch that has it, the place of the factor in the branch.
    """
    branches = node.terms[k]
    stack = branches.node
    assert isinstance(stack, Stack)
    label, *inner = branches.shape_labels
    others = [place for place in range(len(stack.elements)) if place not in where]
    parts = [_weighed(pool, node, k, list(where), _grouped(pool, branches, common, where))]
    if others:
        rest = fold.stack(pool, [stack.elements[place] for place in others])
        by_axis = branches.by_axis
        term = Term(rest, (*(by_axis[axis] for axis in rest.axes), "part", *inner))
        parts.append(_weighed(pool, node, k, others, [term]))
    if len(parts) == 1:
        return parts[0]
    ones = pool.constant(np.ones(2))
    both = fold.stack(pool, parts)
    dimensions = range(len(node.shape))
    return pool.contract(
        [Term(ones, ("part",)), Term(both, (*both.axes, "part", *dimensions))],
        [(axis, axis) for axis in both.axes],
        list(dimensions),
        node.normalised,
    )


def _weighed(pool: Pool, node: Contract, k: int, places: list[int], terms: Sequence[Term]) -> Node:
    """The contraction of `node` with its stack replaced by `terms` over the chosen `places`."""
    stack, label = node.terms[k].node, node.terms[k].shape_labels[0]
    choice = pool.constant(one_hot(places, stack.shape[0]).T)
    every = [Term(choice, (label, "part")), *terms, *node.without(k)]
    present = {name for _, labels in every for name in labels}
    axes = [(axis, name) for axis, name in node.labelled_axes if name in present]
    return pool.contract(every, axes, node.shape_labels)


def _grouped(pool: Pool, branches: Term, common: Node, where: dict[int, int]) -> list[Term]:
    """What takes the place of the branches that have the factor: their weights, and the factor."""
    stack = branches.node
    assert isinstance(stack, Stack)
    outer = branches.by_axis
    inner = branches.shape_labels[1:]
    weights: list[Node] = []
    common_labels: tuple[Label, ...] = ()
    for place, which in where.items():
        element = stack.elements[place]
        assert isinstance(element, Contract)
        labels = element.terms[which].labels
        summed = [name for name in labels if name not in element.output]
        named = {label: axis for axis, label in element.labelled_axes}
        kept = dict(zip(element.shape_labels, inner, strict=True))
        common_labels = tuple(
            outer[named[name]]
            if name in named
            else (kept[name] if name in kept else ("summed", summed.index(name)))
            for name in labels
        )
        rest = element.without(which)
        present = {name for term in rest for name in term.labels}
        axes = [(axis, name) for axis, name in element.labelled_axes if name in present]
        # A weight that was one factor alone is that factor, so that equal ones are one node.
        weights.append(_plain(pool.contract(rest, axes, summed)))
    stacked = fold.stack(pool, weights)
    summed_labels = (("summed", n) for n in range(len(stacked.shape) - 1))
    stacked_labels = (*(outer[axis] for axis in stacked.axes), "part", *summed_labels)
    return [Term(stacked, stacked_labels), Term(common, common_labels)]


def _plain(node: Node) -> Node:
    if isinstance(node, Contract) and len(node.terms) == 1:
        factor, labels = node.terms[0]
        if factor.axes == node.axes and labels == node.output:
            return factor
    return node
