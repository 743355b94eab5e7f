"""The data files of the tasks, in the original's format, an instance a line."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from experiments.terpret_tasks.task import Instance, Task

FOLDER = Path(__file__).parent / "data"


def texts(task: Task, seed: int = 0) -> dict[str, str]:
    """The files of a task: its hypers, what teaches it, and what is held out, by their names."""
    name = "_".join(f"{key}{value}" for key, value in task.hypers.items())
    files = {
        f"{task.name}_hypers.json": json.dumps({name: dict(task.hypers)}, indent=2) + "\n",
        f"{task.name}_data.json": _batch("train", name, task.train),
    }
    if held_out := task.held_out(seed):
        files[f"{task.name}_held_out.json"] = _batch("test", name, held_out)
    return files


def write(tasks: Sequence[Task], folder: Path, seed: int = 0) -> None:
    """Writes the files of some tasks into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for task in tasks:
        for name, text in texts(task, seed).items():
            (folder / name).write_text(text, encoding="utf-8")


def _batch(batch: str, hypers: str, instances: Sequence[Instance]) -> str:
    lines = ",\n".join(_line(one) for one in instances)
    return f'[{{"batch_name":"{batch}","hypers":"{hypers}","instances":[\n{lines}\n]}}]\n'


def _line(instance: Mapping[str, int | list[int]]) -> str:
    return json.dumps(instance, separators=(",", ":"))
