"""The discrete interpreter: a checked model run on plain integers, the oracle of the compiler.

All examples run side by side: a value is an integer array with one entry an example, and a branch
runs on those examples whose switch takes it.
"""

from collections.abc import Mapping

import numpy as np

from terpret.core.build import label_read
from terpret.language import checked, runtime
from terpret.language.checker import elements_of
from terpret.language.errors import InputError

Rows = np.ndarray


class RunError(InputError):
    """A program left the range of a function while it ran."""


def interpret(
    model: checked.CheckedModel,
    params: Mapping[str, np.ndarray],
    inputs: Mapping[str, np.ndarray],
    labels: Mapping[str, np.ndarray],
) -> dict[str, np.ndarray]:
    """Runs a program.

    Args:
      model: the checked model.
      params: the value of every Param, integers [*dims].
      inputs: the value of every integer Input, integers [examples, *dims].
      labels: for each network the label of every image, integers [examples, *dims]; a label
        outside the network's range has no meaning to it and is taken modulo its size.

    Returns:
      The value of every Output, integers [examples, *dims]; -1 where a function's declared
      `out_of_range="drop"` lost it.
    """
    examples = {len(value) for value in (*inputs.values(), *labels.values())} or {1}
    if len(examples) > 1:
        raise InputError(f"inputs and labels differ in their number of examples: {examples}")
    run = _Run(model, params, inputs, labels, examples.pop())
    return run.outputs()


class _Run:
    def __init__(
        self,
        model: checked.CheckedModel,
        params: Mapping[str, np.ndarray],
        inputs: Mapping[str, np.ndarray],
        labels: Mapping[str, np.ndarray],
        examples: int,
    ):
        self._model, self._params, self._inputs = model, params, inputs
        self._labels, self._examples = labels, examples
        self._values: dict[checked.Element, np.ndarray] = {}
        self._bound: dict[checked.BoundVariable, int] = {}

    def outputs(self) -> dict[str, np.ndarray]:
        self._block(self._model.statements, np.arange(self._examples))
        result = {}
        for variable in self._model.of_kind("Output"):
            columns = [self._values[element] for element in elements_of(variable)]
            shape = (self._examples, *variable.dims)
            result[variable.name] = np.stack(columns, 1).reshape(shape)
        return result

    def _block(self, statements: tuple[checked.Statement, ...], rows: Rows) -> None:
        for statement in statements:
            match statement:
                case checked.Set(element, value):
                    if element not in self._values:
                        self._values[element] = np.full(self._examples, -1)
                    self._values[element][rows] = self._value(value, rows)
                case checked.Switch(subject, cases):
                    chosen = self._value(subject, rows)
                    for case in cases:
                        taken = np.isin(chosen, case.values)
                        if taken.any():
                            self._block(case.body, rows[taken])
                case checked.Bind(variable, subject, body):
                    chosen = self._value(subject, rows)
                    for value in np.unique(chosen[chosen >= 0]):
                        self._bound[variable] = int(value)
                        self._block(body, rows[chosen == value])
                    self._bound.pop(variable, None)

    def _place(self, bound: tuple[checked.BoundVariable, ...]) -> int:
        place = 0
        for variable in bound:
            place = place * variable.size + self._bound[variable]
        return place

    def _value(self, expression: checked.Expression, rows: Rows) -> np.ndarray:
        """The value of an expression for the given examples; -1 where it was lost."""
        match expression:
            case checked.Known(bound, values):
                return np.full(len(rows), values[self._place(bound)])
            case checked.Read(bound, elements):
                return self._element(elements[self._place(bound)], rows)
            case checked.Apply(table, arguments):
                columns = [self._value(argument, rows) for argument in arguments]
                if not columns:
                    return np.full(len(rows), int(table.values))
                lost = np.any([column < 0 for column in columns], axis=0)
                return np.where(lost, runtime.DROPPED, table.values[tuple(columns)])
            case checked.Learned(network):
                read = label_read(expression)
                element = read.elements[self._place(read.bound)]
                column = self._labels[network.name][(rows, *element.index)]
                return column % network.output

    def _element(self, element: checked.Element, rows: Rows) -> np.ndarray:
        variable = element.variable
        if variable.kind == "Param":
            return np.full(len(rows), self._params[variable.name][element.index])
        if variable.kind == "Input":
            return self._inputs[variable.name][(rows, *element.index)]
        return self._values[element][rows]
