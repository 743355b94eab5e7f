"""The command of a run with other settings, to be pasted: its flags are made from its settings."""

import contextlib
import dataclasses
import os
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from terpret.runs.config import Config
from terpret.runs.named_files import KEEPING
from terpret.runs.own_method import method_text
from terpret.runs.setting import Setting, settings_of


def next_command(
    config: Config, changes: Mapping[str, Any], workdir: str, command: str = ""
) -> str:
    """A command line that does a run with other settings, in a new folder.

    Args:
      config: the settings of a run that was done.
      changes: other values, by setting.
      workdir: the run folder of that run.
      command: its command line, whose first words are the program; empty if it is not known.
    """
    config = dataclasses.replace(config, **changes)
    if config.stop_after_solved > config.restarts and not config.refill:
        config = dataclasses.replace(config, restarts=config.stop_after_solved)
    whole = os.path.dirname(workdir) if config.shard else workdir
    words = [*_program(command), *_flags(config), f"--workdir={_brief(_fresh(whole))}"]
    return shlex.join(words)


def _program(command: str) -> list[str]:
    """The words of a command line before its flags."""
    words: list[str] = []
    # Who calls from Python may say anything.
    with contextlib.suppress(ValueError):
        words = shlex.split(command)
    first = next((k for k, word in enumerate(words) if word.startswith("-")), len(words))
    return words[:first] or ["python", "train.py"]


def _flags(config: Config) -> Iterator[str]:
    """The settings that are not as everywhere, as flags."""
    for name, setting in settings_of(type(config)).items():
        value = getattr(config, name)
        if value == setting.default or name in KEEPING:
            continue
        if setting.kind is bool:
            yield f"--{'' if value else 'no'}{setting.flag}"
        else:
            yield f"--{setting.flag}={_written(setting, value)}"


def _written(setting: Setting, value: Any) -> str:
    if isinstance(value, dict):
        return method_text(value)
    if not setting.path or not os.path.isabs(value):
        return str(value)
    brief = _brief(value)
    # A bare name may be one of ours.
    return f"./{brief}" if setting.path == "model" and os.sep not in brief else brief


def _brief(path: str) -> str:
    """A path from the working folder, if it lies in there."""
    try:
        inside = os.path.relpath(path)
    except (OSError, ValueError):
        return path
    return path if inside.startswith(os.pardir) else inside


def _fresh(workdir: str) -> str:
    """A folder beside one, of which there is nothing yet."""
    number = 2
    while os.path.lexists(f"{workdir}-{number}"):
        number += 1
    return f"{workdir}-{number}"
