"""How costs grow with a program's steps, its cells and the restarts, beside peers written by hand.

    python -m benchmarks.growth --json=benchmarks/growth.json --figure=docs/growth
    python -m benchmarks.growth --rows=turing:20x60x10,math:32x50x10 --seconds=300
    python -m benchmarks.growth --quick

A row is MODEL:CELLSxSTEPSxRESTARTS, batch 16 (`benchmarks/peers/problems.py`). Ours is the
learner's training step: losses, gradients and Adam. The peers are the same by hand, in TensorFlow
and in JAX (`benchmarks/requirements.txt`; `--jax` is the Python that has it). At a small size their
losses and gradients are first held against ours.

- *ready*: from the call that builds to the end of the first step, without imports; one process at
  a time, nothing else running.
- *step*: the median of five blocks of about a second, in which the processes take turns.
- *memory*: the largest resident size of the process.
- *of JAX's*: the median of the blocks' ratios of our step to JAX's.

What takes longer than `--seconds` or more than `--gigabytes` is ended, and its row says so. With
`--json` rows join those that the file has; the table and the figure show all of them.
"""

import argparse
import contextlib
import dataclasses
import signal
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.peers.child import Child, Ended, Limits, ask, line, peak_gigabytes, started
from benchmarks.peers.measured import IMPLEMENTATIONS, Measured, read, table, write
from benchmarks.peers.problems import Problem, problem

ROWS = (
    *("turing:5x9x10", "turing:10x20x10", "turing:40x200x10"),
    *(f"turing:20x{steps}x10" for steps in (9, 20, 60, 240)),
    *(f"turing:{cells}x60x10" for cells in (5, 10, 40)),
    *(f"turing:20x60x{restarts}" for restarts in (1, 100)),
    *("math:4x6x10", "math:16x25x10", "math:32x50x10"),
)
QUICK = ("turing:5x9x10", "math:4x6x10")
# Where implementations are held against each other.
SMALL = {"turing": "turing:5x9x10", "math": "math:4x6x10"}
TOLERANCE = 1e-4
# No peer in TensorFlow: `benchmarks/math_peer.py` is MATH by hand there, unrolled.
MISSING = {("math", "tensorflow")}


def agree(model: str, pythons: Mapping[str, str], limits: Limits) -> None:
    """Prints how far each peer's losses and gradients are from ours; ends if it is too far."""
    with tempfile.TemporaryDirectory() as folder:
        found = {}
        for name in _those_of(model, pythons):
            path = f"{folder}/{name}.npz"
            with started([*_command(name, pythons), SMALL[model], path], limits) as child:
                try:
                    line(child)
                except Ended as ended:
                    print(f"{SMALL[model]}: {name} was not compared: {ended}", flush=True)
                    continue
            found[name] = dict(np.load(path))
    ours = found.pop("ours", None)
    for name, theirs in found.items() if ours else ():
        apart = max(_apart(ours[what], theirs[what]) for what in ours)
        print(f"{SMALL[model]}: {name} differs from ours by {apart:.1e}", flush=True)
        if not apart <= TOLERANCE:
            sys.exit(f"error: that is more than {TOLERANCE:g}: they do not compute the same")


def measure(
    given: Problem, pythons: Mapping[str, str], limits: Limits, blocks: int
) -> dict[str, Measured]:
    """A row: each implementation is made ready alone, then they take turns."""
    result: dict[str, Measured] = {}
    with contextlib.ExitStack() as stack:
        children: dict[str, Child] = {}
        for name in _those_of(given.model, pythons):
            command = [*_command(name, pythons), str(given)]
            child = stack.enter_context(started(command, limits))
            try:
                ready = line(child)["ready_s"]
                result[name] = Measured(ready, gigabytes=peak_gigabytes(child))
                children[name] = child
            except Ended as ended:
                result[name] = Measured(why=str(ended))
        for _ in range(blocks):
            for name, child in list(children.items()):
                try:
                    ask(child)
                    steps = (*result[name].steps_ms, line(child)["step_ms"])
                    peak = peak_gigabytes(child)
                    result[name] = dataclasses.replace(result[name], steps_ms=steps, gigabytes=peak)
                except Ended as ended:
                    result[name] = dataclasses.replace(result[name], why=str(ended))
                    del children[name]
    return result


def _apart(ours: np.ndarray, theirs: np.ndarray) -> float:
    """The largest difference, as a part of the largest of our numbers."""
    return float(np.abs(ours - theirs).max() / np.abs(ours).max())


def _those_of(model: str, pythons: Mapping[str, str]) -> list[str]:
    return [name for name in pythons if (model, name) not in MISSING]


def _command(name: str, pythons: Mapping[str, str]) -> list[str]:
    return [pythons[name], "-m", f"benchmarks.peers.step_{name}"]


def _flags(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measures how costs grow.")
    parser.add_argument("--rows", default=",".join(ROWS), help="MODEL:CELLSxSTEPSxRESTARTS, ...")
    parser.add_argument("--quick", action="store_true", help="two small rows, one block")
    parser.add_argument("--only", default=",".join(IMPLEMENTATIONS), help="ours, tensorflow, jax")
    parser.add_argument("--blocks", type=int, default=5, help="blocks of each implementation")
    parser.add_argument("--seconds", type=float, default=600, help="a child's limit")
    parser.add_argument("--gigabytes", type=float, default=8, help="a child's limit")
    parser.add_argument("--jax", default=sys.executable, help="the Python that has JAX")
    parser.add_argument("--json", type=Path, help="the file that rows join")
    parser.add_argument("--figure", help="where the figure goes, without .png and .svg")
    return parser.parse_args(arguments)


def _problems(names: Iterable[str]) -> list[Problem]:
    try:
        return [problem(name) for name in names if name]
    except ValueError as error:
        sys.exit(f"error: {error}")


def main() -> None:
    """Measures what the command line asks for."""
    flags = _flags()
    # Told to end, it still ends the processes that it has begun.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    wanted = _problems(QUICK if flags.quick else flags.rows.split(","))
    only = flags.only.split(",")
    for name in only:
        if name not in IMPLEMENTATIONS:
            sys.exit(f"error: --only={name} is none of {', '.join(IMPLEMENTATIONS)}")
    pythons = {name: flags.jax if name == "jax" else sys.executable for name in only}
    limits = Limits(flags.seconds, flags.gigabytes)
    rows = read(flags.json) if flags.json else {}
    for model in dict.fromkeys(given.model for given in wanted):
        agree(model, pythons, limits)
    for given in wanted:
        found = measure(given, pythons, limits, 1 if flags.quick else flags.blocks)
        print(table({str(given): found}).splitlines()[-1], flush=True)
        rows[str(given)] = {**rows.get(str(given), {}), **found}
        if flags.json:
            write(flags.json, rows)
    print(f"\n{table(rows)}")
    if flags.figure:
        # Draws with matplotlib, which nothing else here needs.
        from benchmarks.growth_figure import draw

        draw(rows, flags.figure)


if __name__ == "__main__":
    main()
