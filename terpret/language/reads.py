"""Which images each network reads: where a label can stand for what it says of one."""

import functools
from collections.abc import Iterator

from terpret.language import checked
from terpret.language.checked import CheckedModel, Element, Variable


@functools.lru_cache(maxsize=64)
def images_read(model: CheckedModel) -> dict[str, tuple[Variable, ...]]:
    """The InputTensors whose elements reach each network that the model applies.

    A label can stand for a network's result where it takes one element of an InputTensor, chosen in
    whatever way, to an integer. A network that takes anything else has no InputTensors here.

    Returns:
      By network, the InputTensors in the order of the text.
    """
    if not model.networks:
        return {}
    found: dict[str, set[Variable | None]] = {}
    sources: dict[Element, set[Variable | None]] = {}
    for element, value in _values(model.statements):
        for call in calls(value):
            one = len(call.arguments) == 1 and isinstance(call.network.output, int)
            read = _sources(call.arguments[0], sources) if one else {None}
            found.setdefault(call.network.name, set()).update(read)
        if element is not None and not isinstance(element.variable.domain, int):
            sources.setdefault(element, set()).update(_sources(value, sources))
    return {
        name: () if None in read else tuple(v for v in model.variables if v in read)
        for name, read in found.items()
    }


def label_names(model: CheckedModel) -> dict[str, tuple[str, Variable]]:
    """What the labels of a model's networks are called, where labels can stand for their results.

    Returns:
      The network and the InputTensor of each name: the network's own where it reads one
      InputTensor, else `digit(a)` for what `digit` says of the elements of `a`.
    """
    return {
        name if len(read) == 1 else f"{name}({variable.name})": (name, variable)
        for name, read in images_read(model).items()
        for variable in read
    }


def labels_suffice(model: CheckedModel) -> bool:
    """Whether labels can stand for all that the model's networks say."""
    return all(images_read(model).values())


def calls(part: object) -> Iterator[checked.Learned]:
    """The calls of networks in a part of a checked tree."""
    match part:
        case tuple():
            for each in part:
                yield from calls(each)
        case checked.Switch(subject, cases):
            yield from calls((subject, *cases))
        case checked.Bind(subject=subject, body=body):
            yield from calls((subject, *body))
        case checked.Repeat(bodies):
            yield from calls(bodies)
        case checked.Set(value=inner) | checked.Case(body=inner) | checked.Apply(arguments=inner):
            yield from calls(inner)
        case checked.Learned(arguments=arguments):
            yield part
            yield from calls(arguments)


def _sources(
    value: checked.Expression, sources: dict[Element, set[Variable | None]]
) -> set[Variable | None]:
    """The InputTensors that a tensor may be an element of; None among them: or something else."""
    if not isinstance(value, checked.Read) or isinstance(value.domain, int):
        return {None}
    found: set[Variable | None] = set()
    for element in value.elements:
        variable = element.variable
        found |= {variable} if variable.kind == "Input" else sources.get(element, set())
    return found


def _values(
    statements: tuple[checked.Statement, ...],
) -> Iterator[tuple[Element | None, checked.Expression]]:
    """Every value in order, with the element it sets; None where it is switched on or bound."""
    for statement in statements:
        match statement:
            case checked.Set(element, value):
                yield element, value
            case checked.Switch(subject, cases):
                yield None, subject
                for case in cases:
                    yield from _values(case.body)
            case checked.Bind(subject=subject, body=body):
                yield None, subject
                yield from _values(body)
            case checked.Repeat(bodies):
                for body in bodies:
                    yield from _values(body)
