"""Events: what TensorBoard reads of a run, also of one that was stopped or ran out of disk."""

import dataclasses
import resource
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import metadata

from ntpt_models import source_code
from terpret import CompiledModel, compile_model
from terpret.language.errors import Source
from terpret.learning.restarts import Progress
from terpret.runs import events
from terpret.runs.events import MEDIAN, EventWriter
from terpret.runs.results import RestartResult

MODEL = """
image = InputTensor(4, 4)
y = Output(3)
choice = Param(3)

@Learn([Vector(4, 4)], 3, hid_sizes=[5])
def net(a):
    pass

@Runtime([3, 3], 3)
def add(a, b):
    return (a + b) % 3

y.set_to(add(net(image), choice))
"""
HPARAMS = {"optimiser": "adam", "batch_size": 64, "clip": 0.5, "anneal": True}


@dataclasses.dataclass(frozen=True)
class Images:
    """The part of a task that the writer reads."""

    images: Mapping[str, tuple[np.ndarray, np.ndarray]]


@pytest.fixture(scope="module")
def model() -> CompiledModel:
    compiled = compile_model(Source("choice.py", MODEL), restarts=4)
    compiled.param_logits["choice"].assign(np.eye(4, 3) * 2)
    return compiled


@pytest.fixture(scope="module")
def task() -> Images:
    random = np.random.default_rng(0)
    images = random.random((2000, 4, 4)).astype(np.float32)
    return Images({"net": (images, random.integers(0, 3, 2000))})


@pytest.fixture
def writer(tmp_path: Path, model: CompiledModel, task: Images) -> Iterator[EventWriter]:
    made = EventWriter(str(tmp_path / "run" / "events"), model, task, HPARAMS)
    yield made
    made.close()


def progress(
    examples: int,
    losses: list[float],
    accuracies: list[float] | None = None,
    numbers: list[int] | None = None,
) -> Progress:
    return Progress(
        examples,
        np.arange(len(losses)) if numbers is None else np.array(numbers),
        np.array(losses),
        np.where(np.array(accuracies or losses) == 1, examples, -1),
        None if accuracies is None else np.array(accuracies),
    )


def entry(number: int, **measured: object) -> RestartResult:
    result = RestartResult(
        restart=number,
        solved_after=640,
        correct=True,
        examples=1280,
        soft_accuracy=0.9,
        discrete_accuracy=0.8,
        loss=0.25,
        network_accuracies={},
    )
    return dataclasses.replace(result, **measured)


def read(folder: Path, run: str) -> EventAccumulator:
    """A run as TensorBoard reads it, with every event."""
    everything = dict.fromkeys(("scalars", "images", "tensors"), 0)
    return EventAccumulator(str(folder / "run" / "events" / run), everything).Reload()


def curve(folder: Path, run: str, tag: str) -> list[tuple[int, float]]:
    return [(event.step, pytest.approx(event.value)) for event in read(folder, run).Scalars(tag)]


def runs(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "run" / "events").iterdir())


def test_a_run_for_every_restart_and_one_for_the_median(
    writer: EventWriter, tmp_path: Path
) -> None:
    writer.write(progress(64, [3.0, 2.0, 1.5, 4.0]))
    writer.write(progress(128, [2.0, 1.0, 0.5, np.nan], [0.2, 0.4, 1.0, 0.1]))
    assert runs(tmp_path) == [MEDIAN, *(f"restart_00{k}" for k in range(4))]
    assert curve(tmp_path, "restart_001", "loss") == [(64, 2.0), (128, 1.0)]
    assert curve(tmp_path, "restart_001", "accuracy") == [(128, 0.4)]
    assert curve(tmp_path, MEDIAN, "loss") == [(64, 2.5), (128, 1.5)]
    assert curve(tmp_path, MEDIAN, "accuracy") == [(128, 0.3)]
    assert curve(tmp_path, MEDIAN, "solved") == [(64, 0), (128, 1)]


