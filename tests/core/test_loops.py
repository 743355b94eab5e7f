"""What a loop of the network guarantees: what is refused, what stands outside, what counts."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import tensorflow as tf

from terpret import compile_model
from terpret.backends.memory import update_bytes
from terpret.compile import check_model, tensor_network
from terpret.core.nodes import (
    RESTART,
    Given,
    Learned,
    Outputs,
    Repeated,
    Rounds,
    bound_axis,
    every_node,
    topological,
)
from terpret.core.verify import Malformed, verify
from terpret.language.errors import ModelError, Source
from tests.core.networks import passes

LIMIT = 10_000


def network(text: str, loops: str = "always", **settings: Any) -> Outputs:
    """The tensor network of a model's text."""
    return tensor_network(check_model(Source("model", text)), 2, loops=loops, **settings)


def loops_of(outputs: Outputs) -> list[Repeated]:
    """The roots of loops that are no part of another."""
    return [node for node in topological(outputs.values()) if isinstance(node, Repeated)]


def networks_of(outputs: Outputs) -> list[Learned]:
    """The networks outside all loops."""
    return [node for node in topological(outputs.values()) if isinstance(node, Learned)]


def networks_in_loops(outputs: Outputs) -> list[Learned]:
    """The networks in bodies of loops."""
    outside = networks_of(outputs)
    every = [node for node in every_node(outputs.values()) if isinstance(node, Learned)]
    return [node for node in every if node not in outside]


def steps() -> Repeated:
    """A loop with an operand that is passed on, the first, and three that are sliced."""
    return loops_of(dict(passes("steps"))["with_bodies"])[0]


def with_rounds(change: Callable[[Rounds], Mapping[str, object]]) -> Repeated:
    """The loop, with other fields of its rounds."""
    node = steps()
    return dataclasses.replace(node, rounds=dataclasses.replace(node.rounds, **change(node.rounds)))


def with_given(change: Callable[[Given], Given]) -> Repeated:
    """The loop, with one more root: what its body is given first, changed."""
    body = steps().rounds.body
    leaves = [one for one in topological(body.values()) if isinstance(one, Given)]
    changed = change(next(one for one in leaves if one.place == 0))
    return with_rounds(lambda rounds: {"body": {**body, "given": changed}})


def malformed_loops() -> dict[str, Repeated]:
    """Loops that mean nothing, by what is wrong with them."""
    node, lane = steps(), bound_axis(0, 3)
    first, *others = node.rounds.axes
    narrow = tuple(axis for axis in first if axis != RESTART)
    shorter = dataclasses.replace(node.inputs[1], shape=(5, 2))
    return {
        "no such root": dataclasses.replace(node, root="nobody"),
        "other operands": dataclasses.replace(node, inputs=node.inputs[:-1]),
        "other axes than its root": dataclasses.replace(node, axes=()),
        "another shape than its root": dataclasses.replace(node, shape=(7,)),
        "operand that is not there": with_rounds(lambda r: {"sliced": r.sliced | {9}}),
        "both carried and sliced": with_rounds(lambda r: {"sliced": r.sliced | {0}}),
        "a root that is not there": with_rounds(lambda r: {"carried": {0: "nobody"}}),
        "other axes in a round": with_rounds(lambda r: {"axes": (first, (), *others[1:])}),
        "gains an axis": with_rounds(lambda r: {"axes": (narrow, *others)}),
        "one element a round": dataclasses.replace(
            node, inputs=(node.inputs[0], shorter, *node.inputs[2:])
        ),
        "not what its body was given": with_given(lambda g: dataclasses.replace(g, shape=(4,))),
        "no operand 9": with_given(lambda g: dataclasses.replace(g, place=9)),
        "an axis that it has not": dataclasses.replace(
            node, inputs=(dataclasses.replace(node.inputs[0], axes=(lane,)), *node.inputs[1:])
        ),
        "of another shape in the next round": dataclasses.replace(
            node, inputs=(node.inputs[1], *node.inputs[1:])
        ),
    }


@pytest.mark.parametrize("problem", malformed_loops())
def test_the_verifier_says_what_is_wrong_with_a_loop(problem: str) -> None:
    with pytest.raises(Malformed, match=problem):
        verify({"y": malformed_loops()[problem]})


def test_what_a_round_is_given_is_refused_outside_loops() -> None:
    body = steps().rounds.body
    verify(body, body=True)
    with pytest.raises(Malformed, match="no loop around it"):
        verify(body)


def test_the_body_of_a_malformed_loop_is_verified_too() -> None:
    node = steps()
    (root,) = node.rounds.body.values()
    wrong = dataclasses.replace(root, axes=root.axes[::-1])
    with pytest.raises(Malformed, match="canonical order"):
        verify({"y": with_rounds(lambda rounds: {"body": dict.fromkeys(rounds.body, wrong)})})


HEAD = """
images = InputTensor(4)[6]
places = InputTensor(4)[6, 3]
still = InputTensor(4)
first = Input(3)
y = Output(3)
p = Param(3)
pos = Param(3)[6]
x = Var(3)[7]
z = Var(3)[7]

@Learn([Vector(4)], 3, hid_sizes=[5])
def net(a):
    pass

@Learn([3], 3, hid_sizes=[5])
def of_state(a):
    pass

@Runtime([3, 3], 3)
def add(a, b):
    return (a + b) % 3

x[0].set_to(first)
for t in range(6):
    {}
y.set_to(x[6])
"""


