"""Whether a model of the user's own can be trained on a task of the paper."""

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from experiments.config import TaskConfig
from ntpt_models import has_listing, shipped_name
from terpret import InputError, ModelError, program_of
from terpret.errors import RunError
from terpret.language.checked import CheckedModel, Variable
from terpret.learning.task import Task
from terpret.runs.scenario import Study

Studied = Callable[[TaskConfig, CheckedModel], Study]


def fitted(name: str, study: Studied) -> Studied:
    """A study of our model of a name, and of a model of the user's own that has this name and fits.

    Pictures and films follow a program through the lines of our listing, so others have none.

    Raises:
      RunError: when called with a model that does not fit.
    """

    def made(config: TaskConfig, checked: CheckedModel) -> Study:
        found = study(config, checked)
        ours = shipped_name(checked) == name
        if not ours:
            refuse_misfit(checked, found.task, name)
        return found if ours and has_listing(checked) else found.undrawn()

    return made


def refuse_misfit(model: CheckedModel, task: Task, name: str) -> None:
    """Refuses a model that cannot be trained on a task, before anything starts.

    Args:
      model: the model.
      task: the task.
      name: whose task it is.

    Raises:
      RunError: the model declares something that the task does not give, or not as it gives it.
    """
    for misfit in _misfits(model, task):
        raise RunError(
            f"{model.source.path} does not fit the task of {name}, which it would be trained on "
            f"for its name: {misfit}; mend that, or give --data=FILE.json"
        )


def _misfits(model: CheckedModel, task: Task) -> Iterator[str]:
    inputs = _widest(task.test_set.integers, task.symbols.inputs)
    answers = _widest(task.test_set.answers, task.symbols.answers)
    images = {name: values.shape[1:] for name, values in task.test_set.images.items()}
    for kind, given in (("Input", {**inputs, **images}), ("Output", answers)):
        declared = {variable.name: variable for variable in model.of_kind(kind)}
        for missing in (name for name in given if name not in declared):
            yield f"it has no {kind} '{missing}'"
        for variable in declared.values():
            if variable.name not in given:
                yield f"the task gives no {kind} '{variable.name}'"
            elif variable.name in images:
                places = task.test_set.inputs[variable.name].shape[1:]
                yield from _images(variable, places, images[variable.name])
            else:
                yield from _integers(variable, *given[variable.name])
    yield from _networks(model, task, set(images.values()))
    yield from _tried(model, task)


def _widest(
    *parts: Mapping[str, np.ndarray],
) -> dict[str, tuple[tuple[int, ...], int]]:
    """The shape and the largest value of each integer of some examples."""
    return {
        name: (values.shape[1:], max(int(part[name].max()) for part in parts if name in part))
        for name, values in parts[0].items()
    }


def _images(variable: Variable, dims: tuple[int, ...], shape: tuple[int, ...]) -> Iterator[str]:
    if (variable.dims, variable.domain) != (dims, shape):
        yield f"'{variable.name}' is not {_array(f'InputTensor{shape}', dims)}"


def _integers(variable: Variable, dims: tuple[int, ...], largest: int) -> Iterator[str]:
    fits = isinstance(variable.domain, int) and variable.domain > largest
    if variable.dims != dims or not fits:
        yield f"'{variable.name}' is not {_array(f'{variable.kind}({largest + 1})', dims)}"


def _networks(model: CheckedModel, task: Task, shapes: set[tuple[int, ...]]) -> Iterator[str]:
    labels = {
        name: max(int(labels[name].max()) for labels in task.symbols.label_assignments)
        for name in task.symbols.label_assignments[0]
    }
    declared = {network.name: network for network in model.networks}
    for missing in (name for name in task.images if name not in declared):
        yield f"it has no network '{missing}'"
    for network in declared.values():
        if network.name not in labels:
            yield f"nothing is known of a network '{network.name}', only of {' and '.join(labels)}"
        elif len(network.inputs) != 1 or network.inputs[0] not in shapes:
            yield f"the network '{network.name}' is not given one image"
        elif not isinstance(network.output, int) or network.output <= labels[network.name]:
            yield f"the network '{network.name}' does not tell {labels[network.name] + 1} labels"


def _tried(model: CheckedModel, task: Task) -> Iterator[str]:
    """Runs one program as every program will be run when it is judged."""
    zeros = {v.name: np.zeros(v.dims, np.int64) for v in model.of_kind("Param")}
    program = program_of(model, zeros)
    try:
        task.symbols.accuracy(program)
        task.verify(program)
    except InputError as error:
        yield str(error)
    except ModelError as error:
        yield f"under other hypers it is refused: {error.diagnostics[0].message}"


def _array(element: str, dims: tuple[int, ...]) -> str:
    return f"{element}[{', '.join(map(str, dims))}]" if dims else element
