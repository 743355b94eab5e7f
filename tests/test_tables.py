"""Tables of results, and the results of a run that was done in shards."""

import dataclasses
import json
from pathlib import Path

import pytest

from terpret.errors import RunError
from terpret.files import own_files
from terpret.files.typed_json import to_json
from terpret.runs.results import Diagnosis, RestartResult, RunResult, best
from terpret.runs.shards import join, shard_name
from terpret.runs.tables import heading, render, results_table, success, why, wilson

SETTINGS = {"model": "add2x2_model", "task": "right", "seed": 0, "restarts": 6}


def entry(number: int, **changes: object) -> RestartResult:
    result = RestartResult(
        restart=number,
        correct=False,
        examples=60_000,
        seconds=10.0,
        loss=0.5,
        soft_accuracy=0.1,
        discrete_accuracy=0.1,
        network_accuracies={"net_0": 0.5},
        program=f"# program {number}",
    )
    return dataclasses.replace(result, **changes)


def correct(number: int, accuracy: float, **changes: object) -> RestartResult:
    measured = {"soft_accuracy": accuracy, "discrete_accuracy": accuracy}
    networks = {"network_accuracies": {"net_0": accuracy}}
    return entry(number, solved_after=6400, correct=True, **networks, **measured, **changes)


def results_of(entries: list[RestartResult], best: int = 0, **changes: object) -> RunResult:
    result = RunResult(
        model="add2x2_model",
        restarts=tuple(entries),
        best=best,
        network_accuracies={"net_0": 0.9},
        further={"published": 0.86},
        data={"digits": "embedded"},
        command="python train.py",
        seconds=10.0,
    )
    return dataclasses.replace(result, **changes)


def lines(table: str) -> list[list[str]]:
    return [line.split() for line in table.splitlines()]


def test_a_small_table_shows_every_restart_its_medians_and_the_published_number() -> None:
    results = results_of([correct(0, 0.95), entry(1), correct(2, 0.93)])
    assert results_table(results, published_in="Figure 7") == "\n".join(
        [
            "restart    program     solved after  soft    discrete  net_0",
            "---------  ----------  ------------  ------  --------  ------",
            "0          correct     6,400         0.9500  0.9500    0.9500",
            "1          wrong       -             0.1000  0.1000    0.5000",
            "2          correct     6,400         0.9300  0.9300    0.9300",
            "median     of correct                0.9400  0.9400    0.9400",
            "published  (Figure 7)                0.86",
        ]
    )


def test_without_a_correct_restart_or_a_published_number_there_is_no_footer() -> None:
    table = results_table(results_of([entry(0), entry(1)], further={}))
    assert [line[0] for line in lines(table)[2:]] == ["0", "1"]


def test_refilled_and_stopped_restarts_have_columns_that_say_so() -> None:
    retired = entry(0, stopped="dead", examples=5000)
    fresh = correct(1, 0.9, started=5000, stopped="converged")
    heading, _, first, second = lines(results_table(results_of([retired, fresh])))[:4]
    assert heading[2:5] == ["started", "at", "stopped"]
    assert first[:4] == ["0", "wrong", "0", "dead"]
    assert second[:4] == ["1", "correct", "5,000", "converged"]


def many() -> RunResult:
    """40 restarts: 12 correct, 3 of them stopped; 28 wrong, 20 of them dead."""
    entries = [correct(k, 0.9, stopped="converged" if k < 6 else "") for k in range(2, 26, 2)]
    entries += [entry(k, stopped="dead" if k < 27 else "") for k in [0, *range(1, 25, 2)]]
    entries += [entry(k, stopped="dead" if k < 33 else "") for k in range(26, 41)]
    return results_of(sorted(entries, key=lambda e: e.restart))


def test_a_large_text_table_shows_ten_correct_restarts_and_counts_the_others() -> None:
    results = many()
    kinds = [(e.correct, e.stopped) for e in results.restarts]
    rows = lines(results_table(results))[2:]
    assert [row[0] for row in rows[:10]] == [str(k) for k in range(2, 22, 2)]
    assert rows[10:-2] == [
        ["2", "more", "correct"],
        ["8", "more", "wrong"],
        [str(kinds.count((False, "dead"))), "more", "wrong", "dead"],
    ]
    assert [row[0] for row in rows[-2:]] == ["median", "published"]
    counted = sum(int(row[0]) for row in rows[10:-2])
    assert 10 + counted == len(kinds)


def test_twenty_restarts_are_all_shown() -> None:
    rows = lines(results_table(results_of([entry(k) for k in range(20)], further={})))
    assert [row[0] for row in rows[2:]] == [str(k) for k in range(20)]


def test_markdown_shows_all_restarts() -> None:
    results = many()
    page = results_table(results, "markdown").splitlines()
    assert page[1] == "| --- | --- | --- | --- | --- | --- | --- |"
    assert len(page) == 2 + len(results.restarts) + 2
    assert page[4] == "| 2 | correct | converged | 6,400 | 0.9000 | 0.9000 | 0.9000 |"


