"""Chooses training instances by `terpret.alternatives`, until they are proved to be enough.

    python -m experiments.terpret_tasks.enough [--task=NAME,...] [--first=1] [--seed=0]

Random instances begin. Then a program is searched for that explains the instances so far, and
another that explains them too and answers some input of the task otherwise; the right answer of
that input is added. Where it is proved that there is no other, every program that explains the
instances is right on all inputs. Where the search for another one does not end in its time, an
instance is drawn instead; where that for the first one does not, all that are left.

No program is ever compared with the answers to an input that is not among the training instances.
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
from terpret.api.solve import ExactSolution
from terpret.language.checked import CheckedModel

# Training instances of a task at most.
MOST = 16


@dataclasses.dataclass(frozen=True)
class Limits:
    """What a choice may take.

    Attributes:
      first: how many random instances it begins with.
      seconds: for each search.
      workers: threads that search for a program. Of two it is chance which is first, so that more
        than one may choose others another time.
      seed: of the instances that are drawn, and of the solver.
    """

    first: int = 1
    seconds: float = 600.0
    workers: int = 1
    seed: int = 0


@dataclasses.dataclass(frozen=True)
class Choice:
    """Training instances of a task.

    Attributes:
      keys: the digits of their inputs, in the order in which they were chosen.
      drawn: how many of them were drawn where a search did not end in its time.
      proved: whether every program that explains them is right on all inputs.
    """

    keys: Sequence[str]
    drawn: int = 0
    proved: bool = False


def chosen(task: Task, limits: Limits, tell: Callable[[str], None] = print) -> Choice:
    """Chooses training instances of a task.

    Args:
      task: the task; which instances teach it now counts for nothing.
      limits: what it may take.
      tell: is told what each search has found out, in a line.
    """
    random, instances = np.random.default_rng(limits.seed), task.instances
    order = [list(instances)[k] for k in random.permutation(len(instances))]
    model, keys = canonical(task.model, task.hypers), order[: limits.first]
    programs: list[Program] = []
    drawn = 0
    while True:
        training = [instances[key] for key in keys]
        programs = [one for one in programs if right_on(one, training).all()]
        if not programs:
            found = _found(model, training, limits)
            tell(f"{task.name}: {','.join(keys)}: {found.status} in {found.seconds:.1f} s")
            if found.program is None or found.status != "found":
                break
            programs = [found.program]
        others = [one for key, one in instances.items() if key not in keys]
        if not others:
            return Choice(keys, proved=True)
        other = terpret.alternatives(
            model,
            programs[0],
            as_arrays(training),
            seconds=limits.seconds,
            among=inputs_of(model, others),
            seed=limits.seed,
        )
        tell(f"{task.name}: {','.join(keys)}: {other.proved} ({other.seconds:.1f} s)")
        if other.program is None and other.status == "none":
            return Choice(keys, proved=True)
        if len(keys) == MOST:
            break
        if other.program is None:
            drawn += 1
            keys.append(next(key for key in order if key not in keys))
        else:
            programs.append(other.program)
            keys.append(digits({name: value.tolist() for name, value in other.inputs.items()}))
    rest = [key for key in order if key not in keys][: MOST - len(keys)]
    return Choice([*keys, *rest], drawn + len(rest), len(keys) + len(rest) == len(order))


def inputs_of(model: CheckedModel, instances: Sequence[Instance]) -> dict[str, np.ndarray]:
    """The inputs of some instances without their answers, [instances, *dims] by name."""
    names = [variable.name for variable in model.of_kind("Input")]
    return as_arrays([{name: one[name] for name in names} for one in instances])


def _found(
    model: CheckedModel, training: Sequence[Mapping[str, int | list[int]]], limits: Limits
) -> ExactSolution:
    return terpret.solve(
        model,
        as_arrays(training),
        seconds=limits.seconds,
        workers=limits.workers,
        seed=limits.seed,
        progress=False,
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--task", default=",".join(TASKS), help="names, with commas between them")
    parser.add_argument("--first", type=int, default=1, help="random instances to begin with")
    parser.add_argument("--seconds", type=float, default=600.0, help="for each search")
    parser.add_argument("--workers", type=int, default=1, help="threads that search for a program")
    parser.add_argument("--seed", type=int, default=0, help="of what is drawn")
    given = parser.parse_args(arguments)
    limits = Limits(given.first, given.seconds, given.workers, given.seed)
    for name in given.task.split(","):
        choice = chosen(TASKS[name], limits, lambda text: print(text, flush=True))
        how = "proved to be enough" if choice.proved else f"not proved, {choice.drawn} drawn"
        keys = ", ".join(f'"{key}"' for key in choice.keys)
        print(f"{name}: {how}: ({keys},)", flush=True)


if __name__ == "__main__":
    main()
