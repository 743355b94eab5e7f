"""With one-hot parameters the compiled graph gives what the discrete interpreter gives."""

import pathlib

import numpy as np
import pytest
import tensorflow as tf

from terpret import check_model, compile_model, program_of
from terpret.discrete.program import assignments

ROOT = pathlib.Path(__file__).parents[2] / "ntpt_models"
PROGRAMS, EXAMPLES = 40, 12
SIZES = {
    "turing": {"numTapeSymbols": 3, "numHeadStates": 3, "tapeLength": 4, "numTimesteps": 6},
    "circuit": {"numWires": 4, "numGates": 5, "numOutputs": 4},
    "basic_block": {"numBlocks": 3, "numRegisters": 2, "numTimesteps": 6, "maxInt": 4},
    "assembly": {"numBlocks": 4, "numRegisters": 2, "numTimesteps": 6, "maxInt": 4},
    "parity_chain": {"K": 7},
}


def random_programs(model, generator):
    return {
        v.name: generator.integers(0, v.domain, (PROGRAMS, *v.dims)) for v in model.of_kind("Param")
    }


@pytest.mark.parametrize("space", ["prob", "log"])
@pytest.mark.parametrize("name", SIZES)
@pytest.mark.usefixtures("eagerly")
def test_interpreter_and_graph_agree(name, space):
    model = compile_model(
        ROOT / f"{name}.py",
        hypers=SIZES[name],
        restarts=PROGRAMS,
        space=space,
        dtype=tf.float64,
    )
    generator = np.random.default_rng(7)
    programs = random_programs(model.checked, generator)
    for variable in model.checked.of_kind("Param"):
        chosen = np.eye(variable.domain)[programs[variable.name]]
        model.param_logits[variable.name].assign(1000.0 * chosen)
    inputs = {
        v.name: generator.integers(0, v.domain, (EXAMPLES, *v.dims))
        for v in model.checked.of_kind("Input")
    }
    marginals = model.marginals(inputs)
    for restart in range(PROGRAMS):
        values = {key: value[restart] for key, value in programs.items()}
        expected = program_of(model.checked, values).run(inputs)
        read = model.program(restart)
        for key, value in expected.items():
            np.testing.assert_array_equal(marginals[key][restart].numpy().argmax(-1), value)
            np.testing.assert_array_equal(read.run(inputs)[key], value)
            if space == "prob":
                np.testing.assert_allclose(marginals[key][restart].numpy().max(-1), 1.0)


def test_clamped_elements_are_no_part_of_the_program_count():
    model = check_model(ROOT / "basic_block.py", SIZES["basic_block"])
    blocks, registers = 3, 2
    free = 9**blocks * (blocks + 1) ** (2 * blocks) * registers ** (4 * (blocks + 1))
    assert assignments(model) == free


def test_clamped_elements_are_marked_in_the_program():
    model = check_model(ROOT / "basic_block.py", SIZES["basic_block"])
    values = {v.name: np.full(v.dims, v.domain - 1) for v in model.of_kind("Param")}
    program = program_of(model, values)
    assert program.values["instructions"].tolist() == [0, 8, 8, 8]
    assert program.confidence["thenBlock"].tolist() == [1, 1, 1, 1]
    assert "instructions[0] = NOOP  # set by the model" in str(program)
