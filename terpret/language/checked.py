"""The checked tree: a model with its loops unrolled, its names resolved and its domains known.

Both meanings of a model start here: the tensor network (`terpret.core`) and the discrete
interpreter (`terpret.discrete.interpreter`), which share nothing below this file.
"""

import dataclasses
import itertools
import math
from collections.abc import Iterator

import numpy as np

from terpret.language.errors import Diagnostic, Source, Span

Domain = int | tuple[int, ...]
"""What a value ranges over: n for the integers 0..n-1, a shape for a tensor of floats."""


def size_of(domain: Domain) -> int:
    """The number of values of an integer; only for what is known to be one."""
    assert isinstance(domain, int)
    return domain


def shape_of(domain: Domain) -> tuple[int, ...]:
    """The dimensions of a tensor of the domain; of an integer, those of its marginal."""
    return (domain,) if isinstance(domain, int) else domain


def extent(domain: Domain) -> int:
    """How many numbers a tensor of the domain has; of an integer, its marginal."""
    return math.prod(shape_of(domain))


PLACE = "{}"
"""Where the number of a value stands in a pattern of names."""
NUMBERS = PLACE
"""The names of values that a model does not name."""


@dataclasses.dataclass(frozen=True, eq=False)
class Variable:
    """One declared name.

    Attributes:
      kind: `Param`, `Var`, `Input` or `Output`.
      name: the declared name; `p[3]` for an element declared alone.
      dims: the sizes of an array, () for a scalar.
      domain: what each element ranges over.
      span: the declaration.
      names: what its values are called: one name a value, or a pattern in which `{}` is the number.
    """

    kind: str
    name: str
    dims: tuple[int, ...]
    domain: Domain
    span: Span
    names: str | tuple[str, ...] = NUMBERS

    @property
    def elements(self) -> int:
        """The number of elements."""
        return math.prod(self.dims)

    @property
    def size(self) -> int:
        """The number of values of an integer; only of a variable that is known to be one."""
        return size_of(self.domain)

    @property
    def named(self) -> bool:
        """Whether the model says what the values are called."""
        return self.names != NUMBERS

    def word(self, value: int) -> str:
        """What a value is called: by the model, else its number."""
        if isinstance(self.names, str):
            return self.names.replace(PLACE, str(value))
        return self.names[value]


@dataclasses.dataclass(frozen=True)
class Element:
    """One element of a declared array, or a scalar: index ()."""

    variable: Variable
    index: tuple[int, ...]

    def __str__(self) -> str:
        index = f"[{', '.join(map(str, self.index))}]" if self.index else ""
        return self.variable.name + index


@dataclasses.dataclass(frozen=True, eq=False)
class BoundVariable:
    """`v` of `with x as v`, where the body only reads by it: an axis, not copies of the body."""

    name: str
    size: int
    depth: int


@dataclasses.dataclass(frozen=True)
class Known:
    """A value known when the model is compiled: one integer for each value of `bound`.

    Attributes:
      bound: the bound variables it depends on.
      values: one integer for each combination of them, the last varying fastest.
      domain: the number of values.
    """

    bound: tuple[BoundVariable, ...]
    values: tuple[int, ...]
    domain: int


@dataclasses.dataclass(frozen=True)
class Read:
    """The marginal of an element; `bound` and `elements` as in `Known`."""

    bound: tuple[BoundVariable, ...]
    elements: tuple[Element, ...]
    span: Span = dataclasses.field(compare=False)

    @property
    def domain(self) -> Domain:
        return self.elements[0].variable.domain


@dataclasses.dataclass(frozen=True, eq=False)
class Table:
    """A tabulated `@Runtime` function.

    Attributes:
      name: its name in the model.
      values: int32 array over the arguments' domains; `runtime.DROPPED` marks a lost result.
      domain: the number of values of the result.
      span: the declaration.
    """

    name: str
    values: np.ndarray
    domain: int
    span: Span


