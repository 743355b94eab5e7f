"""A checked model on one example as clauses: a program's Params are shared by all examples.

Every element that is set is a value (`clauses.Value`), made of the values it is set from, whether
its branch is taken or not; a branch decides only which value is merged. So nothing has a guard, and
what an example fixes folds away before a solver sees it.
"""

import dataclasses
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

import numpy as np

from terpret.backends.exact.clauses import LOST, TRUE, Clauses, Value, known
from terpret.discrete.program import Program, program_of
from terpret.errors import InputError
from terpret.language import checked
from terpret.language.checked import (
    BoundVariable,
    CheckedModel,
    Element,
    Variable,
    elements_of,
    size_of,
)
from terpret.language.reads import label_names, labels_suffice

Place = tuple[str, tuple[int, ...]]
"""The name of a Param and the index of one of its elements, whatever the hypers are."""
Params = Mapping[Place, Value]


@dataclasses.dataclass(frozen=True)
class Given:
    """What a program is given.

    Attributes:
      inputs: the value of each element of the integer Inputs.
      labels: what networks say of the elements of InputTensors, under the names of
        `reads.label_names`.
    """

    inputs: Mapping[Element, Value]
    labels: Mapping[tuple[str, Element], Value]


def refuse_tensors(model: CheckedModel) -> None:
    """Refuses models that compute with numbers that have no discrete value.

    Raises:
      InputError: with what it is that has none.
    """
    for variable in model.variables:
        if variable.kind == "Output" and not isinstance(variable.domain, int):
            raise InputError(
                f"'{variable.name}' is an OutputTensor: a solver answers in integers alone; "
                "learn it by a preset"
            )
    if not labels_suffice(model):
        raise InputError(
            "a network here computes with numbers that have no discrete value: a solver takes "
            "networks from one image to an integer, whose labels are given"
        )


def clamped(models: Sequence[CheckedModel]) -> dict[Place, int]:
    """The values of the elements of Params that one of some models clamps."""
    return {
        (element.variable.name, element.index): value
        for model in models
        for element, value in model.clamps.items()
    }


def new_params(models: Sequence[CheckedModel], clauses: Clauses) -> dict[Place, Value]:
    """A value for every element of every Param of models that share them, clamped ones known."""
    clamps = clamped(models)
    return {
        place: known(clamps[place]) if place in clamps else clauses.value(range(variable.size))
        for variable in models[0].of_kind("Param")
        for place in _places(variable)
    }


def _places(variable: Variable) -> Iterator[Place]:
    for element in elements_of(variable):
        yield variable.name, element.index


def given_by(
    model: CheckedModel, inputs: Mapping[str, np.ndarray], labels: Mapping[str, np.ndarray]
) -> Given:
    """What an example gives: integers [*dims] by name."""
    return Given(
        {one: known(int(inputs[one.variable.name][one.index])) for one in _inputs(model)},
        {
            (name, one): known(int(labels[name][one.index]) % size)
            for name, one, size in _labelled(model)
        },
    )


def anything(model: CheckedModel, clauses: Clauses) -> Given:
    """What may be given: any integer in each place."""
    return Given(
        {one: clauses.value(range(one.variable.size)) for one in _inputs(model)},
        {(name, one): clauses.value(range(size)) for name, one, size in _labelled(model)},
    )


def _inputs(model: CheckedModel) -> Iterator[Element]:
    for variable in model.of_kind("Input"):
        if isinstance(variable.domain, int):
            yield from elements_of(variable)


def _labelled(model: CheckedModel) -> Iterator[tuple[str, Element, int]]:
    """The name, the element of an InputTensor and the number of labels of each label."""
    sizes = {network.name: network.output for network in model.networks}
    for name, (network, variable) in label_names(model).items():
        for element in elements_of(variable):
            yield name, element, size_of(sizes[network])


def constant_params(program: Program) -> dict[Place, Value]:
    """A program's own values."""
    return {
        place: known(int(program.values[place[0]][place[1]]))
        for variable in program.model.of_kind("Param")
        for place in _places(variable)
    }


def program_from(model: CheckedModel, params: Params, holds: Collection[int]) -> Program:
    """The program that Params are where these literals hold."""
    values = {v.name: np.zeros(v.dims, np.int64) for v in model.of_kind("Param")}
    for (name, index), value in params.items():
        values[name][index] = next(
            integer
            for integer, literal in value
            if literal == TRUE or (literal > 0) == (abs(literal) in holds)
        )
    return program_of(model, values)


