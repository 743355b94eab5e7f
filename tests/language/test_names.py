"""`names=`: what a model calls the values of its variables."""

import numpy as np
import pytest

from terpret import check_model, compile_model, program_of
from terpret.language.errors import Source
from terpret.language.parser import parse
from terpret.language.printer import print_module
from terpret.show import checked_text
from tests.language.helpers import checked, errors

MODEL = """N = Hyper(2)
dir = Param(3, names=("stay", "right", "left"))[N]
place = Param(N + 1, names="R{}")
plain = Param(2)
x = Input(2, names=['off', "on"])
v = Var(2, names="v{}")
y = Output(3, names=["a", "b", "c"])[N]
v.set_to(x)
dir[0].set_to(2)
for i in range(N):
    y[i].set_to(dir[i])
"""


def test_a_program_prints_the_names_of_its_values() -> None:
    program = program_of(checked(MODEL), {"dir": [0, 1], "place": 2, "plain": 1})
    assert str(program).splitlines() == [
        "dir[0] = left  # set by the model",
        "dir[1] = right  # 1.00",
        "place = R2  # 1.00",
        "plain = 1  # 1.00",
    ]


def test_names_change_nothing_but_words() -> None:
    bare = MODEL
    for names in ('names=("stay", "right", "left")', 'names="R{}"', "names=['off', \"on\"]"):
        bare = bare.replace(f", {names}", "")
    bare = bare.replace(', names="v{}"', "").replace(', names=["a", "b", "c"]', "")
    assert "names" not in bare
    values = {"dir": [2, 1], "place": 0, "plain": 0}
    inputs = {"x": np.array([0, 1])}
    for text in (MODEL, bare):
        given = program_of(checked(text), values).run(inputs)
        assert given["y"].tolist() == [[2, 1], [2, 1]]
    assert list(compile_model(Source("m.py", MODEL)).param_logits) == ["dir", "place", "plain"]


def test_a_hyper_may_decide_how_many_values_a_pattern_names() -> None:
    model = check_model(Source("model.py", MODEL), {"N": 4})
    place = next(variable for variable in model.variables if variable.name == "place")
    assert [place.word(value) for value in range(place.domain)] == ["R0", "R1", "R2", "R3", "R4"]
    assert place.named
    assert not next(variable for variable in model.variables if variable.name == "plain").named


def test_elements_declared_one_by_one_have_names_of_their_own() -> None:
    text = (
        "y = Output(3)\nfor i in range(2):\n    p[i] = Param(i + 2, names='w{}')\ny.set_to(p[1])\n"
    )
    program = program_of(checked(text), {"p[0]": 1, "p[1]": 2})
    assert str(program).splitlines() == ["p[0] = w1  # 1.00", "p[1] = w2  # 1.00"]


def test_the_checked_tree_shows_names() -> None:
    lines = checked_text(checked(MODEL)).splitlines()
    assert "dir: Param(3)[2] called stay, right, left" in lines
    assert "place: Param(3) called R{}" in lines
    assert "plain: Param(2)" in lines
    assert "dir[0] is clamped to left" in lines


def test_a_model_with_names_is_printed_and_parsed_back() -> None:
    tree = parse(Source("model.py", MODEL))
    assert parse(Source("model.py", print_module(tree))) == tree


@pytest.mark.parametrize(
    ("declaration", "message"),
    [
        ('Param(3, names=["a", "b"])', "2 names for 3 values"),
        ('Param(1, names=["a", "b"])', "2 names for 1 value"),
        ("Param(2, names=[])", "0 names for 2 values"),
        ('Param(2, names=["a", "a"])', "two values are called 'a'"),
        ('Param(2, names=["a", 1])', "this is not a name"),
        ("Param(2, names=3)", "these are not names"),
        ("Param(2, names=words)", "these are not names"),
        ('Param(2, names="R")', "a pattern of names has one '{}'"),
        ('Param(2, names="{}{}")', "a pattern of names has one '{}'"),
        ('Param(2, names="{0}")', "a pattern of names has one '{}'"),
        ('Param(2, names="{{}}")', "a pattern of names has one '{}'"),
        ('Param(2, names="")', "short text in one line"),
        ('Param(2, names=["a", ""])', "short text in one line"),
        ('Param(2, names=["a", " b"])', "short text in one line"),
        ('Param(2, names=["a", "b\\nc"])', "short text in one line"),
        ('Param(2, names=["a", "\\x1b[31m"])', "short text in one line"),
        (f'Param(2, names=["a", "{"b" * 61}"])', "short text in one line"),
        ('InputTensor(2, 2, names="R{}")', "the values of a tensor have no names"),
        ('Var(Vector(3), names=["a", "b", "c"])', "the values of a tensor have no names"),
        ('OutputTensor(2, 2, names="R{}")', "the values of a tensor have no names"),
    ],
)
def test_names_that_do_not_fit_are_refused_where_they_stand(declaration: str, message: str) -> None:
    (found,) = errors(f"words = 2\nz = {declaration}\ny = Output(2)\ny.set_to(0)\n")
    assert (found.code, found.span.line) == ("E214", 2)
    assert message in found.message
    assert found.help


@pytest.mark.parametrize(
    ("declaration", "code", "said"),
    [
        ('Param(2, name=["a", "b"])', "E206", "did you mean 'names'?"),
        ('Param(2, label="a")', "E206", "takes no keyword 'label'"),
        ('Hyper(2, names="R{}")', "E206", "a hyper is one integer"),
        ('Param(2, names="R{}", names="S{}")', "E112", "the keyword 'names' stands twice"),
        ('Param(2, names=f"R{2}")', "E112", "a formatted string"),
    ],
)
def test_other_keywords_are_refused(declaration: str, code: str, said: str) -> None:
    (found,) = errors(f"z = {declaration}\ny = Output(2)\ny.set_to(0)\n")
    assert found.code == code
    assert said in found.message + found.help