def test_a_stopped_row_has_no_new_points_and_counts_with_its_last(
    writer: EventWriter, tmp_path: Path
) -> None:
    writer.write(progress(64, [3.0, 0.5, 0.25]))
    writer.write(progress(128, [1.0, np.nan, np.nan]))
    assert curve(tmp_path, "restart_001", "loss") == [(64, 0.5)]
    assert curve(tmp_path, MEDIAN, "loss") == [(64, 0.5), (128, 0.5)]


def test_a_row_that_a_new_restart_takes_goes_on_in_a_run_of_its_own(
    writer: EventWriter, tmp_path: Path
) -> None:
    writer.write(progress(64, [3.0, 2.0], numbers=[0, 1]))
    writer.write(progress(128, [2.0, 2.5], numbers=[0, 1203]))
    writer.write(progress(192, [1.0, 1.5], numbers=[0, 1203]))
    assert curve(tmp_path, "restart_001", "loss") == [(64, 2.0)]
    assert curve(tmp_path, "restart_1203", "loss") == [(128, 2.5), (192, 1.5)]


def test_so_many_restarts_have_curves_and_all_are_in_the_table(
    writer: EventWriter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "MAX_CURVES", 3)
    for examples in (64, 128):
        writer.write(progress(examples, [5.0, 4.0, 3.0, 2.0, 1.0], numbers=[40, 41, 42, 43, 44]))
    assert runs(tmp_path) == [MEDIAN, "restart_040", "restart_041", "restart_042"]
    assert curve(tmp_path, MEDIAN, "loss") == [(64, 3.0), (128, 3.0)]
    writer.finish([entry(number) for number in range(40, 45)])
    assert len(runs(tmp_path)) == 6
    assert "loss" not in read(tmp_path, "restart_044").Tags()["scalars"]


def test_the_best_program_is_shown_with_pictures(
    writer: EventWriter, tmp_path: Path, model: CompiledModel
) -> None:
    writer.write(progress(64, [0.5, 2.0, 1.0, 0.1], [0.5, 0.75, 0.75, 0.5]))
    median = read(tmp_path, MEDIAN)
    [text] = median.Tensors("program")
    [words] = tf.make_ndarray(text.tensor_proto).reshape(-1)
    assert words.decode().startswith("restart 2 after 64 examples, accuracy 0.75\n\n```\n")
    assert source_code(model.program(2)) in words.decode()
    tags = ["marginals", "networks/net/confusion", "networks/net/samples"]
    assert sorted(median.Tags()["images"]) == tags
    for tag in tags:
        [image] = median.Images(tag)
        pixels = tf.io.decode_png(image.encoded_image_string).numpy()
        assert pixels.shape == (image.height, image.width, 3)
        assert image.step == 64 and pixels.std() > 0


def test_pictures_are_few_where_checks_are_many_but_the_last_is_drawn(
    writer: EventWriter, tmp_path: Path
) -> None:
    for examples in range(64, 640, 64):
        writer.write(progress(examples, [2.0] * 4, [0.5] * 4))
    median = read(tmp_path, MEDIAN)
    assert len(median.Tensors("program")) == 9
    assert [image.step for image in median.Images("marginals")] == [64]
    writer.finish([])
    images = read(tmp_path, MEDIAN).Images("marginals")
    assert [image.step for image in images] == [64, 576]


def test_the_graph_is_there_once_and_names_lines(
    writer: EventWriter, tmp_path: Path, model: CompiledModel, task: Images
) -> None:
    writer.write(progress(64, [2.0] * 4))
    names = [
        node.name
        for node in tf.compat.v1.GraphDef.FromString(
            read(tmp_path, MEDIAN).Graph().SerializeToString()
        ).node
    ]
    line = 1 + MODEL.split("\n").index("y.set_to(add(net(image), choice))")
    assert any(f"line_{line}" in name for name in names)
    writer.close()
    again = EventWriter(str(tmp_path / "run" / "events"), model, task, HPARAMS)
    again.write(progress(128, [2.0] * 4))
    again.close()
    newest = max((tmp_path / "run" / "events" / MEDIAN).iterdir())
    found = [tf.compat.v1.Event.FromString(r.numpy()) for r in tf.data.TFRecordDataset(str(newest))]
    assert len(found) > 1 and not any(event.graph_def for event in found)


