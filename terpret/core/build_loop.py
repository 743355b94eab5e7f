"""A loop of the checked tree to a network that is computed again and again.

What the rounds read from each other and from before the loop are operands of it, arrays of elements
that move alike: an array is one operand, not as many as it has elements.
"""

import dataclasses
import functools
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from terpret.core.nodes import Axis, Given, Node, Outputs, Rounds, merge_axes
from terpret.core.places import ByRound, Moving, in_round, moved
from terpret.core.rounds import Loop, with_loops
from terpret.language.checked import Element, Network

if TYPE_CHECKING:
    from terpret.core.build import Builder, Values

# Of fewer rounds, and fewer nodes in all, a loop is faster unrolled, and rounding does no harm.
# Milliseconds of processor time a step, unrolled and as a loop, on 2 cores: MATH with
# 6 rounds 4.4 and 6.7, Turing machine with 5 rounds 0.8 and 1.4, mazes with 18 rounds 10.0 and 8.1.
FEW_ROUNDS, FEW_NODES = 8, 3000


@dataclasses.dataclass(frozen=True, eq=False)
class _Group:
    """Elements of one variable that move alike, as one array.

    Attributes:
      places: the elements, the last index varying fastest.
      dims: of the array; () for an element alone.
    """

    places: tuple[Element, ...]
    dims: tuple[int, ...]

    @functools.cached_property
    def index(self) -> Mapping[Element, tuple[int, ...]]:
        """Where each element stands in the array."""
        return dict(zip(self.places, np.ndindex(*self.dims), strict=True))

    @property
    def real(self) -> bool:
        """Whether they are tensors."""
        return not isinstance(self.places[0].variable.domain, int)


def _groups(places: Iterable[Element], key: Mapping[Element, Hashable]) -> list[_Group]:
    found: dict[Hashable, list[Element]] = {}
    for place in places:
        found.setdefault((_way(place), key.get(place)), []).append(place)
    return [_group(sorted(one, key=lambda place: place.index)) for one in found.values()]


def _way(place: Element) -> Hashable:
    """What is the same of elements that move alike."""
    if isinstance(place, Moving):
        return place.stride, place.depth, _way(place.start)
    return place.variable


def _group(places: Sequence[Element]) -> _Group:
    columns = [sorted(set(column)) for column in zip(*(p.index for p in places), strict=True)]
    dims = tuple(len(column) for column in columns if len(column) > 1)
    box = np.prod(dims, dtype=int) == len(places)
    return _Group(tuple(places), dims if box else (len(places),))


@dataclasses.dataclass(frozen=True)
class _Carried:
    """What rounds pass on: elements that are read some rounds after they were set.

    Attributes:
      reads: as they are read.
      lag: how many rounds later.
    """

    reads: _Group
    lag: int

    def before(self, rounds: int) -> list[Element]:
        """The elements that were set some rounds before the first."""
        stride = self._stride
        starts = [p.start if isinstance(p, Moving) else p for p in self.reads.places]
        return [moved(start, stride, self.lag - rounds) for start in starts]

    @property
    def sets(self) -> list[Element]:
        """As they are set."""
        return [moved(place, self._stride, self.lag) for place in self.reads.places]

    @property
    def _stride(self) -> tuple[int, ...]:
        first = self.reads.places[0]
        assert isinstance(first, Moving)
        return first.stride


# The axes of what is carried, and whether its marginals sum to 1.
Form = tuple[tuple[Axis, ...], bool]


def build_loop(builder: "Builder", loop: Loop, values: "Values") -> None:
    """Sets what a loop sets.

    Args:
      builder: makes the nodes of what is around the loop.
      loop: the loop.
      values: what was set before, to which it is added.
    """
    lags = {place: lag for place in loop.reads if (lag := loop.lag(place))}
    carried = [_Carried(group, lags[group.places[0]]) for group in _groups(lags, lags)]
    first = [
        [
            builder.array([builder.element(p, values) for p in one.before(k)], one.reads.dims)
            for k in range(1, one.lag + 1)
        ]
        for one in carried
    ]
    forms: list[Form] = [
        (merge_axes(inits), all(init.normalised for init in inits)) for inits in first
    ]
    if not carried:
        _unroll(builder, loop, values)
        return
    while True:
        round_ = _Round(builder, loop, values, carried, first, forms)
        nexts = [round_.roots[_next(k, 1)] for k in range(len(carried))]
        found = [
            (merge_axes([node], *axes), same and node.normalised)
            for node, (axes, same) in zip(nexts, forms, strict=True)
        ]
        if found == forms:
            break
        forms = found
    few = loop.count < FEW_ROUNDS and round_.nodes * loop.count < FEW_NODES
    if builder.loops == "auto" and few:
        _unroll(builder, loop, values)
        return
    round_.results(values)


def _unroll(builder: "Builder", loop: Loop, values: "Values") -> None:
    for body in loop.bodies:
        builder.block(with_loops(body, loop.around), values)


def _next(number: int, lag: int) -> str:
    """The root that is, in the next round, what was set some rounds before."""
    return f"carried {number}, {lag}"


def _set(number: int) -> str:
    return f"set {number}"


