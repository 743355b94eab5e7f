"""Standard output and error as people have them: closed, full, unread, ASCII, narrow; the help."""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands import ROOT, run

MODEL = """x = Input(3)
y = Output(3)
größe = Param(3)
合計 = Param(2)


@Runtime([3, 3], 3)
def add(a, b):
    return (a + b) % 3


with 合計 as w:
    y.set_to(add(x, größe))
"""


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of a model whose names are not ASCII, on a terminal that knows ASCII alone."""
    folder = tmp_path_factory.mktemp("output")
    instances = [{"x": value, "y": (value + 1) % 3} for value in range(3)]
    (folder / "model.py").write_text(MODEL, encoding="utf-8")
    (folder / "data.json").write_text(
        json.dumps([{"batch_name": "train", "hypers": "c", "instances": instances}])
    )
    (folder / "program.json").write_text(json.dumps({"größe": 1, "合計": 0}))
    done = run(
        "train.py",
        f"--model={folder}/model.py",
        f"--data={folder}/data.json",
        "--restarts=1",
        "--examples=20",
        "--noxla",
        f"--workdir={folder}/run",
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
    )
    assert done.returncode == 0, done.stderr
    assert r"gr\xf6\xdfe = " in done.stdout and r"\u5408\u8a08 = " in done.stdout
    assert (folder / "run" / "program.txt").read_text(encoding="utf-8").startswith("größe = ")
    return folder


def shell(line: str, **variables: str) -> subprocess.CompletedProcess:
    """A line of bash, in which `python` is this Python."""
    return subprocess.run(
        ["bash", "-c", f'python() {{ "{sys.executable}" "$@"; }}; {line}'],
        cwd=ROOT,
        env={**os.environ, "PYTHONUNBUFFERED": "", **variables},
        capture_output=True,
        timeout=300,
    )


def test_names_are_escaped_where_the_terminal_has_no_letters_for_them(finished: Path) -> None:
    told = shell(
        f"python -m terpret print {finished}/model.py {finished}/program.json",
        PYTHONIOENCODING="latin-1",
    )
    assert (told.returncode, told.stderr) == (0, b"")
    assert told.stdout == "größe = 1  # 1.00\n".encode("latin-1") + b"\\u5408\\u8a08 = 0  # 1.00\n"
    told = shell(
        f"python -m terpret check {finished}/größe.py",
        LC_ALL="C",
        PYTHONUTF8="0",
        PYTHONCOERCECLOCALE="0",
    )
    assert told.returncode == 1 and b"Traceback" not in told.stderr
    assert told.stderr.isascii() and b"cannot read the model" in told.stderr


def test_the_work_is_done_whether_or_not_somebody_reads(finished: Path) -> None:
    """Closed, full, or read no further: with a word, where there is one to be heard."""
    evaluate = f"python evaluate.py --workdir={finished}/run"
    shown = shell(f"{evaluate} >&- 2>&-")
    assert (shown.returncode, shown.stdout, shown.stderr) == (0, b"", b"")
    # Every line meets the pipe of a reader that has gone.
    exported = finished / "served" / "1"
    shown = shell(
        f"{evaluate} --export={exported} | head -c 1; echo ${{PIPESTATUS[0]}}", PYTHONUNBUFFERED="1"
    )
    assert (shown.stdout, shown.stderr) == (b"m141\n", b"")
    assert (exported / "saved_model.pb").exists()
    full = "error: cannot write to standard output: No space left on device\n"
    for command in (
        f"python -m terpret print {finished}/model.py {finished}/program.json",
        "python train.py --help",
    ):
        shown = shell(f"{command} > /dev/full")
        assert (shown.returncode, shown.stderr.decode()) == (1, full)
        assert shell(f"{command} > /dev/full 2>&-").returncode == 1
        assert shell(f"{command} >&-").returncode == 0


def test_what_is_written_never_gets_into_a_file_that_took_a_closed_descriptor(
    tmp_path: Path,
) -> None:
    code = (
        "from terpret import output; output.secure(); import os;"
        f"file = open({str(tmp_path / 'file')!r}, 'w'); print('heard'); os.write(2, b'noise');"
        "assert file.fileno() > 2; file.write('own')"
    )
    told = shell(f'python -c "{code}" 0<&- >&- 2>&-')
    assert told.returncode == 0
    assert (tmp_path / "file").read_text() == "own"


@pytest.mark.parametrize("script", ["train.py", "evaluate.py", "demo.py"])
def test_the_help_is_no_mistake_and_shows_this_projects_flags(script: str) -> None:
    told = run(script, "--help", env=os.environ | {"COLUMNS": "20"})
    assert (told.returncode, told.stderr) == (0, "")
    assert "--workdir=TEXT" in told.stdout and "--verbosity" not in told.stdout
    assert max(map(len, told.stdout.splitlines())) <= 40 + len("--experiment=weak_supervision")
    assert run(script, "-h").stdout == run(script, "--helpfull").stdout


def test_plots_and_exports_on_a_full_disk_are_one_sentence(finished: Path) -> None:
    """Files may grow to 3 kB here: less than a picture or a SavedModel."""

    def full() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))

    exported = finished / "too large"
    for flag, place in (
        ("--plots", finished / "run" / "plots" / "loss.png"),
        (f"--export={exported}", exported),
    ):
        told = run("evaluate.py", f"--workdir={finished}/run", flag, preexec_fn=full)
        assert told.returncode == 1
        assert told.stderr == f"error: cannot write {place}: File too large\n"
        assert not place.exists()
    assert not [path for path in finished.rglob("*") if path.suffix == ".tmp"]


def test_plots_where_nothing_can_be_written_are_one_sentence(
    finished: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from tests.commands import evaluate

    place = finished / "run" / "plots"
    place.rmdir()
    place.write_text("no folder")
    assert evaluate(finished / "run", plots=True) == 1
    assert capsys.readouterr().err == f"error: cannot write {place}/loss.png: File exists\n"
    place.unlink()
