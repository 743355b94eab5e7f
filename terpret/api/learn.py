"""Learning from Python: a model and examples in, programs with their networks out."""

import contextlib
import dataclasses
import html
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import terpret.quiet  # noqa: F401

# isort: split
from terpret.api.arguments import (
    as_python,
    place_of,
    plain,
    refuse_no_booleans,
    refuse_other_kinds,
    told_in_python,
)
from terpret.api.given import data_files, model_file
from terpret.api.own_networks import described_networks
from terpret.api.run_folders import solution_of
from terpret.api.solution import Solution
from terpret.backends.keras_models import Build
from terpret.errors import InputError
from terpret.files.temporary import temporary_folder
from terpret.runs import run as single
from terpret.runs.config import ONE_START, Config
from terpret.runs.measured import results_of
from terpret.runs.named_files import rooted
from terpret.runs.own_method import differences
from terpret.runs.places import refuse_workdir
from terpret.runs.prepared import Run, has_begun, prepare, restored
from terpret.runs.progress import Bar, Display, RestartsLine, Silent
from terpret.runs.results import RunResult
from terpret.runs.scenario import PLAIN, Scenario
from terpret.runs.setting import settings_of
from terpret.runs.tables import heading, results_table, success, why
from terpret.signals import Stopped

Data = Mapping[str, object] | str | os.PathLike | Any


class Learned:
    """What was learned: every restart, the best of them, and what was measured.

    Attributes:
      results: as `results.json` holds it.
      workdir: the run folder, which is gone where none was given.
      restarts: the restarts that the run ended with.
      notes: sentences on the data, such as which of them were held out.
      stopped: whether it was interrupted before its end; the same call with the same `workdir` goes
        on.
    """

    def __init__(
        self, run: Run, results: RunResult, notes: Sequence[str], stopped: bool, kept: object
    ):
        self.results, self.workdir, self.notes = results, run.workdir, tuple(notes)
        self.stopped, self._wanted = stopped, run.examples
        # The folder of a run that is to leave nothing, while somebody holds this.
        self._kept = kept
        rows = enumerate(restored(run)[1].rows)
        found = {one.restart: one for one in results.restarts}
        # At once: the folder may be gone later, or hold another run.
        self.restarts: Sequence[Solution] = [
            Solution(solution_of(run, row, found[restart.number])) for row, restart in rows
        ]

    @property
    def best(self) -> Solution:
        """The restart of a correct program, or else of the smallest training loss."""
        number = self.results.best_restart.restart
        return next(one for one in self.restarts if one.about["restart"] == number)

    def __str__(self) -> str:
        results = self.results
        table = [f"{heading(results)}:", "", results_table(results), "", success(results)]
        return "\n".join([*self.notes, *self._told_of_stop, *table, *self._advice])

    def _repr_html_(self) -> str:
        """The table of restarts and the best program, as a notebook shows them."""
        results, best = self.results, self.best
        parts = [
            f"<p>{html.escape(heading(results))}</p>",
            results_table(results, "html"),
            f"<p>{html.escape(success(results))}</p>",
            *(
                f"<p>{html.escape(line)}</p>"
                for line in (*self._told_of_stop, *self._advice, *self.notes)
            ),
            f"<p>program of restart {best.about['restart']}:</p>",
            best._repr_html_(),
        ]
        return "\n".join(parts)

    @property
    def _told_of_stop(self) -> list[str]:
        """That the run was interrupted, and how it goes on."""
        if not self.stopped:
            return []
        seen = self.results.best_restart.examples
        how = "" if self._kept else "; the same call goes on"
        return [f"stopped after {seen:,} of {self._wanted:,} examples{how}"]

    @property
    def _advice(self) -> list[str]:
        """Why nothing was found, and what to call next."""
        found = self.results.diagnosis
        if found is None or self.stopped:
            return []
        changes = ", ".join(f"{name}={value!r}" for name, value in found.changes.items())
        call = [f"to try next: terpret.learn(..., {changes})"] if changes else []
        return [f"{why(self.results)}:", *(f"- {one}" for one in found.reasons), *call]


