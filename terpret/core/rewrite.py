"""The driver of all passes, and what each kind of node becomes when its operands are simple."""

import dataclasses
from collections.abc import Callable, Sequence

from terpret.core import fold
from terpret.core.contraction import contracted
from terpret.core.nodes import (
    Constant,
    Contract,
    Given,
    Input,
    Learned,
    Node,
    Outputs,
    Param,
    Pick,
    Repeated,
    Rounds,
    Stack,
    merge_axes,
    topological,
)
from terpret.core.pool import Pool

# Makes a node anew in a pool from its operands, which have been made anew.
Visit = Callable[[Pool, Node, Sequence[Node]], Node]


def rebuild(outputs: Outputs, limit: int, visit: Visit) -> Outputs:
    """Makes a network anew in a new pool, operands first.

    Args:
      outputs: its roots by name.
      limit: the largest number of nodes.
      visit: makes one node; what it makes besides belongs to the same place in the model.

    Returns:
      The new roots by name.

    Raises:
      TooManyNodes: from the pool.
    """
    pool = Pool(limit)
    new: dict[int, Node] = {}
    for node in topological(outputs.values()):
        pool.span = node.span
        new[node.number] = visit(pool, node, [new[operand.number] for operand in node.operands])
    return {name: new[node.number] for name, node in outputs.items()}


def simplified(
    pool: Pool, node: Node, operands: Sequence[Node], inline: frozenset[int] = frozenset()
) -> Node:
    """The simplified form of a node.

    Args:
      pool: where it is made.
      node: the node.
      operands: its operands, simplified.
      inline: the numbers of contractions that become part of the contractions that read them.
    """
    match node:
        case Param():
            return pool.param(node.name, node.shape[:-1], node.shape[-1])
        case Input():
            return pool.input(node.name, node.shape, node.normalised)
        case Constant():
            return pool.constant(node.value)
        case Pick():
            return fold.pick(pool, operands[0], node.index)
        case Stack():
            return fold.stack(pool, operands)
        case Learned():
            return fold.learned(pool, node, operands)
        case Given():
            return pool.given(node.place, node.axes, node.shape, node.normalised, node.real)
        case Repeated():
            rounds = fitted(pool, node.rounds, operands)
            return pool.repeated(rounds, operands, node.root, node.every)
        case Contract():
            inlined = [operand.number in inline for operand in node.operands]
            return contracted(pool, node, operands, inlined)
    raise AssertionError(f"a kind of node that no pass knows: {type(node).__name__}")


def fitted(pool: Pool, rounds: Rounds, operands: Sequence[Node]) -> Rounds:
    """A loop whose body expects no axes that its operands, which may have lost some, have not.

    Args:
      pool: where the loop is read; in it, one loop stays one.
      rounds: the loop.
      operands: what it is computed from.
    """
    lengths = tuple(one.axes for one in operands)
    axes = tuple(
        own if place in rounds.carried else has
        for place, (own, has) in enumerate(zip(rounds.axes, lengths, strict=True))
    )
    if axes == rounds.axes:
        return rounds
    key = rounds, lengths
    if key not in pool.fitted:
        pool.fitted[key] = narrowed(pool, rounds, operands)
    return pool.fitted[key]


def narrowed(pool: Pool, rounds: Rounds, operands: Sequence[Node]) -> Rounds:
    """A loop whose body has only the axes that its operands, and what they become, depend on.

    Args:
      pool: where the loop is read.
      rounds: the loop.
      operands: what it is computed from.
    """
    axes = tuple(one.axes for one in operands)

    def visit(pool: Pool, node: Node, operands: Sequence[Node]) -> Node:
        if isinstance(node, Given):
            return pool.given(node.place, axes[node.place], node.shape, node.normalised, node.real)
        return simplified(pool, node, operands)

    # What is passed on may gain axes by each round.
    while True:
        body = rebuild(rounds.body, pool.limit, visit)
        found = tuple(
            merge_axes([body[rounds.carried[place]]], *own) if place in rounds.carried else own
            for place, own in enumerate(axes)
        )
        if found == axes:
            return dataclasses.replace(rounds, body=body, axes=axes)
        axes = found
