"""The drawn operators: always the same, no two alike, and like handwritten ones."""

import hashlib
import time

import numpy as np
import pytest

from datasets.embedded_operators import STROKES, draw
from datasets.operators import OPERATORS


def test_every_operator_can_be_drawn() -> None:
    assert tuple(STROKES) == OPERATORS


@pytest.mark.parametrize("sign", STROKES)
def test_an_example_depends_on_its_number_only(sign: str) -> None:
    images = draw(sign, 30)
    assert images.dtype == np.uint8 and images.shape == (30, 28, 28)
    np.testing.assert_array_equal(draw(sign, 10), images[:10])
    assert len({image.tobytes() for image in images}) == 30


def test_the_drawings_are_the_same_everywhere() -> None:
    drawn = b"".join(draw(sign, 200).tobytes() for sign in STROKES)
    expected = "de4ac9508b7a330d67852c571b2471a14bd18ca592167d116656fb781b9731ff"
    assert hashlib.sha256(drawn).hexdigest() == expected


@pytest.mark.parametrize(
    ("sign", "height", "width", "mean"),
    # Measured on the 1,500 handwritten ones of bhmsds: rows and columns with ink, mean value.
    [
        ("+", 19.1, 17.8, 22.6),
        ("-", 4.2, 20.0, 14.5),
        ("*", 17.9, 18.9, 23.6),
        ("/", 19.8, 14.0, 12.6),
    ],
)
def test_they_look_like_handwritten_ones(
    sign: str, height: float, width: float, mean: float
) -> None:
    images = draw(sign, 200)
    ink = images > 30
    assert abs(ink.any(axis=2).sum(axis=1).mean() - height) < 1.5
    assert abs(ink.any(axis=1).sum(axis=1).mean() - width) < 1.5
    assert abs(images.mean() - mean) < 2.0
    assert images.max(axis=(1, 2)).min() > 150
    assert not np.any(images[:, [0, -1], :]) and not np.any(images[:, :, [0, -1]])


def test_they_are_drawn_quickly() -> None:
    begun = time.process_time()
    for sign in STROKES:
        draw(sign, 200)
    assert time.process_time() - begun < 2.0


def test_nearest_neighbours_tell_the_operators_apart() -> None:
    images = np.stack([draw(sign, 200) for sign in STROKES]).reshape(4, 200, -1) / 255.0
    train, test = images[:, :150].reshape(600, -1), images[:, 150:].reshape(200, -1)
    distances = (train**2).sum(axis=1) - 2.0 * test @ train.T
    right = distances.argmin(axis=1) // 150 == np.arange(200) // 50
    assert right.mean() > 0.95
