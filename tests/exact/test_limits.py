"""What a search may take: time and memory, of the solvers and of what encodes for them."""

import itertools
import json
import math
import time
from pathlib import Path

import numpy as np
import pytest

import terpret
from terpret.backends.exact import searcher
from terpret.backends.exact.clauses import Clauses
from terpret.backends.exact.problem import Effort, Group, Problem
from terpret.backends.exact.room import NO_TIME
from terpret.backends.exact.search import Race, search
from terpret.backends.exact.solver import AT_ONCE, Solver
from terpret.compile import check_model
from terpret.language.errors import Source
from terpret.memory_sizes import bytes_in
from tests.commands import train
from tests.exact.test_runs import exact
from tests.exact.test_solve import LOOKUP

# 250,000 entries, none of which any value folds, and a loop of many steps.
WIDE = """x = Input(500)
y = Output(2)
p = Param(500)[2]


@Runtime([500, 500], 2)
def f(a, b):
    return (a + b) % 2


y.set_to(f(p[0], p[1]))
"""
DEEP = """x = Input(50)
y = Output(50)
p = Param(50)[50]
at = Var(50)[3001]
at[0].set_to(x)
for t in range(3000):
    with at[t] as a:
        at[t + 1].set_to(p[a])
y.set_to(at[3000])
"""


def problem(text: str, count: int = 4, most: int = 4) -> Problem:
    """A model of one Input and Output, with random examples."""
    model = check_model(Source("m.py", text))
    x = np.arange(count) % most
    return Problem((Group(model, {"x": x}, {"y": (x + 1) % 2}, {}, count),))


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("4", 4 * 10**9),
        ("4GB", 4 * 10**9),
        ("1.5 gib", 3 * 2**29),
        ("512MB", 512 * 10**6),
        ("4 G", None),
        ("GB", None),
        ("-1GB", None),
        ("1e3", None),
        ("4GB,", None),
        ("99999999TB", None),
        ("nan", None),
    ],
)
def test_a_size_is_a_number_of_gigabytes_or_has_a_unit(text: str, number: int | None) -> None:
    assert bytes_in(text) == number


def test_a_solver_that_takes_too_much_memory_is_ended_and_the_best_is_kept() -> None:
    few = problem(LOOKUP, 8)
    hint = terpret.program_of(few.model, {"p": np.zeros(4, int)})
    found = search(few, Effort(60.0, memory=1), hint=hint)
    assert not found.proved and found.program is not None
    assert "memory" in found.stopped


def test_a_solver_is_ended_when_its_processor_seconds_are_over() -> None:
    # Twelve things in eleven places, no two in one: short to say, long to refute.
    clauses = Clauses()
    places = [[clauses.literal() for _ in range(11)] for _ in range(12)]
    for thing in places:
        clauses.require(*thing)
    for one, two in itertools.combinations(places, 2):
        for a, b in zip(one, two, strict=True):
            clauses.require(-a, -b)
    with Solver(processor_seconds=1.0) as solver:
        answer = solver.solve(clauses, 300.0)
        assert solver.seconds_taken() < 10
    assert (answer.holds, answer.proved, answer.stopped) == (None, False, NO_TIME)


@pytest.mark.parametrize(
    ("at_once", "most", "used"), [(True, 10**6, 8), (True, 0, 4), (False, 0, 4)]
)
def test_few_examples_are_taken_at_once_and_long_ones_one_by_one(
    at_once: bool, most: int, used: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searcher, "AT_ONCE_LITERALS", most)
    race = Race(problem(LOOKUP, 8), Effort(60.0), None)
    with race.solver(0, AT_ONCE, math.inf) as solver:
        found = searcher.Searcher(race, 1, solver, 0, at_once).found()
    assert found.proved and found.explained == 8
    # Of eight examples four are others.
    assert found.used == 8 if used == 8 else found.used <= used


@pytest.mark.parametrize("text", [WIDE, DEEP])
def test_encoding_is_ended_when_its_time_is_over(text: str) -> None:
    deep = problem(text, most=50)
    began = time.monotonic()
    found = search(deep, Effort(2.0))
    assert time.monotonic() - began < 12
    assert found.program is None and not found.proved and found.stopped == "there was no more time"


def test_encoding_is_ended_when_it_takes_too_much_memory() -> None:
    found = search(problem(DEEP, most=50), Effort(120.0, memory=40 * 2**20))
    assert found.program is None and not found.proved and "of memory" in found.stopped


def test_another_program_is_not_searched_beyond_its_time() -> None:
    began = time.monotonic()
    program = {"p": np.zeros(2, int)}
    other = terpret.alternatives(WIDE, program, {"x": [0], "y": [0]}, seconds=0.05)
    assert (other.status, other.proved) == ("undecided", "there was no more time")
    assert time.monotonic() - began < 20


@pytest.mark.parametrize(
    ("flag", "said"),
    [
        ("--memory=4 apples", "--memory=4 apples is not a size: write 4GB, or 512MB"),
        ("--memory=0.1", "--memory=0.1: a solver takes 67 MB at least, and there are 2"),
    ],
)
def test_memory_that_is_no_size_is_one_sentence(
    flag: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(*exact(tmp_path, flag)) == 1
    assert said in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_memory_is_for_a_solver(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert train(*exact(tmp_path, "--memory=4GB", "--preset=robust")) == 1
    assert "--memory is for a solver: preset robust has none" in capsys.readouterr().err


def test_what_memory_did_not_decide_goes_on_with_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = exact(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr("terpret.backends.exact.solver.Solver.bytes_taken", lambda _: 2**60)
        assert train(*flags, "--memory=200MB") == 1
    told = capsys.readouterr().out
    assert "undecided" in told and "the solver took more than 100 MB of memory" in told
    assert "goes on with the search, also with more --seconds or --memory" in told
    kept = json.loads((tmp_path / "run" / "exact.json").read_text())
    assert kept["status"] == "undecided"
    assert train(*flags, "--memory=1GB", "--seconds=60") == 0
    assert "found" in capsys.readouterr().out
