"""The paper's three models compile, share what they can, agree with the interpreter, and print."""

import numpy as np
import pytest
import tensorflow as tf

from experiments.scenarios.add2x2.task import add2x2_symbols
from ntpt_models import distinct_programs, source_code
from terpret import CompiledModel, check_model, compile_model, program_of
from terpret.core.nodes import Constant, Contract, Learned, topological
from terpret.discrete.program import assignments
from terpret.language.errors import Source

MODELS = ("add2x2_model", "apply2x2_model", "math_model")
LABELS = {"net_0": "digits", "net_1": "operators"}


def model_file(name: str) -> str:
    return f"ntpt_models/{name}.py"


def random_inputs(model: CompiledModel, examples: int, seed: int) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    batch = {}
    for variable in model.checked.variables:
        shape = (examples, *variable.dims)
        if variable.kind in ("Input", "Output") and isinstance(variable.domain, int):
            batch[variable.name] = random.integers(0, variable.domain, shape)
        elif variable.kind == "Input":
            batch[variable.name] = random.random((*shape, *variable.domain))
    return batch


@pytest.mark.parametrize("restarts", [1, 10])
@pytest.mark.parametrize("name", MODELS)
def test_the_gradient_is_finite_and_reaches_every_parameter(name: str, restarts: int) -> None:
    model = compile_model(model_file(name), restarts=restarts)
    batch = model.checked_batch(random_inputs(model, 4, 0), outputs=True)
    with tf.GradientTape() as tape:
        losses = model.emit_losses(batch)
        total = tf.reduce_sum(losses)
    assert losses.shape == (restarts,)
    for gradient in tape.gradient(total, model.trainable_variables):
        assert np.all(np.isfinite(gradient))
        assert np.any(gradient != 0)


@pytest.mark.parametrize("programs", [200, pytest.param(1000, marks=pytest.mark.soak)])
@pytest.mark.parametrize("name", MODELS)
@pytest.mark.usefixtures("eagerly")
def test_one_hot_parameters_give_what_the_interpreter_computes(name: str, programs: int) -> None:
    """Random programs, side by side on the restart axis, on labels instead of images."""
    examples = 4
    model = compile_model(model_file(name), restarts=programs, learned=LABELS)
    random = np.random.default_rng(1)
    labels = {
        "digits": random.integers(0, 10, (examples, 4)),
        "operators": random.integers(0, 4, (examples, 4)),
    }
    inputs = {
        v.name: random.integers(0, v.domain, (examples, *v.dims))
        for v in model.checked.of_kind("Input")
        if isinstance(v.domain, int)
    }
    values = {}
    for param, logits in model.param_logits.items():
        size = logits.shape[-1]
        values[param] = random.integers(0, size, logits.shape[:-1])
        logits.assign(1000.0 * np.eye(size)[values[param]])
    marginals = model.marginals({**inputs, **labels})
    for k in range(programs):
        program = program_of(model.checked, {n: v[k] for n, v in values.items()})
        given = program.run(inputs, {"net_0": labels["digits"], "net_1": labels["operators"]})
        for output, integers in given.items():
            marginal = marginals[output][k].numpy()
            expected = np.eye(marginal.shape[-1])[integers]
            np.testing.assert_array_equal(np.broadcast_to(marginal, expected.shape), expected)


def test_add2x2_meets_each_network_once_and_the_table_once_a_time_step() -> None:
    for steps in (5, 8):
        model = compile_model(model_file("add2x2_model"), {"T": steps})
        nodes = topological(model.outputs.values())
        networks = [node for node in nodes if isinstance(node, Learned)]
        assert sorted(node.network.name for node in networks) == ["net_0", "net_1"]
        assert all(node.shape[0] == 4 for node in networks), "all four tiles at once"
        reads = [
            node
            for node in nodes
            if isinstance(node, Contract)
            and any(isinstance(f, Constant) and f.shape == (19, 19, 19) for f in node.operands)
        ]
        assert len(reads) == steps - 1
        assert len(nodes) < 30 * steps


def test_one_network_is_a_hyper() -> None:
    model = compile_model(model_file("add2x2_model"), {"NUM_NETS": 1})
    assert list(model.networks) == ["net_0"]
    assert model.param_logits["net_choice"].shape == (1, 1)


@pytest.mark.parametrize(
    ("name", "distinct", "published"),
    [
        ("add2x2_model", (5 + 5**2) ** 4 * 5 * 2, 1e7),
        ("apply2x2_model", (5 + 8**3) ** 4 * 8 * 2, 1e12),
        ("math_model", ((3**3 + 2) * 3) ** 3 * 3, 1e6),
    ],
)
def test_program_spaces_have_the_published_size(name: str, distinct: int, published: float) -> None:
    checked = check_model(model_file(name))
    count = distinct_programs(checked)
    assert count == distinct < assignments(checked)
    assert published / 3 < count < published * 3


