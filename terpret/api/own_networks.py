"""Networks that a user makes by Keras, as `terpret.learn` and `terpret.load` are given them.

What does not fit the model, or what training would leave out in silence, is refused here.
"""

import dataclasses
import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from terpret.backends.keras_models import Build, KerasNetwork, built, described, keras, seeded
from terpret.compile import check_model
from terpret.errors import InputError
from terpret.hashing import seed_of
from terpret.language.checked import CheckedModel, Domain, Network, shape_of
from terpret.language.errors import suggestion
from terpret.language.functions import MAX_WEIGHTS
from terpret.language.model_files import model_path

_FORM = 'write networks={"digit": build}, where build() makes a keras.Model'


def described_networks(
    networks: Mapping[str, Build], model: str, hypers: Mapping[str, int] | None
) -> dict[str, str]:
    """What a run keeps of a user's networks.

    Args:
      networks: what makes the Keras model of each, by network.
      model: the model's file.
      hypers: its hypers.

    Returns:
      `KerasNetwork.text` of each, by network.

    Raises:
      ModelError, InputError: the model is wrong, or one of them does not fit it.
    """
    checked = check_model(model_path(model), hypers)
    _refuse_unknown(networks, [network.name for network in checked.networks], "the model")
    return {
        name: _described(_declared(checked, name), build).text for name, build in networks.items()
    }


def remade(
    kept: Mapping[str, KerasNetwork], networks: Mapping[str, Build], checked: CheckedModel
) -> dict[str, KerasNetwork]:
    """The Keras models of a saved program, each of which can be made and fits the model.

    Args:
      kept: what the file keeps of them, by network.
      networks: what makes some of them, by network.
      checked: the model.

    Raises:
      InputError: one of them cannot be made, is another than the one that was saved, or does not
        fit the model.
    """
    _refuse_unknown(networks, list(kept), "the file", "no Keras model")
    given = {n: dataclasses.replace(one, build=networks.get(n)) for n, one in kept.items()}
    for name, network in given.items():
        declared, model = _declared(checked, name), network.made(name)
        taken = _shape_taken(declared, model, _sizes(declared.inputs[0]))
        if len(declared.inputs) != 1 or taken != network.shape:
            raise InputError(
                f"networks: the model of '{name}' takes {list(taken)}, and the saved one "
                f"{list(network.shape)}"
            )
        if _largest(model, taken) > network.largest:
            raise InputError(
                f"the layers of '{name}' make more numbers of one value than they did when they "
                "were saved: the description is damaged"
            )
        _refuse_other_output(declared, model, taken)
        _refuse_left_out(name, model)
    return given


def refuse_no_builders(networks: object) -> None:
    """Refuses what is no mapping.

    Raises:
      InputError: it is none.
    """
    if not isinstance(networks, Mapping):
        raise InputError(f"networks={networks!r:.60} is no mapping from names: {_FORM}")


def _refuse_unknown(
    networks: Mapping[str, Any], known: list[str], where: str, kind: str = "no network"
) -> None:
    """Refuses names that are not known, and what is no function.

    Raises:
      InputError: it is none.
    """
    refuse_no_builders(networks)
    for name, build in networks.items():
        if name not in known:
            hint = suggestion(str(name), known) or f"it has: {', '.join(known) or 'none'}"
            raise InputError(f"networks: {where} has {kind} '{name}'; {hint}")
        if not callable(build) or isinstance(build, keras().layers.Layer):
            raise InputError(
                f"networks['{name}'] is of type {type(build).__name__}, and not a function: {_FORM}"
            )


def _declared(checked: CheckedModel, name: str) -> Network:
    return next(network for network in checked.networks if network.name == name)


def _described(network: Network, build: Build) -> KerasNetwork:
    """What is kept of a network, after all that can be wrong with it was refused.

    Raises:
      InputError: it does not fit.
    """
    if len(network.inputs) != 1:
        raise InputError(
            f"networks: '{network.name}' takes {len(network.inputs)} arguments, and a Keras model "
            "takes one here: leave its layers to @Learn"
        )
    declared = _sizes(network.inputs[0])
    model, other, same = (_made(build, declared, network.name, k) for k in (0, 1, 0))
    if model is other:
        raise InputError(
            f"networks: the function of '{network.name}' gives the same model each time: every "
            "restart has one of its own, so make it inside the function"
        )
    shape = _shape_taken(network, model, declared)
    _refuse_other_output(network, model, shape)
    _refuse_left_out(network.name, model)
    weights = _shapes(model)
    if not weights:
        raise InputError(f"networks: the model of '{network.name}' has no weights to learn")
    layers = described(model)
    if weights != _shapes(other) or layers != described(other):
        raise InputError(
            f"networks: the function of '{network.name}' makes other layers each time: restarts "
            "differ by the values of their weights alone"
        )
    values = zip(model.get_weights(), same.get_weights(), strict=True)
    if not all(np.array_equal(*pair) for pair in values):
        raise InputError(
            f"networks: the weights of '{network.name}' differ each time, though Python's and "
            "NumPy's randomness is seeded: leave their first values to Keras' initialisers"
        )
    made = KerasNetwork(shape, weights, _largest(model, shape), layers, build)
    if made.count > MAX_WEIGHTS:
        raise InputError(
            f"networks: the model of '{network.name}' has {made.count:,} weights: make its layers "
            f"smaller, at most {MAX_WEIGHTS:,}"
        )
    return made


