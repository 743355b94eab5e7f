"""A signal at any moment: one line, nothing lost; and what `terpret.signals` does."""

import concurrent.futures
import contextlib
import dataclasses
import json
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from terpret import signals
from terpret.signals import Signals, Stopped
from tests.commands import evaluate, train

ROOT = Path(__file__).resolve().parent.parent
MODEL = """x = Input(10)[2]
y = Output(10)
which = Param(2)
shift = Param(10)


@Runtime([10, 10], 10)
def Add(a, b):
    return (a + b) % 10


with which as w:
    y.set_to(Add(x[w], shift))
"""
SECONDS = 300
NUMBERS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM]
BAR = " examples/s"
# What depends on when and where a run was done.
OWN = ("command", "verified_after", "diagnosis")


@dataclasses.dataclass(frozen=True)
class Ended:
    """What a process left: its exit status, and what it said apart from its progress."""

    status: int
    said: list[str]


@pytest.fixture
def flags(tmp_path: Path) -> list[str]:
    """Of a run of a model with two Params, in a folder of its own; without its --workdir."""
    instances = [{"x": [i % 10, i * 7 % 10], "y": (i * 7 + 3) % 10} for i in range(20)]
    batch = {"batch_name": "train", "hypers": "c", "instances": instances}
    (tmp_path / "model.py").write_text(MODEL)
    (tmp_path / "data.json").write_text(json.dumps([batch]))
    files = [f"--model={tmp_path}/model.py", f"--data={tmp_path}/data.json"]
    return [*files, "--restarts=2", "--examples=4000", "--stop_after_solved=-1", "--noxla"]


def start(*arguments: str) -> subprocess.Popen:
    """A command, as soon as it heeds signals."""
    process = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    heeded = 1 << signal.SIGTERM - 1
    while process.poll() is None:
        status = Path(f"/proc/{process.pid}/status").read_text()
        found = re.search(r"SigCgt:\t(\w+)", status)
        if found and int(found[1], 16) & heeded:
            break
        time.sleep(0.001)
    return process


def struck(process: subprocess.Popen, *numbers: int, apart: float = 0.0) -> Ended:
    """Sends signals to a process, some seconds apart, and waits for its end."""
    for number in numbers:
        process.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(apart)
    _, errors = process.communicate(timeout=SECONDS)
    lines = re.split("[\r\n]", errors.decode())
    return Ended(process.returncode, [line for line in lines if line.strip() and BAR not in line])


def done(workdir: Path) -> dict[str, object] | None:
    """The results of a run but for what depends on when it was stopped; None before its end."""
    path = workdir / "results.json"
    if not path.exists():
        return None
    results = json.loads(path.read_text())
    for entry in (results, *results["restarts"]):
        del entry["seconds"]
    return {name: results[name] for name in results if name not in OWN}


def assert_one_line(ended: Ended, workdir: Path) -> None:
    """A process was stopped with a word, or had come to its end before."""
    promise = f"stopped; the same command continues the run in {workdir}"
    if ended.status:
        assert ended.status == 1
        assert ended.said in (["stopped"], [promise])
    else:
        assert ended.said == []


def strike(flags: list[str], folder: Path, moments: int) -> None:
    """Signals at random moments of train.py and evaluate.py; all runs end in the same results."""
    whole = folder / "whole"
    begun = time.monotonic()
    assert struck(start("train.py", *flags, f"--workdir={whole}")) == Ended(0, [])
    # Most of both commands is their beginning.
    duration = time.monotonic() - begun
    results = done(whole)
    folders = [folder / "struck-0"]
    for number in range(moments):
        learns = number % 2 == 0
        if learns:
            script, workdir = ["train.py", *flags], folders[-1]
        else:
            script, workdir = ["evaluate.py", "--plots"], whole
        process = start(*script, f"--workdir={workdir}")
        # The first moments of all are its own kind.
        time.sleep(random.random() ** 1.5 * duration)
        kinds = [random.choice([signal.SIGINT, signal.SIGINT, signal.SIGTERM, signal.SIGHUP])]
        kinds += random.choice([[], [signal.SIGINT], [signal.SIGTERM, signal.SIGINT]])
        assert_one_line(struck(process, *kinds, apart=random.uniform(0, 0.5)), workdir)
        if learns and done(workdir):
            folders.append(folder / f"struck-{len(folders)}")
    assert train(*flags, f"--workdir={folders[-1]}") == 0
    assert evaluate(whole) == 0
    assert all(done(one) == results for one in [whole, *folders])
    assert not list(folder.rglob("*.tmp"))


def test_a_signal_at_a_random_moment_is_one_line(flags: list[str], tmp_path: Path) -> None:
    strike(flags, tmp_path, 2)


