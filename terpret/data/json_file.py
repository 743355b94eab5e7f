"""The original TerpreT's JSON files: configurations of hypers, and batches of instances.

Every fault in a file is one `InputError` that names the file, the batch, the instance and the key.
"""

import dataclasses
import json
import math
import os
from collections.abc import Iterator, Mapping

import numpy as np

from terpret.data.declared import keys_of
from terpret.data.json_values import shown, values_of
from terpret.errors import InputError
from terpret.language import syntax
from terpret.language.checked import CheckedModel, Variable
from terpret.language.declarations import usable_hyper
from terpret.language.errors import Source, read_source, suggestion
from terpret.language.parser import parse

MAX_BYTES = 256 * 1024 * 1024


@dataclasses.dataclass(frozen=True)
class DataBatch:
    """One batch of a data file; it unpacks to name, configuration and arrays.

    Attributes:
      name: its `batch_name`.
      hypers: the name of the configuration that it belongs to.
      arrays: by declared name, integers [instances, *dims] (floats for tensors); an Output's
        `null` is -1.
      size: the number of its instances.
    """

    name: str
    hypers: str
    arrays: dict[str, np.ndarray]
    size: int

    def __iter__(self) -> Iterator[object]:
        """The name, the configuration and the arrays."""
        return iter((self.name, self.hypers, self.arrays))


def read_hypers(path: str | os.PathLike) -> dict[str, dict[str, int]]:
    """Reads a hypers file: for each configuration the value of each hyper.

    Raises:
      InputError: the file is not one.
    """
    where = os.fspath(path)
    content = read_json(where)
    if not isinstance(content, dict) or not content:
        raise InputError(f"{where}: a hypers file is an object of named configurations")
    for config, hypers in content.items():
        if not isinstance(hypers, dict):
            raise InputError(f"{where}: the configuration '{config}' is not an object")
        for name, value in hypers.items():
            if not usable_hyper(value):
                raise InputError(
                    f"{where}: the hyper '{name}' of '{config}' is {shown(value)}, not an integer"
                )
    return content


def declared_hypers(model: str | os.PathLike | Source, hypers: Mapping[str, int]) -> dict[str, int]:
    """Those of a configuration's hypers that a model declares; a file may hold more.

    Args:
      model: a model file, or its text.
      hypers: one configuration.

    Raises:
      ModelError: the model is not one.
      InputError: a hyper is nearly one of the model's that the configuration does not give.
    """
    source = model if isinstance(model, Source) else read_source(model)
    declared = dict.fromkeys(_hyper_names(parse(source).statements))
    left = [name for name in declared if name not in hypers]
    for name in hypers:
        if name not in declared and (hint := suggestion(name, left, alike=0.8)):
            raise InputError(f"{source.path} has no hyper '{name}'; {hint}")
    return {name: value for name, value in hypers.items() if name in declared}


def surplus_hypers(
    model: str | os.PathLike | Source, configurations: Mapping[str, Mapping[str, int]]
) -> list[str]:
    """The hypers of any configuration of a file that a model does not declare.

    Raises:
      ModelError, InputError: as `declared_hypers`.
    """
    names = (name for hypers in configurations.values() for name in hypers)
    given = dict.fromkeys(names, 0)
    known = declared_hypers(model, given)
    return [name for name in given if name not in known]


def _hyper_names(statements: tuple[syntax.Statement, ...]) -> list[str]:
    names = []
    for statement in statements:
        match statement:
            case syntax.Assign(syntax.Name(name), syntax.Call("Hyper")):
                names.append(name)
            case syntax.If(branches, orelse):
                for _, body in branches:
                    names += _hyper_names(body)
                names += _hyper_names(orelse or ())
            case syntax.For(_, _, body):
                names += _hyper_names(body)
    return names