@dataclasses.dataclass(frozen=True, eq=False)
class Network:
    """A `@Learn` function: a network, fully connected after its convolutions (paper section 2.2).

    Attributes:
      name: its name in the model.
      inputs: the domain of each argument.
      output: the domain of the result.
      hid_sizes: the width of each hidden layer.
      span: the declaration.
      conv_sizes: the channels and the kernel of each convolution before them.
    """

    name: str
    inputs: tuple[Domain, ...]
    output: Domain
    hid_sizes: tuple[int, ...]
    span: Span
    conv_sizes: tuple[tuple[int, int], ...] = ()


@dataclasses.dataclass(frozen=True)
class Apply:
    """`f(x, y)` for a tabulated function."""

    table: Table
    arguments: tuple["Expression", ...]
    span: Span = dataclasses.field(compare=False)

    @property
    def domain(self) -> int:
        return self.table.domain


@dataclasses.dataclass(frozen=True)
class Learned:
    """`net(x)` for a learned function."""

    network: Network
    arguments: tuple["Expression", ...]
    span: Span = dataclasses.field(compare=False)

    @property
    def domain(self) -> Domain:
        return self.network.output


Expression = Known | Read | Apply | Learned


@dataclasses.dataclass(frozen=True)
class Set:
    """`element.set_to(value)`."""

    element: Element
    value: Expression
    span: Span = dataclasses.field(compare=False)


@dataclasses.dataclass(frozen=True)
class Case:
    """The branch taken when the subject is one of `values`."""

    values: tuple[int, ...]
    body: tuple["Statement", ...]


@dataclasses.dataclass(frozen=True)
class Switch:
    """An `if` chain, or a `with` whose body had to be unrolled.

    Attributes:
      subject: the value switched on.
      cases: disjoint sets of values with their branches.
      merged: what every value of the subject sets: merged with the switch weights.
      span: the statement.
    """

    subject: Expression
    cases: tuple[Case, ...]
    merged: tuple[Element, ...]
    span: Span = dataclasses.field(compare=False)


@dataclasses.dataclass(frozen=True)
class Bind:
    """`with subject as variable`, kept whole: what it sets is `merged` over the variable."""

    variable: BoundVariable
    subject: Expression
    body: tuple["Statement", ...]
    merged: tuple[Element, ...]
    span: Span = dataclasses.field(compare=False)


@dataclasses.dataclass(frozen=True)
class Repeat:
    """A `for` loop: its body, round after round, with the loop's name replaced by its values.

    Attributes:
      bodies: what each round does; none is empty.
      span: the statement.
    """

    bodies: tuple[tuple["Statement", ...], ...]
    span: Span = dataclasses.field(compare=False)


Statement = Set | Switch | Bind | Repeat


@dataclasses.dataclass(frozen=True)
class Observation:
    """`element.observe_value(value)`: a constant label, observed once in every example."""

    element: Element
    value: int
    span: Span = dataclasses.field(compare=False)

    def __str__(self) -> str:
        return f"{self.element} == {self.value}"


@dataclasses.dataclass(frozen=True, eq=False)
class CheckedModel:
    """A model that passed every check.

    Attributes:
      source: its text.
      hypers: the value of each `Hyper`.
      variables: the declared variables in the order of the text.
      statements: what it does, in order.
      networks: the `@Learn` functions, in the order of the text.
      warnings: what is allowed but probably not meant.
      clamps: elements of Params that the model sets to a constant: their logits are ignored.
      observations: constants observed of elements, part of the loss.
    """

    source: Source
    hypers: dict[str, int]
    variables: tuple[Variable, ...]
    statements: tuple[Statement, ...]
    networks: tuple[Network, ...]
    warnings: tuple[Diagnostic, ...]
    clamps: dict[Element, int] = dataclasses.field(default_factory=dict)
    observations: tuple[Observation, ...] = ()

    def of_kind(self, kind: str) -> tuple[Variable, ...]:
        """The variables of one kind."""
        return tuple(v for v in self.variables if v.kind == kind)


def elements_of(variable: Variable) -> Iterator[Element]:
    """Every element of a variable, the last index varying fastest."""
    for index in itertools.product(*map(range, variable.dims)):
        yield Element(variable, index)