FIGURE_3A = {
    "instr": [2, 3, 1, 0],
    "args1": [0, 0, 1, 0],
    "args2": [0, 0, 2, 0],
    "return_reg": 3,
    "net_choice": 0,
}


def test_a_program_prints_as_in_figure_3() -> None:
    model = compile_model(model_file("add2x2_model"))
    program = program_of(model.checked, FIGURE_3A)
    assert source_code(program).splitlines() == [
        "# READ and MOVE apply net_0  # 1.00",
        "# initialization:",
        "R0 = READ",
        "# program:",
        "R1 = MOVE_EAST               # 1.00",
        "R2 = MOVE_SOUTH              # 1.00",
        "R3 = SUM(R1, R2)             # 1.00",
        "R4 = NOOP                    # 1.00",
        "return R3                    # 1.00",
    ]
    assert add2x2_symbols("right").correct(program)
    assert not add2x2_symbols("top").correct(program)


def test_another_model_of_a_known_name_prints_plainly() -> None:
    source = Source("somewhere/turing.py", "p = Param(2)\ny = Output(2)\ny.set_to(p)\n")
    checked = check_model(source)
    assert source_code(program_of(checked, {"p": 1})) == "p = 1  # 1.00"
    source = Source("add2x2_model.py", "p = Param(2)\ny = Output(2)\ny.set_to(p)\n")
    assert distinct_programs(check_model(source)) == 2


def test_apply2x2_prints_as_in_figure_3() -> None:
    model = compile_model(model_file("apply2x2_model"))
    program = program_of(
        model.checked,
        {
            "instr": [2, 3, 1, 1],
            "args1": [0, 0, 0, 6],
            "args2": [0, 0, 1, 2],
            "args3": [0, 0, 4, 5],
            "return_reg": 7,
            "net_choice": 1,
        },
    )
    text = source_code(program)
    assert "R6 = APPLY(R0, R1, R4)" in text
    assert "R7 = APPLY(R6, R2, R5)" in text
    # 7 + 2 = 9, 9 / 0 = 18: the operators of the right column are + and /.
    given = program.run(
        {"aux_ints": np.array([[7, 2, 0]])},
        {"net_0": np.zeros((1, 4), int), "net_1": np.array([[2, 0, 1, 3]])},
    )
    assert given["final_sum"].tolist() == [18]


def test_math_prints_as_in_figure_4_and_runs_at_any_length() -> None:
    loop = {
        "instr": [1, 1, 0],
        "args1": [0, 0, 2],
        "args2": [0, 0, 0],
        "args3": [0, 0, 1],
        "net_choice": [0, 1, 0],
        "goto_block": [2, 0, 1],
        "return_reg": 2,
    }
    for digits in (2, 5, 9):
        hypers = {"N_TILES": 2 * digits, "T": 3 * digits}
        model = compile_model(model_file("math_model"), hypers)
        program = program_of(model.checked, loop)
        random = np.random.default_rng(digits)
        tiles = random.integers(0, 4, (50, 2 * digits))
        tiles[:, 1::2] = random.integers(0, 10, (50, digits))
        expected = tiles[:, 1].copy()
        for k in range(2, 2 * digits, 2):
            a, b, op = expected, tiles[:, k + 1], tiles[:, k]
            results = [a + b, a - b, a * b, np.where(b == 0, 18, a // np.maximum(b, 1))]
            expected = np.choose(op, results) % 19
        given = program.run({}, {"net_0": tiles, "net_1": tiles % 4})
        np.testing.assert_array_equal(given["final_sum"], expected)
        assert np.all(given["halt_at_end"] == 1)
    assert [line.split("  #")[0].rstrip() for line in source_code(program).splitlines()] == [
        "L0: R0 = MOVE(net_0); GOTO_IF L2",
        "L1: R1 = MOVE(net_1); GOTO_IF L0",
        "L2: R2 = APPLY(R2, R0, R1); GOTO_IF L1",
        "halt: return R2",
    ]


def test_learned_constants_leave_a_straight_line_program() -> None:
    """With its parameters known, ADD2X2 is two network calls on two tiles and one addition."""
    values = {name: np.array(value) for name, value in FIGURE_3A.items()}
    model = compile_model(model_file("add2x2_model"), constants=values)
    nodes = topological(model.outputs.values())
    networks = [node for node in nodes if isinstance(node, Learned)]
    assert [(node.network.name, node.shape[0]) for node in networks] == [("net_0", 2)]
    assert sum(isinstance(node, Contract) for node in nodes) <= 5
