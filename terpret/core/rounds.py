"""Finds the loops of a checked tree: rounds of a `for` that differ in places alone.

Takes the statements of a checked model; guarantees statements of the same meaning in which each
`Repeat` whose rounds read and set elements at places that move by one step a round is a `Loop`.

Rounds that are alike are laid over each other. Where an element stands in all of them it is one
element or, of an array, elements a step apart: `Moving`. What a round reads was then set by itself,
or by a round some rounds before it, or before the loop; that it is so in every round is checked
element by element.
"""

import dataclasses
import itertools
from collections.abc import Iterator, Sequence

from terpret.language import checked
from terpret.language.checked import BoundVariable, Element

Stride = tuple[int, ...]
# Fewer rounds than this are no loop.
LEAST_ROUNDS = 4


@dataclasses.dataclass(frozen=True)
class Moving:
    """An element in a loop's first round, of which each other round has another.

    Attributes:
      start: the element of the first round; moved by the loops around this one, perhaps.
      stride: how far its index moves each round.
      depth: how many loops are around this one.
    """

    start: "Place"
    stride: Stride
    depth: int

    @property
    def variable(self) -> checked.Variable:
        """The array."""
        return self.start.variable

    @property
    def index(self) -> tuple[int, ...]:
        """Where it is in the first round."""
        return self.start.index

    def __str__(self) -> str:
        return f"{self.start}+r{self.depth}*{list(self.stride)}"


Place = Element | Moving


@dataclasses.dataclass(frozen=True)
class ByRound:
    """A known value that is another in every round of the loop at `depth`."""

    values: tuple[checked.Known, ...]
    depth: int

    @property
    def domain(self) -> int:
        """The number of values."""
        return self.values[0].domain


@dataclasses.dataclass(frozen=True, eq=False)
class Loop:
    """Rounds of one body.

    Attributes:
      body: the statements of the first round, with `Moving` elements.
      bodies: the statements of every round as they are.
      around: the numbers of rounds of the loops around it, the outermost first.
      sets: what a round sets, for itself and for what follows.
      reads: what it reads and has not set itself.
      span: the statement.
    """

    body: tuple["Part", ...]
    bodies: tuple[tuple[checked.Statement, ...], ...]
    around: tuple[int, ...]
    sets: tuple[Place, ...]
    reads: tuple[Place, ...]
    span: checked.Span

    @property
    def depth(self) -> int:
        """How many loops are around it."""
        return len(self.around)

    @property
    def count(self) -> int:
        """The number of rounds."""
        return len(self.bodies)

    def lag(self, read: Place) -> int:
        """How many rounds before it was set what a round reads; 0 where no round sets it."""
        lags = [_lag(one, read, self.depth) for one in self.sets]
        return min((lag for lag in lags if 0 < lag < self.count), default=0)


Part = checked.Statement | Loop


class Irregular(Exception):
    """Rounds are no loop; the first `rounds` of them may be."""

    def __init__(self, rounds: int):
        super().__init__(rounds)
        self.rounds = rounds


def moved(place: Place, by: Stride, times: int = 1) -> Place:
    """A place whose index is farther by a step, some times."""
    if isinstance(place, Moving):
        return dataclasses.replace(place, start=moved(place.start, by, times))
    index = tuple(i + times * step for i, step in zip(place.index, by, strict=True))
    return Element(place.variable, index)


def in_round(place: Place, depth: int, number: int) -> Place:
    """A place in one round of the loop at a depth."""
    if not isinstance(place, Moving):
        return place
    if place.depth == depth:
        return moved(place.start, place.stride, number)
    start = in_round(place.start, depth, number)
    return dataclasses.replace(place, start=start)


def with_loops(
    statements: Sequence[checked.Statement], around: tuple[int, ...] = ()
) -> tuple[Part, ...]:
    """The statements with all loops found.

    Args:
      statements: the statements.
      around: the numbers of rounds of the loops around them.
    """
    found: list[Part] = []
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
    bodies: tuple[tuple[checked.Statement, ...], ...], span: checked.Span, around: tuple[int, ...]
) -> Iterator[Part]:
    """The rounds of a `Repeat`: loops, and what stands between them as it is."""
    start = 0
    while start < len(bodies):
        loop = _loop_from(bodies[start:], span, around)
        if loop is None:
            yield from with_loops(bodies[start], around)
            start += 1
        else:
            yield loop
            start += loop.count


def _loop_from(
    bodies: tuple[tuple[checked.Statement, ...], ...], span: checked.Span, around: tuple[int, ...]
) -> Loop | None:
    """The longest loop that the first of these rounds begin."""
    # Most of what is no loop is known by a few rounds.
    for count in (LEAST_ROUNDS, len(bodies)):
        while count >= LEAST_ROUNDS:
            try:
                loop = _loop(bodies[:count], span, around)
                break
            except Irregular as error:
                count = min(error.rounds, count - 1)
        else:
            return None
    return loop


def _loop(
    bodies: tuple[tuple[checked.Statement, ...], ...], span: checked.Span, around: tuple[int, ...]
) -> Loop:
    depth = len(around)
    laid = _Overlay(len(bodies), depth).block(bodies)
    sets, reads = tuple(dict.fromkeys(_sets(laid))), _free_reads(laid)
    loop = Loop(with_loops(laid, (*around, len(bodies))), bodies, around, sets, reads, span)
    _check(loop, around)
    return loop


