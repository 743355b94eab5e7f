"""A user's own model and data file: what decides, what is shown, and models that lack something."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from terpret import CompiledModel, compile_model
from terpret.discrete.program import program_of
from terpret.language.errors import Source
from terpret.language.reads import images_read, label_names, labels_suffice
from terpret.learning.instances import Judge, accuracies_of, instances_of
from terpret.learning.presets import PRESETS
from terpret.runs.config import Config
from terpret.runs.own_data import OwnData, open_data, own_task
from terpret.runs.results import RestartResult, RunResult
from terpret.runs.tables import heading, power, results_table
from tests.commands import evaluate, train

CASES = Path(__file__).resolve().parents[2] / "shared" / "cases"
SHIFT = """x = Input(10)[2]
y = Output(10)
which = Param(2)
shift = Param(10)


@Runtime([10, 10], 10)
def Add(a, b):
    return (a + b) % 10


with which as w:
    y.set_to(Add(x[w], shift))
"""
READS = """img = InputTensor(2)[2]
y = Output(2)
p = Param(2)


@Learn([Vector(2)], 2, hid_sizes=[4])
def net(a):
    pass


with p as v:
    y.set_to(net(img[v]))
"""
SUMS = """a = InputTensor(2)
b = InputTensor(2)
y = Output(3)


@Learn([Vector(2)], 2, hid_sizes=[4])
def net(v):
    pass


@Runtime([2, 2], 3)
def add(x, y):
    return x + y


