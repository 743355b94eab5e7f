"""The words of the messages that authors of models meet most, place and caret included."""

import textwrap

import pytest

from terpret import ModelError, check_model, compile_model
from terpret.language.errors import Source, read_source
from tests.language.helpers import codes, errors, rendered


def text(lines):
    return textwrap.dedent(lines).strip("\n")


MESSAGES = {
    "a syntax slip": (
        """
        y = Output(2)
        if 1 == 1
            y.set_to(0)
        """,
        """
        model.py:2:10: error[E110]: this is not Python syntax: expected ':'
            2 | if 1 == 1
              |          ^
          help: look at the marked place and just before it
        """,
    ),
    "an undeclared name": (
        """
        registers = Var(4)[3]
        y = Output(4)
        for t in range(3):
            regsters[t].set_to(1)
        y.set_to(0)
        """,
        """
        model.py:4:5: error[E201]: 'regsters' is not declared (where t = 0)
            4 |     regsters[t].set_to(1)
              |     ^^^^^^^^^^^
          help: did you mean 'registers'?
        """,
    ),
    "an index out of range": (
        """
        T = 3
        x = Input(4)[T]
        y = Output(4)[T]
        for t in range(T):
            y[t].set_to(x[t + 1])
        """,
        """
        model.py:5:17: error[E304]: index 3 is out of range: 'x' has 3 elements there (where t = 2)
            5 |     y[t].set_to(x[t + 1])
              |                 ^^^^^^^^
          help: use an index from 0 to 2
        """,
    ),
    "a domain mismatch": (
        """
        x = Input(10)
        y = Output(19)
        y.set_to(x)
        """,
        """
        model.py:3:10: error[E307]: 'x' ranges over 0..9, but 'y' ranges over 0..18
            3 | y.set_to(x)
              |          ^
          help: declare both alike, or convert with a @Runtime function
        """,
    ),
    "a variable set twice": (
        """
        x = Input(2)
        y = Output(2)
        y.set_to(x)
        y.set_to(1)
        """,
        """
        model.py:4:1: error[E401]: 'y' is set twice: it was set in line 3
            4 | y.set_to(1)
              | ^^^^^^^^^^^
          help: set every element once on every path; use another Var for a new value
        """,
    ),
    "an Output unset when a switch has some value": (
        """
        s = Param(4)
        y = Output(2)[3]
        for t in range(3):
            if s == 0:
                y[t].set_to(0)
            elif s == 1:
                y[t].set_to(1)
        """,
        """
        model.py:2:5: error[E402]: the Output 'y[0]' is not set when 's' is 2 or 3 (line 4)
            2 | y = Output(2)[3]
              |     ^^^^^^^^^^^^
          help: set it on every path
        """,
    ),
    "a value that a branch leaves unset": (
        """
        s = Param(3)
        z = Var(2)
        y = Output(2)
        if s == 0:
            z.set_to(0)
        y.set_to(z)
        """,
        """
        model.py:6:10: error[E404]: 'z' is read but not set when 's' is 1 or 2 (line 4)
            6 | y.set_to(z)
              |          ^
          help: set it in every branch, or read it inside the branch that sets it
        """,
    ),
    "a result out of range": (
        """
        x = Input(3)
        y = Output(3)
        @Runtime([3], 3)
        def inc(a):
            return a + 1
        y.set_to(inc(x))
        """,
        """
        model.py:5:5: error[E502]: inc(2) is 3, outside 0..2
            5 |     return a + 1
              |     ^^^^^^^^^^^^
          help: write '% 3', or declare @Runtime(..., out_of_range="drop")
        """,
    ),
    "an error in a function names its arguments": (
        """
        x = Input(3)
        y = Output(3)
        @Runtime([3, 2], 3)
        def f(a, b):
            return a // b
        y.set_to(f(x, 1))
        """,
        """
        model.py:5:12: error[E303]: division by zero: 0 // 0 (in f(0, 0))
            5 |     return a // b
              |            ^^^^^^
          help: guard it by a test
        """,
    ),
    "a hyper without a value": (
        """
        T = Hyper()
        y = Output(T)
        y.set_to(0)
        """,
        """
        model.py:1:5: error[E207]: the hyper 'T' has no value
            1 | T = Hyper()
              |     ^^^^^^^
          help: give one (--hypers=T=...), or a default: 'Hyper(5)'
        """,
    ),
    "a dotted name": (
        """
        net.choice = Param(2)
        """,
        """
        model.py:1:1: error[E112]: the dotted name 'net.choice' is not in the language
            1 | net.choice = Param(2)
              | ^^^^^^^^^^
          help: names have no dots: write 'net_choice'
        """,
    ),
}


@pytest.mark.parametrize("name", MESSAGES)
def test_the_message_word_for_word(name):
    model, message = MESSAGES[name]
    assert rendered(text(model)) == text(message)


