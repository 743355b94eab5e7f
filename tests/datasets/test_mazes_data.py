"""Streams of mazes: what a maze is, which paths there are, and that streams can be cut anywhere."""

import numpy as np
import pytest

from datasets.composing import Stream, batches, composed
from datasets.mazes import SIGNS, scene, symbolic
from datasets.pools import ImagePool
from terpret.errors import DataError
from tests.datasets.streams import Arrays, assert_equal, collected, numbered_pool

STEPS = {1: (1, 0), 2: (0, 1), 3: (-1, 0), 4: (0, -1)}
Path = tuple[tuple[int, int], ...]


@pytest.fixture(scope="module")
def pool() -> ImagePool:
    return numbered_pool(len(SIGNS))


def path_of(signs: np.ndarray, x: int, y: int) -> Path:
    """Follows the arrows from a square to the stop sign, and never off the grid."""
    places = [(x, y)]
    while signs[y, x]:
        right, down = STEPS[signs[y, x]]
        x, y = x + right, y + down
        assert 0 <= x < signs.shape[1] and 0 <= y < signs.shape[0]
        assert (x, y) not in places
        places.append((x, y))
    return tuple(places)


def paths_of(maze: Arrays) -> list[Path]:
    fields = (maze[name] for name in ("signs", "start_X", "start_Y"))
    return [path_of(*each) for each in zip(*fields, strict=True)]


def every_path(width: int, height: int) -> set[Path]:
    """All paths that visit no square of a grid twice."""
    paths: set[Path] = set()

    def extend(path: Path) -> None:
        paths.add(path)
        x, y = path[-1]
        for right, down in STEPS.values():
            there = (x + right, y + down)
            if 0 <= there[0] < width and 0 <= there[1] < height and there not in path:
                extend((*path, there))

    for x in range(width):
        for y in range(height):
            extend(((x, y),))
    return paths


@pytest.mark.parametrize(("width", "height"), [(3, 2), (1, 1), (1, 5), (6, 4), (10, 10)])
def test_a_path_leads_to_the_only_stop_sign_and_has_the_length_that_is_told(
    width: int, height: int
) -> None:
    maze = symbolic(width, height, 1, 200)
    assert maze["signs"].shape == (200, height, width)
    assert np.all(np.sum(maze["signs"] == 0, axis=(1, 2)) == 1)
    assert [len(path) - 1 for path in paths_of(maze)] == maze["path_len"].tolist()
    assert np.all(maze["halt_at_end"] == 1)


def test_every_path_that_fits_occurs() -> None:
    assert set(paths_of(symbolic(3, 2, 1, 5000))) == every_path(3, 2)
    assert len(every_path(3, 2)) == 104


def test_lengths_and_starts_are_spread_and_other_squares_show_any_arrow() -> None:
    maze = symbolic(3, 2, 2, 6000)
    assert np.bincount(maze["path_len"], minlength=6).min() > 500
    starts = maze["start_Y"] * 3 + maze["start_X"]
    assert np.bincount(starts, minlength=6).min() > 900
    off = np.ones((6000, 2, 3), bool)
    for k, path in enumerate(paths_of(maze)):
        for x, y in path:
            off[k, y, x] = False
    shares = np.bincount(maze["signs"][off], minlength=5)[1:] / off.sum()
    np.testing.assert_allclose(shares, 0.25, atol=0.02)


def test_images_show_the_signs_of_the_symbolic_mazes(pool: ImagePool) -> None:
    examples = collected(scene(pool, 4, 3), 7, 32, examples=100)
    shown = np.rint(examples.pop("img_grid")[..., 0, 0] * 255).astype(int)
    expected = symbolic(4, 3, 7, 100)
    np.testing.assert_array_equal(pool.labels[shown], expected.pop("signs"))
    assert_equal(examples, expected)
    assert len(np.unique(shown)) > 150
    test_set = composed(scene(pool, 4, 3), 7, 100)
    np.testing.assert_array_equal(test_set.inputs["img_grid"], shown)
    assert_equal(test_set.integers | test_set.answers, expected)


def test_a_stream_can_be_cut_anywhere(pool: ImagePool) -> None:
    whole = collected(scene(pool, 3, 2), 5, 16, examples=64)
    rest = collected(scene(pool, 3, 2), 5, 24, start=40, examples=24)
    assert_equal({name: values[40:] for name, values in whole.items()}, rest)


def test_few_distinct_mazes_come_again_in_another_order(pool: ImagePool) -> None:
    data = collected(scene(pool, 3, 2), 5, 10, examples=20, distinct=10)
    grids = data["img_grid"].reshape(20, -1)
    first, second = grids[:10], grids[10:]
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(np.unique(first, axis=0), np.unique(second, axis=0))
    np.testing.assert_array_equal(
        first,
        collected(scene(pool, 3, 2), 5, 10, examples=10)["img_grid"].reshape(10, -1),
    )


def test_images_are_moved_and_nothing_else(pool: ImagePool) -> None:
    still = collected(scene(pool, 3, 2), 5, 50, examples=50)
    moved = collected(scene(pool, 3, 2), 5, 50, examples=50, shift=2)
    bright = moved.pop("img_grid").reshape(-1, 28 * 28)
    # What is moved over the edge is lost.
    kept = still.pop("img_grid").reshape(-1, 28 * 28)[:, 0]
    seen = bright.max(axis=1)
    assert 0.2 < np.mean((seen == kept) & (kept > 0)) < 0.6
    assert len(np.unique(bright.argmax(axis=1)[seen > 0])) == 9
    assert_equal(still, moved)


def test_what_makes_no_maze_is_refused(pool: ImagePool) -> None:
    with pytest.raises(DataError, match="at least one row and one column, not 0 x 2"):
        batches(scene(pool, 0, 2), Stream(1, 1))
    with pytest.raises(DataError, match="must not be negative"):
        batches(scene(pool, 3, 2), Stream(1, 1, distinct=-1))
    with pytest.raises(DataError, match="images of 5 signs, not 67 of stop, 67 of east"):
        batches(scene(numbered_pool(3), 3, 2), Stream(1, 1))
