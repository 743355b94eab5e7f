"""The model of the mazes, its task, and what is measured and shown of a learned loop."""

import itertools
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from datasets.pools import ImagePool, ImageSet
from experiments.scenarios.mazes.sizes import accuracy_by_size
from experiments.scenarios.mazes.symbolic import symbols_of_size, verification
from experiments.scenarios.mazes.tables import sizes_table
from experiments.scenarios.mazes.task import maze_task, size_of
from experiments.scenarios.mazes.walk import walk_of
from experiments.scenarios.mazes.walk_figure import walk_figure, walk_frames
from ntpt_models import source_code
from terpret import CompiledModel, Program, check_model, compile_model, program_of
from terpret.core.nodes import Learned, topological
from terpret.errors import RunError
from terpret.language.checked import CheckedModel
from terpret.learning.layers import assign_layers
from terpret.runs.animations import save_film

MODEL = "ntpt_models/maze_model.py"
LOOK, MOVE, INC = range(3)
PUBLISHED = {"instr": np.array([LOOK, MOVE, INC]), "goto": np.array([1, 2, 0])}


@pytest.fixture(scope="module")
def checked() -> CheckedModel:
    return check_model(MODEL)


@pytest.fixture(scope="module")
def published(checked: CheckedModel) -> Program:
    return program_of(checked, PUBLISHED)


@pytest.fixture(scope="module")
def pool() -> ImagePool:
    """Signs that show their label in their first pixels; the last of each shows another's."""
    labels = np.repeat(np.arange(5, dtype=np.int32), 10)
    shown = np.where(np.arange(50) % 10 == 9, (labels + 1) % 5, labels)
    images = np.zeros((50, 28, 28), np.uint8)
    images[np.arange(50), 0, shown] = 255
    return ImagePool(images, labels)


@pytest.fixture(scope="module")
def learned(checked: CheckedModel) -> CompiledModel:
    """Two restarts; the second holds the published program, and a network that reads the pool."""
    model = compile_model(checked, restarts=2)
    for name, values in PUBLISHED.items():
        model.param_logits[name][1].assign(10.0 * np.eye(3, dtype=np.float32)[values])
    sizes = (784, 256, 256, 5)
    layers = [(np.eye(m, n), np.zeros(n)) for m, n in itertools.pairwise(sizes)]
    assign_layers(model.library.weights, {"LOOK": layers})
    return model


def test_the_published_solution_is_right_on_mazes_of_every_size(
    checked: CheckedModel, published: Program
) -> None:
    shares = verification(checked)(published)
    assert list(shares.values()) == [1.0, 1.0]
    assert any("10 x 10" in name for name in shares)


def test_it_is_one_of_the_few_correct_programs(checked: CheckedModel) -> None:
    """LOOK, MOVE, INC; with INC and MOVE exchanged; or begun with a MOVE that stands still."""
    symbols = symbols_of_size(3, 2, 100)
    correct = set()
    for values in itertools.product(range(3), repeat=6):
        program = program_of(checked, {"instr": values[:3], "goto": values[3:]})
        if symbols.correct(program):
            blocks = [0, values[3], values[3 + values[3]]]
            correct.add(tuple(values[block] for block in blocks))
    assert correct == {(LOOK, MOVE, INC), (LOOK, INC, MOVE), (MOVE, LOOK, INC)}


def test_a_wrong_program_is_not_run_on_large_mazes(checked: CheckedModel) -> None:
    wrong = program_of(checked, {"instr": [LOOK, INC, INC], "goto": [1, 2, 0]})
    (share,) = verification(checked)(wrong).values()
    assert share < 0.5


