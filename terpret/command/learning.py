"""`terpret train` and `terpret evaluate`: any model, on data of one's own."""

import functools
from collections.abc import Sequence

from absl import flags

from terpret.command import arguments
from terpret.command.flags import EVALUATE, TRAIN, config_from, define
from terpret.errors import RunError
from terpret.language.model_files import model_meant
from terpret.runs.config import Config

ABOUT = {
    "train": "Learns a model's program and networks from examples: terpret train --model=FILE.py "
    "--data=FILE.npz. The tasks of the paper are in the repository, with train.py.",
    "evaluate": "Measures what a run learned: terpret evaluate --workdir=runs/...",
}


def main(command: str, given: Sequence[str], called: str) -> int:
    """Runs `train` or `evaluate`; the exit status.

    Args:
      command: which.
      given: its flags.
      called: what the user typed for `terpret`.
    """
    values = flags.FlagValues()
    define(TRAIN if command == "train" else EVALUATE, values)
    work = functools.partial(_train if command == "train" else _evaluate, values, given)
    return arguments.called(
        lambda _: work(), [f"{called} {command}", *given], ABOUT[command], values
    )


def _train(values: flags.FlagValues, given: Sequence[str]) -> int:
    import terpret.quiet  # noqa: F401
    from terpret.command.guard import guarded
    from terpret.command.training import train_run
    from terpret.runs.named_files import rooted
    from terpret.runs.scenario import PLAIN

    def work() -> int:
        config = rooted(_config_of(values))
        return train_run(config, "", PLAIN, values, ["terpret", "train", *given])

    return guarded(work)


def _config_of(values: flags.FlagValues) -> Config:
    """The settings that the flags give.

    Raises:
      RunError: flags are missing, or say nothing.
    """
    from terpret.command.rules import hypers_of, method_of, refuse_unheard

    if not values.model:
        raise RunError("say which model is to be learned: --model=FILE.py")
    if not values.data:
        raise RunError(
            "say what it is to be learned from: --data=FILE.npz, or another form of your own data; "
            "the tasks of the paper are in the repository, with train.py"
        )
    model = model_meant(values.model)
    refuse_unheard(values, model)
    return config_from(values, Config, model=model, method=method_of(values), **hypers_of(values))


def _evaluate(values: flags.FlagValues, _: Sequence[str]) -> int:
    import terpret.quiet  # noqa: F401
    from terpret.command.evaluation import asked_folder, evaluate_run, put_back
    from terpret.command.guard import guarded
    from terpret.runs.scenario import Known

    def work() -> int:
        workdir = asked_folder(values)
        put_back(workdir)
        return evaluate_run(values, workdir, Known())

    return guarded(work)
