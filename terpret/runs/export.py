"""A learned program with its networks as a TensorFlow SavedModel, which needs no terpret to run."""

import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping

import numpy as np
import tensorflow as tf

from terpret import CompiledModel, InputError, Library, compile_model
from terpret.backends.graph import graph_of
from terpret.files.atomic import write_text
from terpret.language import checked
from terpret.learning.checkpoints import reason_of
from terpret.learning.layers import assign_layers, row_layers

SIGNATURE = "serving_default"
LOST = -1


def export(
    model: CompiledModel, row: int, folder: str, source_text: str, about: Mapping[str, object]
) -> None:
    """Writes the discretised program of one restart as a SavedModel, whole or not at all.

    The program's Params are constants of it, and each network's most probable label is what the
    program reads, so that it gives exactly what `Program.run` gives on the networks' labels: -1
    where a function's declared `out_of_range="drop"` lost the value. A network that gives a tensor
    gives that.

    The signature takes the Inputs by name, int32 [batch, *dims], and float32 [batch, *dims, *shape]
    of an InputTensor; it gives the Outputs by name, int32 [batch, *dims], and float32
    [batch, *dims, *shape] of an OutputTensor. Without Inputs the batch is 1.

    Args:
      model: the model with its learned parameters.
      row: the restart.
      folder: where; it is empty or not there yet. `program.txt` and `about.json` are put beside
        the SavedModel's own files.
      source_text: the program as text.
      about: what is known of it, as JSON values; the signature and the role of each network
        (`label` or `tensor`) are added.

    Raises:
      InputError: there is no such restart, the folder holds something or cannot be written, or the
        model was compiled with labels given for a network that the program reads.
    """
    target = _free(folder)
    module, details = _module(model, row)
    try:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        temporary = tempfile.mkdtemp(prefix=".", suffix=".tmp", dir=os.path.dirname(target))
    except OSError as error:
        raise _unwritable(folder, error) from None
    try:
        tf.saved_model.save(module, temporary, signatures={SIGNATURE: module.serve})
        write_text(os.path.join(temporary, "program.txt"), source_text.rstrip("\n") + "\n")
        text = json.dumps({**about, **details}, indent=2)
        write_text(os.path.join(temporary, "about.json"), text + "\n")
        os.chmod(temporary, 0o755)
        os.replace(temporary, target)
    except (OSError, tf.errors.OpError) as error:
        raise _unwritable(folder, error) from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def serving_note(folder: str) -> str:
    """What TensorFlow Serving expects, where a folder's name is no version number; else empty."""
    name = os.path.basename(os.path.normpath(folder))
    if name.isdecimal():
        return ""
    return (
        f"TensorFlow Serving finds a model only in a folder whose name is a version number, as "
        f"{os.path.join(folder, '1')}; {name} is none"
    )


def signature_name(name: str) -> str:
    """The name of an Input or Output in the signature: its own, but for what TensorFlow forbids."""
    return re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_") or "value"


def _free(folder: str) -> str:
    """The real path of a folder that is empty or not there."""
    target = os.path.realpath(folder)
    if os.path.lexists(target) and (not os.path.isdir(target) or os.listdir(target)):
        raise InputError(f"{folder} is there already and is not an empty folder: give another name")
    return target


def _unwritable(folder: str, error: OSError | tf.errors.OpError) -> InputError:
    return InputError(f"cannot write {folder}: {reason_of(error)}")


def served(model: CompiledModel, row: int) -> Callable[..., dict[str, np.ndarray]]:
    """What an export of one restart's program gives, here: a function of the signature."""
    serve = _module(model, row)[0].serve

    def given(*inputs: np.ndarray) -> dict[str, np.ndarray]:
        specs = serve.input_signature
        tensors = [tf.cast(one, spec.dtype) for one, spec in zip(inputs, specs, strict=True)]
        return {name: value.numpy() for name, value in serve(*tensors).items()}

    return given


def _module(model: CompiledModel, row: int) -> tuple[tf.Module, dict[str, object]]:
    """The program as a module with a function `serve`, and what `about.json` says of it."""
    library = Library(1, dtype=model.dtype, keras=model.library.keras)
    for network in model.checked.networks:
        if network.name in model.networks:
            library.use(network)
    assign_layers(library.weights, row_layers(model, row))
    program = compile_model(
        model.checked,
        constants=model.program(row).values,
        library=library,
        dtype=model.dtype,
        # The model itself was accepted at its size.
        max_nodes=sys.maxsize,
    )
    for name in program.networks:
        if name not in model.networks:
            raise InputError(
                f"'{name}' has no layers to export: the model was compiled with given labels"
            )
    module = tf.Module()
    module.serve = _serving(program)
    module.networks = list(program.networks.values())
    roles = {
        network.name: "label" if isinstance(network.output, int) else "tensor"
        for network in program.checked.networks
        if network.name in program.networks
    }
    sides = {f"{kind.lower()}s": _described(model.checked, kind) for kind in ("Input", "Output")}
    return module, {"signature": sides, "networks": roles}


def _serving(program: CompiledModel) -> tf.types.experimental.PolymorphicFunction:
    """The function of the signature, of the model with its Params as constants."""
    inputs, outputs = (program.checked.of_kind(kind) for kind in ("Input", "Output"))

    def serve(*tensors: tf.Tensor) -> dict[str, tf.Tensor]:
        batch = dict(zip((variable.name for variable in inputs), tensors, strict=True))
        examples = tf.shape(tensors[0])[0] if tensors else tf.constant(1)
        marginals = program.emit_decided(batch)
        return {
            signature_name(variable.name): _value(variable, marginals[variable.name][0], examples)
            for variable in outputs
        }

    return graph_of(serve, input_signature=[_spec(v) for v in inputs])


def _value(variable: checked.Variable, marginal: tf.Tensor, examples: tf.Tensor) -> tf.Tensor:
    """The most probable value of an Output, -1 where none is left; the value of an OutputTensor."""
    if isinstance(variable.domain, int):
        most = tf.argmax(marginal, -1, tf.int32)
        value = tf.where(tf.reduce_sum(marginal, -1) > 0, most, LOST)
    else:
        value = tf.cast(marginal, tf.float32)
    # What depends on no input has a batch axis of 1.
    return tf.broadcast_to(value, [examples, *value.shape[1:]])


def _spec(variable: checked.Variable) -> tf.TensorSpec:
    inner: tuple[int, ...]
    if isinstance(variable.domain, int):
        inner, dtype = (), tf.int32
    else:
        inner, dtype = variable.domain, tf.float32
    return tf.TensorSpec([None, *variable.dims, *inner], dtype, signature_name(variable.name))


def _described(model: checked.CheckedModel, kind: str) -> dict[str, str]:
    """The type and shape of each Input, or Output, by its name in the signature."""
    specs = {variable.name: _spec(variable) for variable in model.of_kind(kind)}
    named = {spec.name: spec for spec in specs.values()}
    if len(named) < len(specs):
        raise InputError(f"the {kind}s {', '.join(specs)} differ in no letter, digit or underscore")
    return {
        name: f"{spec.dtype.name} [{', '.join(['batch', *map(str, spec.shape[1:])])}]"
        for name, spec in named.items()
    }
