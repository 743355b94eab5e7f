"""Solves the tasks by `terpret.solve`: seconds, and how many held-out instances come out right.

    python -m experiments.terpret_tasks.measure [--task=NAME,...] [--seconds=600] [--plain]

The second time of a task is that of the proof that there is no program if an instance is added that
is not among the training ones, with a wrong answer: only the search can find that out.
"""

import argparse
import dataclasses
import json
from collections.abc import Mapping, Sequence

import numpy as np

import terpret
from experiments.terpret_tasks.canonical import canonical
from experiments.terpret_tasks.task import Instance, Task, as_arrays, right_on
from experiments.terpret_tasks.tasks import TASKS
from terpret.api.solve import ExactSolution
from terpret.compile import check_model
from terpret.language.model_files import built_in_path


@dataclasses.dataclass(frozen=True)
class Measured:
    """What solving a task took, and what came out.

    Attributes:
      task: its name.
      status: of the search for a program, as of `terpret.solve`.
      seconds: that it took.
      right: held-out instances that the program gets right; 0 without one.
      held_out: how many there are.
      impossible: the status where an instance with a wrong answer was added; empty where none was
        tried. `none` is a proof by search; there may be a program for it (`found`) where the
        training instances do not decide.
      impossible_seconds: that this took.
    """

    task: str
    status: str
    seconds: float
    right: int
    held_out: int
    impossible: str = ""
    impossible_seconds: float = 0.0


@dataclasses.dataclass(frozen=True)
class Limits:
    """What each search may take.

    Attributes:
      seconds: for it.
      workers: threads of the solver.
      seed: of the solver, and of the held-out instances.
      plain: whether the model is the built-in one, not the canonical one.
    """

    seconds: float = 600.0
    workers: int = 2
    seed: int = 0
    plain: bool = False


def measured(task: Task, limits: Limits, impossible: bool = True) -> Measured:
    """Solves a task, and the task with an impossible instance."""
    found = solved(task, as_arrays(task.train), limits)
    held_out = task.held_out(limits.seed)
    right = 0
    if found.status == "found" and found.program is not None and held_out:
        right = int(right_on(found.program, held_out).sum())
    result = Measured(task.name, found.status, found.seconds, right, len(held_out))
    if not impossible:
        return result
    none = solved(task, impossible_data(task, limits.seed), limits)
    return dataclasses.replace(result, impossible=none.status, impossible_seconds=none.seconds)


def solved(
    task: Task,
    data: Mapping[str, np.ndarray],
    limits: Limits,
    hypers: Mapping[str, int] | None = None,
) -> ExactSolution:
    """What `terpret.solve` says of some data, with some hypers in place of the task's."""
    wanted = {**task.hypers, **(hypers or {})}
    model = check_model(built_in_path(task.model), wanted)
    return terpret.solve(
        model if limits.plain else canonical(task.model, wanted),
        data,
        seconds=limits.seconds,
        workers=limits.workers,
        seed=limits.seed,
        progress=False,
    )


def impossible_data(task: Task, seed: int = 0) -> dict[str, np.ndarray]:
    """The training instances and before them another one, drawn by a seed, with a wrong answer.

    Where all instances are training ones, the first of these has a wrong answer. Of the parity
    chain an odd number of sums is odd then.
    """
    others = task.held_out(seed)[:1]
    return _with_wrong_answer([*others, *task.train])


def contradicted(task: Task) -> dict[str, np.ndarray]:
    """The training instances and the first once more with a wrong answer: no search is needed."""
    return _with_wrong_answer([*task.train[:1], *task.train])


def _with_wrong_answer(instances: Sequence[Instance]) -> dict[str, np.ndarray]:
    """Instances, of which the first has another number in its last place: 1 for 0, 0 for others."""
    data = as_arrays(instances)
    answer = next(value[0] for name, value in data.items() if not name.startswith("initial"))
    answer[-1] = 1 - min(answer[-1], 1)
    return data


def main(arguments: Sequence[str] | None = None) -> None:
    """The command: a line of JSON a task."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--task", default=",".join(TASKS), help="names, with commas between them")
    parser.add_argument("--seconds", type=float, default=600.0, help="for each search")
    parser.add_argument("--workers", type=int, default=2, help="threads of the solver")
    parser.add_argument("--seed", type=int, default=0, help="of the solver and what is held out")
    parser.add_argument("--plain", action="store_true", help="the models as they are")
    parser.add_argument("--found_only", action="store_true", help="without the impossible ones")
    given = parser.parse_args(arguments)
    limits = Limits(given.seconds, given.workers, given.seed, given.plain)
    for name in given.task.split(","):
        result = measured(TASKS[name], limits, not given.found_only)
        print(json.dumps(dataclasses.asdict(result)), flush=True)


if __name__ == "__main__":
    main()
