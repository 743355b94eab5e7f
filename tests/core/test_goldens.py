"""What each pass makes of small models, as text; `pytest tests/core --renew_goldens` renews it."""

import pathlib

import pytest

from terpret import show
from tests.core.networks import MODELS, checked, passes

FOLDER = pathlib.Path(__file__).parent / "goldens"


@pytest.mark.parametrize("name", MODELS)
def test_every_stage_is_as_in_its_golden(name: str, request: pytest.FixtureRequest) -> None:
    """The checked tree, and the network after each pass, have not changed."""
    stages = {"check": show.checked_text(checked(name))}
    for place, (stage, outputs) in enumerate(passes(name)):
        stages[f"{place} {stage}"] = show.network_text(outputs)
    text = "".join(f"# {stage}\n{shown}\n\n" for stage, shown in stages.items())
    path = FOLDER / f"{name}.txt"
    if request.config.getoption("renew_goldens"):
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text
