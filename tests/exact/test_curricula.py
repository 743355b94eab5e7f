"""Examples under several hypers: one program explains all of them, each under its own."""

import json
import re
from pathlib import Path

import pytest

import terpret
from terpret.errors import InputError
from tests.commands import train

# After T steps through a table.
STEPS = """T = Hyper()
x = Input(4)
y = Output(4)
p = Param(4)[4]
at = Var(4)[T + 1]
at[0].set_to(x)
for t in range(T):
    with at[t] as a:
        at[t + 1].set_to(p[a])
y.set_to(at[T])
"""
OF_T = STEPS.replace("p = Param(4)[4]", "p = Param(4)[4]\nq = Param(2)[T]")
CLAMPED = STEPS.replace("p = Param(4)[4]", "p = Param(4)[4]\np[0].set_to_constant(T)")
HYPERS = {"one": {"T": 1}, "two": {"T": 2}, "three": {"T": 3}}
TABLE = [2, 0, 3, 1]


def steps(x: int, count: int) -> int:
    """Where the table leads in so many steps."""
    for _ in range(count):
        x = TABLE[x]
    return x


def batches(**count: int) -> list[dict]:
    """A batch of all inputs for each configuration, the first two inputs of `one`."""
    return [
        {
            "batch_name": "train",
            "hypers": name,
            "instances": [{"x": x, "y": steps(x, many)} for x in range(2 if name == "one" else 4)],
        }
        for name, many in count.items()
    ]


def written(folder: Path, model: str, data: list[dict]) -> tuple[Path, Path, Path]:
    """A model, a data file and a hypers file in a folder."""
    files = folder / "steps.py", folder / "data.json", folder / "hypers.json"
    for path, text in zip(files, (model, json.dumps(data), json.dumps(HYPERS)), strict=True):
        path.write_text(text)
    return files


def test_one_program_explains_the_batches_of_all_hypers(tmp_path: Path) -> None:
    # One step alone leaves p[2] and p[3] open.
    model, data, hypers = written(tmp_path, STEPS, batches(one=1, three=3))
    found = terpret.solve(model, data, hypers=hypers, progress=False)
    assert (found.status, found.explained, found.examples) == ("found", 6, 6)
    assert found.program.values["p"].tolist() == TABLE
    assert found.program.model.hypers == {"T": 1}
    other = terpret.alternatives(model, found.program, data, hypers=hypers)
    assert other.status == "none" and "6 examples" in other.proved


def test_candidates_are_refused_under_several_hypers_and_taken_under_one(tmp_path: Path) -> None:
    model, data, hypers = written(tmp_path, STEPS, batches(one=1, three=3))
    with pytest.raises(InputError, match="^among: the examples are under 2 configurations of hyp"):
        terpret.alternatives(model, {"p": TABLE}, data, hypers=hypers, among={"x": [0, 1]})
    model, data, hypers = written(tmp_path, STEPS, batches(one=1))
    for among, status in ([0, 1], "none"), ([0, 3], "found"):
        told = terpret.alternatives(model, {"p": TABLE}, data, hypers=hypers, among={"x": among})
        assert told.status == status


def test_that_no_program_is_one_for_all_hypers_is_proved(tmp_path: Path) -> None:
    wrong = batches(one=1, two=2)
    # Two steps from 0 lead where one leads from p[0] = 2, which is not 1.
    wrong[1]["instances"] = [{"x": 0, "y": 1}]
    wrong[0]["instances"] = [{"x": 0, "y": 2}, {"x": 2, "y": 3}]
    model, data, hypers = written(tmp_path, STEPS, wrong)
    none = terpret.solve(model, data, hypers=hypers, progress=False)
    assert (none.status, none.program) == ("none", None)
    for one in ("one", "two"):
        (tmp_path / "data.json").write_text(json.dumps([b for b in wrong if b["hypers"] == one]))
        alone = terpret.solve(model, data, hypers=hypers, progress=False)
        assert alone.status == "found"


def test_another_program_may_differ_under_the_second_hypers_alone(tmp_path: Path) -> None:
    few = batches(one=1, two=2)
    few[1]["instances"] = [{"x": 0, "y": steps(0, 2)}]
    few[0]["instances"] = [{"x": x, "y": steps(x, 1)} for x in range(3)]
    model, data, hypers = written(tmp_path, STEPS, few)
    program = {"p": TABLE}
    other = terpret.alternatives(model, program, data, hypers=hypers)
    assert other.status == "found" and other.hypers["T"] in (1, 2)
    assert f"T = {other.hypers['T']}" in str(other)
    own, theirs = other.answers["y"]
    assert own == steps(int(other.inputs["x"]), other.hypers["T"]) != theirs


def test_a_run_uses_all_train_batches_and_measures_each(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, data, hypers = written(tmp_path, STEPS, batches(one=1, three=3))
    flags = [
        f"--model={model}",
        f"--data={data}",
        f"--hypers={hypers}",
        f"--workdir={tmp_path / 'run'}",
        "--noxla",
    ]
    assert train(*flags, "--preset=exact") == 0
    told = capsys.readouterr().out
    assert "solver: found: the program explains 6 of 6 examples" in told
    assert "the 6 training instances of 2 batches 'train' of several hypers" in told
    results = json.loads((tmp_path / "run" / "results.json").read_text())
    assert results["restarts"][0]["correct"]
    assert json.loads((tmp_path / "run" / "program.json").read_text()) == {"p": TABLE}
    assert train(*flags, "--preset=robust", "--overwrite") == 1
    assert "a run learns under one, but for --preset=exact" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (OF_T, r"the Param 'q' is Param\(2\)\[1\] under T=1 and Param\(2\)\[3\] under T=3"),
        (CLAMPED, r"the Param 'p\[0\]' is set to 1 under T=1 and to 3 under T=3"),
    ],
)
def test_hypers_that_have_no_program_in_common_are_one_sentence(
    model: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, data, hypers = written(tmp_path, model, batches(one=1, three=3))
    with pytest.raises(InputError, match=said):
        terpret.solve(path, data, hypers=hypers, progress=False)
    flags = f"--model={path}", f"--data={data}", f"--hypers={hypers}"
    assert train(*flags, "--preset=exact", f"--workdir={tmp_path / 'run'}") == 1
    assert re.search(said, capsys.readouterr().err)
    assert not (tmp_path / "run").exists()


def test_hypers_are_given_once_and_for_what_has_them(tmp_path: Path) -> None:
    model, data, hypers = written(tmp_path, STEPS, batches(two=2))
    checked = terpret.check_model(model, {"T": 1})
    assert terpret.solve(checked, data, hypers=hypers, progress=False).program.model.hypers == {
        "T": 2
    }
    assert terpret.solve(checked, data, hypers={"T": 2}).explained == 4
    with pytest.raises(InputError, match="configurations are for a file of batches"):
        terpret.solve(model, {"x": [0], "y": [1]}, hypers=hypers)
    with pytest.raises(InputError, match="labels: only beside arrays"):
        terpret.solve(model, data, labels={}, hypers=hypers)
