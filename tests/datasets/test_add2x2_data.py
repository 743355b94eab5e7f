"""The ADD2X2 streams: right sums, no labels given out, and examples that depend on nothing else."""

import numpy as np
import pytest
import tensorflow as tf

from datasets.add2x2 import scene
from datasets.composing import Stream, batches, composed
from datasets.embedded_digits import load_embedded
from datasets.grids import TASKS
from datasets.pools import ImagePool
from terpret.errors import DataError
from tests.datasets.streams import assert_equal, collect, collected, numbered_pool, places


@pytest.fixture(scope="module")
def pool() -> ImagePool:
    """The embedded training digits."""
    return load_embedded()[0]


@pytest.fixture(scope="module")
def numbered() -> ImagePool:
    """200 images, each of which shows its own number."""
    return numbered_pool(10)


def test_batches_hold_grids_and_sums_only(pool: ImagePool) -> None:
    data = batches(scene(pool, "top"), Stream(1, 64))
    assert data.element_spec == {
        "tiles": tf.TensorSpec([64, 4, 28, 28], tf.float32),
        "final_sum": tf.TensorSpec([64], tf.int32),
    }
    tiles = collect(data, 2)["tiles"]
    assert tiles.min() == 0.0 and tiles.max() == 1.0
    known = {image.tobytes() for image in pool.images}
    drawn = np.rint(tiles.reshape(-1, 28, 28) * 255).astype(np.uint8)
    assert all(image.tobytes() in known for image in drawn)


@pytest.mark.parametrize("task", TASKS)
def test_sums_are_right(task: str, numbered: ImagePool) -> None:
    examples = collected(scene(numbered, task), 5, 50, examples=500, labelled=True)
    np.testing.assert_array_equal(examples["labels"], places(examples) % 10)
    first, second = {"top": (0, 1), "left": (0, 2), "bottom": (2, 3), "right": (1, 3)}[task]
    grid = examples["labels"]
    np.testing.assert_array_equal(examples["final_sum"], grid[:, first] + grid[:, second])
    assert set(examples["final_sum"]) == set(range(19))


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


@pytest.mark.parametrize(
    ("batch_size", "distinct"),
    [
        (7, 0),
        (5000, 37),
        *(pytest.param(size, number, marks=pytest.mark.soak)
          for size, number in [(1, 0), (64, 0), (5000, 0), (1, 37), (7, 37), (64, 37)]),
    ],
)  # fmt: skip
def test_independent_of_batch_size_and_start(
    batch_size: int, distinct: int, numbered: ImagePool
) -> None:
    whole = collected(scene(numbered, "right"), 11, 100, examples=300, distinct=distinct)
    data = batches(
        scene(numbered, "right"), Stream(11, batch_size, start=13, examples=201, distinct=distinct)
    )
    tail = {name: value[13:214] for name, value in whole.items()}
    assert_equal(collect(data), tail)


def test_resuming_an_endless_stream(pool: ImagePool) -> None:
    whole = collect(batches(scene(pool, "bottom"), Stream(2, 64)), 150)
    resumed = collect(batches(scene(pool, "bottom"), Stream(2, 64, start=140 * 64)), 10)
    assert_equal(resumed, {name: value[140 * 64 :] for name, value in whole.items()})
    again = collect(batches(scene(pool, "bottom"), Stream(2, 64, start=140 * 64)), 10)
    assert_equal(resumed, again)


def test_last_batch_is_smaller(numbered: ImagePool) -> None:
    sizes = [
        len(batch["final_sum"])
        for batch in batches(scene(numbered, "top"), Stream(1, 64, examples=150))
    ]
    assert sizes == [64, 64, 22]
    assert [
        len(batch["tiles"]) for batch in batches(scene(numbered, "top"), Stream(1, 64, examples=3))
    ] == [3]
    assert list(batches(scene(numbered, "top"), Stream(1, 64, examples=0))) == []


