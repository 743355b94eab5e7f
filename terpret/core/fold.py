"""What is known is folded where a node is made: constants, elements of stacks, whole arrays.

Takes operands that are folded already, and guarantees as much of the node it returns.
"""

from collections.abc import Sequence

import numpy as np

from terpret.core.nodes import Constant, Contract, Given, Input, Learned, Node, Pick, Stack
from terpret.core.pool import Pool


def pick(pool: Pool, operand: Node, index: tuple[int, ...]) -> Node:
    """`operand[index]`."""
    if not index:
        return operand
    match operand:
        case Stack():
            return pick(pool, operand.elements[index[0]], index[1:])
        case Constant():
            return pool.constant(operand.value[index])
        case Pick():
            return pool.pick(operand.operand, operand.index + index)
    return pool.pick(operand, index)


def stack(pool: Pool, elements: Sequence[Node]) -> Node:
    """The elements along a new leading dimension; all elements of one array are that array."""
    known = [element.value for element in elements if isinstance(element, Constant)]
    if len(known) == len(elements):
        return pool.constant(np.stack(known))
    first = elements[0]
    if isinstance(first, Pick) and first.index[-1] == 0:
        array, prefix = first.operand, first.index[:-1]
        whole = len(elements) == array.shape[len(prefix)] and all(
            isinstance(element, Pick) and element.operand is array and element.index == (*prefix, k)
            for k, element in enumerate(elements)
        )
        if whole:
            return pick(pool, array, prefix)
    return pool.stack(elements)


def learned(pool: Pool, node: Learned, arguments: Sequence[Node]) -> Node:
    """A network applied to elements of one array is applied to the array, once."""
    argument = arguments[0]
    if len(arguments) > 1 or node.mapped:
        return pool.learned(node.network, arguments, node.mapped, node.shared)
    if isinstance(argument, Pick) and isinstance(argument.operand, Input | Given):
        depth = len(argument.index)
        whole = pool.learned(node.network, [argument.operand], depth, node.shared)
        return pick(pool, whole, argument.index)
    if isinstance(argument, Contract) and is_renaming(argument):
        array, labels = argument.terms[0]
        depth = len(array.shape) - len(argument.shape)
        opened = labels[len(array.axes) : len(array.axes) + depth]
        named = dict(zip(argument.axis_labels, argument.axes, strict=True))
        if isinstance(array, Input | Given) and all(label in named for label in opened):
            whole = pool.learned(node.network, [array], depth, node.shared)
            return pool.open(whole, [named[label] for label in opened])
    return pool.learned(node.network, arguments, node.mapped, node.shared)


def is_renaming(node: Contract) -> bool:
    """Whether a contraction only gives the labels of its one factor other names."""
    labels = node.terms[0].labels
    return len(node.terms) == 1 and len(set(labels)) == len(node.output) == len(labels)
