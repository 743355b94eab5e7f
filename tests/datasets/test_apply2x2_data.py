"""The APPLY2X2 streams: right answers, uniform integers, and examples of (seed, number) alone."""

import numpy as np
import pytest
import tensorflow as tf

from datasets.apply2x2 import RESULTS, scene
from datasets.composing import Stream, batches
from datasets.grids import TASKS
from datasets.operators import load_operators
from datasets.pools import ImagePool
from terpret.errors import DataError
from tests.datasets.streams import assert_equal, collect, collected, numbered_pool, places


@pytest.fixture(scope="module")
def pool() -> ImagePool:
    """The embedded training operators."""
    return load_operators("embedded").train


@pytest.fixture(scope="module")
def numbered() -> ImagePool:
    """200 images, each of which shows its own number."""
    return numbered_pool(4)


def apply(a: int, b: int, operator: str) -> int:
    """What the paper's Apply does, in Python's own words."""
    if operator == "/" and b == 0:
        return 18
    return eval(f"{a} {operator.replace('/', '//')} {b}") % 19


def test_results_are_those_of_the_paper() -> None:
    assert RESULTS.shape == (4, 19, 19) and RESULTS.dtype == np.int32
    for k, operator in enumerate("+-*/"):
        expected = [[apply(a, b, operator) for b in range(19)] for a in range(19)]
        np.testing.assert_array_equal(RESULTS[k], expected)


def test_batches_hold_grids_integers_and_answers_only(pool: ImagePool) -> None:
    data = batches(scene(pool, "top"), Stream(1, 64))
    assert data.element_spec == {
        "tiles": tf.TensorSpec([64, 4, 28, 28], tf.float32),
        "aux_ints": tf.TensorSpec([64, 3], tf.int32),
        "final_sum": tf.TensorSpec([64], tf.int32),
    }
    tiles = collect(data, 2)["tiles"]
    assert tiles.min() == 0.0 and tiles.max() == 1.0
    known = {image.tobytes() for image in pool.images}
    drawn = np.rint(tiles.reshape(-1, 28, 28) * 255).astype(np.uint8)
    assert all(image.tobytes() in known for image in drawn)


@pytest.mark.parametrize("task", TASKS)
def test_answers_are_right(task: str, numbered: ImagePool) -> None:
    examples = collected(scene(numbered, task), 5, 50, examples=500, labelled=True)
    np.testing.assert_array_equal(examples["labels"], places(examples) % 4)
    first, second = {"top": (0, 1), "left": (0, 2), "bottom": (2, 3), "right": (1, 3)}[task]
    for k in range(500):
        a, b, c = examples["aux_ints"][k].tolist()
        signs = ["+-*/"[label] for label in examples["labels"][k]]
        expected = apply(apply(a, b, signs[first]), c, signs[second])
        assert examples["final_sum"][k] == expected


def test_integers_and_operators_are_uniform_and_independent(numbered: ImagePool) -> None:
    examples = collected(scene(numbered, "top"), 3, 1000, examples=20_000, labelled=True)
    columns = np.concatenate([examples["aux_ints"], examples["labels"]], axis=1)
    for integers in columns[:, :3].T:
        assert np.all(np.abs(np.bincount(integers, minlength=10) - 2000) < 200)
    for labels in columns[:, 3:].T:
        assert np.all(np.abs(np.bincount(labels, minlength=4) - 5000) < 300)
    correlations = np.corrcoef(columns.T) - np.eye(7)
    assert np.abs(correlations).max() < 0.03


def test_labelled_stream_is_the_same_stream(pool: ImagePool) -> None:
    labelled = collect(
        batches(
            scene(pool, "left"), Stream(3, 20, start=7, examples=90, distinct=40), labelled=True
        )
    )
    assert labelled["labels"].dtype == np.int32 and labelled["labels"].shape == (90, 4)
    del labelled["labels"]
    assert_equal(
        labelled,
        collected(scene(pool, "left"), 3, 20, start=7, examples=90, distinct=40),
    )


@pytest.mark.parametrize(("batch_size", "distinct"), [(7, 0), (500, 37)])
def test_independent_of_batch_size_and_start(
    batch_size: int, distinct: int, numbered: ImagePool
) -> None:
    whole = collected(scene(numbered, "right"), 11, 100, examples=300, distinct=distinct)
    data = batches(
        scene(numbered, "right"), Stream(11, batch_size, start=13, examples=201, distinct=distinct)
    )
    assert_equal(collect(data), {name: value[13:214] for name, value in whole.items()})


def test_tasks_share_grids_and_integers_and_seeds_do_not(numbered: ImagePool) -> None:
    top = collected(scene(numbered, "top"), 1, 100, examples=100)
    right = collected(scene(numbered, "right"), 1, 100, examples=100)
    other = collected(scene(numbered, "top"), 2, 100, examples=100)
    for name in ("tiles", "aux_ints"):
        np.testing.assert_array_equal(top[name], right[name])
    assert np.mean(places(top) == places(other)) < 0.05
    assert np.mean(top["aux_ints"] == other["aux_ints"]) < 0.2


def test_distinct_grids_come_again_with_other_integers(numbered: ImagePool) -> None:
    free = collected(scene(numbered, "top"), 4, 100, examples=100)
    drawn = collected(scene(numbered, "top"), 4, 32, examples=400, distinct=100, labelled=True)
    assert_equal({name: drawn[name][:100] for name in free}, free)
    epochs = [list(map(tuple, places(drawn)[k : k + 100])) for k in (0, 100, 200, 300)]
    assert all(sorted(epoch) == sorted(epochs[0]) for epoch in epochs)
    assert all(epochs[i] != epochs[j] for i in range(4) for j in range(i))
    integers = {}
    for grid, three in zip(map(tuple, places(drawn)), map(tuple, drawn["aux_ints"]), strict=True):
        integers.setdefault(grid, set()).add(three)
    assert np.mean([len(several) for several in integers.values()]) > 3.9
    for grid, three, total in zip(
        drawn["labels"], drawn["aux_ints"], drawn["final_sum"], strict=True
    ):
        signs, (a, b, c) = ["+-*/"[label] for label in grid], three.tolist()
        assert total == apply(apply(a, b, signs[0]), c, signs[1])


def test_bad_requests(pool: ImagePool) -> None:
    with pytest.raises(DataError) as caught:
        batches(scene(pool, "diagonal"), Stream(1, 64))
    assert str(caught.value) == (
        "There is no APPLY2X2 task 'diagonal'; the tasks are top, left, bottom, right."
    )
    with pytest.raises(DataError, match="must not be negative, not -5"):
        batches(scene(pool, "top"), Stream(1, 64, distinct=-5))
