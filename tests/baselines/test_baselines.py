"""The neural baselines have the paper's shapes, learn, and keep apart what they promise to."""

import numpy as np
import pytest
import tensorflow as tf

from baselines import BASELINES, independent, multitask, progressive
from baselines.baseline import Baseline
from baselines.memory import CAPACITY, Memory
from terpret.data.test_set import TestSet
from tests.commands import run_eagerly

PLACES = ("top", "left", "bottom", "right")
TASKS = [f"{scenario}-{place}" for scenario in ("add2x2", "apply2x2") for place in PLACES]
TWO = ["add2x2-top", "apply2x2-top"]
FEW = [*TWO, "add2x2-left"]
NAMES = list(BASELINES)

# Weights and biases of the layers that the paper gives (sections 4.1 and 5.1).
FIRST, SECOND = 784 * 256 + 256, 256 * 256 + 256
NET_0, NET_1 = FIRST + SECOND + 256 * 10 + 10, FIRST + SECOND + 256 * 4 + 4
UPPER = 2 * (128 * 128 + 128) + 128 * 19 + 19
LAST = 128 * 19 + 19


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Networks of few numbers, where their sizes are not what a test is about."""
    for module in (independent, multitask, progressive):
        monkeypatch.setattr(module, "PERCEPTION", (24, 16))
        monkeypatch.setattr(module, "HIDDEN", 12)


def examples(task: str, count: int = 6, seed: int = 0) -> dict[str, tf.Tensor]:
    """Random tiles, integers and answers."""
    random = np.random.default_rng(seed)
    batch = {
        "tiles": tf.constant(random.random((count, 4, 28, 28)) > 0.8, tf.float32),
        "final_sum": tf.constant(random.integers(0, 19, count), tf.int32),
    }
    if task.startswith("apply"):
        batch["aux_ints"] = tf.constant(random.integers(0, 10, (count, 3)), tf.int32)
    return batch


def answers(
    baseline: Baseline,
    task: str,
    images: tf.Tensor,
    places: np.ndarray,
    integers: dict[str, tf.Tensor],
) -> np.ndarray:
    """What a baseline answers to grids composed of images."""
    unknown = np.zeros(len(places), int)
    test_set = TestSet({**integers, "tiles": places}, {"final_sum": unknown}, {"tiles": images})
    return baseline.answers({task: test_set})[task]


def values(module: tf.Module) -> list[np.ndarray]:
    """The values of a module's variables."""
    return [variable.numpy() for variable in module.variables]


def same(one: list[np.ndarray], other: list[np.ndarray]) -> bool:
    """Whether two lists of arrays are equal to the bit."""
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def shapes(network: tf.Module) -> list[tuple[int, ...]]:
    """The kernels' shapes, without the lives."""
    return [tuple(kernel.shape[1:]) for kernel in network.kernels]


def lived(name: str, lives: list[int], seed: int = 0, steps: int = 3) -> tuple[Baseline, list]:
    """A baseline after a few steps of each task, in double precision, and its losses."""
    baseline = BASELINES[name](TWO, lives, seed, dtype=tf.float64)
    losses = [
        baseline.step(task, examples(task, seed=step)).numpy()
        for task in TWO
        for step in range(steps)
    ]
    return baseline, losses


def test_the_independent_columns_are_the_papers() -> None:
    baseline = BASELINES["indep"](TASKS, [0])
    column = baseline.networks.columns["apply2x2-left"]
    assert shapes(column.perception) == [(784, 256), (256, 256), (256, 10)]
    assert shapes(column.decision) == [(40 + 57, 128), (128, 128), (128, 128), (128, 19)]
    add, apply = 40 * 128 + 128, 97 * 128 + 128
    assert baseline.parameters == 8 * (NET_0 + UPPER) + 4 * (add + apply)


@pytest.mark.parametrize("name", ["MTNN-1", "MTNN-2"])
def test_the_multitask_networks_are_the_papers(name: str) -> None:
    baseline = BASELINES[name](TASKS, [0])
    networks = baseline.networks
    assert shapes(networks.nets["net_0"]) == [(784, 256), (256, 256), (256, 10)]
    assert shapes(networks.nets["net_1"]) == [(784, 256), (256, 256), (256, 4)]
    more = [(128, 128), (128, 128)] if name == "MTNN-1" else []
    assert shapes(networks.decisions["add2x2-top"]) == [(40, 128), *more, (128, 19)]
    assert shapes(networks.decisions["add2x2-right"]) == [(56, 128), *more, (128, 19)]
    three = [(56 + 57, 128), (128, 128), (128, 128), (128, 19)]
    assert shapes(networks.decisions["apply2x2-top"]) == three
    add = UPPER if name == "MTNN-1" else LAST
    bottoms = 128 * (40 + 3 * 56 + 4 * 113) + 8 * 128
    assert baseline.parameters == NET_0 + NET_1 + bottoms + 4 * add + 4 * UPPER


