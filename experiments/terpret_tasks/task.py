"""One task of the benchmark: what it asks, of which inputs, and which of them teach it."""

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from terpret import Program
from terpret.discrete.answers import right

Instance = Mapping[str, int | list[int]]
"""An input with its right answers, by the names of the model's Inputs and Outputs."""
HELD_OUT = 1000


@dataclasses.dataclass(frozen=True)
class Task:
    """A task, as the report defines it.

    Attributes:
      name: the model's, then what is asked.
      model: the interpreter, a built-in model.
      hypers: of the model.
      domain: every instance that there is, from the hypers, the input under the first name.
      training: the inputs that teach it, each written as its digits.
      decided: whether it is proved that every program that explains these is right on all inputs.
    """

    name: str
    model: str
    hypers: Mapping[str, int]
    domain: Callable[[Mapping[str, int]], Iterable[Instance]]
    training: Sequence[str]
    decided: bool = False

    @property
    def instances(self) -> dict[str, Instance]:
        """Every instance, by the digits of its input."""
        return {digits(one): one for one in self.domain(self.hypers)}

    @property
    def train(self) -> list[Instance]:
        """The training instances."""
        instances = self.instances
        return [instances[key] for key in self.training]

    def held_out(self, seed: int = 0) -> list[Instance]:
        """Up to 1,000 different instances that no training instance is, drawn by a seed."""
        others = [one for key, one in self.instances.items() if key not in self.training]
        drawn = np.random.default_rng(seed).permutation(len(others))[:HELD_OUT]
        return [others[k] for k in drawn]


def digits(instance: Instance) -> str:
    """The input of an instance as its digits; empty where it has none."""
    first = next(iter(instance))
    value = instance[first]
    if isinstance(value, int) or not first.startswith("initial"):
        return ""
    return "".join(map(str, value))


def as_arrays(instances: Sequence[Instance]) -> dict[str, np.ndarray]:
    """Instances as `terpret.solve` takes them, [instances, *dims] by name."""
    return {name: np.array([one[name] for one in instances]) for name in instances[0]}


def right_on(program: Program, instances: Sequence[Instance]) -> np.ndarray:
    """Which instances a program gets right, bool [instances], by the discrete interpreter."""
    arrays = as_arrays(instances)
    inputs, outputs = (
        {v.name: arrays[v.name] for v in program.model.of_kind(kind)}
        for kind in ("Input", "Output")
    )
    return np.broadcast_to(right(program.run(inputs), outputs), len(instances))
