"""The networks of one run in a file, to start another: by name, with shape and source checked."""

import dataclasses
import hashlib
import io
import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from terpret.backends.keras_models import keras_network
from terpret.backends.model import CompiledModel
from terpret.backends.networks import Library
from terpret.data.npz_file import (
    DAMAGE,
    MAX_UNPACKED,
    HoldsObjects,
    Refused,
    TooLarge,
    npz_entries,
)
from terpret.errors import InputError
from terpret.files.atomic import write_bytes
from terpret.language.checked import Domain
from terpret.language.network_layers import ConvSizes, kernel_shapes
from terpret.learning.layers import Layers, assign_layers, row_layers

FILE_NAME = "networks.npz"
FORMAT = 1
ABOUT = "about"
# What the variables of a layer are called, by how many there are.
PARTS = {1: ("weight",), 2: ("kernel", "bias")}
# What was not written before it was thought of.
ADDED = ("conv_sizes", "keras")
# What layers are numbers of, and the largest that a network can have.
FLOATS = (np.float16, np.float32, np.float64)
LARGEST = np.finfo(np.float32).max
ZIP_MAGIC = b"PK\x03\x04"


@dataclasses.dataclass(frozen=True)
class NetworkShape:
    """What a model declares of a network.

    Attributes:
      inputs: the domain of each argument.
      output: the domain of the result.
      hid_sizes: the width of each hidden layer.
      conv_sizes: the channels and the kernel of each convolution before them.
      keras: the description of the Keras model that it is in place of these layers; or empty.
    """

    inputs: tuple[Domain, ...]
    output: Domain
    hid_sizes: tuple[int, ...]
    conv_sizes: ConvSizes = ()
    keras: str = ""

    @property
    def about(self) -> dict[str, Any]:
        """It as JSON values; as it was written before there was more than hidden layers."""
        values = dataclasses.asdict(self)
        return {name: one for name, one in values.items() if one or name not in ADDED}

    @property
    def parts(self) -> list[tuple[tuple[int, ...], ...]]:
        """The shape of each variable of each layer.

        Raises:
          ValueError: nothing can have these layers.
        """
        if self.keras:
            return [(shape,) for shape in keras_network(self.keras).weights]
        return [(size, size[-1:]) for size in kernel_shapes(self)]

    def __str__(self) -> str:
        inputs = ", ".join(map(_domain_text, self.inputs))
        convolutions = f"convolutions {list(self.conv_sizes)}, " * bool(self.conv_sizes)
        hidden = f"{convolutions}hidden layers {list(self.hid_sizes)}"
        made = str(keras_network(self.keras)) if self.keras else hidden
        return f"inputs {inputs}, output {_domain_text(self.output)}, {made}"


@dataclasses.dataclass(frozen=True)
class SavedNetworks:
    """The networks of a file.

    Attributes:
      path: the file.
      shapes: what was declared of each network.
      layers: the kernel [..., in, out] and bias [out] of each layer, by network.
      source: where they come from: model, task, restart number and so on.
      sha256: the hash of the file.
    """

    path: str
    shapes: Mapping[str, NetworkShape]
    layers: Layers
    source: Mapping[str, str]
    sha256: str


def save_networks(path: str, model: CompiledModel, row: int, source: Mapping[str, str]) -> None:
    """Writes the networks of one restart, whole or not at all.

    Args:
      path: the file.
      model: the model with its learned networks.
      row: the restart; networks that all restarts share have one row for all.
      source: where they come from, for the record.

    Raises:
      InputError: the model has no networks, or no such restart.
    """
    if not model.networks:
        raise InputError("the model has no networks to save")
    _write(path, shapes_of(model), row_layers(model, row), source)


def merge_networks(
    path: str, parts: Mapping[str, SavedNetworks], source: Mapping[str, str]
) -> None:
    """Writes networks of several files as one, whole or not at all.

    Args:
      path: the file.
      parts: for each network, the file that it is taken from.
      source: where they come from, for the record.
    """
    shapes = {name: saved.shapes[name] for name, saved in parts.items()}
    _write(path, shapes, {name: saved.layers[name] for name, saved in parts.items()}, source)


