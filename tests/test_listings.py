"""A listing says what a program does: ours for our models alone, else each value by its name."""

from pathlib import Path

import numpy as np
import pytest

from ntpt_models import (
    distinct_programs,
    has_listing,
    shipped_name,
    shipped_path,
    source_code,
    source_lines,
)
from terpret import Program, check_model, program_of
from terpret.discrete.program import assignments
from terpret.language.errors import Source
from terpret.language.model_files import built_in_names

TURING = Path(shipped_path("turing")).read_text()
ADD = Path(shipped_path("add2x2_model")).read_text()
LEFT_RIGHT = {
    "direction == 1:  # right\n        return (position + 1)": (
        "direction == 1:\n        return (position - 1)"
    ),
    "else:  # left\n        return (position - 1)": "else:\n        return (position + 1)",
}
INVERT = {
    "write": [[0, 0, 0], [1, 0, 2]],
    "dir": [[0, 0, 0], [1, 1, 0]],
    "newState": [[0, 0, 0], [1, 1, 0]],
}


def changed(text: str, *changes: tuple[str, str]) -> str:
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return text


def program(text: str, values: dict[str, object], path: str = "turing.py") -> Program:
    return program_of(check_model(Source(path, text)), values)


def zeros(text: str, path: str) -> Program:
    model = check_model(Source(path, text))
    return program_of(model, {v.name: np.zeros(v.dims, int) for v in model.of_kind("Param")})


@pytest.mark.parametrize("name", built_in_names())
def test_each_model_of_ours_has_a_listing(name: str) -> None:
    model = check_model(shipped_path(name))
    assert shipped_name(model) == name
    # A program that is given needs none.
    assert has_listing(model) == bool(model.of_kind("Param"))


def test_the_model_decides_not_its_file() -> None:
    """Comments, hypers and the file's name may differ."""
    text = changed(TURING, ("tapeLength = Hyper(5)", "tapeLength = Hyper(7)  # longer"))
    text = text.replace('"""A Turing', '"""My own Turing')
    lines = source_lines(program(text, INVERT, "somewhere/mine.py"))
    assert lines[0] == "state 1, read 0: write 1, right, state 1"
    assert lines[2] == "state 1, read 2: write 2, stay, halt"


def test_where_left_and_right_are_exchanged_no_listing_says_otherwise() -> None:
    exchanged = changed(TURING, *LEFT_RIGHT.items())
    undeclared = changed(exchanged, (', names=["stay", "right", "left"]', ""))
    lines = source_code(program(undeclared, INVERT)).splitlines()
    assert "dir[1, 0] = 1  # 1.00" in lines
    own = changed(exchanged, ('["stay", "right", "left"]', '["stay", "west", "east"]'))
    lines = source_code(program(own, INVERT)).splitlines()
    assert "dir[1, 0] = west  # 1.00" in lines


def test_our_model_without_names_prints_numbers() -> None:
    text = changed(TURING, (', names=["stay", "right", "left"]', ""))
    lines = source_code(program(text, INVERT)).splitlines()
    assert lines[:2] == ["write[0, 0] = 0  # 1.00", "write[0, 1] = 0  # 1.00"]
    assert "dir[1, 0] = 1  # 1.00" in lines


def test_our_model_with_other_names_prints_these() -> None:
    text = changed(TURING, ('["stay", "right", "left"]', '["bleib", "rechts", "links"]'))
    assert source_lines(program(text, INVERT))[0] == "state 1, read 0: write 1, rechts, state 1"


def test_a_fourth_direction_prints() -> None:
    text = changed(
        TURING,
        ('dir = Param(3, names=["stay", "right", "left"])', "dir = Param(4)"),
        ("@Runtime([tapeLength, 3], tapeLength)", "@Runtime([tapeLength, 4], tapeLength)"),
    )
    values = {**INVERT, "dir": [[0, 0, 0], [3, 3, 0]]}
    assert "dir[1, 1] = 3  # 1.00" in source_code(program(text, values)).splitlines()


def test_a_seventh_instruction_prints() -> None:
    text = changed(
        ADD,
        ("NUM_INSTR = 6", "NUM_INSTR = 7"),
        ('"MOVE_NORTH"]', '"MOVE_NORTH", "REST"]'),
        ("if instr[t] == 0:  # NOOP", "if instr[t] in (0, 6):  # NOOP"),
    )
    values = {**zeros(text, "add2x2_model.py").values, "instr": [6, 1, 2, 0]}
    code = source_code(program(text, values, "add2x2_model.py"))
    assert "instr[0] = REST  # 1.00" in code.splitlines()
    assert "READ" not in code


@pytest.mark.parametrize(
    "change",
    [
        ("pos[0].set_to(0)", "pos[0].set_to(3)"),
        ("return_reg = Param", "spare = Param(2)\nreturn_reg = Param"),
        ("registers[0, r].set_to(0)", "registers[0, r].set_to(1)"),
        ("x + 1 < GRID_SIZE else (GRID_SIZE - 1)", "x + 1 < GRID_SIZE else 0"),
    ],
)
def test_a_model_with_any_other_line_is_not_ours(change: tuple[str, str]) -> None:
    model = check_model(Source("add2x2_model.py", changed(ADD, change)))
    assert shipped_name(model) is None
    assert not has_listing(model)
    assert distinct_programs(model) == assignments(model)
