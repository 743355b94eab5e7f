"""`python -m terpret`: check, dump, run and print, and their mistakes."""

import json
from pathlib import Path

import pytest

from terpret.command.terpret import main

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


def test_check_of_several_models_tells_the_errors_of_all(
    model: str, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    wrong = [str(tmp_path / name) for name in ("one.py", "two.py")]
    for path in wrong:
        Path(path).write_text(MODEL.replace("add(x, shift)", "add(x, shft)"))
    assert main(["check", wrong[0], model, wrong[1], str(tmp_path / "none.py")]) == 1
    told = capsys.readouterr()
    assert told.out == f"{model}: no errors, 0 warnings\n"
    for path in wrong:
        assert f"{path}:11:17: error[E201]: 'shft' is not declared\n" in told.err
    assert f"{tmp_path}/none.py:1:1: error[E101]: cannot read the model" in told.err
    assert main(["check", model, model]) == 0


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


REGISTERS = """x = Input(10)[2]
y = Output(10)
which = Param(2)
shift = Param(10)[2]
with which as w:
    y.set_to(x[w])
"""


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ('{"which": 1.7, "shift": [3, 3]}', "the Param 'which' is 1.7, not an integer"),
        ('{"which": 1.0, "shift": [3, 3]}', "the Param 'which' is 1.0, not an integer"),
        ('{"which": 1, "shift": [3, 0.9]}', "the Param 'shift[1]' is 0.9, not an integer"),
        ('{"which": 1, "shift": [3, true]}', "the Param 'shift[1]' is true, not an integer"),
        ('{"which": "1", "shift": [3, 3]}', "the Param 'which' is \"1\", not an integer"),
        ('{"which": null, "shift": [3, 3]}', "the Param 'which' is null, not an integer"),
        ('{"which": {}, "shift": [3, 3]}', "the Param 'which' is {}, not an integer"),
        ('{"which": 1, "shift": [3, [3]]}', "the Param 'shift' is no array"),
        ('{"which": 1, "shift": [[3, 3]]}', "the Param 'shift' has shape [2], the program's"),
        (f'{{"which": {2**70}, "shift": [3, 3]}}', "the Param 'which' ranges over 0..1"),
        ('{"which": -1, "shift": [3, 3]}', "the Param 'which' ranges over 0..1"),
        ('{"which": NaN, "shift": [3, 3]}', "NaN is not a number"),
        ('{"which": 1e999, "shift": [3, 3]}', "the number 1e999 is too large"),
        ('{"which": 1, "which": 0, "shift": [3, 3]}', "the key 'which' stands twice"),
        ('{"which": 1}', "the program gives no value for the Param 'shift'"),
        ('{"which": 1, "shift": [3, 3], "p": 0}', "there is no Param 'p'; there are: which, shift"),
        ("[" * 100_000, "it is not JSON"),
    ],
)
def test_a_program_that_is_none_is_one_message(
    values: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    """1.7 is not 1, and nothing is rounded, cut or guessed."""
    model, program, data = (tmp_path / name for name in ("m.py", "program.json", "data.json"))
    model.write_text(REGISTERS)
    program.write_text(values)
    instance = {"x": [1, 2], "y": 2}
    data.write_text(json.dumps([{"batch_name": "b", "hypers": "h", "instances": [instance]}]))
    for command in (["print", str(model), str(program)], ["run", model, program, data]):
        assert main([str(part) for part in command]) == 1
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("error: ") and message in line and str(program) in line


def test_run_counts_labels_and_observations(
    model: str, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    program, data = tmp_path / "program.json", tmp_path / "data.json"
    program.write_text(json.dumps({"shift": 1}))

    def batch(*answers: int | None) -> dict[str, object]:
        instances = [{"x": 0, "y": answer} for answer in answers]
        return {"batch_name": "train", "hypers": "h", "instances": instances}

    data.write_text(json.dumps([batch(1, None), batch(None), batch(2)]))
    assert main(["run", model, str(program), str(data)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "batch train: 1 of 1 instances are right; 1 without a label",
        "batch train: 0 of 0 instances are right; 1 without a label",
        "batch train, instance 0: y is 1, not 2",
        "batch train: 0 of 1 instances are right",
    ]
    Path(model).write_text("p = Param(2)[2]\nz = Var(2)\nz.set_to(p[1])\nz.observe_value(1)\n")
    data.write_text(json.dumps([{"batch_name": "all", "hypers": "h", "instances": [{}, {}]}]))
    for value, right in ((1, 2), (0, 0)):
        program.write_text(json.dumps({"p": [0, value]}))
        assert main(["run", model, str(program), str(data)]) == 0
        *wrong, count = capsys.readouterr().out.splitlines()
        assert count == f"batch all: {right} of 2 instances are right"
        places = [] if right else [f"batch all, instance {k}: z == 1 does not hold" for k in (0, 1)]
        assert wrong == places


def test_the_largest_network_is_a_flag(model: str, capsys: pytest.CaptureFixture) -> None:
    assert main(["dump", "--max_nodes=2", model]) == 1
    assert "error[E607]" in capsys.readouterr().err