def test_the_progressive_columns_have_adapters_to_all_earlier_ones() -> None:
    baseline = BASELINES["PNN"](TASKS, [0])
    first, second, *_, last = baseline.networks.columns
    assert [layer.adapter for layer in first.perception + first.decision] == [None] * 6
    assert [shapes(layer.adapter.projection)[0] for layer in last.perception] == [
        (7 * 256, 256),
        (7 * 256, 256),
    ]
    assert [shapes(layer.adapter.projection)[0] for layer in last.decision] == [
        (7 * 40, 40),
        (7 * 128, 128),
        (7 * 128, 128),
        (7 * 128, 128),
    ]
    # The second column's own layers and, in each, a scale, V and its bias, and U.
    adapters = sum(1 + n * n + n + n * out for n, out in ((256, 256), (256, 10), (40, 128)))
    adapters += sum(1 + 128 * 128 + 128 + 128 * out for out in (128, 128, 19))
    own = NET_0 + 40 * 128 + 128 + UPPER
    assert sum(v.shape[1:].num_elements() for v in second.trainable_variables) == own + adapters


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.usefixtures("eagerly", "narrow")
def test_a_life_is_the_same_whatever_lives_beside_it(name: str) -> None:
    alone, losses_alone = lived(name, [2])
    among, losses_among = lived(name, [0, 1, 2])
    np.testing.assert_allclose(
        [loss[0] for loss in losses_alone], [loss[2] for loss in losses_among], atol=1e-6
    )
    for one, several in zip(values(alone), values(among), strict=True):
        np.testing.assert_allclose(one[0], several[2], atol=1e-6)
    assert len(set(losses_among[0])) == 3


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.usefixtures("eagerly", "narrow")
def test_the_seed_decides_every_bit(name: str) -> None:
    baseline, _ = lived(name, [0], seed=3, steps=1)
    again, _ = lived(name, [0], seed=3, steps=1)
    other, _ = lived(name, [0], seed=4, steps=1)
    assert same(values(baseline), values(again))
    assert not same(values(baseline), values(other))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.usefixtures("eagerly", "narrow")
def test_a_checkpoint_resumes_to_the_bit(name: str, tmp_path) -> None:
    baseline, _ = lived(name, [0], steps=1)
    saved = tf.train.Checkpoint(baseline=baseline).write(str(tmp_path / "state"))
    resumed = BASELINES[name](TWO, [0], 9, dtype=tf.float64)
    tf.train.Checkpoint(baseline=resumed).read(saved).assert_consumed()
    for task in TWO:
        baseline.step(task, examples(task, seed=5))
        resumed.step(task, examples(task, seed=5))
    assert same(values(baseline), values(resumed))


@pytest.mark.usefixtures("eagerly", "narrow")
def test_a_progressive_column_learns_alone_and_reads_the_earlier_ones() -> None:
    baseline = BASELINES["PNN"](FEW, [0])
    first, second, third = baseline.networks.columns
    before = [values(column) for column in (first, second, third)]
    answers = lambda: baseline.networks.decide(  # noqa: E731
        FEW[2], tf.ones([1, 1, 4, 30]), tf.zeros([1, 1, 57])
    )
    baseline.step(FEW[2], examples(FEW[2]))
    assert same(values(first), before[0]) and same(values(second), before[1])
    assert not any(np.array_equal(a, b) for a, b in zip(values(third), before[2], strict=True))
    told = answers()
    bias = first.decision[2].main.biases[0]
    bias.assign_add(tf.ones_like(bias))
    assert np.abs(answers() - told).max() > 0


@pytest.mark.usefixtures("eagerly", "narrow")
def test_independent_columns_learn_alone() -> None:
    baseline = BASELINES["indep"](FEW, [0])
    columns = baseline.networks.columns
    before = {task: values(column) for task, column in columns.items()}
    baseline.step(FEW[1], examples(FEW[1]))
    assert [same(values(columns[task]), before[task]) for task in FEW] == [True, False, True]


@pytest.mark.parametrize("name", ["MTNN-1", "MTNN-2"])
@pytest.mark.usefixtures("eagerly", "narrow")
def test_the_first_task_leaves_net_1_alone(name: str) -> None:
    baseline = BASELINES[name](FEW, [0])
    parts = {**baseline.networks.nets, **baseline.networks.decisions}

    def changed_by(task: str) -> set[str]:
        before = {part: values(network) for part, network in parts.items()}
        baseline.step(task, examples(task))
        return {part for part in parts if not same(values(parts[part]), before[part])}

    assert changed_by("add2x2-top") == {"net_0", "add2x2-top"}
    assert changed_by("apply2x2-top") == {"net_0", "net_1", "apply2x2-top"}
    assert changed_by("add2x2-left") == {"net_0", "net_1", "add2x2-left"}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.usefixtures("narrow")
