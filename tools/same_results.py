"""Whether two checkouts learn the same: small seeded runs in both, compared to the bit.

    python tools/same_results.py BEFORE AFTER [--jobs=turing,lifelong] [--work=FOLDER]

For changes of structure. Each job is a command of `train.py`, done in both checkouts side by side;
then results, programs, curves and every tensor of the last checkpoint are compared, whatever the
tensors and the keys of the results are called. What no change may keep (seconds and the like, by
OWN) is left out. The exit status is 1 if anything differs.
"""

import argparse
import collections
import dataclasses
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

TURING = "tests/models/data/turing_invert"
DATA = (f"--data={TURING}_data.json", f"--hypers={TURING}_hypers.json")
SMALL = ("--noxla", "--seed=3", "--restarts=2", "--check_every=100")
DIGITS = (*SMALL, "--examples=640", "--digits=embedded")
OPERATORS = (*SMALL, "--examples=640", "--operators=embedded")
PRESETS = ("robust", "cyclic", "search", "ntpt", "terpret", "terpret-custom", "terpret-fp")
# What a change of structure may change: times, and what says which version wrote a file.
OWN = frozenset(
    "seconds verified_after command versions format source sources data networks_from "
    "tested_on tested on_images hypers stage diagnosis method".split()
)
# Keys that were renamed: the newer name, the oldest one, under which both are compared.
RENAMED = {
    "restart": "seed",
    "root_seed": "seed",
    "solved_after": "solved",
    "soft_accuracy": "test_accuracy",
    "network_accuracies": "nets",
    "stages": "learners",
    "runs": "clock",
}
# Objects whose keys stood beside them in older versions.
INSIDE = ("further", "run")


@dataclasses.dataclass(frozen=True)
class Job:
    """A command of `train.py`, without its --workdir.

    Attributes:
      arguments: its flags.
      needs: the job whose run folder stands for NEEDED in them, if there is one.
      killed: whether the command is killed by SIGKILL after its first checkpoint, and run again.
    """

    arguments: tuple[str, ...]
    needs: str = ""
    killed: bool = False


def jobs() -> dict[str, Job]:
    """All jobs, by name; what one needs comes before it."""
    turing = ("--model=turing.py", *SMALL, *DATA)
    found = {
        f"turing-{preset}": Job((*turing, f"--preset={preset}", "--examples=1500"))
        for preset in PRESETS
    }
    for name, stem in (("circuit", "circuit_swap"), ("basic_block", "basic_block_access")):
        files = (f"--{kind}=tests/models/data/{stem}_{kind}.json" for kind in ("data", "hypers"))
        found[name] = Job((f"--model={name}.py", *SMALL, *files, "--examples=400"))
    found |= {
        "turing-xla": Job(
            tuple(flag for flag in turing if flag != "--noxla") + ("--examples=1500",)
        ),
        "turing-killed": Job((*turing, "--examples=3000", "--checkpoint_seconds=0"), killed=True),
        "turing-refill": Job((*turing, "--preset=ntpt", "--refill", "--examples=70000")),
        "turing-shard": Job((*turing, "--shard=2/2", "--examples=1500")),
        "add2x2-robust": Job((*DIGITS, "--task=right")),
        "add2x2-ntpt": Job((*DIGITS, "--preset=ntpt", "--task=top", "--distinct_grids=100")),
        "add2x2-search": Job((*DIGITS, "--preset=search", "--task=left")),
        "apply2x2": Job((*OPERATORS, "--model=apply2x2_model.py", "--task=top")),
        "apply2x2-frozen": Job(
            (*OPERATORS, "--model=apply2x2_model.py", "--init_nets=NEEDED", "--freeze_nets=320"),
            needs="apply2x2",
        ),
        "math": Job(
            (*OPERATORS, "--digits=embedded", "--model=math_model.py", "--init_nets=NEEDED"),
            needs="apply2x2",
        ),
        "mazes": Job((*SMALL, "--model=maze_model.py", "--signs=embedded", "--examples=640")),
        "lifelong": Job(
            _experiment("lifelong", "robust,ntpt,indep,PNN,MTNN-1", "--examples=2000")
            + ("--operators=embedded",)
        ),
        "weak_supervision": Job(
            ("--experiment=weak_supervision", *_of_experiments("--examples=400"))
        ),
        "stages": Job(
            ("--experiment=mazes", "--learners=robust,ntpt", "--noxla", "--seed=3")
            + ("--restarts=2", "--examples=320", "--check_every=100", "--signs=embedded")
        ),
        "terpret": Job(
            ("--experiment=terpret", "--learners=robust,terpret", "--tasks=turing_invert")
            + ("--noxla", "--seed=3", "--restarts=2", "--examples=300")
        ),
    }
    return found


def _experiment(name: str, learners: str, *more: str) -> tuple[str, ...]:
    return (f"--experiment={name}", f"--learners={learners}", *_of_experiments(*more))


def _of_experiments(*more: str) -> tuple[str, ...]:
    return ("--noxla", "--seed=3", "--restarts=2", "--digits=embedded", *more)


