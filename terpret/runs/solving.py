"""The preset `exact`: a solver finds the program of a run before anything learns."""

import dataclasses
import os
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from terpret.backends.exact.encode import refuse_tensors
from terpret.backends.exact.outcome import FOUND, NONE, UNDECIDED, outcome
from terpret.backends.exact.problem import Effort, Problem, refuse_other_params
from terpret.backends.exact.room import LEAST_MEMORY, too_little
from terpret.backends.exact.search import search
from terpret.discrete.program import Program, program_of
from terpret.errors import InputError, RunError
from terpret.files import own_files
from terpret.files.replacing import begun
from terpret.files.typed_json import from_json
from terpret.language.checked import CheckedModel
from terpret.learning.instances import Judge, instances_of
from terpret.learning.learner import Learner
from terpret.learning.method import Method
from terpret.learning.proposals import Exact, group_of, posed, weighed
from terpret.learning.reading import read
from terpret.learning.task import Task
from terpret.memory_sizes import bytes_in
from terpret.runs.config import Config
from terpret.runs.own_data import OwnData, labelled
from terpret.runs.records import damaged, read_record

# What a run that is solved keeps of it.
FILE = "exact.json"
# Training examples that networks are read on.
READ = 200
# What helps where the file is damaged.
AGAIN = "remove it, and the same command searches again"
# How many search at once.
SEARCHERS = 2
# What each value of the program that is found has of its marginal.
SHARE = 0.999


@dataclasses.dataclass(frozen=True)
class Solved:
    """What a solver has found for a run.

    Attributes:
      status: `found`, `none` or `undecided`.
      explained: how many of the examples the program explains.
      examples: how many there are.
      seconds: that it took, of all calls together.
      proved: what was proved, in a sentence.
      program: the values of the best program's Params, by name; None where there is none.
    """

    status: str
    explained: int
    examples: int
    seconds: float
    proved: str
    program: Mapping[str, object] | None = None

    def __post_init__(self) -> None:
        """Refuses what no search keeps.

        Raises:
          ValueError: the status is none, or nothing was found though it says so.
        """
        there = self.program is not None
        if self.status not in (FOUND, NONE, UNDECIDED) or (self.status == FOUND and not there):
            raise ValueError(self.status)

    @property
    def told(self) -> str:
        """What came of it, in a line."""
        line = f"{self.status} in {self.seconds:.1f} s: {self.proved}"
        if self.status == UNDECIDED and self.program is not None:
            line += f"; the best program, in {FILE}, explains {self.explained:,}"
        return line

    def to_json(self) -> dict[str, Any]:
        """As `exact.json` holds it."""
        return dataclasses.asdict(self)


class Unsolved(RunError):
    """A solver has found no program for a run.

    Attributes:
      status: `none` or `undecided`.
    """

    def __init__(self, told: str, status: str = UNDECIDED):
        super().__init__(told)
        self.status = status


def is_exact(method: Method) -> bool:
    """Whether a solver finds the programs of a method."""
    return isinstance(method.strategy, Exact)


def refuse_unsolvable(
    config: Config, model: CheckedModel, own: OwnData | None, no_op: Mapping[str, int]
) -> None:
    """Refuses what no solver can be asked, before anything is written.

    Args:
      config: the settings.
      model: the model.
      own: the user's own data, if these are the task.
      no_op: the values that are no instruction, where they are known.

    Raises:
      InputError: the model computes with tensors, or has other Params under other hypers.
      RunError: nobody knows what its networks say, or there is too little memory.
    """
    solver_bytes(config)
    models = [one.model for one in own.batches.curriculum] if own and own.batches else [model]
    for one in models:
        refuse_tensors(one)
    refuse_other_params(models)
    if config.method.get("smallest") and not no_op:
        raise RunError(
            "--method=smallest: which value of this model is no instruction is not known; "
            "terpret.solve(..., smallest={NAME: VALUE}) says so"
        )
    if not model.networks or config.init_nets or (own and labelled(own.training)):
        return
    raise RunError(
        "preset exact reads no images: give the labels of all images in the data "
        "(IMAGE_NETWORK), or taught networks by --init_nets; preset hybrid teaches them itself"
    )


def solver_bytes(config: Config) -> int:
    """The memory that a run's solvers may take; 0 for half of what is left.

    Raises:
      RunError: the setting is no size, or too little.
    """
    if not config.memory:
        return 0
    number = bytes_in(config.memory)
    if number is None:
        raise RunError(f"--memory={config.memory:.60} is not a size: write 4GB, or 512MB")
    if number < SEARCHERS * LEAST_MEMORY:
        raise RunError(f"--memory={config.memory:.60}: {too_little(SEARCHERS)}")
    return number


