"""Figures: what they show, and that they become files."""

import struct
import xml.etree.ElementTree as xml
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import same_color, to_rgb
from matplotlib.figure import Figure

from terpret import check_model
from terpret.language.checked import CheckedModel
from terpret.language.errors import Source
from terpret.runs import figures

MODELS = (
    *("add2x2_model", "apply2x2_model", "assembly", "basic_block", "circuit", "math_model"),
    *("parity_chain", "turing"),
)


def tables(checked: CheckedModel) -> dict[str, np.ndarray]:
    """Random marginals of every Param."""
    random = np.random.default_rng(0)
    return {v.name: random.dirichlet([0.3] * v.domain, v.dims) for v in checked.of_kind("Param")}


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def names(figure: Figure, axis: str) -> set[str]:
    """The names of the lines ("y") or of the values ("x") of all maps."""
    return {
        label.get_text()
        for axes in figure.axes
        for label in (axes.get_xticklabels() if axis == "x" else axes.get_yticklabels())
    }


@pytest.mark.parametrize("name", MODELS)
def test_marginals_become_files(name: str, tmp_path: Path) -> None:
    checked = check_model(f"ntpt_models/{name}.py")
    figure = figures.marginals(checked, tables(checked))
    figures.save(figure, str(tmp_path / "marginals"))
    png = (tmp_path / "marginals.png").read_bytes()
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    size = struct.unpack(">II", png[16:24])
    np.testing.assert_allclose(size, figure.get_size_inches() * figures.FILE_DPI, atol=1)
    assert xml.fromstring((tmp_path / "marginals.svg").read_bytes()).tag.endswith("svg")
    assert len(list(tmp_path.iterdir())) == 2


def test_equal_figures_are_equal_files(tmp_path: Path) -> None:
    for place in ("first", "second"):
        figure = figures.confusion(np.eye(3, dtype=int), "net_0")
        figures.save(figure, str(tmp_path / place / "figure"))
    for suffix in ("png", "svg"):
        first, second = (tmp_path / place / f"figure.{suffix}" for place in ("first", "second"))
        assert first.read_bytes() == second.read_bytes()


def test_marginals_name_elements_and_instructions() -> None:
    checked = check_model("ntpt_models/add2x2_model.py")
    figure = figures.marginals(checked, tables(checked))
    assert {"NOOP", "SUM", "MOVE_EAST", "R4", "net_1"} <= names(figure, "x")
    assert {"instr[0]", "args2[3]", "return_reg"} <= names(figure, "y")
    turing = check_model("ntpt_models/turing.py")
    figure = figures.marginals(turing, tables(turing))
    assert "write[1, 2]" in names(figure, "y") and "left" in names(figure, "x")


def test_unknown_instructions_are_numbers() -> None:
    text = "y = Output(2)\ninstr = Param(3)[2]\n\n\n@Runtime([3], 2)\ndef f(a):\n    return a % 2\n"
    checked = check_model(Source("add2x2_model.py", text + "\n\ny.set_to(f(instr[0]))\n"))
    figure = figures.marginals(checked, {"instr": np.full((2, 3), 1 / 3)})
    assert {"0", "1", "2"} <= names(figure, "x")


def test_marginals_write_the_largest_probability_of_each_line() -> None:
    checked = check_model("ntpt_models/circuit.py")
    given = tables(checked)
    given["gate"] = np.array([[0.1, 0.6, 0.1, 0.1, 0.1], [0, 0, 1, 0, 0], [0.9, 0.1, 0, 0, 0]])
    figure = figures.marginals(checked, given)
    assert [text.get_text() for text in figure.axes[0].texts] == [".60", "1", ".90"]
    assert [text.get_position()[0] for text in figure.axes[0].texts] == [1.5, 2.5, 0.5]


