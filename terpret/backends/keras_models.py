"""Networks that Keras models are: what is kept of one, and how it is made again.

A description is data: it names classes of Keras alone, and nothing in it is ever run as code. A
model with any other code in it can be made by its own function only.
"""

import contextlib
import dataclasses
import functools
import json
import math
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType
from typing import Any

import numpy as np
import tensorflow as tf

from terpret.errors import InputError
from terpret.hashing import seed_of

Build = Callable[[], Any]
"""Makes a Keras model."""

# Values in a description that are no classes, and hold no code.
_VALUES = ("__keras_tensor__", "__tensor__", "__numpy__", "__ellipsis__", "__slice__")
# Where Keras has what models are made of; of the last two it names the files inside.
_HOMES = (
    "keras",
    "keras.layers",
    "keras.models",
    "keras.initializers",
    "keras.src.ops",
    "keras.src.models",
)
# What is there, too, and holds or loads code.
_CODE = ("function", "Lambda", "TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer")
_TYPE = "DTypePolicy"
# What of an entry refers to layers by their names.
_REFERENCES = ("keras_history", "input_layers", "output_layers")
# The largest rank of a weight for which XLA's gradients are as fast as TensorFlow's on a processor:
# of a matrix. LeNet, 4 restarts, batch 64, 2 cores: 25 ms without XLA, 99 with it.
_MATRIX = 2


@dataclasses.dataclass(frozen=True)
class KerasNetwork:
    """What is kept of a Keras model that is a network.

    Attributes:
      shape: of the one value that it takes.
      weights: the shape of each weight, in the order of Keras.
      largest: how many numbers its largest layer makes of one value.
      layers: the model as Keras describes it, as JSON; empty where it is not of Keras' own layers.
      build: makes the model; where there is none, it is made from `layers`.
    """

    shape: tuple[int, ...]
    weights: tuple[tuple[int, ...], ...]
    largest: int
    layers: str
    build: Build | None = dataclasses.field(default=None, compare=False)

    @property
    def text(self) -> str:
        """It as JSON, without `build`; `keras_network` reads it."""
        values = dataclasses.asdict(self)
        del values["build"]
        return json.dumps(values)

    @property
    def by_xla(self) -> bool:
        """Whether XLA compiles it to what is as fast as without."""
        return bool(self.layers) and all(len(shape) <= _MATRIX for shape in self.weights)

    @property
    def count(self) -> int:
        """How many numbers its weights are."""
        return sum(map(math.prod, self.weights))

    def __str__(self) -> str:
        return f"a Keras model with weights {', '.join(str(list(one)) for one in self.weights)}"

    def made(self, name: str, key: tuple[int, int] = (0, 0)) -> Any:
        """The Keras model, built.

        Args:
          name: of the network, for messages.
          key: the root seed and the restart, which decide the values of its weights.

        Raises:
          InputError: it cannot be made, or it is another than the one that this describes.
        """
        if self.build is None and not self.layers:
            raise InputError(
                f"the layers of '{name}' are not all Keras' own, so nothing but its function makes "
                f'them: give it to terpret.learn or terpret.load by networks={{"{name}": build}}'
            )
        if self.build is None:
            self._refuse_larger(name)
        with seeded(seed_of(key[0], f"{name}/keras", key[1])):
            model = (
                built(self.build, self.shape, name) if self.build else _rebuilt(self.layers, name)
            )
        there = [tuple(weight.shape) for weight in model.trainable_variables]
        if there != list(self.weights):
            raise InputError(
                f"networks: the model of '{name}' has now weights {_listed(there)}, and had "
                f"{_listed(self.weights)}: its function makes the same layers every time"
            )
        return model

    def _refuse_larger(self, name: str) -> None:
        """Refuses a description of other layers than those of the weights, before they are made.

        Raises:
          InputError: it is one.
        """
        planned = _planned(self.layers)
        if planned is not None and planned != (self.weights, True):
            raise InputError(
                f"the layers of '{name}' are not those of its weights, which are "
                f"{_listed(self.weights)}: the description is damaged"
            )


def keras_network(text: str) -> KerasNetwork:
    """What `KerasNetwork.text` wrote.

    Raises:
      ValueError: it is no such text.
    """
    try:
        values = json.loads(text)
        layers, largest = values["layers"], values["largest"]
        shape, *weights = map(_shape, (values["shape"], *values["weights"]))
        known = type(layers) is str and type(largest) is int and largest > 0 and weights
    except (TypeError, KeyError, RecursionError) as error:
        raise ValueError(f"no description of a network: {error}") from None
    if not known:
        raise ValueError("no description of a network")
    return KerasNetwork(shape, tuple(weights), largest, layers)


def keras() -> ModuleType:
    """Keras, which works with TensorFlow.

    Raises:
      InputError: it is set to work with something else.
    """
    import keras as module

    backend = module.config.backend()
    if backend != "tensorflow":
        raise InputError(
            f"Keras works with {backend} here: set KERAS_BACKEND=tensorflow before Python starts"
        )
    return module


@contextlib.contextmanager
def seeded(seed: Sequence[int]) -> Iterator[None]:
    """Seeds what Keras' initialisers draw from; outside, randomness goes on as if nothing was."""
    python, numpy = random.getstate(), np.random.get_state()
    random.seed(seed[0])
    np.random.seed(seed[1] % 2**32)
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)


