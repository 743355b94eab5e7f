"""Clauses over literals, and finite values made of literals.

A literal is a positive integer, or its negative for the opposite; 1 is true. A value is the
integers that it may be, each with the literal that says that it is: exactly one of them holds.
What is known folds away: a value that can be one integer only has no literal of its own, and equal
values of equal parts are made once.
"""

import itertools
from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np

from terpret.language.runtime import DROPPED

TRUE = 1

# Steps of encoding between two looks at what it takes.
STEPS = 5_000

Value = tuple[tuple[int, int], ...]
"""(integer, literal) for each integer that it may be, in their order."""
LOST: Value = ((DROPPED, TRUE),)
"""The value that a function has lost."""


def known(integer: int) -> Value:
    """The value that is one integer."""
    return ((integer, TRUE),)


class Clauses:
    """Clauses that grow, and the values made so far.

    Attributes:
      literals: how many literals there are; 1 is true.
      clauses: of each at least one literal holds.
      exactly_one: of each exactly one literal holds.
    """

    def __init__(self, watch: Callable[[], None] = lambda: None) -> None:
        """None yet.

        Args:
          watch: is called again and again while something is encoded; what it raises ends that.
        """
        self._watch, self._steps = watch, 0
        self.literals = TRUE
        self.clauses: list[tuple[int, ...]] = [(TRUE,)]
        self.exactly_one: list[tuple[int, ...]] = []
        self._made: dict[object, Value] = {}
        self._any: dict[tuple[int, ...], int] = {}

    def step(self, count: int = 1) -> None:
        """Counts steps of encoding."""
        self._steps += count
        if self._steps >= STEPS:
            self._steps = 0
            self._watch()

    def literal(self) -> int:
        """A new literal."""
        self.literals += 1
        return self.literals

    def require(self, *literals: int) -> None:
        """Requires at least one of some literals."""
        self.step()
        if TRUE not in literals:
            self.clauses.append(tuple(one for one in literals if one != -TRUE))

    def value(self, integers: Collection[int]) -> Value:
        """A new value that is one of some integers."""
        domain = sorted(integers)
        self.step(len(domain))
        if len(domain) == 1:
            return known(domain[0])
        if len(domain) == 2:
            second = self.literal()
            return (domain[0], -second), (domain[1], second)
        literals = tuple(self.literal() for _ in domain)
        self.exactly_one.append(literals)
        return tuple(zip(domain, literals, strict=True))

    def any_of(self, literals: Sequence[int]) -> int:
        """A literal that holds where one of some literals does."""
        key = tuple(sorted(literals))
        if len(key) == 1:
            return key[0]
        if key not in self._any:
            made = self._any[key] = self.literal()
            for one in key:
                self.require(-one, made)
            self.require(-made, *key)
        return self._any[key]

    def all_of(self, literals: Sequence[int]) -> int:
        """A literal that holds where all of some literals do."""
        needed = [one for one in literals if one != TRUE]
        return -self.any_of([-one for one in needed]) if needed else TRUE

    def select(self, subject: Value, options: Mapping[int, Value]) -> Value:
        """The option that a subject chooses.

        Args:
          subject: what chooses.
          options: a value for each integer that the subject may be.
        """
        self.step(len(subject))
        used = [options[integer] for integer, _ in subject]
        if all(one == used[0] for one in used):
            return used[0]
        key = (subject, tuple(used))
        if key not in self._made:
            choosing: dict[Value, list[int]] = {}
            for (_, literal), option in zip(subject, used, strict=True):
                choosing.setdefault(option, []).append(literal)
            self._made[key] = self._chosen(choosing)
        return self._made[key]

    def _chosen(self, choosing: Mapping[Value, Sequence[int]]) -> Value:
        """The option of which one of its literals holds."""
        if all(len(option) == 1 and len(by) == 1 for option, by in choosing.items()):
            # Each subject's integer means another: it is the same value under other names.
            return tuple(sorted((option[0][0], by[0]) for option, by in choosing.items()))
        result = self.value({integer for option in choosing for integer, _ in option})
        for option, by in choosing.items():
            taken, may_be = self.any_of(by), dict(option)
            for integer, literal in result:
                there = may_be.get(integer, -TRUE)
                self.require(-taken, -there, literal)
                self.require(-taken, there, -literal)
        for integer, literal in result:
            # Implied: it comes from somewhere.
            self.require(-literal, *(dict(one).get(integer, -TRUE) for one in choosing))
        return result

    def apply(self, table: np.ndarray, arguments: Sequence[Value]) -> Value:
        """A tabulated function of some values; lost where an argument is.

        Args:
          table: integers over the arguments' domains; `DROPPED` where the result is lost.
          arguments: one for each dimension.
        """

        def result_of(integers: Sequence[int]) -> int:
            return DROPPED if min(integers, default=0) < 0 else int(table[tuple(integers)])

        key = (id(table), tuple(arguments))
        if key not in self._made:
            self._made[key] = self._applied(result_of, arguments)
        return self._made[key]

    def _applied(
        self, result_of: Callable[[Sequence[int]], int], arguments: Sequence[Value]
    ) -> Value:
        free = [place for place, one in enumerate(arguments) if len(one) > 1]
        fixed = [one[0][0] for one in arguments]

        def at(integers: Sequence[int]) -> int:
            self.step()
            every = list(fixed)
            for place, integer in zip(free, integers, strict=True):
                every[place] = integer
            return result_of(every)

        if not free:
            return known(at(()))
        if len(free) == 1:
            subject = arguments[free[0]]
            return self.select(subject, {integer: known(at([integer])) for integer, _ in subject})
        values = [arguments[place] for place in free]
        found = {
            integers: at(integers)
            for integers in itertools.product(*([integer for integer, _ in one] for one in values))
        }
        result = self.value(set(found.values()))
        literal_of = [dict(one) for one in values]
        for integers, integer in found.items():
            given = [-of[one] for of, one in zip(literal_of, integers, strict=True)]
            self.require(*given, dict(result)[integer])
        self._require_support(values, result, found)
        return result

    def _require_support(
        self, values: Sequence[Value], result: Value, found: Mapping[tuple[int, ...], int]
    ) -> None:
        """Implied: the result and all arguments but one leave that one few integers."""
        for place, last in enumerate(values):
            others = [one for k, one in enumerate(values) if k != place]
            for combination in itertools.product(*others):
                self.step(len(result) * len(last))
                known_integers = [integer for integer, _ in combination]
                for outcome, literal in result:
                    support = [
                        own
                        for integer, own in last
                        if found[(*known_integers[:place], integer, *known_integers[place:])]
                        == outcome
                    ]
                    if len(support) < len(last):
                        given = [-one for _, one in combination]
                        self.require(-literal, *given, *support)
