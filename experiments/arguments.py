"""The command line: flags parsed before anything heavy is imported, mistakes with status 2."""

import sys
from collections.abc import Callable

from absl import app, flags


def run(main: Callable[[list[str]], None]) -> None:
    """Parses the flags and runs `main`; a wrong flag is one message and exit status 2."""
    app.run(main, flags_parser=_parse)


def _parse(arguments: list[str]) -> list[str]:
    try:
        rest = flags.FLAGS(arguments)
        if len(rest) > 1:
            raise flags.Error(f"'{rest[1]}' is not a flag: flags are written --NAME=VALUE")
        return rest
    except flags.Error as error:
        message = str(error).removeprefix("FATAL Flags parsing error: ").strip()
        print(f"error: {message}\nhelp: {arguments[0]} --help lists the flags", file=sys.stderr)
        sys.exit(2)
