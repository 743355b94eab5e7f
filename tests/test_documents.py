"""The tutorial and the notebooks do what they say, word for word, outside the repository."""

import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = ROOT / "docs" / "notebooks"


def ran(code: str, folder: Path) -> str:
    """What Python prints of some code, in a folder of its own."""
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command,
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "HOME": str(folder)},
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def code_of(notebook: str) -> str:
    cells = nbformat.read(NOTEBOOKS / notebook, as_version=4).cells
    return "\n".join(cell.source for cell in cells if cell.cell_type == "code")


def test_the_first_notebook_finds_its_program(tmp_path: Path) -> None:
    shown = ran(code_of("first_program.ipynb") + "\nprint(run.best)\nprint(undecided)", tmp_path)
    assert "which = second" in shown and "constant = 3" in shown
    assert "operation = multiply" in shown


@pytest.mark.soak
def test_the_tutorial_runs_word_for_word(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    shown = ran("\n".join(blocks) + "\nprint(found.correct)", tmp_path)
    assert "operation = add" in shown and shown.strip().endswith("True")
    for command in re.findall(r"^    terpret (.*)$", text, re.MULTILINE):
        done = subprocess.run(
            [sys.executable, "-m", "terpret", *command.split()],
            cwd=tmp_path,
            env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=900,
        )
        assert done.returncode == 0, done.stderr[-3000:]
    assert (tmp_path / "served" / "2" / "saved_model.pb").exists()


@pytest.mark.soak
@pytest.mark.parametrize("notebook", sorted(path.name for path in NOTEBOOKS.glob("*.ipynb")))
def test_a_notebook_runs_in_jupyter(notebook: str, tmp_path: Path) -> None:
    nbclient = pytest.importorskip("nbclient")
    book = nbformat.read(NOTEBOOKS / notebook, as_version=4)
    nbclient.NotebookClient(
        book, timeout=900, resources={"metadata": {"path": str(tmp_path)}}
    ).execute(env={"PYTHONPATH": str(ROOT)})
    assert not any(
        output.output_type == "error"
        for cell in book.cells
        if cell.cell_type == "code"
        for output in cell.outputs
    )
