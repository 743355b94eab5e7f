"""What a user may not expect of the hypers of a data file's batches."""

from collections.abc import Mapping

from terpret.data.json_file import read_hypers, surplus_hypers
from terpret.runs.config import Config
from terpret.runs.own_data import OwnData


def hyper_notes(config: Config, own: OwnData) -> list[str]:
    """A sentence for hypers that the model has not, or for configurations that are only names."""
    file = own.batches
    if file is None:
        return []
    if config.hypers_file:
        surplus = ", ".join(surplus_hypers(file.model.source, read_hypers(config.hypers_file)))
        told = f"{config.hypers_file} gives {surplus}, which the model does not declare"
        return [told] if surplus else []
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
