"""A run folder is known by its list: nothing else is touched, and no run is lost to another."""

import json
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
import tensorflow as tf

from experiments.config import OF_RUNS
from terpret.errors import RunError
from terpret.files import own_files, replacing
from terpret.files.asked import write_asked
from terpret.files.lock import writing_alone
from terpret.learning.checkpoints import Checkpoints
from terpret.learning.old_checkpoints import as_before
from terpret.runs import run as single
from terpret.runs.config import Config
from terpret.runs.described import described
from terpret.runs.places import refuse_file
from terpret.runs.prepared import prepare
from tests.commands import evaluate, train
from tests.small_runs import flags, listing, write_files


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model, its data and a finished run."""
    folder = tmp_path_factory.mktemp("base")
    model, data = write_files(folder)
    assert train(*flags(model, data, folder / "run")) == 0
    return folder


@pytest.fixture
def copy(base: Path, tmp_path: Path) -> tuple[Path, list[str]]:
    """A copy of the finished run, and its flags but for the folder."""
    shutil.copytree(base / "run", tmp_path / "run")
    return tmp_path / "run", flags(base / "mine.py", base / "sums.json", tmp_path / "run")


def told(capsys: pytest.CaptureFixture[str]) -> str:
    """The one line of a mistake."""
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1 and lines[0].startswith("error: "), lines
    return lines[0]


@pytest.mark.parametrize(
    "name",
    [
        "config.json",
        "results.json",
        "networks.npz",
        "program.txt",
        "model/mine.py",
        "checkpoints/ckpt-000000000001.index",
        "events/notes",
        "files.txt",
    ],
)
@pytest.mark.parametrize("more", [[], ["--overwrite"]])
def test_a_folder_of_somebody_else_is_left_alone(
    name: str, more: list[str], base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "theirs"
    (place / name).parent.mkdir(parents=True)
    (place / name).write_text("theirs")
    before = listing(place)
    assert train(*flags(base / "mine.py", base / "sums.json", place), *more) == 1
    message = told(capsys)
    assert str(place / Path(name).parts[0]) in message and "was not written by a run" in message
    assert "give another --workdir" in message and "--overwrite" not in message
    assert listing(place) == before
    assert not list(place.glob(".neural*"))


def test_the_models_own_folder_may_be_the_run_folder_but_for_its_names(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    model, data = write_files(tmp_path / "model")
    (tmp_path / "seed-1").mkdir()
    (tmp_path / "seed-1" / "config.json").write_text("theirs")
    monkeypatch.chdir(tmp_path)
    before = listing(tmp_path)
    for more in ([], ["--overwrite"]):
        assert train(*flags("model/mine.py", data, "."), *more) == 1
        assert "./model/mine.py was not written by a run" in told(capsys)
        assert listing(tmp_path) == before
    model.rename("mine.py")
    data.rename("sums.json")
    before = listing(tmp_path)
    for more in ([], ["--overwrite"]):
        assert train(*flags("mine.py", "sums.json", "."), *more) == 0
        assert listing(tmp_path).items() >= before.items()


def test_restart_removes_what_a_run_wrote_and_nothing_else(copy: tuple) -> None:
    folder, own = copy
    theirs = {"notes.txt": "a", "checkpoints/mine": "b", "model/other.py": "c", "seed-1/x": "d"}
    for name, text in theirs.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    outside = folder.parent / "outside"
    outside.write_text("outside")
    with open(folder / "files.txt", "a") as file:
        file.write(f'"../outside"\n"{outside}"\n"notes/../notes.txt"\n"\nnull\n')
    before = set(listing(folder))
    assert train(*own, "--seed=1", "--overwrite") == 0
    after = listing(folder)
    assert {name: after[name].decode() for name in theirs} == theirs
    assert outside.read_text() == "outside"
    assert json.loads(after["config.json"])["seed"] == 1
    old = {name for name in before if "tfevents" in name}
    assert old and not old & set(after)
    assert not (folder / replacing.ASIDE).exists() and not (folder / replacing.NEEDLESS).exists()


def test_links_out_of_the_folder_are_not_followed(
    copy: tuple, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, own = copy
    elsewhere = folder.parent / "elsewhere"
    (folder / "checkpoints").rename(elsewhere)
    (folder / "checkpoints").symlink_to(elsewhere)
    before = listing(folder.parent)
    assert train(*own, "--seed=1", "--overwrite") == 1
    assert "checkpoints is a link" in told(capsys)
    assert listing(folder.parent) == before


def rename_tensors(folder: Path) -> set[str]:
    """Gives a learner's tensors in a checkpoint the names of earlier formats; those it has then."""
    settings = described(str(folder), OF_RUNS)
    assert settings is not None and isinstance(settings.config, Config)
    run, checkpoints = prepare(settings.config, str(folder)), folder / "checkpoints"
    now = Checkpoints(str(checkpoints), 1, model=run.model, learner=run.learner).restore()
    assert now is not None
    Checkpoints(str(checkpoints), 1, model=run.model, learner=as_before(run.learner)).save(*now)
    (newest,) = checkpoints.glob("*.index")
    names = [name for name, _ in tf.train.list_variables(str(newest.with_suffix("")))]
    return {name.split("/.ATTRIBUTES")[0] for name in names}