y.set_to(add(net(a), net(b)))
"""
GIVEN = "x = Input(4)\ny = Output(4)\ny.set_to(x)\n"
ADD = "\n\n@Runtime([4, 4], 4)\ndef f(a, b):\n    return (a + b) % 4\n\n\n"
OBSERVED = """p = Param(2)[3]
z = Var(2)
z.set_to(p[1])
z.observe_value(1)
p[0].set_to_constant(0)
"""
LEARN = "\n\n@Learn([{inputs}], {output}, hid_sizes=[4])\ndef net({names}):\n    pass\n\n\n"
RANDOM = np.random.default_rng(0)


def pictures(*shape: int) -> list:
    return RANDOM.random(shape).tolist()


# Models whose networks read images: without labels nothing tells whether a program is correct.
READ_IMAGES = ("tensors", "two_inputs", "colours")
ONE, TWO = [1.0, 0.0], [0.0, 1.0]
# Models that lack something, or have what is rare, each with its instances.
RARE = {
    "clamped": (
        f"p = Param(4)\nx = Input(4)\ny = Output(4)\np.set_to(2){ADD}y.set_to(f(p, x))\n",
        [{"x": k, "y": (k + 2) % 4} for k in range(4)],
    ),
    "unused": (f"p = Param(3)\n{GIVEN}", [{"x": k, "y": k} for k in range(4)]),
    "no_steps": ("p = Param(2)[0]\n" + GIVEN, [{"x": k, "y": (k + 2) % 4} for k in range(4)]),
    "no_input": ("y = Output(4)\np = Param(4)\ny.set_to(p)\n", [{"y": 2}] * 3),
    "observed": (OBSERVED, [{}] * 3),
    "unreached": (
        "img = InputTensor(2, 2)\ny = Output(4)\np = Param(4)\n"
        + LEARN.format(inputs="Tensor(2, 2)", output=4, names="a")
        + "y.set_to(p)\n",
        [{"img": pictures(2, 2), "y": 2}] * 3,
    ),
    "regression": (
        "img = InputTensor(2, 2)[2]\np = Param(2)\nout = OutputTensor(2, 2)\n"
        "with p as v:\n    out.set_to(img[v])\n",
        [(lambda a, b: {"img": [a, b], "out": b})(pictures(2, 2), pictures(2, 2)) for _ in "123"],
    ),
    "tensors": (
        "img = InputTensor(3)\nout = OutputTensor(2)\n"
        + LEARN.format(inputs="Vector(3)", output="Vector(2)", names="a")
        + "out.set_to(net(img))\n",
        [{"img": pictures(3), "out": pictures(2)} for _ in range(3)],
    ),
    "integers": (
        "x = Input(4)\ny = Output(4)\n"
        + LEARN.format(inputs="4", output=4, names="a")
        + "y.set_to(net(x))\n",
        [{"x": k, "y": 3 - k} for k in range(4)],
    ),
    "two_inputs": (SUMS, [{"a": ONE, "b": TWO, "y": 1}, {"a": TWO, "b": TWO, "y": 2}]),
    "colours": (
        READS.replace("InputTensor(2)", "InputTensor(2, 2, 3)").replace(
            "Vector(2)", "Tensor(2, 2, 3)"
        ),
        [{"img": pictures(2, 2, 2, 3), "y": k % 2} for k in range(4)],
    ),
}


def batch(instances: list, name: str = "train", hypers: str = "c") -> dict[str, object]:
    return {"batch_name": name, "hypers": hypers, "instances": instances}


def written(folder: Path, model: str, *batches: dict[str, object]) -> list[str]:
    """The flags of a model and a data file in a folder of their own."""
    (folder / "mine.py").write_text(model)
    (folder / "mine.json").write_text(json.dumps(list(batches)))
    return [f"--model={folder}/mine.py", f"--data={folder}/mine.json", f"--workdir={folder}/run"]


def opened(flags: list[str]) -> OwnData:
    """The data of such flags."""
    model, data = (flag.partition("=")[2] for flag in flags[:2])
    return open_data(Config(model=model, data=data), model)


def learned(folder: Path, flags: list[str], *more: str) -> dict[str, object]:
    """The results of a short training with these flags."""
    assert train(*flags, "--noxla", "--restarts=2", "--examples=60", *more) == 0
    return json.loads((folder / "run" / "results.json").read_text())


def refused(flags: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """The one message of a training that is refused before anything is written."""
    assert train(*flags, "--noxla", "--restarts=2", "--examples=60") == 1
    (folder,) = (flag.partition("=")[2] for flag in flags if flag.startswith("--workdir"))
    assert not Path(folder).exists()
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert line.startswith("error: ")
    return line


# By gradient: what a solver is not asked is tested with it.
LEARNING = [name for name in PRESETS if name != "exact"]


@pytest.mark.parametrize("name", RARE)
@pytest.mark.usefixtures("eagerly")
def test_what_is_rare_is_trained_measured_and_continued(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = written(tmp_path, RARE[name][0], batch(RARE[name][1]))
    results = learned(tmp_path, flags, f"--preset={LEARNING[len(name) % len(LEARNING)]}")
    assert [entry["restart"] for entry in results["restarts"]] == [0, 1]
    for entry in results["restarts"]:
        assert 0 <= entry["discrete_accuracy"] <= 1
        right = entry["discrete_accuracy"] == 1.0
        assert entry["correct"] == (None if name in READ_IMAGES else right)
    assert (tmp_path / "run" / "program.txt").read_text().strip()
    shown = capsys.readouterr().out
    assert "test accuracy" not in shown and "accuracy on the " in shown
    assert evaluate(tmp_path / "run", "json", plots=True) == 0
    measured = json.loads(capsys.readouterr().out)
    assert measured["restarts"] == results["restarts"]
    # It goes on from its checkpoint, and ends in the same numbers.
    (tmp_path / "run" / "results.json").unlink()
    again = learned(tmp_path, flags, f"--preset={LEARNING[len(name) % len(LEARNING)]}")
    assert again["restarts"] == results["restarts"]


@pytest.mark.parametrize("preset", LEARNING)
@pytest.mark.usefixtures("eagerly")
def test_networks_alone_learn_with_every_preset(preset: str, tmp_path: Path) -> None:
    results = learned(tmp_path, written(tmp_path, *with_batch("two_inputs")), f"--preset={preset}")
    assert results["restarts"][0]["program"] == "(no Params: the program is given)"
    assert results["programs"] == {"assignments": 1, "distinct": 1}


def with_batch(name: str) -> tuple[str, dict[str, object]]:
    model, instances = RARE[name]
    return model, batch(instances)


@pytest.mark.parametrize(
    ("model", "instance", "why"),
    [
        (GIVEN, {"x": 1, "y": 1}, "declares no Param, and no network decides"),
        (
            "img = InputTensor(2)\nz = Var(2)\n"
            + GIVEN
            + LEARN.format(inputs="Vector(2)", output=2, names="a")
            + "z.set_to(net(img))\n",
            {"img": ONE, "x": 1, "y": 1},
            "declares no Param, and no network decides",
        ),
    ],
)
def test_what_cannot_learn_is_refused(
    model: str, instance: dict, why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert why in refused(written(tmp_path, model, batch([instance])), capsys)


def test_networks_that_are_kept_leave_nothing_to_learn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = written(tmp_path, *with_batch("two_inputs"))
    learned(tmp_path, flags)
    capsys.readouterr()
    flags[-1] = f"--workdir={tmp_path}/other"
    kept = [f"--init_nets={tmp_path}/run", "--freeze_nets=60"]
    assert "--freeze_nets keeps its networks" in refused([*flags, *kept], capsys)


@pytest.mark.parametrize("flag", ["--test_data=mine.json", "--split=0.5"])
def test_a_file_of_batches_has_its_own_test_instances(
    flag: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = written(tmp_path, *with_batch("two_inputs"))
    said = f"has its own test instances in a batch named 'test': leave out {flag.partition('=')[0]}"
    assert said in refused([*flags, flag], capsys)


TELLS_NOTHING = [{"x": [k, k], "y": (k + 3) % 10} for k in range(10)]
TELLS = [{"x": [k, (k + 1) % 10], "y": (k + 4) % 10} for k in range(10)]


def test_a_test_batch_decides_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The training instances cannot tell which register it is; the test instances can."""
    flags = written(tmp_path, SHIFT, batch(TELLS_NOTHING), batch(TELLS, "test"))
    (tmp_path / "alone").mkdir()
    alone = written(tmp_path / "alone", SHIFT, batch(TELLS_NOTHING))
    more = ["--restarts=6", "--examples=4000", "--stop_after_solved=1", "--check_every=500"]
    with_test, without = learned(tmp_path, flags, *more), learned(tmp_path / "alone", alone, *more)
    assert with_test["best"] == without["best"]
    for one, other in zip(with_test["restarts"], without["restarts"], strict=True):
        for key in ("solved_after", "correct", "examples", "stopped", "loss", "program"):
            assert one[key] == other[key]
        # Which of the two registers it reads is left to chance: only the test tells.
        assert one["correct"] == ("shift = 3" in one["program"])
        assert one["discrete_accuracy"] == float("which = 1" in one["program"] and one["correct"])
    assert with_test["unseen"] and not without["unseen"]
    headings = [heading(RunResult.from_json(one)) for one in (with_test, without)]
    assert "test accuracy on the 10 instances of batch 'test'" in headings[0]
    assert headings[1].startswith("accuracy on the 10 training instances of batch 'train'")
    tags = {}
    for folder in (tmp_path, tmp_path / "alone"):
        events = EventAccumulator(str(folder / "run" / "events" / "restart_000")).Reload()
        tags[folder.name == "alone"] = events.Tags()["scalars"]
    assert "results/test_accuracy" in tags[False] and "results/training_accuracy" in tags[True]
    assert "results/test_accuracy" not in tags[True]


