"""A preset with a user's own values: by `--method`, by a TOML file, kept by their values."""

import json
import math
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import plugin_data_pb2

from experiments.config import TaskConfig
from terpret import InputError, check_model
from terpret.language.errors import Source
from terpret.learning.attempts import Attempts
from terpret.learning.own_method import changed, fields_of
from terpret.learning.presets import PRESETS
from terpret.runs.config import read_config
from terpret.runs.own_method import idle_fields, method_text, own_method
from terpret.runs.records import read_results
from tests.commands import evaluate, run_eagerly, train
from tests.small_runs import write_files

ROBUST = PRESETS["robust"]


def test_own_values_stand_in_the_preset_and_in_its_strategy() -> None:
    method = changed(ROBUST, {"program_rate": 1, "anneal": False, "attempt": 200, "shift": 2.0})
    assert (method.program_rate, method.anneal, method.shift) == (1.0, False, 2)
    assert isinstance(method.strategy, Attempts) and method.strategy.attempt == 200
    assert method.strategy.wait == ROBUST.strategy.wait and method.decay == ROBUST.decay
    assert changed(ROBUST, {}) == ROBUST


def test_fields_that_change_nothing_of_a_model_are_told_of() -> None:
    source = Source("mine.py", "x = Input(3)\ny = Output(3)\ny.set_to(x)\n")
    values = {"shift": 2, "gumbel": 0.5, "clip": 1.0, "program_rate": 0.1, "network_rate": 0.1}
    assert idle_fields(values, check_model(source)) == [
        "shift: of no effect here, for the model reads no image",
        "network_rate: of no effect here, for the model has no network",
        "gumbel and program_rate: of no effect here, for the model has no Param",
    ]
    assert idle_fields(values, check_model("ntpt_models/add2x2_model.py")) == []
    vectors = Source("mine.py", "x = InputTensor(4)\ny = OutputTensor(4)\ny.set_to(x)\n")
    assert idle_fields({"shift": 2}, check_model(vectors)) == [
        "shift: of no effect here, for the model reads no image"
    ]