@pytest.mark.parametrize(
    ("preset", "old"),
    [
        ("terpret-custom", set()),
        ("robust", {"attempt", "begun", "settled"}),
        ("cyclic", {"level"}),
        ("search", {"attempt", "begun", "settled", "memory", "scores", "ages"}),
    ],
)
def test_a_finished_run_of_an_earlier_format_is_read_and_not_resumed(
    preset: str, old: set[str], base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    own = [*flags(base / "mine.py", base / "sums.json", run), f"--preset={preset}"]
    assert train(*own) == 0
    capsys.readouterr()
    assert evaluate(run) == 0
    shown = capsys.readouterr().out
    names = rename_tensors(run)
    assert names >= {f"learner/{name}" for name in {"_key", "_program/0", "new", *old}}
    manifest = json.loads((run / "manifest.json").read_text())
    (run / "manifest.json").write_text(json.dumps(manifest | {"format": 7}))
    assert train(*own) == 0 and "is done already" in capsys.readouterr().out
    assert evaluate(run, plots=True, export=str(tmp_path / "export")) == 0
    assert shown in capsys.readouterr().out
    assert (tmp_path / "export" / "saved_model.pb").exists()
    (run / "results.json").unlink()
    assert train(*own) == 1
    assert "(format 7, this one writes 9)" in told(capsys)


def test_a_folder_of_an_earlier_format_is_shown_and_not_replaced(
    copy: tuple, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, own = copy
    (folder / "files.txt").unlink()
    manifest = json.loads((folder / "manifest.json").read_text())
    del manifest["config"]
    rename_tensors(folder)
    (folder / "manifest.json").write_text(json.dumps(manifest | {"format": 6}))
    before = listing(folder)
    assert train(*own) == 0 and "is done already" in capsys.readouterr().out
    assert evaluate(folder) == 0
    capsys.readouterr()
    assert train(*own, "--overwrite") == 1
    assert "kept no list of its files" in told(capsys)
    assert listing(folder) == before
    (folder / "results.json").unlink()
    assert train(*own) == 1
    assert "(format 6, this one writes 9)" in (message := told(capsys))
    assert "--overwrite" not in message
    assert evaluate(folder, plots=True) == 0
    assert (
        listing(folder).items() >= {n: v for n, v in before.items() if n != "results.json"}.items()
    )


def fail(*_: object, **__: object) -> None:
    raise OSError(28, "No space left on device")


def stop(*_: object, **__: object) -> None:
    os.kill(os.getpid(), signal.SIGTERM)


@pytest.mark.parametrize(
    ("where", "name", "how"),
    [
        (single, "prepare", stop),
        (single, "prepare", fail),
        (own_files, "begin", fail),
        (own_files, "write", fail),
        (Checkpoints, "save", stop),
    ],
)
def test_a_replacement_that_has_not_begun_leaves_the_old_run(
    where: object,
    name: str,
    how: Callable,
    copy: tuple,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder, own = copy
    before = listing(folder)
    with monkeypatch.context() as failing:
        failing.setattr(where, name, how)
        try:
            assert train(*own, "--seed=1", "--overwrite") == 1
        except OSError:
            assert how is fail
    assert listing(folder) == before
    capsys.readouterr()
    assert train(*own) == 0 and "is done already" in capsys.readouterr().out


@pytest.mark.parametrize("command", [train, lambda *own: evaluate(Path(own[-1].partition("=")[2]))])
@pytest.mark.parametrize("moves", [0, 1, 5, 99])
@pytest.mark.parametrize("begun", [False, True])
def test_after_a_kill_the_next_command_finds_the_old_run(
    begun: bool,
    moves: int,
    command: Callable,
    copy: tuple,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Killed while the old run is moved aside, or when the new one has written some files."""
    folder, own = copy
    before, done = listing(folder), []
    real = replacing._move

    def move(*arguments: str) -> None:
        if len(done) == moves:
            raise KeyboardInterrupt
        done.append(arguments)
        real(*arguments)

    with monkeypatch.context() as killed:
        killed.setattr(replacing, "_move", move)
        try:
            replacing.put_aside(str(folder))
        except KeyboardInterrupt:
            pass
        else:
            if begun:
                own_files.begin(str(folder))
                own_files.write_text(str(folder / "config.json"), "{")
                own_files.write_text(str(folder / "model" / "mine.py"), "{")
    assert command(*own) == 0
    assert "of 2 restarts hold a correct program" in capsys.readouterr().out
    assert listing(folder) == before


def test_a_kill_while_the_old_run_is_removed_does_not_bring_it_back(copy: tuple) -> None:
    folder, own = copy
    replacing.put_aside(str(folder))
    own_files.begin(str(folder))
    own_files.write_text(str(folder / "program.txt"), "new")
    (folder / replacing.ASIDE).rename(folder / replacing.NEEDLESS)
    (folder / replacing.NEEDLESS / "results.json").unlink()
    replacing.recover(str(folder))
    assert set(listing(folder)) == {"files.txt", "program.txt"}


@pytest.mark.parametrize("spelling", ["{}", "{}/../run", "{}/./", "{link}", "{}//"])
@pytest.mark.parametrize(
    "flag", ["--model={}/model/mine.py", "--init_nets={}", "--data={}/results.json"]
)
def test_inputs_inside_the_replaced_run_are_refused(
    flag: str, spelling: str, copy: tuple, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, own = copy
    link = folder.parent / "link"
    link.symlink_to(folder)
    if "init_nets" in flag:
        own_files.write_text(str(folder / "networks.npz"), "")
    if "data" in flag:
        data = Path(own[-2].partition("=")[2])
        (folder / "results.json").write_bytes(data.read_bytes())
    before = listing(folder.parent)
    place = spelling.format(folder, link=link)
    assert train(*own, flag.format(place), "--overwrite") == 1
    message = told(capsys)
    if "init_nets" not in flag:
        assert "lies in the run that --overwrite would replace: copy it" in message
    assert listing(folder.parent) == before


def test_a_link_to_the_runs_model_is_as_good_as_the_model(
    copy: tuple, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, own = copy
    link = folder.parent / "mine.py"
    link.symlink_to(folder / "model" / "mine.py")
    before = listing(folder.parent)
    assert train(*own, f"--model={link}", "--overwrite") == 1
    assert "lies in the run that --overwrite would replace" in told(capsys)
    assert listing(folder.parent) == before


@pytest.mark.parametrize("name", ["networks.npz", "results.json", "model/mine.py", "files.txt"])
def test_networks_are_not_saved_over_a_runs_files(
    name: str, copy: tuple, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, own = copy
    before = listing(folder)
    assert train(*own, f"--save_nets={folder / name}", "--overwrite") == 1
    assert "--save_nets" in told(capsys)
    config = described(str(folder), OF_RUNS).config
    with pytest.raises(RunError, match="is a run's own place: give another one"):
        refuse_file("save_nets", str(folder / name), config, str(folder))
    model = own[-3].partition("=")[2]
    assert train(*own, f"--save_nets={model}") == 1
    assert "--save_nets" in told(capsys)
    assert listing(folder) == before


def test_plots_are_not_drawn_over_somebody_elses(
    copy: tuple, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, _ = copy
    (folder / "plots").mkdir()
    (folder / "plots" / "loss.png").write_text("theirs")
    assert evaluate(folder, plots=True) == 1
    assert "loss.png was not written by a run" in told(capsys)
    assert (folder / "plots" / "loss.png").read_text() == "theirs"


def test_a_start_that_is_refused_leaves_no_half_run(
    base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "run"
    assert train(*flags(base / "mine.py", base / "sums.json", place), "--max_nodes=1") == 1
    capsys.readouterr()
    assert listing(place) == {}


def test_two_appenders_and_a_cut_line_lose_nothing(tmp_path: Path) -> None:
    own_files.begin(str(tmp_path))
    with open(tmp_path / "files.txt", "a") as file:
        file.write('"cut')
    own_files.write_text(str(tmp_path / "one\nline"), "1")
    own_files.write_text(str(tmp_path / "sub" / "two"), "2")
    assert own_files.owned(str(tmp_path)) == ["one\nline", "sub/two"]
    own_files.remove(str(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_files_that_the_user_names_are_in_no_list(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither of the run whose networks they are, nor of one in a folder around them."""
    own_files.begin(str(tmp_path))
    write_asked(str(tmp_path / "nets" / "mine.npz"), b"mine")
    own_files.remove(str(tmp_path))
    assert (tmp_path / "nets" / "mine.npz").read_bytes() == b"mine"


def test_a_copy_by_hard_links_has_a_list_and_a_lock_of_its_own(copy: tuple) -> None:
    folder, own = copy
    twin = folder.parent / "twin"
    shutil.copytree(folder, twin, copy_function=os.link)
    before = listing(folder)
    with writing_alone(str(folder)), writing_alone(str(twin)):
        own_files.add(str(twin / "plots" / "loss.png"))
    assert listing(folder) == before
    assert "plots/loss.png" in own_files.listed(str(twin))


@pytest.mark.parametrize("inside", ["checkpoints", "events/restart_000", ".removed", "networks"])
def test_no_run_begins_in_a_place_of_another(
    inside: str, copy: tuple, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, own = copy
    before = listing(folder)
    assert train(*own[:-1], f"--workdir={folder / inside}") == 1
    assert "is a place of the run in" in told(capsys)
    assert listing(folder) == before


def test_a_run_and_shards_never_share_a_folder(
    copy: tuple, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, own = copy
    assert train(*own, "--restarts=2", "--shard=1/2") == 1
    assert "holds a run that is no shard" in told(capsys)
    parts = [*own[:-1], f"--workdir={folder.parent / 'parts'}"]
    assert train(*parts, "--restarts=2", "--shard=1/2") == 0
    capsys.readouterr()
    assert train(*parts) == 1
    assert "a part of another run" in told(capsys)
    (folder / "shard-1-of-2").mkdir()
    assert evaluate(folder) == 0


def test_what_a_killed_process_was_writing_is_swept(copy: tuple) -> None:
    folder, own = copy
    old, young = (folder / "checkpoints" / f".terpret-{name}.tmp" for name in ("old", "young"))
    for path in (old, young):
        path.write_text("half")
    os.utime(old, (0, 0))
    assert train(*own, "--overwrite") == 0
    assert not old.exists() and young.exists()
