"""Prepares GTSRB, the German traffic sign recognition benchmark, for tensorflow-datasets.

    python -c "from datasets.gtsrb import prepare; prepare('DATA_DIR', ['ARCHIVE.tar.gz'])"

Afterwards `load_signs("auto", "DATA_DIR")` finds it. Without archives those placed in DATA_DIR or
DATA_DIR/downloads/manual are taken, or else the official one is downloaded.

Stallkamp, Schlipsing, Salmen, Igel: Man vs. computer, Neural Networks 32 (2012), 323-332. The
archives state no licence.
"""

import socket
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import tensorflow_datasets as tfds

from datasets.folders import expanded, pass_on_stop, prepared, preparing
from datasets.gtsrb_layouts import CLASSES
from datasets.gtsrb_photos import photos
from datasets.sign_files import PREPARED, placed_originals
from terpret.errors import DataError

NAME, VERSION = PREPARED
URL = (
    "https://sid.erda.dk/public/archives/daaeac0d7ce1152aea9b61d9f1e19370/"
    "GTSRB_Final_Training_Images.zip"
)
_PATIENCE = 3.0


class Gtsrb(tfds.core.GeneratorBasedBuilder):
    """Photographs of German traffic signs with class, track, frame and region, as they were made.

    The splits are the official ones, `train` and `test`; the test set does not tell tracks apart.

    Args:
      archives: archives or folders in a form that `datasets.gtsrb_layouts` knows.
      **arguments: those of every builder, such as `data_dir`.
    """

    name = NAME
    VERSION = tfds.core.Version(VERSION)

    def __init__(self, *, archives: Sequence[str] = (), **arguments: object) -> None:
        super().__init__(**arguments)
        self._archives = [expanded(path) for path in archives]

    def _info(self) -> tfds.core.DatasetInfo:
        features = {
            "image": tfds.features.Image(shape=(None, None, 3)),
            "label": tfds.features.ClassLabel(num_classes=CLASSES),
            "track": tfds.features.Scalar(np.int32),
            "frame": tfds.features.Scalar(np.int32),
            "region": tfds.features.Tensor(shape=(4,), dtype=np.int32),
        }
        return tfds.core.DatasetInfo(
            builder=self,
            description=self.__doc__,
            features=tfds.features.FeaturesDict(features),
            supervised_keys=("image", "label"),
            disable_shuffling=True,
        )

    def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> dict[str, Iterator]:
        # All is read before anything is written: a fault in the last photograph is found in time.
        splits = dict.fromkeys(photo.split for photo in photos(self._archives))
        return {split: self._generate_examples(split) for split in splits}

    def _generate_examples(self, split: str) -> Iterator[tuple[int, dict[str, object]]]:
        chosen = (photo for photo in photos(self._archives) if photo.split == split)
        for number, photo in enumerate(chosen):
            yield (
                number,
                {
                    "image": photo.pixels,
                    "label": photo.kind,
                    "track": photo.track,
                    "frame": photo.frame,
                    "region": np.array(photo.region, np.int32),
                },
            )


def prepare(data_dir: str, archives: Sequence[str] = ()) -> Path:
    """Prepares GTSRB in a data directory; another process that does so is waited for.

    Args:
      data_dir: the data directory of tensorflow-datasets.
      archives: archives or folders in a form that `datasets.gtsrb_layouts` knows; without them
        those placed in `data_dir`, or else the official training set is downloaded (276 MB).

    Returns:
      The prepared folder; one that is there already is left as it is.

    Raises:
      DataError: an archive is missing or is not sound, nothing can be downloaded, or the directory
        cannot be written.
    """
    folder = expanded(data_dir)
    with preparing(folder, NAME):
        known = prepared(folder, NAME)
        if known:
            return known
        placed = [str(path) for path in placed_originals(folder)]
        found = archives or placed or _downloaded(data_dir)
        builder = Gtsrb(archives=found, data_dir=str(folder))
        builder.download_and_prepare()
        return Path(builder.data_path)


def _downloaded(data_dir: str) -> list[str]:
    """Downloads the official training set."""
    manager = tfds.download.DownloadManager(
        download_dir=str(expanded(data_dir) / "downloads"), dataset_name=NAME
    )
    try:
        # Without a network the manager would try for minutes.
        socket.create_connection((urlsplit(URL).hostname, 443), _PATIENCE).close()
        return [str(manager.download(URL))]
    except Exception as error:  # its errors have no base class of their own
        pass_on_stop(error)
        raise DataError(
            f"GTSRB cannot be downloaded from {URL} ({type(error).__name__}); place its archives "
            f"in {data_dir}/downloads/manual, or choose the embedded signs."
        ) from error
