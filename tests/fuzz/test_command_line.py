"""Commands of every kind: each ends with a word, and touches nothing but its own folder.

TERPRET_FUZZ_COMMANDS says how many are tried.
"""

import contextlib
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import types
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest
from absl.testing import flagsaver
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import train as train_script
from experiments.command import evaluation, training
from terpret.command import arguments
from terpret.files import own_files
from terpret.files.lock import LOCK, WRITER
from tests.commands import FILES

ROOT = Path(__file__).resolve().parent.parent.parent
COMMANDS = int(os.environ.get("TERPRET_FUZZ_COMMANDS", "40"))
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
INSTANCES = [{"x": [i % 10, i * 7 % 10], "y": (i * 7 + 3) % 10} for i in range(8)]


def batches(*instances: object, name: str = "train") -> str:
    return json.dumps([{"batch_name": name, "hypers": "c", "instances": list(instances)}])


def arrays(**values: list) -> bytes:
    """An .npz file."""
    stream = io.BytesIO()
    np.savez(stream, **{name: np.array(value) for name, value in values.items()})
    return stream.getvalue()


COLUMNS = {name: [one[name] for one in INSTANCES] for name in ("x", "y")}
TABLE = "x[0],x[1],y\n" + "".join(f"{o['x'][0]},{o['x'][1]},{o['y']}\n" for o in INSTANCES)
# What lies in a folder, by name: models and data of every kind, and what is somebody else's.
INPUTS: dict[str, str | bytes] = {
    "model.py": MODEL,
    "model [1].py": MODEL,
    "größe.py": MODEL.replace("shift", "größe"),
    "crlf.py": MODEL.replace("\n", "\r\n"),
    "bom.py": "\ufeff" + MODEL,
    "latin.py": ("# größe\n" + MODEL).encode("latin-1"),
    "wrong.py": MODEL.replace("Add(x[w]", "Ad(x[w]"),
    "unfinished.py": MODEL[:-5],
    "program.py": "import os\nos.remove('notes.txt')\n",
    "nothing.py": "",
    "binary.py": bytes(range(256)),
    "data.json": batches(*INSTANCES),
    "single.json": batches(INSTANCES[0]),
    "test.json": batches(*INSTANCES, name="test"),
    "twice.json": json.dumps(2 * json.loads(batches(*INSTANCES))),
    "other.json": batches({"a": 1, "b": 2}),
    "less.json": batches({"x": [1, 2]}),
    "outside.json": batches({"x": [1, 20], "y": 3}),
    "shape.json": batches({"x": [1], "y": 3}),
    "words.json": batches({"x": ["one", "two"], "y": "three"}),
    "null.json": batches({"x": [1, 2], "y": None}),
    "none.json": batches(),
    "number.json": "3",
    "nan.json": '[{"batch_name": "train", "hypers": "c", "instances": [{"x": [NaN, 1], "y": 1}]}]',
    "deep.json": "[" * 5000,
    "cut.json": batches(*INSTANCES)[:-9],
    "nothing.json": "",
    "binary.json": bytes(range(256)),
    "list.json": json.dumps(INSTANCES),
    "rows.jsonl": "\n".join(map(json.dumps, INSTANCES)),
    "cut.jsonl": json.dumps(INSTANCES[0]) + '\n{"x": [1',
    "data.npz": arrays(**COLUMNS),
    "less.npz": arrays(y=[1, 2]),
    "ragged.npz": arrays(x=[[1, 2]], y=[1, 2]),
    "cut.npz": arrays(**COLUMNS)[:200],
    "rows.csv": TABLE,
    "words.csv": TABLE.replace("7", "seven"),
    "no_header.csv": TABLE.split("\n", 1)[1],
    "table/train.csv": TABLE,
    "hypers.json": json.dumps({"c": {}}),
    "more.json": json.dumps({"c": {"T": 3}}),
    "mine.toml": "program_rate = 0.05\nanneal = false\n",
    "wrong.toml": "[robust]\nprogram_rate = 0.05\n",
    "cut.toml": "program_rate = ",
    "latin.toml": "# größe\n".encode("latin-1"),
    "notes.txt": "mine",
    "theirs/config.json": '{"learning_rate": 0.1}',
    "theirs/results.json": "[]",
    "theirs/model/mine.py": MODEL,
    "theirs/checkpoints/model.pt": "weights",
    "theirs/seed-1/results.json": "{}",
    "damaged/config.json": "{",
}
MODELS = [name for name in INPUTS if name.endswith(".py") and "/" not in name]
DATA = [
    name
    for name in INPUTS
    if name.endswith((".json", ".jsonl", ".npz", ".csv")) and "/" not in name
]
NOWHERE = ["nowhere", "theirs", "notes.txt", "notes.txt/inside", "", "~nobody/x", "no\udcffhere"]
# The values that a flag is given.
VALUES: Mapping[str, list[str]] = {
    "model": [*MODELS, "run/model/model.py", *NOWHERE],
    "data": [*DATA, "table", "theirs", "notes.txt", "nowhere.json", "nowhere"],
    "test_data": ["data.npz", "rows.csv", "table", "test.json", "cut.npz", "theirs", "nowhere"],
    "split": ["0.5", "1", "0", "1.5", "half"],
    "workdir": ["new", "new/[deep]/er", "run", "theirs", "damaged", "notes.txt", "notes.txt/x", ""],
    "hypers": ["T=3", "T=x", "T", "=", "T=1,T=2", "hypers.json", "more.json", "cut.json", "a.json"],
    "preset": ["ntpt", "terpret", "terpret-custom", "terpret-fp", "cyclic", "search", "best", ""],
    "method": [
        "program_rate=0.05,gumbel=0",
        "gumbel=1.2",
        "mine.toml",
        "wrong.toml",
        "cut.toml",
        "latin.toml",
        "nowhere.toml",
        "attempt=0",
        "cycle=5",
        "rate=1",
        "anneal=1",
        "decay=nan",
        "=,=",
        ",",
        "theirs",
    ],
    "restarts": ["2", "0", "-1", "1.5", "many", "", "99999999999999999999"],
    "examples": ["1", "7", "-1", "1e3", "all"],
    "shard": ["1/1", "2/3", "1/2", "0/2", "3/2", "1", "a/b", "1/2/3", "/"],
    "batch_size": ["1", "3", "-1", "0.5"],
    "stop_after_solved": ["1", "-1", "-2", "9"],
    "nets_at_least": ["0.5", "-0.1", "1.1", "high", "nan"],
    "check_every": ["1", "0", "999999999999999999999"],
    "checkpoint_seconds": ["0", "-1", "soon", "nan", "inf"],
    "seed": ["7", "-1", "4294967296", "99999999999999999999", "x"],
    "init_nets": ["run", *NOWHERE],
    "freeze_nets": ["5", "0", "-2"],
    "save_nets": ["nets.npz", "notes.txt/nets.npz", "theirs"],
    "data_dir": NOWHERE,
    "digits": ["embedded", "imagined"],
    "operators": ["embedded", "nowhere.npz", "notes.txt"],
    "signs": ["embedded", "nowhere.npz", "notes.txt"],
    "task": ["left", "middle"],
    "distinct_grids": ["3", "-1"],
    "max_nodes": ["3", "0", "-5"],
    "refill": ["true", "false", "perhaps"],
    "overwrite": ["true", "false"],
    "restart": ["true", "false"],
    "learners": ["robust", ",", "nobody"],
    "filters": ["8", "-8"],
    "experiment": ["math", "lifelong", "weak_supervision", "mazes", "everything"],
    "help": ["true"],
    "restart_count": ["3"],
    "flagfile": ["nowhere"],
}
EVALUATED: Mapping[str, list[object]] = {
    "workdir": ["run", *VALUES["workdir"][2:], *NOWHERE],
    "data_dir": [None, *NOWHERE],
    "data": ["", *VALUES["data"]],
    "test_data": ["", *VALUES["test_data"]],
    "new_data": ["", *VALUES["test_data"]],
    "hypers": ["", *VALUES["hypers"]],
    "operators": ["", *VALUES["operators"]],
    "signs": ["", *VALUES["signs"]],
    "format": ["text", "markdown", "json"],
    "plots": [True, False],
    "export": ["", "served", "theirs", "notes.txt", "notes.txt/x"],
}
Ended = tuple[int, str, str]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all inputs, and `run`, which has come to its end."""
    folder = tmp_path_factory.mktemp("commands")
    for name, content in INPUTS.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        data = content if isinstance(content, bytes) else content.encode()
        (folder / name).write_bytes(data)
    with contextlib.chdir(folder):
        status, _, errors = trained({"workdir": "run"})
    assert status == 0, errors
    (folder / "run" / "notes.txt").write_text("mine")
    return folder


def flags_of(given: Mapping[str, str]) -> list[str]:
    """A whole command line: a tiny run, but for what is given."""
    base = {"model": "model.py", "data": "data.json", "restarts": "1", "examples": "20"}
    if "experiment" in given:
        # They would take hours.
        base = {"learners": "nobody", "digits": "embedded"}
    return ["--noxla", *(f"--{name}={value}" for name, value in ({**base, **given}).items())]


def told(action: Callable[[], int]) -> Ended:
    """The exit status of a command, and what it wrote to standard output and error."""
    out, errors = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
        status = action()
    return status, out.getvalue(), errors.getvalue()


def trained(given: Mapping[str, str]) -> Ended:
    """`train.py` in this process."""
    with flagsaver.flagsaver():
        line = ["train.py", *flags_of(given)]
        return told(
            lambda: arguments.called(lambda _: training.train(train_script.FLAGS, line), line)
        )


def assert_a_word(ended: Ended) -> None:
    status, out, errors = ended
    assert "Traceback" not in errors and "Traceback" not in out
    assert status in (0, 1, 2), errors
    if status:
        assert "error" in errors
    else:
        assert out


def content(folder: Path) -> dict[str, bytes | None]:
    """All that lies in a folder, by its path; None is a folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


