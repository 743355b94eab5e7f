"""Prepares operators from an .npz file as a data set of tensorflow-datasets.

    python -c "from datasets.math_operators import prepare; prepare('FILE.npz', 'DATA_DIR')"

Afterwards `load_operators("auto", "DATA_DIR")` finds them. Nothing is downloaded.
"""

from collections.abc import Iterator
from pathlib import Path

import tensorflow_datasets as tfds

from datasets.folders import expanded, preparing
from datasets.operator_files import OPERATORS, read_file
from datasets.operators import FILE, PREPARED
from datasets.pools import SIDE, ImagePool

NAME, VERSION = PREPARED


class MathOperators(tfds.core.GeneratorBasedBuilder):
    """The handwritten operators + - * / of one file, in the file's order, as the split `full`.

    Args:
      file: the .npz file, as `read_file` takes it; None is operators.npz in the manual directory.
      **arguments: those of every builder, such as `data_dir`.
    """

    name = NAME
    VERSION = tfds.core.Version(VERSION)
    MANUAL_DOWNLOAD_INSTRUCTIONS = f"Place {FILE}, with images, label and label_names, there."

    def __init__(self, *, file: str | None = None, **arguments: object) -> None:
        super().__init__(**arguments)
        self._file = file

    def _info(self) -> tfds.core.DatasetInfo:
        features = {
            "image": tfds.features.Image(shape=(SIDE, SIDE, 1)),
            "label": tfds.features.ClassLabel(names=list(OPERATORS)),
        }
        return tfds.core.DatasetInfo(
            builder=self,
            description=self.__doc__,
            features=tfds.features.FeaturesDict(features),
            supervised_keys=("image", "label"),
            # In the file's order, the same images are chosen as from the file itself.
            disable_shuffling=True,
        )

    def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> dict[str, Iterator]:
        path = expanded(str(self._file or dl_manager.manual_dir / FILE))
        return {"full": self._generate_examples(read_file(path))}

    def _generate_examples(self, pool: ImagePool) -> Iterator[tuple[int, dict[str, object]]]:
        for number, (image, label) in enumerate(zip(pool.images, pool.labels, strict=True)):
            yield number, {"image": image[..., None], "label": int(label)}


def prepare(file: str, data_dir: str) -> Path:
    """Prepares a file of operators in a data directory; another process that does is waited for.

    Args:
      file: an .npz file, as `read_file` takes it.
      data_dir: the data directory of tensorflow-datasets.

    Returns:
      The prepared folder; one that is there already is left as it is.

    Raises:
      DataError: the file is missing or is not such a file, or the directory cannot be written.
    """
    folder = expanded(data_dir)
    with preparing(folder, NAME):
        builder = MathOperators(file=file, data_dir=str(folder))
        builder.download_and_prepare()
        return Path(builder.data_path)