def _write(
    path: str, shapes: Mapping[str, NetworkShape], layers: Layers, source: Mapping[str, str]
) -> None:
    networks = {name: shape.about for name, shape in shapes.items()}
    about = {"format": FORMAT, "networks": networks, "source": dict(source)}
    stream = io.BytesIO()
    entries: dict[str, Any] = {ABOUT: np.array(json.dumps(about)), **arrays_of(layers)}
    np.savez(stream, **entries)
    write_bytes(path, stream.getvalue())


def load_networks(path: str) -> SavedNetworks:
    """Reads networks.

    Args:
      path: a file, or a run folder that has one.

    Raises:
      InputError: there is no such file, or it is not one of networks, or is damaged.
    """
    path = _file_of(path)
    data = bytes_of(path, "networks")
    entries = entries_of(path, data)
    shapes, source = _about(path, entry_of(path, entries, ABOUT))
    layers = {name: layers_of(path, entries, name, shape) for name, shape in shapes.items()}
    return SavedNetworks(path, shapes, layers, source, hashlib.sha256(data).hexdigest())


def fitting_layers(saved: SavedNetworks, target: CompiledModel | Library) -> Layers:
    """The networks of a file that a model, or a library's models, have too.

    Args:
      saved: the networks.
      target: the model, or the library that its networks are in.

    Returns:
      The kernel [..., in, out] and bias [out] of each layer, by network.

    Raises:
      InputError: a network has another shape there, or the target has none of them.
    """
    shapes = shapes_of(target)
    common = [name for name in saved.shapes if name in shapes]
    if not common:
        raise InputError(
            f"none of the networks in {saved.path} ({', '.join(saved.shapes)}) is one of the "
            f"model's ({', '.join(shapes) or 'it has none'})"
        )
    for name in common:
        if saved.shapes[name] != shapes[name]:
            raise InputError(
                f"'{name}' in {saved.path} has {saved.shapes[name]}; the model's has {shapes[name]}"
            )
    return {name: saved.layers[name] for name in common}


def install_networks(saved: SavedNetworks, target: CompiledModel | Library) -> list[str]:
    """Assigns networks, by name, to every restart; those that the target lacks are ignored.

    Args:
      saved: the networks.
      target: the model, or the library that its networks are in.

    Returns:
      The names of the networks that were assigned.

    Raises:
      InputError: as `fitting_layers`, and then nothing is assigned.
    """
    layers = fitting_layers(saved, target)
    assign_layers(target.weights if isinstance(target, Library) else target.networks, layers)
    return list(layers)


def arrays_of(layers: Layers) -> dict[str, np.ndarray]:
    """The entries of a file."""
    return {
        _entry_name(name, layer, part): array
        for name, values in layers.items()
        for layer, arrays in enumerate(values)
        for part, array in zip(PARTS[len(arrays)], arrays, strict=True)
    }


def layers_of(
    path: str, entries: Mapping[str, np.ndarray], network: str, shape: NetworkShape
) -> list[tuple[np.ndarray, ...]]:
    """The layers of a network, from the entries of a file."""

    def taken(layer: int, part: str, size: tuple[int, ...]) -> np.ndarray:
        name = _entry_name(network, layer, part)
        return _checked(path, name, entry_of(path, entries, name), size)

    return [
        tuple(taken(k, part, size) for part, size in zip(PARTS[len(sizes)], sizes, strict=True))
        for k, sizes in enumerate(shape.parts)
    ]


def _entry_name(network: str, layer: int, part: str) -> str:
    return f"{network}/{layer}/{part}"


def shapes_of(target: CompiledModel | Library) -> dict[str, NetworkShape]:
    """What is declared of each network that the target holds the weights of."""
    if isinstance(target, Library):
        return {name: NetworkShape(*shape) for name, shape in target.declared.items()}
    declared = target.library.declared
    names = [one.name for one in target.checked.networks if one.name in target.networks]
    return {name: NetworkShape(*declared[name]) for name in names}


def _file_of(path: str) -> str:
    if not os.path.isdir(path):
        return path
    inside = os.path.join(path, FILE_NAME)
    if not os.path.exists(inside):
        raise InputError(
            f"the run folder {path} has no {FILE_NAME}: the run is not finished, or its model "
            "has no networks"
        )
    return inside


