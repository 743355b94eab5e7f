"""Chooses training instances until they are enough: what else explains them is right elsewhere too.

    python -m experiments.terpret_tasks.enough [--task=NAME,...] [--first=1] [--seed=0]

The inputs in `tasks.py` are what it printed. Those of decrement and list-K were drawn, and list-K
has one more, which a program got wrong. Instances that were drawn and decided nothing stay among
those that are held out: of a small domain, these are all.
"""

import argparse
import dataclasses
from collections.abc import Callable, Mapping, Sequence

import numpy as np

import terpret
from experiments.terpret_tasks.canonical import canonical
from experiments.terpret_tasks.task import Instance, Task, as_arrays, digits, right_on
from experiments.terpret_tasks.tasks import TASKS
from terpret import Program
from terpret.language.checked import CheckedModel

# Random instances that a program is tried on, and other programs in a row that are right on all.
DRAWS, OTHERS = 100, 3


@dataclasses.dataclass(frozen=True)
class Limits:
    """What a choice may take.

    Attributes:
      first: how many random instances it begins with.
      seconds: for each search.
      workers: threads of the solver.
      seed: of the instances that are drawn, and of the solver.
    """

    first: int = 1
    seconds: float = 600.0
    workers: int = 2
    seed: int = 0


def chosen(task: Task, limits: Limits, tell: Callable[[str], None] = print) -> list[str]:
    """Training instances of a task, as the digits of their inputs.

    `terpret.alternatives` shows an input that another program of the instances answers otherwise.
    Where it never occurs, random instances are drawn, and the first that one of the two programs
    gets wrong is added.

    Raises:
      RuntimeError: no program was found in time.
    """
    random, instances = np.random.default_rng(limits.seed), task.instances
    order = [list(instances)[k] for k in random.permutation(len(instances))]
    keys, right_ones = order[: limits.first], 0
    model = canonical(task.model, task.hypers)
    program = _found(task, model, keys, limits)
    while right_ones < OTHERS:
        other = terpret.alternatives(
            model,
            program,
            as_arrays([instances[key] for key in keys]),
            seconds=limits.seconds,
            seed=limits.seed + right_ones,
        )
        tell(f"{task.name}: {','.join(keys)}: {other.proved}")
        programs = [program, *([other.program] if other.program else [])]
        added = _told_apart(instances, programs, _drawn(instances, keys, other.inputs, random))
        if added:
            keys.append(added)
            program = _found(task, model, keys, limits)
            right_ones = 0
        elif other.program is None:
            break
        else:
            right_ones += 1
    return keys


def _found(task: Task, model: CheckedModel, keys: Sequence[str], limits: Limits) -> Program:
    found = terpret.solve(
        model,
        as_arrays([task.instances[key] for key in keys]),
        seconds=limits.seconds,
        workers=limits.workers,
        seed=limits.seed,
        progress=False,
    )
    if found.status != "found" or found.program is None:
        raise RuntimeError(f"{task.name}: {found.proved}")
    return found.program


def _drawn(
    instances: Mapping[str, Instance],
    keys: Sequence[str],
    inputs: Mapping[str, np.ndarray],
    random: np.random.Generator,
) -> list[str]:
    """The input that two programs answer otherwise, if it occurs, then random ones."""
    shown = digits({name: value.tolist() for name, value in inputs.items()}) if inputs else ""
    others = [key for key in instances if key not in keys]
    drawn = [others[k] for k in random.permutation(len(others))[:DRAWS]]
    return [shown, *drawn] if shown in others else drawn


def _told_apart(
    instances: Mapping[str, Instance], programs: Sequence[Program], keys: Sequence[str]
) -> str:
    """The first of some instances that a program gets wrong; empty if there is none."""
    if not keys:
        return ""
    correct = np.ones(len(keys), bool)
    for program in programs:
        correct &= right_on(program, [instances[key] for key in keys])
    return "" if correct.all() else keys[int(np.flatnonzero(~correct)[0])]


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--task", default=",".join(TASKS), help="names, with commas between them")
    parser.add_argument("--first", type=int, default=1, help="random instances to begin with")
    parser.add_argument("--seconds", type=float, default=600.0, help="for each search")
    parser.add_argument("--seed", type=int, default=0, help="of what is drawn")
    given = parser.parse_args(arguments)
    limits = Limits(given.first, given.seconds, seed=given.seed)
    for name in given.task.split(","):
        keys = chosen(TASKS[name], limits, lambda text: print(text, flush=True))
        print(f"{name}: ({', '.join(f'{chr(34)}{key}{chr(34)}' for key in keys)},)", flush=True)


if __name__ == "__main__":
    main()