def test_the_table_has_a_line_for_every_restart(writer: EventWriter, tmp_path: Path) -> None:
    writer.write(progress(1280, [0.3, 0.2]))
    unsolved = entry(1, solved_after=None, correct=False, loss=None)
    writer.finish([entry(0), unsolved, entry(2)])
    groups = set()
    for number in range(3):
        run = read(tmp_path, f"restart_00{number}")
        content = run.SummaryMetadata(metadata.SESSION_START_INFO_TAG).plugin_data.content
        session = metadata.parse_session_start_info_plugin_data(content)
        groups.add(session.group_name)
        assert session.hparams["Restart"].number_value == number
        assert session.hparams["optimiser"].string_value == "adam"
        assert session.hparams["anneal"].bool_value is True
        assert set(session.hparams) == {*HPARAMS, "Restart"}
    assert len(groups) == 3
    assert curve(tmp_path, "restart_000", "results/solved") == [(1280, 640)]
    assert curve(tmp_path, "restart_000", "results/test_accuracy") == [(1280, 0.9)]
    assert curve(tmp_path, "restart_001", "results/correct") == [(1280, 0)]
    tags = read(tmp_path, "restart_001").Tags()["scalars"]
    assert "results/solved" not in tags and "results/loss" not in tags


def test_the_table_has_a_column_for_every_setting_and_measure(
    writer: EventWriter, tmp_path: Path
) -> None:
    writer.finish([entry(0)])
    summary = read(tmp_path, MEDIAN).SummaryMetadata(metadata.EXPERIMENT_TAG)
    experiment = metadata.parse_experiment_plugin_data(summary.plugin_data.content)
    assert {info.name for info in experiment.hparam_infos} == {"Restart", *HPARAMS}
    shown = {info.name.tag for info in experiment.metric_infos}
    assert shown <= set(read(tmp_path, "restart_000").Tags()["scalars"])
    assert len(shown) == len(events.METRICS)


def test_a_continued_run_is_one_curve(tmp_path: Path, model: CompiledModel, task: Images) -> None:
    """The first process wrote more than its last checkpoint knew; the second repeats it."""
    for steps, loss in ((range(64, 640, 64), 2.0), (range(320, 960, 64), 1.0)):
        writer = EventWriter(str(tmp_path / "run" / "events"), model, task, HPARAMS)
        for examples in steps:
            writer.write(progress(examples, [loss] * 2))
        writer.close()
    expected = [(n, 2.0 if n < 320 else 1.0) for n in range(64, 960, 64)]
    for run in (MEDIAN, "restart_000", "restart_001"):
        assert curve(tmp_path, run, "loss") == expected


def test_a_full_disk_is_an_error_and_no_end(
    tmp_path: Path, model: CompiledModel, task: Images
) -> None:
    writer = EventWriter(str(tmp_path / "run" / "events"), model, task, HPARAMS)
    writer.write(progress(64, [2.0] * 2))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises((OSError, tf.errors.OpError)):
            for examples in range(128, 12_800, 64):
                writer.write(progress(examples, [2.0] * 2))
        writer.close()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    written = len(curve(tmp_path, "restart_000", "loss"))
    assert 1 < written < 100
    again = EventWriter(str(tmp_path / "run" / "events"), model, task, HPARAMS)
    again.write(progress(128, [1.0] * 2))
    again.close()
    assert curve(tmp_path, "restart_000", "loss") == [(64, 2.0), (128, 1.0)]
