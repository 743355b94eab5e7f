"""The bodies of loops: what nobody needs is left out, what is alike in all rounds stands outside.

Takes a network with loops; guarantees one of the same value in which every body has been improved,
and computes only what depends on the round.
"""

import dataclasses
from collections.abc import Callable, Iterable, Sequence

from terpret.core.nodes import (
    Constant,
    Contract,
    Given,
    Node,
    Outputs,
    Pick,
    Repeated,
    Rounds,
    topological,
)
from terpret.core.pool import Pool
from terpret.core.rewrite import rebuild, simplified
from terpret.core.schedule import Kind, kinds_of

Improve = Callable[[Outputs], Outputs]


def with_bodies(outputs: Outputs, limit: int, improve: Improve) -> Outputs:
    """Improves the bodies of a network's loops.

    Args:
      outputs: the roots of a network by name.
      limit: the largest number of nodes.
      improve: makes a better network of the same value.

    Returns:
      Roots of the same values.
    """
    loops: dict[Rounds, dict[str, None]] = {}
    for node in topological(outputs.values()):
        if isinstance(node, Repeated):
            # No set: its order would differ from process to process.
            loops.setdefault(node.rounds, {})[node.root] = None
    if not loops:
        return outputs
    better = {rounds: _improved(rounds, roots, improve) for rounds, roots in loops.items()}

    def visit(pool: Pool, node: Node, operands: Sequence[Node]) -> Node:
        if not isinstance(node, Repeated):
            return simplified(pool, node, operands)
        made = better[node.rounds]
        inputs = [operands[place] for place in made.kept]
        copied: dict[int, Node] = {}
        for one in topological(made.outside):
            below = [copied[operand.number] for operand in one.operands]
            copied[one.number] = (
                operands[one.place] if isinstance(one, Given) else simplified(pool, one, below)
            )
        inputs += [copied[one.number] for one in made.outside]
        return pool.repeated(made.rounds, inputs, node.root, node.every)

    return rebuild(outputs, limit, visit)


@dataclasses.dataclass(frozen=True)
class _Improved:
    """A loop whose body was improved.

    Attributes:
      rounds: the loop.
      kept: which of the old loop's operands are its first ones, in order.
      outside: nodes of the old body, which are its other operands.
    """

    rounds: Rounds
    kept: list[int]
    outside: list[Node]


def _improved(rounds: Rounds, wanted: Iterable[str], improve: Improve) -> _Improved:
    body = improve(_needed(rounds, wanted))
    nodes = topological(body.values())
    changing = {p for p in range(len(rounds.axes)) if p in rounds.carried or p in rounds.sliced}
    moves: dict[int, bool] = {}
    for node in nodes:
        own = isinstance(node, Given) and node.place in changing
        moves[node.number] = own or any(moves[operand.number] for operand in node.operands)
    outside = _outermost(body.values(), moves)
    kinds = kinds_of(nodes)
    used = {node.place for node in nodes if isinstance(node, Given)}
    kept = sorted((used & changing) | {p for p, root in rounds.carried.items() if root in body})
    number = {old: new for new, old in enumerate(kept)}
    places = {node.number: len(kept) + k for k, node in enumerate(outside)}

    def visit(pool: Pool, node: Node, operands: Sequence[Node]) -> Node:
        if node.number in places:
            return pool.given(
                places[node.number],
                node.axes,
                node.shape,
                node.normalised,
                kinds[node.number] is Kind.REAL,
            )
        if isinstance(node, Given):
            return pool.given(number[node.place], node.axes, node.shape, node.normalised, node.real)
        return _again(pool, node, operands)

    made = Rounds(
        rounds.count,
        rebuild(body, len(nodes) + 1, visit),
        {number[place]: root for place, root in rounds.carried.items() if place in number},
        frozenset(number[place] for place in rounds.sliced if place in number),
        (*(rounds.axes[place] for place in kept), *(node.axes for node in outside)),
    )
    return _Improved(made, kept, outside)


def _needed(rounds: Rounds, wanted: Iterable[str]) -> Outputs:
    """The roots that are wanted, and those that they need of the round before."""
    found: Outputs = {}
    waiting = list(wanted)
    while waiting:
        root = waiting.pop()
        if root in found:
            continue
        found[root] = rounds.body[root]
        for node in topological([found[root]]):
            if isinstance(node, Given) and node.place in rounds.carried:
                waiting.append(rounds.carried[node.place])
    return found


def _outermost(roots: Iterable[Node], moves: dict[int, bool]) -> list[Node]:
    """What is alike in all rounds and read by what is not; arrays whole, constants not."""
    found: dict[int, Node] = {}
    seen: set[int] = set()
    waiting = list(roots)
    while waiting:
        node = waiting.pop()
        if node.number in seen or isinstance(node, Constant):
            continue
        seen.add(node.number)
        if moves[node.number] or isinstance(node, Pick):
            waiting += node.operands
        else:
            found[node.number] = node
    return [found[number] for number in sorted(found)]


def _again(pool: Pool, node: Node, operands: Sequence[Node]) -> Node:
    if not isinstance(node, Contract):
        return simplified(pool, node, operands)
    terms = [term.relabelled(operand) for term, operand in zip(node.terms, operands, strict=True)]
    return pool.contract(terms, node.labelled_axes, node.shape_labels, node.normalised)