@contextlib.contextmanager
def untouched(finished: Path, own: list[str]) -> Iterator[None]:
    """A copy of the folder to work in, where nothing may change but what is a run's own.

    That is what the list of `run` has, and new files in some folders, in a list too if they are in
    a run folder.
    """
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch, "here")
        shutil.copytree(finished, folder)
        before, run = content(folder), listed(folder)
        with contextlib.chdir(folder):
            yield
        after, now = content(folder), listed(folder)
    for name, data in before.items():
        if data is not None and not (name in run and "run" in own):
            assert name in after and after[name] == data, name
    for name in after.keys() - before.keys():
        roots = [name, *map(str, Path(name).parents)]
        allowed = (root == mine or mine.startswith(f"{name}/") for root in roots for mine in own)
        assert any(allowed), name
        inside = any(f"{root}/{own_files.LIST}" in after for root in roots[1:])
        assert after[name] is None or not inside or name in now, name


def listed(folder: Path) -> set[str]:
    """The files that the run folders inside say are theirs, with their lists and locks."""
    found = set()
    for path in folder.rglob(own_files.LIST):
        home = path.parent
        names = [*own_files.owned(str(home)), own_files.LIST, LOCK, WRITER]
        found |= {str((home / name).relative_to(folder)) for name in names}
    return found


