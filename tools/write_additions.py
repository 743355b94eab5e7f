"""Writes MNIST-addition as data files, for `terpret train` and for others to compare with.

    python tools/write_additions.py FOLDER --length=1 --data_dir=~/tensorflow_datasets
    terpret train --model=mnist_addition.py --hypers=N=1 --data=FOLDER/train.npz \\
        --test_data=FOLDER/test.npz

With --png the folder gets train.csv and test.csv and a PNG file for each image instead.
"""

import argparse
import csv
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import terpret.quiet  # noqa: F401

# isort: split
import numpy as np
from PIL import Image

from datasets.digits import load_digits
from datasets.mnist_addition import additions
from datasets.pools import ImagePool
from experiments.scenarios.unseen import TEST_SEED


def main() -> None:
    """Writes the files that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--length", type=int, default=1, help="digits of each number")
    parser.add_argument("--seed", type=int, default=0, help="in which pair each image is")
    parser.add_argument("--data_dir", help="where tensorflow-datasets keeps MNIST")
    parser.add_argument("--digits", default="auto", choices=("auto", "mnist", "embedded"))
    parser.add_argument("--png", action="store_true", help="CSV and PNG files in place of .npz")
    given = parser.parse_args()
    digits = load_digits(given.digits, given.data_dir)
    given.folder.mkdir(parents=True, exist_ok=True)
    for name, pool, seed in (
        ("train", digits.train, given.seed),
        ("test", digits.test, TEST_SEED),
    ):
        write = write_table if given.png else write_arrays
        write(given.folder, name, pool, additions(pool, given.length, seed))
    print(f"{digits.source}: written to {given.folder}")


def write_arrays(folder: Path, name: str, pool: ImagePool, sums: dict[str, np.ndarray]) -> None:
    """Writes one set as an .npz file of index columns."""
    np.savez(folder / f"{name}.npz", **sums)


def write_table(folder: Path, name: str, pool: ImagePool, sums: dict[str, np.ndarray]) -> None:
    """Writes one set as a CSV file, and each image as a PNG file."""
    (folder / name).mkdir(exist_ok=True)
    for number, image in enumerate(pool.images):
        Image.fromarray(image).save(folder / name / f"{number:05}.png")
    columns = {}
    for letter in "ab":
        for place in range(sums[f"{letter}_index"].shape[1]):
            index = sums[f"{letter}_index"][:, place]
            columns[f"{letter}[{place}]"] = [f"{name}/{one:05}.png" for one in index]
            columns[f"{letter}_digit[{place}]"] = sums[f"{letter}_digit"][index].tolist()
    for place in range(sums["total"].shape[1]):
        columns[f"total[{place}]"] = sums["total"][:, place].tolist()
    with open(folder / f"{name}.csv", "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(columns)
        table.writerows(zip(*columns.values(), strict=True))


if __name__ == "__main__":
    main()
