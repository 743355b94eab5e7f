"""The data files of the tasks, in the original's format, an instance a line."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from experiments.terpret_tasks.task import Instance, Task

FOLDER = Path(__file__).parent / "data"


def texts(task: Task, seed: int = 0) -> dict[str, str]:
    """The files of a task: its hypers, what teaches it, and what is held out, by their names."""
    files = {
        f"{task.name}_hypers.json": hypers_text(task),
        f"{task.name}_data.json": _batches(task, {"train": task.train}),
    }
    if held_out := task.held_out(seed):
        files[f"{task.name}_held_out.json"] = _batches(task, {"test": held_out})
    return files


def hypers_text(task: Task) -> str:
    """The file of a task's hypers."""
    return json.dumps({_hypers_name(task): dict(task.hypers)}, indent=2) + "\n"


def data_text(task: Task, seed: int = 0) -> str:
    """One file of a task's data: what teaches it, and what is held out."""
    return _batches(task, {"train": task.train, "test": task.held_out(seed)})


def write(tasks: Sequence[Task], folder: Path, seed: int = 0) -> None:
    """Writes the files of some tasks into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for task in tasks:
        for name, text in texts(task, seed).items():
            (folder / name).write_text(text, encoding="utf-8")


def _batches(task: Task, batches: Mapping[str, Sequence[Instance]]) -> str:
    parts = (_batch(name, task, some) for name, some in batches.items() if some)
    return f"[{','.join(parts)}]\n"


def _batch(name: str, task: Task, instances: Sequence[Instance]) -> str:
    lines = ",\n".join(_line(one) for one in instances)
    hypers = _hypers_name(task)
    return f'{{"batch_name":"{name}","hypers":"{hypers}","instances":[\n{lines}\n]}}'


def _hypers_name(task: Task) -> str:
    return "_".join(f"{key}{value}" for key, value in task.hypers.items())


def _line(instance: Mapping[str, int | list[int]]) -> str:
    return json.dumps(instance, separators=(",", ":"))
