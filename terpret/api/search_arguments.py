"""The arguments of `terpret.solve` and `terpret.alternatives` that say how is searched."""

import math
import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from terpret.api.arguments import as_python
from terpret.api.solution import Solution
from terpret.backends.exact.alternatives import Candidates
from terpret.backends.exact.problem import Effort, in_tenths
from terpret.backends.exact.room import LEAST_MEMORY, too_little
from terpret.data.given_arrays import as_arrays
from terpret.discrete.program import Program, checked_integers, program_of
from terpret.errors import InputError
from terpret.language.checked import CheckedModel, Variable, size_of
from terpret.language.errors import suggestion
from terpret.language.reads import label_names
from terpret.memory_sizes import bytes_in

# More seeds, searchers or bytes than anybody has.
_SEEDS, _SEARCHERS, _BYTES = 2**31 - 1, 1_000, 2**63 - 1
# Larger weights make the solver count far.
MOST_WEIGHT = 100


def effort(seconds: object, workers: object, memory: object, seed: object) -> Effort:
    """What a search may take; numbers of NumPy are numbers, and 0 workers one a processor.

    Raises:
      InputError: one is no such number, or no such size.
    """
    time = _number(seconds)
    if time is None or not time > 0:
        raise InputError(f"seconds={seconds!r:.60} is not a time")
    most = {"workers": _SEARCHERS, "memory": _BYTES, "seed": _SEEDS}
    found = as_python({"workers": workers, "memory": memory, "seed": seed})
    if isinstance(memory, str):
        found["memory"] = bytes_in(memory)
        if found["memory"] is None:
            raise InputError(f"memory={memory!r:.60} is not a size like '4GB' or '512MB'")
    for name, value in found.items():
        if type(value) is not int or not 0 <= value <= most[name]:
            raise InputError(f"{name}={value!r:.60} is not an int from 0 to {most[name]:,}")
    searchers = found["workers"] or os.cpu_count() or 1
    if (found["memory"] or isinstance(memory, str)) and found["memory"] < searchers * LEAST_MEMORY:
        raise InputError(
            f"memory={memory!r:.60} is {found['memory']:,} bytes: {too_little(searchers)}; write "
            "'4GB', or 4 * 10**9"
        )
    return Effort(time, searchers, found["memory"], found["seed"])


def share(tolerate: object) -> float:
    """The share of examples that may stay unexplained.

    Raises:
      InputError: it is none.
    """
    part = _number(tolerate)
    if part is None or not 0 <= part < 1:
        raise InputError(f"tolerate={tolerate!r:.60} is not a share from 0 to less than 1")
    return part


def weights_given(weights: Any, size: int) -> tuple[int, ...]:
    """The weights of examples, as small integers: shares are tenths of the largest.

    Args:
      weights: integers from 1 to `MOST_WEIGHT`, or positive floats; None for none.
      size: how many examples there are.

    Raises:
      InputError: they are no such numbers.
    """
    if weights is None:
        return ()
    try:
        given = np.asarray(weights)
    except (ValueError, TypeError):
        given = np.zeros(())
    if given.shape != (size,) or given.dtype.kind not in "iuf":
        raise InputError(f"weights: give a positive number for each of the {size:,} examples")
    wrong = np.flatnonzero(~((given > 0) & np.isfinite(given)))
    if len(wrong):
        raise InputError(
            f"weights: that of example {wrong[0]} is {given[wrong[0]]}, which is not positive: "
            "leave out an example that counts nothing"
        )
    if given.dtype.kind == "f":
        return in_tenths(given)
    if given.max() > MOST_WEIGHT:
        raise InputError(f"weights: integers are from 1 to {MOST_WEIGHT}; floats may be any")
    return tuple(map(int, given))


def no_ops(smallest: Mapping[str, int] | None, model: CheckedModel) -> dict[str, int]:
    """The values of Params that are no instruction.

    Raises:
      InputError: the model has no such Param or value.
    """
    params = {variable.name: variable for variable in model.of_kind("Param")}
    values = as_python(dict(smallest or {}))
    for name, value in values.items():
        if name not in params:
            hint = suggestion(name, params) or f"there are: {', '.join(params) or 'none'}"
            raise InputError(f"smallest: there is no Param '{name}'; {hint}")
        if type(value) is not int or value not in range(params[name].size):
            raise InputError(
                f"smallest={{'{name}': {value!r:.60}}}: {_no_value(params[name], value)}"
            )
    return values


def _no_value(param: Variable, value: object) -> str:
    """That a Param has no such value, and the number of the one that is called so."""
    called = [one for one in range(param.size) if param.word(one) == value]
    told = f"the Param has the values 0..{param.size - 1}"
    return f"{told}; {value!r} is {called[0]}" if called else told


def program_given(name: str, program: Any, model: CheckedModel) -> Program:
    """A program that is given as one, with its networks, or by the value of each of its Params.

    Raises:
      InputError: it is none of the model's.
    """
    values = program.values if isinstance(program, Program | Solution) else program
    if not isinstance(values, Mapping) or not all(isinstance(one, str) for one in values):
        raise InputError(f"{name}={program!r:.60} is no program, and no mapping from Params")
    try:
        return program_of(model, values)
    except InputError as error:
        raise InputError(f"{name}: {error}") from None


def candidates(among: Mapping[str, Any], models: Sequence[CheckedModel]) -> Candidates:
    """The inputs among which one is to tell two programs apart.

    Args:
      among: the arrays by name, as of `terpret.alternatives`.
      models: the model under each of the examples' hypers.

    Raises:
      InputError: they are none of the model's, or there are several.
    """
    if len(models) > 1:
        raise InputError(
            f"among: the examples are under {len(models)} configurations of hypers, and inputs can "
            "only be given under one"
        )
    model = models[0]
    given = as_arrays(among, "among")
    integers = [v for v in model.of_kind("Input") if isinstance(v.domain, int)]
    answers = {network.name: size_of(network.output) for network in model.networks}
    said = label_names(model)
    places = [(v.name, v.dims, v.size) for v in integers]
    places += [(name, image.dims, answers[network]) for name, (network, image) in said.items()]
    names = [name for name, _, _ in places]
    for name in given:
        if name not in names:
            hint = suggestion(name, names) or f"there are: {', '.join(names) or 'none'}"
            raise InputError(f"among: there is no Input and no label '{name}'; {hint}")
    try:
        arrays = {name: checked_integers(given, name, dims, size) for name, dims, size in places}
    except InputError as error:
        raise InputError(f"among: {error}") from None
    sizes = {len(array) for array in arrays.values()}
    if len(sizes) > 1:
        raise InputError(f"among: its arrays differ in their number of inputs: {sorted(sizes)}")
    if not sizes or not max(sizes):
        raise InputError("among: there are no inputs")
    labels = {name: arrays[name] for name in said}
    return Candidates({v.name: arrays[v.name] for v in integers}, labels, sizes.pop())


def _number(value: object) -> float | None:
    number = as_python(value)
    if isinstance(number, bool) or not isinstance(number, int | float):
        return None
    try:
        return float(number)
    except OverflowError:
        return math.inf