def fuzz(share: float) -> Callable:
    """The settings of a property that gets a share of the commands."""
    return settings(
        max_examples=max(1, round(share * COMMANDS)),
        derandomize=True,
        database=None,
        deadline=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )


@st.composite
def drawn(draw: st.DrawFn, values: Mapping[str, list[object]], most: int) -> dict[str, object]:
    """A few flags with values."""
    names = draw(st.lists(st.sampled_from(sorted(values)), min_size=1, max_size=most, unique=True))
    return {name: draw(st.sampled_from(values[name])) for name in names}


@fuzz(0.7)
@given(given_flags=drawn(VALUES, 4))
def test_train_ends_with_a_word_and_touches_its_own(
    finished: Path, given_flags: dict[str, str]
) -> None:
    given_flags = {"workdir": "new", **given_flags}
    own = [given_flags["workdir"] or "runs", "nets.npz"]
    with untouched(finished, own):
        assert_a_word(trained(given_flags))


@fuzz(0.3)
@given(given_flags=drawn(EVALUATED, 4))
def test_evaluate_ends_with_a_word_and_touches_its_own(
    finished: Path, given_flags: dict[str, object]
) -> None:
    usual = {"workdir": "run", "data_dir": None, "format": "text", "plots": False, "export": ""}
    where = dict.fromkeys(FILES, "")
    values = types.SimpleNamespace(**{**usual, **where, **given_flags})
    with untouched(finished, [values.workdir, "served"]):
        assert_a_word(told(lambda: evaluation.evaluate(values)))


@pytest.mark.soak
@pytest.mark.parametrize("name", VALUES)
def test_each_kind_in_a_process_of_its_own(finished: Path, name: str) -> None:
    for value in VALUES[name]:
        given_flags = {"workdir": "new", name: value}
        line = [sys.executable, str(ROOT / "train.py"), *flags_of(given_flags)]
        with untouched(finished, [given_flags["workdir"] or "runs", "nets.npz"]):
            done = subprocess.run(line, capture_output=True, text=True, timeout=300)
            assert_a_word((done.returncode, done.stdout, done.stderr))