def _made(build: Build, shape: tuple[int, ...], name: str, restart: int) -> Any:
    with seeded(seed_of(0, name, restart)):
        return built(build, shape, name)


def _shapes(model: Any) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(weight.shape) for weight in model.trainable_variables)


def _sizes(domain: Domain) -> tuple[int, ...]:
    """The shape of a tensor; of an integer, that of its marginal."""
    return (domain,) if isinstance(domain, int) else shape_of(domain)


def _shape_taken(network: Network, model: Any, declared: tuple[int, ...]) -> tuple[int, ...]:
    """The shape in which a model takes what is declared of a network's argument.

    Raises:
      InputError: it takes something else.
    """
    inputs = getattr(model, "inputs", None)
    if inputs is None:
        return declared
    if len(inputs) != 1:
        raise InputError(
            f"networks: the model of '{network.name}' has {len(inputs)} inputs, and takes one here"
        )
    if "float" not in str(inputs[0].dtype):
        raise InputError(
            f"networks: the model of '{network.name}' takes {inputs[0].dtype}, and is given floats"
        )
    takes = tuple(inputs[0].shape[1:])
    shapes = [declared, (*declared, 1)] + ([declared[:-1]] if declared[-1] == 1 else [])
    for shape in shapes:
        if len(shape) == len(takes) and all(
            size in (None, own) for size, own in zip(takes, shape, strict=True)
        ):
            return shape
    raise InputError(
        f"networks: the model of '{network.name}' takes {list(takes)}, and the declared argument "
        f"is {list(declared)}: begin it with keras.Input({declared})"
    )


def _refuse_other_output(network: Network, model: Any, shape: tuple[int, ...]) -> None:
    """Refuses a model that does not give what the network is declared to give.

    Raises:
      InputError: it gives something else.
    """
    wanted, name = _sizes(network.output), network.name
    # Two, so that what forgets which value is which is seen.
    results = model(np.zeros((2, *shape), np.float32))
    if isinstance(results, list | tuple | dict):
        raise InputError(f"networks: the model of '{name}' has {len(results)} outputs, not one")
    gives = tuple(results.shape)
    if gives != (2, *wanted):
        what = "logits" if isinstance(network.output, int) else "values"
        raise InputError(
            f"networks: the model of '{name}' gives {list(gives[1:])} for one argument, and the "
            f"network is declared to give {what} {list(wanted)}"
        )
    last = model.layers[-1] if model.layers else None
    softmax = keras().layers.Softmax, keras().activations.softmax
    ends = isinstance(last, softmax[0]) or getattr(last, "activation", None) is softmax[1]
    if isinstance(network.output, int) and ends:
        raise InputError(
            f"networks: the model of '{name}' ends in a softmax, and gives logits here: leave the "
            "softmax out"
        )


def _refuse_left_out(name: str, model: Any) -> None:
    """Refuses layers of which something would be left out: a state, a regulariser, a constraint.

    Raises:
      InputError: there is one.
    """
    for variable in model.non_trainable_variables:
        layer = _owner(model, variable)
        raise InputError(
            f"networks: '{layer.name}' ({type(layer).__name__}) in the model of '{name}' has a "
            f"state besides the weights that it learns, which no restart keeps: "
            f"{_instead(layer, variable)}"
        )
    for layer in _layers(model):
        mine = [v for v in layer.trainable_variables if v.regularizer or v.constraint]
        if mine or getattr(layer, "activity_regularizer", None) is not None:
            raise InputError(
                f"networks: '{layer.name}' ({type(layer).__name__}) in the model of '{name}' has "
                "a regulariser or a constraint, which the training here does not heed: leave it out"
            )


def _instead(layer: Any, variable: Any) -> str:
    """What to take in place of a layer with a state."""
    if "seed_generator" in variable.path:
        return "leave it, or its dropout or noise, out"
    if isinstance(layer, keras().layers.BatchNormalization):
        return "take keras.layers.LayerNormalization or GroupNormalization"
    if any(variable is weight for weight in layer.weights) and not layer.trainable:
        return "let it learn (trainable=True)"
    return "take a layer without one"


def _layers(model: Any) -> Iterator[Any]:
    """A model's layers, those inside others first."""
    for layer in model.layers:
        inner = [layer] if not getattr(layer, "layers", None) else [*_layers(layer), layer]
        yield from inner


def _owner(model: Any, variable: Any) -> Any:
    """The layer that a variable is of."""
    owners = (one for one in _layers(model) if any(v is variable for v in one.variables))
    return next(owners, model)


def _largest(model: Any, shape: tuple[int, ...]) -> int:
    """How many numbers the largest layer makes of one value, as far as Keras knows it."""
    sizes = [math.prod(shape)]
    for layer in model.layers:
        try:
            made = layer.output.shape
        # A layer that was used twice, or never by itself, has no one output.
        except (AttributeError, ValueError):
            continue
        sizes.append(math.prod(size or 1 for size in made[1:]))
    return max(sizes)