def test_a_cell_cannot_break_a_markdown_table() -> None:
    rows = [["task", "note"], ["a|b", "two\nlines"]]
    assert render(rows, "markdown").splitlines()[2] == "| a\\|b | two lines |"
    assert render(rows, "text").splitlines()[0] == "task  note"


def test_success_counts_every_restart_that_was_started() -> None:
    entries = [entry(0, stopped="dead"), correct(1, 0.9, started=5000), entry(2)]
    line = "1 of 3 restarts hold a correct program (95 % interval 0.06 to 0.79)"
    assert success(results_of(entries)) == line
    unfinished = results_of(entries, missing=("shard-2-of-4", "shard-3-of-4"))
    assert success(unfinished) == f"{line}; not finished: shard-2-of-4, shard-3-of-4"


def test_wilson_intervals_are_the_published_formula() -> None:
    assert wilson(0, 0) == (0.0, 1.0)
    assert wilson(10, 10) == pytest.approx((0.7225, 1.0), abs=1e-4)
    assert wilson(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)


ENTRIES = [
    entry(0),
    correct(1, 0.93, loss=0.3),
    correct(2, 0.95, loss=0.2),
    entry(3, loss=0.01),
    correct(4, 0.95, loss=0.2),
    correct(5, 0.91, loss=0.4),
    # It took the row of number 3, which was dead.
    entry(6, started=5000),
]
# The restarts of three shards, and the place of each shard's best.
PARTS = ([0, 1], 1), ([2, 3, 6], 0), ([4, 5], 0)


def write(folder: Path, config: object, results: RunResult) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    own_files.begin(str(folder))
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "manifest.json").write_text(json.dumps({"hashes": {"model": "1f"}}))
    (folder / "results.json").write_text(json.dumps(results.to_json()))


@pytest.fixture
def parent(tmp_path: Path) -> Path:
    """A run of seven restarts in three shards, all finished."""
    for part, (numbers, winner) in enumerate(PARTS, 1):
        results = results_of(
            [ENTRIES[k] for k in numbers],
            winner,
            batches={"test": part / 10},
            command=f"python train.py --shard={part}/3",
            seconds=part + 0.25,
        )
        write(tmp_path / shard_name(part, 3), {**SETTINGS, "shard": f"{part}/3"}, results)
    return tmp_path


def test_joined_shards_are_one_run(parent: Path) -> None:
    joined = join(str(parent))
    assert joined.restarts == tuple(ENTRIES)
    assert joined.best == 2, "of two equal ones the first"
    assert joined.network_accuracies == {"net_0": 0.94}, "the median of 0.91, 0.93, 0.95 and 0.95"
    assert joined.seconds == 6.8
    assert joined.batches == {"test": 0.2}, "those of the best program"
    assert joined.command.splitlines()[2] == "python train.py --shard=3/3"
    assert joined.missing == ()
    assert success(joined).startswith("4 of 7 restarts")


def test_the_best_of_a_run_without_a_correct_restart_is_a_shards_best(parent: Path) -> None:
    """Number 3 has the smallest loss, but its program was given up."""
    for part, numbers, winner in ((1, [0], 0), (2, [3, 6], 1), (3, [7], 0)):
        entries = [*ENTRIES, entry(7, loss=0.4)]
        path = parent / shard_name(part, 3) / "results.json"
        path.write_text(json.dumps(results_of([entries[k] for k in numbers], winner).to_json()))
    joined = join(str(parent))
    assert joined.best_restart.restart == 7
    assert joined.network_accuracies == {"net_0": 0.5}


def test_shards_that_found_nothing_say_each_why(parent: Path) -> None:
    common = "labels contradict each other"
    for part in (1, 2, 3):
        why = Diagnosis(
            reasons=(common, f"reason {part}"), command=f"train --shard={part}/3 --workdir=run-2"
        )
        path = parent / shard_name(part, 3) / "results.json"
        results = results_of([entry(part, loss=1 / part)], diagnosis=why)
        path.write_text(json.dumps(results.to_json()))
    joined = join(str(parent)).diagnosis
    assert joined is not None and joined.command == "train --workdir=run-2"
    assert joined.reasons == (
        common,
        "shard-3-of-3: reason 3",
        "shard-1-of-3: reason 1",
        "shard-2-of-3: reason 2",
    )
    path.write_text(json.dumps(results_of([correct(3, 0.9)]).to_json()))
    assert join(str(parent)).diagnosis is None


