"""Settings of every test: TensorFlow quiet, repeatable, and run from the project's root."""

import os
from collections.abc import Iterator
from pathlib import Path

# No test reads or leaves anything in the user's cache folder.
os.environ["TERPRET_CACHE"] = ""

import terpret.quiet  # noqa: F401

# isort: split
import pytest
import tensorflow as tf

from terpret.learning.checkpoints import Checkpoints
from tests.commands import run_eagerly

ROOT = Path(__file__).resolve().parent.parent
# The files that take longest, of half a minute each.
LONGEST = {"test_kill.py", "test_commands.py", "test_own_data.py", "test_baselines.py"}


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--renew_goldens` writes the golden files of `tests/core` anew."""
    parser.addoption("--renew_goldens", action="store_true", dest="renew_goldens")


@pytest.fixture(autouse=True)
def _from_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@pytest.fixture
def eagerly() -> Iterator[None]:
    """Steps run operation by operation: they mean the same, and tracing them takes seconds."""
    with run_eagerly():
        yield


@pytest.fixture
def saved(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The examples after which checkpoints are written in this test."""
    moments: list[int] = []
    write = Checkpoints.save

    def save(checkpoints: Checkpoints, examples: int, text: str) -> None:
        moments.append(examples)
        write(checkpoints, examples, text)

    monkeypatch.setattr(Checkpoints, "save", save)
    return moments


def pytest_configure() -> None:
    tf.get_logger().setLevel("ERROR")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # Of two workers, neither is to begin a long file when the other has nothing left.
    items.sort(key=lambda item: item.path.name not in LONGEST)
