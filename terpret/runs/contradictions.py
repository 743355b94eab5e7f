"""Training instances that contradict each other: the same inputs with different labels."""

import collections
import dataclasses
import hashlib
import math
from collections.abc import Sequence

import numpy as np

from terpret.learning.instances import Instances

# So many are looked at, which takes a fraction of a second even where they are images.
MOST = 20_000


@dataclasses.dataclass(frozen=True)
class Contradictions:
    """What some instances say of the same inputs.

    Attributes:
      instances: how many were looked at.
      distinct: how many different inputs they have.
      contradicting: how many belong to inputs that have different labels.
      example: two of these, in words; empty where there are none.
    """

    instances: int
    distinct: int
    contradicting: int = 0
    example: str = ""


def contradictions(instances: Instances) -> Contradictions:
    """Looks for the same inputs with different labels; only integers contradict, not numbers."""
    chosen = instances.counted[:MOST]
    alike = collections.defaultdict[bytes, list[int]](list)
    for place in chosen:
        alike[_digest(instances, place)].append(int(place))
    count, example = 0, ""
    for places in alike.values():
        pair = _differing(instances, places)
        if pair is not None:
            count += len(places)
            example = example or _described(instances, *pair)
    return Contradictions(len(chosen), len(alike), count, example)


def most_bits(instances: Instances, distinct: int) -> float:
    """What so many instances' labels can say at most, in bits."""
    sizes = {v.name: v.domain for v in instances.model.of_kind("Output")}
    every = 0.0
    for name, labels in instances.integers.items():
        size = sizes[name]
        assert isinstance(size, int)
        every += float((labels >= 0).sum()) * math.log2(size)
    return every * distinct / max(1, len(instances.counted))


def _digest(instances: Instances, place: int) -> bytes:
    digest = hashlib.blake2b(digest_size=16)
    for name, array in instances.inputs.items():
        value = instances.pools[name][array[place]] if name in instances.pools else array[place]
        digest.update(np.ascontiguousarray(value).data)
    return digest.digest()


def _differing(instances: Instances, places: Sequence[int]) -> tuple[int, int, str] | None:
    """The first two of some instances that have different labels, and of which Output."""
    if len(places) == 1:
        return None
    for name, answers in instances.integers.items():
        labels = answers[list(places)].reshape(len(places), -1)
        for column in labels.T:
            observed = np.flatnonzero(column >= 0)
            if not len(observed):
                continue
            other = np.flatnonzero((column >= 0) & (column != column[observed[0]]))
            if len(other):
                return places[observed[0]], places[other[0]], name
    return None


def _described(instances: Instances, first: int, second: int, name: str) -> str:
    shown = [
        f"{key}={values[first].tolist()}"
        for key, values in instances.inputs.items()
        if np.issubdtype(values.dtype, np.integer)
    ]
    given = ", ".join(shown)
    what = given if shown and len(given) <= 60 else "the same inputs"
    labels = (str(instances.answers[name][place].tolist()) for place in (first, second))
    values = " and ".join(one if len(one) <= 30 else f"{one[:27]}..." for one in labels)
    return f"instances {first} and {second} have {what}, and {name} is {values}"
