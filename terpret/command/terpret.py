"""The command `terpret`: what it can be told to do, and how a mistake or a signal ends it."""

import argparse
import sys
from collections.abc import Sequence

import terpret
from terpret import entry, output, signals
from terpret.command import by_hand
from terpret.errors import InputError
from terpret.language.errors import ModelError

ABOUT = "Models of programs to be learned: checked, shown, run by hand, learned and measured."
# The commands that have flags of their own, and need TensorFlow.
LEARNING = {
    "train": "learn a model from examples",
    "evaluate": "measure what a run learned",
}


def main(arguments: Sequence[str] | None = None, called: str = "terpret") -> int:
    """Runs the command line; the exit status is 1 after a mistake of the user's, or a signal.

    Args:
      arguments: after the command's name; those of this process if None.
      called: what the user typed for the command, as its help repeats it.
    """
    given = [*(sys.argv[1:] if arguments is None else arguments)]
    if given and given[0] in LEARNING:
        entry.require(entry.TRAINING)
        from terpret.command import learning

        return learning.main(given[0], given[1:], called)
    try:
        options = _parser(called).parse_args(given)
    except SystemExit as refused:
        return int(refused.code or 0)
    try:
        return signals.work(lambda: options.action(options) or 0)
    except signals.Stopped:
        output.say(signals.farewell())
    except ModelError as error:
        print(error, file=sys.stderr)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
    return 1


def _parser(called: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=called, description=ABOUT)
    version = f"neural-terpret {terpret.__version__}"
    parser.add_argument("--version", action="version", version=version)
    commands = parser.add_subparsers(required=True, metavar="check|dump|run|print|train|evaluate")
    by_hand.define(commands)
    for name, about in LEARNING.items():
        commands.add_parser(name, help=f"{about}: {called} {name} --help")
    return parser