def kept(workdir: str) -> Solved | None:
    """What a run folder keeps of its search; None where it has none."""
    path = os.path.join(workdir, FILE)
    record = read_record(path, AGAIN)
    try:
        return None if record is None else from_json(Solved, record)
    except ValueError:
        raise damaged(path, AGAIN) from None


def found_exactly(workdir: str) -> dict[str, object]:
    """What a run folder keeps of its search, but for the program, as `results.json` has it."""
    solved = kept(workdir)
    return {n: v for n, v in solved.to_json().items() if n != "program"} if solved else {}


def solve_first(
    config: Config,
    workdir: str,
    learner: Learner,
    task: Task,
    own: OwnData | None,
    no_op: Mapping[str, int],
    note: Callable[[str], None],
) -> None:
    """Finds the program of a run, or goes on to, and gives it to all restarts.

    What is found is kept at once, so that neither a signal nor a crash loses it.

    Args:
      config: the settings.
      workdir: the run folder.
      learner: holds the program afterwards.
      task: what is learned from.
      own: the user's own data, if these are the task.
      no_op: of Params, the value that is no instruction; where the method asks for the smallest
        program, as few as can be have another.
      note: is told how it goes.

    Raises:
      Unsolved: there is no program, or none was found in time.
      RunError: what the folder keeps is damaged.
    """
    strategy = _strategy(learner)
    before = kept(workdir)
    problem = _problem(learner, task, own)
    no_op = no_op if strategy.smallest else {}
    problem = dataclasses.replace(problem, no_op=no_op).tolerating(strategy.tolerate)
    program = _program(workdir, problem, before) if before else None
    if before is None or before.status == UNDECIDED:
        before = _searched(config, workdir, problem, before, program, note)
        program = _program(workdir, problem, before)
    if before.status != FOUND or program is None:
        raise Unsolved(before.told, before.status)
    for row in range(learner.model.restarts):
        learner.hold(row, program, SHARE)


def _searched(
    config: Config,
    workdir: str,
    problem: Problem,
    before: Solved | None,
    hint: Program | None,
    note: Callable[[str], None],
) -> Solved:
    """Searches, and keeps the best program whenever it is a better one."""
    started = time.monotonic() - (before.seconds if before else 0.0)

    def keep(status: str, explained: int, proved: str, program: Program | None) -> Solved:
        values = None
        if program is not None:
            values = {name: value.tolist() for name, value in program.values.items()}
        seconds = round(time.monotonic() - started, 1)
        solved = Solved(status, explained, problem.size, seconds, proved, values)
        path = os.path.join(workdir, FILE)
        own_files.write_json(path, solved.to_json())
        begun(path)
        return solved

    def better(explained: int, program: Program) -> None:
        keep(UNDECIDED, explained, "it was stopped", program)

    keep(UNDECIDED, before.explained if before else 0, "it was stopped", hint)
    effort = Effort(config.seconds, SEARCHERS, solver_bytes(config), config.seed)
    found = search(problem, effort, note, hint, better)
    status, proved = outcome(found, problem)
    return keep(status, found.explained, proved, found.program)


def _program(workdir: str, problem: Problem, solved: Solved) -> Program | None:
    """The program that a search has kept; None for none.

    Raises:
      RunError: it is none of the model's, or not what the file says it is.
    """
    if solved.program is None:
        return None
    try:
        values = {name: np.asarray(value) for name, value in solved.program.items()}
        program = program_of(problem.model, values)
    except (InputError, ValueError):
        raise damaged(os.path.join(workdir, FILE), AGAIN) from None
    missed = problem.missed(problem.explained(program))
    if solved.status == FOUND and missed > problem.unexplained:
        raise damaged(os.path.join(workdir, FILE), AGAIN)
    return program


def _problem(learner: Learner, task: Task, own: OwnData | None) -> Problem:
    """The training examples: with labels where they are known, else as networks read them."""
    model, judge = learner.model, task.symbols
    if own and own.batches:
        examples = own.batches.curriculum
        if not model.checked.networks:
            return Problem(tuple(group_of(one, {}) for one in examples))
    elif isinstance(judge, Judge) and (judge.by_labels or not model.checked.networks):
        return posed(judge.instances, judge.instances.labels)
    else:
        batch = next(iter(task.batches(learner.seed, READ, 0, 0)))
        arrays = {name: value.numpy() for name, value in batch.items()}
        examples = (instances_of(model.checked, arrays, READ),)
    some = [one.part(one.counted[:READ]) for one in examples]
    said = [read(model if learner.frozen is None else learner.frozen, 0, one) for one in some]
    pairs = zip(some, said, strict=True)
    problem = Problem(tuple(group_of(one, labels) for one, (labels, _) in pairs))
    if not _strategy(learner).weigh:
        return problem
    return weighed(problem, np.concatenate([certainty for _, certainty in said]))


def _strategy(learner: Learner) -> Exact:
    strategy = learner.method.strategy
    assert isinstance(strategy, Exact)
    return strategy