@pytest.mark.parametrize(("name", "instances"), [("train", TELLS), ("test", TELLS_NOTHING)])
def test_a_batch_without_a_label_is_refused(
    name: str, instances: list, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nothing = batch([{**instance, "y": None} for instance in instances], name)
    flags = written(tmp_path, SHIFT, nothing, batch(TELLS, "test" if name == "train" else "train"))
    assert f"no instance of batch '{name}' has a label" in refused(flags, capsys)


def test_instances_without_a_label_do_not_count(tmp_path: Path) -> None:
    unknown = [{"x": [k, k], "y": None} for k in range(5)]
    wrong = [{"x": [0, 0], "y": k} for k in (1, 2)]
    flags = written(tmp_path, SHIFT, batch([*wrong, *unknown]), batch(unknown, "no labels"))
    results = learned(tmp_path, flags, "--examples=10")
    assert all(entry["discrete_accuracy"] <= 0.5 for entry in results["restarts"])
    assert results["judged_on"] == "the 2 training instances with a label of batch 'train'"
    assert results["batches"]["no labels (c)"] is None


def test_batches_of_one_name_are_put_together_and_each_shown(tmp_path: Path) -> None:
    odd, even = (batch([{"x": [k, 0], "y": (k + s) % 10} for k in range(3)]) for s in (3, 4))
    more = [batch(TELLS, "more"), batch(TELLS_NOTHING, "more")]
    flags = written(tmp_path, SHIFT, odd, even, *more)
    file = opened(flags)
    assert file.training.answers["y"].tolist() == [3, 4, 5, 4, 5, 6]
    results = learned(tmp_path, flags)
    assert results["tested_on"] == "the 6 training instances of 2 batches 'train'"
    names = ["train (c)", "train (c) #2", "more (c)", "more (c) #2"]
    assert list(results["batches"]) == names
    assert not any(entry["correct"] for entry in results["restarts"])


def test_batches_to_learn_from_under_two_configurations_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hypers, model = tmp_path / "hypers.json", f"N = Hyper(2)\nz = Param(N)\n{GIVEN}"
    two = [batch([{"x": 1, "y": 1}], hypers=name) for name in "ab"]
    flags = [*written(tmp_path, model, *two), f"--hypers={hypers}"]
    hypers.write_text(json.dumps({"a": {"N": 2}, "b": {"N": 3}}))
    assert "under the configurations 'a' and 'b'" in refused(flags, capsys)
    # Two names of one configuration are one; another configuration is measured where it fits.
    hypers.write_text(json.dumps({"a": {"N": 2}, "b": {"N": 2}}))
    assert learned(tmp_path, flags)["tested_on"].startswith("the 2 training instances of 2 batches")
    shutil.rmtree(tmp_path / "run")
    two[1]["batch_name"] = "test"
    written(tmp_path, model, *two)
    hypers.write_text(json.dumps({"a": {"N": 2}, "b": {"N": 3}}))
    results = learned(tmp_path, flags)
    assert results["batches"] == {"train (a)": 1.0, "test (b)": None} and not results["unseen"]


def test_networks_are_measured_under_another_configuration(tmp_path: Path) -> None:
    """As they are now, on a model that shows them more."""
    model = READS.replace("p = Param(2)", "p = Param(2)\nN = Hyper(1)\nz = Input(2)[N]")
    hypers = tmp_path / "hypers.json"
    hypers.write_text(json.dumps({"a": {"N": 1}, "b": {"N": 2}}))
    few = [{"img": [ONE, TWO], "y": 1, "z": [0]}, {"img": [TWO, ONE], "y": 0, "z": [0]}]
    many = [{**instance, "z": [0, 1]} for instance in few]
    flags = written(tmp_path, model, batch(few, hypers="a"), batch(many, "more", "b"))
    results = learned(tmp_path, [*flags, f"--hypers={hypers}"])
    assert results["batches"]["more (b)"] == results["batches"]["train (a)"]


def reader() -> CompiledModel:
    return compile_model(Source("m.py", READS), restarts=2, seed=1)


def test_accuracy_follows_the_networks_while_the_program_stays() -> None:
    model, arrays = reader(), {"img": np.array([[ONE, TWO], [TWO, ONE]]), "y": np.array([0, 1])}
    judge = Judge(instances_of(model.checked, arrays, 2))
    model.param_logits["p"].assign([[9.0, 0.0]] * 2)
    programs = [model.program(row) for row in range(2)]
    found = []
    for swapped in (False, True):
        weights = model.networks["net"]
        eye = np.eye(2, 4)[::-1] if swapped else np.eye(2, 4)
        weights.kernels[0].assign([eye] * 2)
        weights.kernels[1].assign([np.eye(4, 2)] * 2)
        found.append(judge.accuracies(model, programs))
    assert found == [[1.0, 1.0], [0.0, 0.0]]


def test_the_first_instances_that_are_wrong_end_a_check() -> None:
    """A program right on a sample is run on all others, image by image once."""
    model, count = reader(), 3500
    arrays = {"img": np.tile([ONE, TWO], (count, 1, 1)), "y": np.zeros(count, int)}
    model.param_logits["p"].assign([[9.0, 0.0], [0.0, 9.0]])
    model.networks["net"].kernels[0].assign([np.eye(2, 4)] * 2)
    model.networks["net"].kernels[1].assign([np.eye(4, 2)] * 2)
    programs = [model.program(row) for row in range(2)]
    looked, look = [], model.predict
    model.predict = lambda network, images: looked.append(len(images)) or look(network, images)
    judge = Judge(instances_of(model.checked, arrays, count))
    assert judge.accuracies(model, programs) == [1.0, 0.0]
    assert sum(looked) == 2 * count and looked[0] == 2000
    looked.clear()
    arrays["y"][1] = 1
    first, second = Judge(instances_of(model.checked, arrays, count)).accuracies(model, programs)
    assert 1 > first > 0.999 and second == 0.0


def test_a_file_without_networks_is_not_run_twice_for_one_program(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    flags = written(tmp_path, SHIFT, batch(TELLS), batch(TELLS_NOTHING, "test"))
    file = opened(flags)
    model = compile_model(file.model, restarts=3)
    programs = [program_of(file.model, {"which": w, "shift": 3}) for w in (1, 0, 1)]
    runs, kind = [], type(programs[0])
    outcome = kind.outcome
    monkeypatch.setattr(
        kind, "outcome", lambda self, *given: runs.append(0) or outcome(self, *given)
    )
    task = own_task(file)
    for _ in range(2):
        assert task.symbols.accuracies(model, programs) == [1.0, 0.0, 1.0]
    assert len(runs) == 2 and task.unseen


def test_an_output_tensor_is_right_within_a_part_of_its_size() -> None:
    text, instances = RARE["regression"]
    model = compile_model(Source("m.py", text), restarts=2)
    arrays = {name: np.array([one[name] for one in instances]) for name in ("img", "out")}
    model.param_logits["p"].assign([[0.0, 1.0], [1.0, 0.0]])
    programs = [model.program(row) for row in range(2)]
    soft, discrete, errors = accuracies_of(model, programs, instances_of(model.checked, arrays, 3))
    assert discrete.tolist() == [1.0, 0.0] and soft[1] == 0.0
    expected = np.mean((arrays["img"][:, 0] - arrays["out"]) ** 2)
    np.testing.assert_allclose(errors["out"], [0.0, expected], rtol=1e-5, atol=1e-12)
    measured = {"soft_accuracy": 0.0, "discrete_accuracy": 0.0, "network_accuracies": {}}
    restarts = tuple(
        RestartResult(restart=k, correct=False, errors={"out": error}, **measured)
        for k, error in enumerate((0.5, None))
    )
    table = results_table(RunResult(restarts=restarts, best=0, data={}, command="", seconds=1.0))
    assert "error of out" in table and " 0.5\n" in table and "no number" in table


def test_labels_stand_for_networks_of_images_alone() -> None:
    def reads(text: str) -> dict[str, list[str]]:
        checked = compile_model(Source("m.py", text)).checked
        assert labels_suffice(checked) == all(images_read(checked).values())
        return {name: [v.name for v in found] for name, found in images_read(checked).items()}

    assert reads(SUMS) == {"net": ["a", "b"]}
    assert reads(SUMS.replace("net(b)", "net(a)")) == {"net": ["a"]}
    assert reads(RARE["tensors"][0]) == {"net": []} == reads(RARE["integers"][0])
    assert reads(RARE["unreached"][0]) == {}
    chosen = READS.replace("    y.set_to(net(img[v]))", "    c.set_to(img[v])\ny.set_to(net(c))")
    assert reads(chosen.replace("p = Param(2)", "p = Param(2)\nc = Var(Vector(2))")) == {
        "net": ["img"]
    }


def test_a_network_of_two_input_tensors_has_labels_of_each() -> None:
    model = compile_model(Source("m.py", SUMS), restarts=2, seed=1)
    assert list(label_names(model.checked)) == ["net(a)", "net(b)"]
    images = {"a": np.array([ONE, TWO]), "b": np.array([TWO, TWO])}
    labels = model.labels(images)
    np.testing.assert_array_equal(labels["net(a)"][:, 1], labels["net(b)"][:, 0])
    program = model.program(1)
    expected = labels["net(a)"][1] + labels["net(b)"][1]
    assert program.run(images)["y"].tolist() == expected.tolist()
    learned = {"net(a)": np.array([1, 0]), "net(b)": np.array([1, 1])}
    assert program_of(model.checked, {}).run({}, learned)["y"].tolist() == [2, 1]


def test_a_count_of_programs_of_any_size_is_shown(tmp_path: Path) -> None:
    assert (power(7), power(10**400), power(25 * 10**4999)) == ("7.0e+00", "1.0e+400", "2.5e+5000")
    model = "p = Param(10)[400]\ny = Output(10)\ny.set_to(p[0])\n"
    results = learned(tmp_path, written(tmp_path, model, batch([{"y": 3}])), "--examples=4")
    assert results["programs"]["assignments"] == "1.0e+400"


@pytest.mark.skipif(not CASES.exists(), reason="the cases lie beside the project")
@pytest.mark.parametrize(
    ("model", "data", "more"),
    [
        ("n_clampedall.py", "n_shift2.json", ()),
        ("n_unused.py", "n_id.json", ()),
        ("h_model.py", "h_data.json", ("--hypers=T=0",)),
        ("n_netunreached.py", "n_img.json", ()),
        ("net_regress2.py", "net_regress2.json", ()),
        ("my_model.py", "d_twotrain.json", ()),
        ("my_model.py", "leak.json", ("--stop_after_solved=1",)),
    ],
)
@pytest.mark.usefixtures("eagerly")
def test_the_cases_end_in_results(model: str, data: str, more: tuple, tmp_path: Path) -> None:
    flags = [f"--model={CASES / model}", f"--data={CASES / data}", f"--workdir={tmp_path}/run"]
    results = learned(tmp_path, flags, *more)
    assert len(results["restarts"]) == 2 and not results["judged_on"].startswith("the 0")


@pytest.mark.skipif(not CASES.exists(), reason="the cases lie beside the project")
@pytest.mark.parametrize("data", ["n_id.json", "n_null.json"])
def test_the_cases_that_are_refused(
    data: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = f"--model={CASES / 'n_noparam.py'}"
    refused([model, f"--data={CASES / data}", f"--workdir={tmp_path}/run"], capsys)


@pytest.mark.skipif(not CASES.exists(), reason="the cases lie beside the project")
@pytest.mark.usefixtures("eagerly")
def test_the_cases_parity_and_addition(tmp_path: Path) -> None:
    parity = (CASES / "parity.py").read_text().replace("Hyper(32)", "Hyper(4)")
    assert learned(tmp_path, written(tmp_path, parity, batch([{}])))["restarts"][0]["program"]
    shutil.rmtree(tmp_path / "run")
    images = np.zeros((1, 28, 28)).tolist()
    one = {"a": images, "b": images, "total": [3, 0]}
    addition = (CASES / "mnist_addition_given.py").read_text()
    flags = [*written(tmp_path, addition, batch([one] * 4)), "--hypers=N=1"]
    assert "net" not in learned(tmp_path, flags)["network_accuracies"]
