"""The signs: drawn ones, and those of GTSRB's archives, sound and damaged."""

import gzip
import io
import re
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

from datasets.embedded_signs import draw
from datasets.mazes import SIGNS
from datasets.sign_files import read
from datasets.signs import finished, load_signs
from terpret.errors import DataError

TRAIN, TEST = "GTSRB/Final_Training/Images", "GTSRB/Final_Test/Images"
HEADER = "Filename;Width;Height;Roi.X1;Roi.Y1;Roi.X2;Roi.Y2;ClassId\n"
TRACKS, FRAMES = 8, 2


def ppm(pixels: np.ndarray) -> bytes:
    height, width, _ = pixels.shape
    return b"P6\n# made\n%d %d\n255\n" % (width, height) + pixels.tobytes()


def archive_files() -> dict[str, bytes]:
    """Classes 14 and 35, 8 tracks of 2 frames each; a sign is as bright as its track's number,
    with a white bar near its top."""
    files = {}
    for kind in (14, 35):
        table = HEADER
        for track in range(TRACKS):
            for frame in range(FRAMES):
                pixels = np.full((40, 38, 3), 255, np.uint8)
                pixels[5:35, 6:34] = 20 * track + frame
                pixels[8:12, 6:34] = 250
                name = f"{track:05d}_{frame:05d}.ppm"
                files[f"{TRAIN}/{kind:05d}/{name}"] = ppm(pixels)
                table += f"{name};38;40;6;5;34;35;{kind}\n"
        files[f"{TRAIN}/{kind:05d}/GT-{kind:05d}.csv"] = table.encode()
    files[f"{TEST}/00000.ppm"] = ppm(np.zeros((40, 38, 3), np.uint8))
    # The table of the whole test set, of which a part is there.
    rows = "00000.ppm;38;40;6;5;34;35;14\n00001.ppm;38;40;6;5;34;35;3\n"
    files[f"{TEST}/GT-final_test.csv"] = (HEADER + rows).encode()
    files["GTSRB/README.txt"] = b"about"
    return files


