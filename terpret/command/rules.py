"""Which flags of a run say something beside others: what would be ignored is refused."""

from collections.abc import Iterable
from typing import Any

from absl import flags

from terpret.errors import RunError
from terpret.language import syntax
from terpret.language.errors import parse_hypers, read_source
from terpret.language.model_files import model_path
from terpret.language.parser import parse
from terpret.runs.own_method import own_method
from terpret.runs.places import place

# Flags that say something where the model has networks.
NETWORKS = ("init_nets", "freeze_nets", "save_nets", "nets_at_least")
# Flags that say something beside --data.
OF_DATA = ("test_data", "split")


def refuse_unheard(values: flags.FlagValues, model: str) -> None:
    """Refuses flags that say nothing to a run.

    Args:
      values: the flags.
      model: the model, as a config keeps it.

    Raises:
      RunError: there are such flags.
      ModelError: the model is not one.
    """
    if values.save_nets:
        place("save_nets", values.save_nets)
    if 0 < values.examples < values.batch_size:
        raise RunError(
            f"--batch_size={values.batch_size} is more than --examples={values.examples}"
        )
    if not values.data and (foreign := given(values, OF_DATA)):
        raise RunError(f"{foreign}: only with --data")
    if values.test_data and values["split"].present:
        raise RunError("--split: nothing is held out where --test_data is given")
    if values.stop_after_solved > values.restarts and not values.refill:
        raise RunError(
            f"--stop_after_solved={values.stop_after_solved}: there are only "
            f"--restarts={values.restarts}, and without --refill no more begin"
        )
    networks = [name for name in NETWORKS if name in values]
    if (foreign := given(values, networks)) and not _has_networks(model_path(model)):
        raise RunError(f"{foreign}: {values.model} has no networks")


def hypers_of(values: flags.FlagValues) -> dict[str, Any]:
    """The settings that --hypers gives: values, or a file of configurations.

    Raises:
      InputError: they are not hypers.
    """
    if values.hypers.endswith(".json"):
        return {"hypers": {}, "hypers_file": values.hypers}
    return {"hypers": parse_hypers(values.hypers), "hypers_file": ""}


def method_of(values: flags.FlagValues) -> dict[str, Any]:
    """What --method changes of the preset.

    Raises:
      InputError: a field or a value is wrong.
    """
    return own_method(values.method, values.preset) if values.method else {}


def given(values: flags.FlagValues, names: Iterable[str]) -> str:
    """Those of some flags that the user gave, in words."""
    return " and ".join(f"--{name}" for name in names if values[name].present)


def _has_networks(path: str) -> bool:
    waiting = [*parse(read_source(path)).statements]
    while waiting:
        statement = waiting.pop()
        match statement:
            case syntax.Function(decorator=syntax.Call("Learn")):
                return True
            case syntax.If(branches, orelse):
                for _, body in branches:
                    waiting += body
                waiting += orelse or ()
            case syntax.For(body=body) | syntax.With(body=body):
                waiting += body
    return False
