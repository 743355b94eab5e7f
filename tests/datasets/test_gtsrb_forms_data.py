"""GTSRB in the forms that people have it in, and what is said of those that are not whole."""

import csv
import io
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from datasets.gtsrb_photos import photos
from datasets.sign_files import read
from datasets.signs import load_signs
from terpret.errors import DataError
from tests.datasets.test_signs_data import HEADER, TEST, TRAIN, archive_files, tar

ROOT = Path(__file__).parents[2]
REAL = ROOT.parent / "shared" / "data" / "gtsrb" / "gtsrb_classes_14_33-39_ppm.tar.gz"
Files = dict[str, bytes]
TABLE = f"{TRAIN}/00014/GT-00014.csv"


def unpacked(folder: Path, files: Mapping[str, bytes]) -> Path:
    """The files in a folder of their own."""
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def zipped(path: Path, files: Mapping[str, bytes]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def kaggle(files: Files) -> Files:
    """The same training set in Kaggle's form."""
    rows, made = [], {}
    for name, data in files.items():
        parts = name.split("/")
        if name.startswith(TRAIN) and name.endswith(".csv"):
            for row in csv.DictReader(io.StringIO(data.decode()), delimiter=";"):
                kind = row["ClassId"]
                place = f"Train/{kind}/{int(kind):05d}_{row['Filename'][:-4]}.png"
                rows.append(row | {"Path": place})
        elif name.startswith(TRAIN):
            pixels = np.frombuffer(data[-40 * 38 * 3 :], np.uint8).reshape(40, 38, 3)
            place = f"Train/{int(parts[-2])}/{parts[-2]}_{parts[-1][:-4]}.png"
            made[place] = tf.io.encode_png(pixels).numpy()
    columns = [*HEADER.strip().split(";")[1:], "Path"]
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    made["Train.csv"] = text.getvalue().encode()
    made["Meta/14.png"] = b"of no use"
    return made


def torchvision(files: Files) -> Files:
    """The same in torchvision's form, below its root."""
    made = {f"gtsrb/{n.replace('Final_Training/Images', 'Training')}": d for n, d in files.items()}
    made["gtsrb/GT-final_test.csv"] = made.pop(f"gtsrb/{TEST}/GT-final_test.csv")
    return made


def parted(files: Files) -> dict[str, Files]:
    """The same in the three official archives: that of the test set does not tell its classes."""
    table = files[f"{TEST}/GT-final_test.csv"]
    unclassified = b"\n".join(row.rpartition(b";")[0] for row in table.splitlines())
    return {
        "GTSRB_Final_Training_Images.zip": {n: d for n, d in files.items() if n.startswith(TRAIN)},
        "GTSRB_Final_Test_Images.zip": {
            f"{TEST}/00000.ppm": files[f"{TEST}/00000.ppm"],
            f"{TEST}/GT-final_test.test.csv": unclassified,
        },
        "GTSRB_Final_Test_GT.zip": {"GT-final_test.csv": table},
    }


@pytest.fixture(scope="module")
def files() -> Files:
    return archive_files()


@pytest.fixture(scope="module")
def whole(files: Files, tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    """The images that every form is to give."""
    return read(tar(tmp_path_factory.mktemp("archive") / "gtsrb.tar.gz", files)).images


@pytest.mark.parametrize(
    "named", ["", "GTSRB", "GTSRB/Final_Training", "GTSRB/Final_Training/Images"]
)
def test_the_official_tree_is_read_from_any_folder_of_it(
    named: str, files: Files, whole: np.ndarray, tmp_path: Path
) -> None:
    unpacked(tmp_path, files)
    signs = load_signs(str(tmp_path / named))
    assert signs.source.startswith(f"GTSRB of {tmp_path / named}, arrows turned")
    np.testing.assert_array_equal(read(tmp_path / named).images, whole)


@pytest.mark.parametrize("above", ["", "archive", "GTSRB_Final_Training_Images", "my/own"])
def test_all_forms_are_read_below_other_folders(
    above: str, files: Files, whole: np.ndarray, tmp_path: Path
) -> None:
    for number, form in enumerate((files, kaggle(files), torchvision(files))):
        folder = tmp_path / str(number)
        unpacked(folder / above, form)
        np.testing.assert_array_equal(read(folder).images, whole)


def test_packed_forms_are_read(files: Files, whole: np.ndarray, tmp_path: Path) -> None:
    # Kaggle's archive has everything twice, in capital and in small letters.
    twice = {n: d for name, d in kaggle(files).items() for n in (name, name.lower())}
    np.testing.assert_array_equal(read(zipped(tmp_path / "archive.zip", twice)).images, whole)
    np.testing.assert_array_equal(read(tmp_path).images, whole)
    training = {n.removeprefix(f"{TRAIN}/"): d for n, d in files.items() if n.startswith(TRAIN)}
    np.testing.assert_array_equal(read(tar(tmp_path / "own.tar.gz", training)).images, whole)


def test_a_folder_of_all_archives_is_read(files: Files, whole: np.ndarray, tmp_path: Path) -> None:
    for name, part in parted(files).items():
        zipped(tmp_path / name, part)
    np.testing.assert_array_equal(read(tmp_path).images, whole)
    assert [photo.split for photo in photos(sorted(tmp_path.iterdir()))].count("test") == 1
    # Without classes, the test set is passed over.
    (tmp_path / "GTSRB_Final_Test_GT.zip").unlink()
    np.testing.assert_array_equal(read(tmp_path).images, whole)
    assert {photo.split for photo in photos(sorted(tmp_path.iterdir()))} == {"train"}
    # Unpacked beside its archive, as most people leave it.
    unpacked(tmp_path, files)
    np.testing.assert_array_equal(read(tmp_path).images, whole)


@pytest.mark.parametrize("where", ["gtsrb", "GTSRB", "downloads/manual/gtsrb", "downloads/manual"])
def test_auto_finds_what_is_in_the_data_directory(
    where: str, files: Files, whole: np.ndarray, tmp_path: Path
) -> None:
    for name, form in (("tree", files), ("kaggle", kaggle(files)), ("torch", torchvision(files))):
        data = tmp_path / name
        unpacked(data / where, form)
        signs = load_signs("auto", str(data))
        assert signs.source.startswith(f"GTSRB of {data}")
        assert (len(signs.train), len(signs.test)) == (60, 20)
    zipped(tmp_path / "packed" / where / "GTSRB.zip", files)
    assert load_signs("auto", str(tmp_path / "packed")).source.startswith("GTSRB of")
    unpacked(tmp_path / "own", kaggle(files))
    assert load_signs("auto", str(tmp_path / "own")).source.startswith(f"GTSRB of {tmp_path}/own")


def refusal(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        load_signs(str(path))
    message = str(caught.value)
    assert message.endswith(".") and "\n" not in message
    return message


@pytest.mark.parametrize("form", [dict, kaggle, torchvision])
def test_a_tree_that_is_not_whole_is_refused(form, files: Files, tmp_path: Path) -> None:
    made = form(files)
    pictures = [name for name in made if "14/" in name and name.endswith(("ppm", "png"))]
    pictures = [name for name in pictures if name != "Meta/14.png"]
    folder = unpacked(tmp_path, made)
    cut, gone = folder / pictures[1], folder / pictures[2]
    whole = cut.read_bytes()
    cut.write_bytes(whole[:-20])
    message = refusal(folder)
    assert "is no whole P" in message and cut.name in message
    cut.write_bytes(b"")
    assert cut.name in refusal(folder)
    cut.write_bytes(whole)
    gone.unlink()
    assert "lacks 1 photographs that its GT-*.csv or Train.csv name, such as Fin" in refusal(folder)


def test_a_damaged_png_is_refused(files: Files, tmp_path: Path) -> None:
    made = kaggle(files)
    name = "Train/14/00014_00000_00000.png"
    for place in range(8, len(made[name]), 7):
        data = bytearray(made[name])
        data[place] ^= 1
        unpacked(tmp_path, made | {name: bytes(data)})
        # What is called by another name in the file is left out by every reader of it.
        try:
            images = read(tmp_path).images
        except DataError as error:
            assert name.rsplit("/")[-1] in str(error)
        else:
            unpacked(tmp_path, made)
            np.testing.assert_array_equal(images, read(tmp_path).images)


def test_copies_that_differ_are_refused(files: Files, tmp_path: Path) -> None:
    zipped(tmp_path / "gtsrb.zip", files)
    first = f"{TRAIN}/00014/00000_00000.ppm"
    unpacked(tmp_path, files | {first: files[first][:-1] + b"\x07"})
    message = refusal(tmp_path)
    assert "is another picture than in" in message and "gtsrb.zip" in message
    unpacked(tmp_path, files | {TABLE: files[TABLE].replace(b";6;5;", b";7;5;", 1)})
    assert "says of Final_Training/Images/00014/00000_00000.ppm what another" in refusal(tmp_path)


def test_what_is_no_whole_gtsrb_is_said_so(files: Files, tmp_path: Path) -> None:
    tree = unpacked(tmp_path / "tree", files)
    assert "of class 00035 of GTSRB's" in refusal(tree / TRAIN / "00014")
    assert "it holds the test set alone, which tells no tracks" in refusal(tree / TEST)
    assert "it holds the test set alone" in refusal(tree / "GTSRB" / "Final_Test")
    own = unpacked(tmp_path / "own", kaggle(files))
    assert "but no GT-*.csv or Train.csv that says what it shows" in refusal(own / "Train")
    assert "name the folder or the archive that holds all" in refusal(own / "Train.csv")
    unpacked(own, {"Train.csv": b"PassengerId,Survived\n1,0\n"})
    assert f"Train.csv in {own} is no table of GTSRB's: it needs a row 'Width,H" in refusal(own)
    empty = tmp_path / "empty"
    empty.mkdir()
    message = refusal(empty)
    assert "is not a folder that tensorflow-datasets has prepared" in message
    for form in ("GT-000CC.csv", "torchvision's", "Kaggle's", "archives"):
        assert form in message


def test_what_is_misspelt_is_asked_about(files: Files, tmp_path: Path) -> None:
    tree = unpacked(tmp_path / "traffic_signs", files)
    assert f"(did you mean {tree}?)" in refusal(tmp_path / "traffic_sings")
    assert f"(did you mean {tree / 'GTSRB'}?)" in refusal(tmp_path / "traffic_sign" / "GTSRB")
    assert "(did you mean embedded?)" in refusal(Path("embeded"))


def test_links_that_lead_back_are_followed_once(
    files: Files, whole: np.ndarray, tmp_path: Path
) -> None:
    tree = unpacked(tmp_path / "tree", files)
    os.symlink(tree, tree / "GTSRB" / "again")
    os.symlink(tree / "GTSRB", tmp_path / "link")
    np.testing.assert_array_equal(read(tmp_path / "link").images, whole)
    np.testing.assert_array_equal(read(tree).images, whole)


LOAD = """
import sys
import terpret.quiet
from datasets.gtsrb import prepare
from datasets.signs import load_signs
for folder in sys.argv[1:]:
    prepare(folder)
    signs = load_signs("auto", folder)
    pools = (signs.train, signs.test)
    print(signs.source, [(len(pool), hash(pool.images.tobytes())) for pool in pools])
"""


@pytest.mark.soak
@pytest.mark.parametrize("times", [2, 10])
def test_two_processes_prepare_one_folder(times: int, files: Files, tmp_path: Path) -> None:
    pytest.importorskip("tensorflow_datasets")
    folders = [tmp_path / str(k) for k in range(times)]
    for folder in folders:
        unpacked(folder / "gtsrb", kaggle(files))
    arguments = [sys.executable, "-c", LOAD, *map(str, folders)]
    environment = os.environ | {"PYTHONHASHSEED": "0"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    both = [subprocess.Popen(arguments, cwd=ROOT, env=environment, **pipes) for _ in range(2)]
    results = [process.communicate(timeout=300) for process in both]
    assert [process.returncode for process in both] == [0, 0], results
    for folder in folders:
        said = [[line for line in out.splitlines() if str(folder / "gtsrb") in line][-1:]
                for out, _ in results]  # fmt: skip
        assert said[0] == said[1] and f"GTSRB of {folder}/gtsrb/1.0.0" in said[0][0]
        names = {path.name for path in (folder / "gtsrb").iterdir()}
        assert names == {"1.0.0", "Train", "Train.csv", "Meta"}


@pytest.mark.soak
@pytest.mark.skipif(not REAL.is_file(), reason="the photographs of GTSRB are not there")
def test_the_real_archive_unpacked_gives_the_same(tmp_path: Path) -> None:
    with tarfile.open(REAL) as archive:
        wanted = [m for m in archive if "/00014/" in m.name or "/00035/" in m.name]
        archive.extractall(tmp_path, wanted, filter="data")
    tree, packed = load_signs(str(tmp_path)), load_signs(str(REAL))
    assert (len(tree.train), len(tree.test)) == (4200, 1380)
    np.testing.assert_array_equal(tree.train.images, packed.train.images)
    np.testing.assert_array_equal(tree.test.images, packed.test.images)
    shutil.rmtree(tmp_path / "GTSRB" / "Final_Training" / "Images" / "00035")
    assert "holds no photograph of class 00035" in refusal(tmp_path)