def bytes_of(path: str, what: str) -> bytes:
    """The bytes of a file of networks, or of a program.

    Args:
      path: the file.
      what: what it holds.

    Raises:
      InputError: it cannot be read, or is too large.
    """
    if os.path.exists(path) and not os.path.isfile(path):
        raise InputError(f"cannot read the {what} in {path}: this is not a file")
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_UNPACKED + 1)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InputError(f"cannot read the {what} in {path}: {reason}") from None
    if len(data) > MAX_UNPACKED:
        raise InputError(f"cannot read the {what} in {path}: it is larger than any that was saved")
    return data


def entries_of(path: str, data: bytes, what: str = "a file of networks") -> dict[str, np.ndarray]:
    """The entries of a file; nothing is unpacked before its size is known.

    Raises:
      InputError: the file is damaged, or holds other things than numbers.
    """
    if not data.startswith(ZIP_MAGIC):
        raise InputError(f"{path} is not {what}: give a run folder, or its {FILE_NAME}")
    entries: dict[str, np.ndarray] = {}
    try:
        for name, entry in npz_entries(io.BytesIO(data)):
            if isinstance(entry, Refused):
                raise type(entry)(f"{name[:60]!r} {entry}")
            entries[name] = np.asarray(entry)
    except HoldsObjects:
        raise InputError(
            f"{path} holds Python objects, which are never loaded: networks are numbers only"
        ) from None
    except TooLarge as reason:
        raise InputError(f"{path} cannot be loaded: {reason}") from None
    except (Refused, *DAMAGE):
        raise InputError(
            f"{path} is damaged or incomplete: copy it again from where it comes from"
        ) from None
    return entries


def entry_of(path: str, entries: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    if name not in entries:
        raise InputError(f"{path} is not a whole file of networks: it lacks the entry '{name}'")
    return entries[name]


def _about(path: str, entry: np.ndarray) -> tuple[dict[str, NetworkShape], dict[str, str]]:
    try:
        about = json.loads(str(entry))
        version = about["format"]
        if version == FORMAT:
            shapes = {name: shape_of_json(value) for name, value in about["networks"].items()}
            source = {name: text_of(value) for name, value in about["source"].items()}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise InputError(f"the entry '{ABOUT}' of {path} does not describe networks") from None
    if version != FORMAT:
        raise InputError(f"{path} has format {version!r}, and only format {FORMAT} can be read")
    return shapes, source


def shape_of_json(value: Mapping[str, Any]) -> NetworkShape:
    inputs, output = tuple(map(_domain, value["inputs"])), _domain(value["output"])
    convolutions = tuple(
        (_size(channels), _size(kernel)) for channels, kernel in value.get("conv_sizes", ())
    )
    hidden, keras = tuple(map(_size, value["hid_sizes"])), text_of(value.get("keras", ""))
    shape = NetworkShape(inputs, output, hidden, convolutions, keras)
    # Raises ValueError for convolutions that the images are too small for.
    _ = shape.parts
    return shape


def _domain(value: object) -> Domain:
    return tuple(map(_size, value)) if isinstance(value, list) else _size(value)


def _size(value: object) -> int:
    if type(value) is not int or value < 1:
        raise ValueError(f"{value} is no size")
    return value


def text_of(value: object) -> str:
    """A text of a file, which can be written to another.

    Raises:
      ValueError: it is none.
    """
    if not isinstance(value, str):
        raise ValueError(f"{value} is no text")
    value.encode()
    return value


def _checked(path: str, name: str, array: np.ndarray, size: Sequence[int]) -> np.ndarray:
    kind = array.dtype.type
    if kind not in FLOATS or array.shape != tuple(size):
        raise InputError(
            f"the entry '{name}' of {path} is {array.dtype} {list(array.shape)}, "
            f"not floats {list(size)}"
        )
    if not np.all(np.isfinite(array)):
        raise InputError(f"the entry '{name}' of {path} holds numbers that are not finite")
    if array.size and np.abs(array).max() > LARGEST:
        raise InputError(f"the entry '{name}' of {path} holds numbers too large for float32")
    return array.astype(kind)


def _domain_text(domain: Domain) -> str:
    return str(domain if isinstance(domain, int) else list(domain))
