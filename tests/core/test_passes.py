"""What each pass guarantees of the network that it returns."""

import dataclasses

import numpy as np
import pytest

from terpret.core.common_factors import take_out_common_factors
from terpret.core.contraction_path import contraction_path
from terpret.core.inline_shared import inline_shared
from terpret.core.nested_sums import merge_nested_sums
from terpret.core.nodes import (
    BATCH,
    RESTART,
    Constant,
    Contract,
    Learned,
    Node,
    Outputs,
    Stack,
    Term,
    bound_axis,
    topological,
)
from terpret.core.pairwise import make_pairwise
from terpret.core.pool import Pool, TooManyNodes
from terpret.core.rewrite import rebuild, simplified
from terpret.core.schedule import schedule, verify_schedule
from terpret.core.simplify import simplify
from terpret.core.vectorise import vectorise
from terpret.core.verify import Malformed, verify
from tests.core.networks import MODELS, RESTARTS, passes

LIMIT = 10_000


def nodes_of(outputs: Outputs, kind: type[Node]) -> list[Node]:
    """The nodes of a kind."""
    return [node for node in topological(outputs.values()) if isinstance(node, kind)]


def after(name: str, stage: str) -> Outputs:
    """The network of a model after the last pass of a name."""
    return dict(passes(name))[stage]


@pytest.mark.parametrize("name", MODELS)
def test_every_pass_makes_a_well_formed_network_and_leaves_its_own_as_it_was(name: str) -> None:
    before: list[tuple[Outputs, list[tuple[int, object]]]] = []
    for _, outputs in passes(name):
        verify(outputs)
        before.append((outputs, [(n.number, n.axes) for n in topological(outputs.values())]))
    for outputs, listed in before:
        assert [(n.number, n.axes) for n in topological(outputs.values())] == listed


def test_equal_nodes_are_one_node() -> None:
    pool = Pool()
    first, second = (pool.pick(pool.param("p", (3,), 2), (1,)) for _ in range(2))
    assert first is second and len(pool) == 2


def test_a_pool_refuses_one_node_too_many() -> None:
    pool = Pool(1)
    pool.param("p", (), 2)
    with pytest.raises(TooManyNodes):
        pool.param("q", (), 2)


def test_rebuilding_by_simplified_nodes_changes_no_simple_network() -> None:
    outputs = after("tiny", "simplify")
    again = rebuild(outputs, LIMIT, simplified)
    shapes = [
        [(type(n), n.axes, n.shape) for n in topological(o.values())] for o in (outputs, again)
    ]
    assert shapes[0] == shapes[1]


def test_simplify_folds_what_is_known() -> None:
    pool = Pool()
    table = pool.constant(np.eye(3)[[1, 2, 0]])
    one = pool.constant(np.eye(3)[2])
    node = pool.contract([Term(table, ("a", "out")), Term(one, ("a",))], [], ["out"])
    (root,) = simplify({"y": node}, LIMIT).values()
    assert isinstance(root, Constant) and root.value.tolist() == [1.0, 0.0, 0.0]


def test_simplify_renames_by_an_identity_table_and_drops_weights_that_sum_to_1() -> None:
    pool = Pool()
    p, x = pool.param("p", (), 2), pool.input("x", (3,), True)
    identity = pool.constant(np.eye(3))
    node = pool.contract(
        [Term(p, (RESTART, "v")), Term(identity, ("a", "b")), Term(x, (BATCH, "a"))],
        [(RESTART, RESTART), (BATCH, BATCH)],
        ["b"],
    )
    (root,) = simplify({"y": node}, LIMIT).values()
    assert root.axes == (BATCH,) and type(root).__name__ == "Input"


def test_simplify_reads_the_whole_array_of_images_once() -> None:
    (net,) = nodes_of(after("moves", "simplify"), Learned)
    assert net.mapped == 1 and net.shape == (3, 3)


def test_simplify_leaves_no_contraction_that_one_other_alone_reads() -> None:
    outputs = after("tiny", "simplify")
    nodes = topological(outputs.values())
    for node in nodes_of(outputs, Contract):
        readers = [reader for reader in nodes if node in reader.operands]
        assert len(readers) != 1 or not isinstance(readers[0], Contract)


def test_vectorise_makes_alike_cells_one_contraction_over_a_lane() -> None:
    before, made = after("tape", "build"), after("tape", "vectorise")
    assert len(nodes_of(before, Contract)) >= 4
    assert not nodes_of(made, Stack)
    assert [axis.name for node in nodes_of(made, Contract) for axis in node.axes if axis.size == 4]


def test_vectorise_leaves_cells_apart_that_need_each_other() -> None:
    pool = Pool()
    x = pool.input("x", (2,), True)
    table = pool.constant(np.ones((2, 2)) / 2)

    def through(node: Node) -> Node:
        return pool.contract(
            [Term(table, ("a", "b")), Term(node, (BATCH, "a"))], [(BATCH, BATCH)], ["b"]
        )

    first = through(x)
    stack = pool.stack([first, through(first)])
    assert nodes_of(vectorise({"y": stack}, LIMIT), Stack)


