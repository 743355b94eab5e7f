"""A run of an experiment in a process of its own, which is ended when its time is over.

Compiling a model cannot be interrupted; a process can.
"""

# First of all: the process that begins here imports TensorFlow too.
import terpret.quiet  # noqa: F401

# isort: split
import contextlib
import dataclasses
import multiprocessing
import os
import threading
import time
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from experiments.config import TaskConfig
from experiments.setup import Setting
from experiments.stages import train
from terpret import ModelError, signals
from terpret.command.guard import MISTAKES
from terpret.errors import RunError
from terpret.signals import Stopped

# Seconds between looks at the time, and those that a process has for its last checkpoint.
LOOK, LAST = 0.2, 30.0


@dataclasses.dataclass(frozen=True)
class Cut:
    """A run that was ended.

    Attributes:
      examples: how many each restart had seen.
      wanted: how many it would have seen; 0 where learning had not begun.
      told: how well it went.
    """

    examples: int = 0
    wanted: int = 0
    told: str = ""


def trained_in_time(
    config: TaskConfig, folder: str, title: str, setting: Setting, seconds: float
) -> Cut | None:
    """Does a single run inside an experiment, or goes on with it, as long as there is time.

    Args:
      config: its settings.
      folder: its folder.
      title: what it is called while it goes on.
      setting: of the experiment.
      seconds: for it, compilation included.

    Returns:
      Where it was ended; None where it has finished.

    Raises:
      RunError: with what is wrong.
      Stopped: by a signal, after a checkpoint was written.
    """
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    silent = dataclasses.replace(setting, report=_unheard)
    child = context.Process(target=_work, args=(there, config, folder, title, silent))
    until = time.monotonic() + seconds
    try:
        child.start()
        there.close()
        cut = _watched(child, here, setting, until)
    finally:
        with signals.undisturbed():
            _end(child)
            here.close()
    with signals.Signals():
        # One that came while the process was being ended is heeded here.
        return cut


def _watched(child: BaseProcess, reports: Connection, setting: Setting, until: float) -> Cut | None:
    """Shows what a process reports until it ends, or its time does."""
    cut = Cut()
    while time.monotonic() < until:
        try:
            if not reports.poll(LOOK):
                continue
            told = reports.recv()
        except (EOFError, OSError):
            child.join()
            if child.exitcode:
                raise RunError(
                    f"the process of a stage was ended (exit status {child.exitcode}): perhaps "
                    "its memory did not suffice; the same command continues"
                ) from None
            return None
        if isinstance(told, str):
            raise RunError(told)
        title, total, done, text, unit = told
        setting.report(title, total, done, text, unit)
        cut = Cut(min(done, total), total, text)
    return cut


def _end(child: BaseProcess) -> None:
    """Ends a process, which may write a checkpoint before."""
    if child.pid is None:
        return
    child.terminate()
    child.join(LAST)
    if child.is_alive():
        child.kill()
    child.join()


def _work(
    reports: Connection, config: TaskConfig, folder: str, title: str, setting: Setting
) -> None:
    """Trains, and tells the process that has started this one."""
    threading.Thread(target=_end_with, args=(reports,), daemon=True).start()

    def report(title: str, total: int, done: int, text: str, unit: str = "examples") -> None:
        # Who has heard enough has ended this process by a signal too.
        with contextlib.suppress(OSError):
            reports.send((title, total, done, text, unit))

    def action() -> int:
        train(config, folder, title, dataclasses.replace(setting, report=report))
        return 0

    try:
        signals.work(action)
    except Stopped:
        pass
    except (ModelError, *MISTAKES) as error:
        with contextlib.suppress(OSError):
            reports.send(str(error))


def _end_with(reports: Connection) -> None:
    """Ends this process when the one that has started it is gone, which says nothing before."""
    with contextlib.suppress(OSError, EOFError):
        reports.recv()
    os._exit(1)


def _unheard(title: str, total: int, done: int, text: str, unit: str = "examples") -> None:
    """Shows nothing; it stands where a process will have its own."""
