"""Tensor network to schedule: the order in which its tensors are made, and what kind they are of.

Takes a network of pairwise contractions; guarantees steps whose operands were made before them
(`verify_schedule`). What has no batch axis needs nothing that has one: all weights are made before
they are used.
"""

import collections
import dataclasses
import enum
from collections.abc import Hashable, Mapping, Sequence

from terpret.core.nodes import (
    BATCH,
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
    topological,
)
from terpret.core.verify import Malformed


class Kind(enum.Enum):
    """What the numbers of a node's tensor are."""

    MARGINAL = "marginals, in the model's space"
    TABLE = "known numbers >= 0, as they are"
    REAL = "the floats of images and of networks with a tensor result, as they are"


@dataclasses.dataclass(frozen=True)
class Schedule:
    """The order in which the tensors of a network are made.

    Attributes:
      outputs: the roots of the network by name.
      steps: the nodes that are made together, step after step; more than one are contractions of
        one array with weights that differ in their values only.
      unmade: the numbers of stacks that are never made: their only reader sums over them, and adds
        up their elements instead.
      kinds: the kind of every node, by number.
      bodies: the schedule of the body of every loop.
    """

    outputs: Outputs
    steps: tuple[tuple[Node, ...], ...]
    unmade: frozenset[int]
    kinds: Mapping[int, Kind]
    bodies: Mapping[Rounds, "Schedule"] = dataclasses.field(default_factory=dict)


def schedule(outputs: Outputs) -> Schedule:
    """Schedules a network.

    Args:
      outputs: its roots by name; no contraction has more than two factors.
    """
    nodes = _weights_first(topological(outputs.values()))
    loops = {node.rounds for node in nodes if isinstance(node, Repeated)}
    groups = _alike_readings(nodes)
    together = {node.number for group in groups.values() for node in group}
    unmade = _unmade_stacks([n for n in nodes if n.number not in together], nodes, outputs)
    steps = [
        tuple(groups.get(node.number, (node,)))
        for node in nodes
        if node.number not in unmade and (node.number in groups or node.number not in together)
    ]
    bodies = {rounds: schedule(rounds.body) for rounds in loops}
    return Schedule(dict(outputs), tuple(steps), unmade, kinds_of(nodes), bodies)


def _weights_first(nodes: Sequence[Node]) -> list[Node]:
    """What needs no batch, and then the others; `nodes` come operands first."""
    batched: set[int] = set()
    for node in nodes:
        if BATCH in node.axes or any(operand.number in batched for operand in node.operands):
            batched.add(node.number)
    return sorted(nodes, key=lambda node: node.number in batched)


def verify_schedule(made: Schedule) -> Schedule:
    """Returns the schedule when it makes every tensor that is needed, once and in time.

    So do those of the bodies of loops.

    Raises:
      Malformed: naming the first node of which that is not so.
    """
    done: set[int] = set()
    for body in made.bodies.values():
        verify_schedule(body)
    for step in made.steps:
        for node in step:
            problem = _problem(node, done, made)
            if problem:
                raise Malformed(f"node {node.number} (line {node.span.line}): {problem}")
        done.update(node.number for node in step)
    for name, root in made.outputs.items():
        if root.number not in done:
            raise Malformed(f"output {name} is never made")
    return made


def _problem(node: Node, done: set[int], made: Schedule) -> str:
    if node.number in done or node.number in made.unmade:
        return "it is made twice, or needlessly"
    if isinstance(node, Contract) and len(node.terms) > 2:
        return "its factors are not contracted pairwise"
    below: list[Node] = []
    for operand in node.operands:
        if operand.number in made.unmade and not isinstance(node, Contract):
            return "it reads a stack that is never made"
        below += operand.operands if operand.number in made.unmade else [operand]
    if any(operand.number not in done for operand in below):
        return "an operand is not made before it"
    if made.kinds[node.number] is not _kind(node, [made.kinds[o.number] for o in node.operands]):
        return "it is of another kind than its operands make it"
    return ""


def kinds_of(nodes: Sequence[Node]) -> dict[int, Kind]:
    """The kind of each node, by number; `nodes` come operands first."""
    kinds: dict[int, Kind] = {}
    for node in nodes:
        kinds[node.number] = _kind(node, [kinds[operand.number] for operand in node.operands])
    return kinds


def _kind(node: Node, below: Sequence[Kind]) -> Kind:
    match node:
        case Constant():
            return Kind.TABLE
        case Param():
            return Kind.MARGINAL
        case Given(real=real):
            return Kind.REAL if real else Kind.MARGINAL
        case Repeated():
            return Kind.MARGINAL
        case Input() | Learned():
            return Kind.MARGINAL if node.normalised else Kind.REAL
        case Pick() | Stack() | Contract():
            if Kind.REAL in below:
                return Kind.REAL
            return Kind.TABLE if set(below) == {Kind.TABLE} else Kind.MARGINAL
    raise AssertionError(f"no kind of node that is known: {type(node).__name__}")


def _unmade_stacks(
    nodes: Sequence[Node], every: Sequence[Node], outputs: Outputs
) -> frozenset[int]:
    """The stacks whose only reader, one of `nodes`, is a contraction that sums over them."""
    readers = collections.Counter(operand.number for node in every for operand in node.operands)
    readers.update(node.number for node in outputs.values())
    found = set()
    for node in nodes:
        if not isinstance(node, Contract) or len(node.terms) != 2:
            continue
        for factor, labels in node.terms:
            once = isinstance(factor, Stack) and readers[factor.number] == 1
            if once and labels[len(factor.axes)] not in node.output:
                found.add(factor.number)
                break
    return frozenset(found)


def _alike_readings(nodes: Sequence[Node]) -> dict[int, list[Contract]]:
    """Contractions of one array with weights that differ in their values only.

    Returns:
      The groups of more than one, by the number of their first.
    """
    groups: dict[Hashable, list[Contract]] = {}
    for node in nodes:
        if not isinstance(node, Contract) or len(node.terms) != 2:
            continue
        weights, array = node.operands
        if isinstance(weights, Constant) or BATCH in weights.axes or BATCH not in array.axes:
            continue
        form = (array.number, weights.axes, weights.shape, node.labels, node.axes, node.output)
        groups.setdefault(form, []).append(node)
    return {group[0].number: group for group in groups.values() if len(group) > 1}
