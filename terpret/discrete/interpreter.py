"""The discrete interpreter: a checked model run on plain integers, the oracle of the compiler.

All examples run side by side: a value is an integer array with one entry an example, and a branch
runs on those examples whose switch takes it. A tensor is known only by which element of which
InputTensor it is: enough to look up the label that a network gives it.
"""

from collections.abc import Mapping

import numpy as np

from terpret.errors import InputError
from terpret.language import checked, runtime
from terpret.language.checked import elements_of

Rows = np.ndarray


def interpret(
    model: checked.CheckedModel,
    params: Mapping[str, np.ndarray],
    inputs: Mapping[str, np.ndarray],
    labels: Mapping[str, np.ndarray],
) -> dict[str, np.ndarray]:
    """Runs a program.

    Args:
      model: the checked model.
      params: the value of every Param, integers [*dims]; elements that the model clamps have
        its value instead.
      inputs: the value of every integer Input, integers [examples, *dims].
      labels: for each network the label of every image, integers [examples, *dims], under the
        names of `language.reads.label_names`; a label outside the network's range has no meaning to
        it and is taken modulo its size.

    Returns:
      The value of every Output, integers [examples, *dims]; -1 where a function's declared
      `out_of_range="drop"` lost it.

    Raises:
      InputError: the arrays disagree on the number of examples, or the program computes with
        tensors.
    """
    return _run(model, params, inputs, labels).outputs()


def observations(
    model: checked.CheckedModel,
    params: Mapping[str, np.ndarray],
    inputs: Mapping[str, np.ndarray],
    labels: Mapping[str, np.ndarray],
) -> dict[str, np.ndarray]:
    """Whether a program does what the model's `observe_value` statements say.

    Args:
      model: the checked model.
      params: as in `interpret`.
      inputs: as in `interpret`.
      labels: as in `interpret`.

    Returns:
      For each observation, written `x[1] == 2`, a boolean for each example.
    """
    return _run(model, params, inputs, labels).observations()


def outcome(
    model: checked.CheckedModel,
    params: Mapping[str, np.ndarray],
    inputs: Mapping[str, np.ndarray],
    labels: Mapping[str, np.ndarray],
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """What `interpret` gives, of the integer Outputs alone, and what `observations` gives."""
    run = _run(model, params, inputs, labels)
    return run.columns("Output"), run.observations()


def trace(
    model: checked.CheckedModel,
    params: Mapping[str, np.ndarray],
    inputs: Mapping[str, np.ndarray],
    labels: Mapping[str, np.ndarray],
) -> dict[str, np.ndarray]:
    """Runs a program and gives what it did on the way.

    Args:
      model: the checked model.
      params: as in `interpret`.
      inputs: as in `interpret`.
      labels: as in `interpret`.

    Returns:
      The value of every Var of integers, [examples, *dims]; -1 where it was never set.
    """
    return _run(model, params, inputs, labels).columns("Var")


def _run(
    model: checked.CheckedModel,
    params: Mapping[str, np.ndarray],
    inputs: Mapping[str, np.ndarray],
    labels: Mapping[str, np.ndarray],
) -> "_Run":
    examples = {len(value) for value in (*inputs.values(), *labels.values())} or {1}
    if len(examples) > 1:
        raise InputError(f"inputs and labels differ in their number of examples: {examples}")
    return _Run(model, params, inputs, labels, examples.pop())


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
        tensors = [v for v in model.of_kind("Input") if not isinstance(v.domain, int)]
        self._images = [element for variable in tensors for element in elements_of(variable)]
        self._code = {element: code for code, element in enumerate(self._images)}
        self._block(model.statements, np.arange(examples))

    def outputs(self) -> dict[str, np.ndarray]:
        for variable in self._model.of_kind("Output"):
            if not isinstance(variable.domain, int):
                raise InputError(
                    f"'{variable.name}' is an OutputTensor, which has no discrete value"
                )
        return self.columns("Output")

    def columns(self, kind: str) -> dict[str, np.ndarray]:
        """The value of every integer variable of a kind."""
        result = {}
        every = np.arange(self._examples)
        for variable in self._model.of_kind(kind):
            if not isinstance(variable.domain, int):
                continue
            columns = np.zeros((self._examples, variable.elements), np.int64)
            for place, element in enumerate(elements_of(variable)):
                columns[:, place] = self._element(element, every)
            result[variable.name] = columns.reshape((self._examples, *variable.dims))
        return result

    def observations(self) -> dict[str, np.ndarray]:
        every = np.arange(self._examples)
        return {
            str(observation): self._element(observation.element, every) == observation.value
            for observation in self._model.observations
        }

    def _block(self, statements: tuple[checked.Statement, ...], rows: Rows) -> None:
        for statement in statements:
            match statement:
                case checked.Set(element, value):
                    found = self._value(value, rows)
                    if element not in self._values:
                        self._values[element] = np.full(self._examples, runtime.DROPPED)
                    self._values[element][rows] = found
                case checked.Switch(subject, cases):
                    chosen = self._value(subject, rows)
                    for case in cases:
                        taken = _is_one_of(chosen, case.values)
                        if taken.any():
                            self._block(case.body, rows[taken])
                case checked.Bind(variable, subject, body):
                    chosen = self._value(subject, rows)
                    for value in np.unique(chosen[chosen >= 0]):
                        self._bound[variable] = int(value)
                        self._block(body, rows[chosen == value])
                    self._bound.pop(variable, None)
                case checked.Repeat(bodies):
                    for body in bodies:
                        self._block(body, rows)

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
            case checked.Learned():
                return self._label(expression, rows)

    def _label(self, call: checked.Learned, rows: Rows) -> np.ndarray:
        network = call.network
        tensor_alone = len(network.inputs) == 1 and not isinstance(network.inputs[0], int)
        if not tensor_alone or not isinstance(network.output, int):
            raise InputError(
                f"'{network.name}' (line {call.span.line}) computes with numbers that have no "
                "discrete value: the interpreter runs networks from one tensor to an integer, "
                "whose labels are given"
            )
        codes = self._value(call.arguments[0], rows)
        result = np.full(len(rows), runtime.DROPPED)
        for code in np.unique(codes[codes >= 0]):
            element, chosen = self._images[code], codes == code
            own = self._labels.get(f"{network.name}({element.variable.name})")
            labels = self._labels[network.name] if own is None else own
            if labels.shape[1:] != element.variable.dims:
                raise InputError(
                    f"the labels of '{network.name}' have shape {list(labels.shape)}, but there "
                    f"is one for each element of '{element.variable.name}'"
                )
            result[chosen] = labels[(rows[chosen], *element.index)] % network.output
        return result

    def _element(self, element: checked.Element, rows: Rows) -> np.ndarray:
        variable = element.variable
        if element in self._code:
            return np.full(len(rows), self._code[element])
        if variable.kind == "Param":
            clamp = self._model.clamps.get(element)
            value = self._params[variable.name][element.index] if clamp is None else clamp
            return np.full(len(rows), value)
        if variable.kind == "Input":
            return self._inputs[variable.name][(rows, *element.index)]
        if element not in self._values:
            # No example came by: every one of them was lost before.
            return np.full(len(rows), runtime.DROPPED)
        return self._values[element][rows]


def _is_one_of(chosen: np.ndarray, values: tuple[int, ...]) -> np.ndarray:
    """Which of the chosen values are among those of a case, which most often has one."""
    return chosen == values[0] if len(values) == 1 else np.isin(chosen, values)