def read_data(
    path: str | os.PathLike, checked: CheckedModel | Mapping[str, CheckedModel]
) -> list[DataBatch]:
    """Reads a data file.

    Args:
      path: the file.
      checked: the model, checked with the hypers of the batches; or one for each configuration.

    Returns:
      The batches in the order of the file.

    Raises:
      InputError: the file is not one, or does not fit the model.
    """
    where = os.fspath(path)
    content = read_json(where)
    if not isinstance(content, list) or not content:
        raise InputError(f"{where}: a data file is a list of batches")
    batches = []
    for number, batch in enumerate(content):
        label = f"{where}: batch {number}"
        if not isinstance(batch, dict):
            raise InputError(f"{label} is not an object")
        for key in ("batch_name", "hypers", "instances"):
            if key not in batch:
                raise InputError(f"{label} has no '{key}'")
        name, config, instances = batch["batch_name"], batch["hypers"], batch["instances"]
        if not isinstance(name, str) or not isinstance(config, str):
            raise InputError(f"{label}: 'batch_name' and 'hypers' are names")
        label = f"{where}: batch '{name}'"
        if not isinstance(instances, list) or not instances:
            empty = "an empty" if instances == [] else "no"
            raise InputError(f"{label} has {empty} list of instances")
        arrays = _arrays(label, instances, _model_of(label, config, checked))
        batches.append(DataBatch(name, config, arrays, len(instances)))
    return batches


def _model_of(
    label: str, config: str, checked: CheckedModel | Mapping[str, CheckedModel]
) -> CheckedModel:
    if isinstance(checked, CheckedModel):
        return checked
    if config not in checked:
        hint = suggestion(config, checked) or f"there are: {', '.join(checked) or 'none'}"
        raise InputError(f"{label} belongs to the configuration '{config}'; {hint}")
    return checked[config]


def _arrays(label: str, instances: list, model: CheckedModel) -> dict[str, np.ndarray]:
    keys = keys_of(model)
    variables = {v.name: v for elements in keys.values() for v in elements.values()}
    columns: dict[str, list[np.ndarray]] = {name: [] for name in variables}
    for number, instance in enumerate(instances):
        place = f"{label}, instance {number}"
        if not isinstance(instance, dict):
            raise InputError(f"{place} is not an object")
        for key in instance:
            if key not in keys:
                hint = suggestion(key, keys)
                raise InputError(
                    f"{place}: the model has no Input or Output '{key}'" + f"; {hint}" * bool(hint)
                )
        for key, elements in keys.items():
            for name, array in values_of(instance, key, elements, place).items():
                columns[name].append(array)
    return {
        name: np.stack(column).astype(_kind(variables[name])) for name, column in columns.items()
    }


def _kind(variable: Variable) -> type[np.generic]:
    return np.int64 if isinstance(variable.domain, int) else np.float64


def read_json(path: str) -> object:
    """What a JSON file holds.

    Raises:
      InputError: it cannot be read, is too large, or is not strictly JSON.
    """
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or "this is not a path").lower()
        raise InputError(f"{path}: cannot read the file: {reason}") from None
    if len(data) > MAX_BYTES:
        raise InputError(f"{path}: the file is larger than {MAX_BYTES:,} bytes")
    try:
        return strict_json(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise InputError(f"{path}: the file is not UTF-8 text") from None
    except json.JSONDecodeError as error:
        raise InputError(
            f"{path}:{error.lineno}:{error.colno}: this is not JSON: {error.msg.lower()}"
        ) from None
    except RecursionError:
        raise InputError(f"{path}: the file is nested too deeply") from None
    except ValueError as error:
        reason = str(error) if isinstance(error, NotStrict) else "a number is too large"
        raise InputError(f"{path}: {reason}") from None


class NotStrict(ValueError):
    """JSON that Python's reader accepts and this one does not."""


def strict_json(text: str) -> object:
    """The value of a JSON text whose numbers are finite and whose objects have each key once.

    Raises:
      NotStrict: with what is wrong.
      ValueError, RecursionError: as `json.loads` does.
    """
    return json.loads(text, object_pairs_hook=_object, parse_constant=_constant, parse_float=_float)


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    result = dict(pairs)
    if len(result) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise NotStrict(f"the key '{twice}' stands twice in one object")
    return result


def _constant(name: str) -> object:
    raise NotStrict(f"{name} is not a number that JSON has")


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise NotStrict(f"the number {text if len(text) <= 40 else text[:37] + '...'} is too large")
    return value