def test_what_a_task_is_answered_by_is_taught_by_those_whose_columns_it_reads(name: str) -> None:
    """All tasks teach shared networks; a progressive column reads all earlier ones."""
    baseline = BASELINES[name](FEW, [0])
    for place, task in enumerate(FEW):
        readers = {"indep": [task], "PNN": FEW[: place + 1]}.get(name, FEW)
        assert baseline.taught_by(task) == frozenset(readers)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.usefixtures("eagerly", "narrow")
def test_grids_of_few_images_are_answered_like_any_others(name: str) -> None:
    baseline = BASELINES[name](FEW, [0, 1])
    random = np.random.default_rng(1)
    images = tf.constant(random.random((5, 28, 28)), tf.float32)
    places = random.integers(0, 5, (1200, 4))
    integers = tf.constant(random.integers(0, 10, (1200, 3)), tf.int32)
    for task, aux in (("apply2x2-top", {"aux_ints": integers}), ("add2x2-left", {})):
        composed = answers(baseline, task, images, places, aux)
        shown = tf.reshape(tf.gather(images, places), [-1, 28, 28])
        assert composed.shape == (2, 1200) and composed.dtype == np.int32
        every = np.arange(4800).reshape(1200, 4)
        np.testing.assert_array_equal(composed, answers(baseline, task, shown, every, aux))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.usefixtures("eagerly", "narrow")
def test_a_few_examples_are_learned_by_heart(name: str) -> None:
    baseline = BASELINES[name](TWO, [0], rate=0.03)
    task = TWO[1]
    batch = examples(task, 4)
    losses = [baseline.step(task, batch) for _ in range(96)]
    assert losses[0] > 2 and losses[-1] < 0.5
    shown = tf.reshape(batch["tiles"], [-1, 28, 28])
    given = answers(baseline, task, shown, np.arange(16).reshape(4, 4), batch)
    np.testing.assert_array_equal(given[0], batch["final_sum"])


@pytest.mark.usefixtures("eagerly", "narrow")
def test_columns_that_are_remembered_teach_what_columns_teach_that_are_asked_again() -> None:
    remembering = BASELINES["PNN"](FEW, [0, 1], dtype=tf.float64)
    again = BASELINES["PNN"](FEW, [0, 1], dtype=tf.float64)
    asking = Baseline(again.networks, again.optimisers)
    few = {task: [examples(task, 4, seed) for seed in (0, 1)] for task in FEW}
    course = [(FEW[0], 0), (FEW[1], 0), (FEW[1], 1), (FEW[0], 1), (FEW[1], 0), (FEW[1], 1)]
    for task, number in [*course, *((FEW[2], number) for number in (0, 1, 1, 0))]:
        losses = [one.step(task, few[task][number]) for one in (remembering, asking)]
        np.testing.assert_allclose(*losses, rtol=1e-9)


def test_a_memory_sees_an_image_once() -> None:
    memory, asked = Memory(), []

    def recall(of: str, values: list[int]) -> list[int]:
        images = np.array(values)[:, None]

        def see() -> np.ndarray:
            asked.append(values)
            return images[None] * 10

        return memory.recall(of, images, see)[0, :, 0].tolist()

    assert recall("a", [1, 2, 1]) == [10, 20, 10]
    assert recall("a", [2, 1]) == [20, 10] and len(asked) == 1
    assert recall("a", [2, 3]) == [20, 30] and len(asked) == 2
    assert recall("b", [3, 1]) == [30, 10] and len(asked) == 3
    many = list(range(CAPACITY))
    assert recall("b", many) == [10 * value for value in many]
    assert recall("b", [1, CAPACITY]) == [10, 10 * CAPACITY] and len(asked) == 5


@pytest.mark.usefixtures("narrow")
def test_compiled_steps_are_the_same_steps() -> None:
    task = TWO[1]
    compiled, eager = (BASELINES["PNN"](TWO, [0], dtype=tf.float64) for _ in range(2))
    batch = examples(task)
    losses = [compiled.step(task, batch) for _ in range(3)]
    with run_eagerly():
        np.testing.assert_allclose(losses, [eager.step(task, batch) for _ in range(3)], rtol=1e-9)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.usefixtures("narrow")
def test_a_task_is_answered_the_same_beside_others_that_show_its_images(name: str) -> None:
    tasks = [task for task in TASKS if task.startswith("add")][:3]
    baseline = BASELINES[name](tasks, range(2), seed=3)
    random = np.random.default_rng(0)
    images = random.random((40, 28, 28)).astype(np.float32)
    test_sets = {
        task: TestSet(
            {"tiles": random.integers(0, 40, (30, 4))},
            {"final_sum": np.zeros(30)},
            {"tiles": images},
        )
        for task in tasks
    }
    together = baseline.answers(test_sets)
    for task, test_set in test_sets.items():
        np.testing.assert_array_equal(together[task], baseline.answers({task: test_set})[task])
