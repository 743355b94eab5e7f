"""The bodies of loops: what nobody needs is left out, what is alike in all rounds stands outside.

Takes a network with loops; guarantees one of the same value in which every body has been improved,
and computes only what depends on the round. A network that sees another image in each round sees
all of them at once, outside.
"""

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence

from terpret.core import fold
from terpret.core.nodes import (
    Axis,
    Constant,
    Contract,
    Given,
    Input,
    Learned,
    Node,
    Outputs,
    Pick,
    Repeated,
    Rounds,
    Stack,
    topological,
)
from terpret.core.pool import Pool
from terpret.core.rewrite import fitted, narrowed, rebuild, simplified
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

    Raises:
      TooManyNodes: from a pool.
    """
    loops: dict[Rounds, dict[str, None]] = {}
    for node in topological(outputs.values()):
        if isinstance(node, Repeated):
            # No set: its order would differ from process to process.
            loops.setdefault(node.rounds, {})[node.root] = None
    if not loops:
        return outputs
    better: dict[Rounds, _Improved] = {}

    def visit(pool: Pool, node: Node, operands: Sequence[Node]) -> Node:
        if not isinstance(node, Repeated):
            return simplified(pool, node, operands)
        if node.rounds not in better:
            rounds = narrowed(pool, node.rounds, operands)
            better[node.rounds] = _improved(rounds, loops[node.rounds], improve, limit)
        return better[node.rounds].root(pool, node, operands)

    return rebuild(outputs, limit, visit)


@dataclasses.dataclass(frozen=True)
class _Improved:
    """A loop whose body was improved.

    Attributes:
      rounds: the loop.
      kept: which of the old loop's operands are its first ones, in order.
      outside: nodes of the old body that are alike in all rounds: its next operands.
      lifted: networks of the old body whose results for all rounds are its last operands, sliced.
      old: the old loop.
      still: the roots that are alike in all rounds: nodes of the old body, by name.
      names: by the name of any other root, what it is called in the new loop.
    """

    rounds: Rounds
    kept: Sequence[int]
    outside: Sequence[Node]
    lifted: Sequence[Learned]
    old: Rounds
    still: Outputs
    names: Mapping[str, str]

    def root(self, pool: Pool, node: Repeated, operands: Sequence[Node]) -> Node:
        """A root of the old loop, from the operands of that."""
        if node.root in self.still:
            (same,) = _copies(pool, [self.still[node.root]], operands)
            return fold.stack(pool, [same] * node.rounds.count) if node.every else same
        inputs = [operands[place] for place in self.kept]
        inputs += _copies(pool, self.outside, operands)
        inputs += [self._of_all_rounds(pool, one, operands) for one in self.lifted]
        pool.span = node.span
        rounds = fitted(pool, self.rounds, inputs)
        return pool.repeated(rounds, inputs, self.names[node.root], node.every)

    def _of_all_rounds(self, pool: Pool, node: Learned, operands: Sequence[Node]) -> Node:
        seen = [
            _copies(pool, node.arguments, _in_round(pool, self.old, operands, number))[0]
            for number in range(self.old.count)
        ]
        pool.span = node.span
        whole = fold.stack(pool, seen)
        return pool.learned(node.network, [whole], node.mapped + 1, node.shared)


def _in_round(pool: Pool, rounds: Rounds, operands: Sequence[Node], number: int) -> dict[int, Node]:
    """What the operands of a loop that are not passed on are in one of its rounds."""
    return {
        place: fold.pick(pool, one, (number,)) if place in rounds.sliced else one
        for place, one in enumerate(operands)
        if place not in rounds.carried
    }


def _copies(
    pool: Pool, nodes: Sequence[Node], given: Sequence[Node] | Mapping[int, Node]
) -> list[Node]:
    """Nodes of a body as nodes of the network around it, which gives what the body is given."""
    made: dict[int, Node] = {}
    for node in topological(nodes):
        pool.span = node.span
        below = [made[operand.number] for operand in node.operands]
        made[node.number] = (
            given[node.place] if isinstance(node, Given) else simplified(pool, node, below)
        )
    return [made[node.number] for node in nodes]


def _improved(rounds: Rounds, wanted: Iterable[str], improve: Improve, limit: int) -> _Improved:
    before = improve(_needed(rounds.body, rounds.carried, wanted))
    moves = _moves(before, rounds)
    still = {name: before[name] for name in wanted if not moves[before[name].number]}
    moving = [name for name in wanted if name not in still]
    body = _needed(before, rounds.carried, moving)
    cut = _cut(body, rounds, moves)
    made, kept = _divided(dataclasses.replace(rounds, body=body), cut, limit)
    names = _names(made, moving)
    roots = {*names.values(), *made.carried.values()}
    fewer = {name: node for name, node in made.body.items() if name in roots}
    made = dataclasses.replace(made, body=fewer)
    return _Improved(made, kept, cut.outside, cut.lifted, rounds, still, names)


def _divided(rounds: Rounds, cut: "_Cut", limit: int) -> tuple[Rounds, list[int]]:
    """The loop with what stands outside as operands, after those of its own that it keeps."""
    kept = sorted({node.place for node in cut.inside if isinstance(node, Given)})
    place_of = {old: new for new, old in enumerate(kept)}
    more = [*cut.outside, *cut.lifted]
    kinds = kinds_of(topological(rounds.body.values()))
    pool = Pool(limit)
    new: dict[int, Node] = {}
    for place, node in enumerate(more, len(kept)):
        real = kinds[node.number] is Kind.REAL
        new[node.number] = pool.given(place, node.axes, node.shape, node.normalised, real)
    for node in cut.inside:
        pool.span = node.span
        if isinstance(node, Given):
            place = place_of[node.place]
            made = pool.given(place, node.axes, node.shape, node.normalised, node.real)
        else:
            made = _again(pool, node, [new[operand.number] for operand in node.operands])
        new[node.number] = made
    carried = {place_of[p]: root for p, root in rounds.carried.items() if p in place_of}
    sliced = {place_of[p] for p in rounds.sliced if p in place_of}
    sliced |= set(range(len(kept) + len(cut.outside), len(kept) + len(more)))
    axes = (*(rounds.axes[place] for place in kept), *(node.axes for node in more))
    body = {name: new[node.number] for name, node in rounds.body.items()}
    return Rounds(rounds.count, body, carried, frozenset(sliced), axes), kept


def _names(rounds: Rounds, wanted: Iterable[str]) -> dict[str, str]:
    """One name for all roots that are one node; what is passed on has no other."""
    found: dict[tuple[int, tuple[Axis, ...]], str] = {}
    for root in [*rounds.carried.values(), *sorted(wanted)]:
        found.setdefault((rounds.body[root].number, rounds.axes_of(root)), root)
    return {root: found[rounds.body[root].number, rounds.axes_of(root)] for root in wanted}


def _needed(body: Outputs, carried: Mapping[int, str], wanted: Iterable[str]) -> Outputs:
    """The roots that are wanted, and those that they need of the round before."""
    found: Outputs = {}
    waiting = sorted(wanted)
    while waiting:
        root = waiting.pop()
        if root in found:
            continue
        found[root] = body[root]
        for node in topological([found[root]]):
            if isinstance(node, Given) and node.place in carried:
                waiting.append(carried[node.place])
    return found


@dataclasses.dataclass(frozen=True)
class _Cut:
    """The nodes of a body by where they are to stand.

    Attributes:
      inside: what depends on the round, operands first.
      outside: what does not and is read by what does; arrays whole, constants not.
      lifted: networks that see what only the round's number decides.
    """

    inside: Sequence[Node]
    outside: Sequence[Node]
    lifted: Sequence[Learned]


def _moves(body: Outputs, rounds: Rounds) -> dict[int, bool]:
    """Whether each node of a body may have another value in another round, by its number."""
    changing = {*rounds.carried, *rounds.sliced}
    moves: dict[int, bool] = {}
    for node in topological(body.values()):
        own = isinstance(node, Given) and node.place in changing
        moves[node.number] = own or any(moves[operand.number] for operand in node.operands)
    return moves


def _cut(body: Outputs, rounds: Rounds, moves: Mapping[int, bool]) -> _Cut:
    inside: dict[int, Node] = {}
    outside: dict[int, Node] = {}
    lifted: dict[int, Learned] = {}
    waiting = list(body.values())
    while waiting:
        node = waiting.pop()
        if not moves[node.number] and not isinstance(node, Pick | Constant):
            outside[node.number] = node
        elif isinstance(node, Learned) and _by_number(node, rounds):
            lifted[node.number] = node
        elif node.number not in inside:
            inside[node.number] = node
            waiting += node.operands
    return _Cut(
        [inside[number] for number in sorted(inside)],
        [outside[number] for number in sorted(outside)],
        [lifted[number] for number in sorted(lifted)],
    )


def _by_number(node: Learned, rounds: Rounds) -> bool:
    """Whether a network sees elements of arrays alone that are known before the loop."""
    return len(node.arguments) == 1 and all(
        isinstance(one, Pick | Stack | Input)
        or isinstance(one, Given)
        and one.place not in rounds.carried
        for one in topological(node.arguments)
    )


def _again(pool: Pool, node: Node, operands: Sequence[Node]) -> Node:
    if not isinstance(node, Contract):
        return simplified(pool, node, operands)
    terms = [term.relabelled(operand) for term, operand in zip(node.terms, operands, strict=True)]
    return pool.contract(terms, node.labelled_axes, node.shape_labels, node.normalised)
