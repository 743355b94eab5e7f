"""What data of a model are called: its Inputs and Outputs, the labels of its networks."""

import dataclasses
from collections.abc import Iterable, Mapping

from terpret.language.checked import CheckedModel, Variable
from terpret.language.errors import suggestion
from terpret.language.reads import images_read

Elements = Mapping[tuple[int, ...], Variable]
"""The variables that one name stands for, by their index; () for a variable of that very name."""


def keys_of(model: CheckedModel) -> dict[str, dict[tuple[int, ...], Variable]]:
    """The Inputs and Outputs by name; elements that were declared one by one have a name together.

    Returns:
      For each name the variables it stands for, by index; () for one declared whole.
    """
    keys: dict[str, dict[tuple[int, ...], Variable]] = {}
    for variable in model.variables:
        if variable.kind not in ("Input", "Output"):
            continue
        name, bracket, index = variable.name.partition("[")
        position = tuple(map(int, index.rstrip("]").split(","))) if bracket else ()
        keys.setdefault(name, {})[position] = variable
    return keys


def lead_of(elements: Elements) -> tuple[int, ...]:
    """The sizes of an array that has a place for each of the elements; () for one declared whole"""
    return tuple(1 + max(sizes) for sizes in zip(*elements, strict=True))


@dataclasses.dataclass(frozen=True, eq=False)
class Labels:
    """The labels that a name stands for: what a network should say of images.

    Attributes:
      network: the network's name.
      size: how many labels it has.
      images: the InputTensors whose elements it reads, by index.
    """

    network: str
    size: int
    images: Elements


def labels_of(model: CheckedModel) -> dict[str, Labels]:
    """The names of labels: `digit` where the network reads one InputTensor, and `NAME_digit`.

    A name that the model declares is that Input or Output, and never labels.
    """
    keys = keys_of(model)
    sizes = {network.name: network.output for network in model.networks}
    found: dict[str, Labels] = {}
    for network, read in images_read(model).items():
        size = sizes[network]
        if not isinstance(size, int):
            continue
        names = set()
        for key, elements in keys.items():
            some = {index: one for index, one in elements.items() if one in read}
            if some:
                names.add(key)
                found[f"{key}_{network}"] = Labels(network, size, some)
            for one in some.values():
                found.setdefault(f"{one.name}_{network}", Labels(network, size, {(): one}))
        if len(read) == 1:
            found[network] = Labels(network, size, {(): read[0]})
        elif len(names) == 1:
            found[network] = found[f"{names.pop()}_{network}"]
    return {name: labels for name, labels in found.items() if name not in keys}


def unknown(name: str, known: Iterable[str]) -> str:
    """That the model has no data of a name, with what may have been meant."""
    known = list(known)
    listed = ", ".join(known[:12]) + ", ..." * (len(known) > 12)
    hint = suggestion(name, known) or (f"it has {listed}" if known else "it has none")
    return f"the model has no Input or Output {name[:60]!r}, and no labels of that name; {hint}"


def is_image(variable: Variable) -> bool:
    """Whether a variable is an image: a tensor of two dimensions or more."""
    return not isinstance(variable.domain, int) and len(variable.domain) >= 2


def shape_within(variable: Variable) -> tuple[int, ...]:
    """The sizes of what one example has of a variable: [*dims] of integers, [*dims, *shape]."""
    inner = () if isinstance(variable.domain, int) else variable.domain
    return (*variable.dims, *inner)
