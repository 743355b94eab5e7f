"""`python -m terpret`: check, dump, run and print, and their mistakes."""

import json
from pathlib import Path

import pytest

from terpret.__main__ import main

MODEL = """x = Input(3)
y = Output(3)
shift = Param(3)


@Runtime([3, 3], 3)
def add(a, b):
    return (a + b) % 3


y.set_to(add(x, shift))
"""


@pytest.fixture
def model(tmp_path: Path) -> str:
    path = tmp_path / "shift.py"
    path.write_text(MODEL)
    return str(path)


def test_check_says_what_it_found(model: str, capsys: pytest.CaptureFixture) -> None:
    assert main(["check", model]) == 0
    assert capsys.readouterr().out == f"{model}: no errors, 0 warnings\n"


def test_check_of_a_wrong_model_is_status_1(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    path = tmp_path / "wrong.py"
    path.write_text(MODEL.replace("add(x, shift)", "add(x, shft)"))
    assert main(["check", str(path)]) == 1
    assert capsys.readouterr().err == (
        f"{path}:11:17: error[E201]: 'shft' is not declared\n"
        "   11 | y.set_to(add(x, shft))\n"
        "      |                 ^^^^\n"
        "  help: did you mean 'shift'?\n"
    )


def test_dump_shows_each_stage(model: str, capsys: pytest.CaptureFixture) -> None:
    assert main(["dump", "--stage=parse", model]) == 0
    assert "y.set_to(add(x, shift))" in capsys.readouterr().out
    assert main(["dump", "--stage=check", model]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "x: Input(3)",
        "y: Output(3)",
        "shift: Param(3)",
        "y <- add(x, shift)",
    ]
    assert main(["dump", model]) == 0
    shown = capsys.readouterr().out
    assert "[restart, 3] = param shift" in shown
    assert "einsum" in shown
    assert main(["dump", "--stage=tf", model]) == 0
    assert "operations, constants not counted" in capsys.readouterr().out


def test_run_and_print_take_a_program(
    model: str, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    program, data = tmp_path / "program.json", tmp_path / "data.json"
    program.write_text(json.dumps({"shift": 1}))
    instances = [{"x": 0, "y": 1}, {"x": 2, "y": 0}, {"x": 1, "y": 0}]
    batch = {"batch_name": "train", "hypers": "h", "instances": instances}
    data.write_text(json.dumps([batch]))
    assert main(["print", model, str(program)]) == 0
    assert capsys.readouterr().out == "shift = 1  # 1.00\n"
    assert main(["run", model, str(program), str(data)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "batch train, instance 2: y is 2, not 0",
        "batch train: 2 of 3 instances are right",
    ]
    program.write_text(json.dumps({"shift": 5}))
    assert main(["print", model, str(program)]) == 1
    assert capsys.readouterr().err.startswith("error: ")
    program.write_text("{")
    assert main(["print", model, str(program)]) == 1
    assert capsys.readouterr().err == (
        f"error: cannot read the program {program}: it is not JSON\n"
    )


def test_the_largest_network_is_a_flag(model: str, capsys: pytest.CaptureFixture) -> None:
    assert main(["dump", "--max_nodes=2", model]) == 1
    assert "error[E607]" in capsys.readouterr().err
