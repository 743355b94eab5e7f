"""The original TerpreT's data files by `--preset=exact`, unchanged: skipped where they are not."""

import json
from pathlib import Path

import pytest

from terpret.language.model_files import built_in_path
from tests.commands import train

SHARED = Path(__file__).resolve().parents[3] / "shared"
DATA, CASES = SHARED / "data" / "terpret", SHARED / "cases"
OWN = Path(__file__).resolve().parents[1] / "models" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the original's data are not here")
TURING = built_in_path("turing")


@pytest.mark.parametrize(
    ("model", "data"),
    [
        (OWN / "test1_model.py", "test1_data"),
        (OWN / "none_test_model.py", "none_test"),
        (built_in_path("circuit"), "circuit_swap_data"),
        (TURING, "turing_invert_data"),
        (TURING, "turing_prepend_data"),
        (TURING, "turing_decrement_data"),
        (built_in_path("basic_block"), "basic_block_access_data"),
        # An own machine of the same name, whose left and right are the other way round.
        (CASES / "turing_leftright" / "turing.py", "turing_invert_data"),
    ],
)
def test_each_is_solved_and_every_training_instance_is_right(
    model: str | Path, data: str, tmp_path: Path
) -> None:
    hypers = DATA / f"{data.removesuffix('_data')}_hypers.json"
    run = tmp_path / "run"
    flags = f"--model={model}", f"--data={DATA / data}.json", f"--hypers={hypers}"
    assert train(*flags, "--preset=exact", f"--workdir={run}", "--noxla") == 0
    results = json.loads((run / "results.json").read_text())
    assert results["exact"]["status"] == "found"
    assert results["exact"]["explained"] == results["exact"]["examples"]
    assert results["restarts"][0]["correct"]


def test_a_model_that_observes_alone_is_solved(tmp_path: Path) -> None:
    data = tmp_path / "data.json"
    data.write_text(json.dumps([{"batch_name": "train", "hypers": "c", "instances": [{}]}]))
    run = tmp_path / "run"
    flags = f"--model={CASES / 'parity.py'}", f"--data={data}", f"--workdir={run}"
    assert train(*flags, "--preset=exact", "--noxla") == 0
    assert json.loads((run / "results.json").read_text())["restarts"][0]["correct"]
