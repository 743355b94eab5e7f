"""What is found to be a loop, and what is not."""

import textwrap
from collections.abc import Sequence

import pytest

from terpret.core.rounds import Loop, with_loops
from terpret.language import checked
from terpret.language.checker import check
from terpret.language.errors import Source
from terpret.language.parser import parse

HEAD = """
a = Input(3)[40]
s = Input(3)
y = Output(3)
r = Var(3)
p = Param(3)[40]
x = Var(3)[40]
z = Var(3)[40]
g = Var(3)[10, 10]
v = Var(Vector(3))[10]
i = InputTensor(3)[10]

@Runtime([3, 3], 3)
def add(a, b):
    return (a + b) % 3

@Inline()
def steps(b, r):
    w = Var(3)[7]
    w[0].set_to(b)
    for t in range(6):
        w[t + 1].set_to(w[t])
    r.set_to(w[6])

y.set_to(s)
x[0].set_to(s)
x[1].set_to(s)
x[2].set_to(s)
"""
# By what they show: statements, and what is found in them. `6(1)` are six rounds that pass on to
# the next; `.` is a statement that is no loop; what is found in a body stands in brackets.
PROGRAMS = {
    "a round passes on to the next": (
        """
        for t in range(6):
            x[t + 3].set_to(add(x[t + 2], a[t]))
        """,
        "6(1)",
    ),
    "a round passes on to the second and the third after it": (
        """
        for t in range(6):
            x[t + 3].set_to(add(x[t + 1], x[t]))
        """,
        "6(2,3)",
    ),
    "what passes nothing on is a loop too": (
        """
        for t in range(6):
            z[t].set_to(a[t])
        """,
        "6()",
    ),
    "three rounds are too few": (
        """
        for t in range(3):
            x[t + 3].set_to(x[t + 2])
        """,
        "...",
    ),
    "the first round differs": (
        """
        for t in range(6):
            if t == 0:
                x[t + 3].set_to(s)
            else:
                x[t + 3].set_to(x[t + 2])
        """,
        ".5(1)",
    ),
    "the last round differs": (
        """
        for t in range(6):
            if t == 5:
                x[t + 3].set_to(s)
            else:
                x[t + 3].set_to(x[t + 2])
        """,
        "5(1).",
    ),
    "a round in the middle differs": (
        """
        for t in range(9):
            if t == 4:
                x[t + 3].set_to(s)
            else:
                x[t + 3].set_to(x[t + 2])
        """,
        "4(1).4(1)",
    ),
    "two rounds take turns": (
        """
        for t in range(9):
            if t % 2 == 0:
                x[t + 3].set_to(x[t + 2])
            else:
                x[t + 3].set_to(add(x[t + 2], s))
        """,
        "4(1)[..].",
    ),
    "three rounds take turns": (
        """
        for t in range(12):
            if t % 3 == 0:
                x[t + 3].set_to(add(x[t + 2], s))
            else:
                x[t + 3].set_to(x[t + 2])
        """,
        "4(1)[...]",
    ),
    "five rounds that take turns are none": (
        """
        for t in range(25):
            if t % 5 == 0:
                x[t + 3].set_to(s)
            else:
                x[t + 3].set_to(x[t + 2])
        """,
        "." + 4 * "4(1)." + "4(1)",
    ),
    "the index falls": (
        """
        z[20].set_to(s)
        for t in range(6):
            z[19 - t].set_to(add(z[20 - t], a[5 - t]))
        """,
        ".6(1)",
    ),
    "the index moves by two": (
        """
        for t in range(6):
            x[2 * t + 3].set_to(x[2 * t + 1])
            x[2 * t + 4].set_to(x[2 * t + 2])
        """,
        "6(1)[..]",
    ),
    "known values change from round to round": (
        """
        for t in range(6):
            x[t + 3].set_to(add(x[t + 2], t % 3))
        """,
        "6(1)",
    ),
    "the index of an Input does not move evenly": (
        """
        for t in range(6):
            x[t + 3].set_to(add(x[t + 2], a[t * t]))
        """,
        "......",
    ),
    "what is set does not move evenly": (
        """
        for t in range(6):
            z[t * t].set_to(a[t])
        """,
        "......",
    ),
    "a round reads what stood before the loop": (
        """
        for t in range(6):
            x[t + 3].set_to(add(x[t + 2], x[1]))
        """,
        "6(1)",
    ),
    "later rounds read what one round set": (
        """
        for t in range(8):
            x[t + 3].set_to(add(x[t + 2], x[4 if t > 1 else 0]))
        """,
        "..6(1)",
    ),
    "rows of a grid": (
        """
        for k in range(3):
            g[0, k].set_to(s)
        for t in range(6):
            for k in range(3):
                g[t + 1, k].set_to(g[t, 2 - k])
        """,
        "...6(1)[...]",
    ),
    "a loop in a loop": (
        """
        for k in range(6):
            g[0, k].set_to(s)
        for t in range(6):
            g[t + 1, 0].set_to(s)
            for k in range(5):
                g[t + 1, k + 1].set_to(add(g[t + 1, k], g[t, k + 1]))
        """,
        "6()6(1)[.5(1)]",
    ),
    "a loop in rounds that are none": (
        """
        for k in range(6):
            g[0, k].set_to(s)
        for t in range(3):
            g[t + 1, 0].set_to(s)
            for k in range(5):
                g[t + 1, k + 1].set_to(g[t + 1, k])
        """,
        "6()" + 3 * ".5(1)",
    ),
    "a branch of a switch": (
        """
        if s == 0:
            for t in range(6):
                x[t + 3].set_to(x[t + 2])
            r.set_to(x[8])
        else:
            r.set_to(s)
        """,
        "if[6(1).][.]",
    ),
    "the body of a with": (
        """
        with s as b:
            for t in range(6):
                x[t + 3].set_to(add(x[t + 2], a[b]))
            r.set_to(x[8])
        """,
        "with[6(1).]",
    ),
    "a call": ("steps(s, r)", ".6(1)."),
    "a with in every round": (
        """
        for t in range(6):
            with p[t] as b:
                x[t + 3].set_to(add(x[t + 2], a[b]))
        """,
        "6(1)[with[.]]",
    ),
    "what a branch sets for itself": (
        """
        for t in range(6):
            if p[t] == 0:
                z[t].set_to(x[t + 2])
                x[t + 3].set_to(add(z[t], z[t]))
            else:
                x[t + 3].set_to(s)
        """,
        "6(1)[if[..][.]]",
    ),
    "tensors are not passed on": (
        """
        v[0].set_to(i[0])
        for t in range(6):
            v[t + 1].set_to(v[t])
        """,
        ".......",
    ),
}


def found(statements: Sequence[checked.Statement]) -> str:
    """What is found in statements."""
    return "".join(map(_found, statements))


def _found(statement: checked.Statement) -> str:
    match statement:
        case Loop():
            lags = {lag for read in statement.reads if (lag := statement.lag(read))}
            body = found(statement.body)
            inside = f"[{body}]" if len(body) > 1 else ""
            return f"{statement.count}({','.join(map(str, sorted(lags)))}){inside}"
        case checked.Switch(cases=cases):
            return "if" + "".join(f"[{found(case.body)}]" for case in cases)
        case checked.Bind(body=body):
            return f"with[{found(body)}]"
    assert isinstance(statement, checked.Set)
    return "."


@pytest.mark.parametrize("name", PROGRAMS)
def test_rounds_that_are_alike_are_a_loop_and_no_others(name: str) -> None:
    text, expected = PROGRAMS[name]
    source = Source("model", HEAD + textwrap.dedent(text))
    model = check(source, parse(source), {})
    assert found(with_loops(model.statements)[4:]) == expected
