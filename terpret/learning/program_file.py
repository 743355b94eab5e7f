"""One learned program with its model and networks in a file, to be used or exported elsewhere."""

import dataclasses
import io
import json
import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from terpret.backends.keras_models import KerasNetwork, keras_network
from terpret.compile import check_model, tensor_network
from terpret.core.nodes import Learned, topological
from terpret.discrete.program import Program, program_of
from terpret.errors import InputError
from terpret.language.declarations import usable_hyper
from terpret.language.errors import ModelError, Source
from terpret.language.reads import images_read
from terpret.learning.layers import Layers
from terpret.learning.network_file import (
    ABOUT,
    NetworkShape,
    arrays_of,
    bytes_of,
    entries_of,
    entry_of,
    layers_of,
    shape_of_json,
    text_of,
)

FORMAT = 1
KIND = "program"
# By how much a softmax may be larger than 1.
ROUNDING = 1e-6


@dataclasses.dataclass(frozen=True, eq=False)
class SavedProgram:
    """The program of a file.

    Attributes:
      program: its values, with the model that it is a program of.
      layers: the kernel [..., out] and bias [out] of each layer, by network.
      listing: the program as source code.
      about: what is known of it, as JSON values.
      keras: the networks that Keras models are.
    """

    program: Program
    layers: Layers
    listing: str
    about: Mapping[str, Any]
    keras: Mapping[str, KerasNetwork] = dataclasses.field(default_factory=dict)


def program_bytes(saved: SavedProgram, shapes: Mapping[str, NetworkShape]) -> bytes:
    """A program as the bytes of an `.npz` file, which `load_program` reads.

    Args:
      saved: the program.
      shapes: what its model declares of each network that it has layers of.
    """
    model, program = saved.program.model, saved.program
    # Where the model lay says nothing elsewhere.
    name = os.path.basename(model.source.path)
    about = {
        "format": FORMAT,
        "kind": KIND,
        "model": model.source.text,
        "name": name,
        "hypers": dict(model.hypers),
        "values": {name: values.tolist() for name, values in program.values.items()},
        "confidence": {name: part.tolist() for name, part in program.confidence.items()},
        "listing": saved.listing,
        "networks": {name: shape.about for name, shape in shapes.items()},
        # As in a file of networks, so that a run can start from these.
        "source": {"program": name},
        "about": dict(saved.about),
    }
    stream = io.BytesIO()
    entries: dict[str, Any] = {ABOUT: np.array(json.dumps(about)), **arrays_of(saved.layers)}
    np.savez(stream, **entries)
    return stream.getvalue()


def load_program(path: str) -> SavedProgram:
    """Reads what `save_program` wrote.

    Raises:
      InputError: there is no such file, or it is not one of a program, or is damaged.
    """
    entries = entries_of(path, bytes_of(path, "program"), "a saved program")
    try:
        about = json.loads(str(entry_of(path, entries, ABOUT)))
        kind, version = about["kind"], about["format"]
        if (kind, version) != (KIND, FORMAT):
            raise ValueError(f"{kind} of format {version}")
        source = Source(os.path.basename(text_of(about["name"])), text_of(about["model"]))
        hypers = {name: _hyper(value) for name, value in about["hypers"].items()}
        shapes = {text_of(name): shape_of_json(value) for name, value in about["networks"].items()}
        listing, more = text_of(about["listing"]), dict(about["about"])
        values, confidence = about["values"], about["confidence"]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise InputError(
            f"{path} is not a saved program of a version that this one reads: save it again"
        ) from None
    try:
        program = program_of(check_model(source, hypers), values)
        parts = {name: np.asarray(confidence[name], float) for name in program.values}
        for name, part in parts.items():
            if part.shape != program.values[name].shape:
                raise InputError("a confidence has another shape than its Param")
            if not np.all((part >= 0) & (part <= 1 + ROUNDING)):
                raise InputError(f"the confidence of '{name}' is no probability")
        _refuse_other_networks(program, shapes)
    except (InputError, ModelError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            f"{path} is damaged: its program is none of its model's: {reason}"
        ) from None
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        raise InputError(
            f"{path} is damaged: its program is none of its model's: there is not one number for "
            "each value and its confidence"
        ) from None
    layers = {name: layers_of(path, entries, name, shape) for name, shape in shapes.items()}
    keras = {name: keras_network(one.keras) for name, one in shapes.items() if one.keras}
    program = dataclasses.replace(program, confidence=parts)
    return SavedProgram(program, layers, listing, more, keras)


def _hyper(value: object) -> int:
    if type(value) is not int or not usable_hyper(value):
        raise ValueError(f"{value} is no hyper")
    return value


def _refuse_other_networks(program: Program, shapes: Mapping[str, NetworkShape]) -> None:
    """Refuses networks that are not those of a program's model.

    Raises:
      InputError, ModelError: one is unknown or declared otherwise, or one that is read is lacking.
    """
    model = program.model
    declared = {network.name: network for network in model.networks}
    for name, shape in shapes.items():
        if name not in declared:
            raise InputError(f"the model declares no network '{name}'")
        one = declared[name]
        layers = ((), ()) if shape.keras else (one.hid_sizes, one.conv_sizes)
        fitting = NetworkShape(one.inputs, one.output, *layers, shape.keras)
        if shape != fitting:
            raise InputError(f"'{name}' has {shape}; the model's has {fitting}")
    # A network that no program reaches has no layers.
    if images_read(model).keys() <= shapes.keys():
        return
    # A program's known steps, of which it may take few, stand one by one.
    outputs = tensor_network(model, 1, constants=program.values, loops="never")
    nodes = topological(outputs.values())
    for node in nodes:
        if isinstance(node, Learned) and node.network.name not in shapes:
            raise InputError(f"the layers of '{node.network.name}' are missing")
