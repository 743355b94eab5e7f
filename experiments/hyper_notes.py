"""What a user may not expect of the hypers of a data file's batches."""

from collections.abc import Mapping

from experiments.config import Config
from experiments.file_task import DataFile
from terpret.data import declared_hypers, read_hypers


def hyper_notes(config: Config, file: DataFile) -> list[str]:
    """A sentence for hypers that the model has not, or for configurations that are only names."""
    if config.hypers_file:
        configurations = read_hypers(config.hypers_file).values()
        given = dict.fromkeys(name for hypers in configurations for name in hypers)
        known = declared_hypers(file.model.source, given)
        unknown = ", ".join(name for name in given if name not in known)
        return [f"{config.hypers_file} gives {unknown}, which the model has not"] * bool(unknown)
    names = dict.fromkeys(batch.hypers for batch in file.batches)
    if file.model.hypers and (config.hypers or len(names) > 1):
        return [
            f"{file.path} names {', '.join(names)}, but no hypers file says what that is: "
            f"{hypers_text(file.model.hypers)} holds for all batches"
        ]
    return []


def hypers_text(hypers: Mapping[str, int]) -> str:
    """Hypers as `--hypers` takes them: `T=5,NUM_NETS=2`."""
    return ",".join(f"{name}={value}" for name, value in hypers.items())