def learn(
    model: str | os.PathLike,
    data: Data,
    test: Data | None = None,
    *,
    preset: str = "robust",
    restarts: int | None = None,
    examples: int = 0,
    batch_size: int = 0,
    seed: int = 0,
    workdir: str | os.PathLike | None = None,
    overwrite: bool = False,
    hypers: Mapping[str, int] | None = None,
    networks: Mapping[str, Build] | None = None,
    method: Mapping[str, object] | None = None,
    init_nets: str | os.PathLike = "",
    freeze_nets: int = -1,
    split: float = 0.9,
    stop_after_solved: int = 0,
    seconds: float = 600.0,
    memory: str = "",
    xla: bool = True,
    progress: bool = True,
) -> Learned:
    """Learns a model's program and networks from examples.

    Args:
      model: a model file, or the text of one.
      data: the examples: a mapping of arrays by declared name ([examples, *dims] of integers,
        [examples, *dims, *shape] of images), a `tf.data.Dataset` of such examples one by one, or
        the path of a `.npz`, `.csv`, `.json` or `.jsonl` file or of a folder with `train.csv`.
      test: examples to test on, in any of these forms; else the last of `data` are held out.
      preset: how to learn, a name in `terpret.learning.presets.PRESETS`.
      restarts: independent starts, trained side by side; 10 unless given, of preset `exact` one.
      examples: training examples for each restart; 0 is the preset's number.
      batch_size: examples in an update; 0 is the preset's.
      seed: the root seed: two calls with equal arguments give equal results.
      workdir: a run folder, as of `terpret train`: the same call goes on with what it holds;
        without one nothing is left.
      overwrite: replace the run that `workdir` holds.
      hypers: values for the model's hypers.
      networks: what makes the Keras models that are to be the model's networks, by network, like
        `{"digit": build}`: `build()` gives a new `keras.Model` each time, of one argument in its
        declared shape (an image [h, w] also as [h, w, 1]), and of logits, or the values of a
        tensor. Each restart has a model of its own. Layers with a state besides their weights
        (BatchNormalization, Dropout), regularisers and constraints are refused.
      method: fields of the preset that are to have other values, like `{"program_rate": 0.05}`.
      init_nets: a run folder, or a file of networks or of a saved program, to start from.
      freeze_nets: the number of examples for which these stay as they are.
      split: the part of `data` to learn from, where there is no `test`.
      stop_after_solved: stop when so many restarts are solved; 0: when all are, if no network
        learns; -1: never.
      seconds: what the solver of preset `exact` may take.
      memory: the memory that it may take, like "4GB"; half of what is left unless given.
      xla: whether the training step is compiled by XLA.
      progress: whether a bar shows how it goes.

    Returns:
      What was learned. Interrupted, as by Ctrl-C, it is what has been learned until then.

    Raises:
      ModelError, InputError, DataError, RunError, CheckpointError: with what is wrong.
    """
    refuse_other_kinds(
        model=model, workdir=workdir, init_nets=init_nets, hypers=hypers, method=method
    )
    refuse_no_booleans(overwrite=overwrite, progress=progress)
    if data is None:
        raise InputError("data=None: give examples to learn from")
    hypers, method = as_python(hypers or {}), as_python(method or {})
    with contextlib.ExitStack() as given:
        files = given.enter_context(temporary_folder())
        kept = None if workdir is not None else temporary_folder()
        temporary = os.path.join(kept.name, "run") if kept else ""
        given.enter_context(told_in_python(files, temporary))
        workdir = temporary or place_of("workdir", workdir)
        refuse_workdir(workdir)
        path = model_file(model, files)
        settings: dict[str, Any] = {
            "model": path,
            **data_files(data, test, path, hypers, files),
            "preset": preset,
            "restarts": _restarts(preset) if restarts is None else restarts,
            "examples": examples,
            "batch_size": batch_size,
            "seed": seed,
            "hypers": hypers,
            "method": differences(preset, method) if method else {},
            "init_nets": os.fspath(init_nets or ""),
            "freeze_nets": freeze_nets,
            "split": split,
            "stop_after_solved": stop_after_solved,
            "seconds": seconds,
            "memory": memory,
            "xla": xla,
            "networks": {} if networks is None else described_networks(networks, path, hypers),
        }
        config, scenario = rooted(Config(**plain(settings))), PLAIN
        if networks:
            scenario = dataclasses.replace(PLAIN, builders=dict(networks))
        return _learned(config, workdir, overwrite, progress, kept, scenario)


def _restarts(preset: str) -> int:
    """How many restarts there are where nobody says."""
    return 1 if preset in ONE_START else settings_of(Config)["restarts"].default


def _learned(
    config: Config,
    workdir: str,
    overwrite: bool,
    progress: bool,
    kept: object,
    scenario: Scenario,
) -> Learned:
    """Does the run, or goes on with it; what it has learned, also where it was interrupted."""
    runs, bars, told = list[Run](), list[Bar](), list[str]()

    def watch(run: Run, notes: list[str]) -> Display:
        runs.append(run)
        told.extend(notes)
        if progress:
            for note in notes:
                print(f"note: {note}", file=sys.stderr)
        if not progress:
            return Silent()
        bars.append(Bar(run.examples))
        return RestartsLine(bars[-1].show, run.examples, run.searches)

    stopped = False
    try:
        results = single.train(config, workdir, overwrite, watch=watch, scenario=scenario)
    # A signal while it trains, and one while its results are measured.
    except (Stopped, KeyboardInterrupt):
        if not runs or not has_begun(runs[-1]):
            raise KeyboardInterrupt from None
        results, stopped = results_of(runs[-1], restored(runs[-1])[1], ""), True
    finally:
        for bar in bars:
            bar.close()

    if kept:
        # The folder is a temporary one: what was given as arrays has no other place.
        data = {name: _name_of(path, workdir) for name, path in results.data.items()}
        results = dataclasses.replace(results, data=data)

    def read_back() -> Learned:
        if not runs:
            # It was done already.
            runs.append(prepare(config, workdir, begins=False, scenario=scenario))
            told.extend(runs[-1].notes)
        return Learned(runs[-1], results, told, stopped, kept)

    try:
        return read_back()
    except (Stopped, KeyboardInterrupt):
        # All is there: no interrupt may lose it.
        return read_back()


def _name_of(path: str, workdir: str) -> str:
    """What data are called: of a copy in a run folder the argument that they were given as."""
    inside = os.path.dirname(path) == workdir
    return os.path.splitext(os.path.basename(path))[0] if inside else path
