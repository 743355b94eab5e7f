"""Exact solving from Python: a program that explains examples, or the proof that none does."""

import dataclasses
import os
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
from tqdm.auto import tqdm

from terpret.api.arguments import as_python, refuse_no_booleans, refuse_other_kinds, told_in_python
from terpret.api.given import examples_given, model_file, without_folder
from terpret.api.search_arguments import candidates, effort, no_ops, program_given, share
from terpret.api.solution import Solution
from terpret.backends.exact.alternatives import other_program
from terpret.backends.exact.encode import refuse_tensors
from terpret.backends.exact.outcome import outcome
from terpret.backends.exact.problem import Found, Problem
from terpret.backends.exact.search import search
from terpret.backends.exact.solver import Solver
from terpret.compile import check_model
from terpret.data.example_set import Examples
from terpret.data.given_arrays import as_arrays
from terpret.discrete.listing import plain_code
from terpret.discrete.program import Program, checked_integers
from terpret.errors import InputError
from terpret.files.temporary import temporary_folder
from terpret.language.checked import CheckedModel, size_of
from terpret.language.model_files import model_path
from terpret.language.reads import label_names


@dataclasses.dataclass(frozen=True)
class ExactSolution:
    """What exact solving has found.

    Attributes:
      status: `found`; `none`: it is proved that there is no such program; `undecided`: neither was
        found out in time or memory.
      program: the best program; None where there is none, or none was found.
      explained: how many of the examples it explains, by the discrete interpreter.
      examples: how many there are.
      seconds: that it took.
      proved: what was proved, in a sentence.
    """

    status: str
    program: Program | None
    explained: int
    examples: int
    seconds: float
    proved: str

    def __str__(self) -> str:
        line = f"{self.status} in {self.seconds:.1f} s: {self.proved}"
        return line if self.program is None else f"{line}\n\n{plain_code(self.program)}"


@dataclasses.dataclass(frozen=True)
class Alternative:
    """Another program of the same examples, and an input that it answers differently.

    Attributes:
      status: `found`; `none`: it is proved that there is none; `undecided`.
      program: the other program.
      inputs: the integer Inputs of which the answers differ, [*dims] by name.
      labels: what networks say there, [*dims] by name.
      answers: by Output what the program gives there, and what the other gives, [*dims] each.
      seconds: that it took.
      proved: what was found out, in a sentence.
    """

    status: str
    program: Program | None
    inputs: Mapping[str, np.ndarray]
    labels: Mapping[str, np.ndarray]
    answers: Mapping[str, tuple[np.ndarray, np.ndarray]]
    seconds: float
    proved: str

    def __str__(self) -> str:
        lines = [f"{self.status} in {self.seconds:.1f} s: {self.proved}"]
        given = {**self.inputs, **self.labels}.items()
        lines += [f"{name} = {value.tolist()}" for name, value in given]
        lines += [
            f"{name}: {one.tolist()} by the program, {two.tolist()} by the other"
            for name, (one, two) in self.answers.items()
        ]
        return "\n".join(lines if self.program is None else [*lines, "", str(self.program)])


def solve(
    model: str | os.PathLike | CheckedModel,
    data: Any,
    labels: Mapping[str, object] | None = None,
    *,
    tolerate: float = 0.0,
    seconds: float = 600.0,
    smallest: Mapping[str, int] | None = None,
    hypers: Mapping[str, int] | None = None,
    hint: Program | Solution | Mapping[str, Any] | None = None,
    workers: int = 2,
    memory: int = 0,
    seed: int = 0,
    progress: bool = True,
) -> ExactSolution:
    """Finds a program that explains examples, or proves that there is none.

    Args:
      model: a model file, the text of one, or a checked model.
      data: the examples, as for `terpret.learn`. A model whose networks read images is told their
        labels: by the data, as for `terpret.learn`, or by `labels`.
      labels: what each network says of each image, integers [examples, *dims], under the network's
        name, or names like `digit(a)` where it reads several InputTensors. The data are arrays
        without images then.
      tolerate: the share of the examples that may stay unexplained; the program that explains most
        of them is found.
      seconds: for the search.
      smallest: Params with the value that is no instruction, like `{"instr": 0}`: of the programs
        that explain as many examples, one with the fewest other values.
      hypers: values for the model's hypers.
      hint: a program that may be near, found or learned, or the value of each of its Params.
      workers: how many search at once, each in a process and an order of its own; 0: one for each
        processor.
      memory: bytes that they may take; 0 is half of what is left.
      seed: of their randomness.
      progress: whether a line shows how it goes.

    Raises:
      ModelError, InputError, DataError, RunError: with what is wrong.
    """
    tolerated, given = share(tolerate), effort(seconds, workers, memory, seed)
    refuse_other_kinds(smallest=smallest)
    refuse_no_booleans(progress=progress)
    started = time.monotonic()
    problem = _read(model, data, labels, hypers)
    problem = _asked(problem, tolerated, smallest)
    near = None if hint is None else program_given("hint", hint, problem.model)
    line = tqdm(bar_format="{desc} [{elapsed}]", disable=not progress, leave=False)
    with line:
        found = search(problem, given, line.set_description_str, near)
    return _solution(found, problem, time.monotonic() - started)


