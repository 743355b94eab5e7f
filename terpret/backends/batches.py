"""A batch as a model takes it: checked against the declarations, and made tensors."""

from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from terpret.discrete.program import checked_integers
from terpret.errors import InputError
from terpret.language.checked import CheckedModel, Variable, shape_of
from terpret.language.errors import suggestion

# The entries of a batch by name, [examples, *dims], checked and converted.
Batch = Mapping[str, tf.Tensor]


def checked_batch(
    model: CheckedModel,
    batch: Mapping[str, object],
    given: Mapping[str, str],
    outputs: bool,
    images: bool,
    dtype: tf.DType,
) -> dict[str, tf.Tensor]:
    """A batch as tensors, after checking that it fits the model.

    Args:
      model: the model.
      batch: arrays by name, [examples, *dims].
      given: the entry of the batch that holds a network's labels, by network.
      outputs: whether the batch must hold the Outputs, too.
      images: whether it must hold the InputTensors.
      dtype: the floating point type.

    Raises:
      InputError: something is missing, unknown, or has the wrong shape or range.
    """
    arrays = {name: np.asarray(value) for name, value in batch.items()}
    known = {v.name for v in model.variables} | set(given.values())
    for name in arrays:
        if name not in known:
            hint = suggestion(name, known)
            raise InputError(f"the model declares no '{name}'" + (f"; {hint}" if hint else ""))
    result: dict[str, tf.Tensor] = {}
    for variable in model.variables:
        name = variable.name
        if variable.kind == "Output" and outputs and not isinstance(variable.domain, int):
            result[name] = tf.constant(_checked_floats(arrays, variable), dtype)
        elif variable.kind == "Output" and outputs:
            result[name] = tf.constant(
                checked_integers(arrays, name, variable.dims, variable.size, -1), tf.int32
            )
        elif variable.kind == "Input" and isinstance(variable.domain, int):
            result[name] = tf.constant(
                checked_integers(arrays, name, variable.dims, variable.domain), tf.int32
            )
        elif variable.kind == "Input" and (name in arrays or images):
            result[name] = tf.convert_to_tensor(_checked_floats(arrays, variable), dtype)
    for network, entry in given.items():
        if entry not in arrays:
            raise InputError(f"the batch lacks '{entry}', the labels of '{network}'")
        result[entry] = tf.constant(arrays[entry], tf.int32)
    sizes = {int(value.shape[0]) for value in result.values()}
    if len(sizes) > 1:
        raise InputError(f"the batch's entries differ in their number of examples: {sizes}")
    return result


def _checked_floats(arrays: Mapping[str, np.ndarray], variable: Variable) -> np.ndarray:
    name, shape = variable.name, (*variable.dims, *shape_of(variable.domain))
    if name not in arrays:
        raise InputError(f"the batch lacks '{name}'")
    if arrays[name].shape[1:] != shape:
        raise InputError(
            f"'{name}' has shape {list(arrays[name].shape)}, not "
            f"[examples, {', '.join(map(str, shape))}]"
        )
    return arrays[name]
