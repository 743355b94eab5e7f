"""What a run has left in its folder, for Python."""

import dataclasses
import os
from collections.abc import Mapping

from terpret.api.given import without_folder
from terpret.backends.keras_models import Build
from terpret.errors import RunError
from terpret.files.typed_json import to_json
from terpret.learning.layers import row_layers
from terpret.learning.program_file import SavedProgram
from terpret.runs.config import Config
from terpret.runs.described import described
from terpret.runs.prepared import Run, prepare, restored
from terpret.runs.records import read_results
from terpret.runs.results import RestartResult
from terpret.runs.scenario import PLAIN


def best_of_run(workdir: str, networks: Mapping[str, Build]) -> SavedProgram:
    """The best program of a finished run, with its networks.

    Args:
      workdir: the run folder.
      networks: what makes Keras models of which only functions can make them.

    Raises:
      RunError: the folder holds no finished run.
      ModelError, InputError, DataError: what it learned from is gone or has changed.
    """
    there = described(workdir, [Config])
    if there is not None and there.config is None:
        raise RunError(f"{workdir} holds a run of train.py: use evaluate.py of the repository")
    results = read_results(os.path.join(workdir, "results.json")) if there else None
    if there is None or not isinstance(there.config, Config) or results is None:
        raise RunError(f"{workdir} holds no finished run of terpret.learn or terpret train")
    scenario = dataclasses.replace(PLAIN, builders=dict(networks))
    run = prepare(there.config, workdir, begins=False, scenario=scenario)
    numbers = [one.number for one in restored(run)[1].rows]
    best = results.best_restart
    return solution_of(run, numbers.index(best.restart), best)


def solution_of(run: Run, row: int, result: RestartResult) -> SavedProgram:
    """The program and the networks of one row of a run."""
    program = run.model.program(row)
    program = dataclasses.replace(program, model=without_folder(program.model))
    return SavedProgram(
        program,
        row_layers(run.model, row),
        run.scenario.listing.code(program),
        to_json(result),
        run.model.library.keras,
    )
