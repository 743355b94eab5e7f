"""What is searched for, what a search may take, and what it has found."""

import dataclasses
import functools
from collections.abc import Mapping, Sequence

import numpy as np

from terpret.backends.exact.clauses import Clauses
from terpret.backends.exact.encode import Params, clamped, given_by, wanted
from terpret.discrete.answers import right
from terpret.discrete.program import Program
from terpret.errors import InputError
from terpret.language.checked import CheckedModel

Arrays = Mapping[str, np.ndarray]


@dataclasses.dataclass(frozen=True)
class Found:
    """What a search has found.

    Attributes:
      program: the best program; None where there is none, or none was found in time.
      explained: how many of the examples it explains.
      proved: that none leaves less weight unexplained (or, of none, as little as asked), and,
        where fewest instructions were asked, that none with fewer does as well.
      used: how many examples the solver was given.
      stopped: why the search ended before that was proved; empty where it did not.
    """

    program: Program | None
    explained: int
    proved: bool
    used: int
    stopped: str = ""


@dataclasses.dataclass(frozen=True)
class Group:
    """Examples under one set of hypers.

    Attributes:
      model: the model, checked with these hypers.
      inputs: its integer Inputs, [examples, *dims].
      answers: its Outputs, [examples, *dims]; -1 where nothing was observed.
      labels: what its networks say of images, [examples, *dims], as in `Program.run`.
      size: how many examples there are.
    """

    model: CheckedModel
    inputs: Arrays
    answers: Arrays
    labels: Arrays
    size: int

    def wanted(self, params: Params, number: int, clauses: Clauses) -> list[int]:
        """The literals that hold where Params explain an example; see `encode.wanted`."""
        parts = self.inputs, self.labels, self.answers
        inputs, labels, answers = ({n: v[number] for n, v in part.items()} for part in parts)
        return wanted(self.model, params, given_by(self.model, inputs, labels), answers, clauses)

    @property
    def contradiction(self) -> tuple[int, ...]:
        """The places of two examples that are given the same and answer differently; or of none."""
        given = [*self.inputs.values(), *self.labels.values()]
        seen: dict[bytes, list[int]] = {}
        for place in range(self.size):
            alike = seen.setdefault(b"".join(v[place].tobytes() for v in given), [])
            for other in alike:
                for answers in self.answers.values():
                    one, two = answers[place], answers[other]
                    if ((one != two) & (one >= 0) & (two >= 0)).any():
                        return other, place
            alike.append(place)
        return ()

    def explained(self, program: Program) -> np.ndarray:
        """Which examples a program of the same Params explains, by the interpreter, bool [size]."""
        own = dataclasses.replace(program, model=self.model)
        given, observed = own.outcome(self.inputs, self.labels or None)
        found = np.ones(self.size, bool) & right(given, self.answers)
        for holds in observed.values():
            found &= holds
        return found


@dataclasses.dataclass(frozen=True)
class Problem:
    """What one program is to explain.

    Attributes:
      groups: the examples, each under its hypers; all models have the same Params. A program is
        one of the first's.
      unexplained: the weight of the examples that may stay unexplained, all together.
      no_op: the value that is no instruction, of the Params of which as few as can be are others.
      weights: the weight of each example, small integers from 1 on; empty where each has 1.
    """

    groups: tuple[Group, ...]
    unexplained: int = 0
    no_op: Mapping[str, int] = dataclasses.field(default_factory=dict)
    weights: tuple[int, ...] = ()

    def tolerating(self, share: float) -> "Problem":
        """The problem of which examples of a share of the whole weight may stay unexplained."""
        return dataclasses.replace(self, unexplained=int(share * self.whole))

    @property
    def whole(self) -> int:
        """The weight of all examples."""
        return sum(self.weights) or self.size

    def weight(self, number: int) -> int:
        """The weight of an example."""
        return self.weights[number] if self.weights else 1

    def missed(self, explained: np.ndarray) -> int:
        """The weight of the examples that are not explained, bool [examples]."""
        left = ~explained
        return int(left @ np.asarray(self.weights)) if self.weights else int(left.sum())

    @property
    def model(self) -> CheckedModel:
        """The model whose program is searched for."""
        return self.groups[0].model

    @property
    def models(self) -> tuple[CheckedModel, ...]:
        """The model under the hypers of each group."""
        return tuple(group.model for group in self.groups)

    @functools.cached_property
    def size(self) -> int:
        """How many examples there are."""
        return sum(group.size for group in self.groups)

    def wanted(self, params: Params, number: int, clauses: Clauses) -> list[int]:
        """The literals that hold where Params explain an example; see `encode.wanted`."""
        for group in self.groups:
            if number < group.size:
                return group.wanted(params, number, clauses)
            number -= group.size
        raise IndexError(f"there is no example {number} after the last")

    @functools.cached_property
    def contradiction(self) -> tuple[int, ...]:
        """The places of two examples of a group that contradict each other; or of none."""
        before = 0
        for group in self.groups:
            if found := group.contradiction:
                return tuple(before + place for place in found)
            before += group.size
        return ()

    def clamped(self, program: Program) -> Program:
        """A program with the values that any of the models clamps."""
        values = {name: array.copy() for name, array in program.values.items()}
        for (name, index), value in clamped(self.models).items():
            values[name][index] = value
        return dataclasses.replace(program, model=self.model, values=values)

    def explained(self, program: Program) -> np.ndarray:
        """Which examples a program explains, bool [examples], by the discrete interpreter."""
        return np.concatenate([group.explained(program) for group in self.groups])


def in_tenths(weights: np.ndarray) -> tuple[int, ...]:
    """Positive weights, [examples], as small integers: tenths of the largest, but at least one."""
    tenths = np.maximum(1, np.rint(10 * (weights / weights.max())))
    return tuple(int(one) for one in tenths)


def refuse_other_params(models: Sequence[CheckedModel]) -> None:
    """Refuses models that have no program in common.

    Raises:
      InputError: the Params of one are others, or are clamped to other values.
    """
    first, *others = models
    for other in others:
        both = _under(first), _under(other)
        one, two = (
            {v.name: (v.size, v.dims) for v in model.of_kind("Param")} for model in (first, other)
        )
        for name in {**one, **two}:
            if one.get(name) != two.get(name):
                said = [_declared(shape.get(name)) for shape in (one, two)]
                raise InputError(
                    f"the Param '{name}' is {said[0]} under {both[0]} and {said[1]} under "
                    f"{both[1]}: one program of both needs the same Params"
                )
        own = clamped([first])
        for (name, index), value in clamped([other]).items():
            if own.get((name, index), value) != value:
                where = f"{name}{list(index)}" if index else name
                raise InputError(
                    f"the Param '{where}' is set to {own[name, index]} under {both[0]} and to "
                    f"{value} under {both[1]}: no program is one of both"
                )


def _under(model: CheckedModel) -> str:
    return ", ".join(f"{name}={value}" for name, value in model.hypers.items()) or "no hypers"


def _declared(shape: tuple[int, tuple[int, ...]] | None) -> str:
    if shape is None:
        return "not declared"
    size, dims = shape
    return f"Param({size})" + (f"[{', '.join(map(str, dims))}]" if dims else "")


@dataclasses.dataclass(frozen=True)
class Effort:
    """What a search may take.

    Attributes:
      seconds: for the whole search.
      searchers: how many search at once, each in another order of the examples.
      memory: bytes that they may take; 0 is half of what is left.
      seed: of their randomness.
      until_enough: whether a program that explains enough ends it, however much more others do.
    """

    seconds: float
    searchers: int = 2
    memory: int = 0
    seed: int = 0
    until_enough: bool = False
