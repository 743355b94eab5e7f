"""Every kind of node is known to everything that meets nodes; an unknown one never goes by."""

import dataclasses
from collections.abc import Iterator

import pytest
import tensorflow as tf

from terpret import compile_model, show
from terpret.backends import prob
from terpret.backends.emit import emit
from terpret.core import nodes
from terpret.core.pool import Pool
from terpret.core.rewrite import simplified
from terpret.core.schedule import Schedule, schedule, verify_schedule
from terpret.core.verify import Malformed, verify
from terpret.language import checked, syntax
from terpret.language.errors import Span
from terpret.language.parser import parse
from terpret.language.printer import print_module
from tests.core.networks import MODELS, passes
from tests.core.networks import checked as checked_model

KINDS = nodes.Node.__subclasses__()


@dataclasses.dataclass(frozen=True, eq=False)
class Unknown(nodes.Node):
    """A kind of node that nothing knows."""


UNKNOWN = Unknown(number=0, axes=(), shape=(2,), normalised=True, span=Span())


def test_the_small_models_have_every_kind_of_node() -> None:
    met = {
        type(node)
        for name in MODELS
        for _, outputs in passes(name)
        for node in nodes.every_node(outputs.values())
    }
    assert met == set(KINDS) - {Unknown}


@pytest.mark.parametrize("name", MODELS)
def test_every_kind_is_simplified_verified_scheduled_shown_and_emitted(name: str) -> None:
    for _, outputs in passes(name):
        verify(outputs)
        lines = [line.strip() for line in show.network_text(outputs).splitlines()]
        shown = [line for line in lines if line.startswith("%")]
        assert len(shown) == len(list(nodes.every_node(outputs.values())))
    verify_schedule(schedule(outputs))
    compile_model(checked_model(name), restarts=2, loops="always").graph()


def test_an_unknown_kind_is_refused_by_all() -> None:
    outputs: nodes.Outputs = {"y": UNKNOWN}
    with pytest.raises(AssertionError, match="Unknown"):
        simplified(Pool(), UNKNOWN, [])
    with pytest.raises(Malformed, match="Unknown"):
        verify(outputs)
    with pytest.raises(AssertionError, match="Unknown"):
        schedule(outputs)
    with pytest.raises(AssertionError, match="Unknown"):
        show.network_text(outputs)
    made = Schedule(outputs, ((UNKNOWN,),), frozenset(), {}, {})
    with pytest.raises(AssertionError, match="Unknown"):
        emit(made, prob, {}, {}, lambda node, arguments: arguments[0], tf.float32, "model")


# One statement and one expression of every kind of the surface tree.
EVERY_SYNTAX = """
T = Hyper(2)
sizes = [k + 1 for k in range(T) if k >= 0]
x = Input(3)[T]
y = Output(3)
p = Param(2)
q = Param(3)
z = Var(3)
u = Var(3)


@Runtime([3, 3], 3, out_of_range="drop")
def f(a, b):
    pass
    return (a + b if not a == b and b < 2 else -a) % 3


@Inline()
def copy(a, b):
    b.set_to(a)


if p == 0:
    z.set_to(f(x[0], q))
else:
    with q as v:
        z.set_to(v)
copy(z, u)
for t in range(1):
    y.set_to(u)
"""


def parts(tree: object) -> Iterator[object]:
    """A tree and all that is below it."""
    if isinstance(tree, tuple | list):
        for each in tree:
            yield from parts(each)
    elif dataclasses.is_dataclass(tree):
        yield tree
        for field in dataclasses.fields(tree):
            yield from parts(getattr(tree, field.name))


def test_every_kind_of_syntax_is_printed_and_parsed_back() -> None:
    from terpret.language.errors import Source

    module = parse(Source("every.py", EVERY_SYNTAX))
    kinds = {
        kind
        for kind in vars(syntax).values()
        if dataclasses.is_dataclass(kind) and kind.__module__ == syntax.__name__
    }
    assert {type(part) for part in parts(module)} >= kinds
    assert parse(Source("every.py", print_module(module))) == module


def test_an_unknown_statement_or_expression_is_not_shown_as_nothing() -> None:
    model = checked_model("tiny")
    strange = dataclasses.replace(model, statements=(UNKNOWN,))
    with pytest.raises(AssertionError, match="Unknown"):
        show.checked_text(strange)
    some = next(s for s in parts(model.statements) if isinstance(s, checked.Set))
    strange = dataclasses.replace(model, statements=(dataclasses.replace(some, value=UNKNOWN),))
    with pytest.raises(AssertionError, match="Unknown"):
        show.checked_text(strange)