def alternatives(
    model: str | os.PathLike | CheckedModel,
    program: Program | Solution | Mapping[str, Any],
    data: Any,
    labels: Mapping[str, object] | None = None,
    *,
    seconds: float = 600.0,
    hypers: Mapping[str, int] | None = None,
    among: Mapping[str, Any] | None = None,
    memory: int = 0,
    seed: int = 0,
) -> Alternative:
    """Whether examples decide a program, or another explains them and differs somewhere.

    Args:
      model: as of `solve`.
      program: the program, found or learned, or the value of each of its Params.
      data: the examples, each of which the program explains; as of `solve`.
      labels: as of `solve`.
      seconds: for the search.
      hypers: values for the model's hypers.
      among: the inputs that count, one of which two programs must answer differently: the integer
        Inputs, [candidates, *dims] by name, and what networks say there, under the names of
        `labels`. Any input that the model declares, unless given.
      memory: bytes that the solver may take; 0 is half of what is left.
      seed: of the solver's randomness.

    Raises:
      ModelError, InputError, DataError, RunError: with what is wrong.
    """
    given = effort(seconds, 1, memory, seed)
    started = time.monotonic()
    problem = _read(model, data, labels, hypers)
    own = program_given("program", program, problem.model)
    if (wrong := np.flatnonzero(~problem.explained(own))).size:
        raise InputError(f"the program does not explain example {wrong[0]}: it is wrong anyway")
    some = None if among is None else candidates(among, problem.model)
    with Solver(given.memory, given.seed) as solver:
        other = other_program(problem, own, solver, given.seconds, some)
    taken = time.monotonic() - started
    if other.program is None:
        told = f"no other program explains {_all(problem.size)} and differs from it"
        told += f" on one of the {some.size:,} candidates" if some is not None else ""
        status = "none" if other.proved else "undecided"
        return Alternative(status, None, {}, {}, {}, taken, other.stopped or told)
    answers = {
        name: (one[0], two[0])
        for (name, one), two in zip(
            own.run(other.inputs, other.labels).items(),
            other.program.run(other.inputs, other.labels).values(),
            strict=True,
        )
    }
    inputs, said = ({n: v[0] for n, v in part.items()} for part in (other.inputs, other.labels))
    them = "they do" if problem.size > 1 else "it does"
    told = f"another program explains {_all(problem.size)}: {them} not decide"
    return Alternative("found", other.program, inputs, said, answers, taken, told)


def _asked(problem: Problem, tolerate: float, smallest: Mapping[str, int] | None) -> Problem:
    """The problem with what may stay unexplained, and with what is no instruction.

    Raises:
      InputError: the model has no such Param or value.
    """
    no_op = no_ops(smallest, problem.model)
    unexplained = int(tolerate * problem.size)
    return dataclasses.replace(problem, unexplained=unexplained, no_op=no_op)


def _read(
    given: str | os.PathLike | CheckedModel,
    data: Any,
    labels: Mapping[str, object] | None,
    hypers: Mapping[str, int] | None,
) -> Problem:
    """A model and its examples.

    Raises:
      ModelError, InputError: one is wrong, or the model computes with tensors.
    """
    with temporary_folder() as folder, told_in_python(folder):
        if isinstance(given, CheckedModel):
            return _problem(given, data, labels)
        refuse_other_kinds(model=given, hypers=hypers)
        checked = check_model(model_path(model_file(given, folder)), as_python(hypers))
        # Where a text was written is gone afterwards.
        return _problem(without_folder(checked, folder), data, labels)


def _problem(model: CheckedModel, data: Any, labels: Mapping[str, object] | None) -> Problem:
    refuse_tensors(model)
    inputs = [v for v in model.of_kind("Input") if isinstance(v.domain, int)]
    outputs = model.of_kind("Output")
    if labels is None:
        examples = examples_given(data, model)
        arrays, said = examples.arrays, _labels(model, examples)
        size = examples.size
    else:
        arrays, told = as_arrays(data), as_arrays(labels, "labels")
        said = {
            name: checked_integers(told, name, image.dims, _answers(model, network))
            for name, (network, image) in label_names(model).items()
        }
        for variable in inputs:
            checked_integers(arrays, variable.name, variable.dims, variable.size)
        for variable in outputs:
            checked_integers(arrays, variable.name, variable.dims, variable.size, -1)
        sizes = {len(v) for v in (*said.values(), *(arrays[v.name] for v in (*inputs, *outputs)))}
        if len(sizes) > 1:
            raise InputError(f"data and labels differ in their number of examples: {sorted(sizes)}")
        size = sizes.pop() if sizes else 0
    if not size:
        raise InputError("data: there are no examples")
    return Problem(
        model,
        {variable.name: np.asarray(arrays[variable.name]) for variable in inputs},
        {variable.name: np.asarray(arrays[variable.name]) for variable in outputs},
        said,
        size,
    )


def _labels(model: CheckedModel, examples: Examples) -> dict[str, np.ndarray]:
    """The labels of all images, under the names of `label_names`.

    Raises:
      InputError: some are not known.
    """
    said = {}
    for name, (network, image) in label_names(model).items():
        known = examples.labels.get(network, {}).get(image.name)
        if known is None or (known < 0).any():
            raise InputError(
                f"{examples.source}: a solver reads no images: give what '{network}' says of each "
                f"one of '{image.name}' ({image.name}_{network}), or labels="
            )
        said[name] = known
    return said


def _answers(model: CheckedModel, name: str) -> int:
    """How many labels a network has."""
    return size_of(next(one.output for one in model.networks if one.name == name))


def _all(size: int) -> str:
    """All of so many examples, in words."""
    return f"the {size:,} examples" if size > 1 else "the example"


def _solution(found: Found, problem: Problem, seconds: float) -> ExactSolution:
    status, proved = outcome(found, problem)
    return ExactSolution(status, found.program, found.explained, problem.size, seconds, proved)