class _Overlay:
    """Lays the rounds over each other: one tree, with `Moving` elements."""

    def __init__(self, count: int, depth: int):
        self._count, self._depth = count, depth
        # The bound variable of the first round that stands for one of another round.
        self._first: dict[BoundVariable, BoundVariable] = {}

    def block(self, blocks: Sequence[Sequence[checked.Statement]]) -> tuple[checked.Statement, ...]:
        self._same([len(block) for block in blocks])
        return tuple(self._statement(column) for column in zip(*blocks, strict=True))

    def _same(self, values: Sequence[object]) -> None:
        first = values[0]
        for number, value in enumerate(values):
            if value != first:
                raise Irregular(number)

    def _statement(self, column: Sequence[checked.Statement]) -> checked.Statement:
        first = column[0]
        self._same([type(one) for one in column])
        match first:
            case checked.Set():
                value = self._value([one.value for one in column])
                element = self._element([one.element for one in column])
                if not isinstance(first.element.variable.domain, int):
                    # Tensors are not carried from round to round.
                    raise Irregular(0)
                return dataclasses.replace(first, element=element, value=value)
            case checked.Switch():
                subject = self._value([one.subject for one in column])
                self._same([tuple(case.values for case in one.cases) for one in column])
                cases = tuple(
                    checked.Case(branch[0].values, self.block([one.body for one in branch]))
                    for branch in zip(*(one.cases for one in column), strict=True)
                )
                merged = self._merged([one.merged for one in column])
                return dataclasses.replace(first, subject=subject, cases=cases, merged=merged)
            case checked.Bind():
                subject = self._value([one.subject for one in column])
                self._same([(one.variable.size, one.variable.depth) for one in column])
                self._first |= {one.variable: first.variable for one in column}
                body = self.block([one.body for one in column])
                merged = self._merged([one.merged for one in column])
                return dataclasses.replace(first, subject=subject, body=body, merged=merged)
            case checked.Repeat():
                self._same([len(one.bodies) for one in column])
                rounds = zip(*(one.bodies for one in column), strict=True)
                return dataclasses.replace(first, bodies=tuple(self.block(one) for one in rounds))
        raise AssertionError(f"no statement that is known: {type(first).__name__}")

    def _merged(self, column: Sequence[Sequence[Element]]) -> tuple[Place, ...]:
        self._same([len(one) for one in column])
        return tuple(self._element(one) for one in zip(*column, strict=True))

    def _bound(self, column: Sequence[tuple[BoundVariable, ...]]) -> None:
        self._same([tuple(self._first.get(v, v) for v in one) for one in column])

    def _value(self, column: Sequence[checked.Expression]) -> checked.Expression:
        first = column[0]
        self._same([type(one) for one in column])
        match first:
            case checked.Known():
                self._bound([one.bound for one in column])
                self._same([one.domain for one in column])
                if all(one.values == first.values for one in column):
                    return first
                return ByRound(
                    tuple(dataclasses.replace(k, bound=first.bound) for k in column), self._depth
                )
            case ByRound():
                self._same(column)
                return first
            case checked.Read():
                self._bound([one.bound for one in column])
                self._same([len(one.elements) for one in column])
                every = zip(*(one.elements for one in column), strict=True)
                return dataclasses.replace(first, elements=tuple(map(self._element, every)))
            case checked.Apply():
                self._same([one.table for one in column])
            case checked.Learned():
                self._same([one.network for one in column])
            case _:
                raise AssertionError(f"no expression that is known: {type(first).__name__}")
        arguments = zip(*(one.arguments for one in column), strict=True)
        return dataclasses.replace(first, arguments=tuple(map(self._value, arguments)))

    def _element(self, column: Sequence[Place]) -> Place:
        first = column[0]
        if all(one is first for one in column):
            return first
        self._same([one.variable for one in column])
        stride = tuple(b - a for a, b in zip(first.index, column[1].index, strict=True))
        for number, one in enumerate(column):
            if one != moved(first, stride, number):
                raise Irregular(number)
        return Moving(first, stride, self._depth) if any(stride) else first


def _sets(statements: Sequence[checked.Statement]) -> Iterator[Place]:
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


def _free_reads(statements: Sequence[checked.Statement]) -> tuple[Place, ...]:
    """What statements read and have not set before, in order."""
    found: dict[Place, None] = {}

    def value(expression: checked.Expression, known: set[Place]) -> None:
        match expression:
            case checked.Read(elements=elements):
                found.update(dict.fromkeys(one for one in elements if one not in known))
            case checked.Apply(arguments=arguments) | checked.Learned(arguments=arguments):
                for argument in arguments:
                    value(argument, known)

    def block(statements: Sequence[checked.Statement], known: set[Place]) -> None:
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


def _lag(one: Place, read: Place, depth: int) -> int:
    """How many rounds after it was set an element is read; 0 where it is not the same."""
    if not (isinstance(one, Moving) and isinstance(read, Moving)):
        return 0
    alike = one.depth == read.depth == depth and one.stride == read.stride
    if not alike or one.variable is not read.variable:
        return 0
    axis = next(k for k, step in enumerate(one.stride) if step)
    lag = (one.index[axis] - read.index[axis]) // one.stride[axis]
    return lag if lag > 0 and moved(read.start, one.stride, lag) == one.start else 0


def _check(loop: Loop, around: tuple[int, ...]) -> None:
    """Checks, round by round, that what is read was set where it seems to be.

    Raises:
      Irregular: it was not.
    """
    depth = loop.depth
    outside = [(read, loop.lag(read) or loop.count) for read in loop.reads]
    for numbers in itertools.product(*map(range, around)):
        within = list(enumerate(numbers))
        made: dict[Place, int] = {}
        for number in range(loop.count):
            for place in loop.sets:
                made[_at(place, [*within, (depth, number)])] = number
        for number in range(loop.count):
            for place, rounds in outside:
                if number < rounds and _at(place, [*within, (depth, number)]) in made:
                    raise Irregular(number)


def _at(place: Place, rounds: Sequence[tuple[int, int]]) -> Place:
    for depth, number in rounds:
        place = in_round(place, depth, number)
    return place
