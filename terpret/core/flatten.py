"""A branch that is a sum of branches itself: both sums become one, with the products of weights.

Nested statements merge what they set from the inside out. As one sum, each value is weighed once,
by a number that most often depends on parameters alone, and a value that branches of both sums
leave as it was is weighed once for all of them.
"""

import collections
from collections.abc import Sequence

import numpy as np

from terpret.core.nodes import BATCH, Constant, Contract, Label, Node, Pool, Stack, topological
from terpret.core.rules import Rules

Term = tuple[Node, list[Label]]


def flatten(outputs: dict[str, Node], limit: int) -> dict[str, Node]:
    """Makes one sum of sums of sums.

    Args:
      outputs: the roots of a simplified network by name.
      limit: the largest number of nodes.

    Returns:
      Roots of the same values.
    """
    nodes = topological(outputs.values())
    readers = collections.Counter(operand.number for node in nodes for operand in node.operands)
    readers.update(node.number for node in outputs.values())
    rules = Rules(Pool(limit))
    new: dict[int, Node] = {}
    read: collections.Counter[int] = collections.Counter()
    for node in nodes:
        rules.pool.span = node.span
        made = rules.rewrite(node, new, frozenset())
        while isinstance(made, Contract) and (flat := _flat(made, read, rules)) is not None:
            made = rules.rewrite(flat, {o.number: o for o in flat.operands}, frozenset())
            for operand in made.operands:
                # What is not counted yet was made here.
                read.setdefault(operand.number, 1)
        new[node.number] = made
        read[made.number] += readers[node.number]
    return {name: new[node.number] for name, node in outputs.items()}


def _flat(node: Contract, read: collections.Counter[int], rules: Rules) -> Node | None:
    """The contraction with one branch of one of its sums taken apart; None if there is none."""
    for k, (stack, labels) in enumerate(zip(node.factors, node.labels, strict=True)):
        summed = isinstance(stack, Stack) and labels[len(stack.axes)] not in node.output
        if summed and labels.count(labels[len(stack.axes)]) == 1 and read[stack.number] == 1:
            for place, branch in enumerate(stack.elements):
                inner = _branches(branch) if read[branch.number] == 1 else None
                if inner is not None:
                    return _taken_apart(node, k, place, inner, rules)
    return None


def _branches(branch: Node) -> int | None:
    """Which factor of a branch holds the branches that it sums, by weights without a batch."""
    if not isinstance(branch, Contract):
        return None
    named = dict(zip(branch.axes, branch.axis_labels, strict=True))
    for k, (stack, labels) in enumerate(zip(branch.factors, branch.labels, strict=True)):
        if not isinstance(stack, Stack):
            continue
        label = labels[len(stack.axes)]
        terms = list(zip(branch.factors, branch.labels, strict=True))
        del terms[k]
        in_order = (*(named.get(axis) for axis in stack.axes), label, *branch.shape_labels)
        weights = not any(BATCH in factor.axes for factor, _ in terms)
        if labels == in_order and label not in branch.output and weights:
            if _sum_to_one(terms, {*branch.output}):
                return k
    return None


def _sum_to_one(terms: Sequence[tuple[Node, Sequence[Label]]], kept: set[Label]) -> bool:
    """Whether the sum of the products over all labels but those that are kept is 1."""
    for k, (node, labels) in enumerate(terms):
        others = [*terms[:k], *terms[k + 1 :]]
        for place, label in enumerate(labels):
            alone = label not in kept and not any(label in ls for _, ls in others)
            if alone and _sums_to_one(node, place, len(labels)):
                return _sum_to_one(others, kept)
    return not terms


def _sums_to_one(node: Node, place: int, rank: int) -> bool:
    if isinstance(node, Constant):
        return bool(np.all(node.value.sum(place) == 1))
    return node.total and place == rank - 1


def _taken_apart(node: Contract, k: int, place: int, which: int, rules: Rules) -> Node:
    """The contraction with the branches of the branch at `place` in the place of that branch."""
    stack, labels = node.factors[k], node.labels[k]
    branch = stack.elements[place]
    inner = branch.factors[which]
    outer_of = dict(zip(stack.axes, labels, strict=False))
    names = {
        label: outer_of[axis] for axis, label in zip(branch.axes, branch.axis_labels, strict=True)
    }
    label, before = labels[len(stack.axes)], len(inner.elements)
    where = np.zeros((len(stack.elements), before, len(stack.elements) + before - 1))
    elements = [*stack.elements[:place], *inner.elements, *stack.elements[place + 1 :]]
    for outer in range(len(stack.elements)):
        if outer == place:
            where[outer, range(before), range(place, place + before)] = 1
        else:
            where[outer, :, outer if outer < place else outer + before - 1] = 1
    whole = rules.stack(elements)
    terms: list[Term] = [
        (factor, list(ls))
        for j, (factor, ls) in enumerate(zip(node.factors, node.labels, strict=True))
        if j != k
    ]
    for j, (factor, ls) in enumerate(zip(branch.factors, branch.labels, strict=True)):
        if j != which:
            terms.append((factor, [names.get(name, ("inner", name)) for name in ls]))
    inner_label = ("inner", branch.labels[which][len(inner.axes)])
    terms.append((rules.pool.constant(where), [label, inner_label, "branch"]))
    axes = [outer_of[axis] for axis in whole.axes]
    terms.append((whole, [*axes, "branch", *labels[len(stack.axes) + 1 :]]))
    present = {name for _, ls in terms for name in ls}
    return rules.pool.contract(
        [factor for factor, _ in terms],
        [ls for _, ls in terms],
        [(a, name) for a, name in zip(node.axes, node.axis_labels, strict=True) if name in present],
        node.shape_labels,
        node.total,
    )
