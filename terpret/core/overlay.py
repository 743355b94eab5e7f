"""Lays the rounds of a `for` over each other: rounds that are alike are one, with moving elements.

Takes the statements of each round; guarantees those of the first, in which an element is `Moving`
and a known value is `ByRound` where other rounds have others, so that the statements of any round
follow from them.
"""

from collections.abc import Sequence
from dataclasses import replace

from terpret.core.places import ByRound, Stride, by_round, moved, moving
from terpret.language import checked
from terpret.language.checked import BoundVariable, Element

Block = tuple[checked.Statement, ...]


class Irregular(Exception):
    """Rounds are no loop; the first `rounds` of them may be."""

    def __init__(self, rounds: int):
        super().__init__(rounds)
        self.rounds = rounds


def overlay(rounds: Sequence[Block], depth: int) -> Block:
    """Lays rounds over each other.

    Args:
      rounds: what each does, at least two.
      depth: how many loops are around them.

    Raises:
      Irregular: one is not like those before it.
    """
    return _Overlay(depth).block(rounds)


class _Overlay:
    def __init__(self, depth: int):
        self._depth = depth
        # The bound variable of the first round that stands for one of another round.
        self._first: dict[BoundVariable, BoundVariable] = {}

    def block(self, blocks: Sequence[Block]) -> Block:
        _same([len(block) for block in blocks])
        return tuple(self._statement(column) for column in zip(*blocks, strict=True))

    def _statement(self, column: Sequence[checked.Statement]) -> checked.Statement:
        first = column[0]
        _same([type(one) for one in column])
        match first:
            case checked.Set():
                return self._set(first, [one for one in column if isinstance(one, checked.Set)])
            case checked.Switch():
                switches = [one for one in column if isinstance(one, checked.Switch)]
                return self._switch(first, switches)
            case checked.Bind():
                return self._bind(first, [one for one in column if isinstance(one, checked.Bind)])
            case checked.Repeat():
                loops = [one for one in column if isinstance(one, checked.Repeat)]
                _same([len(one.bodies) for one in loops])
                rounds = zip(*(one.bodies for one in loops), strict=True)
                return replace(first, bodies=tuple(self.block(one) for one in rounds))
        raise AssertionError(f"no statement that is known: {type(first).__name__}")

    def _set(self, first: checked.Set, column: Sequence[checked.Set]) -> checked.Statement:
        if not isinstance(first.element.variable.domain, int):
            # Tensors are not passed on from round to round.
            raise Irregular(0)
        value = self._value([one.value for one in column])
        return replace(first, element=self._element([one.element for one in column]), value=value)

    def _switch(self, first: checked.Switch, column: Sequence[checked.Switch]) -> checked.Statement:
        subject = self._value([one.subject for one in column])
        _same([tuple(case.values for case in one.cases) for one in column])
        cases = tuple(
            checked.Case(branch[0].values, self.block([one.body for one in branch]))
            for branch in zip(*(one.cases for one in column), strict=True)
        )
        merged = self._elements([one.merged for one in column])
        return replace(first, subject=subject, cases=cases, merged=merged)

    def _bind(self, first: checked.Bind, column: Sequence[checked.Bind]) -> checked.Statement:
        subject = self._value([one.subject for one in column])
        _same([(one.variable.size, one.variable.depth) for one in column])
        self._first |= {one.variable: first.variable for one in column}
        body = self.block([one.body for one in column])
        merged = self._elements([one.merged for one in column])
        return replace(first, subject=subject, body=body, merged=merged)

    def _bound(self, column: Sequence[tuple[BoundVariable, ...]]) -> None:
        _same([tuple(self._first.get(v, v) for v in one) for one in column])

    def _value(self, column: Sequence[checked.Expression]) -> checked.Expression:
        first = column[0]
        _same([type(one) for one in column])
        match first:
            case checked.Known():
                return self._known(first, [one for one in column if isinstance(one, checked.Known)])
            case checked.Read():
                reads = [one for one in column if isinstance(one, checked.Read)]
                self._bound([one.bound for one in reads])
                return replace(first, elements=self._elements([one.elements for one in reads]))
            case checked.Apply():
                applied = [one for one in column if isinstance(one, checked.Apply)]
                _same([one.table for one in applied])
                return replace(first, arguments=self._values([one.arguments for one in applied]))
            case checked.Learned():
                calls = [one for one in column if isinstance(one, checked.Learned)]
                _same([one.network for one in calls])
                return replace(first, arguments=self._values([one.arguments for one in calls]))
        raise AssertionError(f"no expression that is known: {type(first).__name__}")

    def _known(self, first: checked.Known, column: Sequence[checked.Known]) -> checked.Expression:
        self._bound([one.bound for one in column])
        _same([one.domain for one in column])
        if isinstance(first, ByRound):
            around = [one for one in column if isinstance(one, ByRound)]
            _same([(one.depth, [known.values for known in one.rounds]) for one in around])
            return first
        if all(one.values == first.values for one in column):
            return first
        return by_round(tuple(replace(one, bound=first.bound) for one in column), self._depth)

    def _values(
        self, column: Sequence[tuple[checked.Expression, ...]]
    ) -> tuple[checked.Expression, ...]:
        return tuple(map(self._value, zip(*column, strict=True)))

    def _elements(self, column: Sequence[tuple[Element, ...]]) -> tuple[Element, ...]:
        _same([len(one) for one in column])
        return tuple(map(self._element, zip(*column, strict=True)))

    def _element(self, column: Sequence[Element]) -> Element:
        first = column[0]
        if all(one is first for one in column):
            return first
        _same([one.variable for one in column])
        stride = tuple(b - a for a, b in zip(first.index, column[1].index, strict=True))
        if not _all_plain_steps(column, stride):
            for number, one in enumerate(column):
                if one != moved(first, stride, number):
                    raise Irregular(number)
        return moving(first, stride, self._depth)


def _all_plain_steps(column: Sequence[Element], stride: Stride) -> bool:
    """Whether elements of one variable that no other loop moves are each a step further."""
    if any(type(one) is not Element for one in column):
        return False
    rows = zip(*(one.index for one in column), strict=True)
    count = len(column)
    return all(
        row == (tuple(range(row[0], row[0] + count * step, step)) if step else row[:1] * count)
        for row, step in zip(rows, stride, strict=True)
    )


def _same(values: Sequence[object]) -> None:
    first = values[0]
    if values.count(first) == len(values):
        return
    for number, value in enumerate(values):
        if value != first:
            raise Irregular(number)