def built(build: Build, shape: Sequence[int], name: str) -> Any:
    """The model that a network's function makes, with weights.

    Args:
      build: the function.
      shape: of what the network takes.
      name: of the network, for messages.

    Raises:
      InputError: it makes none, or one that does not take the network's argument.
    """
    try:
        model = build()
        if isinstance(model, keras().Model) and not model.built:
            model(tf.zeros([1, *shape]))
    except InputError:
        raise
    except Exception as error:
        reason = (str(error).strip().splitlines() or [""])[0]
        raise InputError(
            f"networks: the function of '{name}' fails: {type(error).__name__}: {reason:.200}"
        ) from error
    if not isinstance(model, keras().Model):
        raise InputError(
            f"networks: the function of '{name}' makes something of type {type(model).__name__}, "
            "and not a keras.Model"
        )
    return model


def described(model: Any) -> str:
    """A model as Keras describes it, as JSON; empty where it is not of Keras' own layers.

    The layers are numbered: Keras names those of the second model otherwise than of the first.
    """
    try:
        entry = keras().saving.serialize_keras_object(model)
        entry.pop("compile_config", None)
        text = json.dumps(_renamed(entry, {}))
        if not _keras_own(json.loads(text)):
            return ""
        _same_values(model, _rebuilt(text, ""))
    # Keras raises whatever a layer's own code raises.
    except Exception:
        return ""
    return text


def _same_values(model: Any, other: Any) -> None:
    """Checks that what was made again is the same function.

    Raises:
      ValueError: it is another.
    """
    other.set_weights(model.get_weights())
    shape = [1 if size is None else size for size in model.input_shape]
    images = np.random.default_rng(0).random(shape, np.float32)
    if not np.allclose(model(images), other(images), atol=1e-5):
        raise ValueError("the description leaves something out")


def _rebuilt(layers: str, name: str) -> Any:
    """The model of a description, of Keras' own classes alone.

    Raises:
      InputError: it has others, or Keras cannot make it.
    """
    try:
        entry = json.loads(layers)
        if not _keras_own(entry):
            raise ValueError("it names classes that are not Keras' own layers")
        model = keras().saving.deserialize_keras_object(entry, safe_mode=True)
        if not isinstance(model, keras().Model) or not model.built:
            raise ValueError("it is no model")
    except InputError:
        raise
    # Keras raises anything where a description is none.
    except Exception as error:
        reason = (str(error).strip().splitlines() or [""])[0]
        raise InputError(
            f"the layers of '{name}' cannot be made again by Keras {keras().__version__}: "
            f"{reason:.200}"
        ) from None
    return model


@functools.cache
def _planned(layers: str) -> tuple[tuple[tuple[int, ...], ...], bool] | None:
    """What a description makes, found out without any memory for it.

    Returns:
      The shape of each weight that learns, and whether other variables are fewer; None where Keras
      cannot tell.
    """

    def plan() -> tuple[tuple[tuple[int, ...], ...], bool]:
        # No variable has a value here.
        with keras().StatelessScope(initialize_variables=False):
            model = _rebuilt(layers, "")
        shapes = tuple(tuple(one.shape) for one in model.trainable_variables)
        others = sum(math.prod(one.shape) for one in model.non_trainable_variables)
        return shapes, others <= sum(map(math.prod, shapes))

    # Keras would give these variables values at the end of another scope of the same thread.
    with ThreadPoolExecutor(1) as apart:
        try:
            return apart.submit(plan).result()
        except InputError:
            # It is said what is wrong where the model is made.
            return None


def _keras_own(entry: object) -> bool:
    """Whether a description names Keras' own classes alone, and holds no code."""
    if isinstance(entry, Mapping):
        if "class_name" in entry:
            kind, module = entry["class_name"], str(entry.get("module"))
            ours = module in _HOMES or module.rpartition(".")[0] in _HOMES[-2:]
            if kind not in _VALUES and (not ours or kind in _CODE):
                return False
        return all(map(_keras_own, entry.values()))
    return not isinstance(entry, list) or all(map(_keras_own, entry))


def _renamed(entry: Any, names: dict[str, str]) -> Any:
    """A description with its layers' names replaced by numbers in the order in which they come."""

    def new(value: Any) -> Any:
        if isinstance(value, str):
            return names.setdefault(value, f"layer_{len(names)}")
        if isinstance(value, Mapping):
            return {key: new(one) for key, one in value.items()}
        return [new(one) for one in value] if isinstance(value, list | tuple) else value

    if isinstance(entry, Mapping):
        # Of all that has a configuration, types of numbers alone have a name that means something.
        typed = _TYPE in str(entry.get("class_name", _TYPE))
        changed = {}
        for key, value in entry.items():
            names_layer = key in _REFERENCES or (key == "name" and not typed)
            changed[key] = new(value) if names_layer else _renamed(value, names)
        named = changed.get("config")
        if not typed and isinstance(named, dict) and "name" in named:
            named["name"] = new(entry["config"]["name"])
        return changed
    if isinstance(entry, list | tuple):
        return [_renamed(one, names) for one in entry]
    return entry


def _shape(value: object) -> tuple[int, ...]:
    if not isinstance(value, list) or any(type(size) is not int or size < 1 for size in value):
        raise ValueError(f"{value} is no shape")
    return tuple(value)


def _listed(shapes: Sequence[Sequence[int]]) -> str:
    return ", ".join(str(list(shape)) for shape in shapes) or "of no kind"