def test_what_the_model_sets_is_grey_whatever_its_logits_say() -> None:
    checked = check_model("ntpt_models/basic_block.py")
    given = tables(checked)
    given["instructions"][0] = np.eye(9)[5]
    axes = figures.marginals(checked, given).axes[0]
    colours = axes.collections[0].get_array()
    assert np.all(colours[0, :, 0] == colours[0, :, 2])
    assert np.argmin(colours[0, :, 0]) == 0
    assert not np.any(colours[1:, :, 0] == colours[1:, :, 2])
    assert len(axes.texts) == 4


def test_learning_curves_tell_solved_from_unsolved() -> None:
    examples = np.arange(1, 21) * 1000
    curves = {k: np.linspace(3, 0.01 if k % 3 else 2, 20) for k in range(300)}
    curves[4][7:] = np.nan
    solved = {k for k in curves if k % 3}
    figure = figures.learning_curves(examples, curves, np.ones(20), "loss", solved)
    axes = figure.axes[0]
    colours = [line.get_color() for line in axes.lines]
    assert [colours.count(c) for c in (figures.SOLVED, figures.UNSOLVED)] == [200, 100]
    assert axes.lines[-1].get_linewidth() > axes.lines[0].get_linewidth()
    assert axes.get_yscale() == "log"
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == ["solved (200)", "not solved (100)", "median"]
    assert figures.pixels(figure).std() > 0


def test_rates_are_drawn_from_0_to_1() -> None:
    figure = figures.learning_curves([1, 2], {0: [0.1, 0.3]}, [0.1, 0.3], "accuracy")
    assert figure.axes[0].get_yscale() == "linear"
    assert figure.axes[0].get_ylim() == (-0.02, 1.02)


@pytest.mark.parametrize("curves", [{}, {3: [np.nan]}, {3: [2.5]}])
def test_learning_curves_of_next_to_nothing(curves: dict[int, list[float]]) -> None:
    figure = figures.learning_curves([100], curves, [2.5], "loss")
    assert figures.pixels(figure).shape[2] == 3


def test_confusion_has_true_labels_down_and_predicted_ones_across() -> None:
    matrix = np.diag(np.arange(10, 20))
    matrix[2, 7] = 3
    axes = figures.confusion(matrix, "net_0").axes[0]
    [text] = [text for text in axes.texts if text.get_text() == "3"]
    assert text.get_position() == (7.5, 2.5)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("predicted", "true")
    assert axes.yaxis_inverted()
    assert len(axes.texts) == 11


def test_confusion_of_rates_and_of_labels_that_never_come() -> None:
    figure = figures.confusion(np.array([[0.25, 0.75], [0, 0]]), "net_1")
    assert texts(figure) == [".25", ".75"]
    assert len(texts(figures.confusion(np.eye(50, dtype=int), "many"))) == 0


def test_samples_mark_what_is_wrong() -> None:
    images = np.random.default_rng(0).random((7, 28, 28))
    figure = figures.samples(images, np.arange(7), np.array([0, 1, 2, 8, 4, 5, 6]))
    page = figure.axes[0]
    assert [text.get_text() for text in page.texts] == ["0", "1", "2", "8 as 3", "4", "5", "6"]
    red = [same_color(text.get_color(), figures.WRONG) for text in page.texts]
    assert red == [False] * 3 + [True] + [False] * 3
    framed = [same_color(patch.get_edgecolor(), figures.WRONG) for patch in page.patches]
    assert framed == red
    assert len(page.images) == 7


def test_pixels_are_the_figure() -> None:
    figure = figures.confusion(np.eye(4, dtype=int), "net_1")
    pixels = figures.pixels(figure)
    assert pixels.dtype == np.uint8
    np.testing.assert_allclose(pixels.shape[1::-1], figure.get_size_inches() * figures.DPI, atol=1)
    assert tuple(pixels[0, 0] / 255) == to_rgb("white")


@pytest.mark.parametrize("shape", [(4,), (5, 3), (4, 4, 3), (4, 4, 2), (3, 3, 3, 3)])
def test_samples_show_tensors_of_any_shape(shape: tuple[int, ...]) -> None:
    figure = figures.samples(np.zeros((4, *shape)), np.arange(4), np.arange(4))
    assert len(figure.axes[0].images) == 4