def test_a_given_program_is_not_counted_as_found() -> None:
    given = {"programs": {"assignments": 1, "distinct": 1}, "judged_on": "the 5 examples"}
    for entries, word in (([correct(0, 0.9)], "right"), ([entry(0)], "wrong")):
        results = results_of(entries, **given)
        line = f"the program is given, so none was searched: it is {word} on the 5 examples"
        assert success(results) == line
        assert "program" not in results_table(results) and "solved" not in results_table(results)
        assert "correct" not in heading(results)
        assert why(results) == "why not all is right"


def test_no_test_answer_chooses_the_best_restart() -> None:
    entries = [
        entry(0, loss=0.1),
        correct(1, 0.95, loss=0.3),
        correct(2, 0.90, loss=0.2),
        correct(3, 0.99, loss=None),
    ]
    assert best(entries) == 2
    assert best(entries[:1]) == 0


def test_missing_and_unfinished_shards_are_named(parent: Path) -> None:
    (parent / "shard-1-of-3" / "results.json").unlink()
    (parent / "shard-3-of-3").rename(parent / "elsewhere")
    joined = join(str(parent))
    assert joined.missing == ("shard-1-of-3", "shard-3-of-3")
    assert [e.restart for e in joined.restarts] == [2, 3, 6]
    assert joined.best == 0


def change(parent: Path, part: int, file: str, **values: object) -> None:
    path = parent / shard_name(part, 3) / file
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


@pytest.mark.parametrize("unfinished", [False, True])
@pytest.mark.parametrize(
    ("file", "values", "what"),
    [
        ("config.json", {"seed": 1}, "'seed'"),
        ("config.json", {"hypers": {"T": 6}}, "'hypers'"),
        ("manifest.json", {"hashes": {"model": "2e"}}, "the contents of 'model'"),
    ],
)
def test_shards_of_different_runs_are_refused(
    parent: Path, file: str, values: dict, what: str, unfinished: bool
) -> None:
    change(parent, 3, file, **values)
    if unfinished:
        (parent / "shard-3-of-3" / "results.json").unlink()
    with pytest.raises(RunError) as raised:
        join(str(parent))
    assert str(raised.value) == (
        f"{parent}/shard-1-of-3 and {parent}/shard-3-of-3 differ in {what}, so they are not "
        "shards of one run"
    )


def test_shards_that_learned_from_different_data_are_refused(parent: Path) -> None:
    change(parent, 2, "results.json", data={"digits": "MNIST"})
    with pytest.raises(RunError, match="differ in the data that they learned from"):
        join(str(parent))


def test_shards_of_another_number_of_parts_are_refused(parent: Path) -> None:
    (parent / "shard-3-of-3").rename(parent / "shard-3-of-4")
    with pytest.raises(RunError, match="holds shards of 3 and of 4: keep those of one run"):
        join(str(parent))


def test_a_folder_that_holds_another_shard_is_refused(parent: Path) -> None:
    change(parent, 2, "config.json", shard="1/3")
    with pytest.raises(RunError, match="shard-2-of-3 holds shard 1/3, not 2/3"):
        join(str(parent))


def test_a_restart_in_two_shards_is_refused(parent: Path) -> None:
    change(parent, 3, "results.json", restarts=[to_json(ENTRIES[4]), to_json(ENTRIES[2])])
    with pytest.raises(RunError, match="restart 2 is there twice, in .*2-of-3 and in .*3-of-3"):
        join(str(parent))


def damaged(**changes: object) -> str:
    return json.dumps({**results_of([entry(0)]).to_json(), **changes})


@pytest.mark.parametrize(
    "text",
    [
        "",
        '{"restarts": [',
        "[]",
        damaged(restarts=[]),
        damaged(best=1),
        damaged(restarts=[to_json(entry(0, correct="yes"))]),
        damaged(restarts=[{"restart": 0}]),
        json.dumps({"restarts": [to_json(entry(0))], "best": 0}),
        damaged(seconds="10"),
    ],
)
def test_damaged_results_are_refused(parent: Path, text: str) -> None:
    path = parent / "shard-2-of-3" / "results.json"
    path.write_text(text)
    with pytest.raises(RunError) as raised:
        join(str(parent))
    assert str(raised.value) == f"{path} is damaged: do this shard again with --overwrite"


def test_a_damaged_config_is_refused(parent: Path) -> None:
    (parent / "shard-2-of-3" / "config.json").write_text("{")
    with pytest.raises(RunError, match="shard-2-of-3/config.json is damaged: do this shard again"):
        join(str(parent))


def test_a_folder_without_shards_or_with_none_finished_is_refused(
    parent: Path, tmp_path: Path
) -> None:
    for part in (1, 2, 3):
        (parent / shard_name(part, 3) / "results.json").unlink()
    with pytest.raises(RunError, match="no shard in .* is finished: run each of --shard=1/3"):
        join(str(parent))
    for empty in (tmp_path / "shard-1-of-3", tmp_path / "nowhere"):
        with pytest.raises(RunError, match="holds no shards: folders named shard-1-of-4 and so on"):
            join(str(empty))
