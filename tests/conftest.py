"""Settings of every test: TensorFlow quiet, repeatable, and run from the project's root."""

from pathlib import Path

import terpret.quiet  # noqa: F401

# isort: split
import pytest
import tensorflow as tf

ROOT = Path(__file__).resolve().parent.parent


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--renew_goldens` writes the golden files of `tests/core` anew."""
    parser.addoption("--renew_goldens", action="store_true", dest="renew_goldens")


@pytest.fixture(autouse=True)
def _from_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def pytest_configure() -> None:
    tf.get_logger().setLevel("ERROR")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # Of two workers, neither is to begin the longest file when the other has nothing left.
    items.sort(key=lambda item: item.path.name != "test_kill.py")
