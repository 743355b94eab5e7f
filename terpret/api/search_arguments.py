"""The arguments of `terpret.solve` and `terpret.alternatives` that say how is searched."""

import math
import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from terpret.api.arguments import as_python
from terpret.api.solution import Solution
from terpret.backends.exact.problem import Effort, in_tenths
from terpret.backends.exact.room import LEAST_MEMORY, too_little
from terpret.discrete.program import Program, program_of
from terpret.errors import InputError
from terpret.language.checked import CheckedModel, Variable
from terpret.language.errors import suggestion
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


def _number(value: object) -> float | None:
    number = as_python(value)
    if isinstance(number, bool) or not isinstance(number, int | float):
        return None
    try:
        return float(number)
    except OverflowError:
        return math.inf
