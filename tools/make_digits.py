"""Writes terpret/examples/digits.npz: the 1,797 UCI digits as scikit-learn ships them.

Needs scikit-learn, which the project itself does not: `pip install scikit-learn`, then run it.
"""

import os
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits


def main() -> None:
    """Stores `images` uint8 [1797, 8, 8], values 0..16, and `labels` uint8 [1797]."""
    digits = load_digits()
    images = digits.images.astype(np.uint8)
    if images.shape != (1797, 8, 8) or images.max() != 16 or (images != digits.images).any():
        raise SystemExit("scikit-learn's digits are not the 1,797 images of 8x8 values 0..16")
    path = Path(__file__).parents[1] / "terpret" / "examples" / "digits.npz"
    unfinished = path.with_name(path.name + ".unfinished")
    with open(unfinished, "wb") as file:
        np.savez_compressed(file, images=images, labels=digits.target.astype(np.uint8))
    os.replace(unfinished, path)
    print(f"{path}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