def tar(path: Path, files: Mapping[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tar(tmp_path_factory.mktemp("archives") / "gtsrb.tar.gz", archive_files())


def test_drawn_signs_are_the_same_whatever_their_number_and_differ_from_each_other() -> None:
    few, many = draw("arrow", 5), draw("arrow", 20)
    np.testing.assert_array_equal(few, many[:5])
    assert len(np.unique(many.reshape(20, -1), axis=0)) == 20


def test_the_embedded_signs_are_five_even_classes() -> None:
    signs = load_signs("embedded")
    assert np.bincount(signs.train.labels).tolist() == [600] * 5
    assert np.bincount(signs.test.labels).tolist() == [200] * 5
    assert signs.source.startswith("embedded signs (drawn by the project); 600 training and 200")


def test_the_mean_of_each_drawn_arrow_leans_to_where_it_points() -> None:
    pool = load_signs("embedded").test
    tip = {"east": (1, 0), "south": (0, 1), "west": (-1, 0), "north": (0, -1)}
    along = np.arange(28) - 13.5
    for label, name in enumerate(SIGNS[1:], 1):
        mean = pool.images[pool.labels == label].mean(0) * (np.hypot(along, along[:, None]) < 10)
        across = mean - mean[::-1, ::-1]
        lean = np.sum(across * along), np.sum(across * along[:, None])
        assert np.argmax(np.abs(lean)) == np.argmax(np.abs(tip[name]))
        assert np.sign(np.dot(lean, tip[name])) == 1


def test_dark_images_become_bright_and_corners_black() -> None:
    dark = np.random.default_rng(0).integers(3, 9, (4, 28, 28)).astype(np.uint8)
    result = finished(dark)
    assert result.max() == 255
    assert np.all(result[:, :4, :4] == 0)
    np.testing.assert_array_equal(finished(10 * dark), result)
    assert finished(np.full((1, 28, 28), 7, np.uint8)).max() == 0


def test_a_track_is_on_one_side_of_the_split_and_arrows_are_turned(archive: Path) -> None:
    signs = load_signs(str(archive))
    assert np.bincount(signs.train.labels).tolist() == [12] * 5
    assert np.bincount(signs.test.labels).tolist() == [4] * 5
    assert "of different tracks" in signs.source
    stripe = np.array(
        [each.mean(0) for each in (signs.train.images[signs.train.labels == k] for k in range(5))]
    )
    tops = {"north": stripe[4, 3:7, 9:19], "south": stripe[2, 21:25, 9:19]}
    sides = {"east": stripe[1, 9:19, 21:25], "west": stripe[3, 9:19, 3:7]}
    for part in (tops | sides).values():
        assert part.mean() > 200
    assert stripe[4, 21:25, 9:19].mean() < 50


def test_the_test_set_is_left_alone_and_only_the_region_is_read(archive: Path) -> None:
    photos = read(archive)
    assert len(photos.images) == 2 * TRACKS * FRAMES
    assert photos.images.max() <= 250, "the bright ground lies outside the region"
    bottom = photos.images[:, 20, 14].astype(int)
    frames = np.tile(np.arange(FRAMES), 2 * TRACKS)
    np.testing.assert_array_equal(bottom, 20 * photos.tracks + frames)


def test_zip_tar_and_arrays_give_the_same(archive: Path, tmp_path: Path) -> None:
    whole = read(archive)
    zipped = tmp_path / "GTSRB_Final_Training_Images.zip"
    with zipfile.ZipFile(zipped, "w") as file:
        for name, data in archive_files().items():
            file.writestr(name, data)
    arrays = tmp_path / "gtsrb.npz"
    split = np.zeros(len(whole.kinds), int)
    np.savez(arrays, images=whole.images, class_id=whole.kinds, track=whole.tracks, split=split)
    for path in (zipped, arrays):
        np.testing.assert_array_equal(read(path).images, whole.images)
        np.testing.assert_array_equal(read(path).tracks, whole.tracks)


def test_auto_takes_what_is_placed_and_says_when_nothing_is(archive: Path, tmp_path: Path) -> None:
    signs = load_signs("auto", str(tmp_path))
    assert f"drawn by the project; no GTSRB found in {tmp_path}" in signs.source
    manual = tmp_path / "downloads" / "manual"
    manual.mkdir(parents=True)
    (manual / "GTSRB-part.tar.gz").write_bytes(archive.read_bytes())
    assert load_signs("auto", str(tmp_path)).source.startswith(f"GTSRB of {manual}")
    (manual / "GTSRB-part.tar.gz").write_bytes(archive.read_bytes()[:500])
    with pytest.raises(DataError, match="cut short"):
        load_signs("auto", str(tmp_path))


FIRST = f"{TRAIN}/00014/00000_00000.ppm"
TABLE = f"{TRAIN}/00014/GT-00014.csv"
Files = dict[str, bytes]


def replaced(name: str, old: bytes, new: bytes) -> Callable[[Files], Files]:
    return lambda files: files | {name: files[name].replace(old, new, 1)}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda files: files | {"../../evil.ppm": b""}, "leaves the archive's folder"),
        (lambda files: files | {"/etc/evil": b""}, "leaves the archive's folder"),
        (lambda files: files | {FIRST: files[FIRST][:-1]}, "no whole PPM image"),
        (lambda files: files | {FIRST: b"GIF89a"}, "no whole PPM image"),
        (replaced(TABLE, b";34;35;", b";39;35;"), "is not inside its 38 x 40 pixels"),
        (replaced(TABLE, b";6;5;", b";-1;5;"), "is not inside its 38 x 40 pixels"),
        (replaced(TABLE, b";34;35;", b";6;35;"), "is not inside its 38 x 40 pixels"),
        (replaced(TABLE, b";38;40;", b";40;38;"), "is 38 x 40 pixels large, in its row 40 x 38"),
        (replaced(TABLE, b";38;40;", b";wide;40;"), "is no table of GTSRB's"),
        (replaced(TABLE, b"Roi.X1", b"Left"), "is no table of GTSRB's"),
        (replaced(TABLE, b";14\n", b";99\n"), "no class 99"),
        (replaced(TABLE, b";14\n", b";35\n"), "of class 35 by its row"),
        (lambda files: {n: d for n, d in files.items() if n != FIRST}, "lacks 1 photographs"),
        (lambda files: {n: d for n, d in files.items() if n != TABLE}, "no GT-"),
        (lambda files: {f"other/{n}": d for n, d in files.items()}, "official layout"),
        (lambda files: {n: d for n, d in files.items() if "00035" not in n}, "of class 00035"),
    ],
)
def test_an_archive_that_is_not_sound_is_refused_in_a_sentence(
    change: Callable[[Files], Files], message: str, tmp_path: Path
) -> None:
    path = tar(tmp_path / "gtsrb.tar.gz", change(archive_files()))
    with pytest.raises(DataError, match=message) as caught:
        read(path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_links_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "gtsrb.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        member = tarfile.TarInfo(FIRST)
        member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(member)
    with pytest.raises(DataError, match="holds the link"):
        read(path)


def test_damaged_files_are_refused(archive: Path, tmp_path: Path) -> None:
    whole = archive.read_bytes()
    middle = len(whole) // 2
    flipped = bytes([whole[middle] ^ 255])
    for data in (
        b"",
        b"no archive",
        whole[:middle],
        whole[:middle] + flipped + whole[middle + 1 :],
    ):
        path = tmp_path / "gtsrb.tar.gz"
        path.write_bytes(data)
        with pytest.raises(DataError) as caught:
            read(path)
        assert str(path) in str(caught.value)


def test_no_damage_passes_for_an_image_or_for_the_end(archive: Path, tmp_path: Path) -> None:
    whole = archive.read_bytes()
    path = tmp_path / "gtsrb.tar.gz"
    for place in range(len(whole) // 40, len(whole), len(whole) // 20):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(DataError, match=re.escape(str(path))):
            read(path)
    path = tmp_path / "gtsrb.tar"
    plain = bytearray(gzip.decompress(whole))
    plain[plain.rindex(b"GTSRB/Final_Training")] ^= 1
    path.write_bytes(plain)
    with pytest.raises(DataError, match="more in it than its members"):
        read(path)


# Places in an entry of a .zip's directory: version, flags, compression.
@pytest.mark.parametrize("place", [6, 8, 10])
def test_a_zip_of_an_unknown_kind_is_refused(place: int, tmp_path: Path) -> None:
    """Encrypted, or of a version or a compression that nobody has invented yet."""
    path = tmp_path / "gtsrb.zip"
    with zipfile.ZipFile(path, "w") as file:
        for name, data in archive_files().items():
            file.writestr(name, data)
    data = bytearray(path.read_bytes())
    entry = data.index(b"PK\x01\x02")
    data[entry + place] = 255
    path.write_bytes(data)
    with pytest.raises(DataError, match="cannot be read as an archive") as caught:
        read(path)
    assert str(path) in str(caught.value)


def test_all_archives_that_are_placed_are_read(archive: Path, tmp_path: Path) -> None:
    manual = tmp_path / "downloads" / "manual"
    manual.mkdir(parents=True)
    files = archive_files()
    for name, part in (("GTSRB_Final_Test", "Final_Test"), ("GTSRB_Final_Train", "Final_Train")):
        tar(manual / f"{name}.tar.gz", {n: d for n, d in files.items() if part in n})
    signs = load_signs("auto", str(tmp_path))
    np.testing.assert_array_equal(signs.train.images, load_signs(str(archive)).train.images)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"images": np.zeros((2, 28, 28), np.uint8)}, "no field 'class_id'"),
        (
            {n: np.zeros(2, int) for n in ("images", "class_id", "track", "split")},
            "must be uint8",
        ),
    ],
)
def test_arrays_of_another_form_are_refused(
    fields: Mapping[str, np.ndarray], message: str, tmp_path: Path
) -> None:
    np.savez(tmp_path / "gtsrb.npz", **fields)
    with pytest.raises(DataError, match=message):
        read(tmp_path / "gtsrb.npz")
    (tmp_path / "gtsrb.npz").write_bytes(b"PK")
    with pytest.raises(DataError, match="cut short"):
        read(tmp_path / "gtsrb.npz")


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    for name in ("none.npz", "none.tar.gz"):
        with pytest.raises(DataError, match=f"There is no file .*{name}"):
            load_signs(str(tmp_path / name))
    with pytest.raises(DataError, match="is not a folder that tensorflow-datasets has prepared"):
        load_signs(str(tmp_path))


