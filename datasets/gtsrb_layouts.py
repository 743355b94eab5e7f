"""Where the photographs and tables of GTSRB are, in each form of it that people have.

official, the archives or what they hold:
  GTSRB/Final_Training/Images/000CC/TTTTT_FFFFF.ppm    frame F of track T, one physical sign
  GTSRB/Final_Training/Images/000CC/GT-000CC.csv       a row for each photograph of class CC
  GTSRB/Final_Test/Images/NNNNN.ppm
  GT-final_test.csv                                    its GT-final_test.test.csv tells no classes
torchvision's:
  GTSRB/Training/000CC/...                             as Final_Training/Images/000CC
Kaggle's:
  Train/CC/000CC_TTTTT_FFFFF.png and Train.csv
  Test/NNNNN.png and Test.csv
"""

import csv
import io
import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from terpret.errors import DataError

CLASSES = 43
FORMS = (
    "GTSRB/Final_Training/Images/000CC/GT-000CC.csv with its photographs (official), "
    "GTSRB/Training/000CC/GT-000CC.csv (torchvision's) or Train.csv with Train/CC (Kaggle's)"
)
TABLES = "GT-*.csv or Train.csv"
COLUMNS = ("Width", "Height", "Roi.X1", "Roi.Y1", "Roi.X2", "Roi.Y2", "ClassId")

# A photograph in whatever form: class, track and frame; of the test set -1, its number and -1.
Key = tuple[int, int, int]
# The numbers of `COLUMNS` for each photograph.
Rows = Mapping[Key, tuple[int, ...]]

_ABOVE = r"(?:(?:GTSRB|Final_Training|Final_Test|Training|Images)/)*"
_OFFICIAL = re.compile(_ABOVE + r"(\d{5})/(\d{5})_(\d{5})\.ppm", re.IGNORECASE)
_KAGGLE = re.compile(_ABOVE + r"Train/(\d{1,2})/(\d{5})_(\d{5})_(\d{5})\.png", re.IGNORECASE)
_TEST = re.compile(
    r"(?:(?:GTSRB/)*Final_Test/Images/(\d{5})\.ppm|(?:GTSRB/)*Test/(\d{5})\.png)", re.IGNORECASE
)
_TABLE = re.compile(
    _ABOVE + r"(?:(\d{5})/GT-\1|GT-final_test|Train|Test)\.csv",
    re.IGNORECASE,
)
_FOLDERS = re.compile(
    r"Final_Training|Final_Test|Training|Images|Train|Test|\d{1,2}|\d{5}", re.IGNORECASE
)


def is_folder(name: str) -> bool:
    """Returns whether a folder of a name may belong to one of the forms."""
    return bool(_FOLDERS.fullmatch(name))


def is_table(name: str) -> bool:
    """Returns whether a path, in an archive or below a folder, is that of a table."""
    return bool(_TABLE.fullmatch(name))


def photograph(name: str) -> Key | None:
    """Returns which photograph a path, in an archive or below a folder, is that of."""
    official = _OFFICIAL.fullmatch(name)
    if official:
        return int(official[1]), int(official[2]), int(official[3])
    kaggle = _KAGGLE.fullmatch(name)
    if kaggle and int(kaggle[1]) == int(kaggle[2]):
        return int(kaggle[2]), int(kaggle[3]), int(kaggle[4])
    test = _TEST.fullmatch(name)
    return (-1, int(test[1] or test[2]), -1) if test else None


def is_training(key: Key) -> bool:
    """Returns whether a photograph is of the training set."""
    return key[0] >= 0


def table(path: Path, name: str, text: bytes) -> Rows:
    """Reads the rows of a table.

    Args:
      path: the archive or folder that it is in, for messages.
      name: its path there.
      text: what it holds.

    Raises:
      DataError: it is no such table.
    """
    rows: dict[Key, tuple[int, ...]] = {}
    official = PurePosixPath(name).name.upper().startswith("GT-")
    try:
        reader = csv.DictReader(
            io.StringIO(text.decode("ascii")), delimiter=";" if official else ","
        )
        for row in reader:
            numbers = tuple(int(row[column]) for column in COLUMNS)
            if not 0 <= numbers[-1] < CLASSES:
                raise ValueError(f"there is no class {numbers[-1]}")
            file = row["Filename"] if official else row["Path"]
            rows[_key(name, file, official)] = numbers
    except (UnicodeDecodeError, KeyError, TypeError, ValueError, csv.Error) as error:
        form = f"Filename;{';'.join(COLUMNS)}" if official else f"{','.join(COLUMNS)},Path"
        raise DataError(
            f"{name} in {path} is no table of GTSRB's: it needs a row '{form}' and rows of that "
            f"form ({error})."
        ) from error
    for key, row in rows.items():
        if is_training(key) and row[-1] != key[0]:
            raise DataError(
                f"{said(key)}, in {name} of {path}, is of class {row[-1]} by its row; its folder "
                "says another."
            )
    return rows


def said(key: Key) -> str:
    """Returns a photograph's place in the official archives."""
    kind, number, frame = key
    if is_training(key):
        return f"Final_Training/Images/{kind:05d}/{number:05d}_{frame:05d}.ppm"
    return f"Final_Test/Images/{number:05d}.ppm"


def _key(table_name: str, file: str, official: bool) -> Key:
    """Returns which photograph a row is of."""
    place = PurePosixPath(table_name)
    if not official:
        key = photograph(file)
    elif place.name.upper().startswith("GT-FINAL"):
        key = photograph(f"Final_Test/Images/{file}")
    else:
        key = photograph(f"{place.parent.name}/{file}")
    if key is None:
        raise ValueError(f"'{file}' is no photograph's name")
    return key
