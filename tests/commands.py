"""train.py and evaluate.py: in a process of their own as a user runs them, or in this one."""

import contextlib
import subprocess
import sys
import types
from collections.abc import Iterator
from pathlib import Path

import tensorflow as tf
from absl.testing import flagsaver

import train as train_script
from experiments.command import evaluation, training

ROOT = Path(__file__).resolve().parent.parent
FILES = ("data", "test_data", "new_data", "hypers", "operators", "signs")


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


@contextlib.contextmanager
def run_eagerly() -> Iterator[None]:
    """What is learned here runs operation by operation, which pays where steps are few."""
    tf.config.run_functions_eagerly(True)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(False)


def train(*flags: str) -> int:
    """`train.py` with these flags, in this process; the exit status."""
    with flagsaver.flagsaver():
        arguments = ["train.py", *flags]
        train_script.FLAGS(arguments)
        return training.train(train_script.FLAGS, arguments)


def evaluate(workdir: Path, style: str = "text", plots: bool = False, **more: str) -> int:
    """`evaluate.py` on a run folder, in this process; the exit status."""
    flags = {"workdir": str(workdir), "data_dir": None, "plots": plots, "export": ""}
    flags |= dict.fromkeys(FILES, "") | more
    return evaluation.evaluate(types.SimpleNamespace(**flags, format=style))