class _Round:
    """The network of one round.

    Attributes:
      roots: what it passes on and what it sets, by name.
      nodes: how many nodes it has.
    """

    def __init__(
        self,
        builder: "Builder",
        loop: Loop,
        values: "Values",
        carried: Sequence[_Carried],
        first: Sequence[Sequence[Node]],
        forms: Sequence[Form],
    ):
        self._builder, self._loop, self._outer = builder, loop, values
        self._inner = builder.inner()
        self._operands: list[Node] = []
        self._axes: list[tuple[Axis, ...]] = []
        self._sliced: set[int] = set()
        self._next: dict[int, str] = {}
        self._known: dict[Element, tuple[_Group, Node | None]] = {}
        self._leaves: dict[Hashable, Node] = {}
        self.roots: Outputs = {}
        for number, (one, inits, form) in enumerate(zip(carried, first, forms, strict=True)):
            self._give(number, one, inits, form)
        fixed = [p for p in loop.reads if p not in self._known]
        for group in _groups(fixed, {}):
            self._known |= dict.fromkeys(group.places, (group, None))
        mine = type(values)(self._read)
        self._inner.block(loop.body, mine)
        self._sets = _groups(loop.sets, {})
        for number, one in enumerate(carried):
            self._name(_next(number, 1), one.sets, one.reads.dims, mine)
        for number, group in enumerate(self._sets):
            self._name(_set(number), group.places, group.dims, mine)
        self.nodes = len(self._inner.pool)

    def _give(self, number: int, one: _Carried, inits: Sequence[Node], form: Form) -> None:
        """What is passed on: by one root to the next round, and from lag to lag."""
        axes, normalised = form
        leaves = [self._leaf(init, axes, normalised, one.reads.real) for init in inits]
        self._known |= dict.fromkeys(one.reads.places, (one.reads, leaves[-1]))
        for lag, leaf in enumerate(leaves, 1):
            self._next[leaf.place] = _next(number, lag)
            if lag > 1:
                self.roots[_next(number, lag)] = leaves[lag - 2]

    def _name(
        self, root: str, places: Iterable[Element], dims: tuple[int, ...], values: "Values"
    ) -> None:
        nodes = [self._inner.element(place, values) for place in places]
        self.roots[root] = self._inner.array(nodes, dims)

    def _leaf(
        self,
        operand: Node,
        axes: tuple[Axis, ...],
        normalised: bool,
        real: bool,
        sliced: bool = False,
    ) -> Given:
        place = len(self._operands)
        self._operands.append(operand)
        self._axes.append(axes)
        if sliced:
            self._sliced.add(place)
        leaf = self._inner.pool.given(place, axes, operand.shape[sliced:], normalised, real)
        assert isinstance(leaf, Given)
        return leaf

    def _read(self, what: Hashable) -> Node:
        """The node of what a round reads and has not set."""
        pool = self._inner.pool
        if isinstance(what, ByRound | tuple):
            if what not in self._leaves:
                made = self._by_round(what) if isinstance(what, ByRound) else self._label(*what)
                self._leaves[what] = made
            return self._leaves[what]
        assert isinstance(what, Element)
        group, leaf = self._known[what]
        if leaf is None:
            leaf = self._of_elements(group)
            self._known |= dict.fromkeys(group.places, (group, leaf))
        return pool.pick(leaf, group.index[what])

    def _moves(self, place: Element) -> bool:
        return isinstance(place, Moving) and place.depth == self._loop.depth

    def _operand(self, moving: bool, real: bool, of_round: Callable[[int], Node]) -> Given:
        """What is alike in all rounds or, if it moves, an array of what it is in each."""
        count = self._loop.count
        if moving:
            operand = self._builder.array([of_round(k) for k in range(count)], (count,))
        else:
            operand = of_round(0)
        return self._leaf(operand, operand.axes, operand.normalised, real, moving)

    def _of_elements(self, group: _Group) -> Given:
        def array(number: int) -> Node:
            places = [in_round(place, self._loop.depth, number) for place in group.places]
            nodes = [self._builder.element(place, self._outer) for place in places]
            return self._builder.array(nodes, group.dims)

        return self._operand(self._moves(group.places[0]), group.real, array)

    def _by_round(self, known: ByRound) -> Given:
        moving = known.depth == self._loop.depth
        if moving:
            sizes = tuple(variable.size for variable in known.bound)
            numbers = [np.reshape(one.values, sizes) for one in known.rounds]
            operand = self._builder.constant(np.stack(numbers), known.domain)
        else:
            operand = self._outer[known]
        return self._leaf(operand, operand.axes, operand.normalised, False, moving)

    def _label(self, network: Network, place: Element) -> Given:
        def label(number: int) -> Node:
            image = in_round(place, self._loop.depth, number)
            return self._builder.label_of(network, image, self._outer)

        return self._operand(self._moves(place), False, label)

    def results(self, values: "Values") -> None:
        """Sets, in the code around the loop, what its rounds set."""
        self._builder.keep(self._inner)
        rounds = Rounds(
            self._loop.count, self.roots, self._next, frozenset(self._sliced), tuple(self._axes)
        )
        pool, last = self._builder.pool, self._loop.count - 1

        def result(root: str, index: tuple[int, ...], number: int) -> Node:
            if number == last:
                return pool.pick(pool.repeated(rounds, self._operands, root, False), index)
            every = pool.repeated(rounds, self._operands, root, True)
            return pool.pick(every, (number, *index))

        for number, group in enumerate(self._sets):
            for place, index in group.index.items():
                for k in range(self._loop.count):
                    made = in_round(place, self._loop.depth, k)
                    values.late[made] = functools.partial(result, _set(number), index, k)
