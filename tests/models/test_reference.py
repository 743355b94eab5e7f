"""The original's losses and gradients, of fixed logits (measured with its own code)."""

import pathlib

import numpy as np
import pytest
import tensorflow as tf

from terpret import compile_model
from terpret.data.json_file import declared_hypers, read_data, read_hypers

DATA = pathlib.Path(__file__).parent / "data"
ROOT = pathlib.Path(__file__).parents[2]
MODELS = {
    "test1": DATA / "test1_model.py",
    "none_test": DATA / "none_test_model.py",
    "circuit": ROOT / "ntpt_models" / "circuit.py",
    "turing": ROOT / "ntpt_models" / "turing.py",
    "basic_block": ROOT / "ntpt_models" / "basic_block.py",
}
FILES = {
    "test1": ("test1_data.json", "test1_hypers.json"),
    "none_test": ("none_test.json", "none_test_hypers.json"),
    "circuit": ("circuit_swap_data.json", "circuit_swap_hypers.json"),
    "turing": ("turing_invert_data.json", "turing_invert_hypers.json"),
    "basic_block": ("basic_block_access_data.json", "basic_block_access_hypers.json"),
}


def compiled(name, space="prob", restarts=1, loops="auto"):
    data, hypers = FILES[name]
    path = MODELS[name]
    config = read_hypers(DATA / hypers)
    model = compile_model(
        path,
        hypers=declared_hypers(path, next(iter(config.values()))),
        restarts=restarts,
        space=space,
        dtype=tf.float64,
        loops=loops,
    )
    batch = next(b for b in read_data(DATA / data, model.checked) if b.name == "train")
    return model, batch.arrays


def set_reference_logits(model):
    """Sorted flattened names: i = position, j = value, logit = sin(1 + 7i + 3j)."""
    flat = {}
    for variable in model.checked.of_kind("Param"):
        for index in np.ndindex(variable.dims):
            flat["_".join([variable.name, *map(str, index)])] = (variable, index)
    logits = {v.name: np.zeros((1, *v.dims, v.domain)) for v in model.checked.of_kind("Param")}
    for i, name in enumerate(sorted(flat)):
        variable, index = flat[name]
        values = np.sin(1 + 7 * i + 3 * np.arange(variable.domain))
        logits[variable.name][(0, *index)] = values
    for name, values in logits.items():
        model.param_logits[name].assign(values)


def loss_and_norm(model, batch):
    tensors = model.checked_batch(batch, outputs=True)
    with tf.GradientTape() as tape:
        loss = model.emit_losses(tensors)
    gradients = tape.gradient(loss, model.param_logits)
    norm = np.sqrt(sum(np.sum(np.square(g)) for g in gradients.values() if g is not None))
    return float(loss[0]), norm, gradients


@pytest.mark.parametrize("loops", ["never", "always"])
@pytest.mark.parametrize("space", ["prob", "log"])
@pytest.mark.parametrize(
    "name, loss, norm", [("test1", 0.716591, 0.252911), ("circuit", 1.729114, 0.283876)]
)
def test_losses_and_gradients_are_the_originals(name, loss, norm, space, loops):
    model, batch = compiled(name, space, loops=loops)
    set_reference_logits(model)
    found, found_norm, _ = loss_and_norm(model, batch)
    assert found == pytest.approx(loss, abs=1e-5)
    assert found_norm == pytest.approx(norm, abs=1e-5)


def test_losses_of_single_outputs_are_the_originals():
    model, batch = compiled("circuit")
    set_reference_logits(model)
    marginals = model.marginals({"initial_wires": batch["initial_wires"]})["final_wires"][0]
    labels = batch["final_wires"]
    chosen = np.take_along_axis(marginals.numpy(), labels[..., None], -1)[..., 0]
    losses = np.mean(-np.log(chosen + 1e-10), 0)
    np.testing.assert_allclose(losses, [0.437899, 1.291215], atol=1e-5)


def test_clamped_elements_have_no_gradient():
    model, batch = compiled("basic_block")
    set_reference_logits(model)
    _, _, gradients = loss_and_norm(model, batch)
    for name in ("instructions", "thenBlock", "elseBlock"):
        gradient = gradients[name].numpy()[0]
        assert not gradient[0].any()
        assert gradient[1:].any()


def test_unobserved_labels_count_nothing():
    model, batch = compiled("none_test")
    assert (batch["final_reg"][:, 1] == -1).all()
    set_reference_logits(model)
    everything = float(model.losses(batch)[0])
    marginals = model.marginals({"init_reg": batch["init_reg"]})["final_reg"][0, :, 0].numpy()
    chosen = np.take_along_axis(marginals, batch["final_reg"][:, :1], -1)
    assert everything == pytest.approx(float(np.mean(-np.log(chosen + 1e-10))), abs=1e-8)


@pytest.mark.parametrize("space", ["prob", "log"])
@pytest.mark.parametrize("name", ["turing", "basic_block"])
def test_the_originals_tasks_have_the_same_losses_with_loops_and_without(name, space):
    found = []
    for loops in ("never", "always"):
        model, batch = compiled(name, space, loops=loops)
        set_reference_logits(model)
        found.append(loss_and_norm(model, batch)[:2])
    assert found[0] == pytest.approx(found[1], rel=1e-9)
