"""A branch that is a sum of branches itself: both sums become one, with the products of weights.

Takes a simplified network; guarantees one of the same value in which no sum of branches, read but
once, has a branch, read but once, that is such a sum with weights that have no batch axis.

Nested statements merge what they set from the inside out. As one sum, each value is weighed once,
by a number that most often depends on parameters alone, and a value that branches of both sums
leave as it was is weighed once for all of them.
"""

import collections
from collections.abc import Sequence

import numpy as np

from terpret.core import fold
from terpret.core.nodes import (
    BATCH,
    Constant,
    Contract,
    Label,
    Node,
    Outputs,
    Stack,
    Term,
    topological,
)
from terpret.core.pool import Pool
from terpret.core.rewrite import rebuild, simplified


def merge_nested_sums(outputs: Outputs, limit: int) -> Outputs:
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
    read: collections.Counter[int] = collections.Counter()

    def visit(pool: Pool, node: Node, operands: Sequence[Node]) -> Node:
        made = simplified(pool, node, operands)
        while isinstance(made, Contract) and (merged := _merged(pool, made, read)) is not None:
            made = simplified(pool, merged, merged.operands)
            for operand in made.operands:
                # What is not counted yet was made here.
                read.setdefault(operand.number, 1)
        read[made.number] += readers[node.number]
        return made

    return rebuild(outputs, limit, visit)


def _merged(pool: Pool, node: Contract, read: collections.Counter[int]) -> Node | None:
    """The contraction with one branch of one of its sums taken apart; None if there is none."""
    for k, (stack, labels) in enumerate(node.terms):
        if not isinstance(stack, Stack) or labels[len(stack.axes)] in node.output:
            continue
        if labels.count(labels[len(stack.axes)]) == 1 and read[stack.number] == 1:
            for place, branch in enumerate(stack.elements):
                inner = _branches(branch) if read[branch.number] == 1 else None
                if inner is not None:
                    return _taken_apart(pool, node, k, place, inner)
    return None


def _branches(branch: Node) -> int | None:
    """Which factor of a branch holds the branches that it sums, by weights without a batch."""
    if not isinstance(branch, Contract):
        return None
    named = dict(zip(branch.axes, branch.axis_labels, strict=True))
    for k, (stack, labels) in enumerate(branch.terms):
        if not isinstance(stack, Stack):
            continue
        label = labels[len(stack.axes)]
        terms = branch.without(k)
        in_order = (*(named.get(axis) for axis in stack.axes), label, *branch.shape_labels)
        weights = not any(BATCH in factor.axes for factor, _ in terms)
        if labels == in_order and label not in branch.output and weights:
            if _sum_to_one(terms, {*branch.output}):
                return k
    return None


def _sum_to_one(terms: Sequence[Term], kept: set[Label]) -> bool:
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
    return node.normalised and place == rank - 1


def _taken_apart(pool: Pool, node: Contract, k: int, place: int, which: int) -> Node:
    """The contraction with the branches of the branch at `place` in the place of that branch."""
    stack, outer_of = node.terms[k].node, node.terms[k].by_axis
    label, *dimensions = node.terms[k].shape_labels
    assert isinstance(stack, Stack)
    branch = stack.elements[place]
    assert isinstance(branch, Contract)
    inner = branch.terms[which].node
    assert isinstance(inner, Stack)
    names = {own: outer_of[axis] for axis, own in branch.labelled_axes}
    before = len(inner.elements)
    where = np.zeros((len(stack.elements), before, len(stack.elements) + before - 1))
    for outer in range(len(stack.elements)):
        if outer == place:
            where[outer, range(before), range(place, place + before)] = 1
        else:
            where[outer, :, outer if outer < place else outer + before - 1] = 1
    whole = fold.stack(
        pool, [*stack.elements[:place], *inner.elements, *stack.elements[place + 1 :]]
    )
    weights = [
        Term(factor, tuple(names.get(name, ("inner", name)) for name in labels))
        for factor, labels in branch.without(which)
    ]
    inner_label = ("inner", branch.terms[which].shape_labels[0])
    terms = [
        *node.without(k),
        *weights,
        Term(pool.constant(where), (label, inner_label, "branch")),
        Term(whole, (*(outer_of[axis] for axis in whole.axes), "branch", *dimensions)),
    ]
    present = {name for _, labels in terms for name in labels}
    axes = [(axis, name) for axis, name in node.labelled_axes if name in present]
    return pool.contract(terms, axes, node.shape_labels, node.normalised)
