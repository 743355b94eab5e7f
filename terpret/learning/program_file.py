"""One learned program with its model and networks in a file, to be used or exported elsewhere."""

import dataclasses
import io
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from terpret.backends.keras_models import KerasNetwork, keras_network
from terpret.compile import check_model
from terpret.discrete.program import Program, program_of
from terpret.errors import InputError
from terpret.language.errors import ModelError, Source
from terpret.learning.layers import Layers
from terpret.learning.network_file import (
    ABOUT,
    NetworkShape,
    arrays_of,
    entries_of,
    entry_of,
    layers_of,
    shape_of_json,
)

FORMAT = 1
KIND = "program"


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
    about = {
        "format": FORMAT,
        "kind": KIND,
        "model": model.source.text,
        "name": model.source.path,
        "hypers": dict(model.hypers),
        "values": {name: values.tolist() for name, values in program.values.items()},
        "confidence": {name: part.tolist() for name, part in program.confidence.items()},
        "listing": saved.listing,
        "networks": {name: shape.about for name, shape in shapes.items()},
        # As in a file of networks, so that a run can start from these.
        "source": {"program": model.source.path},
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
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InputError(f"cannot read the program in {path}: {reason}") from None
    entries = entries_of(path, data, "a saved program")
    try:
        about = json.loads(str(entry_of(path, entries, ABOUT)))
        kind, version = about["kind"], about["format"]
        if (kind, version) != (KIND, FORMAT):
            raise ValueError(f"{kind} of format {version}")
        source = Source(str(about["name"]), str(about["model"]))
        hypers = {str(name): int(value) for name, value in about["hypers"].items()}
        shapes = {name: shape_of_json(value) for name, value in about["networks"].items()}
        listing, more = str(about["listing"]), dict(about["about"])
        values, confidence = about["values"], about["confidence"]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise InputError(
            f"{path} is not a saved program of a version that this one reads: save it again"
        ) from None
    try:
        program = program_of(check_model(source, hypers), values)
        parts = {name: np.asarray(confidence[name], float) for name in program.values}
        if any(part.shape != program.values[name].shape for name, part in parts.items()):
            raise InputError("a confidence has another shape than its Param")
    except (InputError, ModelError, ValueError, TypeError, KeyError) as error:
        raise InputError(
            f"{path} is damaged: its program is none of its model's: {error}"
        ) from None
    layers = {name: layers_of(path, entries, name, shape) for name, shape in shapes.items()}
    keras = {name: keras_network(one.keras) for name, one in shapes.items() if one.keras}
    program = dataclasses.replace(program, confidence=parts)
    return SavedProgram(program, layers, listing, more, keras)
