"""Models that were compiled wrongly once, as small as they could be made."""

import pytest

from terpret.language.errors import Source
from terpret.language.parser import parse
from tests.fuzz import generator, test_properties

MODELS = {
    # An array set inside a 'with' has its axis; read by the bound variable, it is met once.
    "set_and_read_by_one_bound_variable": """
p = Param(2)
q = Param(2)
i = Input(2)
y = Output(2)
t = Var(2)[2]
@Runtime([2, 2], 2)
def f(a, b):
    return (a + 2 * b + 1) % 2
with p as v:
    t[0].set_to(f(v, i))
    t[1].set_to(f(q, v))
    y.set_to(t[v])
""",
    "set_and_read_by_two_bound_variables": """
p = Param(2)
q = Param(2)
i = Input(2)
y = Output(2)
t = Var(2)[2]
@Runtime([2, 2, 2], 2)
def f(a, b, c):
    return a if b == c else 1 - c
with p as v:
    with q as w:
        t[0].set_to(f(i, v, w))
        t[1].set_to(f(w, i, v))
        y.set_to(f(t[v], t[w], v))
""",
    # Equal bound values as both arguments are the diagonal of the table.
    "one_bound_variable_is_both_arguments": """
p = Param(3)
i = Input(3)
y = Output(3)
@Runtime([3, 3], 3)
def f(a, b):
    return (a + 2 * b + a * b + 1) % 3
with p as v:
    y.set_to(f(f(v, v), f(i, v)))
""",
    # Alike branches under a 'with' and elements under another share one lane, not two.
    "alike_branches_of_alike_elements": """
p = Param(2)
i = Input(2)
y = Output(1)
t = Var(1)[2]
@Runtime([2, 2], 1)
def f(a, b):
    return 0
@Runtime([2], 1, out_of_range="drop")
def g(a):
    return a
with p as v:
    with p as w:
        for k in range(2):
            if k == w:
                t[k].set_to(f(p, 0))
            else:
                t[k].set_to(g(p))
    y.set_to(t[v])
""",
    # What every example lost was never set.
    "all_mass_is_lost": """
p = Param(2)
i = Input(2)
y = Output(2)
z = Var(2)
@Runtime([2], 2, out_of_range="drop")
def f(a):
    return 2
with f(p) as v:
    if v == 0:
        y.set_to(i)
    else:
        z.set_to(i)
        y.set_to(z)
""",
    # 'with s:' binds s, and every read of it, by another bound variable too.
    "a_bound_element_is_read_by_another_variable": """
p = Param(2)
a = Param(3)[2]
i = Input(3)
y = Output(3)
@Runtime([3, 3], 3)
def f(a, b):
    return (a + 2 * b + a * b + 1) % 3
with a[0]:
    with p as v:
        y.set_to(f(a[v], a[0]))
""",
}

PROPERTIES = (
    test_properties.test_one_hot_parameters_give_the_interpreters_values,
    test_properties.test_marginals_are_the_naive_walks,
    test_properties.test_log_space_is_probability_space,
    test_properties.test_gradients_are_differences_of_the_naive_walk,
)


@pytest.mark.parametrize("name", MODELS)
def test_a_model_that_was_wrong_has_every_property(name: str) -> None:
    model = generator.Model(parse(Source(name, MODELS[name])), drops=True)
    for check in PROPERTIES:
        check.hypothesis.inner_test(model, 0)