def test_tasks_share_grids_and_seeds_do_not(numbered: ImagePool) -> None:
    top = collected(scene(numbered, "top"), 1, 100, examples=100)
    right = collected(scene(numbered, "right"), 1, 100, examples=100)
    other = collected(scene(numbered, "top"), 2, 100, examples=100)
    np.testing.assert_array_equal(top["tiles"], right["tiles"])
    assert np.mean(places(top) == places(other)) < 0.05


def test_distinct_examples_are_a_prefix_then_epochs(numbered: ImagePool) -> None:
    free = places(collected(scene(numbered, "top"), 4, 100, examples=100))
    drawn = places(collected(scene(numbered, "top"), 4, 32, examples=400, distinct=100))
    np.testing.assert_array_equal(drawn[:100], free)
    prefix = sorted(map(tuple, free))
    orders = [drawn[first : first + 100] for first in (0, 100, 200, 300)]
    assert all(sorted(map(tuple, order)) == prefix for order in orders)
    assert all((orders[i] != orders[j]).any() for i in range(4) for j in range(i))


def test_bad_requests(pool: ImagePool) -> None:
    with pytest.raises(DataError) as caught:
        batches(scene(pool, "diagonal"), Stream(1, 64))
    assert str(caught.value) == (
        "There is no ADD2X2 task 'diagonal'; the tasks are top, left, bottom, right."
    )
    with pytest.raises(DataError, match="batch size must be at least 1, not 0"):
        batches(scene(pool, "top"), Stream(1, 0))
    with pytest.raises(DataError, match="must not be negative"):
        batches(scene(pool, "top"), Stream(1, 64, start=-1))
    with pytest.raises(DataError, match="must not be negative, not -5"):
        batches(scene(pool, "top"), Stream(1, 64, distinct=-5))


def test_streams_of_one_pool_share_its_images(numbered: ImagePool) -> None:
    @tf.function
    def first_use_while_tracing() -> tf.Tensor:
        return tf.shape(fresh.tensors[0])

    fresh = ImagePool(numbered.images, numbered.labels)
    assert first_use_while_tracing().numpy().tolist() == [200, 784]
    assert fresh.tensors is fresh.tensors
    assert len(collected(scene(fresh, "top"), 1, 8, examples=8)["tiles"]) == 8


def test_moved_tiles_are_the_same_tiles_up_to_so_many_pixels(pool: ImagePool) -> None:
    still = collected(scene(pool, "top"), 3, 50, examples=200, labelled=True)
    moved = collected(scene(pool, "top"), 3, 50, examples=200, shift=2, labelled=True)
    again = collected(scene(pool, "top"), 3, 20, start=40, examples=160, shift=2, labelled=True)
    np.testing.assert_array_equal(still["labels"], moved["labels"])
    np.testing.assert_array_equal(still["final_sum"], moved["final_sum"])
    np.testing.assert_array_equal(moved["tiles"][40:], again["tiles"])
    ground = np.pad(still["tiles"], [(0, 0), (0, 0), (2, 2), (2, 2)])
    windows = [ground[..., y : y + 28, x : x + 28] for y in range(5) for x in range(5)]
    alike = np.array([(window == moved["tiles"]).all((2, 3)) for window in windows])
    assert alike.any(0).all()
    # Every move is about as frequent as any other: 800 tiles, 25 moves.
    assert alike.sum((1, 2)).min() >= 10


def test_every_pass_over_distinct_grids_moves_them_anew(pool: ImagePool) -> None:
    passes = [
        collected(scene(pool, "top"), 3, 1, start=start, examples=1, distinct=1, shift=3)["tiles"]
        for start in range(6)
    ]
    assert len({tiles.tobytes() for tiles in passes}) > 3


@pytest.mark.parametrize("task", ["top", "right"])
def test_a_composition_is_the_beginning_of_the_stream(task: str, numbered: ImagePool) -> None:
    shown = collected(scene(numbered, task), 7, 60, examples=60)
    composed_of = composed(scene(numbered, task), 7, 60)
    np.testing.assert_array_equal(composed_of.shown()["tiles"], shown["tiles"])
    np.testing.assert_array_equal(composed_of.answers["final_sum"], shown["final_sum"])
