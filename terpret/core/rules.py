"""Simplified nodes: what each kind of node becomes when its operands are simple already."""

from collections.abc import Sequence

import numpy as np

from terpret.core.contraction import Contraction, is_renaming
from terpret.core.nodes import Constant, Contract, Input, Learned, Node, Param, Pick, Pool, Stack


class Rules:
    """Makes nodes in `pool`, simplified."""

    def __init__(self, pool: Pool):
        self.pool = pool

    def rewrite(self, node: Node, new: dict[int, Node], inline: frozenset[int]) -> Node:
        """The simplified form of `node`, whose operands are already in `new`."""
        operands = [new[operand.number] for operand in node.operands]
        match node:
            case Param():
                return self.pool.param(node.name, node.shape[:-1], node.shape[-1])
            case Input():
                return self.pool.input(node.name, node.shape, node.total)
            case Constant():
                return self.pool.constant(node.value)
            case Pick():
                return self.pick(operands[0], node.index)
            case Stack():
                return self.stack(operands)
            case Learned():
                return self.learned(node, operands)
            case Contract():
                inlined = [operand.number in inline for operand in node.operands]
                return self._contract(node, operands, inlined)
        raise AssertionError(node)

    def pick(self, operand: Node, index: tuple[int, ...]) -> Node:
        """`operand[index]`."""
        if not index:
            return operand
        match operand:
            case Stack():
                return self.pick(operand.elements[index[0]], index[1:])
            case Constant():
                return self.pool.constant(operand.value[index])
            case Pick():
                return self.pool.pick(operand.operand, operand.index + index)
        return self.pool.pick(operand, index)

    def stack(self, elements: Sequence[Node]) -> Node:
        """The elements along a new leading dimension."""
        if all(isinstance(element, Constant) for element in elements):
            return self.pool.constant(np.stack([element.value for element in elements]))
        first = elements[0]
        if isinstance(first, Pick) and first.index[-1] == 0:
            array, prefix = first.operand, first.index[:-1]
            whole = len(elements) == array.shape[len(prefix)] and all(
                isinstance(element, Pick)
                and element.operand is array
                and element.index == (*prefix, k)
                for k, element in enumerate(elements)
            )
            if whole:
                return self.pick(array, prefix)
        return self.pool.stack(elements)

    def learned(self, node: Learned, arguments: Sequence[Node]) -> Node:
        """A network applied to elements of one array is applied to the array, once."""
        argument = arguments[0]
        if len(arguments) > 1 or node.mapped:
            return self.pool.learned(node.network, arguments, node.mapped, node.shared)
        if isinstance(argument, Pick) and isinstance(argument.operand, Input):
            depth = len(argument.index)
            whole = self.pool.learned(node.network, [argument.operand], depth, node.shared)
            return self.pick(whole, argument.index)
        if isinstance(argument, Contract) and is_renaming(argument):
            array = argument.factors[0]
            depth = len(array.shape) - len(argument.shape)
            opened = argument.labels[0][len(array.axes) : len(array.axes) + depth]
            named = dict(zip(argument.axis_labels, argument.axes, strict=True))
            if isinstance(array, Input) and all(label in named for label in opened):
                whole = self.pool.learned(node.network, [array], depth, node.shared)
                return self.pool.open(whole, [named[label] for label in opened])
        return self.pool.learned(node.network, arguments, node.mapped, node.shared)

    def _contract(self, node: Contract, factors: list[Node], inlined: list[bool]) -> Node:
        axes = list(zip(node.axes, node.axis_labels, strict=True))
        work = Contraction(self, axes, list(node.shape_labels), node.total)
        for factor, labels, inline in zip(factors, node.labels, inlined, strict=True):
            # Operands may have lost axes since: match labels by axis, not by position.
            old = node.factors[len(work.terms)]
            label_of = dict(zip(old.axes, labels, strict=False))
            kept = [label_of[axis] for axis in factor.axes]
            work.terms.append((factor, [*kept, *labels[len(old.axes) :]], inline))
        return work.result()
