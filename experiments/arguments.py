"""The command line: flags parsed before anything heavy is imported, mistakes with status 2."""

import sys
from collections.abc import Callable, Iterator

from absl import app, flags


def run(main: Callable[[list[str]], None]) -> None:
    """Parses the flags and runs `main`; a wrong flag is one message and exit status 2."""
    app.run(main, flags_parser=_parse)


def _parse(arguments: list[str]) -> list[str]:
    try:
        rest = flags.FLAGS(arguments)
        if len(rest) > 1:
            raise flags.Error(f"'{rest[1]}' is not a flag: flags are written --NAME=VALUE")
        for name in flags.FLAGS:
            _refuse_empty(name)
            _refuse_twice(name, arguments)
        return rest
    except flags.Error as error:
        message = str(error).removeprefix("FATAL Flags parsing error: ").strip()
        print(f"error: {message}\nhelp: {arguments[0]} --help lists the flags", file=sys.stderr)
        sys.exit(2)


def _refuse_empty(name: str) -> None:
    """Refuses a flag that was given without a value, as by a shell variable that is not set."""
    if flags.FLAGS[name].present and flags.FLAGS[name].value == "":
        raise flags.Error(f"--{name} is empty: give it a value, or leave it out")


def _refuse_twice(name: str, arguments: list[str]) -> None:
    """Refuses a flag that has two values: one of them would say nothing."""
    said = list(dict.fromkeys(_said(name, arguments))) if flags.FLAGS[name].present > 1 else []
    if len(said) > 1:
        raise flags.Error(f"--{name} is given twice, as {' and as '.join(said)}: give it once")


def _said(name: str, arguments: list[str]) -> Iterator[str]:
    """What a command line says of a flag: `--name=value`, `--name value`, `--name`, `--noname`."""
    for place, argument in enumerate(arguments):
        word, equals, value = argument.partition("=")
        word = word.removeprefix("-").removeprefix("-")
        if not argument.startswith("-") or word not in (name, f"no{name}"):
            continue
        if equals:
            yield value
        elif flags.FLAGS[name].boolean:
            yield str(word == name).lower()
        else:
            yield arguments[place + 1]