def test_the_prepared_folder_gives_what_the_archive_gives(archive: Path, tmp_path: Path) -> None:
    tfds = pytest.importorskip("tensorflow_datasets")
    from datasets.gtsrb import prepare

    folder = prepare(str(tmp_path), [str(archive)])
    assert folder == tmp_path / "gtsrb" / "1.0.0"
    np.testing.assert_array_equal(read(folder).images, read(archive).images)
    assert f"GTSRB of {folder}" in load_signs("auto", str(tmp_path)).source
    builder = tfds.builder_from_directory(str(folder))
    assert {s: builder.info.splits[s].num_examples for s in ("train", "test")} == {
        "train": 2 * TRACKS * FRAMES,
        "test": 1,
    }
    first = next(iter(tfds.as_numpy(builder.as_dataset(split="train"))))
    assert first["region"].tolist() == [6, 5, 34, 35]
    assert first["image"].shape == (40, 38, 3)
    assert (first["label"], first["track"], first["frame"]) == (14, 0, 0)
    # The tables of a damaged folder are still there; its photographs are not.
    next(folder.glob("*train*")).write_bytes(b"damaged")
    with pytest.raises(DataError, match="is damaged, or another data set"):
        read(folder)


def test_nothing_is_prepared_of_an_unsound_archive(tmp_path: Path) -> None:
    pytest.importorskip("tensorflow_datasets")
    from datasets.gtsrb import prepare

    files = archive_files()
    last = f"{TRAIN}/00035/{TRACKS - 1:05d}_{FRAMES - 1:05d}.ppm"
    files[last] = files[last][:-3]
    path = tar(tmp_path / "gtsrb.tar.gz", files)
    with pytest.raises(DataError, match="no whole PPM image"):
        prepare(str(tmp_path / "data"), [str(path)])
    assert not list((tmp_path / "data").glob("gtsrb/*"))
