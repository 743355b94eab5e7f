"""A run of seconds: its files, its flags, and what a folder holds."""

import json
import os
from pathlib import Path

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
SMALL = ("--restarts=2", "--examples=100", "--noxla", "--preset=terpret-custom")


def write_files(folder: Path) -> tuple[Path, Path]:
    """A model and a data file in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    model, data = folder / "mine.py", folder / "sums.json"
    model.write_text(MODEL)
    instances = [{"x": [k, 9 - k], "y": (k + 3) % 10} for k in range(10)]
    data.write_text(json.dumps([{"batch_name": "train", "hypers": "c", "instances": instances}]))
    return model, data


def flags(model: Path | str, data: Path | str, workdir: Path | str) -> list[str]:
    """The flags of a run of seconds."""
    return [*SMALL, f"--model={model}", f"--data={data}", f"--workdir={workdir}"]


def listing(folder: Path) -> dict[str, bytes | str]:
    """Every file in a folder with its bytes, every link with its target, but for the lock."""
    found = {}
    for place, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(place) / name
            key = str(path.relative_to(folder))
            if path.is_symlink():
                found[key] = os.readlink(path)
            elif path.is_file() and not name.startswith(".neural-terpret"):
                found[key] = path.read_bytes()
    return found