@pytest.mark.parametrize(
    ("statement", "shape"),
    [
        ("x[t + 1].set_to(add(x[t], net(images[t])))", (6, 3)),
        ("x[t + 1].set_to(add(x[t], net(images[5 - t])))", (6, 3)),
        ("x[t + 1].set_to(add(x[t], net(still)))", (3,)),
        ("x[t + 1].set_to(add(x[t], of_state(pos[t])))", (6, 3)),
        ("with pos[t] as v:\n        x[t + 1].set_to(add(x[t], net(places[t, v])))", (6, 3, 3)),
        ("with x[t] as v:\n        x[t + 1].set_to(net(places[t, v]))", (6, 3, 3)),
    ],
)
def test_a_network_that_needs_no_round_is_computed_once_for_all_rounds(
    statement: str, shape: tuple[int, ...]
) -> None:
    outputs = network(HEAD.format(statement))
    assert loops_of(outputs)
    (net,) = networks_of(outputs)
    assert net.shape == shape and net.mapped == len(shape) - 1
    assert not networks_in_loops(outputs)


def test_a_network_of_what_rounds_pass_on_is_computed_in_every_round() -> None:
    outputs = network(HEAD.format("x[t + 1].set_to(of_state(x[t]))"))
    assert not networks_of(outputs)
    assert len(networks_in_loops(outputs)) == 1


def test_two_loops_share_what_a_network_says_of_their_images() -> None:
    text = HEAD.format(
        "x[t + 1].set_to(add(x[t], net(images[t])))\n"
        "z[0].set_to(x[6])\n"
        "for t in range(6):\n"
        "    z[t + 1].set_to(add(z[t], net(images[t])))"
    ).replace("y.set_to(x[6])", "y.set_to(z[6])")
    outputs = network(text)
    assert len({node.rounds for node in loops_of(outputs)}) == 2
    assert len(networks_of(outputs)) == 1


def test_nothing_is_a_loop_that_is_alike_in_all_rounds() -> None:
    outputs = network(HEAD.format("x[t + 1].set_to(add(p, first))"))
    assert not loops_of(outputs)


def test_what_only_the_last_round_gives_is_not_kept_of_every_round() -> None:
    roots = loops_of(network(HEAD.format("x[t + 1].set_to(add(x[t], pos[t]))")))
    assert [(node.every, node.root in node.rounds.carried.values()) for node in roots] == [
        (False, True)
    ]


def test_what_nobody_reads_is_left_out_of_a_loop() -> None:
    lone = network(HEAD.format("x[t + 1].set_to(add(x[t], pos[t]))"))
    statements = "x[t + 1].set_to(add(x[t], pos[t]))\n    z[t].set_to(add(x[t], first))"
    both = network(HEAD.format(statements))
    sizes = [len(list(every_node(outputs.values()))) for outputs in (lone, both)]
    assert sizes[0] == sizes[1]


def test_the_body_of_a_loop_has_no_axis_that_its_operands_lost() -> None:
    # Whatever `p` is, x[0] is the first element: it does not depend on the restart.
    text = HEAD.format("x[t + 1].set_to(add(x[t], first))").replace(
        "x[0].set_to(first)", "with p as v:\n    x[0].set_to(first)"
    )
    axes = {axis for node in every_node(network(text).values()) for axis in node.axes}
    assert RESTART not in axes


def test_a_limit_of_nodes_counts_the_bodies_of_loops() -> None:
    text = HEAD.format("x[t + 1].set_to(add(x[t], add(pos[t], net(images[t]))))")
    sizes = [count for count in range(20, 200) if _fits(text, count)]
    alone = len(topological(network(text).values()))
    assert sizes and min(sizes) > alone
    with pytest.raises(ModelError, match="more than 20 nodes"):
        network(text, max_nodes=20)


def _fits(text: str, limit: int) -> bool:
    try:
        network(text, max_nodes=limit)
    except ModelError:
        return False
    return True


def test_memory_counts_every_round_of_a_loop() -> None:
    text = HEAD.format("x[t + 1].set_to(add(x[t], of_state(x[t])))")
    looped, unrolled = network(text), network(text, "never")
    assert loops_of(looped)
    few, many = (update_bytes(one, 2, 1000) for one in (looped, unrolled))
    assert 0.5 < few / many < 1.5


@pytest.mark.parametrize("space", ["prob", "log"])
def test_a_loop_compiled_by_xla_has_the_losses_and_gradients_of_its_rounds(space: str) -> None:
    text = HEAD.format("with x[t] as v:\n        x[t + 1].set_to(add(pos[t], net(places[t, v])))")
    found = []
    for loops in ("never", "always"):
        model = compile_model(
            Source("model", text), restarts=2, space=space, dtype=tf.float64, loops=loops, seed=3
        )
        random = tf.random.Generator.from_seed(1)
        batch = {
            "images": random.normal((5, 6, 4), dtype=tf.float64),
            "places": random.normal((5, 6, 3, 4), dtype=tf.float64),
            "still": random.normal((5, 4), dtype=tf.float64),
            "first": tf.constant([0, 1, 2, 0, 1]),
            "y": tf.constant([2, 1, 0, 0, -1]),
        }
        batch = model.checked_batch(batch, outputs=True)
        variables = list(model.trainable_variables)

        @tf.function(jit_compile=True)
        def step(model=model, batch=batch, variables=variables) -> list[tf.Tensor]:
            with tf.GradientTape() as tape:
                losses = model.emit_losses(batch)
            zero = tf.UnconnectedGradients.ZERO
            return [losses, *tape.gradient(losses, variables, unconnected_gradients=zero)]

        found.append(step())
    for one, other in zip(*found, strict=True):
        tf.debugging.assert_near(one, other, 1e-9, 1e-9)
