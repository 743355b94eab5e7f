"""The data files of the tasks, in the original's format, an instance a line."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from experiments.terpret_tasks.task import Instance, Task

FOLDER = Path(__file__).parent / "data"


def texts(task: Task, seed: int = 0) -> dict[str, str]:
    """The files of a task: its hypers, what teaches it, and what is held out, by their names."""
    files = {
        f"{task.name}_hypers.json": hypers_text(task.hypers),
        f"{task.name}_data.json": data_text(task.hypers, {"train": task.train}),
    }
    if held_out := task.held_out(seed):
        files[f"{task.name}_held_out.json"] = data_text(task.hypers, {"test": held_out})
    return files


def both(task: Task, seed: int = 0) -> str:
    """One file of a task's data: what teaches it, and what is held out."""
    return data_text(task.hypers, {"train": task.train, "test": task.held_out(seed)})


def write(tasks: Sequence[Task], folder: Path, seed: int = 0) -> None:
    """Writes the files of some tasks into a folder."""
    for task in tasks:
        write_texts(texts(task, seed), folder)


def write_texts(files: Mapping[str, str], folder: Path) -> None:
    """Writes files of such names and texts into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")


def hypers_text(hypers: Mapping[str, int]) -> str:
    """The hypers file of one configuration."""
    return json.dumps({_name(hypers): dict(hypers)}, indent=2) + "\n"


def data_text(hypers: Mapping[str, int], batches: Mapping[str, Sequence[Instance]]) -> str:
    """The data file of some batches of a configuration, by their names."""
    parts = [_batch(name, _name(hypers), some) for name, some in batches.items() if some]
    return f"[{','.join(parts)}]\n"


def _name(hypers: Mapping[str, int]) -> str:
    return "_".join(f"{key}{value}" for key, value in hypers.items())


def _batch(name: str, hypers: str, instances: Sequence[Instance]) -> str:
    lines = ",\n".join(_line(one) for one in instances)
    return f'{{"batch_name":"{name}","hypers":"{hypers}","instances":[\n{lines}\n]}}'


def _line(instance: Mapping[str, int | list[int]]) -> str:
    return json.dumps(instance, separators=(",", ":"))