def run(checkout: Path, job: Job, folder: Path, needed: Path) -> subprocess.Popen:
    """Starts a job in a checkout; it goes on from where it was stopped."""
    arguments = [part.replace("NEEDED", str(needed)) for part in job.arguments]
    command = [sys.executable, "train.py", *arguments, f"--workdir={folder}"]
    environment = {**os.environ, "PYTHONPATH": str(checkout), "TF_CPP_MIN_LOG_LEVEL": "3"}
    log = (folder.parent / f"{folder.name}.log").open("ab")
    return subprocess.Popen(command, cwd=checkout, env=environment, stdout=log, stderr=log)


def kill_after_checkpoint(process: subprocess.Popen, folder: Path) -> None:
    """Kills a run as soon as it has written a checkpoint."""
    while process.poll() is None and not list(folder.glob("checkpoints/*.index")):
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()


def facts(folder: Path) -> Iterator[tuple[str, object]]:
    """Everything that a run folder holds and that must be the same, by what it is."""
    for path in sorted(folder.rglob("*.json")):
        name = str(path.relative_to(folder))
        if path.name in ("results.json", "curves.json", "program.json", "course.json"):
            yield name, _plain(json.loads(path.read_text(encoding="utf-8")))
    for path in sorted(folder.rglob("program.txt")):
        yield str(path.relative_to(folder)), path.read_text(encoding="utf-8")
    for path in sorted({p.parent for p in folder.rglob("checkpoints/*.index")}):
        yield str(path.relative_to(folder)), _tensors(path)


def _plain(value: object) -> object:
    """JSON without what may differ and what is empty, under the oldest names of its keys."""
    if isinstance(value, dict):
        for name in INSIDE:
            if isinstance(value.get(name), dict):
                value = {key: v for key, v in value.items() if key != name} | value[name]
        kept = {RENAMED.get(key, key): v for key, v in value.items() if key not in OWN}
        # The sign of a restart that was not solved.
        if kept.get("solved") == -1:
            del kept["solved"]
        return {k: _plain(v) for k, v in sorted(kept.items()) if v not in (None, [], {})}
    return [_plain(v) for v in value] if isinstance(value, list) else value


def _tensors(folder: Path) -> dict[str, int]:
    """How often the newest checkpoint holds each tensor that is not 0, by type, shape and bits."""
    import tensorflow as tf

    reader = tf.train.load_checkpoint(str(max(folder.glob("*.index")).with_suffix("")))
    found: collections.Counter[str] = collections.Counter()
    for name in reader.get_variable_to_shape_map():
        values = np.asarray(reader.get_tensor(name))
        # What was never used says nothing: a structure may keep it or not.
        if values.dtype.kind not in "OS" and np.any(values):
            digest = hashlib.sha256(values.tobytes()).hexdigest()[:16]
            found[f"{values.dtype} {list(values.shape)} {digest}"] += 1
    return dict(found)


def difference(before: object, after: object, place: str) -> str:
    """The first place where two values differ; empty where they are the same."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted(before.keys() | after.keys()):
            if key not in before or key not in after:
                return f"{place}: {key} is only {'after' if key in after else 'before'}"
            found = difference(before[key], after[key], f"{place}/{key}")
            if found:
                return found
        return ""
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        pairs = zip(before, after, strict=True)
        found = (difference(a, b, f"{place}[{k}]") for k, (a, b) in enumerate(pairs))
        return next(filter(None, found), "")
    return "" if before == after else f"{place}: {str(before)[:80]!r}, then {str(after)[:80]!r}"


def compare(name: str, checkouts: list[Path], work: Path) -> str:
    """Does a job in both checkouts; what differs first, or empty."""
    job = jobs()[name]
    folders = [work / side / name for side in ("before", "after")]
    for folder in folders:
        folder.parent.mkdir(parents=True, exist_ok=True)
    starts = list(zip(checkouts, folders, strict=True))
    if job.killed:
        for checkout, folder in starts:
            kill_after_checkpoint(run(checkout, job, folder, folder), folder)
    processes = [run(c, job, folder, folder.parent / job.needs) for c, folder in starts]
    for process, folder in zip(processes, folders, strict=True):
        if process.wait():
            return f"exit status {process.returncode}: see {folder}.log"
    return difference(*(dict(facts(folder)) for folder in folders), name)


def main() -> int:
    """Compares the checkouts that the command line names; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument("--jobs", default=",".join(jobs()), help="some of them")
    parser.add_argument("--work", type=Path, help="keep the runs in this folder")
    options = parser.parse_args()
    work = options.work or Path(tempfile.mkdtemp(prefix="same_results-"))
    checkouts = [options.before.resolve(), options.after.resolve()]
    failed = 0
    for name in options.jobs.split(","):
        started = time.monotonic()
        found = compare(name, checkouts, work.resolve())
        failed += bool(found)
        print(f"{name}: {found or 'the same'} ({time.monotonic() - started:.0f} s)", flush=True)
    if not options.work and not failed:
        shutil.rmtree(work)
    print(f"{failed} of {len(options.jobs.split(','))} jobs differ")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