@pytest.mark.parametrize("programs", [60, pytest.param(300, marks=pytest.mark.soak)])
@pytest.mark.usefixtures("eagerly")
def test_one_hot_parameters_give_what_the_interpreter_computes(programs: int) -> None:
    model = compile_model(MODEL, restarts=programs, learned={"LOOK": "signs"})
    random = np.random.default_rng(1)
    inputs = {"start_X": random.integers(0, 3, 8), "start_Y": random.integers(0, 2, 8)}
    signs = random.integers(0, 5, (8, 2, 3))
    values = {name: random.integers(0, 3, (programs, 3)) for name in PUBLISHED}
    for name, logits in model.param_logits.items():
        logits.assign(1000.0 * np.eye(3)[values[name]])
    marginals = model.marginals({**inputs, "signs": signs})
    for k in range(programs):
        program = program_of(model.checked, {name: each[k] for name, each in values.items()})
        for output, integers in program.run(inputs, {"LOOK": signs}).items():
            marginal = marginals[output][k].numpy()
            np.testing.assert_array_equal(marginal, np.eye(marginal.shape[-1])[integers])


def test_the_network_is_met_once_and_the_gradient_reaches_every_parameter() -> None:
    model = compile_model(MODEL, restarts=2)
    nodes = topological(model.outputs.values())
    assert len([node for node in nodes if isinstance(node, Learned)]) == 1
    assert len(nodes) < 30 * 18
    random = np.random.default_rng(0)
    batch = {
        "img_grid": random.random((4, 2, 3, 28, 28), np.float32),
        "start_X": random.integers(0, 3, 4),
        "start_Y": random.integers(0, 2, 4),
        "path_len": random.integers(0, 6, 4),
        "halt_at_end": np.ones(4, int),
    }
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(model.emit_losses(model.checked_batch(batch, outputs=True)))
    for gradient in tape.gradient(total, model.trainable_variables):
        assert np.all(np.isfinite(gradient)) and np.any(gradient != 0)


def test_the_program_prints_as_a_loop(published: Program) -> None:
    assert source_code(published).splitlines() == [
        "L0: LOOK; GOTO L1         # 1.00",
        "L1: MOVE; GOTO L2         # 1.00",
        "L2: INC; GOTO L0          # 1.00",
        "halt at stop: return reg",
    ]


def test_a_size_that_fits_no_maze_is_refused() -> None:
    assert size_of(check_model(MODEL, {"W": 4, "H": 3})) == (4, 3)
    with pytest.raises(RunError, match="W=3,H=2,T=15 fits no mazes"):
        size_of(check_model(MODEL, {"T": 15}))


def test_accuracy_falls_with_the_size_as_the_confusions_foretell(
    learned: CompiledModel, pool: ImagePool
) -> None:
    rows = accuracy_by_size(learned, 1, pool, ((3, 2), (5, 5)), 2000)
    for row in rows:
        assert row["true_labels"] == 1.0
        assert abs(row["accuracy"] - row["simulated"]) < 0.04
    assert rows[1]["accuracy"] < rows[0]["accuracy"] < 0.9
    table = sizes_table({"sizes": rows})
    assert "3 x 2" in table and "true labels" in table


def test_the_task_of_a_model(checked: CheckedModel, pool: ImagePool) -> None:
    task = maze_task(checked, ImageSet(pool, pool, "made for this test"), distinct=100)
    batch = next(iter(task.batches(0, 4, 0, 0)))
    assert batch["img_grid"].shape == (4, 2, 3, 28, 28)
    assert len(task.test_set) == 1000 and task.test_set.inputs["img_grid"].shape == (1000, 2, 3)
    assert task.test_set.images["img_grid"].shape == (50, 28, 28)
    assert task.name == "3x2" and list(task.images) == ["LOOK"]
    assert task.symbols.correct(program_of(checked, PUBLISHED))


def test_a_walk_ends_at_the_stop_sign(
    learned: CompiledModel, pool: ImagePool, tmp_path: Path
) -> None:
    sound = np.arange(50) % 10 != 9
    true = ImagePool(pool.images[sound], pool.labels[sound])
    walk = walk_of(learned, 1, true, 4, 3)
    assert walk.right and walk.steps[-1].halted and walk.steps[-1].sign == 0
    places = walk.places(len(walk.steps))
    assert len(places) == walk.expected + 1 == len(set(places))
    texts = [text.get_text() for text in walk_figure(walk).axes[0].texts]
    assert "halted: right" in texts and "L0: LOOK; GOTO L1" in texts
    save_film(itertools.islice(walk_frames(walk), 4), str(tmp_path / "walk"))
    with Image.open(tmp_path / "walk.gif") as film:
        assert film.n_frames == 4