def test_a_common_factor_of_two_branches_stands_once() -> None:
    def readers(outputs: Outputs) -> int:
        (net,) = nodes_of(outputs, Learned)
        return sum(net in node.operands for node in topological(outputs.values()))

    before = after("moves", "simplify")
    assert readers(before) == 2
    assert readers(take_out_common_factors(before, LIMIT)) == 1


def nested_sum(pool: Pool) -> Node:
    """A sum of x and of a sum of y and z, weighed by Params."""
    p, q = (pool.param(name, (), 2) for name in "pq")
    x, y, z = (pool.input(name, (3,), True) for name in "xyz")

    def mixed(weights: Node, body: Node) -> Node:
        axes = [(RESTART, RESTART), (BATCH, BATCH)]
        rest = tuple(axis for axis in body.axes if axis != RESTART)
        own = (*((RESTART,) if RESTART in body.axes else ()), *rest, "case", "i")
        terms = [Term(weights, (RESTART, "case")), Term(body, own)]
        return pool.contract(terms, axes, ["i"], True)

    return mixed(p, pool.stack([x, mixed(q, pool.stack([y, z]))]))


def test_nested_sums_become_one() -> None:
    outputs = simplify({"y": nested_sum(Pool())}, LIMIT)
    assert len(nodes_of(outputs, Stack)) == 2
    assert len(nodes_of(merge_nested_sums(outputs, LIMIT), Stack)) == 1


def test_a_shared_contraction_is_made_apart_only_where_that_costs_less() -> None:
    def cost(outputs: Outputs) -> float:
        contractions = nodes_of(outputs, Contract)
        return sum(contraction_path(n.terms, n.output, RESTARTS)[0] for n in contractions)

    for name in MODELS:
        before = after(name, "merge_nested_sums")
        assert cost(inline_shared(before, RESTARTS, LIMIT)) <= cost(before)


def test_a_path_makes_a_matrix_product_before_a_table_is_met() -> None:
    pool = Pool()
    table = pool.constant(np.ones((19, 19, 19)))
    weights, values = pool.param("w", (), 5), pool.input("r", (5, 19), True)
    terms = [
        Term(table, (0, 1, 2)),
        Term(weights, (3, 4)),
        Term(values, (5, 4, 0)),
        Term(values, (5, 6, 1)),
        Term(weights, (3, 6)),
    ]
    _, path = contraction_path(terms, (3, 5, 2), RESTARTS)
    pairs = []

    def visit(part: object) -> None:
        if isinstance(part, tuple):
            pairs.append(part)
            for each in part:
                visit(each)

    visit(path)
    assert (1, 2) in pairs or (2, 1) in pairs


@pytest.mark.parametrize("name", MODELS)
def test_pairwise_leaves_no_contraction_of_more_than_two_factors(name: str) -> None:
    made = make_pairwise(after(name, "merge_nested_sums"), RESTARTS, LIMIT)
    assert all(len(node.terms) <= 2 for node in nodes_of(made, Contract))


@pytest.mark.parametrize("name", MODELS)
def test_a_schedule_makes_what_has_no_batch_first_and_everything_in_time(name: str) -> None:
    made = verify_schedule(schedule(after(name, "make_pairwise")))
    batched = [BATCH in node.axes for step in made.steps for node in step]
    assert batched == sorted(batched)


def test_a_schedule_out_of_order_or_with_gaps_is_refused() -> None:
    made = schedule(after("tiny", "make_pairwise"))
    turned = dataclasses.replace(made, steps=made.steps[::-1])
    short = dataclasses.replace(made, steps=made.steps[:-1])
    twice = dataclasses.replace(made, steps=(*made.steps, made.steps[-1]))
    kinds = dict.fromkeys(made.kinds, next(iter(made.kinds.values())))
    for wrong in (turned, short, twice, dataclasses.replace(made, kinds=kinds)):
        with pytest.raises(Malformed):
            verify_schedule(wrong)


def test_a_schedule_refuses_contractions_that_are_not_pairwise() -> None:
    outputs = after("tiny", "simplify")
    assert any(len(node.terms) > 2 for node in nodes_of(outputs, Contract))
    with pytest.raises(Malformed, match="pairwise"):
        verify_schedule(schedule(outputs))


def broken_networks() -> dict[str, Outputs]:
    """Networks that mean nothing, by what is wrong with them."""
    pool = Pool()
    p, x = pool.param("p", (3,), 2), pool.input("x", (2,), True)
    summed = pool.contract([Term(x, (BATCH, "a"))], [], ["a"])
    kept = pool.open(p, [bound_axis(0, 3)])
    return {
        "index is outside": {"y": pool.pick(p, (7,))},
        "differ in shape": {"y": pool.stack([p, x])},
        "sums over examples": {"y": summed},
        "keeps an axis": {"y": kept},
        "canonical order": {"y": dataclasses.replace(kept, axes=kept.axes[::-1])},
        "another shape": {"y": dataclasses.replace(pool.constant(np.ones(2)), shape=(3,))},
        "made after it": {"y": dataclasses.replace(pool.pick(p, (0,)), number=0)},
        "no dimension": {"y": dataclasses.replace(x, shape=())},
    }


@pytest.mark.parametrize("problem", broken_networks())
def test_the_verifier_says_what_is_wrong(problem: str) -> None:
    with pytest.raises(Malformed, match=problem):
        verify(broken_networks()[problem])
