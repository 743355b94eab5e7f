"""The command line: flags parsed before anything heavy is imported, mistakes with status 2."""

import shutil
import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence

from absl import flags

from terpret import entry
from terpret.command.flags import RENAMED

HELP = ("help", "helpfull", "helpshort", "h", "?")
# The kinds of values, as the help calls them.
KINDS = {"int": "INTEGER", "float": "NUMBER"}


def run(main: Callable[[list[str]], int | None]) -> None:
    """Runs a script whose function is `main`, and ends the process."""
    entry.end(called(main, sys.argv, sys.modules["__main__"].__doc__ or ""))


def called(
    main: Callable[[list[str]], int | None],
    arguments: Sequence[str],
    about: str = "",
    values: flags.FlagValues = flags.FLAGS,
) -> int:
    """Parses the flags and runs `main`; the exit status.

    A wrong flag is one message and exit status 2; `--help` is the flags and exit status 0.

    Args:
      main: is given what is no flag, and gives the exit status; None is 0.
      arguments: the script's name and its flags.
      about: what the help begins with.
      values: the flags.
    """
    if any(one.startswith("-") and one.lstrip("-") in HELP for one in arguments[1:]):
        print("\n".join(_help(about, values)))
        return 0
    arguments = [*_renewed(arguments, values)]
    try:
        rest = values(arguments)
        if len(rest) > 1:
            raise flags.Error(f"'{rest[1]}' is not a flag: flags are written --NAME=VALUE")
        for name in values:
            _refuse_empty(name, values)
            _refuse_twice(name, arguments, values)
    except flags.Error as error:
        message = str(error).removeprefix("FATAL Flags parsing error: ").strip()
        print(f"error: {message}\nhelp: {arguments[0]} --help lists the flags", file=sys.stderr)
        return 2
    return main(rest) or 0


def _renewed(arguments: Sequence[str], values: flags.FlagValues) -> Iterator[str]:
    """A command line in which flags have the names of today; says so where it had others."""
    told = set()
    for argument in arguments:
        name = argument.partition("=")[0].lstrip("-").removeprefix("no")
        renamed = argument.startswith("-") and RENAMED.get(name, "") in values
        if not renamed:
            yield argument
            continue
        now = RENAMED[name]
        if name not in told:
            told.add(name)
            print(f"warning: --{name} is called --{now} now: write that", file=sys.stderr)
        yield argument.replace(name, now, 1)


def _refuse_empty(name: str, values: flags.FlagValues) -> None:
    """Refuses a flag that was given without a value, as by a shell variable that is not set."""
    if values[name].present and values[name].value == "":
        raise flags.Error(f"--{name} is empty: give it a value, or leave it out")


def _refuse_twice(name: str, arguments: Sequence[str], values: flags.FlagValues) -> None:
    """Refuses a flag that has two values: one of them would say nothing."""
    said = list(dict.fromkeys(_said(name, arguments, values))) if values[name].present > 1 else []
    if len(said) > 1:
        raise flags.Error(f"--{name} is given as {' and as '.join(said)}: give it once")


def _said(name: str, arguments: Sequence[str], values: flags.FlagValues) -> Iterator[str]:
    """What a command line says of a flag: `--name=value`, `--name value`, `--name`, `--noname`."""
    for place, argument in enumerate(arguments):
        word, equals, value = argument.partition("=")
        word = word.removeprefix("-").removeprefix("-")
        if not argument.startswith("-") or word not in (name, f"no{name}"):
            continue
        if equals:
            yield value
        elif values[name].boolean:
            yield str(word == name).lower()
        else:
            yield arguments[place + 1]


def _help(about: str, values: flags.FlagValues) -> Iterator[str]:
    """The lines that tell what a command does, and of each flag of this project."""
    width = max(40, min(100, shutil.get_terminal_size().columns))
    yield from textwrap.wrap(about, width)
    for module, own in values.flags_by_module_dict().items():
        if module.split(".")[0] == "absl":
            continue
        for flag in own:
            yield ""
            yield from textwrap.wrap(_written(flag), width, subsequent_indent="      ")
            # The help of an enumeration begins with its values.
            text = flag.help.rpartition(">: ")[2]
            if flag.default not in (None, ""):
                text += f" [{_default(flag)}]"
            yield from textwrap.wrap(text, width, initial_indent="    ", subsequent_indent="    ")


def _written(flag: flags.Flag) -> str:
    """How a flag is written."""
    if flag.boolean:
        return f"--{flag.name} or --no{flag.name}"
    values = [value for value in getattr(flag.parser, "enum_values", ()) if value]
    kind = " | ".join(values) or KINDS.get(flag.flag_type(), "TEXT")
    return f"--{flag.name}={kind}"


def _default(flag: flags.Flag) -> str:
    if flag.boolean:
        return "yes" if flag.default else "no"
    return str(flag.default)
