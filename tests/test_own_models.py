"""Which model a name means, and own models on the paper's tasks."""

import shutil
from pathlib import Path

import pytest

from experiments.scenarios.fit import fitted
from ntpt_models import shipped_path
from terpret import check_model
from terpret.errors import RunError
from terpret.language.model_files import model_meant, model_path
from terpret.learning.task import Task
from terpret.runs.scenario import Study
from tests.commands import train

TINY = ["--digits=embedded", "--restarts=1", "--examples=64", "--noxla"]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_bare_name_is_ours_where_no_file_has_it() -> None:
    for given in ("turing", "turing.py", "ntpt_models/turing", "ntpt_models/turing.py"):
        assert model_meant(given) == "turing.py"
        assert model_path(given) == shipped_path("turing")
    assert model_meant(shipped_path("turing")) == "turing.py"
    for given in ("mine.py", "./turing.py", "elsewhere/turing.py", "turing.json"):
        assert model_meant(given) == model_path(given) == given


def test_a_file_here_and_ours_of_one_name_are_told_apart(here: Path) -> None:
    (here / "turing.py").write_text("y = Output(2)\ny.set_to(0)\n")
    for given in ("turing", "turing.py"):
        with pytest.raises(RunError) as refused:
            model_meant(given)
        assert str(refused.value) == (
            f"--model={given} is a file here and another one in ntpt_models/: write "
            "--model=./turing.py for the one, --model=ntpt_models/turing.py for the other"
        )
    assert model_path(model_meant("./turing.py")) == "./turing.py"
    assert model_path(model_meant("ntpt_models/turing.py")) == shipped_path("turing")
    # What a config keeps means the same as before, whatever lies here.
    assert model_path("turing.py") == shipped_path("turing")


def test_a_copy_here_is_no_other_model(here: Path) -> None:
    shutil.copy(shipped_path("turing"), here)
    assert model_meant("turing.py") == "turing.py"


def test_a_folder_of_the_name_of_ours_is_meant_where_it_is(here: Path) -> None:
    (here / "ntpt_models").mkdir()
    (here / "ntpt_models" / "turing.py").write_text("y = Output(2)\ny.set_to(0)\n")
    assert model_path(model_meant("ntpt_models/turing.py")) == "ntpt_models/turing.py"
    (here / "turing.py").write_text("y = Output(3)\ny.set_to(0)\n")
    with pytest.raises(RunError, match=f"--model={shipped_path('turing')} for the other"):
        model_meant("turing.py")


@pytest.mark.usefixtures("eagerly")
def test_without_a_model_ours_is_meant(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "add2x2_model.py").write_text("y = Output(2)\ny.set_to(0)\n")
    assert train(*TINY, "--workdir=run") == 0
    assert "R0 = READ" in capsys.readouterr().out
    copied = (here / "run" / "model" / "add2x2_model.py").read_text()
    assert copied == Path(shipped_path("add2x2_model")).read_text()


def own(here: Path, *changes: tuple[str, str], name: str = "add2x2_model") -> str:
    text = Path(shipped_path(name)).read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (here / f"{name}.py").write_text(text)
    return f"--model=./{name}.py"


@pytest.mark.usefixtures("eagerly")
def test_an_own_model_that_fits_is_trained(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = own(
        here,
        ("NUM_INSTR = 6", "NUM_INSTR = 7"),
        (', "MOVE_NORTH"]', ', "MOVE_NORTH", "REST"]'),
        ("if instr[t] == 0:  # NOOP", "if instr[t] in (0, 6):  # NOOP"),
    )
    assert train(model, *TINY, "--workdir=run") == 0
    program = (here / "run" / "program.txt").read_text()
    assert program.startswith("instr[0] = ")
    assert "READ" not in program + capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "misfit"),
    [
        (("final_sum", "total"), "it has no Output 'final_sum'"),
        (("MAX_INT = 2 * NUM_DIGITS - 1", "MAX_INT = 10"), "'final_sum' is not Output(19)"),
        (("IMAGE_SIZE = 28", "IMAGE_SIZE = 14"), "'tiles' is not InputTensor(28, 28)[4]"),
        (("net_0", "reader"), "it has no network 'net_0'"),
        (("net_1", "reader"), "nothing is known of a network 'reader', only of net_0 and net_1"),
        (
            ("final_sum = Output", "x = Input(3)\nfinal_sum = Output"),
            "the task gives no Input 'x'",
        ),
    ],
)
def test_an_own_model_that_does_not_fit_is_refused(
    here: Path, change: tuple[str, str], misfit: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(own(here, change), *TINY, "--workdir=run") == 1
    told = capsys.readouterr().err
    assert told == (
        f"error: {here / 'add2x2_model.py'} does not fit the task of add2x2_model, which it would "
        f"be trained on for its name: {misfit}; mend that, or give --data=FILE.json\n"
    )
    assert not (here / "run").exists()


@pytest.mark.parametrize(
    ("change", "drawn"),
    [(("T = Hyper(6)", "T = Hyper(9)"), True), ((', names=["APPLY", "MOVE"]', ""), False)],
)
def test_pictures_follow_our_listing_alone(
    here: Path, change: tuple[str, str], drawn: bool
) -> None:
    own(here, change, name="math_model")
    task = Task("2 digits", None, None, "", None, {}, {})
    study = Study(task, pictures=lambda _, row: {"trace": 0})
    made = fitted("math_model", lambda _, checked: study)(None, check_model(here / "math_model.py"))
    assert made.pictures(None, 0) == ({"trace": 0} if drawn else {})
