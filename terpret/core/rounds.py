"""Finds the loops of a checked tree: rounds of a `for` that differ in places alone.

Takes the statements of a checked model; guarantees statements of the same meaning in which each
`Repeat` whose rounds read and set elements at places that move by one step a round is a `Loop`;
first and last rounds that differ stand before and after it. Where some rounds take turns, one turn
of all is a round.

What a round reads was set by itself, or by a round some rounds before it, or before the loop; that
it is so in every round is checked element by element.
"""

import dataclasses
import itertools
import math
from collections.abc import Iterator, Sequence

from terpret.core.overlay import Block, Irregular, overlay
from terpret.core.places import Moving, in_rounds, lag
from terpret.language import checked
from terpret.language.checked import Element

# Fewer rounds than this are no loop.
LEAST_ROUNDS = 4
# How many rounds may take turns.
MOST_TURNS = 4


@dataclasses.dataclass(frozen=True, eq=False)
class Loop(checked.Repeat):
    """Rounds of one body.

    Attributes:
      body: the statements of the first round, with `Moving` elements.
      around: the numbers of rounds of the loops around it, the outermost first.
      sets: what a round sets, for itself and for what follows.
      reads: what it reads and has not set itself.
    """

    body: Block
    around: tuple[int, ...]
    sets: tuple[Element, ...]
    reads: tuple[Element, ...]

    @property
    def depth(self) -> int:
        """How many loops are around it."""
        return len(self.around)

    @property
    def count(self) -> int:
        """The number of rounds."""
        return len(self.bodies)

    def lag(self, read: Element) -> int:
        """How many rounds before it was set what a round reads; 0 where no round sets it."""
        lags = [lag(one, read, self.depth) for one in self.sets]
        return min((one for one in lags if 0 < one < self.count), default=0)


def with_loops(statements: Sequence[checked.Statement], around: tuple[int, ...] = ()) -> Block:
    """The statements with all loops found.

    Args:
      statements: the statements.
      around: the numbers of rounds of the loops around them.
    """
    found: list[checked.Statement] = []
    for statement in statements:
        match statement:
            case checked.Repeat(bodies, span):
                found += _parts(bodies, span, around)
            case checked.Switch(cases=cases):
                inner = tuple(
                    checked.Case(case.values, with_loops(case.body, around)) for case in cases
                )
                found.append(dataclasses.replace(statement, cases=inner))
            case checked.Bind(body=body):
                found.append(dataclasses.replace(statement, body=with_loops(body, around)))
            case _:
                found.append(statement)
    return tuple(found)


def _parts(
    bodies: tuple[Block, ...], span: checked.Span, around: tuple[int, ...]
) -> Iterator[checked.Statement]:
    """The rounds of a `Repeat`: loops, and what stands between them as it is."""
    start = 0
    while start < len(bodies):
        for turns in range(1, MOST_TURNS + 1):
            loop = _loop_from(_turns(bodies[start:], turns), span, around)
            if loop is not None:
                yield loop
                start += loop.count * turns
                break
        else:
            yield from with_loops(bodies[start], around)
            start += 1


def _turns(bodies: tuple[Block, ...], turns: int) -> tuple[Block, ...]:
    """Rounds that take turns as one; those at the end that make no whole turn are left out."""
    if turns == 1:
        return bodies
    starts = range(0, len(bodies) - turns + 1, turns)
    return tuple(tuple(itertools.chain(*bodies[k : k + turns])) for k in starts)


def _loop_from(
    bodies: tuple[Block, ...], span: checked.Span, around: tuple[int, ...]
) -> Loop | None:
    """The longest loop that the first of these rounds begin."""
    if len(bodies) < LEAST_ROUNDS:
        return None
    try:
        # Most of what is no loop is known by a few rounds.
        least = _loop(bodies[:LEAST_ROUNDS], span, around)
    except Irregular:
        return None
    count = len(bodies)
    while count > LEAST_ROUNDS:
        try:
            return _loop(bodies[:count], span, around)
        except Irregular as error:
            count = min(error.rounds, count - 1)
    return least


def _loop(bodies: tuple[Block, ...], span: checked.Span, around: tuple[int, ...]) -> Loop:
    """The rounds as a loop.

    Raises:
      Irregular: they are none.
    """
    laid = overlay(bodies, len(around))
    sets, reads = tuple(dict.fromkeys(_sets(laid))), _free_reads(laid)
    body = with_loops(laid, (*around, len(bodies)))
    loop = Loop(bodies, span, body, around, sets, reads)
    _check(loop)
    return loop


def _sets(statements: Sequence[checked.Statement]) -> Iterator[Element]:
    """What statements set for those that follow."""
    for statement in statements:
        match statement:
            case checked.Set(element=element):
                yield element
            case checked.Switch(merged=merged) | checked.Bind(merged=merged):
                yield from merged
            case checked.Repeat(bodies):
                for body in bodies:
                    yield from _sets(body)


def _free_reads(statements: Sequence[checked.Statement]) -> tuple[Element, ...]:
    """What statements read and have not set before, in order."""
    found: dict[Element, None] = {}

    def value(expression: checked.Expression, known: set[Element]) -> None:
        match expression:
            case checked.Read(elements=elements):
                found.update(dict.fromkeys(one for one in elements if one not in known))
            case checked.Apply(arguments=arguments) | checked.Learned(arguments=arguments):
                for argument in arguments:
                    value(argument, known)

    def block(statements: Sequence[checked.Statement], known: set[Element]) -> None:
        for statement in statements:
            match statement:
                case checked.Set(element, one):
                    value(one, known)
                    known.add(element)
                case checked.Switch(subject, cases, merged):
                    value(subject, known)
                    for case in cases:
                        block(case.body, set(known))
                    known.update(merged)
                case checked.Bind(_, subject, body, merged):
                    value(subject, known)
                    block(body, set(known))
                    known.update(merged)
                case checked.Repeat(bodies):
                    for body in bodies:
                        block(body, known)

    block(statements, set())
    return tuple(found)


def _check(loop: Loop) -> None:
    """Checks, round by round, that what is read was set where it seems to be.

    Raises:
      Irregular: it was not.
    """
    if not all(isinstance(one, Moving) and one.depth == loop.depth for one in loop.sets):
        # Every round would set the same element.
        raise Irregular(0)
    outside = [(read, loop.lag(read) or loop.count) for read in loop.reads]
    for numbers in itertools.product(*map(range, loop.around)):
        within = list(enumerate(numbers))
        made: dict[checked.Variable, set[int]] = {}
        for element in loop.sets:
            places = _places(in_rounds(element, within), loop.count)
            made.setdefault(element.variable, set()).update(places)
        for element, rounds in outside:
            places = _places(in_rounds(element, within), rounds)
            before = made.get(element.variable, set())
            if not before.isdisjoint(places):
                raise Irregular(next(k for k, place in enumerate(places) if place in before))


def _places(element: Element, rounds: int) -> Sequence[int]:
    """Where an element is in the first rounds of its loop, as places in its flattened array."""
    sizes = element.variable.dims
    steps = [math.prod(sizes[k + 1 :]) for k in range(len(sizes))]

    def flat(index: Sequence[int]) -> int:
        return sum(i * step for i, step in zip(index, steps, strict=True))

    start, stride = flat(element.index), flat(element.stride) if isinstance(element, Moving) else 0
    return range(start, start + rounds * stride, stride) if stride else [start]