@pytest.mark.parametrize("name", PRESETS)
def test_every_field_of_every_preset_takes_its_own_value(name: str) -> None:
    preset = PRESETS[name]
    # What says nothing to the preset is 0 there, and may be said to be.
    values = {f: v for f, v in fields_of(preset).items() if f != "momentum"}
    assert changed(preset, values) == preset
    # All settings but those that a run has for itself.
    known = {**vars(preset), **vars(preset.strategy)}
    assert fields_of(preset).keys() == known.keys() - {"strategy", "batch_size", "updates"}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"program_rat": 0.1}, "a method has no field 'program_rat': did you mean 'program_rate'?"),
        ({"speed": 0.1}, "a method has no field 'speed': the fields are optimiser, program_rate, "),
        ({"cycle": 5}, "this preset has no cycle, which is for cyclic alone"),
        ({"program_rate": -1}, "program_rate is a number from 0 to 1,000, not -1"),
        ({"program_rate": math.nan}, "program_rate is a number from 0 to 1,000, not nan"),
        ({"program_rate": math.inf}, "program_rate is a number from 0 to 1,000, not inf"),
        ({"program_rate": True}, "program_rate is a number from 0 to 1,000, not true"),
        ({"program_rate": "fast"}, "program_rate is a number from 0 to 1,000, not 'fast'"),
        ({"program_rate": [0.1]}, "program_rate is a number from 0 to 1,000, not [0.1]"),
        ({"program_rate": None}, "program_rate is a number from 0 to 1,000, not None"),
        ({"program_rate": 10**5000}, "a number from 0 to 1,000, not so large a number"),
        ({"decay": 1}, "decay is a number from 0, below 1, not 1"),
        ({"dirichlet": 0}, "dirichlet is a number above 0 to 1,000,000, not 0"),
        ({"shift": 0.5}, "shift is an integer from 0 to 100, not 0.5"),
        ({"attempt": 0}, "attempt is an integer from 1 to 1,000,000,000, not 0"),
        ({"anneal": 1}, "anneal is true or false, not 1"),
        ({"optimiser": "adagrad"}, "optimiser is adam, rmsprop, sgd or momentum, not 'adagrad'"),
        ({"optimiser": "x" * 99}, "momentum, not 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx..."),
        ({"momentum": 0.9}, "momentum says nothing to the optimiser adam: give it with optimiser="),
        ({"plateau": 0.1}, "plateau says nothing where first_rung is 0: give both"),
        ({"batch_size": 4}, "batch_size is no field of a method: give it by --batch_size"),
        ({"updates": 4}, "updates is no field of a method: say by --examples"),
        ({"preset": "cyclic"}, "preset is no field of a method: choose it by --preset"),
        ({3: 4}, "a method has no field '3': the fields are"),
    ],
)
def test_a_wrong_field_or_value_is_one_sentence(values: dict, message: str) -> None:
    with pytest.raises(InputError) as caught:
        changed(ROBUST, values)
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_what_is_given_is_kept_by_what_differs_from_the_preset(tmp_path: Path) -> None:
    assert own_method("program_rate=.05, gumbel=0,anneal=false", "robust") == {
        "program_rate": 0.05,
        "gumbel": 0.0,
        "anneal": False,
    }
    assert own_method("gumbel=1.2,attempt=300,shift=1", "robust") == {}
    assert own_method("optimiser=sgd,cycle=1e2", "cyclic") == {"optimiser": "sgd", "cycle": 100}
    path = tmp_path / "mine.toml"
    path.write_text("# mine\nprogram_rate = 0.05\ngumbel = 0\nanneal = false\n")
    read = own_method(str(path), "robust")
    assert read == own_method("program_rate=0.05,gumbel=0,anneal=false", "robust")
    assert own_method(method_text(read), "robust") == read
    # As JSON has it, and an older one without it.
    stored = json.loads(json.dumps(vars(TaskConfig(method=read))))
    assert read_config(stored, [TaskConfig]) == TaskConfig(method=read)
    del stored["method"]
    assert read_config(stored, [TaskConfig]) == TaskConfig()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"program_rate = ", "mine.toml is no TOML: Invalid value (at end of document); write"),
        (b"rate = 1\nrate = 2", "mine.toml is no TOML: Cannot overwrite a value (at "),
        (b"", "mine.toml has no field: write lines of NAME = VALUE"),
        ("# größe".encode("latin-1"), "mine.toml is not UTF-8 text: save it as UTF-8"),
        (b"#" * 200_000, "mine.toml is larger than 100,000 bytes"),
        (b"gumbel = nan", "mine.toml: gumbel is a number from 0 to 1,000, not nan"),
        (b"gumbel = 1979-05-27", "mine.toml: gumbel is a number from 0 to 1,000, not "),
        (b"[robust]\ngumbel = 1", "mine.toml: a method has no field 'robust'"),
        (b"a = " + b"[" * 5000, "mine.toml is no TOML: "),
        (b"gumbel = " + b"1" * 9999, "mine.toml is no TOML: "),
        (None, "mine.toml: cannot read it: No such file or directory"),
    ],
)
def test_a_wrong_file_is_one_sentence(
    content: bytes | None,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    model, data = write_files(tmp_path)
    monkeypatch.chdir(tmp_path)
    if content is not None:
        Path("mine.toml").write_bytes(content)
    assert train(f"--model={model}", f"--data={data}", "--method=mine.toml", "--workdir=run") == 1
    told = capsys.readouterr().err
    assert message in told and told.startswith("error: ") and told.count("\n") == 1
    assert not Path("run").exists()


@pytest.mark.parametrize(
    ("method", "message"),
    [
        ("gumbel", "--method has 'gumbel': write NAME=VALUE,NAME=VALUE, or give a file that ends"),
        ("gumbel=", "--method has 'gumbel=': write NAME=VALUE"),
        (",", "--method=, has no field: write NAME=VALUE"),
        ("gumbel=1,gumbel=2", "--method gives gumbel twice: give it once"),
        ("gumbel=1_0", "--method: gumbel is a number from 0 to 1,000, not '1_0'"),
        ("gumbel=nan", "--method: gumbel is a number from 0 to 1,000, not 'nan'"),
        ("first_rung=5", "--method=first_rung says when restarts are dropped: only with --refill"),
    ],
)
def test_a_wrong_flag_is_one_sentence(
    method: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, data = write_files(tmp_path)
    folder = tmp_path / "run"
    given = f"--model={model}", f"--data={data}", f"--workdir={folder}"
    assert train(*given, f"--method={method}") == 1
    told = capsys.readouterr().err
    assert message in told and told.startswith("error: ") and told.count("\n") == 1
    assert not folder.exists()


def test_a_run_records_the_values_and_another_method_is_another_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, data = write_files(tmp_path)
    mine = tmp_path / "mine.toml"
    mine.write_text("gumbel = 0.5\nattempt = 20\n")
    given = ["--restarts=2", "--examples=100", "--noxla"]
    given += [f"--model={model}", f"--data={data}", f"--workdir={tmp_path / 'run'}"]
    with run_eagerly():
        assert train(*given, f"--method={mine}") == 0
    told = capsys.readouterr().out
    assert "preset robust with gumbel=0.5,attempt=20\n" in told
    assert json.loads((tmp_path / "run/config.json").read_text())["method"] == {
        "gumbel": 0.5,
        "attempt": 20,
    }
    results = read_results(str(tmp_path / "run/results.json"))
    assert results is not None and results.method == {"gumbel": 0.5, "attempt": 20}
    old = {name: value for name, value in results.to_json().items() if name != "method"}
    assert type(results).from_json(old).method == {}
    events = EventAccumulator(str(tmp_path / "run/events/restart_000")).Reload()
    content = events.PluginTagToContent("hparams")["_hparams_/session_start_info"]
    hparams = plugin_data_pb2.HParamsPluginData.FromString(content).session_start_info.hparams
    assert hparams["gumbel"].number_value == 0.5 and hparams["attempt"].number_value == 20
    # The file may change: its values were kept.
    mine.write_text("gumbel = 0.7\n")
    assert evaluate(tmp_path / "run") == 0
    assert "method: preset robust with gumbel=0.5,attempt=20\n" in capsys.readouterr().out
    assert train(*given, "--method=attempt=20,gumbel=5e-1") == 0
    assert "is done already" in capsys.readouterr().out
    assert train(*given, f"--method={mine}") == 1
    assert "holds a run with another method: " in capsys.readouterr().err