def test_a_model_file_that_does_not_exist(tmp_path):
    path = tmp_path / "missing.py"
    with pytest.raises(ModelError) as refused:
        compile_model(path)
    assert str(refused.value) == (
        f"{path}:1:1: error[E101]: cannot read the model: no such file or directory\n"
        "    1 | \n"
        "      | ^\n"
        "  help: give the path of a model file"
    )


@pytest.mark.parametrize("path", ["\0", ".", "/"])
def test_a_path_that_is_no_file(path):
    with pytest.raises(ModelError) as refused:
        read_source(path)
    assert refused.value.diagnostics[0].code == "E101"


def test_a_file_that_is_not_text(tmp_path):
    path = tmp_path / "model.py"
    path.write_bytes(b"y = Output(2)\ny.set_to(0)  # \xff\n")
    with pytest.raises(ModelError) as refused:
        check_model(path)
    (error,) = refused.value.diagnostics
    assert (error.code, error.span.line, error.span.column) == ("E103", 2, 16)


def test_a_file_that_is_too_large(tmp_path):
    path = tmp_path / "model.py"
    path.write_text("# long\n" * 50_000)
    with pytest.raises(ModelError) as refused:
        check_model(path)
    assert refused.value.diagnostics[0].code == "E102"


def test_all_errors_of_a_phase_are_sorted_by_place():
    model = "y = Output(2)\nx = Input(0)\ny.set_to(5)\nz.set_to(1)\nfor i in 3:\n    pass\n"
    found = errors(model)
    assert [error.code for error in found] == ["E205", "E310", "E201", "E301"]
    assert [error.span.line for error in found] == [2, 3, 4, 5]


def test_one_message_for_a_place_however_often_it_is_unrolled():
    model = "x = Input(3)[4]\ny = Output(2)[4]\nfor t in range(4):\n    y[t].set_to(x[t])\n"
    assert codes(model) == ["E307"]


@pytest.mark.parametrize(
    "model, expected",
    [
        ("x = Input(0)\ny = Output(2)\ny.set_to(x)\n", ["E205"]),
        ("y = Output(2)\n@Runtime([2], 1)\ndef f(a):\n    return a\ny.set_to(f(1))\n", ["E502"]),
        ("x = Input(2)\ny = Output(2)\nz = Output(2)\ny.set_to(xx)\nz.set_to(y)\n", ["E201"]),
        (
            "x = Input(2)\ny = Output(2)\nz = Output(2)\n"
            "if xx == 0:\n    y.set_to(0)\nelse:\n    y.set_to(1)\nz.set_to(y)\n",
            ["E201"],
        ),
        ("y = Output(2)\nk = a + 1\nfor i in range(k):\n    y.set_to(k)\n", ["E201"]),
        ("y = Output(2)\nfoo.set_to(1)\nfoo.set_to(2)\ny.set_to(foo)\n", ["E201"]),
        (
            "x = Input(2)\ny = Output(2)\n@Runtime([2], 2)\ndef g(a):\n    return 4 // a\n"
            "@Runtime([2], 2)\ndef f(a):\n    return g(a)\ny.set_to(f(x))\n",
            ["E303"],
        ),
        ("n = Input(3)\nx = Var(n)\ny = Output(2)\nx.set_to(1)\ny.set_to(x)\n", ["E204"]),
        ("y = Output(2)\nx = Var(2)[2]\nx[2].set_to(0)\ny.set_to(x[1])\n", ["E304"]),
    ],
)
def test_one_slip_gives_one_message(model, expected):
    assert codes(model) == expected


def test_a_message_is_one_sentence_and_says_what_to_write():
    for model, _ in MESSAGES.values():
        for error in errors(text(model)):
            assert error.help
            assert not error.message.endswith(".")
            assert "\n" not in error.message + error.help


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_are_counted_as_python_counts_them(end):
    model = end.join(["# é", "y = Output(2)", "y.set_to(é + 2)", ""])
    (error,) = errors(model)
    assert (error.code, error.span.line, error.span.column) == ("E201", 3, 10)
    assert Source("m", model).line(3) == "y.set_to(é + 2)"


def test_a_name_that_is_not_declared_is_told_where_a_with_is_unrolled() -> None:
    """The body is checked once as it stands, in vain, and once for each value."""
    lines = """
        x = Input(2)[2]
        y = Output(2)[2]
        p = Param(2)
        q = Param(2)
        with p as v:
            with q as w:
                y[v].set_to(x[u])
            y[1 - v].set_to(0)
    """
    assert codes(text(lines)) == ["E201"]


@pytest.mark.parametrize(("written", "meant"), [("Inpt(3)", "Input"), ("Parm(3)[2]", "Param")])
def test_a_misspelt_declaration_is_told_the_word(written: str, meant: str) -> None:
    (error,) = errors(f"x = {written}\n")
    assert (error.code, error.help) == ("E201", f"did you mean '{meant}'?")