def wanted(
    model: CheckedModel,
    params: Params,
    given: Given,
    answers: Mapping[str, np.ndarray],
    clauses: Clauses,
) -> list[int]:
    """The literals that hold where a program explains an example: its answers and observations.

    Args:
      model: the model.
      params: the value of each element of a Param.
      given: what the example gives.
      answers: its Outputs by name, [*dims]; -1 where nothing was observed.
      clauses: what is added to.
    """
    run = _Run(model, params, given, clauses)
    found = [
        dict(value).get(int(answers[element.variable.name][element.index]), -TRUE)
        for element, value in run.outputs()
        if answers[element.variable.name][element.index] >= 0
    ]
    for one in model.observations:
        found.append(dict(run.element(one.element)).get(one.value, -TRUE))
    return [literal for literal in found if literal != TRUE]


def outputs(
    model: CheckedModel, params: Params, given: Given, clauses: Clauses
) -> dict[Element, Value]:
    """What a program gives: the value of each element of an Output; arguments as of `wanted`."""
    return dict(_Run(model, params, given, clauses).outputs())


class _Run:
    def __init__(self, model: CheckedModel, params: Params, given: Given, clauses: Clauses):
        self._model, self._params, self._given, self._clauses = model, params, given, clauses
        self._bound: dict[BoundVariable, Value] = {}
        self._values: dict[Element, Value] = {}
        tensors = [v for v in model.of_kind("Input") if not isinstance(v.domain, int)]
        self._images = [element for variable in tensors for element in elements_of(variable)]
        self._codes = {element: known(code) for code, element in enumerate(self._images)}
        self._names = {(n, v.name): name for name, (n, v) in label_names(model).items()}
        self._block(model.statements)

    def outputs(self) -> Iterator[tuple[Element, Value]]:
        for variable in self._model.of_kind("Output"):
            for element in elements_of(variable):
                yield element, self.element(element)

    def _block(self, statements: tuple[checked.Statement, ...]) -> None:
        for statement in statements:
            self._clauses.step()
            match statement:
                case checked.Set(element, value):
                    self._values[element] = self._value(value)
                case checked.Switch(subject, cases, merged):
                    self._switch(self._value(subject), cases, merged)
                case checked.Bind(variable, subject, body, merged):
                    chosen = self._bound[variable] = self._value(subject)
                    self._block(body)
                    for element in merged:
                        options = {k: self._values[element] if k >= 0 else LOST for k, _ in chosen}
                        self._values[element] = self._clauses.select(chosen, options)

    def _switch(
        self, subject: Value, cases: tuple[checked.Case, ...], merged: tuple[Element, ...]
    ) -> None:
        before, after = self._values, dict[int, dict[Element, Value]]()
        for case in cases:
            taken = [integer for integer, _ in subject if integer in case.values]
            if taken:
                self._values = dict(before)
                self._block(case.body)
                after |= dict.fromkeys(taken, self._values)
        self._values = before
        for element in merged:
            options = {k: after.get(k, {}).get(element, LOST) for k, _ in subject}
            before[element] = self._clauses.select(subject, options)

    def _picked(self, bound: tuple[BoundVariable, ...], at: Callable[[int], Value]) -> Value:
        """The value at the place that bound variables choose, the last varying fastest."""

        def chosen(depth: int, place: int) -> Value:
            if depth == len(bound):
                return at(place)
            variable = bound[depth]
            subject = self._bound[variable]
            options = {
                integer: chosen(depth + 1, place * variable.size + integer)
                if integer >= 0
                else LOST
                for integer, _ in subject
            }
            return self._clauses.select(subject, options)

        return chosen(0, 0)

    def _value(self, expression: checked.Expression) -> Value:
        match expression:
            case checked.Known(bound, values):
                return self._picked(bound, lambda place: known(values[place]))
            case checked.Read(bound, elements):
                return self._picked(bound, lambda place: self.element(elements[place]))
            case checked.Apply(table, arguments):
                given = [self._value(argument) for argument in arguments]
                return self._clauses.apply(table.values, given)
            case checked.Learned(network, arguments):
                codes = self._value(arguments[0])
                said = {code: self._label(network, code) for code, _ in codes}
                return self._clauses.select(codes, said)
        raise AssertionError(f"no kind of expression that is known: {type(expression).__name__}")

    def _label(self, network: checked.Network, code: int) -> Value:
        if code < 0:
            return LOST
        element = self._images[code]
        return self._given.labels[self._names[network.name, element.variable.name], element]

    def element(self, element: Element) -> Value:
        variable = element.variable
        if element in self._codes:
            return self._codes[element]
        if variable.kind == "Param":
            return self._params[variable.name, element.index]
        if variable.kind == "Input":
            return self._given.inputs[element]
        return self._values.get(element, LOST)
