"""train.py and evaluate.py: in a process of their own as a user runs them, or in this one."""

import subprocess
import sys
import types
from pathlib import Path

from absl.testing import flagsaver

import train as train_script
from experiments.command import evaluation, training

ROOT = Path(__file__).resolve().parent.parent


def run(*arguments: str, **options: object) -> subprocess.CompletedProcess:
    """A script with its flags, in a process of its own."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        **options,
    )


def train(*flags: str) -> int:
    """`train.py` with these flags, in this process; the exit status."""
    with flagsaver.flagsaver():
        arguments = ["train.py", *flags]
        train_script.FLAGS(arguments)
        return training.train(train_script.FLAGS, arguments)


def evaluate(workdir: Path, style: str = "text", plots: bool = False, **more: str) -> int:
    """`evaluate.py` on a run folder, in this process; the exit status."""
    flags = {"workdir": str(workdir), "data_dir": None, "plots": plots, "export": ""}
    flags |= dict.fromkeys(("data", "hypers", "operators", "signs"), "") | more
    return evaluation.evaluate(types.SimpleNamespace(**flags, format=style))