@pytest.mark.soak
def test_fifty_signals_at_random_moments_are_one_line_each(
    flags: list[str], tmp_path: Path
) -> None:
    strike(flags, tmp_path, 50)


def raised(*numbers: int) -> None:
    for number in numbers:
        signal.raise_signal(number)


@pytest.fixture(autouse=True)
def heard() -> Iterator[None]:
    """No signal is ignored, as `nohup` has it."""
    before = {number: signal.getsignal(number) for number in NUMBERS}
    ignored = [number for number, handler in before.items() if handler is signal.SIG_IGN]
    for number in ignored:
        signal.signal(number, signal.SIG_DFL)
    yield
    for number in ignored:
        signal.signal(number, signal.SIG_IGN)


def stop(action: Callable[[], object]) -> None:
    """Does work that a signal is to end; afterwards signals are as before."""
    before = [signal.getsignal(number) for number in NUMBERS]
    with pytest.raises(Stopped):
        signals.work(action)
    assert [signal.getsignal(number) for number in NUMBERS] == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_no_reader_of_files_takes_a_signal_for_a_fault_of_the_file(number: int) -> None:
    def read() -> None:
        try:
            raised(number)
        except Exception as error:
            raise ValueError("damaged") from error

    stop(read)


def test_what_a_signal_became_is_a_signal_still() -> None:
    def convert() -> None:
        try:
            raised(signal.SIGINT)
        except BaseException as error:
            raise SystemError("returned a result with an exception set") from error

    stop(convert)


def test_a_swallowed_signal_comes_again() -> None:
    """From a finalizer, which can raise nothing, without a word of it on standard error."""
    finalized = []

    class Finalized:
        def __del__(self) -> None:
            finalized.append(self)
            raised(signal.SIGINT)

    def swallow() -> None:
        Finalized()
        assert finalized
        time.sleep(20 * signals.AGAIN)
        raise AssertionError("the signal was lost")

    stop(swallow)


def test_an_import_is_not_ended_in_the_middle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "import signal\nsignal.raise_signal(signal.SIGINT)\nwhole = True\n"
    (tmp_path / "struck_while_imported.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    imported = []

    def read() -> None:
        import struck_while_imported

        imported.append(struck_while_imported.whole)
        time.sleep(20 * signals.AGAIN)
        raise AssertionError("the signal was lost")

    stop(read)
    assert imported == [True]


def test_later_signals_change_nothing() -> None:
    cleaned = []

    def work() -> None:
        try:
            raised(signal.SIGINT)
        finally:
            raised(signal.SIGTERM, signal.SIGINT)
            cleaned.append(True)

    stop(work)
    assert cleaned == [True]


def test_a_stretch_is_not_ended_in_the_middle() -> None:
    stretches = []

    def work() -> None:
        with Signals() as noted:
            raised(signal.SIGHUP, signal.SIGINT)
            stretches.append(noted.caught)
        raise AssertionError("the signal was forgotten")

    stop(work)
    with pytest.raises(Stopped), Signals():
        raised(signal.SIGTERM)
    assert stretches == [True]


def test_a_fault_in_a_stretch_is_told_though_a_signal_came() -> None:
    """Nothing was saved: that is more than that a signal came."""

    def work() -> None:
        with Signals():
            raised(signal.SIGTERM)
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        signals.work(work)


def test_a_signal_that_is_ignored_stays_so() -> None:
    """As `nohup` has it for SIGHUP, and a shell's script for SIGINT of what it leaves behind."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)

    def work() -> int:
        with Signals() as noted:
            raised(signal.SIGHUP)
            assert not noted.caught
        raised(signal.SIGHUP)
        return 3

    try:
        assert signals.work(work) == 3
    finally:
        signal.signal(signal.SIGHUP, before)


def test_elsewhere_than_in_the_main_thread_signals_are_left_alone() -> None:
    with concurrent.futures.ThreadPoolExecutor() as pool:
        assert pool.submit(signals.work, lambda: 2).result() == 2


@pytest.mark.parametrize("command", [["train.py"], ["evaluate.py"], ["demo.py"], ["-m", "terpret"]])
def test_without_its_packages_a_command_says_how_to_have_them(command: list[str]) -> None:
    """`-S` is a Python without the environment's packages."""
    told = subprocess.run(
        [sys.executable, "-S", *command], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    package = "numpy" if command[0] == "-m" else "absl"
    assert (told.returncode, told.stdout) == (1, "")
    assert told.stderr.count("\n") == 1 and f" has no package {package}: " in told.stderr
    assert "type source .venv/bin/activate first" in told.stderr or "make demo" in told.stderr
